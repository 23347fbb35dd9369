//! UTF-8 that arrives in pieces (RFC 6455 §8.1), refused at the first byte that
//! can't be part of valid text.

use super::Violation;

/// Validates text piece by piece; a character may be split between pieces.
#[derive(Debug, Default)]
pub(crate) struct Validator {
    /// The beginning of a character whose end hasn't come yet.
    partial: [u8; 4],
    partial_len: u8,
}

impl Validator {
    /// Checks the next piece.
    pub(crate) fn feed(&mut self, mut piece: &[u8]) -> Result<(), Violation> {
        while self.partial_len > 0 {
            let Some((&byte, rest)) = piece.split_first() else {
                return Ok(());
            };
            let len = usize::from(self.partial_len);
            self.partial[len] = byte;
            piece = rest;
            match std::str::from_utf8(&self.partial[..=len]) {
                Ok(_) => self.partial_len = 0,
                Err(e) if e.error_len().is_none() => self.partial_len += 1,
                Err(_) => return Err(Violation::Utf8),
            }
        }
        if simdutf8::basic::from_utf8(piece).is_ok() {
            return Ok(());
        }
        // The slower check tells a split character at the end from a wrong one.
        match simdutf8::compat::from_utf8(piece) {
            Err(e) if e.error_len().is_none() => {
                let tail = &piece[e.valid_up_to()..];
                self.partial[..tail.len()].copy_from_slice(tail);
                self.partial_len = tail.len() as u8;
                Ok(())
            }
            Err(_) => Err(Violation::Utf8),
            Ok(_) => Ok(()),
        }
    }

    /// Checks that the text doesn't end in the middle of a character.
    pub(crate) fn finish(&self) -> Result<(), Violation> {
        if self.partial_len == 0 {
            Ok(())
        } else {
            Err(Violation::Utf8)
        }
    }
}

/// A piece without the character at its end of which more is to come, if there is one. What is wrong with the
/// rest, or with the end, is found by a check.
pub(crate) fn whole_characters(piece: &[u8]) -> &[u8] {
    for (back, &byte) in (1..=3).zip(piece.iter().rev()) {
        let len = match byte {
            0x00..=0x7f => return piece,
            0x80..=0xbf => continue,
            0xc0..=0xdf => 2,
            0xe0..=0xef => 3,
            0xf0..=0xff => 4,
        };
        return if len > back {
            &piece[..piece.len() - back]
        } else {
            piece
        };
    }
    piece
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn validate(pieces: &[&[u8]]) -> Result<(), Violation> {
        let mut validator = Validator::default();
        for piece in pieces {
            validator.feed(piece)?;
        }
        validator.finish()
    }

    proptest! {
        #[test]
        fn any_split_agrees_with_the_whole(bytes in prop_oneof![
            any::<Vec<u8>>(),
            any::<String>().prop_map(String::into_bytes),
            (any::<String>(), any::<u8>(), any::<String>())
                .prop_map(|(a, b, c)| [a.as_bytes(), &[b], c.as_bytes()].concat()),
        ], size in 1usize..5) {
            let pieces: Vec<&[u8]> = bytes.chunks(size).collect();
            prop_assert_eq!(validate(&pieces).is_ok(), std::str::from_utf8(&bytes).is_ok());
        }
    }

    proptest! {
        #[test]
        fn whole_characters_of_any_prefix_are_text(text: String, cut in 0usize..100) {
            let piece = &text.as_bytes()[..cut.min(text.len())];
            let whole = whole_characters(piece);
            prop_assert!(std::str::from_utf8(whole).is_ok());
            prop_assert!(piece.len() - whole.len() < 4);
        }
    }

    #[test]
    fn fails_at_the_first_impossible_byte() {
        let mut validator = Validator::default();
        assert_eq!(
            validator.feed(b"\xe3\x81"),
            Ok(()),
            "may still become a character"
        );
        assert_eq!(validator.feed(b"\xff"), Err(Violation::Utf8));
        assert_eq!(
            Validator::default().feed(b"ok\xed\xa0"),
            Err(Violation::Utf8),
            "a surrogate already"
        );
        assert_eq!(
            Validator::default().feed(b"\xf4\x90"),
            Err(Violation::Utf8),
            "above U+10FFFF already"
        );
    }
}
