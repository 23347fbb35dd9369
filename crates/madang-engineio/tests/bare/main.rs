//! The same server, without hyper.
#![allow(clippy::unwrap_used)]

#[path = "../server/common.rs"]
mod common;
mod http1;
#[path = "../server/options.rs"]
mod options;
#[path = "../server/polling.rs"]
mod polling;
#[path = "../server/threads.rs"]
mod threads;
#[path = "../server/upgrade.rs"]
mod upgrade;
#[path = "../server/version3.rs"]
mod version3;
#[path = "../server/websocket.rs"]
mod websocket;

use madang_engineio::EngineIo;
use tokio::net::TcpStream;

async fn serve(engine: EngineIo<common::Scribe>, stream: TcpStream) {
    engine.serve_connection(stream, |_| None).await;
}
