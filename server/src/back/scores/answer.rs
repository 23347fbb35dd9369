//! The answer that everybody gets who asks for a match: made once for each play, shared by all.

use std::time::Duration;

use bytes::Bytes;
use http::HeaderValue;
use madang_hub::Position;
use serde::Serialize;

use crate::scores::{Board, Line, MatchId, Status};

/// What is known of a match now.
#[derive(Debug)]
pub(in crate::back) struct Answer {
    /// When the last play was told, in milliseconds since 1970-01-01 UTC.
    pub(in crate::back) at: i64,
    pub(in crate::back) board: Board,
    /// All of it as JSON.
    pub(in crate::back) json: Bytes,
    pub(in crate::back) etag: HeaderValue,
    /// In how many seconds it makes sense to ask again.
    pub(in crate::back) poll_after: HeaderValue,
}

/// A play every 5 to 10 seconds: who asks every 5 gets each within 5, and doesn't ask twice for most.
const LIVE: Duration = Duration::from_secs(5);

/// Before it begins there is little to tell.
const SCHEDULED: Duration = Duration::from_secs(15);

/// And after it, less.
const FINAL: Duration = Duration::from_secs(60);

#[derive(Serialize)]
struct Snapshot<'a> {
    r#match: &'a str,
    offset: u64,
    epoch: String,
    at: i64,
    board: &'a Board,
    plays: &'a [Line],
}

impl Answer {
    pub(super) fn new(id: &MatchId, position: Position, at: i64, board: Board, plays: &[Line]) -> Self {
        let epoch = position.epoch.to_string();
        let etag = format!("\"{epoch}.{}\"", position.offset);
        let snapshot = Snapshot {
            r#match: id.as_str(),
            offset: position.offset,
            epoch,
            at,
            board: &board,
            plays,
        };
        let json = serde_json::to_vec(&snapshot)
            .unwrap_or_else(|error| unreachable!("numbers and texts can be written: {error}"));
        let poll_after = match board.status {
            Status::Live => LIVE,
            Status::Scheduled => SCHEDULED,
            Status::Final => FINAL,
        };
        Self {
            at,
            board,
            json: json.into(),
            etag: HeaderValue::from_str(&etag)
                .unwrap_or_else(|_| unreachable!("digits can stand in a header")),
            poll_after: poll_after.as_secs().into(),
        }
    }
}
