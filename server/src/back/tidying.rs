//! What the back does on the side, a little at a time: older messages come into the index of words, and guests who don't come back are forgotten.

use std::time::Duration;

use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::rooms::now;
use crate::store::{INDEX_BATCH, Store};

/// How long the marker is kept up to which a guest has read a room, from when they were last seen there. Their session is in a tab, which few people leave
/// open for three months.
pub const GUEST_MARKERS_TIME: Duration = Duration::from_secs(90 * 24 * 60 * 60);

/// How often it is looked which of them are older.
const SWEEP_TIME: Duration = Duration::from_secs(60 * 60);

/// Between two batches of either: as long as others get the database for themselves, which is more than a batch takes.
const PAUSE: Duration = Duration::from_millis(50);

/// Until a database that failed is asked again.
const AGAIN_TIME: Duration = Duration::from_secs(10);

/// Entries of rooms after which the log says how far the index is.
const TOLD_ENTRIES: u64 = 10_000;

/// Does all of it until the server stops.
pub(super) async fn tidy(store: Store, stop: CancellationToken) {
    // What is cut off in the middle is rolled back, and gone on with at the next start.
    stop.run_until_cancelled(async { tokio::join!(index_older(&store), forget_guests(&store)) })
        .await;
}

/// Puts messages into the index of words that were written before there was one.
async fn index_older(store: &Store) {
    let (mut messages, mut batches) = (0, 0);
    loop {
        match store.index_older().await {
            Ok(Some(step)) => {
                messages += step.messages;
                if step.messages > 0 && batches % (TOLD_ENTRIES / INDEX_BATCH) == 0 {
                    tracing::info!(
                        room = step.room,
                        offset = step.offset,
                        messages,
                        "older messages come into the index of the search"
                    );
                }
                batches += u64::from(step.messages > 0);
                sleep(PAUSE).await;
            }
            Ok(None) if messages == 0 => return,
            Ok(None) => return tracing::info!(messages, "older messages are found by search"),
            Err(error) => {
                tracing::warn!(%error, "older messages don't come into the index of the search for now");
                sleep(AGAIN_TIME).await;
            }
        }
    }
}

/// Forgets up to where guests have read who were not seen for a long time.
async fn forget_guests(store: &Store) {
    let time = i64::try_from(GUEST_MARKERS_TIME.as_millis()).unwrap_or(i64::MAX);
    loop {
        let now = now();
        let pause = match store.forget_guests(now - time, now).await {
            Ok((_, true)) => PAUSE,
            Ok((_, false)) => SWEEP_TIME,
            Err(error) => {
                tracing::warn!(%error, "guests of long ago aren't forgotten for now");
                AGAIN_TIME
            }
        };
        sleep(pause).await;
    }
}
