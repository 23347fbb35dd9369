//! A market written down: rows of CSV, each a trade.

use std::collections::HashMap;
use std::io::{self, Read as _};

use csv::{ErrorKind, ReaderBuilder, StringRecord, Trim};
use thiserror::Error;

use super::listing::{Listing, Written};
use super::listings::SYMBOLS_LIMIT;
use super::time;
use super::values::{Price, Scale, Symbol, Tick, Volume};

/// Ticks of a recording: a busy exchange's day, in 240 MB of memory.
pub const RECORDING_TICKS: usize = 5_000_000;

/// Bytes of a file: [`RECORDING_TICKS`] rows of 100.
pub const RECORDING_BYTES: u64 = 500_000_000;

/// Trades in the order in which they happened. There is at least one.
#[derive(Clone, Debug)]
pub struct Recording {
    listings: Vec<Listing>,
    ticks: Vec<Tick>,
    out_of_order: usize,
}

/// What is wrong with a file, and what to do about it.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum RecordingError {
    /// A value isn't what its column says.
    #[error("line {line}, column {column} ({name}): {problem}")]
    Value {
        /// Counted from 1, comments and empty lines too.
        line: u64,
        /// Counted from 1.
        column: usize,
        /// What the column is called.
        name: &'static str,
        /// What is wrong with it, and what to do.
        problem: String,
    },
    /// A line isn't a row.
    #[error("line {line}: {problem}")]
    Row {
        /// Counted from 1.
        line: u64,
        /// What is wrong with it.
        problem: String,
    },
    /// The first line doesn't name the columns.
    #[error("the first line must name the columns, such as time,symbol,price,volume: {0}")]
    Columns(String),
    /// It has no ticks.
    #[error("there are no ticks: behind the line with the columns, each line is one")]
    Empty,
    /// More than [`RECORDING_TICKS`].
    #[error("there are more than {0} ticks: give a shorter time or fewer symbols a file of its own")]
    TooLong(usize),
    /// More than [`SYMBOLS_LIMIT`].
    #[error("there are more than {SYMBOLS_LIMIT} symbols: leave some out")]
    TooManySymbols,
    /// More than [`RECORDING_BYTES`].
    #[error(
        "the file has more than {RECORDING_BYTES} bytes: give a shorter time or fewer symbols a file of its own"
    )]
    TooLarge,
    /// The file can't be read to its end.
    #[error("{0}")]
    Read(String),
}

/// The columns that there may be.
const NAMES: [&str; 7] = [
    "time", "symbol", "price", "volume", "name_en", "name_ko", "currency",
];

/// How many of [`NAMES`] there must be.
const NEEDED: usize = 4;

/// Prices are read with all decimals that there can be, until it's known how many there are.
const DECIMALS: u8 = Scale::MAX;

/// Where each of [`NAMES`] stands.
struct Columns([Option<usize>; NAMES.len()]);

/// One line behind the first.
struct Row<'a> {
    record: &'a StringRecord,
    columns: &'a Columns,
    /// Which line it is: counted only when somebody is to be told.
    line: &'a dyn Fn() -> u64,
}

/// What the rows so far say about their symbols.
#[derive(Default)]
struct Companies {
    places: HashMap<Symbol, usize>,
    listings: Vec<Listing>,
}

impl Recording {
    /// Reads a file. Empty lines and lines that begin with `#` say nothing; rows may be in any order of time.
    ///
    /// # Errors
    /// The first [`RecordingError`] in it.
    pub fn read(file: impl io::Read) -> Result<Self, RecordingError> {
        let mut text = Vec::new();
        let read = file.take(RECORDING_BYTES + 1).read_to_end(&mut text);
        let count = read.map_err(|error| RecordingError::Read(error.to_string()))?;
        if count as u64 > RECORDING_BYTES {
            return Err(RecordingError::TooLarge);
        }
        Self::parse(&text, RECORDING_TICKS)
    }

