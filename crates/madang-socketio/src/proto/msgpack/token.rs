//! Msgpack, one token after the other.

use std::fmt::Write as _;

/// Something that isn't msgpack, or isn't all of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Broken;

/// A value, or the head of one that holds others.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Token<'a> {
    /// Nil, what notepack.io writes for `undefined`, and a date that there isn't.
    Nil,
    Bool(bool),
    Unsigned(u64),
    /// Negative.
    Signed(i64),
    Float(f64),
    Text(&'a str),
    /// Bytes, and an extension that isn't known.
    Bytes(&'a [u8]),
    /// Milliseconds since 1970, within [`LAST_DATE`].
    Date(i64),
    /// So many values follow.
    Array(u32),
    /// So many keys follow, each with its value.
    Map(u32),
}

/// The tokens of a message.
#[derive(Debug)]
pub(super) struct Tokens<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Tokens<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// How far it has got.
    pub(super) fn position(&self) -> usize {
        self.at
    }

    pub(super) fn is_empty(&self) -> bool {
        self.at == self.bytes.len()
    }

    /// Whether the next token is nil.
    pub(super) fn is_nil(&self) -> bool {
        let short = matches!(self.bytes.get(self.at), Some(0xc0 | 0xc7 | 0xd4..=0xd7));
        short && Self { ..*self }.next() == Ok(Token::Nil)
    }

    /// Skips so many values with all they hold: without recursion, so that depth costs nothing.
    pub(super) fn skip(&mut self, values: u64) -> Result<(), Broken> {
        let mut missing = values;
        while missing > 0 {
            // Each takes a byte at least: a lying length is found out before anybody counts to it.
            if missing > (self.bytes.len() - self.at) as u64 {
                return Err(Broken);
            }
            missing = missing - 1 + self.next()?.holds();
        }
        Ok(())
    }

    /// Skips what a token holds.
    pub(super) fn skip_rest(&mut self, token: Token<'_>) -> Result<(), Broken> {
        self.skip(token.holds())
    }

    #[allow(clippy::should_implement_trait)]
    pub(super) fn next(&mut self) -> Result<Token<'a>, Broken> {
        let [marker] = self.array()?;
        Ok(match marker {
            0x00..=0x7f => Token::Unsigned(marker.into()),
            0x80..=0x8f => Token::Map((marker & 0x0f).into()),
            0x90..=0x9f => Token::Array((marker & 0x0f).into()),
            0xa0..=0xbf => self.text((marker & 0x1f).into())?,
            0xc0 => Token::Nil,
            0xc1 => return Err(Broken),
            0xc2 => Token::Bool(false),
            0xc3 => Token::Bool(true),
            0xc4..=0xc6 => {
                let len = self.len(marker - 0xc4)?;
                Token::Bytes(self.take(len)?)
            }
            0xc7..=0xc9 => {
                let len = self.len(marker - 0xc7)?;
                self.extension(len)?
            }
            0xca => Token::Float(f32::from_be_bytes(self.array()?).into()),
            0xcb => Token::Float(f64::from_be_bytes(self.array()?)),
            0xcc => Token::Unsigned(u8::from_be_bytes(self.array()?).into()),
            0xcd => Token::Unsigned(u16::from_be_bytes(self.array()?).into()),
            0xce => Token::Unsigned(u32::from_be_bytes(self.array()?).into()),
            0xcf => Token::Unsigned(u64::from_be_bytes(self.array()?)),
            0xd0 => Token::integer(i8::from_be_bytes(self.array()?).into()),
            0xd1 => Token::integer(i16::from_be_bytes(self.array()?).into()),
            0xd2 => Token::integer(i32::from_be_bytes(self.array()?).into()),
            0xd3 => Token::integer(i64::from_be_bytes(self.array()?)),
            0xd4..=0xd8 => self.fixed_extension(1 << (marker - 0xd4))?,
            0xd9..=0xdb => {
                let len = self.len(marker - 0xd9)?;
                self.text(len)?
            }
            0xdc => Token::Array(u16::from_be_bytes(self.array()?).into()),
            0xdd => Token::Array(u32::from_be_bytes(self.array()?)),
            0xde => Token::Map(u16::from_be_bytes(self.array()?).into()),
            0xdf => Token::Map(u32::from_be_bytes(self.array()?)),
            0xe0..=0xff => Token::Signed(i8::from_be_bytes([marker]).into()),
        })
    }

    /// A length of one, two or four bytes.
    fn len(&mut self, size: u8) -> Result<usize, Broken> {
        Ok(match size {
            0 => u8::from_be_bytes(self.array()?).into(),
            1 => u16::from_be_bytes(self.array()?).into(),
            _ => u32::from_be_bytes(self.array()?) as usize,
        })
    }

    fn text(&mut self, len: usize) -> Result<Token<'a>, Broken> {
        std::str::from_utf8(self.take(len)?)
            .map(Token::Text)
            .map_err(|_| Broken)
    }

    /// An `ArrayBuffer` of notepack.io's (type 0), a timestamp of 96 bits (type -1), or anything.
    fn extension(&mut self, len: usize) -> Result<Token<'a>, Broken> {
        let kind = i8::from_be_bytes(self.array()?);
        let data = self.take(len)?;
        Ok(match (kind, data.split_first_chunk::<4>()) {
            (-1, Some((nanos, seconds))) if seconds.len() == 8 => timestamp(
                i64::from_be_bytes(seconds.try_into().unwrap_or_default()),
                u32::from_be_bytes(*nanos),
            ),
            _ => Token::Bytes(data),
        })
    }

    /// `undefined` and dates of notepack.io's (type 0), timestamps (type -1), or anything.
    fn fixed_extension(&mut self, len: usize) -> Result<Token<'a>, Broken> {
        let kind = i8::from_be_bytes(self.array()?);
        let data = self.take(len)?;
        let number = data
            .iter()
            .fold(0, |number: u64, byte| (number << 8) | u64::from(*byte));
        Ok(match (kind, len) {
            (0, 1) => Token::Nil,
            (0, 8) => Token::date(number as i64),
            (-1, 4) => timestamp(number as i64, 0),
            (-1, 8) => timestamp(
                (number & 0x3_ffff_ffff) as i64,
                (number >> 34).try_into().unwrap_or_default(),
            ),
            _ => Token::Bytes(data),
        })
    }

    fn take(&mut self, len: usize) -> Result<&'a [u8], Broken> {
        let (taken, _) = self.bytes[self.at..].split_at_checked(len).ok_or(Broken)?;
        self.at += len;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Broken> {
        self.take(N)?.try_into().map_err(|_| Broken)
    }
}

