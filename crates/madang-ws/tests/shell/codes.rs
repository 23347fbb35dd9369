//! The documents about errors and limits name what there is, and nothing else.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

#[test]
fn the_page_of_error_codes_names_all_of_them_and_no_other() {
    let known: BTreeSet<String> = [
        "crates/madang-ws/src",
        "crates/madang-hub/src",
        "crates/madang-engineio/src",
        "crates/madang-socketio/src",
    ]
    .iter()
    .flat_map(|folder| sources(&root().join(folder)))
    .flat_map(|source| quoted(&source, '"'))
    .filter(|word| is_code(word))
    .collect();
    assert!(known.len() > 50, "codes are found: {known:?}");
    let page = fs::read_to_string(root().join("docs/error-codes.md")).unwrap();
    let named: BTreeSet<String> = quoted(&page, '`')
        .into_iter()
        .filter(|word| is_code(word))
        .collect();
    assert_eq!(named, known);
}

#[test]
fn the_tests_that_the_page_of_limits_names_exist() {
    let page = fs::read_to_string(root().join("docs/limits.md")).unwrap();
    let tests: String = [
        "crates/madang-ws/tests",
        "crates/madang-hub/tests",
        "crates/madang-engineio/tests",
        "crates/madang-socketio/tests",
        "server/tests",
        "server/src",
    ]
    .iter()
    .flat_map(|folder| sources(&root().join(folder)))
    .collect();
    let rows = page.lines().filter_map(|row| row.rsplit('|').nth(1));
    let named: Vec<String> = rows
        .flat_map(|cell| quoted(cell, '`'))
        .filter(|word| word.contains('_'))
        .collect();
    assert!(named.len() > 10, "tests are named: {named:?}");
    for test in named {
        assert!(tests.contains(&format!("fn {test}(")), "there is no test {test}");
    }
}

fn is_code(word: &str) -> bool {
    let known = ["ws_", "name_", "limit_", "epoch_", "position_", "sio_"]
        .iter()
        .any(|prefix| word.starts_with(prefix));
    known
        && word
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

fn quoted(text: &str, quote: char) -> Vec<String> {
    text.split(quote).map(str::to_owned).collect()
}

fn sources(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let (folders, files): (Vec<PathBuf>, Vec<PathBuf>) = entries.partition(|path| path.is_dir());
    let mut out: Vec<String> = folders.iter().flat_map(|folder| sources(folder)).collect();
    out.extend(files.iter().map(|file| fs::read_to_string(file).unwrap()));
    out
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}