    fn parse(text: &[u8], limit: usize) -> Result<Self, RecordingError> {
        let mut builder = ReaderBuilder::new();
        let mut reader = builder.comment(Some(b'#')).trim(Trim::All).from_reader(text);
        let columns = match reader.headers() {
            Ok(header) => Columns::find(header)?,
            Err(error) => return Err(wrong_row(&error, 1)),
        };
        let mut written = Companies::default();
        let mut ticks: Vec<Tick> = Vec::new();
        let mut record = StringRecord::new();
        loop {
            let more = reader.read_record(&mut record);
            let line = || line_before(text, reader.position().byte());
            match more {
                Ok(true) if ticks.len() == limit => return Err(RecordingError::TooLong(limit)),
                Ok(true) => {}
                Ok(false) => break,
                Err(error) => return Err(wrong_row(&error, line())),
            }
            let row = Row {
                record: &record,
                columns: &columns,
                line: &line,
            };
            ticks.push(written.read(&row)?);
        }
        if ticks.is_empty() {
            return Err(RecordingError::Empty);
        }
        let out_of_order = ticks
            .windows(2)
            .filter(|pair| pair[0].at_ms > pair[1].at_ms)
            .count();
        // Stable: what has the same time stays in the order of the file.
        ticks.sort_by_key(|tick| tick.at_ms);
        for (tick, sequence) in ticks.iter_mut().zip(1..) {
            tick.sequence = sequence;
            tick.price = written.rescale(tick);
        }
        Ok(Self {
            listings: written.listings,
            ticks,
            out_of_order,
        })
    }

    /// Its symbols, in the order in which the file names them.
    pub fn listings(&self) -> &[Listing] {
        &self.listings
    }

    /// Its ticks, in order of time, numbered from 1.
    pub fn ticks(&self) -> &[Tick] {
        &self.ticks
    }

    /// When the first tick was.
    pub fn from(&self) -> i64 {
        self.ticks.first().map_or(0, |tick| tick.at_ms)
    }

    /// When the last tick was.
    pub fn to(&self) -> i64 {
        self.ticks.last().map_or(0, |tick| tick.at_ms)
    }

    /// How many rows stand behind a later one in the file.
    pub fn out_of_order(&self) -> usize {
        self.out_of_order
    }
}

impl Columns {
    fn find(header: &StringRecord) -> Result<Self, RecordingError> {
        let header: Vec<_> = header
            .iter()
            .map(|name| name.trim_start_matches('\u{feff}').trim())
            .collect();
        if let Some(unknown) = header.iter().find(|name| !NAMES.contains(name)) {
            let known = NAMES.join(", ");
            return Err(RecordingError::Columns(format!(
                "`{unknown}` isn't one of {known}"
            )));
        }
        let columns = NAMES.map(|name| header.iter().position(|one| *one == name));
        let missing = NAMES
            .iter()
            .zip(columns)
            .take(NEEDED)
            .find(|(_, place)| place.is_none());
        match missing {
            Some((name, _)) => Err(RecordingError::Columns(format!("`{name}` is missing"))),
            None if columns.iter().flatten().count() < header.len() => {
                Err(RecordingError::Columns("one is named twice".to_owned()))
            }
            None => Ok(Self(columns)),
        }
    }
}

impl Row<'_> {
    fn wrong(&self, problem: String) -> RecordingError {
        RecordingError::Row {
            line: (self.line)(),
            problem,
        }
    }

    fn text(&self, name: usize) -> &str {
        let place = self.columns.0.get(name).copied().flatten();
        place.and_then(|place| self.record.get(place)).unwrap_or_default()
    }

    /// The value in the column that has the place `name` in [`NAMES`].
    fn read<T>(
        &self,
        name: usize,
        read: impl FnOnce(&str) -> Result<T, &'static str>,
    ) -> Result<T, RecordingError> {
        let text = self.text(name);
        read(text).map_err(|hint| RecordingError::Value {
            line: (self.line)(),
            column: self
                .columns
                .0
                .get(name)
                .copied()
                .flatten()
                .map_or(0, |place| place + 1),
            name: NAMES.get(name).copied().unwrap_or_default(),
            problem: format!("`{}`: {hint}", text.chars().take(40).collect::<String>()),
        })
    }
}

