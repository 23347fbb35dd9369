//! A connection that the room speaks on by itself.

use std::convert::Infallible;

use madang_ws::client::ClientConfig;
use madang_ws::{Message, Utf8Bytes, WebSocket};
use serde_json::Value;

use super::super::ear::Ear;
use super::super::http::{Failure, json};
use super::{is_entry, join, welcome};

pub(super) async fn follow(ear: &mut Ear) -> Result<Infallible, Failure> {
    ear.asked();
    let url = format!("ws://{}/ws/{}", ear.target.authority(), ear.address);
    let (mut ws, _) = ClientConfig::default().connect(&url).await?;
    let mut command = join(ear);
    command["type"] = "join".into();
    ws.send(command.to_string()).await?;
    loop {
        let event: Value = json(next_text(&mut ws).await?.as_bytes())?;
        match event["type"].as_str() {
            Some("welcome") => welcome(ear, &event)?,
            Some(kind) if is_entry(kind) => ear.hear(&event)?,
            Some("error") => return Err(Failure::Words(event.to_string())),
            _ => {}
        }
    }
}

/// The next text, or why there is none.
pub(super) async fn next_text(ws: &mut WebSocket) -> Result<Utf8Bytes, Failure> {
    match ws.recv().await {
        Some(Ok(Message::Text(text))) => Ok(text),
        Some(Ok(Message::Binary(_))) => Err(Failure::Words("a binary message".to_owned())),
        Some(Err(error)) => Err(error.into()),
        None => Err(Failure::Ended),
    }
}
