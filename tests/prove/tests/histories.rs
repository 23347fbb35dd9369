//! The histories that are published are what the document says of them.
#![allow(clippy::unwrap_used, reason = "a test that can't go on may panic")]

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use madang_prove::history::{Answer, Command, Operation, read};
use madang_prove::invariants::Rules;
use madang_prove::verdict;

/// Of each database one in which holds are confirmed, and one in which they are paid for.
const HISTORIES: [&str; 6] = [
    "sqlite",
    "mysql",
    "postgres",
    "sqlite-paid",
    "mysql-paid",
    "postgres-paid",
];

/// Seats of their event, and what one person may hold of them.
const RULES: Rules = Rules {
    capacity: 40,
    hold_limit: 6,
};

fn history(database: &str) -> Vec<Operation> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/histories");
    let file = File::open(folder.join(format!("{database}.jsonl"))).unwrap();
    read(BufReader::new(file)).unwrap()
}

#[test]
fn the_published_histories_are_sound() {
    for database in HISTORIES {
        let history = history(database);
        assert!(history.len() > 300, "{database}");
        assert_eq!(verdict::of(&history, RULES), Vec::<String>::new(), "{database}");
    }
}

#[test]
fn one_answer_more_or_less_and_they_are_not() {
    for database in HISTORIES {
        let sound = history(database);
        let is_sale = |one: &Operation| {
            matches!(
                (&one.command, &one.answer),
                (Command::Confirm { .. } | Command::Pay { .. }, Answer::Done(_))
            )
        };
        let sale = sound.iter().position(is_sale).unwrap();

        let mut less = sound.clone();
        less.remove(sale);
        assert_ne!(
            verdict::of(&less, RULES),
            Vec::<String>::new(),
            "{database}: sold, and nobody was told"
        );

        let mut more = sound;
        let mut again = more[sale].clone();
        "another".clone_into(&mut again.key);
        "somebody".clone_into(&mut again.holder);
        more.push(again);
        assert_ne!(
            verdict::of(&more, RULES),
            Vec::<String>::new(),
            "{database}: sold twice"
        );
    }
}
