//! Plays a file, so that there is a match to see.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::time::sleep;

use super::{Denied, Relay};
use crate::back::app::App;
use crate::scores::{Play, Replay, Script, Speed, What};

/// How long the end of a match stays before the next may begin: for who wants to read it.
const REST: Duration = Duration::from_secs(60);

/// How long the database is given when it fails.
const AGAIN: Duration = Duration::from_secs(2);

/// Plays a script in the match [`YARD`](super::YARD) until the server stops. What was played of it before the start is gone on with.
/// When it is over, the next match begins as soon as somebody looks, so that a program that nobody looks at doesn't fill its database.
pub(in crate::back) async fn play(app: Arc<App>, script: Script, speed: Speed) {
    let stop = app.stop.clone();
    stop.run_until_cancelled_owned(play_on(&app, script, speed)).await;
}

async fn play_on(app: &App, script: Script, speed: Speed) {
    let yard = loop {
        match app.scores.matches.yard(app).await {
            Ok(yard) => break yard,
            Err(_) => sleep(AGAIN).await,
        }
    };
    let mut replay = Replay::new(script, speed, Instant::now());
    let played = yard.plays().await;
    if !replay.resume(played.iter(), Instant::now()) {
        // Of another file; if it isn't over, it is now.
        let _ = tell(&yard, What::End.into()).await;
    } else if replay.poll_timeout().is_none() {
        // Who has just started the program wants to see something.
        replay.rewind(Instant::now());
    }
    loop {
        while let Some(due) = replay.poll_timeout() {
            tokio::time::sleep_until(due.into()).await;
            if let Some(play) = replay.poll_play(Instant::now())
                && let Err(refused) = tell(&yard, play).await
            {
                // Somebody else has written to the room.
                tracing::warn!(%refused, "the match that is played from a file can't go on");
                let _ = tell(&yard, What::End.into()).await;
                break;
            }
        }
        sleep(REST / u32::from(speed.times())).await;
        yard.looked_at().await;
        replay.rewind(Instant::now());
    }
}

/// Tells a play, however long the database takes.
async fn tell(yard: &Relay, play: Play) -> Result<(), Denied> {
    loop {
        match yard.tell(play.clone(), None).await {
            Ok(_) => return Ok(()),
            Err(Denied::Room(refusal)) => {
                tracing::debug!(code = %refusal.code, "a play waits for the database");
            }
            Err(refused) => return Err(refused),
        }
        sleep(AGAIN).await;
    }
}
