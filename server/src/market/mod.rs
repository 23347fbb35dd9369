//! The stock market: ticks and time in, bars and days out. No HTTP, no socket, no database, no clock of its own.
//!
//! ```text
//! Feed (Simulator, Replay, or from afar) -> FeedEvent: Tick, Halted, Resumed, Gap, ...
//! Tick -> Bars: the bars of every Interval that it changes -> Gap between them, Day for quotes
//! Listing -> Terms: what bars mean, and whether those of earlier terms still do
//! CSV -> Recording -> Replay: which tick is due; ReplayHandle: pause, speed, seek
//! ```
//!
//! A bar is exactly the fold of its ticks, in whatever order they come: [`Bars`] sorts nothing, and still gives what sorting first would. Times are
//! milliseconds since 1970, prices and volumes whole numbers. `docs/market.md` describes the file and the feed from afar.

mod bar;
mod bars;
mod day;
mod feed;
mod interval;
mod listing;
mod listings;
mod pace;
mod random;
mod recording;
mod replay;
#[cfg(test)]
mod rules;
mod simulator;
mod stock;
mod terms;
mod time;
mod values;

pub use bar::{Bar, Gap, gaps, joined};
pub use bars::{Bars, LATE_LIMIT, TooLate};
pub use day::Day;
pub use feed::{Feed, FeedEvent};
pub use interval::{Interval, NoInterval};
pub use listing::{Listing, NoListing};
pub use listings::{SYMBOLS_LIMIT, invented};
pub use pace::{NoSpeed, Pace, PaceChange, PaceState, Speed};
pub use recording::{RECORDING_BYTES, RECORDING_TICKS, Recording, RecordingError};
pub use replay::{Replay, ReplayHandle};
pub use simulator::{BEHIND_LIMIT, HISTORY_DAYS, Simulator, TICKS_LIMIT};
pub use terms::Terms;
pub use time::{TIME_LIMIT, format_time, parse_time};
pub use values::{NoPrice, NoScale, NoSymbol, NoVolume, Price, Scale, Symbol, Tick, Volume};