impl Companies {
    fn read(&mut self, row: &Row<'_>) -> Result<Tick, RecordingError> {
        let (at_ms, offset) = row.read(0, |text| {
            const HINT: &str = "give milliseconds since 1970 or a time such as 2026-03-02T09:00:00+09:00";
            time::parse(text).ok_or(HINT)
        })?;
        let symbol: Symbol = row.read(1, |text| text.parse().map_err(|_| "give 1 to 12 of A-Z0-9."))?;
        let (price, scale) = row.read(2, read_price)?;
        let volume = row.read(3, |text| {
            let volume = text.parse().ok().and_then(|lots| Volume::new(lots).ok());
            volume.ok_or("give a whole number of lots")
        })?;
        let place = *self.places.entry(symbol).or_insert(self.listings.len());
        if place == self.listings.len() {
            if place == SYMBOLS_LIMIT {
                return Err(RecordingError::TooManySymbols);
            }
            let listing = Listing::try_from(Written {
                symbol: symbol.to_string(),
                name_en: row.text(4).to_owned(),
                name_ko: row.text(5).to_owned(),
                scale: 0,
                utc_offset_minutes: offset.unwrap_or(0),
                currency: row.text(6).to_owned(),
            });
            self.listings
                .push(listing.map_err(|error| row.wrong(error.to_string()))?);
        }
        if let Some(listing) = self.listings.get_mut(place) {
            listing.scale = listing.scale.max(scale);
        }
        Ok(Tick {
            symbol,
            at_ms,
            price,
            volume,
            sequence: 0,
        })
    }

    /// The price with as many decimals as its symbol has, now that it is known how many.
    fn rescale(&self, tick: &Tick) -> Price {
        let listing = self
            .places
            .get(&tick.symbol)
            .and_then(|place| self.listings.get(*place));
        let surplus = listing.map_or(0, |listing| DECIMALS - listing.scale.decimals());
        // All decimals that are dropped are zeros.
        Price::new(tick.price.units() / 10_i64.pow(u32::from(surplus))).unwrap_or(tick.price)
    }
}

/// A price with [`DECIMALS`], and how many it was written with.
fn read_price(text: &str) -> Result<(Price, Scale), &'static str> {
    const HINT: &str = "give a price such as 71.25, above zero and below 9 billion, with at most 6 decimals";
    let all = Scale::new(DECIMALS).map_err(|_| HINT)?;
    let price = Price::read(text, all).map_err(|_| HINT)?;
    let decimals = text.split_once('.').map_or(0, |(_, decimals)| decimals.len());
    let scale = u8::try_from(decimals)
        .ok()
        .and_then(|decimals| Scale::new(decimals).ok());
    Ok((price, scale.unwrap_or(all)))
}

/// The line that ends before the byte `end`, counted from 1.
fn line_before(text: &[u8], end: u64) -> u64 {
    let text = usize::try_from(end)
        .ok()
        .and_then(|end| text.get(..end))
        .unwrap_or(text);
    let text = text.trim_ascii_end();
    1 + text.iter().filter(|byte| **byte == b'\n').count() as u64
}

