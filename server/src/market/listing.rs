//! What can be traded.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::values::{Scale, Symbol};

/// A symbol and what is to be known about it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "Written")]
pub struct Listing {
    /// By what it's traded.
    pub symbol: Symbol,
    /// Its name in English, at most [`Self::NAME_LEN`] characters.
    pub name_en: String,
    /// Its name in Korean, at most [`Self::NAME_LEN`] characters.
    pub name_ko: String,
    /// Decimals of its prices.
    pub scale: Scale,
    /// How far the exchange's clock is before UTC: 540 in Seoul. Days begin by it.
    pub utc_offset_minutes: i16,
    /// In what it's paid, such as `KRW`; empty if that isn't known.
    pub currency: String,
}

/// What is wrong with a listing.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum NoListing {
    /// No [`Symbol`].
    #[error("the symbol must be 1 to {} of A-Z0-9.", Symbol::MAX_LEN)]
    Symbol,
    /// More characters than [`Listing::NAME_LEN`], or one that isn't seen.
    #[error(
        "a name must have at most {} characters, none of them a control character",
        Listing::NAME_LEN
    )]
    Name,
    /// No [`Scale`].
    #[error("the scale must be 0 to {}", Scale::MAX)]
    Scale,
    /// No place on earth has such a clock.
    #[error("the UTC offset must be at most {} minutes", Listing::OFFSET_LIMIT)]
    Offset,
    /// Neither three capital letters nor empty.
    #[error("a currency must be three letters of A-Z")]
    Currency,
}

/// A listing as others write it.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Written {
    pub(super) symbol: String,
    #[serde(default)]
    pub(super) name_en: String,
    #[serde(default)]
    pub(super) name_ko: String,
    #[serde(default)]
    pub(super) scale: u8,
    #[serde(default)]
    pub(super) utc_offset_minutes: i16,
    #[serde(default)]
    pub(super) currency: String,
}

impl Listing {
    /// Characters of a name: what fits into a row of a list.
    pub const NAME_LEN: usize = 60;

    /// Minutes that a clock is before or behind UTC at most: 14 hours, on the Line Islands.
    pub const OFFSET_LIMIT: i16 = 14 * 60;
}

impl TryFrom<Written> for Listing {
    type Error = NoListing;

    /// Without a name, the symbol is the name; with one name alone, it's the name in both languages.
    fn try_from(written: Written) -> Result<Self, NoListing> {
        let symbol: Symbol = written.symbol.parse().map_err(|_| NoListing::Symbol)?;
        let [en, ko] = [written.name_en.trim(), written.name_ko.trim()];
        let name = |first: &str, second: &str| {
            let name = [first, second].into_iter().find(|name| !name.is_empty());
            let name = name.unwrap_or(symbol.as_str());
            let fits = name.chars().count() <= Self::NAME_LEN && !name.chars().any(char::is_control);
            fits.then(|| name.to_owned()).ok_or(NoListing::Name)
        };
        let (name_en, name_ko) = (name(en, ko)?, name(ko, en)?);
        let currency = written.currency;
        if !(currency.is_empty() || currency.len() == 3 && currency.bytes().all(|b| b.is_ascii_uppercase())) {
            return Err(NoListing::Currency);
        }
        if !(-Self::OFFSET_LIMIT..=Self::OFFSET_LIMIT).contains(&written.utc_offset_minutes) {
            return Err(NoListing::Offset);
        }
        Ok(Self {
            symbol,
            name_en,
            name_ko,
            scale: Scale::new(written.scale).map_err(|_| NoListing::Scale)?,
            utc_offset_minutes: written.utc_offset_minutes,
            currency,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(change: impl FnOnce(&mut Written)) -> Result<Listing, NoListing> {
        let mut written: Written = serde_json::from_str(r#"{"symbol": "A"}"#).unwrap();
        change(&mut written);
        written.try_into()
    }

    #[test]
    fn what_is_not_said_about_a_symbol_is_filled_in() {
        let names = |listing: Listing| (listing.name_en, listing.name_ko);
        assert_eq!(names(read(|_| ()).unwrap()), ("A".into(), "A".into()));
        let korean = read(|written| written.name_ko = " 가나 ".into()).unwrap();
        assert_eq!(names(korean), ("가나".into(), "가나".into()));
    }

    #[test]
    fn a_listing_that_breaks_a_rule_is_refused() {
        assert_eq!(
            read(|written| written.symbol = "a".into()),
            Err(NoListing::Symbol)
        );
        assert_eq!(read(|written| written.scale = 7), Err(NoListing::Scale));
        assert!(read(|written| written.name_en = "가".repeat(60)).is_ok());
        assert_eq!(
            read(|written| written.name_en = "가".repeat(61)),
            Err(NoListing::Name)
        );
        assert_eq!(
            read(|written| written.name_ko = "a\u{7}b".into()),
            Err(NoListing::Name)
        );
        assert!(read(|written| written.utc_offset_minutes = -840).is_ok());
        assert_eq!(
            read(|written| written.utc_offset_minutes = 841),
            Err(NoListing::Offset)
        );
        for currency in ["krw", "KR", "KRWX"] {
            assert_eq!(
                read(|written| written.currency = currency.into()),
                Err(NoListing::Currency)
            );
        }
    }
}
