//! The values of the market. Who holds one knows that it keeps its rules: they are checked once, here.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use thiserror::Error;

/// Largest whole number that every reader of JSON takes as it is.
const EXACT: i64 = (1 << 53) - 1;

/// What is traded: 1 to 12 of `A-Z0-9.`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Symbol([u8; Self::MAX_LEN]);

/// How many decimals the prices of a symbol have: 0 to 6.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Scale(u8);

/// A price in units of the last decimal that the symbol's [`Scale`] has: 71.25 is 7125 where it is 2. Above zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Price(i64);

/// How much was traded, in lots. None is a volume too: an index has no other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Volume(i64);

/// One trade.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tick {
    /// Of what.
    pub symbol: Symbol,
    /// When it happened, by the exchange.
    pub at_ms: i64,
    /// For how much.
    pub price: Price,
    /// How much.
    pub volume: Volume,
    /// Its number in the feed: of two at the same time, the lower one was first.
    pub sequence: u64,
}

/// A text that is no [`Symbol`].
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("must be 1 to {} of A-Z0-9.", Symbol::MAX_LEN)]
pub struct NoSymbol;

/// A number that is no [`Scale`].
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("must be a number of decimals, 0 to {}", Scale::MAX)]
pub struct NoScale;

/// Something that is no [`Price`].
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error(
    "must be above zero, at most {EXACT} without its point, with at most {} decimals",
    Scale::MAX
)]
pub struct NoPrice;

/// Something that is no [`Volume`].
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("must be a whole number from 0 to {EXACT}")]
pub struct NoVolume;

impl Symbol {
    /// Characters, all of them ASCII.
    pub const MAX_LEN: usize = 12;

    /// The symbol as it is written.
    pub fn as_str(&self) -> &str {
        let len = self.0.iter().position(|b| *b == 0).unwrap_or(Self::MAX_LEN);
        // Every byte is ASCII.
        str::from_utf8(self.0.get(..len).unwrap_or_default()).unwrap_or_default()
    }
}

impl FromStr for Symbol {
    type Err = NoSymbol;

    fn from_str(text: &str) -> Result<Self, NoSymbol> {
        let allowed = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'.';
        let mut bytes = [0; Self::MAX_LEN];
        let place = bytes.get_mut(..text.len()).ok_or(NoSymbol)?;
        if text.is_empty() || !text.bytes().all(allowed) {
            return Err(NoSymbol);
        }
        place.copy_from_slice(text.as_bytes());
        Ok(Self(bytes))
    }
}

impl fmt::Display for Symbol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for Symbol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Symbol({self})")
    }
}

impl Serialize for Symbol {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Symbol {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl Scale {
    /// Decimals.
    pub const MAX: u8 = 6;

    /// Checks a number of decimals.
    ///
    /// # Errors
    /// [`NoScale`].
    pub fn new(decimals: u8) -> Result<Self, NoScale> {
        (decimals <= Self::MAX).then_some(Self(decimals)).ok_or(NoScale)
    }

    /// How many decimals.
    pub fn decimals(self) -> u8 {
        self.0
    }
}

impl Price {
    /// The lowest there is.
    pub const LEAST: Self = Self(1);

    /// The highest.
    pub const MOST: Self = Self(EXACT);

    /// Checks a price.
    ///
    /// # Errors
    /// [`NoPrice`].
    pub fn new(units: i64) -> Result<Self, NoPrice> {
        (1..=EXACT).contains(&units).then_some(Self(units)).ok_or(NoPrice)
    }

    /// Reads a price as people write it, such as `71.25`, where prices have `scale`.
    ///
    /// # Errors
    /// [`NoPrice`], also for more decimals than the scale has.
    pub fn read(text: &str, scale: Scale) -> Result<Self, NoPrice> {
        let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
        let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
        let missing = usize::from(scale.0).checked_sub(decimals.len()).ok_or(NoPrice)?;
        if whole.is_empty() || text.ends_with('.') || !digits(whole) || !digits(decimals) {
            return Err(NoPrice);
        }
        let units = format!("{whole}{decimals}{}", "0".repeat(missing));
        Self::new(units.parse().map_err(|_| NoPrice)?)
    }

