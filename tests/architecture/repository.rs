//! What the tests read: the work tree, and what Cargo says of the workspace.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// The repository's root.
pub(crate) fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

/// Every file that people write, relative to the root, in order.
pub(crate) fn files() -> BTreeSet<PathBuf> {
    let mut files = BTreeSet::new();
    let mut folders = vec![PathBuf::new()];
    while let Some(folder) = folders.pop() {
        for entry in root().join(&folder).read_dir().expect("a readable folder") {
            let entry = entry.expect("a readable entry");
            let path = folder.join(entry.file_name());
            let name = entry.file_name();
            let name = name.to_str().expect("a name in UTF-8");
            if !entry.file_type().expect("a file type").is_dir() {
                files.insert(path);
            } else if !name.starts_with('.') && !GENERATED.contains(&name) {
                folders.push(path);
            }
        }
    }
    files
}

/// The text of a file that `files` named.
pub(crate) fn read(path: &Path) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// True if the file's name ends in one of these.
pub(crate) fn has_extension(path: &Path, extensions: &[&str]) -> bool {
    path.extension()
        .and_then(|extension| extension.to_str())
        .is_some_and(|extension| extensions.contains(&extension))
}

/// `cargo metadata` with every feature on.
pub(crate) fn metadata() -> Value {
    let output = cargo(&[
        "metadata",
        "--format-version=1",
        "--all-features",
        "--filter-platform",
        &host(),
    ]);
    serde_json::from_str(&output).expect("JSON from cargo metadata")
}

/// The workspace's own packages in `metadata`.
pub(crate) fn members(metadata: &Value) -> impl Iterator<Item = &Value> {
    let members = metadata["workspace_members"].as_array().expect("members");
    packages(metadata).filter(|package| members.contains(&package["id"]))
}

/// All packages in `metadata`.
pub(crate) fn packages(metadata: &Value) -> impl Iterator<Item = &Value> {
    metadata["packages"].as_array().expect("packages").iter()
}

/// Name and version of all that `package` is built from, itself included and tests left out, with these flags.
pub(crate) fn tree(package: &str, flags: &[&str]) -> BTreeSet<(String, String)> {
    let base = [
        "tree",
        "--edges=normal,build",
        "--prefix=none",
        "--format={p}",
        "-p",
        package,
    ];
    cargo(&[&base, flags].concat())
        .lines()
        .map(|line| {
            let mut words = line.split(' ');
            let name = words.next().expect("a name").to_owned();
            let version = words
                .next()
                .expect("a version")
                .trim_start_matches('v')
                .to_owned();
            (name, version)
        })
        .collect()
}

fn cargo(arguments: &[&str]) -> String {
    run(Command::new(env!("CARGO"))
        .args(arguments)
        .arg("--locked")
        .current_dir(root()))
}

fn host() -> String {
    let version = run(Command::new("rustc").arg("-vV"));
    let host = version.lines().find_map(|line| line.strip_prefix("host: "));
    host.expect("a host in rustc -vV").to_owned()
}

fn run(command: &mut Command) -> String {
    let output = command.output().expect("a program that starts");
    assert!(
        output.status.success(),
        "{command:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// Folders that tools fill. Those that begin with a dot are left out too.
const GENERATED: &[&str] = &[
    "target",
    "node_modules",
    "dist",
    "out",
    "artifacts",
    "corpus",
    "__pycache__",
];
