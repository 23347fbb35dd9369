//! Sockets, looked at and told what to do from outside.

use crate::common::{notes, serve, soon};
use madang_socketio::{DisconnectReason, Socket};
use serde::{Deserialize, Serialize};
use std::time::Duration;

#[derive(Debug, Deserialize, PartialEq, Serialize)]
struct User {
    name: String,
}

#[tokio::test]
async fn fetched_sockets_show_id_handshake_rooms_and_data() {
    let io = serve().await;
    let (_client, socket) = io.pair().await;
    let (_other, _) = io.pair().await;
    socket.join("yard").unwrap();
    socket.set_data(User {
        name: "kim".to_owned(),
    });
    assert_eq!(socket.data_json(), serde_json::json!({"name": "kim"}));
    let all = io.fetch_sockets().await.unwrap();
    assert_eq!(all.len(), 2);
    let fetched = io.in_("yard").fetch_sockets().await.unwrap();
    let [fetched] = &fetched[..] else {
        panic!("one is in the room")
    };
    assert_eq!(fetched.id(), socket.id());
    assert_eq!(fetched.handshake().url(), socket.handshake().url());
    assert_eq!(fetched.rooms(), socket.rooms());
    assert_eq!(fetched.data::<User>().unwrap().name, "kim");
    assert_eq!(socket.data::<User>().unwrap().name, "kim");
    assert!(socket.data::<String>().is_none());
}

#[tokio::test]
async fn all_sockets_are_ids() {
    let io = serve().await;
    let (_client, socket) = io.pair().await;
    let (_other, second) = io.pair().await;
    second.join("yard").unwrap();
    assert_eq!(io.all_sockets().await.unwrap().len(), 2);
    assert_eq!(
        io.except("yard").all_sockets().await.unwrap(),
        [socket.id().into()]
    );
    assert_eq!(io.sockets().len(), 2);
    assert_eq!(io.socket_count(), 2);
    assert_eq!(io.clients_count(), 2);
}

#[tokio::test]
async fn a_fetched_socket_can_be_told_what_to_do() {
    let io = serve().await;
    let (mut client, socket) = io.pair().await;
    let fetched = io.fetch_sockets().await.unwrap().remove(0);
    fetched.emit("hello", 1).unwrap();
    assert_eq!(client.hear().await, r#"2["hello",1]"#);
    let (answer, ()) = tokio::join!(
        fetched
            .timeout(Duration::from_secs(5))
            .emit_with_ack::<String>("ask", ()),
        async {
            assert_eq!(client.hear().await, r#"20["ask"]"#);
            client.say(r#"30["answer"]"#).await;
        }
    );
    assert_eq!(answer.unwrap(), "answer", "one response, not a list");
    fetched.join(["a", "b"]);
    fetched.leave("a");
    assert_eq!(socket.rooms()[1..], ["b".into()]);
    fetched.disconnect(false);
    assert_eq!(client.hear().await, "1");
    let late = fetched
        .timeout(Duration::from_millis(10))
        .emit_with_ack::<u8>("late", ());
    assert!(soon(late).await.is_err());
}

#[tokio::test]
async fn sockets_join_and_leave_together() {
    let io = serve().await;
    let (_a, first) = io.pair().await;
    let (_b, second) = io.pair().await;
    first.join("yard").unwrap();
    io.in_("yard").sockets_join(["x", "y"]);
    io.sockets_join("z");
    assert_eq!(first.rooms().len(), 5);
    assert_eq!(second.rooms()[1..], ["z".into()]);
    io.in_("x").sockets_leave("z");
    io.sockets_leave(["y"]);
    assert_eq!(first.rooms()[1..], ["yard".into(), "x".into()]);
    assert_eq!(second.rooms()[1..], ["z".into()]);
}

#[tokio::test]
async fn sockets_are_disconnected_together() {
    let io = serve().await;
    let (gone, mut reasons) = notes();
    io.on_connect(move |socket: Socket| {
        let gone = gone.clone();
        socket.on_disconnect(move |reason: DisconnectReason| {
            let _ = gone.send(reason.as_str());
            async {}
        });
        async {}
    });
    let (mut a, first) = io.pair().await;
    let (mut b, _) = io.pair().await;
    first.join("yard").unwrap();
    io.in_("yard").disconnect_sockets(false);
    assert_eq!(a.hear().await, "1");
    assert_eq!(reasons.next().await, "server namespace disconnect");
    a.enter("/", "").await;
    io.disconnect_sockets(true);
    assert_eq!(a.hear_end().await, ["1"]);
    assert_eq!(b.hear_end().await, ["1"]);
    assert_eq!(reasons.next().await, "server namespace disconnect");
}
