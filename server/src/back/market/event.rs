//! What the market says, and its JSON: the same by both kinds of socket.

use serde::Serialize;

use super::quote::Quote;
use super::refused::Refused;
use crate::chat::Written;
use crate::market::{Interval, Symbol};

/// One message to a viewer.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Event<'a> {
    /// The answer to `watch` and `resume`.
    Watching {
        /// All that is watched now, by symbol.
        symbols: Vec<Symbol>,
        /// How those stand that were added.
        quotes: Vec<Quote>,
    },
    /// The answer to `chart`.
    Charting {
        symbol: Option<Symbol>,
        #[serde(skip_serializing_if = "Option::is_none")]
        interval: Option<Interval>,
        #[serde(flatten)]
        begun: Option<Begun>,
    },
    /// A bar has changed.
    Bar {
        symbol: Symbol,
        interval: Interval,
        /// Its place among the changes of this chart.
        offset: u64,
        bar: [i64; 7],
    },
    /// So many changes of a chart are missing: its bars are to be fetched again.
    Skipped { count: u64 },
    /// A command was refused.
    Error {
        code: &'static str,
        message: String,
        /// When the same may be tried again, in milliseconds from now.
        #[serde(skip_serializing_if = "Option::is_none")]
        retry_after_ms: Option<u64>,
    },
    /// A trade has changed a quote.
    #[serde(skip)]
    Quote(&'a Quote),
}

/// Where a chart goes on.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Begun {
    /// Where its changes are now.
    pub(super) offset: u64,
    /// Of which numbering.
    pub(super) epoch: String,
    /// Whether the changes behind the offset that was named follow at once; else the bars are to be fetched again.
    pub(super) recovered: bool,
}

impl Event<'_> {
    /// The event as the text of one message.
    pub(super) fn write(&self) -> Written {
        let (name, json) = match self {
            Self::Watching { .. } => ("watching", serde_json::to_string(self)),
            Self::Charting { .. } => ("charting", serde_json::to_string(self)),
            Self::Bar { .. } => ("bar", serde_json::to_string(self)),
            Self::Skipped { .. } => ("skipped", serde_json::to_string(self)),
            Self::Error { .. } => ("error", serde_json::to_string(self)),
            Self::Quote(quote) => ("quote", serde_json::to_string(quote)),
        };
        Written {
            name,
            // Fails only for maps with keys other than text, of which there are none.
            json: json.unwrap_or_default(),
        }
    }
}

impl From<&Refused> for Event<'_> {
    fn from(refused: &Refused) -> Self {
        Self::Error {
            code: refused.code(),
            message: refused.to_string(),
            retry_after_ms: refused.retry_after_ms(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::back::market::quote::State;
    use crate::market::{Price, Scale, Volume};

    #[test]
    fn is_written_as_documented() {
        let symbol: Symbol = "005930".parse().unwrap();
        let price = |units| Price::new(units).unwrap();
        let quote = Quote {
            symbol,
            scale: Scale::new(2).unwrap(),
            at: 9,
            price: price(5),
            open: price(4),
            high: price(6),
            low: price(3),
            previous_close: None,
            volume: Volume::new(7).unwrap(),
            state: State::Open,
        };
        let written = r#"{"type":"quote","symbol":"005930","scale":2,"at":9,"price":5,"open":4,"high":6,"low":3,"previous_close":null,"volume":7,"state":"open"}"#;
        assert_eq!(Event::Quote(&quote).write().json, written);
        let begun = Begun {
            offset: 3,
            epoch: "e".to_owned(),
            recovered: true,
        };
        for (event, json) in [
            (
                Event::Watching {
                    symbols: vec![symbol],
                    quotes: vec![quote],
                },
                format!(r#"{{"type":"watching","symbols":["005930"],"quotes":[{written}]}}"#),
            ),
            (
                Event::Charting {
                    symbol: Some(symbol),
                    interval: Some(Interval::M1),
                    begun: Some(begun),
                },
                r#"{"type":"charting","symbol":"005930","interval":"1m","offset":3,"epoch":"e","recovered":true}"#.to_owned(),
            ),
            (
                Event::Charting {
                    symbol: None,
                    interval: None,
                    begun: None,
                },
                r#"{"type":"charting","symbol":null}"#.to_owned(),
            ),
            (
                Event::Bar {
                    symbol,
                    interval: Interval::D1,
                    offset: 4,
                    bar: [1, 2, 3, 4, 5, 6, 7],
                },
                r#"{"type":"bar","symbol":"005930","interval":"1D","offset":4,"bar":[1,2,3,4,5,6,7]}"#.to_owned(),
            ),
            (Event::Skipped { count: 2 }, r#"{"type":"skipped","count":2}"#.to_owned()),
        ] {
            let written = event.write();
            assert_eq!(written.json, json);
            let body = &written.body().get()[1..].to_owned();
            assert_eq!(format!(r#"{{"type":"{}",{body}"#, written.name), json);
        }
    }
}
