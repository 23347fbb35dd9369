//! Socket.IO as its official client does it: a session by long-polling first, which then goes over to WebSocket.

use std::convert::Infallible;

use http::Method;
use madang_ws::WebSocket;
use madang_ws::client::ClientConfig;
use serde_json::{Value, json};

use super::super::ear::Ear;
use super::super::http::{Failure, Http, json as parse};
use super::websocket::next_text;
use super::{is_entry, join, welcome};

/// Where the server has Socket.IO.
const PATH: &str = "/socket.io/?EIO=4";

pub(super) async fn follow(ear: &mut Ear) -> Result<Infallible, Failure> {
    let sid = begin(ear).await?;
    let mut ws = go_over(ear, &sid).await?;
    let mut command = join(ear);
    command["room"] = ear.room.clone().into();
    // With an id, so that the answer is an acknowledgement.
    ws.send(format!("420{}", json!(["join", command]))).await?;
    loop {
        let packet = next_text(&mut ws).await?;
        if &*packet == "2" {
            ws.send("3").await?;
        } else if let Some(answer) = packet.strip_prefix("430") {
            let answer = parse(answer.as_bytes())?;
            if answer[0]["type"] != "welcome" {
                return Err(Failure::Words(answer.to_string()));
            }
            welcome(ear, &answer[0])?;
        } else if let Some(event) = packet.strip_prefix("42") {
            let event = parse(event.as_bytes())?;
            if event[0].as_str().is_some_and(is_entry) {
                ear.hear(&event[1])?;
            }
        }
    }
}

/// Opens a session by polling, and connects to the namespace `/`; returns the session's id.
async fn begin(ear: &Ear) -> Result<String, Failure> {
    let mut http = Http::new(ear.target.clone());
    let polling = format!("{PATH}&transport=polling");
    ear.asked();
    let (_, open) = http.ask(Method::GET, &polling, "").await?;
    let open: Value = parse(open.strip_prefix(b"0").unwrap_or_default())?;
    let sid = open["sid"]
        .as_str()
        .ok_or_else(|| Failure::Words("no `sid`".to_owned()))?;
    let session = format!("{polling}&sid={sid}");
    ear.asked();
    http.ask(Method::POST, &session, "40").await?;
    ear.asked();
    let (_, connected) = http.ask(Method::GET, &session, "").await?;
    if !connected.starts_with(b"40") {
        return Err(Failure::Words("no connection to the namespace".to_owned()));
    }
    Ok(sid.to_owned())
}

/// Goes over to WebSocket: a probe there and back, then the upgrade.
async fn go_over(ear: &Ear, sid: &str) -> Result<WebSocket, Failure> {
    ear.asked();
    let url = format!(
        "ws://{}{PATH}&transport=websocket&sid={sid}",
        ear.target.authority()
    );
    let (mut ws, _) = ClientConfig::default().connect(&url).await?;
    ws.send("2probe").await?;
    let answer = next_text(&mut ws).await?;
    if &*answer != "3probe" {
        return Err(Failure::Words(format!(
            "`{}` instead of a probe's answer",
            &*answer
        )));
    }
    ws.send("5").await?;
    Ok(ws)
}
