//! What a socket sends to its client.

use crate::common::serve;
use madang_socketio::{Bytes, Socket};
use serde::Serialize;
use std::time::Duration;

#[tokio::test]
async fn an_event_has_none_one_or_several_arguments() {
    #[derive(Serialize)]
    struct Line<'a> {
        text: &'a str,
    }
    let io = serve().await;
    let (mut client, socket) = io.pair().await;
    socket.emit("none", ()).unwrap();
    socket.emit("one", &Line { text: "마당" }).unwrap();
    socket.emit("two", (1, "b")).unwrap();
    socket.emit("list", vec![1, 2]).unwrap();
    assert_eq!(client.hear().await, r#"2["none"]"#);
    assert_eq!(client.hear().await, r#"2["one",{"text":"마당"}]"#);
    assert_eq!(client.hear().await, r#"2["two",1,"b"]"#);
    assert_eq!(client.hear().await, r#"2["list",[1,2]]"#);
}

#[tokio::test]
async fn send_and_write_are_messages() {
    let io = serve().await;
    let (mut client, socket) = io.pair().await;
    socket.send("a").unwrap();
    socket.write("b").unwrap();
    io.send("c").unwrap();
    io.write("d").unwrap();
    io.to(socket.id()).send("e").unwrap();
    for letter in ["a", "b", "c", "d", "e"] {
        assert_eq!(client.hear().await, format!(r#"2["message","{letter}"]"#));
    }
}

#[tokio::test]
async fn bytes_are_attachments_wherever_they_are() {
    let io = serve().await;
    let (mut client, socket) = io.pair().await;
    let (a, b) = (Bytes::from_static(&[1]), Bytes::from_static(&[2, 3]));
    socket.emit("file", ("name", vec![a, b])).unwrap();
    socket.emit("next", ()).unwrap();
    assert_eq!(
        client.hear().await,
        r#"52-["file","name",[{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]]"#
    );
    assert_eq!(client.hear_binary().await, [1]);
    assert_eq!(client.hear_binary().await, [2, 3]);
    assert_eq!(client.hear().await, r#"2["next"]"#);
}

#[tokio::test]
async fn flags_go_with_one_event() {
    let io = serve().await;
    let (mut client, socket) = io.pair().await;
    socket.volatile().emit("volatile", 1).unwrap();
    socket.compress(false).emit("plain", 2).unwrap();
    socket
        .timeout(Duration::from_secs(1))
        .compress(true)
        .send(3)
        .unwrap();
    assert_eq!(client.hear().await, r#"2["volatile",1]"#);
    assert_eq!(client.hear().await, r#"2["plain",2]"#);
    assert_eq!(client.hear().await, r#"2["message",3]"#);
}

#[tokio::test]
async fn events_leave_in_the_order_of_the_calls() {
    let io = serve().await;
    let (mut client, socket) = io.pair().await;
    socket.on("ask", async |socket: Socket| {
        socket.emit("before", ())?;
        Ok::<_, madang_socketio::EmitError>("answer")
    });
    client.say(r#"20["ask"]"#).await;
    assert_eq!(client.hear().await, r#"2["before"]"#);
    assert_eq!(client.hear().await, r#"30["answer"]"#);
    for n in 0..100 {
        io.emit("all", n).unwrap();
        socket.emit("one", n).unwrap();
    }
    for n in 0..100 {
        assert_eq!(client.hear().await, format!(r#"2["all",{n}]"#));
        assert_eq!(client.hear().await, format!(r#"2["one",{n}]"#));
    }
}

#[tokio::test]
async fn nothing_goes_to_who_is_gone() {
    let io = serve().await;
    let (mut client, socket) = io.pair().await;
    socket.disconnect(true);
    client.hear_end().await;
    assert_eq!(
        socket.emit("late", ()).unwrap_err().code(),
        "sio_emit_disconnected"
    );
    assert_eq!(socket.join("late").unwrap_err().code(), "sio_join_disconnected");
    assert!(socket.rooms().is_empty() && socket.disconnected());
    let asked = socket.emit_with_ack::<u8>("late", ()).await;
    assert_eq!(asked.unwrap_err().code(), "sio_emit_disconnected");
}

#[tokio::test]
async fn what_cannot_be_encoded_is_an_error() {
    let io = serve().await;
    let (mut client, socket) = io.pair().await;
    let odd = std::collections::HashMap::from([((1, 2), 3)]);
    assert_eq!(socket.emit("odd", &odd).unwrap_err().code(), "sio_emit_encode");
    assert_eq!(io.emit("odd", &odd).unwrap_err().code(), "sio_emit_encode");
    socket.emit("good", socket.buffered_bytes()).unwrap();
    assert_eq!(client.hear().await, r#"2["good",0]"#);
}

#[tokio::test]
async fn json_that_is_text_already_arrives_as_it_is() {
    let io = serve().await;
    let (mut client, socket) = io.pair().await;
    let long = format!("[{}]", vec!["1234567"; 20].join(","));
    let raw = serde_json::value::RawValue::from_string(long.clone()).unwrap();
    socket.emit("raw", ("before", &raw, "after")).unwrap();
    socket.emit("alone", &raw).unwrap();
    assert_eq!(
        client.hear().await,
        format!(r#"2["raw","before",{long},"after"]"#)
    );
    assert_eq!(client.hear().await, format!(r#"2["alone",{long}]"#));
}
