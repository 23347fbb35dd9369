//! Why a play isn't taken.

use thiserror::Error;

use super::game::PLAYS_LIMIT;
use super::runners::From;

/// A play that can't have happened now. The match stays as it was.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum Refused {
    /// The first play must open the match.
    #[error("no match is open: the first play is `open`")]
    NotOpened,
    /// It is open, and not over.
    #[error("this match isn't over yet: end it before the next is opened")]
    AlreadyOpened,
    /// It hasn't begun.
    #[error("the match hasn't begun: `start` it first")]
    NotStarted,
    /// It has begun.
    #[error("the match has begun already")]
    AlreadyStarted,
    /// It is over.
    #[error("the match is over: only `undo` may follow, or the `open` of the next")]
    Over,
    /// There is no play since it was opened.
    #[error("there is no play that could be undone")]
    NothingToUndo,
    /// A runner was named where none is.
    #[error("nobody is {0}")]
    NobodyThere(From),
    /// A runner would go back.
    #[error("the runner {0} can't go back")]
    Backwards(From),
    /// Two on one base, or one past another.
    #[error("the runner {0} would pass another or share his base: say in `moves` where both go")]
    Crossed(From),
    /// Several runners might be meant.
    #[error("say in `moves` which runner, and where he went")]
    MovesNeeded,
    /// Nobody moves on such a play, or the batter doesn't.
    #[error("`moves` says of somebody that he went somewhere, who doesn't move on such a play")]
    MovesNotAllowed,
    /// More outs than the side has left.
    #[error("that would be more than three outs")]
    TooManyOuts,
    /// More than [`PLAYS_LIMIT`].
    #[error("a match has at most {PLAYS_LIMIT} plays")]
    TooManyPlays,
}

impl Refused {
    /// One of each.
    pub const ALL: [Self; 13] = [
        Self::NotOpened,
        Self::AlreadyOpened,
        Self::NotStarted,
        Self::AlreadyStarted,
        Self::Over,
        Self::NothingToUndo,
        Self::NobodyThere(From::First),
        Self::Backwards(From::First),
        Self::Crossed(From::First),
        Self::MovesNeeded,
        Self::MovesNotAllowed,
        Self::TooManyOuts,
        Self::TooManyPlays,
    ];

    /// A stable name for programs.
    pub const fn code(self) -> &'static str {
        match self {
            Self::NotOpened => "match_not_opened",
            Self::AlreadyOpened => "match_not_over",
            Self::NotStarted => "match_not_started",
            Self::AlreadyStarted => "match_started",
            Self::Over => "match_over",
            Self::NothingToUndo => "nothing_to_undo",
            Self::NobodyThere(_) => "base_empty",
            Self::Backwards(_) => "runner_backwards",
            Self::Crossed(_) => "runners_crossed",
            Self::MovesNeeded => "moves_needed",
            Self::MovesNotAllowed => "moves_not_allowed",
            Self::TooManyOuts => "too_many_outs",
            Self::TooManyPlays => "too_many_plays",
        }
    }
}
