//! `madang market replay FILE`: a recorded market, played by both servers.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::fs::File;
use std::io::BufReader;

use clap::{Args, Subcommand};

use super::turn::Turn;
use crate::config::Problem;
use crate::market::{Pace, PaceChange, Recording, Speed, Symbol, Tick, Volume, format_time};

/// What was typed after `madang market`.
#[derive(Clone, Debug, PartialEq, Subcommand)]
pub enum MarketCommand {
    /// Start both servers with a recorded market, and show how far it is
    Replay(ReplayFlags),
}

/// What was typed after `madang market replay`.
#[derive(Args, Clone, Debug, PartialEq)]
pub struct ReplayFlags {
    /// A file of CSV: time,symbol,price,volume
    #[arg(value_name = "FILE")]
    pub file: String,
    /// How much faster than it was, 1 to 1000
    #[arg(long, default_value = "1", value_name = "N")]
    pub speed: Speed,
    /// Where to begin: 2026-03-02T09:30:00+09:00, 09:30 or +30m
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub from: Option<String>,
    /// Only read the file, and print what is in it; exit code 1 and the reason if it's wrong
    #[arg(long)]
    pub check: bool,
}

impl ReplayFlags {
    /// The file as the setting `market_feed` names it: some names would be other feeds.
    pub fn market_feed(&self) -> String {
        if self.file.contains('/') {
            self.file.clone()
        } else {
            format!("./{}", self.file)
        }
    }

    /// How this recording is to begin.
    pub(crate) fn begin(&self, recording: &Recording) -> Result<PaceChange, Problem> {
        let state = Pace::new(recording.from(), recording.to(), self.speed, 0).state(0);
        let seek = match &self.from {
            None => None,
            Some(text) => {
                let turn = Turn::seek(text, &state, offset(recording));
                let at = turn.and_then(|turn| turn.change(&state).seek_ms);
                let at = at.filter(|at| (recording.from()..=recording.to()).contains(at));
                Some(at.ok_or_else(|| self.wrong_time(text, recording))?)
            }
        };
        Ok(PaceChange {
            speed: Some(self.speed),
            seek_ms: seek,
            paused: None,
        })
    }

    fn wrong_time(&self, text: &str, recording: &Recording) -> Problem {
        let [from, to] = [recording.from(), recording.to()].map(|at| format_time(at, offset(recording)));
        Problem(format!(
            "--from `{text}` isn't a time in {}: give one from {from} to {to}, a time of its first day such as 09:30, or how far in, such as +30m",
            self.file
        ))
    }
}

/// Minutes before UTC of the clock by which a recording's times are shown: that of its first symbol.
pub(crate) fn offset(recording: &Recording) -> i16 {
    let first = recording.listings().first();
    first.map_or(0, |listing| listing.utc_offset_minutes)
}

/// Reads a file and prints what is in it.
///
/// # Errors
/// It can't be read, or not be played, in one line.
pub fn check(flags: &ReplayFlags) -> Result<(), Problem> {
    let wrong = |why: String| Problem(format!("{}: {why}", flags.file));
    let file = File::open(&flags.file).map_err(|error| wrong(error.to_string()))?;
    let recording = Recording::read(BufReader::new(file)).map_err(|error| wrong(error.to_string()))?;
    flags.begin(&recording)?;
    print!("{}", table(&recording));
    Ok(())
}

/// What is known of the ticks of one symbol.
#[derive(Clone, Copy)]
struct Row {
    ticks: usize,
    first: Tick,
    last: Tick,
    low: Tick,
    high: Tick,
    volume: Volume,
}

