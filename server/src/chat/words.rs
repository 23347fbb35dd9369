//! Words that a room doesn't want to hear.

use unicode_normalization::UnicodeNormalization as _;

use super::objection::Objection;

/// A room's word filter.
///
/// A word of ASCII letters and digits is found as a whole word, so that "ass" isn't found in "class". Any other is found wherever it stands: scripts such as
/// Hangul put endings to words. Small and large letters are the same, and so are all ways to spell a character.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Words(Vec<String>);

impl Words {
    /// Most words of one room: a message is compared with each.
    pub const LIMIT: usize = 200;

    /// Characters of a word, at most.
    pub const MAX_LEN: usize = 40;

    /// Checks the words that somebody wants to keep out.
    ///
    /// # Errors
    /// [`Objection::ModerationInvalid`].
    pub fn new(words: &[String]) -> Result<Self, Objection> {
        if words.len() > Self::LIMIT {
            return Err(Objection::ModerationInvalid);
        }
        let mut checked = Vec::with_capacity(words.len());
        for word in words {
            let word = word.trim();
            let is_word =
                (1..=Self::MAX_LEN).contains(&word.chars().count()) && !word.chars().any(char::is_control);
            if !is_word {
                return Err(Objection::ModerationInvalid);
            }
            checked.push(plain(word));
        }
        checked.sort_unstable();
        checked.dedup();
        Ok(Self(checked))
    }

    /// The words, each once.
    pub fn as_slice(&self) -> &[String] {
        &self.0
    }

    /// Whether a text has one of them.
    pub fn are_in(&self, text: &str) -> bool {
        if self.0.is_empty() {
            return false;
        }
        let text = plain(text);
        self.0.iter().any(|word| is_in(word, &text))
    }
}

fn is_in(word: &str, text: &str) -> bool {
    if !word.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return text.contains(word);
    }
    text.match_indices(word).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let after = text[at + word.len()..].chars().next();
        let ends = |side: Option<char>| side.is_none_or(|side| !side.is_ascii_alphanumeric());
        ends(before) && ends(after)
    })
}

fn plain(text: &str) -> String {
    text.nfkc().flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(words: &[&str]) -> Result<Words, Objection> {
        let words: Vec<_> = words.iter().map(|word| (*word).to_owned()).collect();
        Words::new(&words)
    }

    #[test]
    fn a_word_is_found_however_it_is_written() {
        let words = words(&["Darn", "바보", "so what"]).unwrap();
        for text in [
            "darn",
            "Oh, DARN!",
            "ｄａｒｎ it",
            "darn이",
            "이 바보야",
            "\u{1107}\u{1161}\u{1107}\u{1169}",
            "so what?",
        ] {
            assert!(words.are_in(text), "{text}");
        }
        for text in ["darned", "undarn", "바 보", "so wh", ""] {
            assert!(!words.are_in(text), "{text}");
        }
        assert!(!Words::default().are_in("darn"));
    }

    #[test]
    fn so_many_words_of_such_a_length() {
        let many: Vec<_> = (0..=Words::LIMIT).map(|n| format!("w{n}")).collect();
        assert!(Words::new(&many[1..]).is_ok());
        assert_eq!(Words::new(&many), Err(Objection::ModerationInvalid));
        assert!(words(&[&"a".repeat(Words::MAX_LEN)]).is_ok());
        for wrong in ["", "  ", "a\u{0}", &"a".repeat(Words::MAX_LEN + 1)] {
            assert_eq!(words(&[wrong]), Err(Objection::ModerationInvalid), "{wrong:?}");
        }
        assert_eq!(words(&["b", "a", "B "]).unwrap().as_slice(), ["a", "b"]);
    }
}
