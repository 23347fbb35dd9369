//! Who gets what, once.

use crate::common::{Client, serve, serve_with};
use madang_hub::{Batch, Hub, Recipient, RoomName, SessionId, WireForm};
use madang_socketio::{Bytes, Socket};
use std::sync::{Arc, Mutex};

/// What it has heard before the event `end`.
async fn before_end(client: &mut Client) -> Vec<String> {
    let mut heard = Vec::new();
    loop {
        let packet = client.hear().await;
        match packet.as_str() {
            r#"2["end"]"# => return heard,
            _ => heard.push(packet),
        }
    }
}

struct Three {
    io: crate::common::Served,
    clients: [Client; 3],
    sockets: [Socket; 3],
}

/// Of whom the first two are in room a, the last two in room b.
async fn three() -> Three {
    let io = serve().await;
    let (a, first) = io.pair().await;
    let (ab, second) = io.pair().await;
    let (b, third) = io.pair().await;
    first.join("a").unwrap();
    second.join(["a", "b"]).unwrap();
    third.join("b").unwrap();
    Three {
        io,
        clients: [a, ab, b],
        sockets: [first, second, third],
    }
}

impl Three {
    /// Which of them have heard the event so far; each once.
    async fn heard(&mut self, event: &str) -> Vec<usize> {
        self.io.emit("end", ()).unwrap();
        let mut who = Vec::new();
        for (index, client) in self.clients.iter_mut().enumerate() {
            let heard = before_end(client).await;
            assert!(heard.len() <= 1, "{index} got it twice");
            if let Some(heard) = heard.first() {
                assert_eq!(*heard, format!(r#"2["{event}",1]"#));
                who.push(index);
            }
        }
        who
    }
}

#[tokio::test]
async fn everyone_gets_what_the_namespace_emits() {
    let mut three = three().await;
    three.io.emit("all", 1).unwrap();
    assert_eq!(three.heard("all").await, [0, 1, 2]);
}

#[tokio::test]
async fn rooms_are_united_and_exceptions_taken_out() {
    let mut three = three().await;
    let io = three.io.clone();
    io.to("a").emit("x", 1).unwrap();
    assert_eq!(three.heard("x").await, [0, 1]);
    io.in_("b").emit("x", 1).unwrap();
    assert_eq!(three.heard("x").await, [1, 2]);
    io.to("a").to("b").emit("x", 1).unwrap();
    assert_eq!(three.heard("x").await, [0, 1, 2]);
    io.to(["a", "b"]).except("b").emit("x", 1).unwrap();
    assert_eq!(three.heard("x").await, [0]);
    io.except("a").emit("x", 1).unwrap();
    assert_eq!(three.heard("x").await, [2]);
    io.to("nobody").emit("x", 1).unwrap();
    assert!(three.heard("x").await.is_empty());
}

#[tokio::test]
async fn no_room_at_all_is_nobody() {
    let mut three = three().await;
    let io = three.io.clone();
    io.to(Vec::<String>::new()).emit("x", 1).unwrap();
    io.to("").emit("x", 1).unwrap();
    io.to("\n").emit("x", 1).unwrap();
    io.of("/other").to("").emit("x", 1).unwrap();
    assert!(three.heard("x").await.is_empty());
    io.except(Vec::<String>::new()).emit("x", 1).unwrap();
    assert_eq!(three.heard("x").await, [0, 1, 2]);
}

#[tokio::test]
async fn an_id_is_a_room_too() {
    let mut three = three().await;
    let io = three.io.clone();
    let id = three.sockets[0].id().to_owned();
    io.to(&id).emit("x", 1).unwrap();
    assert_eq!(three.heard("x").await, [0]);
    io.to(&id).to("a").emit("x", 1).unwrap();
    assert_eq!(three.heard("x").await, [0, 1]);
    io.except(&id).emit("x", 1).unwrap();
    assert_eq!(three.heard("x").await, [1, 2]);
    // Others may be in it.
    three.sockets[2].join(&id).unwrap();
    io.to(&id).emit("x", 1).unwrap();
    assert_eq!(three.heard("x").await, [0, 2]);
    three.sockets[0].to(&id).emit("x", 1).unwrap();
    assert_eq!(
        three.heard("x").await,
        Vec::<usize>::new(),
        "its own room is left out with it"
    );
}

#[tokio::test]
async fn what_a_socket_broadcasts_never_comes_back() {
    let mut three = three().await;
    let second = three.sockets[1].clone();
    second.broadcast().emit("x", 1).unwrap();
    assert_eq!(three.heard("x").await, [0, 2]);
    second.to("a").emit("x", 1).unwrap();
    assert_eq!(three.heard("x").await, [0]);
    second.in_("b").emit("x", 1).unwrap();
    assert_eq!(three.heard("x").await, [2]);
    second.except("a").emit("x", 1).unwrap();
    assert_eq!(three.heard("x").await, [2]);
    second.local().emit("x", 1).unwrap();
    assert_eq!(three.heard("x").await, [0, 2]);
    second.volatile().to("a").emit("x", 1).unwrap();
    assert_eq!(three.heard("x").await, [0]);
    second
        .compress(false)
        .broadcast()
        .except("b")
        .emit("x", 1)
        .unwrap();
    assert_eq!(three.heard("x").await, [0]);
}

#[tokio::test]
async fn operators_are_values() {
    let mut three = three().await;
    let io = three.io.clone();
    let a = io.to("a").compress(false).volatile().local();
    let only = a.clone().except("b");
    a.emit("x", 1).unwrap();
    assert_eq!(three.heard("x").await, [0, 1]);
    only.emit("x", 1).unwrap();
    assert_eq!(three.heard("x").await, [0]);
    let timed = io.timeout(std::time::Duration::from_secs(1)).to("a");
    timed.emit("x", 1).unwrap();
    assert_eq!(three.heard("x").await, [0, 1]);
}

#[tokio::test]
async fn rooms_of_namespaces_are_apart() {
    let io = serve().await;
    io.of("/chat");
    let mut client = io.client().await;
    let main = io.socket(&client.sid).unwrap();
    client.enter("/chat", "").await;
    let chat = io.of("/chat").socket(&client.sid).unwrap();
    main.join(["yard", "/chat,yard"]).unwrap();
    chat.join("yard").unwrap();
    assert_eq!(main.rooms()[1..], ["yard".into(), "/chat,yard".into()]);
    assert_eq!(chat.rooms()[1..], ["yard".into()]);
    io.to("yard").emit("main", ()).unwrap();
    io.of("/chat").to("yard").emit("chat", ()).unwrap();
    io.to("/chat,yard").emit("odd", ()).unwrap();
    let mut heard = [client.hear().await, client.hear().await, client.hear().await];
    heard.sort_unstable();
    assert_eq!(heard, [r#"2/chat,["chat"]"#, r#"2["main"]"#, r#"2["odd"]"#]);
}

#[tokio::test]
async fn bytes_are_broadcast_too() {
    let mut three = three().await;
    three
        .io
        .to("b")
        .emit("file", Bytes::from_static(&[1, 2]))
        .unwrap();
    for client in &mut three.clients[1..] {
        assert_eq!(
            client.hear().await,
            r#"51-["file",{"_placeholder":true,"num":0}]"#
        );
        assert_eq!(client.hear_binary().await, [1, 2]);
    }
}

/// A member of the hub that speaks plain WebSocket.
#[derive(Default)]
struct Plain(Mutex<Vec<u8>>);

impl Recipient for Plain {
    fn deliver(&self, batch: &Batch<'_>) {
        let frames = batch.joined(WireForm::Frame);
        self.0.lock().unwrap().extend_from_slice(frames);
    }
}

#[tokio::test]
async fn plain_members_of_the_hub_share_the_rooms() {
    let (hub, flusher) = Hub::new();
    tokio::spawn(flusher);
    let io = serve_with(|builder| builder.hub(hub.clone())).await;
    let (mut client, socket) = io.pair().await;
    socket.join("yard").unwrap();
    let plain = Arc::new(Plain::default());
    let session = SessionId::new(7);
    let member = hub.enter(session, plain.clone());
    member.join(&RoomName::try_from("yard").unwrap()).unwrap();

    socket.to("yard").emit("said", ("kim", "hello")).unwrap();
    let event = io.event("said", ("lee", "hi")).unwrap();
    io.to("yard").publish(&event.clone().with_frame("lee: hi"));
    io.to("yard").except_session(session).publish(&event);
    hub.to(&RoomName::try_from("yard").unwrap())
        .publish(madang_hub::Publication::new(event.with_frame("!")));
    socket.emit("end", ()).unwrap();

    let heard = before_end(&mut client).await;
    assert_eq!(heard, [r#"2["said","lee","hi"]"#; 3], "not what it said itself");
    let frames = plain.0.lock().unwrap().clone();
    let text = String::from_utf8_lossy(&frames);
    let expected = "\u{16}[\"said\",\"kim\",\"hello\"]";
    assert!(text.contains(expected), "{text}");
    assert!(text.ends_with("\u{7}lee: hi\u{fffd}\u{1}!"), "{text:?}");
    assert_eq!(socket.session(), socket.clone().session());
}

#[tokio::test]
async fn an_event_may_be_published_to_one() {
    let mut three = three().await;
    let event = three.io.event("x", 1).unwrap();
    assert_eq!(event.name(), "x");
    three.sockets[2].publish(&event).unwrap();
    assert_eq!(three.heard("x").await, [2]);
}

#[tokio::test]
async fn volatile_is_dropped_when_it_would_wait() {
    let io = serve().await;
    // A polling client without a request: nothing can be sent at once.
    let sid = crate::common::poll(io.addr, "EIO=4&transport=polling", None).await;
    let sid = sid.split('"').nth(3).unwrap().to_owned();
    let query = format!("EIO=4&transport=polling&sid={sid}");
    crate::common::poll(io.addr, &query, Some("40")).await;
    let answer = crate::common::poll(io.addr, &query, None).await;
    assert!(answer.starts_with("40{"), "{answer}");
    let socket = io.sockets().remove(0);
    socket.volatile().emit("dropped", ()).unwrap();
    io.volatile().emit("dropped", ()).unwrap();
    io.to(socket.id()).volatile().emit("dropped", ()).unwrap();
    socket.emit("kept", ()).unwrap();
    assert_eq!(crate::common::poll(io.addr, &query, None).await, r#"42["kept"]"#);
}

#[tokio::test]
async fn what_is_not_to_be_compressed_is_not() {
    let io = serve().await;
    let sid = crate::common::poll(io.addr, "EIO=4&transport=polling", None).await;
    let sid = sid.split('"').nth(3).unwrap().to_owned();
    let query = format!("EIO=4&transport=polling&sid={sid}");
    crate::common::poll(io.addr, &query, Some("40")).await;
    crate::common::poll(io.addr, &query, None).await;
    let socket = io.sockets().remove(0);
    let long = "x".repeat(4096);
    let emits: [(bool, &dyn Fn()); 7] = [
        (true, &|| io.emit("x", &long).unwrap()),
        (false, &|| io.compress(false).emit("x", &long).unwrap()),
        (true, &|| io.compress(true).emit("x", &long).unwrap()),
        (false, &|| {
            io.to(socket.id()).compress(false).emit("x", &long).unwrap();
        }),
        (true, &|| {
            io.to(socket.id()).compress(true).emit("x", &long).unwrap();
        }),
        (false, &|| socket.compress(false).emit("x", &long).unwrap()),
        (true, &|| socket.compress(true).emit("x", &long).unwrap()),
    ];
    for (index, (compressed, emit)) in emits.into_iter().enumerate() {
        emit();
        let head = crate::common::head_of_poll(io.addr, &query).await;
        assert_eq!(
            head.contains("content-encoding: gzip"),
            compressed,
            "{index}: {head}"
        );
    }
}
