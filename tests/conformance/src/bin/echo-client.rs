//! `echo-client ws://HOST:PORT`: our client against a foreign server, which has the paths that
//! `tests/conformance/peers/ws-server.mjs` lists. Prints a line for each check, `ok NAME` or `not ok NAME: why`.

use bytes::Bytes;
use http::{HeaderValue, StatusCode};
use madang_ws::client::{ClientConfig, ConnectError};
use madang_ws::{CloseCode, DeflateConfig, Message, WebSocket};
use std::error::Error;
use std::process::ExitCode;
use std::time::Duration;

type Check = Result<(), Box<dyn Error>>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let Some(base) = std::env::args().nth(1) else {
        eprintln!("usage: echo-client ws://HOST:PORT");
        return ExitCode::from(2);
    };
    let checks = [
        report("echo", echo(&base)).await,
        report("echo with permessage-deflate", deflate(&base)).await,
        report("permessage-deflate without context takeover", no_takeover(&base)).await,
        report("1,000 messages in order", in_order(&base)).await,
        report("ping", ping(&base)).await,
        report("close codes of ours", our_close(&base)).await,
        report("close codes of theirs", their_close(&base)).await,
        report("subprotocol", subprotocol(&base)).await,
        report("a refused handshake", refused(&base)).await,
    ];
    if checks.contains(&false) {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    }
}

async fn report(name: &str, check: impl Future<Output = Check>) -> bool {
    let result = tokio::time::timeout(Duration::from_secs(30), check).await;
    match &result {
        Ok(Ok(())) => println!("ok {name}"),
        Ok(Err(error)) => println!("not ok {name}: {error}"),
        Err(_) => println!("not ok {name}: no answer within 30 s"),
    }
    matches!(result, Ok(Ok(())))
}

async fn echo(base: &str) -> Check {
    let mut ws = open(&config(), base, "/echo").await?;
    echoes(&mut ws).await?;
    closes(&mut ws, CloseCode::NORMAL).await
}

async fn deflate(base: &str) -> Check {
    let deflate = DeflateConfig {
        server_no_context_takeover: false,
        client_no_context_takeover: false,
        threshold: 0,
        ..DeflateConfig::default()
    };
    let mut ws = open(
        &ClientConfig {
            deflate: Some(deflate),
            ..config()
        },
        base,
        "/deflate",
    )
    .await?;
    echoes(&mut ws).await?;
    closes(&mut ws, CloseCode::NORMAL).await
}

async fn no_takeover(base: &str) -> Check {
    let deflate = DeflateConfig {
        server_no_context_takeover: true,
        client_no_context_takeover: true,
        threshold: 0,
        ..DeflateConfig::default()
    };
    let mut ws = open(
        &ClientConfig {
            deflate: Some(deflate),
            ..config()
        },
        base,
        "/deflate",
    )
    .await?;
    echoes(&mut ws).await?;
    closes(&mut ws, CloseCode::NORMAL).await
}

async fn in_order(base: &str) -> Check {
    let (sender, mut receiver) = open(&config(), base, "/echo").await?.split();
    let sending = tokio::spawn(async move {
        for number in 0..1000 {
            sender.send(format!("message {number}")).await?;
        }
        Ok::<(), madang_ws::Error>(())
    });
    for number in 0..1000 {
        let message = receiver.recv().await.ok_or("closed early")??;
        expect(&message, &Message::from(format!("message {number}")))?;
    }
    Ok(sending.await??)
}

/// The answer to a ping isn't shown to the application; that the connection goes on is.
async fn ping(base: &str) -> Check {
    let mut ws = open(&config(), base, "/echo").await?;
    ws.ping(b"here?")?;
    echoed(&mut ws, "after the ping".into()).await?;
    closes(&mut ws, CloseCode::NORMAL).await
}

async fn our_close(base: &str) -> Check {
    for code in [1000, 1001, 1011, 3000, 4999] {
        let mut ws = open(&config(), base, "/echo").await?;
        closes(&mut ws, CloseCode::new(code).ok_or("a code that may be sent")?).await?;
    }
    Ok(())
}

async fn their_close(base: &str) -> Check {
    for code in [1000, 1001, 1011, 3000, 4999] {
        let mut ws = open(&config(), base, &format!("/close/{code}")).await?;
        ws.send("close, please").await?;
        if let Some(message) = ws.recv().await {
            return Err(format!("{:?} instead of a close", message?).into());
        }
        let frame = ws.close_frame().ok_or("no close frame")?;
        if (frame.code.as_u16(), frame.reason.as_str()) != (code, "because") {
            return Err(format!("{frame:?} instead of {code}").into());
        }
    }
    Ok(())
}

async fn subprotocol(base: &str) -> Check {
    let protocols = ["unknown", "madang.echo"].map(HeaderValue::from_static).to_vec();
    let ws = open(
        &ClientConfig {
            protocols,
            ..config()
        },
        base,
        "/echo",
    )
    .await?;
    if ws.protocol().is_none_or(|protocol| protocol != "madang.echo") {
        return Err(format!("{:?} was chosen", ws.protocol()).into());
    }
    let ws = open(&config(), base, "/echo").await?;
    if ws.protocol().is_some() {
        return Err(format!("{:?} was chosen, and none offered", ws.protocol()).into());
    }
    Ok(())
}

/// Without the header the server says 403, which must reach the caller.
async fn refused(base: &str) -> Check {
    use madang_ws::proto::handshake::Mismatch;
    match ClientConfig::default().connect(&format!("{base}/echo")).await {
        Err(ConnectError::Mismatch(Mismatch::Status(StatusCode::FORBIDDEN))) => Ok(()),
        Err(other) => Err(other.into()),
        Ok(_) => Err("accepted".into()),
    }
}

/// The servers only talk to who sends this header.
fn config() -> ClientConfig {
    let mut config = ClientConfig::default();
    config
        .headers
        .insert("x-madang", HeaderValue::from_static("peer"));
    config
}

async fn open(config: &ClientConfig, base: &str, path: &str) -> Result<WebSocket, ConnectError> {
    Ok(config.connect(&format!("{base}{path}")).await?.0)
}

async fn echoes(ws: &mut WebSocket) -> Check {
    for text in ["", "hello", "마당에 모여 👋🏽", &"x".repeat(70_000)] {
        echoed(ws, text.into()).await?;
    }
    for size in [0, 1, 125, 126, 65_535, 65_536, 1_048_576] {
        let bytes: Vec<u8> = b"0123456789abcdef".iter().copied().cycle().take(size).collect();
        echoed(ws, Bytes::from(bytes).into()).await?;
    }
    Ok(())
}

async fn echoed(ws: &mut WebSocket, message: Message) -> Check {
    ws.send(message.clone()).await?;
    expect(&ws.recv().await.ok_or("closed early")??, &message)
}

async fn closes(ws: &mut WebSocket, code: CloseCode) -> Check {
    ws.close(code, "done").await?;
    match ws.close_frame() {
        Some(frame) if frame.code == code => Ok(()),
        other => Err(format!("{other:?} in answer to a close with {}", code.as_u16()).into()),
    }
}

fn expect(got: &Message, wanted: &Message) -> Check {
    // A megabyte in an error message helps nobody.
    let kind = |message: &Message| {
        if message.as_text().is_some() {
            "text"
        } else {
            "binary"
        }
    };
    let same = kind(got) == kind(wanted) && got.as_bytes() == wanted.as_bytes();
    if same {
        return Ok(());
    }
    let of = |message| format!("{} of {} bytes", kind(message), message.len());
    Err(format!("{} instead of {}", of(got), of(wanted)).into())
}
