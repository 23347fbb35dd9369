//! What the documents list is what the program has.

use std::fs;
use std::path::{Path, PathBuf};

use madang_server::back::MATCHES_LIMIT;
use madang_server::chat::{
    Closing, Code, LEASE, LOOK_IN_LEASE, Objection, Password, TOKENS_LIMIT as TOKENS_OF_ONE,
};
use madang_server::config::Key;
use madang_server::feed::FEED_EVENTS;
use madang_server::lab::{BadPlan, Refused as RunRefused};
use madang_server::market::{Interval, RECORDING_BYTES, RECORDING_TICKS, Recording, SYMBOLS_LIMIT};
use madang_server::scores::{
    DEFAULT_PAUSE, LONGEST_PAUSE, PLAYS_LIMIT, Play, Refused, SCRIPT_BYTES, Script, TOKEN_AGE, TOKENS_LIMIT,
    TRIES, Words,
};
use madang_server::seats::{
    BLOCK_LIMIT, DAYS_LIMIT, DESCRIPTION_BYTES, Description, EVENTS_LIMIT, HOLD_LIMIT, HOLD_SECONDS,
    NAME_LEN, OFFER_TIME, PARTY_LIMIT, PLACES_LIMIT, PRICE_LIMIT, REFUNDS_LIMIT, Refused as SeatRefused,
    SECTIONS_LIMIT, SIGNATURE_AGE, TITLE_LEN, WAITING_LIMIT,
};

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
        RunRefused::Off,
        RunRefused::Busy,
        RunRefused::Ports,
        RunRefused::Unknown,
        RunRefused::Plan(BadPlan::Range(String::new())),
        RunRefused::Plan(BadPlan::TooMuch(33)),
        RunRefused::Plan(BadPlan::Lanes),
    ];
    let listed = first_cells(&read("docs/lab.md"), "## Error codes");
    assert_eq!(listed, refused.map(|refused| refused.code().to_owned()));
}

#[test]
fn the_market_s_document_has_an_example_that_can_be_played_and_the_bounds() {
    let document = read("docs/market.md");
    let (_, example) = document.split_once("```csv\n").unwrap();
    let recording = Recording::read(example.split("```").next().unwrap().as_bytes()).unwrap();
    assert_eq!((recording.listings().len(), recording.ticks().len()), (2, 3));
    for interval in Interval::ALL {
        assert!(document.contains(&format!("`{interval}`")), "{interval}");
    }
    for limit in [
        RECORDING_BYTES,
        RECORDING_TICKS as u64,
        SYMBOLS_LIMIT as u64,
        FEED_EVENTS as u64,
    ] {
        let digits = limit.to_string();
        let thousands: Vec<_> = digits
            .as_bytes()
            .rchunks(3)
            .rev()
            .map(String::from_utf8_lossy)
            .collect();
        assert!(document.contains(&thousands.join(",")), "{limit}");
    }
}

#[test]
fn the_configuration_document_has_every_key_and_no_other() {
    let listed = first_cells(&read("docs/configuration.md"), "## Settings");
    assert_eq!(listed, Key::ALL.map(|key| key.name().to_owned()));
}

