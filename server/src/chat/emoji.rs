//! What a message may be reacted to with: one emoji.

use std::fmt;
use std::str::FromStr;

use super::code::Code;

/// One emoji (UTS #51), with what belongs to it: colours of skin, the parts of a family, a flag's two letters. Compared exactly.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Emoji(String);

impl Emoji {
    /// Characters (code points): a family of four with their colours of skin has 11, the longest flags have 7.
    pub const MAX_LEN: usize = 16;

    /// The emoji.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Emoji {
    type Err = Code;

    fn from_str(text: &str) -> Result<Self, Code> {
        if text.chars().count() <= Self::MAX_LEN && is_one(text) {
            Ok(Self(text.to_owned()))
        } else {
            Err(Code::EmojiInvalid)
        }
    }
}

impl fmt::Display for Emoji {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

const JOINER: char = '\u{200d}';
const AS_PICTURE: char = '\u{fe0f}';
const KEYCAP: char = '\u{20e3}';

/// Whether this is one emoji and nothing else.
fn is_one(text: &str) -> bool {
    let mut rest = text;
    loop {
        let Some(behind) = behind_element(rest) else {
            return false;
        };
        match behind.strip_prefix(JOINER) {
            Some(joined) => rest = joined,
            None => return behind.is_empty(),
        }
    }
}

/// What is behind an emoji that isn't joined to others; `None` if none is there.
fn behind_element(text: &str) -> Option<&str> {
    let mut chars = text.chars();
    let first = chars.next()?;
    let rest = chars.as_str();
    if is_letter_of_flag(first) {
        return rest.strip_prefix(is_letter_of_flag);
    }
    if matches!(first, '0'..='9' | '#' | '*') {
        return rest.strip_prefix(AS_PICTURE).unwrap_or(rest).strip_prefix(KEYCAP);
    }
    if !is_picture(first) {
        return None;
    }
    let rest = rest.strip_prefix(AS_PICTURE).unwrap_or(rest);
    let rest = rest.strip_prefix(is_skin).unwrap_or(rest);
    // The parts of a country have flags that are spelled out with tags.
    Some(rest.trim_start_matches(|c| matches!(c, '\u{e0020}'..='\u{e007f}')))
}

fn is_letter_of_flag(c: char) -> bool {
    matches!(c, '\u{1f1e6}'..='\u{1f1ff}')
}

fn is_skin(c: char) -> bool {
    matches!(c, '\u{1f3fb}'..='\u{1f3ff}')
}

/// The blocks that have pictures. Some of their characters have none, which does no harm.
fn is_picture(c: char) -> bool {
    matches!(
        c,
        '\u{a9}' | '\u{ae}' | '\u{203c}' | '\u{2049}' | '\u{2122}' | '\u{2139}' | '\u{24c2}' | '\u{3030}' | '\u{303d}' | '\u{3297}' | '\u{3299}'
            | '\u{2190}'..='\u{21ff}'
            | '\u{2300}'..='\u{23ff}'
            | '\u{25a0}'..='\u{27bf}'
            | '\u{2900}'..='\u{297f}'
            | '\u{2b00}'..='\u{2bff}'
            | '\u{1f000}'..='\u{1faff}'
    ) && !is_letter_of_flag(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_emoji_is_one_whatever_it_is_made_of() {
        for emoji in [
            "👍",
            "👍🏽",
            "❤",
            "❤️",
            "🇰🇷",
            "1️⃣",
            "#⃣",
            "🏳️‍🌈",
            "👨‍👩‍👧‍👦",
            "👩🏽‍❤️‍💋‍👨🏿",
            "🏴󠁧󠁢󠁥󠁮󠁧󠁿",
            "🎉",
            "©",
        ] {
            assert_eq!(emoji.parse::<Emoji>().unwrap().as_str(), emoji);
        }
    }

    #[test]
    fn what_is_no_emoji_or_more_than_one_is_refused() {
        let long = format!("🏴{}", "\u{e0067}".repeat(16));
        for text in [
            "",
            " ",
            "a",
            "1",
            "ok",
            "가",
            "👍👍",
            "👍 ",
            " 👍",
            "👍a",
            "🇰",
            "🇰🇷🇰🇷",
            "\u{200d}",
            "👍\u{200d}",
            "\u{200d}👍",
            "\u{fe0f}",
            "\u{202e}",
            "<b>",
            &long,
        ] {
            assert_eq!(text.parse::<Emoji>(), Err(Code::EmojiInvalid), "{text:?}");
        }
    }
}
