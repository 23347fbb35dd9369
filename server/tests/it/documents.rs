//! What the documents list is what the program has.

use std::fs;
use std::path::{Path, PathBuf};

use madang_server::chat::{Closing, Code};
use madang_server::config::Key;
use madang_server::lab::{BadPlan, Refused};

#[test]
fn the_protocol_document_has_every_code_and_no_other() {
    let document = read("docs/chat-protocol.md");
    let listed = first_cells(&document, "## Error codes");
    assert_eq!(
        listed,
        Code::ALL.map(|code| code.as_str().to_owned()),
        "error codes"
    );
    let listed = first_cells(&document, "## Close codes");
    for closing in Closing::ALL {
        assert!(
            listed.contains(&closing.code().to_string()),
            "close code {}",
            closing.code()
        );
    }
}

#[test]
fn the_laboratory_s_document_has_every_code_and_no_other() {
    let refused = [
        Refused::Off,
        Refused::Busy,
        Refused::Ports,
        Refused::Unknown,
        Refused::Plan(BadPlan::Range(String::new())),
        Refused::Plan(BadPlan::TooMuch(33)),
        Refused::Plan(BadPlan::Lanes),
    ];
    let listed = first_cells(&read("docs/lab.md"), "## Error codes");
    assert_eq!(listed, refused.map(|refused| refused.code().to_owned()));
}

#[test]
fn the_configuration_document_has_every_key_and_no_other() {
    let listed = first_cells(&read("docs/configuration.md"), "## Settings");
    assert_eq!(listed, Key::ALL.map(|key| key.name().to_owned()));
}

/// Every test that these documents name exists.
#[test]
fn the_tables_of_behaviour_name_tests_that_exist() {
    let mut sources = String::new();
    for folder in ["server/tests", "crates", "tests/conformance/socketio-raw"] {
        gather(&root().join(folder), &mut sources);
    }
    for document in ["docs/bad-input.md", "docs/socketio-differences.md"] {
        names_tests_that_exist(document, &sources);
    }
}

fn names_tests_that_exist(document: &str, sources: &str) {
    let document = read(document);
    let rows: Vec<_> = document
        .lines()
        .filter(|line| line.starts_with("| ") && line.contains('`'))
        .collect();
    assert!(rows.len() > 10, "the table is there");
    for row in rows {
        let tests = row.trim_end_matches([' ', '|']).rsplit('|').next().unwrap();
        for test in tests.split('`').skip(1).step_by(2) {
            let exists = ["fn", "def"].map(|keyword| sources.contains(&format!("{keyword} {test}(")));
            assert!(exists.contains(&true), "no test {test}");
        }
    }
}

/// The text between the first pair of backquotes, or all, of the first cell of each row of the section's table.
pub fn first_cells(document: &str, section: &str) -> Vec<String> {
    let (_, rest) = document
        .split_once(section)
        .unwrap_or_else(|| panic!("no section {section}"));
    let table = rest
        .lines()
        .skip_while(|line| !line.starts_with('|'))
        .take_while(|line| line.starts_with('|'));
    table
        .skip(2)
        .map(|row| row.split('|').nth(1).unwrap().trim().trim_matches('`').to_owned())
        .collect()
}

fn gather(folder: &Path, sources: &mut String) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            gather(&path, sources);
        } else if path
            .extension()
            .is_some_and(|ending| ending == "rs" || ending == "py")
        {
            sources.push_str(&fs::read_to_string(path).unwrap());
        }
    }
}

pub fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}