#[test]
fn the_scores_document_has_every_play_and_refusal_and_an_example_that_can_be_played() {
    let document = read("docs/scores.md");
    let play = |what: &str| format!(r#"{{"what":"{what}","away":"a","home":"b"}}"#);
    let listed = first_cells(&document, "### What");
    for what in &listed {
        assert!(serde_json::from_str::<Play>(&play(what)).is_ok(), "{what}");
    }
    let unknown = serde_json::from_str::<Play>(&play("dance"))
        .unwrap_err()
        .to_string();
    let known: Vec<_> = unknown.split('`').skip(3).step_by(2).map(str::to_owned).collect();
    assert_eq!(listed, known);
    assert_eq!(
        first_cells(&document, "### Refusals"),
        Refused::ALL.map(Refused::code)
    );
    assert!(first_cells(&document, "## Telling a match").contains(&"match_moved_on".to_owned()));
    let (_, example) = document.split_once("```text\n").unwrap();
    Script::read(example.split("```").next().unwrap()).unwrap();
    for limit in [
        Words::MAX_LEN.to_string(),
        DEFAULT_PAUSE.as_secs().to_string(),
        LONGEST_PAUSE.as_secs().to_string(),
    ] {
        assert!(document.contains(&limit), "{limit}");
    }
    assert_eq!(
        (PLAYS_LIMIT, SCRIPT_BYTES, MATCHES_LIMIT),
        (2000, 8 << 20, 100),
        "as the document says"
    );
    assert_eq!(
        (TOKENS_LIMIT, TRIES, TOKEN_AGE.as_secs()),
        (100, 5, 12 * 60 * 60),
        "as the document says"
    );
}

#[test]
fn the_document_of_reservation_has_every_code_and_no_other() {
    let document = read("docs/seats.md");
    let listed = first_cells(&document, "## Error codes");
    let (_, example) = document.split_once("```json\n{\n").unwrap();
    let example = format!("{{\n{}", example.split("```").next().unwrap());
    assert_eq!(example, read("server/events/spring-recital.json"));
    for file in ["spring-recital", "noodle-kitchen"] {
        let described = Description::read(&read(&format!("server/events/{file}.json"))).unwrap();
        assert_eq!(described.id().as_str(), file);
    }
    let all = SeatRefused::all();
    assert_eq!(listed, all.each_ref().map(|refused| refused.code().to_owned()));
    assert_eq!(
        (
            OFFER_TIME.as_secs(),
            WAITING_LIMIT,
            PLACES_LIMIT,
            SIGNATURE_AGE.as_secs()
        ),
        (60, 10_000, 100_000, 300),
        "as the document says"
    );
    assert_eq!(
        (
            EVENTS_LIMIT,
            DESCRIPTION_BYTES,
            SECTIONS_LIMIT,
            TITLE_LEN,
            NAME_LEN
        ),
        (1000, 1 << 20, 50, 100, 40),
        "as the document says"
    );
    assert_eq!(
        (PRICE_LIMIT, HOLD_LIMIT, HOLD_SECONDS, DAYS_LIMIT, PARTY_LIMIT),
        (100_000_000_000, 20, 10..=3600, 366, 1000),
        "as the document says"
    );
    assert_eq!((BLOCK_LIMIT, REFUNDS_LIMIT), (1000, 100), "as the document says");
}

#[test]
fn the_document_about_people_has_every_code_and_no_other() {
    let document = read("docs/people.md");
    assert_eq!(first_cells(&document, "## Error codes"), Objection::CODES);
    for limit in [
        Password::MIN_LEN.to_string(),
        Password::MAX_LEN.to_string(),
        TOKENS_OF_ONE.to_string(),
        LEASE.as_secs().to_string(),
        LOOK_IN_LEASE.as_secs().to_string(),
    ] {
        assert!(document.contains(&limit), "{limit}");
    }
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

#[test]
fn the_limits_of_reservation_name_tests_that_exist() {
    let mut sources = String::new();
    for folder in ["server/tests", "server/src"] {
        gather(&root().join(folder), &mut sources);
    }
    let document = read("docs/seats.md");
    let (_, limits) = document.split_once("## Limits").unwrap();
    let (limits, _) = limits.split_once("## Error codes").unwrap();
    let rows = limits
        .lines()
        .filter(|line| line.starts_with("| ") && line.contains('`'));
    let tests = rows.flat_map(|row| row.rsplit('|').nth(1).unwrap().split('`').skip(1).step_by(2));
    let mut count = 0;
    for test in tests {
        assert!(sources.contains(&format!("fn {test}(")), "no test {test}");
        count += 1;
    }
    assert!(count > 10, "the table is there");
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
