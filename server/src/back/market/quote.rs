//! How a symbol stands now.

use serde::Serialize;
use serde::ser::{SerializeStruct as _, Serializer};

use crate::market::{Price, Scale, Symbol, Volume};

/// How a symbol stands now, on the exchange's day of its last trade.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::back) struct Quote {
    pub(super) symbol: Symbol,
    /// Decimals of its prices: they may be others than when it was listed.
    pub(super) scale: Scale,
    /// When it was last traded.
    pub(super) at: i64,
    pub(super) price: Price,
    pub(super) open: Price,
    pub(super) high: Price,
    pub(super) low: Price,
    /// Of the day before, if there was one.
    pub(super) previous_close: Option<Price>,
    pub(super) volume: Volume,
    pub(super) state: State,
}

/// Whether a symbol can be traded now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(in crate::back) enum State {
    Open,
    Halted,
}

/// With its `type`, which comes first.
impl Serialize for Quote {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut quote = serializer.serialize_struct("Quote", 11)?;
        quote.serialize_field("type", "quote")?;
        quote.serialize_field("symbol", &self.symbol)?;
        quote.serialize_field("scale", &self.scale)?;
        quote.serialize_field("at", &self.at)?;
        quote.serialize_field("price", &self.price)?;
        quote.serialize_field("open", &self.open)?;
        quote.serialize_field("high", &self.high)?;
        quote.serialize_field("low", &self.low)?;
        quote.serialize_field("previous_close", &self.previous_close)?;
        quote.serialize_field("volume", &self.volume)?;
        quote.serialize_field("state", &self.state)?;
        quote.end()
    }
}