fn wrong_row(error: &csv::Error, line: u64) -> RecordingError {
    let problem = match error.kind() {
        ErrorKind::UnequalLengths {
            expected_len, len, ..
        } => {
            format!("there are {len} values for {expected_len} columns")
        }
        ErrorKind::Utf8 { .. } => "this isn't UTF-8: save the file in that encoding".to_owned(),
        _ => error.to_string(),
    };
    RecordingError::Row { line, problem }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;

    const HEAD: &str = "time,symbol,price,volume\n";

    fn error(text: &str) -> String {
        Recording::read(text.as_bytes()).unwrap_err().to_string()
    }

    #[test]
    fn a_file_is_read_in_order_of_time() {
        let text = "\u{feff}# made up\r\nvolume, symbol ,time,price,name_ko,currency\r\n\
                    5,B.1,2026-03-02T09:00:00.250+09:00,71.25,\"나, 무\",KRW\r\n\
                    \r\n\
                    1,A,1772409600000,30,,\r\n\
                    # between\r\n\
                    0,B.1,2026-03-02T00:00:00.250Z,71.5,other,\r\n";
        let recording = Recording::read(text.as_bytes()).unwrap();
        let ticks: Vec<_> = recording
            .ticks()
            .iter()
            .map(|tick| {
                (
                    tick.sequence,
                    tick.at_ms,
                    tick.symbol.to_string(),
                    tick.price.units(),
                    tick.volume.lots(),
                )
            })
            .collect();
        let b = "B.1".to_owned();
        assert_eq!(
            ticks,
            [
                (1, 1_772_409_600_000, "A".to_owned(), 30, 1),
                (2, 1_772_409_600_250, b.clone(), 7_125, 5),
                (3, 1_772_409_600_250, b, 7_150, 0),
            ]
        );
        assert_eq!(
            (recording.from(), recording.to(), recording.out_of_order()),
            (1_772_409_600_000, 1_772_409_600_250, 1)
        );
        let [b, a] = recording.listings() else {
            panic!("{:?}", recording.listings())
        };
        assert_eq!(
            (b.name_ko.as_str(), b.name_en.as_str(), b.currency.as_str()),
            ("나, 무", "나, 무", "KRW")
        );
        assert_eq!((b.scale.decimals(), b.utc_offset_minutes), (2, 540));
        assert_eq!(
            (a.name_en.as_str(), a.scale.decimals(), a.utc_offset_minutes),
            ("A", 0, 0)
        );
    }

    #[test]
    fn a_mistake_is_told_with_line_and_column() {
        for (rows, expected) in [
            (
                "# x\n\n9:00,A,1,1\n",
                "line 4, column 1 (time): `9:00`: give milliseconds",
            ),
            ("1,a,1,1\n", "line 2, column 2 (symbol): `a`: give 1 to 12"),
            (
                "1,A,1,1\n2,A,1.2.3,1\n",
                "line 3, column 3 (price): `1.2.3`: give a price",
            ),
            ("1,A,0,1\n", "line 2, column 3 (price): `0`"),
            ("1,A,1.1234567,1\n", "line 2, column 3 (price): `1.1234567`"),
            (
                "1,A,1,-1\n",
                "line 2, column 4 (volume): `-1`: give a whole number",
            ),
            ("1,A,1,1.5\n", "line 2, column 4 (volume): `1.5`"),
            ("\r\n1,A,1,1\r\n\r\n#\r\n2,A,1,x\r\n", "line 6, column 4"),
            ("1,A,1,1\n2,A,1,x", "line 3, column 4"),
            ("1,A,1\n", "line 2: there are 3 values for 4 columns"),
        ] {
            let told = error(&format!("{HEAD}{rows}"));
            assert!(told.starts_with(expected), "{rows:?}: {told}");
        }
        let long = error(&format!("{HEAD}1,A,{},1\n", "9".repeat(99)));
        assert!(long.len() < 200, "{long}");
        let bytes = [HEAD.as_bytes(), b"1,\xff,1,1\n"].concat();
        let foreign = Recording::read(&bytes[..]).unwrap_err().to_string();
        assert!(foreign.starts_with("line 2: this isn't UTF-8"), "{foreign}");
        let currency = "time,symbol,price,volume,currency\n1,A,1,1,won\n";
        assert_eq!(error(currency), "line 2: a currency must be three letters of A-Z");
    }

    #[test]
    fn the_columns_must_be_named() {
        for (text, expected) in [
            ("", "`time` is missing"),
            ("time,symbol,volume\n", "`price` is missing"),
            ("1,A,2,3\n", "`1` isn't one of time, symbol"),
            ("time,symbol,price,volume,time\n", "one is named twice"),
        ] {
            assert!(error(text).contains(expected), "{text:?}: {}", error(text));
        }
        assert!(error(HEAD).starts_with("there are no ticks"));
    }

    #[test]
    fn the_sample_is_sound() {
        let recording = Recording::read(&include_bytes!("../../replays/market.csv")[..]).unwrap();
        assert_eq!((recording.listings().len(), recording.out_of_order()), (4, 0));
        assert!(recording.ticks().len() > 4_000);
        assert_eq!((recording.to() - recording.from()) / 60_000, 59, "minutes");
    }

    #[test]
    fn a_recording_has_a_size() {
        let mut text = HEAD.to_owned();
        for _ in 0..3 {
            text.push_str("1,A,1,1\n");
        }
        assert!(Recording::parse(text.as_bytes(), 3).is_ok());
        assert_eq!(
            Recording::parse(text.as_bytes(), 2).unwrap_err(),
            RecordingError::TooLong(2)
        );
        let mut text = HEAD.to_owned();
        for n in 0..SYMBOLS_LIMIT {
            writeln!(text, "1,A{n},1,1").unwrap();
        }
        assert!(Recording::read(text.as_bytes()).is_ok());
        text.push_str("1,B,1,1\n");
        assert_eq!(error(&text), RecordingError::TooManySymbols.to_string());
        // Of a file that is too large, nothing is looked at.
        let large = io::repeat(b'#').take(RECORDING_BYTES + 1);
        assert_eq!(Recording::read(large).unwrap_err(), RecordingError::TooLarge);
    }
}
