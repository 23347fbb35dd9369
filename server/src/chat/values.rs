//! The values of the protocol. Who holds one knows that it keeps its rules: they are checked once, here.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use icu_properties::props::{BidiControl, BinaryProperty as _, DefaultIgnorableCodePoint};
use sha2::{Digest as _, Sha256};

use super::code::Code;

/// A room's name: 1 to 64 letters or digits of any script, `-`, `_`. Compared exactly.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Room(Arc<str>);

/// A person's name: 1 to 40 characters without the white space around them, one of them visible; no control characters, and none that turn the order of others
/// (Unicode's `Bidi_Control`). Compared exactly.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Name(Arc<str>);

/// What a message says: 1 to 4000 characters, not only white space, no NUL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text(String);

/// A client's own id of a message: 1 to 64 of `A-Za-z0-9_-`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientId(String);

/// What a client shows after a reconnect to be the same session: 16 random bytes, written as 22 characters of
/// base64url. It is a secret; `Debug` hides it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Session(u128);

/// The public id of a session, from which the session can't be guessed: half of its SHA-256, written as 22 characters of base64url. Whoever reads a
/// room says by it whose messages to leave out.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Sender(u128);

impl Room {
    /// Characters (code points).
    pub const MAX_LEN: usize = 64;

    /// What the names of the laboratory's rooms begin with: kept in memory alone, written by the server alone.
    pub const LAB: &str = "lab-";

    /// What the names of the scoreboard's rooms begin with: written by the server alone.
    pub const SCORES: &str = "scores-";

    /// What the names of the rooms begin with in which changes of seats are told: kept in memory alone, written by the server alone.
    pub const SEATS: &str = "seats-";

    /// Whether its messages are kept in the database, or in memory, and there only the newest.
    pub fn is_durable(&self) -> bool {
        !self.0.starts_with(Self::LAB) && !self.0.starts_with(Self::SEATS)
    }

    /// Whether only the server says something here.
    pub fn is_read_only(&self) -> bool {
        [Self::LAB, Self::SCORES, Self::SEATS]
            .iter()
            .any(|prefix| self.0.starts_with(prefix))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Room {
    type Err = Code;

    fn from_str(text: &str) -> Result<Self, Code> {
        let allowed = |c: char| c.is_alphanumeric() || c == '-' || c == '_';
        match text.chars().count() {
            1..=Self::MAX_LEN if text.chars().all(allowed) => Ok(Self(text.into())),
            _ => Err(Code::RoomInvalid),
        }
    }
}

impl Name {
    /// Characters (code points).
    pub const MAX_LEN: usize = 40;

    /// A name as it was stored, by whatever rules held then.
    pub fn stored(text: &str) -> Option<Self> {
        (!text.is_empty()).then(|| Self(text.into()))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Name {
    type Err = Code;

    fn from_str(text: &str) -> Result<Self, Code> {
        let name = text.trim();
        if name.chars().count() > Self::MAX_LEN {
            return Err(Code::NameTooLong);
        }
        let unfit = |c: char| c.is_control() || BidiControl::for_char(c);
        if name.chars().all(is_unseen) || text.chars().any(unfit) {
            return Err(Code::NameInvalid);
        }
        Ok(Self(name.into()))
    }
}

/// Whether nobody sees this character where it stands alone: white space, joiners, fillers (Unicode's `Default_Ignorable_Code_Point`).
pub(super) fn is_unseen(c: char) -> bool {
    c.is_whitespace() || DefaultIgnorableCodePoint::for_char(c)
}

impl Text {
    /// Characters (code points): several screens of a phone.
    pub const MAX_LEN: usize = 4000;

    /// Checks a text.
    ///
    /// # Errors
    /// [`Code::TextEmpty`], [`Code::TextTooLong`], [`Code::TextInvalid`].
    pub fn new(text: String) -> Result<Self, Code> {
        if text.chars().count() > Self::MAX_LEN {
            Err(Code::TextTooLong)
        } else if text.contains('\0') {
            // PostgreSQL has no NUL in its texts.
            Err(Code::TextInvalid)
        } else if text.chars().all(char::is_whitespace) {
            Err(Code::TextEmpty)
        } else {
            Ok(Self(text))
        }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The text.
    pub fn into_string(self) -> String {
        self.0
    }
}

impl ClientId {
    /// Characters, all of them ASCII.
    pub const MAX_LEN: usize = 64;

    /// Checks an id.
    ///
    /// # Errors
    /// [`Code::ClientIdInvalid`].
    pub fn new(id: String) -> Result<Self, Code> {
        let allowed = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
        match id.len() {
            1..=Self::MAX_LEN if id.bytes().all(allowed) => Ok(Self(id)),
            _ => Err(Code::ClientIdInvalid),
        }
    }

    /// The id.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Session {
    /// A session of 128 random bits.
    pub const fn new(random: u128) -> Self {
        Self(random)
    }

    /// Its public id.
    pub fn sender(self) -> Sender {
        let hash = Sha256::digest(self.0.to_be_bytes());
        let half = hash.first_chunk().copied().unwrap_or_default();
        Sender(u128::from_be_bytes(half))
    }
}

impl Sender {
    /// The 128 bits.
    pub const fn as_u128(self) -> u128 {
        self.0
    }
}

impl FromStr for Session {
    type Err = Code;

    fn from_str(text: &str) -> Result<Self, Code> {
        read_128_bits(text).map(Self).ok_or(Code::SessionInvalid)
    }
}

impl FromStr for Sender {
    type Err = Code;

    fn from_str(text: &str) -> Result<Self, Code> {
        read_128_bits(text).map(Self).ok_or(Code::SenderInvalid)
    }
}

impl fmt::Display for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&URL_SAFE_NO_PAD.encode(self.0.to_be_bytes()))
    }
}

impl fmt::Debug for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sender({self})")
    }
}

