//! `madang seats`: events from files, and what is owed.

use std::fs;

use crate::program::{failed, madang};
use crate::seats_asking::owe;

/// The folder of the examples.
fn example(name: &str) -> String {
    format!("{}/events/{name}", env!("CARGO_MANIFEST_DIR"))
}

fn said(directory: &tempfile::TempDir, arguments: &[&str]) -> String {
    let output = madang(directory, &[&["seats"], arguments].concat())
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn events_are_added_from_files_and_listed() {
    let directory = tempfile::tempdir().unwrap();
    let recital = said(&directory, &["check", &example("spring-recital.json")]);
    assert!(
        recital.contains("spring-recital") && recital.contains("2027-03-20T10:30:00Z"),
        "{recital}"
    );
    assert_eq!(
        fs::read_dir(&directory).unwrap().count(),
        0,
        "nothing is made by looking"
    );
    assert_eq!(
        said(&directory, &["add", &example("spring-recital.json")]),
        recital
    );
    let kitchen = said(&directory, &["add", &example("noodle-kitchen.json")]);
    assert!(kitchen.contains("tables 2027-03-01T00:00:00+09:00"), "{kitchen}");
    let list = said(&directory, &["list"]);
    assert_eq!(list.lines().count(), 5, "{list}");
    assert!(list.contains(&recital) && list.contains(&kitchen), "{list}");
    let again = madang(&directory, &["seats", "add", &example("spring-recital.json")]).output();
    assert!(failed(&again.unwrap()).contains("there is an event of this id already"));
}

#[test]
fn a_file_that_is_wrong_is_one_line_and_makes_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let text = fs::read_to_string(example("spring-recital.json")).unwrap();
    for (wrong, said) in [
        (
            text.replace("1-4, 5-12", "4-1, 5-12"),
            "sections[0].rows[0].seats: ",
        ),
        (text.replace("70000", "\"70000\""), "sections[0].price: "),
        (
            text.replace("\"hold_limit\": 4", "\"hold_limit\": 99"),
            "hold_limit: 99 isn't from 1 to 20",
        ),
        (
            format!("{text}{}", " ".repeat(1024 * 1024)),
            "has more than 1048576 bytes",
        ),
    ] {
        fs::write(directory.path().join("event.json"), wrong).unwrap();
        for command in ["check", "add"] {
            let output = madang(&directory, &["seats", command, "event.json"])
                .output()
                .unwrap();
            let line = failed(&output);
            assert!(line.contains("event.json: ") && line.contains(said), "{line}");
        }
    }
    let output = madang(&directory, &["seats", "add", "nowhere.json"])
        .output()
        .unwrap();
    assert!(failed(&output).contains("nowhere.json: "));
    assert_eq!(fs::read_dir(&directory).unwrap().count(), 1, "but the file");
}

#[tokio::test]
async fn what_is_owed_is_printed() {
    let directory = tempfile::tempdir().unwrap();
    assert_eq!(said(&directory, &["refunds"]), "");
    let url = format!("sqlite://{}", directory.path().join("madang.db").display());
    let ids = owe(&url.parse().unwrap(), std::iter::repeat_n(0, 150)).await;
    let owed = said(&directory, &["refunds"]);
    assert_eq!(owed.lines().count(), 150);
    for id in ids {
        assert!(
            owed.contains(&format!("{id}        110000 KRW  1970-01-01T00:00:00Z  concert")),
            "{owed}"
        );
    }
}
