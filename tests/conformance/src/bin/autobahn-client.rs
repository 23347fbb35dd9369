//! Runs every case that an Autobahn fuzzing server at `AUTOBAHN_URL` has, as `AUTOBAHN_AGENT`.

use madang_ws::client::ClientConfig;
use madang_ws::{DeflateConfig, Limits, WebSocket};
use std::error::Error;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let url = std::env::var("AUTOBAHN_URL")?;
    let agent = std::env::var("AUTOBAHN_AGENT")?;
    let config = ClientConfig {
        deflate: Some(DeflateConfig {
            server_no_context_takeover: false,
            // Without this hint in the offer the suite skips the cases that ask a client for it.
            client_no_context_takeover: true,
            threshold: 0,
            ..DeflateConfig::default()
        }),
        limits: Limits {
            fragments: 65_537,
            ..Limits::default()
        },
        ..ClientConfig::default()
    };
    let (mut ws, _) = config.connect(&format!("{url}/getCaseCount")).await?;
    let count: u32 = match ws.recv().await {
        Some(message) => message?.as_text().unwrap_or_default().trim().parse()?,
        None => return Err("the server told no number of cases".into()),
    };
    drop(ws);
    for case in 1..=count {
        let (ws, _) = config
            .connect(&format!("{url}/runCase?case={case}&agent={agent}"))
            .await?;
        // How a case ends is the server's to judge: most of them break the protocol.
        let _ = echo(ws).await;
    }
    let (mut ws, _) = config
        .connect(&format!("{url}/updateReports?agent={agent}"))
        .await?;
    while ws.recv().await.is_some() {}
    Ok(())
}

async fn echo(mut ws: WebSocket) -> Result<(), madang_ws::Error> {
    while let Some(message) = ws.recv().await {
        ws.feed(message?).await?;
    }
    Ok(())
}
