//! Publishing at a rate, for rooms where nobody else speaks.

use std::convert::Infallible;

use http::Method;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep_until};

use super::clock::Clock;
use super::ear::escaped;
use super::http::{Failure, Http};
use super::source::Source;
use super::target::Target;

/// Posts what `source` makes to a room, stamped by `clock`.
pub(super) async fn publish(
    target: Target,
    room: &str,
    mut source: Source,
    clock: Clock,
) -> Result<Infallible, Failure> {
    let mut http = Http::new(target);
    let path = format!("/api/rooms/{}/messages", escaped(room));
    // Its own ids, apart from those of another tool in the same room.
    let run: String = std::iter::repeat_with(fastrand::alphanumeric).take(12).collect();
    let mut sent = 0_u64;
    loop {
        sleep_until(source.poll_timeout().into()).await;
        let Some(text) = source.poll(Instant::now().into_std(), clock.now_us(), fastrand::f64()) else {
            continue;
        };
        sent += 1;
        let message = json!({"client_id": format!("{run}-{sent}"), "name": "load", "text": text});
        http.ask_json(Method::POST, &path, message.to_string()).await?;
    }
}

/// How far the server's clock is ahead of this one's, from the quickest of several questions; none if it has no such clock.
pub(super) async fn clock_ahead_us(target: Target, clock: Clock) -> Option<i64> {
    /// The quickest of so many is seldom much slower than a quickest one could be.
    const QUESTIONS: usize = 9;
    let mut http = Http::new(target);
    let mut best: Option<(u64, i64)> = None;
    for _ in 0..QUESTIONS {
        let asked = clock.now_us();
        let answer: Value = http.ask_json(Method::GET, "/api/lab/clock", "").await.ok()?;
        let answered = clock.now_us();
        let there = answer["now_us"].as_u64()?;
        let took = answered - asked;
        let here = asked + took / 2;
        let ahead = there.cast_signed() - here.cast_signed();
        if best.is_none_or(|(quickest, _)| took < quickest) {
            best = Some((took, ahead));
        }
    }
    best.map(|(_, ahead)| ahead)
}
