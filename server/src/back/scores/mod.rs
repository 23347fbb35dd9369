//! Matches that are told: each in its room, with one answer for everybody who asks.
//!
//! ```text
//! matches  all of them, found again after a start     desk    who may tell plays: password, tries, tokens
//! relay    one: its room, its plays, its answer       player  plays a file, so that there is one to see
//! answer   what everybody gets who asks now           denied  why a request isn't carried out
//! ```

mod answer;
mod denied;
mod desk;
mod matches;
mod player;
mod relay;

pub(super) use answer::Answer;
pub(super) use denied::Denied;
pub(super) use desk::Desk;
pub use desk::OperatorPassword;
pub(super) use matches::Matches;
pub use matches::{MATCHES_LIMIT, YARD};
pub(super) use player::play;
pub(super) use relay::Relay;

use crate::scores::{Script, Speed};

/// How matches are told.
#[derive(Clone, Debug)]
pub struct ScoresSettings {
    /// With what somebody signs in to tell plays.
    pub password: OperatorPassword,
    /// What is played in the match [`YARD`]; nothing: that one is like any other.
    pub replay: Option<Script>,
    /// How fast.
    pub speed: Speed,
}

/// What the back knows of matches.
#[derive(Debug)]
pub(super) struct Scores {
    pub(super) matches: Matches,
    pub(super) desk: Desk,
}

impl Scores {
    pub(super) fn new(settings: &ScoresSettings) -> Self {
        Self {
            matches: Matches::new(settings.replay.is_some()),
            desk: Desk::new(settings.password.clone()),
        }
    }
}
