//! Clients of Socket.IO 2.x and before.

use crate::common::{Client, Served, serve_with, sockets};
use madang_socketio::{ConnectError, Data, Socket};
use std::time::Duration;

async fn serve() -> Served {
    serve_with(|builder| builder.engine(|engine| engine.allow_eio3 = true)).await
}

async fn open(io: &Served) -> Client {
    let mut client = Client::open(io.addr, "EIO=3&transport=websocket").await;
    assert_eq!(
        client.hear().await,
        "0",
        "in `/` without asking, and without an id"
    );
    client
}

#[tokio::test]
async fn they_are_in_the_main_namespace_at_once() {
    let io = serve().await;
    let mut sockets = sockets(&io);
    let mut client = open(&io).await;
    let socket = sockets.next().await;
    assert_eq!(socket.id(), client.engine_sid, "which they work out themselves");
    socket.on("hello", async |Data(n): Data<u8>| n);
    client.say(r#"20["hello",1]"#).await;
    assert_eq!(client.hear().await, "30[1]");
}

#[tokio::test]
async fn their_ids_elsewhere_have_the_name_in_front() {
    let io = serve().await;
    let mut chat = sockets(&io.of("/chat"));
    let mut client = open(&io).await;
    client.say("0/chat?token=s3%20cret&x=1,").await;
    assert_eq!(client.hear().await, "0/chat,");
    let socket = chat.next().await;
    assert_eq!(socket.id(), format!("/chat#{}", client.engine_sid));
    let auth: serde_json::Value = socket.handshake().auth().unwrap();
    assert_eq!(auth, serde_json::json!({"token": "s3 cret", "x": "1"}));
    io.of("/chat").emit("hi", ()).unwrap();
    assert_eq!(client.hear().await, r#"2/chat,["hi"]"#);
    client.say(r#"2/chat?token=s3%20cret&x=1,0["unheard"]"#).await;
    client.say("1/chat").await;
    client.say("0/chat").await;
    assert_eq!(client.hear().await, "0/chat,");
}

#[tokio::test]
async fn they_are_refused_with_text_or_data() {
    let io = serve().await;
    io.of("/text").use_(async || Err::<(), _>("nope"));
    io.of("/data")
        .use_(async || Err::<(), _>(ConnectError::new("nope").with_data(&serde_json::json!({"a": 1}))));
    let mut client = open(&io).await;
    for (asked, refused) in [
        ("0/text", r#"4/text,"nope""#),
        ("0/data", r#"4/data,{"a":1}"#),
        ("0/nowhere", r#"4/nowhere,{"message":"Invalid namespace"}"#),
    ] {
        client.say(asked).await;
        assert_eq!(client.hear().await, refused);
    }
}

#[tokio::test]
async fn new_and_old_clients_share_rooms() {
    let io = serve().await;
    io.on_connect(async |socket: Socket| socket.join("yard"));
    let mut old = open(&io).await;
    let mut new = io.client().await;
    io.to("yard").emit("hi", "마당").unwrap();
    for client in [&mut old, &mut new] {
        assert_eq!(client.hear().await, r#"2["hi","마당"]"#);
    }
}

#[tokio::test]
async fn who_is_refused_and_joins_nothing_in_time_is_sent_away() {
    let io = serve_with(|builder| {
        builder
            .connect_timeout(Duration::from_millis(100))
            .engine(|engine| engine.allow_eio3 = true)
    })
    .await;
    io.use_(
        async |socket: Socket| match socket.handshake().query_value("in") {
            Some(_) => Ok(()),
            None => Err("closed today"),
        },
    );
    let mut member = Client::open(io.addr, "EIO=3&transport=websocket&in=1").await;
    assert_eq!(member.hear().await, "0");
    let mut refused = Client::open(io.addr, "EIO=3&transport=websocket").await;
    assert_eq!(refused.hear_end().await, [r#"4"closed today""#]);
    io.emit("still", "here").unwrap();
    assert_eq!(member.hear().await, r#"2["still","here"]"#);
}
