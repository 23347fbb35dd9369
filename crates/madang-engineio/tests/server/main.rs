//! The server in hyper, over real connections.
#![allow(clippy::unwrap_used)]

use madang_engineio::EngineIo;
use tokio::net::TcpStream;

mod common;
mod options;
mod polling;
mod runtimes;
mod threads;
mod upgrade;
mod version3;
mod websocket;

async fn serve(engine: EngineIo<common::Scribe>, stream: TcpStream) {
    let connection = hyper::server::conn::http1::Builder::new()
        .serve_connection(hyper_util::rt::TokioIo::new(stream), engine)
        .with_upgrades();
    // Clients that leave are part of the tests.
    let _ = connection.await;
}
