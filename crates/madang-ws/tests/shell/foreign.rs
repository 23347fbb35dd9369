//! tokio-tungstenite as the peer, on either side.

use crate::common::{echo, listen};
use futures_util::{SinkExt, StreamExt};
use madang_ws::client::connect;
use madang_ws::server::{ServerConfig, accept};
use madang_ws::{CloseCode, Error};
use tokio_tungstenite::tungstenite::Message as Theirs;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{CloseCode as TheirCode, Data, OpCode};
use tokio_tungstenite::{accept_async, connect_async};

#[tokio::test]
async fn their_client_talks_to_our_server() {
    let (listener, addr) = listen().await;
    let serving = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let (mut ws, request) = accept(stream, &ServerConfig::default()).await.unwrap();
        assert_eq!(request.uri(), "/path");
        while let Some(message) = ws.recv().await {
            ws.send(message.unwrap()).await.unwrap();
        }
        ws.close_frame().cloned()
    });
    let (mut theirs, response) = connect_async(format!("ws://{addr}/path")).await.unwrap();
    assert_eq!(response.status(), 101);
    for message in [
        Theirs::text("안녕"),
        Theirs::binary(vec![7; 100_000]),
        Theirs::text(""),
    ] {
        theirs.send(message.clone()).await.unwrap();
        assert_eq!(theirs.next().await.unwrap().unwrap(), message);
    }
    theirs.send(Theirs::Ping("there?".into())).await.unwrap();
    assert_eq!(
        theirs.next().await.unwrap().unwrap(),
        Theirs::Pong("there?".into())
    );
    for (data, fin) in [
        (Data::Text, false),
        (Data::Continue, false),
        (Data::Continue, true),
    ] {
        let part = Frame::message("part ".as_bytes().to_vec(), OpCode::Data(data), fin);
        theirs.send(Theirs::Frame(part)).await.unwrap();
    }
    assert_eq!(
        theirs.next().await.unwrap().unwrap(),
        Theirs::text("part part part ")
    );
    let goodbye = CloseFrame {
        code: TheirCode::Library(4000),
        reason: "bye".into(),
    };
    theirs.close(Some(goodbye)).await.unwrap();
    while let Some(Ok(_)) = theirs.next().await {}
    // It keeps its stream as long as the object lives.
    drop(theirs);
    let seen = serving.await.unwrap().unwrap();
    assert_eq!((seen.code.as_u16(), &*seen.reason), (4000, "bye"));
}

#[tokio::test]
async fn our_server_closes_on_their_client() {
    let (listener, addr) = listen().await;
    let serving = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let (mut ws, _) = accept(stream, &ServerConfig::default()).await.unwrap();
        ws.send("last words").await.unwrap();
        ws.close(CloseCode::GOING_AWAY, "stopping").await
    });
    let (mut theirs, _) = connect_async(format!("ws://{addr}/")).await.unwrap();
    assert_eq!(theirs.next().await.unwrap().unwrap(), Theirs::text("last words"));
    match theirs.next().await.unwrap().unwrap() {
        Theirs::Close(Some(frame)) => assert_eq!((u16::from(frame.code), &*frame.reason), (1001, "stopping")),
        other => panic!("{other:?}"),
    }
    while let Some(Ok(_)) = theirs.next().await {}
    drop(theirs);
    serving.await.unwrap().unwrap();
}

#[tokio::test]
async fn our_client_talks_to_their_server() {
    let (listener, addr) = listen().await;
    let serving = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let mut theirs = accept_async(stream).await.unwrap();
        while let Some(Ok(message)) = theirs.next().await {
            if message.is_text() || message.is_binary() {
                theirs.send(message).await.unwrap();
            }
        }
    });
    let mut ws = connect(&format!("ws://{addr}/")).await.unwrap();
    for message in [
        madang_ws::Message::from("안녕"),
        vec![7; 100_000].into(),
        "".into(),
    ] {
        ws.ping(b"between").unwrap();
        ws.send(message.clone()).await.unwrap();
        assert_eq!(ws.recv().await.unwrap().unwrap(), message);
    }
    ws.close(CloseCode::NORMAL, "bye").await.unwrap();
    serving.await.unwrap();
}

#[tokio::test]
async fn their_server_closes_on_our_client() {
    let (listener, addr) = listen().await;
    let serving = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let mut theirs = accept_async(stream).await.unwrap();
        let goodbye = CloseFrame {
            code: TheirCode::Restart,
            reason: "back soon".into(),
        };
        theirs.close(Some(goodbye)).await.unwrap();
        while let Some(Ok(_)) = theirs.next().await {}
    });
    let mut ws = connect(&format!("ws://{addr}/")).await.unwrap();
    assert!(ws.recv().await.is_none());
    let seen = ws.close_frame().unwrap();
    assert_eq!((seen.code, &*seen.reason), (CloseCode::RESTART, "back soon"));
    serving.await.unwrap();
}

#[tokio::test]
async fn their_client_breaks_off() {
    let (listener, addr) = listen().await;
    let serving = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let (mut ws, _) = accept(stream, &ServerConfig::default()).await.unwrap();
        ws.recv().await
    });
    let (theirs, _) = connect_async(format!("ws://{addr}/")).await.unwrap();
    drop(theirs);
    assert!(matches!(serving.await.unwrap(), Some(Err(Error::Lost))));
}

#[tokio::test]
async fn both_at_once_over_many_connections() {
    let (listener, addr) = listen().await;
    let serving = tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            tokio::spawn(async move {
                if let Ok((ws, _)) = accept(stream, &ServerConfig::default()).await {
                    echo(ws).await;
                }
            });
        }
    });
    let mut clients = tokio::task::JoinSet::new();
    for client in 0..20 {
        let url = format!("ws://{addr}/");
        clients.spawn(async move {
            let (theirs, _) = connect_async(url).await.unwrap();
            let (mut sink, mut stream) = theirs.split();
            let sending = async {
                for n in 0..50 {
                    sink.feed(Theirs::text(format!("{client} {n}"))).await.unwrap();
                }
                sink.flush().await.unwrap();
            };
            let receiving = async {
                for n in 0..50 {
                    assert_eq!(
                        stream.next().await.unwrap().unwrap(),
                        Theirs::text(format!("{client} {n}"))
                    );
                }
            };
            tokio::join!(sending, receiving);
        });
    }
    while let Some(client) = clients.join_next().await {
        client.unwrap();
    }
    serving.abort();
}
