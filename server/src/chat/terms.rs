//! The words of a text, for finding it again.

use std::collections::BTreeSet;

use super::code::Code;

/// Words of one message by which it is found: those of a long paragraph. What comes behind isn't found.
pub const TERMS_LIMIT: usize = 64;

/// Characters of a word that count: longer ones differ no more.
pub const TERM_LEN: usize = 32;

/// Characters of a question: a sentence.
pub const QUESTION_LEN: usize = 200;

/// Words of a question that count: each narrows what is found, and costs.
pub const QUESTION_TERMS: usize = 8;

/// What somebody looks for: messages that have all the words, the last of which may go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// Whole words.
    pub terms: Vec<String>,
    /// What a word begins with.
    pub prefix: String,
}

/// The words of a text, in small letters, each once.
pub fn terms(text: &str) -> BTreeSet<String> {
    split(text).take(TERMS_LIMIT).collect()
}

impl Question {
    /// Reads a question.
    ///
    /// # Errors
    /// [`Code::SearchInvalid`]: no word, or too long.
    pub fn new(text: &str) -> Result<Self, Code> {
        if text.chars().count() > QUESTION_LEN {
            return Err(Code::SearchInvalid);
        }
        let mut terms: Vec<_> = split(text).take(QUESTION_TERMS).collect();
        let prefix = terms.pop().ok_or(Code::SearchInvalid)?;
        Ok(Self { terms, prefix })
    }
}

/// Letters and digits that stand together; where a script has no spaces, each character (UAX #29 has the same rule).
fn split(text: &str) -> impl Iterator<Item = String> {
    text.split(|c: char| !c.is_alphanumeric())
        .flat_map(|run| run.split_inclusive(is_alone))
        .flat_map(|piece| {
            let alone = piece.chars().next_back().filter(|c| is_alone(*c));
            let word = &piece[..piece.len() - alone.map_or(0, char::len_utf8)];
            [word.to_owned(), alone.map(String::from).unwrap_or_default()]
        })
        .filter(|word| !word.is_empty())
        .map(|word| word.to_lowercase().chars().take(TERM_LEN).collect())
}

/// Chinese characters and Hiragana.
fn is_alone(c: char) -> bool {
    matches!(c, '\u{3041}'..='\u{309f}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Vec<String> {
        split(text).collect()
    }

    #[test]
    fn words_are_what_stands_together_in_small_letters() {
        assert_eq!(
            of("Hello, WORLD! it's 3.5 안녕하세요-마당"),
            ["hello", "world", "it", "s", "3", "5", "안녕하세요", "마당"]
        );
        assert_eq!(of("ÉTÉ Straße ΣΊΣΥΦΟΣ"), ["été", "straße", "σίσυφος"]);
        assert_eq!(
            of("東京タワーです2本"),
            ["東", "京", "タワー", "で", "す", "2", "本"]
        );
        assert_eq!(of(" \n😀 -- "), Vec::<String>::new());
        assert_eq!(terms("a b a B"), ["a", "b"].map(str::to_owned).into());
    }

    #[test]
    fn so_many_words_of_so_many_characters_count() {
        let text: String = (0..TERMS_LIMIT + 1).map(|n| format!("w{n} ")).collect();
        let found = terms(&text);
        assert_eq!(found.len(), TERMS_LIMIT);
        assert!(!found.contains(&format!("w{TERMS_LIMIT}")));
        assert_eq!(of(&"가".repeat(TERM_LEN + 9)), ["가".repeat(TERM_LEN)]);
    }

    #[test]
    fn a_question_has_words_and_the_beginning_of_one() {
        let question = |text: &str| Question::new(text).map(|question| (question.terms, question.prefix));
        assert_eq!(question("Big Ho"), Ok((vec!["big".to_owned()], "ho".to_owned())));
        assert_eq!(question("마"), Ok((vec![], "마".to_owned())));
        assert_eq!(question(" !? "), Err(Code::SearchInvalid));
        assert!(
            question(&"a ".repeat(QUESTION_LEN / 2))
                .is_ok_and(|(words, _)| words.len() == QUESTION_TERMS - 1)
        );
        assert_eq!(question(&"a".repeat(QUESTION_LEN + 1)), Err(Code::SearchInvalid));
    }
}
