//! Why the market doesn't do what it is asked.

use thiserror::Error;

use super::WATCH_LIMIT;
use crate::back::scores::Denied;
use crate::chat::{Code, Refusal};
use crate::store::StoreError;

/// Why something isn't carried out. The codes are stable; `docs/market-protocol.md` lists them.
#[derive(Debug, Error)]
pub(in crate::back) enum Refused {
    #[error("there is no such symbol here")]
    SymbolUnknown,
    #[error("{0}")]
    Invalid(String),
    #[error("a connection watches at most {WATCH_LIMIT} symbols")]
    WatchLimit,
    #[error("this market isn't played from a file: its time can't be turned")]
    NotReplayed,
    #[error("{}", .0.detail.clone().unwrap_or_else(|| .0.code.message()))]
    Common(Refusal),
    #[error(transparent)]
    Operator(Denied),
}

impl Refused {
    pub(super) fn unknown_type() -> Self {
        Self::Common(Refusal {
            detail: Some("`type` must be watch, chart, pause or resume".to_owned()),
            ..Code::UnknownType.into()
        })
    }

    pub(super) fn position() -> Self {
        Self::Invalid(
            "`offset` and `epoch` are those of a page of bars or of a `charting`, both or neither".to_owned(),
        )
    }

    /// The code for programs.
    pub(in crate::back) fn code(&self) -> &'static str {
        match self {
            Self::SymbolUnknown => "symbol_unknown",
            Self::Invalid(_) => "market_invalid",
            Self::WatchLimit => "watch_limit",
            Self::NotReplayed => "market_not_replayed",
            Self::Common(refusal) => refusal.code.as_str(),
            Self::Operator(denied) => denied.code(),
        }
    }

    /// When the same may be tried again, if that is known.
    pub(super) fn retry_after_ms(&self) -> Option<u64> {
        match self {
            Self::Common(refusal) => {
                let time = refusal.retry_after?;
                Some(u64::try_from(time.as_millis()).unwrap_or(u64::MAX))
            }
            _ => None,
        }
    }
}

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        Self::Common(refusal)
    }
}

impl From<Denied> for Refused {
    fn from(denied: Denied) -> Self {
        Self::Operator(denied)
    }
}

impl From<StoreError> for Refused {
    fn from(error: StoreError) -> Self {
        tracing::error!(%error, "the store failed");
        Self::Common(Code::StoreUnavailable.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_document_has_every_code() {
        let page = include_str!("../../../../docs/market-protocol.md");
        let (_, table) = page.split_once("## Error codes").unwrap();
        for refused in [
            Refused::SymbolUnknown,
            Refused::Invalid(String::new()),
            Refused::WatchLimit,
            Refused::NotReplayed,
            Refused::Common(Code::StoreUnavailable.into()),
            Refused::Common(Code::RateLimited.into()),
            Refused::Common(Code::BadJson.into()),
            Refused::Common(Code::NotText.into()),
            Refused::unknown_type(),
            Refused::Operator(Denied::SignInNeeded),
        ] {
            assert!(
                table.contains(&format!("\n| `{}` |", refused.code())),
                "{}",
                refused.code()
            );
        }
    }
}
