//! Asking again and again; with a wait, the answer comes when there is something.

use std::convert::Infallible;
use std::time::Duration;

use http::{Method, StatusCode};
use serde_json::Value;
use tokio::time::sleep;

use super::super::ear::Ear;
use super::super::http::{Failure, Http, json};
use super::since;

/// How long an answer may wait: under the half minute after which proxies commonly lose patience.
pub(super) const WAIT: Duration = Duration::from_secs(25);

/// Messages of one answer.
const LIMIT: usize = 200;

pub(super) async fn follow(ear: &mut Ear, wait: Option<Duration>) -> Result<Infallible, Failure> {
    let mut http = Http::new(ear.target.clone());
    let messages = format!("/api/rooms/{}/messages", ear.address);
    if ear.position().is_none() {
        // Where the room stands; what was said before is of no interest.
        ear.asked();
        let page = http
            .ask_json(Method::GET, &format!("{messages}?limit=1"), "")
            .await?;
        ear.begin(&page)?;
    }
    let wait_for = wait.map_or_else(String::new, |wait| format!("&wait={}", wait.as_secs()));
    loop {
        ear.asked();
        let path = format!("{messages}?{}&limit={LIMIT}{wait_for}", since(ear));
        let (status, body) = http.ask(Method::GET, &path, "").await?;
        let more = match status {
            StatusCode::OK => hear(ear, &json(&body)?)?,
            StatusCode::GONE => {
                ear.begin(&json(&body)?)?;
                true
            }
            other => return Err(Failure::Status(other)),
        };
        if !more && wait.is_none() {
            let interval = *ear.interval.borrow();
            sleep(interval).await;
        }
    }
}

/// Hears all of an answer; true if there is more.
fn hear(ear: &mut Ear, page: &Value) -> Result<bool, Failure> {
    for message in page["messages"].as_array().into_iter().flatten() {
        ear.hear(message)?;
    }
    ear.live();
    Ok(page["more"] == true)
}
