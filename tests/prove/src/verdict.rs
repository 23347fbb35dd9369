//! What all checkers together say of a history.

use crate::history::Operation;
use crate::invariants::Rules;
use crate::{atomic, invariants, linear};

/// Everything that is wrong with a history, in words; nothing, if it is sound.
pub fn of(history: &[Operation], rules: Rules) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut add = |what: Vec<String>| wrong.extend(what);
    add(words(invariants::check(history, rules)));
    add(words(atomic::check(history)));
    add(words(linear::check(history)));
    wrong
}

fn words<E: ToString>(checked: Result<(), Vec<E>>) -> Vec<String> {
    checked
        .err()
        .unwrap_or_default()
        .iter()
        .map(ToString::to_string)
        .collect()
}