    /// In units of the last decimal.
    pub fn units(self) -> i64 {
        self.0
    }

    /// As people write it.
    pub fn write(self, scale: Scale) -> String {
        let one = 10_i64.pow(u32::from(scale.0));
        match scale.0 {
            0 => self.0.to_string(),
            decimals => {
                let width = usize::from(decimals);
                format!("{}.{:0width$}", self.0 / one, self.0 % one)
            }
        }
    }
}

impl Volume {
    /// Nothing.
    pub const NONE: Self = Self(0);

    /// Checks a volume.
    ///
    /// # Errors
    /// [`NoVolume`].
    pub fn new(lots: i64) -> Result<Self, NoVolume> {
        (0..=EXACT).contains(&lots).then_some(Self(lots)).ok_or(NoVolume)
    }

    /// In lots.
    pub fn lots(self) -> i64 {
        self.0
    }

    /// Both together, or the largest volume there is.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self((self.0 + other.0).min(EXACT))
    }
}

impl Tick {
    /// What comes first comes first.
    pub fn order(&self) -> (i64, u64) {
        (self.at_ms, self.sequence)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn symbols_are_short_and_plain() {
        for text in ["A", "005930", "BRK.B", "ABCDEFGHIJ.1"] {
            let symbol: Symbol = text.parse().unwrap();
            assert_eq!(
                (symbol.as_str(), format!("{symbol:?}")),
                (text, format!("Symbol({text})"))
            );
        }
        for text in ["", "a", "A B", "A\0", "가", "ABCDEFGHIJKLM", "A-B"] {
            assert_eq!(text.parse::<Symbol>(), Err(NoSymbol), "{text:?}");
        }
        let [a, b, ab]: [Symbol; 3] = ["A", "B", "AB"].map(|text| text.parse().unwrap());
        assert!(a < ab && ab < b, "sorted as texts are");
    }

    #[test]
    fn prices_are_read_and_written_with_their_decimals() {
        let [none, two, six] = [0, 2, 6].map(|decimals| Scale::new(decimals).unwrap());
        for (text, scale, units, written) in [
            ("71200", none, 71_200, "71200"),
            ("71.25", two, 7_125, "71.25"),
            ("71", two, 7_100, "71.00"),
            ("0.5", two, 50, "0.50"),
            ("007.05", two, 705, "7.05"),
            ("0.000001", six, 1, "0.000001"),
            (
                "9007199254740991",
                none,
                9_007_199_254_740_991,
                "9007199254740991",
            ),
        ] {
            let price = Price::read(text, scale).unwrap();
            assert_eq!(
                (price.units(), price.write(scale)),
                (units, written.to_owned()),
                "{text}"
            );
        }
        for (text, scale) in [
            ("", none),
            ("0", none),
            ("0.00", two),
            ("-1", none),
            ("+1", none),
            ("1e3", none),
            ("1.5", none),
            ("1.234", two),
            ("1.", two),
            (".5", two),
            ("1.2.3", six),
            (" 1", none),
            ("9007199254740992", none),
            ("99999999999999999999", none),
        ] {
            assert_eq!(Price::read(text, scale), Err(NoPrice), "{text:?}");
        }
    }

    #[test]
    fn numbers_beyond_their_bounds_are_refused() {
        assert_eq!(Scale::new(7), Err(NoScale));
        for units in [0, -1, EXACT + 1, i64::MIN, i64::MAX] {
            assert_eq!(Price::new(units), Err(NoPrice));
        }
        assert_eq!(Volume::new(0), Ok(Volume::NONE));
        for lots in [-1, EXACT + 1] {
            assert_eq!(Volume::new(lots), Err(NoVolume));
        }
    }

    #[test]
    fn volumes_end_where_whole_numbers_stop_being_exact() {
        let most = Volume::new(EXACT).unwrap();
        assert_eq!(most.plus(Volume::new(1).unwrap()), most);
    }
}
