//! Acknowledgements, both ways.

use crate::common::{notes, serve, soon};
use madang_socketio::{Ack, AckError, Bytes, Data, Socket};
use std::time::Duration;

#[tokio::test]
async fn what_a_handler_returns_is_the_acknowledgement() {
    let io = serve().await;
    let (mut client, socket) = io.pair().await;
    socket.on("text", async || "text");
    socket.on("pair", async || (1, "b"));
    socket.on("result", async || Ok::<_, String>(vec![1, 2]));
    socket.on("json", async || serde_json::json!({"a": null}));
    socket.on("bytes", async || Bytes::from_static(&[9]));
    socket.on("later", async || {
        tokio::task::yield_now().await;
        Some(7)
    });
    for (event, answer) in [
        ("text", r#"["text"]"#),
        ("pair", r#"[1,"b"]"#),
        ("result", "[[1,2]]"),
        ("json", r#"[{"a":null}]"#),
        ("later", "[7]"),
    ] {
        client.say(&format!(r#"212["{event}"]"#)).await;
        assert_eq!(client.hear().await, format!("312{answer}"));
    }
    client.say(r#"20["bytes"]"#).await;
    assert_eq!(client.hear().await, r#"61-0[{"_placeholder":true,"num":0}]"#);
    assert_eq!(client.hear_binary().await, [9]);
}

#[tokio::test]
async fn nothing_is_acknowledged_that_nobody_waits_for() {
    let io = serve().await;
    let (mut client, socket) = io.pair().await;
    let (told, mut wanted) = notes();
    socket.on("value", async || 1);
    socket.on("unit", async || ());
    socket.on("ack", move |ack: Ack| {
        let _ = told.send(ack.is_wanted());
        async { ack.send(1) }
    });
    client.say(r#"2["value"]"#).await;
    client.say(r#"20["unit"]"#).await;
    client.say(r#"2["ack"]"#).await;
    assert!(!wanted.next().await);
    client.say(r#"21["value"]"#).await;
    assert_eq!(client.hear().await, "31[1]");
}

#[tokio::test]
async fn emit_with_ack_waits_for_the_client() {
    let io = serve().await;
    let (mut client, socket) = io.pair().await;
    let ack = socket.emit_with_ack::<(u8, String)>("add", (1, 2));
    let heard = client.hear().await;
    let id = heard
        .strip_prefix('2')
        .unwrap()
        .strip_suffix(r#"["add",1,2]"#)
        .unwrap();
    client.say(&format!(r#"3{id}[3,"three"]"#)).await;
    assert_eq!(soon(ack).await.unwrap(), (3, "three".to_owned()));
}

#[tokio::test]
async fn an_acknowledgement_may_have_bytes() {
    let io = serve().await;
    let (mut client, socket) = io.pair().await;
    let ack = socket.emit_with_ack::<Bytes>("file", ());
    let id = client
        .hear()
        .await
        .trim_start_matches('2')
        .trim_end_matches(r#"["file"]"#)
        .to_owned();
    client
        .say(&format!(r#"61-{id}[{{"_placeholder":true,"num":0}}]"#))
        .await;
    client.say_binary(&[5, 6]).await;
    assert_eq!(soon(ack).await.unwrap(), Bytes::from_static(&[5, 6]));
}

#[tokio::test]
async fn an_acknowledgement_that_does_not_come_times_out() {
    let io = serve().await;
    let (mut client, socket) = io.pair().await;
    let asked = socket
        .timeout(Duration::from_millis(20))
        .emit_with_ack::<u8>("slow", ());
    let error = soon(asked).await.unwrap_err();
    assert!(matches!(error, AckError::TimedOut));
    assert_eq!(error.to_string(), "operation has timed out");
    let other = socket
        .emit_with_ack::<u8>("slow", ())
        .timeout(Duration::from_millis(20));
    assert_eq!(soon(other).await.unwrap_err().code(), "sio_ack_timed_out");
    // What comes late, twice, or for an id that was never given is ignored.
    assert_eq!(client.hear().await, r#"20["slow"]"#);
    for late in ["30[1]", "30[2]", "3999999999[3]"] {
        client.say(late).await;
    }
    socket.on("still", async || "here");
    client.say(r#"20["still"]"#).await;
    assert_eq!(client.hear().await, r#"21["slow"]"#);
    assert_eq!(client.hear().await, r#"30["here"]"#);
}

#[tokio::test]
async fn who_waits_is_told_that_the_client_is_gone() {
    let io = serve().await;
    let (client, socket) = io.pair().await;
    let asked = socket.emit_with_ack::<u8>("ever", ());
    client.vanish();
    let error = soon(asked).await.unwrap_err();
    assert!(matches!(error, AckError::Disconnected));
    assert_eq!(error.to_string(), "socket has been disconnected");
}

#[tokio::test]
async fn an_acknowledgement_of_another_shape_is_an_error() {
    let io = serve().await;
    let (mut client, socket) = io.pair().await;
    let asked = socket.emit_with_ack::<u8>("number", ());
    client.hear().await;
    client.say(r#"30["text"]"#).await;
    assert_eq!(soon(asked).await.unwrap_err().code(), "sio_ack_shape");
}

#[tokio::test]
async fn ids_are_counted_through_the_namespace() {
    let io = serve().await;
    let (mut a, first) = io.pair().await;
    let (mut b, second) = io.pair().await;
    let waits = (
        first.emit_with_ack::<u8>("x", ()),
        second.emit_with_ack::<u8>("x", ()),
    );
    assert_eq!(a.hear().await, r#"20["x"]"#);
    assert_eq!(b.hear().await, r#"21["x"]"#);
    let all = io.emit_with_ack::<u8>("y", ());
    assert_eq!(a.hear().await, r#"22["y"]"#);
    drop((waits, all));
}

#[tokio::test]
async fn a_broadcast_collects_all_acknowledgements() {
    let io = serve().await;
    let (mut a, _) = io.pair().await;
    let (mut b, _) = io.pair().await;
    let asked = io
        .timeout(Duration::from_secs(5))
        .emit_with_ack::<u8>("vote", "?");
    for (client, vote) in [(&mut a, 1), (&mut b, 2)] {
        assert_eq!(client.hear().await, r#"20["vote","?"]"#);
        // Only the first argument, and only the first answer, of each counts.
        client.say(&format!("30[{vote},9]")).await;
        client.say("30[8]").await;
    }
    let mut votes = soon(asked).await.unwrap();
    votes.sort_unstable();
    assert_eq!(votes, [1, 2]);
}

#[tokio::test]
async fn a_broadcast_that_not_all_acknowledge_is_an_error_with_what_came() {
    let io = serve().await;
    let (mut a, first) = io.pair().await;
    let (mut b, second) = io.pair().await;
    first.join("voters").unwrap();
    second.join("voters").unwrap();
    let asked = io
        .to("voters")
        .timeout(Duration::from_millis(200))
        .emit_with_ack::<u8>("vote", ());
    a.hear().await;
    b.hear().await;
    a.say("30[1]").await;
    let error = soon(asked).await.unwrap_err();
    assert!(matches!(error.error, AckError::TimedOut));
    assert_eq!((error.responses.as_slice(), error.expected), (&[1_u8][..], 2));
    let began = std::time::Instant::now();
    let asked = io
        .timeout(Duration::from_millis(200))
        .emit_with_ack::<u8>("vote", ());
    assert!(matches!(soon(asked).await.unwrap_err().error, AckError::TimedOut));
    assert!(
        began.elapsed() < Duration::from_secs(5),
        "it waited as long as without a timeout"
    );
}

#[tokio::test]
async fn a_broadcast_to_nobody_is_acknowledged_by_nobody() {
    let io = serve().await;
    assert!(
        soon(io.to("nobody").emit_with_ack::<u8>("vote", ()))
            .await
            .unwrap()
            .is_empty()
    );
}

#[tokio::test]
async fn only_those_who_were_asked_can_acknowledge() {
    let io = serve().await;
    let (mut a, first) = io.pair().await;
    let (mut b, _) = io.pair().await;
    let asked = io
        .to(first.id())
        .timeout(Duration::from_secs(5))
        .emit_with_ack::<u8>("vote", ());
    a.hear().await;
    b.say("30[66]").await;
    io.of("/")
        .socket(&b.sid)
        .unwrap()
        .on("done", async |_: Socket, Data(()): Data<()>| 1);
    b.say(r#"21["done"]"#).await;
    b.hear().await;
    a.say("30[1]").await;
    assert_eq!(soon(asked).await.unwrap(), [1]);
}

#[tokio::test]
async fn an_event_is_acknowledged_once() {
    let io = serve().await;
    let (mut client, socket) = io.pair().await;
    socket.on("twice", async |ack: Ack| {
        ack.clone().send(4)?;
        ack.send(5)
    });
    client.say(r#"26["twice"]"#).await;
    assert_eq!(client.hear().await, "36[4]");
    socket.on_any(async || 1);
    socket.on("x", async || 2);
    socket.on("x", async |ack: Ack| ack.send(3));
    client.say(r#"27["x"]"#).await;
    client.say(r#"28["x"]"#).await;
    assert_eq!(client.hear().await, "37[1]");
    assert_eq!(client.hear().await, "38[1]");
}
