//! What one client can have a server keep: every bound, crossed.

use crate::common::{notes, serve_with};
use madang_socketio::{Data, Limits, Socket};
use std::sync::Arc;
use tokio::sync::Notify;

async fn serve_limited(change: impl FnOnce(&mut Limits)) -> crate::common::Served {
    let mut limits = Limits::default();
    change(&mut limits);
    serve_with(|builder| builder.limits(limits)).await
}

#[tokio::test]
async fn a_client_is_in_as_many_namespaces_as_it_may() {
    let io = serve_limited(|limits| limits.namespaces_per_client = 2).await;
    for name in ["/a", "/b"] {
        io.of(name);
    }
    let mut client = io.client().await;
    client.enter("/a", "").await;
    client.say("0/b,").await;
    assert_eq!(client.hear().await, r#"4/b,{"message":"too many namespaces"}"#);
    client.say("1/a,").await;
    client.enter("/b", "").await;
}

#[tokio::test]
async fn a_socket_owes_as_many_acknowledgements_as_it_may() {
    let io = serve_limited(|limits| limits.pending_acks = 2).await;
    let (mut client, socket) = io.pair().await;
    let first = socket.emit_with_ack::<u8>("a", ());
    let _second = socket.emit_with_ack::<u8>("b", ());
    let refused = socket.emit_with_ack::<u8>("c", ()).await;
    assert_eq!(refused.unwrap_err().code(), "sio_emit_too_many_acks");
    drop(first);
    let _third = socket.emit_with_ack::<u8>("d", ());
    for event in ["20[\"a\"]", "21[\"b\"]", "23[\"d\"]"] {
        assert_eq!(client.hear().await, event);
    }
}

#[tokio::test]
async fn as_many_broadcasts_are_collected_as_may_be() {
    let io = serve_limited(|limits| limits.pending_broadcasts = 1).await;
    let (_client, _) = io.pair().await;
    let first = io.emit_with_ack::<u8>("a", ());
    let refused = io.emit_with_ack::<u8>("b", ()).await;
    assert_eq!(refused.unwrap_err().error.code(), "sio_emit_too_many_acks");
    drop(first);
    let second = io.emit_with_ack::<u8>("c", ());
    drop(second);
}

#[tokio::test]
async fn as_many_events_are_held_as_may_be() {
    let io = serve_limited(|limits| limits.held_events = 2).await;
    let go = Arc::new(Notify::new());
    let gate = go.clone();
    io.on_connect(move |socket: Socket| {
        let gate = gate.clone();
        async move {
            socket.on("ready", async || ());
            gate.notified().await;
            socket.on("late", async |Data(n): Data<u8>| n);
        }
    });
    let mut client = io.client().await;
    for n in 0..4 {
        client.say(&format!(r#"2{n}["late",{n}]"#)).await;
    }
    let (told, mut done) = notes();
    io.socket(&client.sid).unwrap().on("sync", move || {
        let _ = told.send(());
        async {}
    });
    client.say(r#"2["sync"]"#).await;
    done.next().await;
    go.notify_one();
    assert_eq!(client.hear().await, "30[0]");
    assert_eq!(client.hear().await, "31[1]");
    client.say(r#"24["late",4]"#).await;
    assert_eq!(client.hear().await, "34[4]", "what came too much is gone");
}

#[tokio::test]
async fn a_socket_has_as_many_listeners_as_it_may() {
    let io = serve_limited(|limits| limits.listeners = 2).await;
    let (mut client, socket) = io.pair().await;
    socket.on("a", async || 1);
    socket.on_any(async || ());
    socket.on("b", async || 2);
    assert_eq!(socket.listener_count("b"), 0);
    client.say(r#"20["b"]"#).await;
    client.say(r#"21["a"]"#).await;
    assert_eq!(client.hear().await, "31[1]");
}

#[tokio::test]
async fn a_packet_has_as_many_attachments_as_it_may() {
    let io = serve_with(|builder| builder.max_attachments(1)).await;
    let (mut client, _) = io.pair().await;
    client
        .say(r#"52-["x",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]"#)
        .await;
    assert!(client.hear_end().await.is_empty());
}

#[tokio::test]
async fn a_thousand_namespaces_cost_what_one_client_may_have() {
    let io = serve_limited(|_| {}).await;
    let parent = io.ns_matching(|_| true, async |_: Socket| {});
    let mut client = io.open().await;
    for n in 0..1_000 {
        client.say(&format!("0/{n},")).await;
    }
    let mut refused = 0;
    for _ in 0..1_000 {
        refused += usize::from(client.hear().await.starts_with('4'));
    }
    let limit = io.limits().namespaces_per_client;
    assert_eq!((refused, parent.child_count()), (1_000 - limit, limit));
}
