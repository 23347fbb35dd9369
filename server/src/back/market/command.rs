//! What a viewer says: JSON in, a [`Command`] with sound values out.

use madang_hub::Position;
use serde::Deserialize;

use super::WATCH_LIMIT;
use super::refused::Refused;
use super::series::Series;
use crate::chat::{MAX_OFFSET, Refusal};
use crate::market::Symbol;

/// A viewer's command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Command {
    /// Watch some more symbols, and some no longer.
    Watch { add: Vec<Symbol>, remove: Vec<Symbol> },
    /// Follow a chart from where its bars are known, or none any more.
    Chart {
        series: Option<Series>,
        since: Option<Position>,
    },
    /// Nobody looks: say nothing.
    Pause,
    /// Somebody looks again.
    Resume,
}

/// The fields of every command.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Fields {
    #[serde(rename = "type")]
    kind: Option<String>,
    #[serde(default)]
    add: Vec<String>,
    #[serde(default)]
    remove: Vec<String>,
    symbol: Option<String>,
    interval: Option<String>,
    offset: Option<u64>,
    epoch: Option<String>,
}

impl Command {
    /// Reads one text message. Fields that a command doesn't know are ignored.
    pub(super) fn parse(json: &str) -> Result<Self, Refused> {
        let mut fields: Fields = serde_json::from_str(json).map_err(Refusal::bad_json)?;
        let kind = fields.kind.take();
        fields.command(kind.as_deref().unwrap_or_default())
    }
}

impl Fields {
    /// The command of this type.
    pub(super) fn command(self, kind: &str) -> Result<Command, Refused> {
        match kind {
            "watch" => Ok(Command::Watch {
                add: symbols(&self.add)?,
                remove: symbols(&self.remove)?,
            }),
            "chart" => self.chart(),
            "pause" => Ok(Command::Pause),
            "resume" => Ok(Command::Resume),
            _ => Err(Refused::unknown_type()),
        }
    }

    fn chart(self) -> Result<Command, Refused> {
        let Some(symbol) = self.symbol else {
            return Ok(Command::Chart {
                series: None,
                since: None,
            });
        };
        let interval = self.interval.unwrap_or_default();
        let interval = interval
            .parse()
            .map_err(|error| Refused::Invalid(format!("`interval` {error}")))?;
        let symbol = symbol.parse().map_err(|_| Refused::SymbolUnknown)?;
        let since = match (self.offset, self.epoch) {
            (None, None) => None,
            (Some(offset @ 0..=MAX_OFFSET), Some(epoch)) => Some(Position {
                offset,
                epoch: epoch.parse().map_err(|_| Refused::position())?,
            }),
            _ => return Err(Refused::position()),
        };
        Ok(Command::Chart {
            series: Some(Series { symbol, interval }),
            since,
        })
    }
}

/// Some symbols, each once. What isn't one is listed nowhere.
pub(in crate::back) fn symbols(texts: &[impl AsRef<str>]) -> Result<Vec<Symbol>, Refused> {
    if texts.len() > WATCH_LIMIT {
        return Err(Refused::WatchLimit);
    }
    let symbols: Result<Vec<Symbol>, _> = texts.iter().map(|text| text.as_ref().parse()).collect();
    let mut symbols = symbols.map_err(|_| Refused::SymbolUnknown)?;
    symbols.sort();
    symbols.dedup();
    Ok(symbols)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::Code;
    use crate::market::Interval;

    fn code(json: &str) -> &'static str {
        Command::parse(json).unwrap_err().code()
    }

    #[test]
    fn commands_are_read_as_documented() {
        let symbol = |text: &str| text.parse::<Symbol>().unwrap();
        let watch = r#"{"type":"watch","add":["B","A","B"],"remove":["C"],"more":1}"#;
        assert_eq!(
            Command::parse(watch).unwrap(),
            Command::Watch {
                add: vec![symbol("A"), symbol("B")],
                remove: vec![symbol("C")]
            }
        );
        let chart = r#"{"type":"chart","symbol":"A","interval":"1D","offset":3,"epoch":"000000000000bea7"}"#;
        let since = Position {
            offset: 3,
            epoch: "000000000000bea7".parse().unwrap(),
        };
        let series = Some(Series {
            symbol: symbol("A"),
            interval: Interval::D1,
        });
        assert_eq!(
            Command::parse(chart).unwrap(),
            Command::Chart {
                series,
                since: Some(since)
            }
        );
        let none = Command::Chart {
            series: None,
            since: None,
        };
        assert_eq!(Command::parse(r#"{"type":"chart","symbol":null}"#).unwrap(), none);
        assert_eq!(Command::parse(r#"{"type":"pause"}"#).unwrap(), Command::Pause);
        assert_eq!(Command::parse(r#"{"type":"resume"}"#).unwrap(), Command::Resume);
    }

    #[test]
    fn what_is_no_command_is_refused_by_its_first_mistake() {
        assert_eq!(code("nonsense"), Code::BadJson.as_str());
        assert_eq!(code("[]"), Code::BadJson.as_str());
        assert_eq!(code(r#"{"type":"watch","add":"A"}"#), Code::BadJson.as_str());
        assert_eq!(code("{}"), Code::UnknownType.as_str());
        assert_eq!(code(r#"{"type":"buy"}"#), Code::UnknownType.as_str());
        assert_eq!(code(r#"{"type":"watch","add":["a b"]}"#), "symbol_unknown");
        assert_eq!(
            code(r#"{"type":"chart","symbol":"A","interval":"2m"}"#),
            "market_invalid"
        );
        assert_eq!(code(r#"{"type":"chart","symbol":"A"}"#), "market_invalid");
        for position in [
            r#""offset":1"#,
            r#""epoch":"000000000000bea7""#,
            r#""offset":1,"epoch":"x""#,
            r#""offset":9007199254740992,"epoch":"000000000000bea7""#,
        ] {
            let chart = format!(r#"{{"type":"chart","symbol":"A","interval":"1m",{position}}}"#);
            assert_eq!(code(&chart), "market_invalid", "{position}");
        }
    }

    #[test]
    fn one_command_names_so_many_symbols() {
        let watch = |count: usize| {
            let add: Vec<_> = (0..count).map(|n| format!("A{n}")).collect();
            Command::parse(&serde_json::json!({"type": "watch", "add": add}).to_string())
        };
        assert!(watch(WATCH_LIMIT).is_ok());
        assert_eq!(watch(WATCH_LIMIT + 1).unwrap_err().code(), "watch_limit");
    }
}
