//! The readers, one for each way: each follows its room until something fails, and may then begin again.

mod event_stream;
mod polling;
mod socketio;
mod sse;
mod websocket;

use std::time::Duration;

use tokio::time::sleep;

use super::Via;
use super::ear::Ear;
use super::http::Failure;

/// How long a reader waits before it comes back. Spread, so that those who were cut off together don't come together.
const PAUSES_MS: std::ops::Range<u64> = 500..1500;

/// Follows the room for ever.
pub(super) async fn follow(mut ear: Ear, via: Via) {
    loop {
        let Err(failure) = attempt(&mut ear, via).await;
        ear.lost(&failure);
        sleep(Duration::from_millis(fastrand::u64(PAUSES_MS))).await;
    }
}

async fn attempt(ear: &mut Ear, via: Via) -> Result<std::convert::Infallible, Failure> {
    match via {
        Via::Polling => polling::follow(ear, None).await,
        Via::LongPolling => polling::follow(ear, Some(polling::WAIT)).await,
        Via::Sse => sse::follow(ear).await,
        Via::WebSocket => websocket::follow(ear).await,
        Via::SocketIo => socketio::follow(ear).await,
    }
}

/// Where an answer is to go on, as a part of an address.
fn since(ear: &Ear) -> String {
    ear.position()
        .map(|(offset, epoch)| format!("after={offset}&epoch={epoch}"))
        .unwrap_or_default()
}

/// Whether that is an entry of the room's log, each of which has an offset of its own.
fn is_entry(kind: &str) -> bool {
    matches!(kind, "message" | "edit" | "delete" | "reaction")
}

/// The fields of a `join`.
fn join(ear: &Ear) -> serde_json::Value {
    let mut join = serde_json::json!({"name": "lab"});
    if let Some((offset, epoch)) = ear.position() {
        join["after"] = offset.into();
        join["epoch"] = epoch.into();
    }
    join
}

/// What a welcome means: where the reader is now.
fn welcome(ear: &mut Ear, welcome: &serde_json::Value) -> Result<(), Failure> {
    if welcome["recovered"] == true {
        // What was missed follows by itself.
        ear.live();
        return Ok(());
    }
    ear.begin(welcome)
}
