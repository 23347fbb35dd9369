//! Whom a text speaks to: `@name`, for names that somebody in the room has or had.

use std::collections::BTreeSet;

use super::values::Name;

/// How often a text may speak to somebody: more is a call to everybody. What comes behind is text.
pub const MENTIONS_LIMIT: usize = 20;

/// Every name that the text may speak to, whether somebody has it or not.
pub fn possible_mentions(text: &str) -> BTreeSet<&str> {
    places(text).flat_map(names_at).collect()
}

/// The names that the text speaks to, each once, in the order in which they come: at each `@` the longest that `is_known`.
pub fn mentions(text: &str, is_known: impl Fn(&str) -> bool) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for place in places(text) {
        let longest = names_at(place).find(|name| is_known(name));
        if let Some(name) = longest.filter(|name| !found.iter().any(|other| other == name)) {
            found.push(name.to_owned());
        }
    }
    found
}

/// What follows each `@` that doesn't stand within a word, as that of an address does.
fn places(text: &str) -> impl Iterator<Item = &str> {
    let within_word = |at: usize| text[..at].chars().next_back().is_some_and(char::is_alphanumeric);
    text.match_indices('@')
        .filter(move |(at, _)| !within_word(*at))
        .map(|(at, _)| &text[at + 1..])
        .take(MENTIONS_LIMIT)
}

/// What may be a name at the beginning of a text, the longest first.
fn names_at(text: &str) -> impl Iterator<Item = &str> {
    let ends = text
        .char_indices()
        .take(Name::MAX_LEN)
        .map(|(at, c)| (at + c.len_utf8(), c));
    let ends: Vec<_> = ends
        .take_while(|(_, c)| !c.is_control())
        .filter(|(end, last)| !last.is_whitespace() && is_end(*last, text[*end..].chars().next()))
        .collect();
    let begins_well = !text.starts_with(char::is_whitespace);
    let names = ends.into_iter().rev().map(|(end, _)| &text[..end]);
    names.filter(move |_| begins_well)
}

/// Whether a word can end between two characters. Scripts that put no space there (`@김철수님`) end it anywhere.
fn is_end(last: char, next: Option<char>) -> bool {
    let spaced = |c: char| {
        c.is_alphanumeric()
            && !matches!(c, '\u{1100}'..='\u{11ff}' | '\u{2e80}'..='\u{d7ff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
    };
    !(spaced(last) && next.is_some_and(spaced))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Vec<String> {
        let known = ["Kim", "Kim Lee", "김철수", "김철", "a.b", "-_-"];
        mentions(text, |name| known.contains(&name))
    }

    #[test]
    fn the_longest_known_name_is_meant_once() {
        for (text, names) in [
            ("@Kim", vec!["Kim"]),
            ("@Kim, hello @Kim", vec!["Kim"]),
            ("@Kim Lee and @Kim", vec!["Kim Lee", "Kim"]),
            ("@Kim Leen", vec!["Kim"]),
            ("(@Kim)", vec!["Kim"]),
            ("@김철수님, @김철!", vec!["김철수", "김철"]),
            ("@Kim님", vec!["Kim"]),
            ("@a.b.", vec!["a.b"]),
            ("@-_-", vec!["-_-"]),
            ("@@Kim", vec!["Kim"]),
        ] {
            assert_eq!(of(text), names, "{text}");
        }
    }

    #[test]
    fn what_only_looks_like_it_is_no_mention() {
        for text in [
            "Kim", "@ Kim", "@Kimchi", "lee@Kim", "@kim", "@", "", "@\nKim", "@Nobody",
        ] {
            assert_eq!(of(text), Vec::<String>::new(), "{text:?}");
        }
    }

    #[test]
    fn so_many_are_looked_for_and_no_more() {
        let text = format!("{}@Kim", "@x ".repeat(MENTIONS_LIMIT - 1));
        assert_eq!(of(&text), ["Kim"]);
        assert_eq!(of(&format!("@x {text}")), Vec::<String>::new());
        let most = format!("@{}", "a ".repeat(2000)).repeat(2);
        assert!(possible_mentions(&most).len() <= MENTIONS_LIMIT * Name::MAX_LEN);
    }
}
