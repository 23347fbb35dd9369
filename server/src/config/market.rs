//! Where the market's ticks come from.

use std::fs::File;
use std::io::BufReader;
use std::sync::Arc;

use crate::back::FeedSource;
use crate::market::{Recording, SYMBOLS_LIMIT, Speed, TICKS_LIMIT};

/// A simulator, a file, another server, or nothing.
pub(super) fn source(text: &str) -> Result<FeedSource, String> {
    if let Some(seed) = text.strip_prefix("simulator") {
        return simulator(seed);
    }
    match text {
        "none" => Ok(FeedSource::None),
        url if url.starts_with("ws://") => match url.parse::<http::Uri>() {
            Ok(_) => Ok(FeedSource::WebSocket(url.to_owned())),
            Err(error) => Err(format!("isn't a WebSocket address: {error}")),
        },
        url if url.contains("://") => {
            Err("must be simulator, simulator:SEED, a file, ws://... or none".to_owned())
        }
        path => recording(path),
    }
}

/// Without a seed of its own it is always the same market.
fn simulator(seed: &str) -> Result<FeedSource, String> {
    let wrong = || "must be simulator or simulator:SEED, where SEED is a whole number".to_owned();
    match seed.strip_prefix(':') {
        Some(seed) => seed.parse().map(FeedSource::Simulator).map_err(|_| wrong()),
        None if seed.is_empty() => Ok(FeedSource::Simulator(1)),
        None => Err(wrong()),
    }
}

fn recording(path: &str) -> Result<FeedSource, String> {
    let file = File::open(path).map_err(|error| format!("can't be read: {error}"))?;
    let recording =
        Recording::read(BufReader::new(file)).map_err(|error| format!("can't be played: {error}"))?;
    Ok(FeedSource::Replay(Arc::new(recording), Speed::NORMAL))
}

/// How many symbols.
pub(super) fn symbols(text: &str) -> Result<usize, String> {
    let number = text
        .parse()
        .ok()
        .filter(|number| (1..=SYMBOLS_LIMIT).contains(number));
    number.ok_or_else(|| format!("isn't a number of symbols from 1 to {SYMBOLS_LIMIT}"))
}

/// How many ticks a second.
pub(super) fn ticks(text: &str) -> Result<u32, String> {
    let number = text
        .parse()
        .ok()
        .filter(|number| (1..=TICKS_LIMIT).contains(number));
    number.ok_or_else(|| format!("isn't a number of ticks a second from 1 to {TICKS_LIMIT}"))
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[test]
    fn a_feed_is_a_simulator_a_file_another_server_or_nothing() {
        assert!(matches!(source("simulator"), Ok(FeedSource::Simulator(1))));
        assert!(matches!(source("simulator:7"), Ok(FeedSource::Simulator(7))));
        assert!(matches!(source("none"), Ok(FeedSource::None)));
        assert!(matches!(
            source("ws://127.0.0.1:1/feed"),
            Ok(FeedSource::WebSocket(_))
        ));
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(b"time,symbol,price,volume\n1,A,2,3\n").unwrap();
        assert!(matches!(
            source(file.path().to_str().unwrap()),
            Ok(FeedSource::Replay(..))
        ));
        file.write_all(b"2,A,x,3\n").unwrap();
        let why = source(file.path().to_str().unwrap()).unwrap_err();
        assert!(why.contains("line 3, column 3"), "{why}");
        for wrong in [
            "simulator:",
            "simulator:x",
            "simulators",
            "wss://a",
            "ws://",
            "ws://a b",
            "",
            "/no/such.csv",
        ] {
            assert!(source(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn numbers_have_bounds() {
        assert_eq!((symbols("1"), symbols("2000")), (Ok(1), Ok(2000)));
        assert_eq!((ticks("1"), ticks("100")), (Ok(1), Ok(100)));
        assert!(symbols("0").is_err() && symbols("2001").is_err() && symbols("x").is_err());
        assert!(ticks("0").is_err() && ticks("101").is_err() && ticks("1.5").is_err());
    }
}