fn table(recording: &Recording) -> String {
    let mut rows: HashMap<Symbol, Row> = HashMap::new();
    for tick in recording.ticks() {
        let row = rows.entry(tick.symbol).or_insert(Row {
            ticks: 0,
            first: *tick,
            last: *tick,
            low: *tick,
            high: *tick,
            volume: Volume::NONE,
        });
        row.ticks += 1;
        row.last = *tick;
        row.low = if tick.price < row.low.price {
            *tick
        } else {
            row.low
        };
        row.high = if tick.price > row.high.price {
            *tick
        } else {
            row.high
        };
        row.volume = row.volume.plus(tick.volume);
    }
    let [from, to] = [recording.from(), recording.to()].map(|at| format_time(at, offset(recording)));
    let mut table = format!("{} ticks from {from} to {to}\n", recording.ticks().len());
    if recording.out_of_order() > 0 {
        // Writing to a text doesn't fail.
        let _ = writeln!(
            table,
            "{} of them stand behind a later one; they are played in order of time",
            recording.out_of_order()
        );
    }
    let _ = writeln!(
        table,
        "{:<12} {:>9} {:>14} {:>14} {:>14} {:>14} {:>14}  currency, name",
        "symbol", "ticks", "first", "high", "low", "last", "volume"
    );
    for listing in recording.listings() {
        let Some(row) = rows.get(&listing.symbol) else {
            continue;
        };
        let [first, high, low, last] =
            [row.first, row.high, row.low, row.last].map(|tick| tick.price.write(listing.scale));
        let _ = writeln!(
            table,
            "{:<12} {:>9} {first:>14} {high:>14} {low:>14} {last:>14} {:>14}  {} {}",
            listing.symbol,
            row.ticks,
            row.volume.lots(),
            listing.currency,
            listing.name_en
        );
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::market::parse_time;

    fn flags(from: Option<&str>) -> ReplayFlags {
        ReplayFlags {
            file: "a.csv".to_owned(),
            speed: Speed::NORMAL,
            from: from.map(str::to_owned),
            check: false,
        }
    }

    fn recording() -> Recording {
        let text = "time,symbol,price,volume,name_en,currency\n\
                    2026-03-02T09:00:00+09:00,A,10.5,1,Alpha,KRW\n\
                    2026-03-02T10:00:00+09:00,A,9,2,,\n\
                    2026-03-02T09:30:00+09:00,B.1,300,5,,\n\
                    2026-03-02T09:45:00+09:00,A,12.25,4,,\n";
        Recording::read(text.as_bytes()).unwrap()
    }

    #[test]
    fn a_name_that_another_feed_has_is_still_a_file() {
        for (file, feed) in [
            ("simulator", "./simulator"),
            ("a.csv", "./a.csv"),
            ("/a/none", "/a/none"),
        ] {
            let flags = ReplayFlags {
                file: file.to_owned(),
                ..flags(None)
            };
            assert_eq!(flags.market_feed(), feed);
        }
    }

    #[test]
    fn a_replay_begins_where_it_is_told_to() {
        let begin = |from| flags(from).begin(&recording()).map(|change| change.seek_ms);
        let at = |text| Ok(Some(parse_time(text).unwrap()));
        assert_eq!(begin(None), Ok(None));
        assert_eq!(begin(Some("09:30")), at("2026-03-02T09:30:00+09:00"));
        assert_eq!(begin(Some("+45m")), at("2026-03-02T09:45:00+09:00"));
        assert_eq!(begin(Some("2026-03-02T01:00:00Z")), at("2026-03-02T01:00:00Z"));
        for wrong in ["10:01", "-1s", "soon", "2026-03-01T09:30:00+09:00"] {
            let Problem(why) = begin(Some(wrong)).unwrap_err();
            let expected =
                format!("--from `{wrong}` isn't a time in a.csv: give one from 2026-03-02T09:00:00+09:00 to");
            assert!(why.starts_with(&expected), "{why}");
        }
    }

    #[test]
    fn a_table_says_what_is_in_a_file() {
        let table = table(&recording());
        let lines: Vec<_> = table
            .lines()
            .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
            .collect();
        assert_eq!(
            lines,
            [
                "4 ticks from 2026-03-02T09:00:00+09:00 to 2026-03-02T10:00:00+09:00",
                "1 of them stand behind a later one; they are played in order of time",
                "symbol ticks first high low last volume currency, name",
                "A 3 10.50 12.25 9.00 9.00 7 KRW Alpha",
                "B.1 1 300 300 300 300 5 B.1",
            ]
        );
    }
}
