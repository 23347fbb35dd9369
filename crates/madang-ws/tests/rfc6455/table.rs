//! `docs/rfc6455.md` names a test for each demand; this one keeps the names true.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

#[test]
fn the_table_and_the_tests_agree() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let table = fs::read_to_string(here.join("../../docs/rfc6455.md")).expect("docs/rfc6455.md");
    let mut tests = BTreeSet::new();
    collect(&here.join("tests"), &mut tests);
    let named: BTreeSet<&str> = table
        .lines()
        .filter(|line| line.starts_with('|'))
        .flat_map(names)
        .collect();
    assert!(named.len() > 60, "the table was read: {} names", named.len());
    let gone: Vec<_> = named.iter().filter(|name| !tests.contains(**name)).collect();
    assert!(
        gone.is_empty(),
        "the table names tests that don't exist: {gone:#?}"
    );
    let by_section = |name: &&String| name.starts_with("section_") || name.starts_with("rfc_7692_");
    let left_out: Vec<_> = tests
        .iter()
        .filter(by_section)
        .filter(|name| !named.contains(name.as_str()))
        .collect();
    assert!(
        left_out.is_empty(),
        "tests by section that the table doesn't name: {left_out:#?}"
    );
}

/// The tests that a row of the table names, in its fourth column.
fn names(row: &str) -> impl Iterator<Item = &str> {
    let column = row.split('|').nth(4).unwrap_or_default();
    column.split('`').skip(1).step_by(2)
}

/// Adds the names of all functions under `folder` that have a test attribute.
fn collect(folder: &Path, tests: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).expect("a folder of sources") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            collect(&path, tests);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let source = fs::read_to_string(&path).expect("a source file");
            let mut attributed = false;
            for line in source.lines().map(str::trim) {
                let name = line.strip_prefix("async ").unwrap_or(line).strip_prefix("fn ");
                match name.and_then(|name| name.split('(').next()) {
                    Some(name) if attributed => {
                        tests.insert(name.to_owned());
                        attributed = false;
                    }
                    _ => attributed |= line == "#[test]" || line.starts_with("#[tokio::test"),
                }
            }
        }
    }
}
