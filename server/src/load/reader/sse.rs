//! One answer that never ends.

use std::convert::Infallible;

use http::{Method, StatusCode};
use http_body_util::BodyExt as _;
use serde_json::Value;

use super::super::ear::Ear;
use super::super::http::{Failure, Http};
use super::event_stream::EventStream;
use super::since;

pub(super) async fn follow(ear: &mut Ear) -> Result<Infallible, Failure> {
    let mut http = Http::new(ear.target.clone());
    let path = format!("/api/rooms/{}/events?{}", ear.address, since(ear));
    ear.asked();
    let answer = http.open(Method::GET, &path, "").await?;
    if answer.status() != StatusCode::OK {
        return Err(Failure::Status(answer.status()));
    }
    let mut body = answer.into_body();
    let mut stream = EventStream::default();
    while let Some(frame) = body.frame().await {
        let Ok(piece) = frame?.into_data() else { continue };
        stream.receive(&piece);
        while let Some((name, data)) = stream.poll_event()? {
            hear(ear, &name, &data)?;
        }
    }
    Err(Failure::Ended)
}

fn hear(ear: &mut Ear, name: &str, data: &Value) -> Result<(), Failure> {
    match name {
        "message" => ear.hear(data),
        "position" | "lost" => ear.begin(data),
        // What was skipped shows in the offsets.
        _ => Ok(()),
    }
}
