//! ARCHITECTURE.md names what exists, and nothing else.

use std::collections::BTreeSet;
use std::path::Path;

use crate::repository::{files, has_extension, members, metadata, read, root};

#[test]
fn architecture_names_every_crate() {
    let text = architecture();
    for package in members(&metadata()) {
        let name = package["name"].as_str().expect("a name");
        assert!(
            text.contains(&format!("`{name}`")),
            "ARCHITECTURE.md doesn't name `{name}`"
        );
    }
}

#[test]
fn architecture_names_every_folder_of_sources() {
    let named = named_paths();
    for path in files() {
        let Some(folder) = path.parent().and_then(Path::to_str) else {
            continue;
        };
        if folder.is_empty() || !has_extension(&path, &["rs", "ts", "css", "html", "py", "sh"]) {
            continue;
        }
        // A folder of tests is named as a whole: what is in it follows what it tests.
        let whole = path
            .ancestors()
            .skip(1)
            .filter(|above| above.file_name().is_some_and(|name| name == "tests"));
        let mut names = whole.chain([Path::new(folder), &path]);
        let known = names.any(|name| named.contains(name.to_str().expect("UTF-8")));
        assert!(
            known,
            "ARCHITECTURE.md names neither `{folder}/` nor `{}`",
            path.display()
        );
    }
}

#[test]
fn architecture_names_nothing_that_is_gone() {
    for path in named_paths() {
        assert!(
            root().join(&path).exists(),
            "ARCHITECTURE.md names `{path}`, which doesn't exist"
        );
    }
}

/// What stands in backticks and has a slash: a path from the root. A folder's last slash is left out.
fn named_paths() -> BTreeSet<String> {
    let text = architecture();
    let quoted = text.split('`').skip(1).step_by(2);
    quoted
        .filter(|word| {
            word.contains('/') && !word.contains([' ', '\n', '*', ':']) && !word.starts_with(['/', '.'])
        })
        .map(|word| word.trim_end_matches('/').to_owned())
        .collect()
}

/// Without its fenced blocks, which draw rather than name.
fn architecture() -> String {
    read(Path::new("ARCHITECTURE.md"))
        .split("```")
        .step_by(2)
        .collect()
}
