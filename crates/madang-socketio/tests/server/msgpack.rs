//! Clients of the msgpack parser.

use crate::common::serve_with;
use madang_hub::{Batch, Hub, Recipient, RoomName, SessionId, WireForm};
use madang_socketio::{Bytes, Data, Parser, Socket};
use std::sync::{Arc, Mutex};

/// `{"type":…,"nsp":"/"…}`, whose other fields follow.
fn packet(kind: u8, fields: u8, more: &[u8]) -> Vec<u8> {
    let mut packet = vec![0x80 | fields, 0xa4];
    packet.extend_from_slice(b"type");
    packet.push(kind);
    packet.extend_from_slice(b"\xa3nsp\xa1/");
    packet.extend_from_slice(more);
    packet
}

#[derive(Default)]
struct Plain(Mutex<Vec<u8>>);

impl Recipient for Plain {
    fn deliver(&self, batch: &Batch<'_>) {
        let frames = batch.joined(WireForm::Frame);
        self.0.lock().unwrap().extend_from_slice(frames);
    }
}

#[tokio::test]
async fn events_and_acknowledgements_are_msgpack() {
    let (hub, flusher) = Hub::new();
    tokio::spawn(flusher);
    let io = serve_with(|builder| builder.parser(Parser::Msgpack).hub(hub.clone())).await;
    io.on_connect(async |socket: Socket| {
        socket.on("echo", async |Data((n, bytes)): Data<(u8, Bytes)>| (bytes, n));
        socket.join("yard")
    });
    let plain = Arc::new(Plain::default());
    let member = hub.enter(SessionId::new(7), plain.clone());
    member.join(&RoomName::try_from("yard").unwrap()).unwrap();
    let mut client = io.open().await;
    client.say_binary(&packet(0, 2, b"")).await;
    let welcome = client.hear_binary().await;
    assert!(welcome.windows(4).any(|bytes| bytes == b"\xa3sid"), "{welcome:?}");
    // ["echo", 5, bytes 1 2], id 7
    let event = packet(2, 4, b"\xa4data\x93\xa4echo\x05\xc4\x02\x01\x02\xa2id\x07");
    client.say_binary(&event).await;
    let answer = client.hear_binary().await;
    let data = b"\xa4data\x92\xc4\x02\x01\x02\x05";
    assert!(
        answer.windows(data.len()).any(|bytes| bytes == data),
        "{answer:?}"
    );
    io.to("yard").emit("said", ("마당", 1)).unwrap();
    let said = client.hear_binary().await;
    let name = b"\xa4said";
    assert!(said.windows(name.len()).any(|bytes| bytes == name), "{said:?}");
    let heard = plain.0.lock().unwrap().clone();
    assert_eq!(
        &heard[2..],
        r#"["said","마당",1]"#.as_bytes(),
        "as text, for those who speak plain WebSocket"
    );
}

#[tokio::test]
async fn a_namespace_without_a_slash_is_none() {
    let io = serve_with(|builder| builder.parser(Parser::Msgpack)).await;
    let parent = io.ns_matching(|_| true, async |_: Socket| {});
    let mut client = io.open().await;
    client.say_binary(b"\x82\xa4type\x00\xa3nsp\xa4chat").await;
    let refused = client.hear_binary().await;
    let message = b"Invalid namespace";
    assert!(
        refused.windows(message.len()).any(|bytes| bytes == message),
        "{refused:?}"
    );
    assert_eq!(parent.child_count(), 0);
}

#[tokio::test]
async fn an_offset_is_the_last_argument() {
    let recovery = madang_socketio::ConnectionStateRecovery::default();
    let io = serve_with(|builder| {
        builder
            .parser(Parser::Msgpack)
            .connection_state_recovery(recovery)
    })
    .await;
    let mut client = io.open().await;
    client.say_binary(&packet(0, 2, b"")).await;
    client.hear_binary().await;
    for count in [0, 14, 15, 70_000] {
        io.emit("n", madang_socketio::Arguments(vec![1_u8; count]))
            .unwrap();
        let said = client.hear_binary().await;
        let mut decoder = Parser::Msgpack.decoder(0);
        let decoded = decoder.receive(said.into()).unwrap().unwrap();
        let madang_socketio::proto::PacketKind::Event { args, .. } = decoded.kind else {
            panic!("not an event");
        };
        let madang_socketio::Arguments(mut args): madang_socketio::Arguments = args.read().unwrap();
        let madang_socketio::Value::String(offset) = args.pop().unwrap() else {
            panic!("no offset");
        };
        assert!(offset.contains('.') && args.len() == count);
    }
}