fn read_128_bits(text: &str) -> Option<u128> {
    let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
    Some(u128::from_be_bytes(bytes.try_into().ok()?))
}

/// The secret itself, for the welcome and for nothing else.
impl fmt::Display for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&URL_SAFE_NO_PAD.encode(self.0.to_be_bytes()))
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Session(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rooms_take_letters_and_digits_of_any_script() {
        for room in ["lobby", "a", "마당", "ロビー", "комната", "-_9", &"가".repeat(64)] {
            assert_eq!(
                room.parse::<Room>().map(|room| room.as_str().to_owned()),
                Ok(room.to_owned())
            );
        }
        for room in [
            "",
            " ",
            "a b",
            "a/b",
            "a.b",
            "😀",
            "a\u{0}",
            "a\u{200d}b",
            &"a".repeat(65),
        ] {
            assert_eq!(room.parse::<Room>(), Err(Code::RoomInvalid), "{room:?}");
        }
    }

    #[test]
    fn names_are_trimmed_counted_in_characters_and_free_of_control_characters() {
        assert_eq!(
            "\u{3000} 김 철수 "
                .parse::<Name>()
                .map(|name| name.as_str().to_owned()),
            Ok("김 철수".to_owned())
        );
        assert!("😀".repeat(40).parse::<Name>().is_ok());
        assert_eq!("😀".repeat(41).parse::<Name>(), Err(Code::NameTooLong));
        for name in ["", " \t ", "a\nb", "a\u{0}", "\u{7f}"] {
            assert_eq!(name.parse::<Name>(), Err(Code::NameInvalid), "{name:?}");
        }
    }

    #[test]
    fn a_name_can_be_seen_and_turns_nobody_else_s_around() {
        for name in [
            "\u{200b}",
            "\u{3164}",
            "\u{2060} \u{fe0f}",
            "\u{202e}ssob",
            "a\u{2066}b",
        ] {
            assert_eq!(name.parse::<Name>(), Err(Code::NameInvalid), "{name:?}");
        }
        for name in ["👩\u{200d}🚀", "می\u{200c}خواهم", "☀\u{fe0f}"] {
            assert!(name.parse::<Name>().is_ok(), "{name:?}");
        }
    }

    #[test]
    fn texts_are_counted_in_characters() {
        assert!(Text::new("😀".repeat(4000)).is_ok());
        assert_eq!(Text::new("a".repeat(4001)), Err(Code::TextTooLong));
        assert_eq!(Text::new(" \n\u{3000}".to_owned()), Err(Code::TextEmpty));
        assert_eq!(Text::new(String::new()), Err(Code::TextEmpty));
        assert_eq!(Text::new("a\0b".to_owned()), Err(Code::TextInvalid));
    }

    #[test]
    fn client_ids_are_plain_ascii() {
        assert!(ClientId::new("aZ09_-".to_owned()).is_ok());
        assert!(ClientId::new("a".repeat(64)).is_ok());
        for id in [String::new(), "a".repeat(65), "a b".to_owned(), "김".to_owned()] {
            assert_eq!(ClientId::new(id), Err(Code::ClientIdInvalid));
        }
    }

    #[test]
    fn a_session_survives_being_written_and_is_not_written_by_accident() {
        let session = Session::new(0x0123_4567_89ab_cdef_0011_2233_4455_6677);
        let written = session.to_string();
        assert_eq!(written.len(), 22);
        assert_eq!(written.parse(), Ok(session));
        assert_eq!(format!("{session:?}"), "Session(..)");
        let sender = session.sender();
        assert_eq!(sender.to_string().parse(), Ok(sender));
        assert_ne!(sender.as_u128(), session.0);
        assert_eq!("short".parse::<Sender>(), Err(Code::SenderInvalid));
        for wrong in ["", "abc", &"!".repeat(22), &"A".repeat(23), &"A".repeat(21)] {
            assert_eq!(wrong.parse::<Session>(), Err(Code::SessionInvalid), "{wrong}");
        }
    }
}