impl Token<'_> {
    /// How many values follow it.
    fn holds(self) -> u64 {
        match self {
            Self::Array(len) => len.into(),
            Self::Map(len) => 2 * u64::from(len),
            _ => 0,
        }
    }

    /// As JSON has it, where a date out of range is `null`.
    fn date(milliseconds: i64) -> Self {
        match milliseconds.unsigned_abs() {
            ..=LAST_DATE => Self::Date(milliseconds),
            _ => Self::Nil,
        }
    }

    fn integer(number: i64) -> Self {
        u64::try_from(number).map_or(Self::Signed(number), Self::Unsigned)
    }
}

fn timestamp(seconds: i64, nanos: u32) -> Token<'static> {
    Token::date(
        seconds
            .saturating_mul(1_000)
            .saturating_add((nanos / 1_000_000).into()),
    )
}

/// The most that a date of JavaScript's may be away from 1970, in milliseconds.
const LAST_DATE: u64 = 8_640_000_000_000_000;

/// A date as JSON has it (`Date.prototype.toJSON`).
pub(super) fn iso(date: i64) -> String {
    let (days, time) = (date.div_euclid(86_400_000), date.rem_euclid(86_400_000));
    // Years that begin with March, so that the day that leap years have more is their last; 400 of them have 146,097 days.
    let days = days + 719_468;
    let (era, day) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let year = era * 400 + year + i64::from(month >= 10);
    let month = if month < 10 { month + 3 } else { month - 9 };
    let mut text = String::with_capacity(27);
    // What is written to a string is written.
    let _ = match year {
        0..=9999 => write!(text, "{year:04}"),
        _ => write!(text, "{year:+07}"),
    };
    let (hours, minutes, seconds) = (time / 3_600_000, time / 60_000 % 60, time / 1_000 % 60);
    let _ = write!(
        text,
        "-{month:02}-{day:02}T{hours:02}:{minutes:02}:{seconds:02}.{:03}Z",
        time % 1_000
    );
    text
}
