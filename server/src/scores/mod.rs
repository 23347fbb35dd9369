//! The scoreboard: plays and time in, decisions out. No HTTP, no socket, no database, no clock of its own.
//!
//! ```text
//! JSON of one play -> Play -> Match::apply -> Board (what a page shows), or a Refused with its code
//! lines of a file -> Script -> Replay: which play is due
//! password, tries -> Tries: who must wait; Tokens: who has signed in
//! ```
//!
//! A match is exactly the fold of its plays, so a room's history is all that has to be kept. `docs/scores.md` describes the
//! plays and the file; a test keeps its lists true.

mod board;
mod game;
mod id;
mod play;
mod refused;
mod replay;
#[cfg(test)]
mod rules;
mod runners;
mod sample;
mod script;
mod sign_in;
mod told;
mod words;

pub use board::{Board, Half, Side, Status};
pub use game::{LAST_INNING, Match, PLAYS_LIMIT, REGULAR_INNINGS};
pub use id::{MatchId, NoMatchId};
pub use play::{Moves, Play, To, What};
pub use refused::Refused;
pub use replay::{Replay, Speed};
pub use runners::From;
pub use script::{DEFAULT_PAUSE, LONGEST_PAUSE, SCRIPT_BYTES, Script, ScriptError};
pub use sign_in::{TOKEN_AGE, TOKENS_LIMIT, TRIES, TRIES_LIMIT, TRY_AGAIN, Token, Tokens, Tries};
pub use told::{Line, Told};
pub use words::Words;
