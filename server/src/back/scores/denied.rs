//! Why a request about a match isn't carried out.

use std::time::Duration;

use thiserror::Error;

use super::MATCHES_LIMIT;
use crate::chat::{Code, Refusal};
use crate::scores::{MatchId, Refused};
use crate::store::StoreError;

/// Why a request about a match isn't carried out. The codes are stable; `docs/scores.md` lists them.
#[derive(Debug, Error)]
pub(in crate::back) enum Denied {
    #[error("there is no such match")]
    NotFound,
    #[error("a match's id is 1 to {} of a-z, 0-9 and `-`", MatchId::MAX_LEN)]
    IdInvalid,
    #[error("this match is played from a file: open another")]
    Replayed,
    #[error("there are {MATCHES_LIMIT} matches, and no more may be: open the next in one that is over")]
    TooMany,
    #[error("something has happened since: ask for the match again")]
    MovedOn,
    #[error("sign in first: POST /api/scores/sign-in")]
    SignInNeeded,
    #[error("that isn't the password")]
    PasswordWrong,
    #[error("too many tries: wait {} s", .0.as_secs_f64().ceil())]
    TooManyTries(Duration),
    #[error(transparent)]
    Play(#[from] Refused),
    #[error("{}", .0.detail.clone().unwrap_or_else(|| .0.code.message()))]
    Room(Refusal),
}

impl Denied {
    /// The code for programs.
    pub(in crate::back) fn code(&self) -> &'static str {
        match self {
            Self::NotFound => "match_not_found",
            Self::IdInvalid => "match_id_invalid",
            Self::Replayed => "match_replayed",
            Self::TooMany => "too_many_matches",
            Self::MovedOn => "match_moved_on",
            Self::SignInNeeded => "sign_in_needed",
            Self::PasswordWrong => "password_wrong",
            Self::TooManyTries(_) => "too_many_tries",
            Self::Play(refused) => refused.code(),
            Self::Room(refusal) => refusal.code.as_str(),
        }
    }
}

impl From<Refusal> for Denied {
    fn from(refusal: Refusal) -> Self {
        Self::Room(refusal)
    }
}

impl From<StoreError> for Denied {
    fn from(error: StoreError) -> Self {
        tracing::error!(%error, "the store failed");
        Self::Room(Code::StoreUnavailable.into())
    }
}
