//! Several servers as one.

use crate::common::{Served, notes, serve_with, soon};
use madang_socketio::{Ack, Bytes, Cluster, Data, Limits, SocketIo};
use std::time::Duration;

async fn two() -> (Served, Served) {
    let cluster = Cluster::new();
    let one = serve_with(|builder| builder.adapter(cluster.clone())).await;
    let two = serve_with(|builder| builder.adapter(cluster)).await;
    (one, two)
}

#[tokio::test]
async fn a_broadcast_reaches_clients_of_all_servers() {
    let (one, two) = two().await;
    let (mut a, first) = one.pair().await;
    let (mut b, second) = two.pair().await;
    one.emit("all", (1, Bytes::from_static(&[1]))).unwrap();
    for client in [&mut a, &mut b] {
        assert_eq!(
            client.hear().await,
            r#"51-["all",1,{"_placeholder":true,"num":0}]"#
        );
        assert_eq!(client.hear_binary().await, [1]);
    }
    second.join("yard").unwrap();
    one.to("yard").emit("room", ()).unwrap();
    one.to(second.id()).emit("own", ()).unwrap();
    one.local().emit("local", ()).unwrap();
    one.except("nowhere").local().emit("local", ()).unwrap();
    first.local().emit("others here", ()).unwrap();
    first.broadcast().emit("others", ()).unwrap();
    one.to("yard").publish(&one.event("ready", 1).unwrap());
    let file = one.event("file", Bytes::from_static(&[2])).unwrap();
    for heard in [r#"2["room"]"#, r#"2["own"]"#, r#"2["others"]"#, r#"2["ready",1]"#] {
        assert_eq!(b.hear().await, heard);
    }
    assert_eq!(a.hear().await, r#"2["local"]"#);
    assert_eq!(a.hear().await, r#"2["local"]"#);
    one.to("yard").publish(&file);
    assert_eq!(b.hear().await, r#"51-["file",{"_placeholder":true,"num":0}]"#);
    assert_eq!(b.hear_binary().await, [2]);
}

#[tokio::test]
async fn acknowledgements_come_from_all_servers() {
    let (one, two) = two().await;
    let (mut a, _) = one.pair().await;
    let (mut b, _) = two.pair().await;
    let asked = one
        .timeout(Duration::from_secs(5))
        .emit_with_ack::<u8>("vote", ());
    a.hear().await;
    b.hear().await;
    a.say("30[1]").await;
    b.say("30[2]").await;
    let mut votes = soon(asked).await.unwrap();
    votes.sort_unstable();
    assert_eq!(votes, [1, 2]);
    let asked = one
        .timeout(Duration::from_millis(200))
        .emit_with_ack::<u8>("vote", ());
    a.hear().await;
    a.say("31[1]").await;
    let error = soon(asked).await.unwrap_err();
    assert_eq!((error.responses.as_slice(), error.expected), (&[1_u8][..], 2));
}

#[tokio::test]
async fn sockets_are_fetched_and_moved_wherever_they_are() {
    let (one, two) = two().await;
    let (_a, first) = one.pair().await;
    let (mut b, second) = two.pair().await;
    second.set_data(7_u8);
    let mut ids = one.all_sockets().await.unwrap();
    ids.sort_unstable();
    let mut expected = vec![first.id().into(), second.id().into()];
    expected.sort_unstable();
    assert_eq!(ids, expected);
    one.sockets_join("yard");
    let fetched = one.in_("yard").except(first.id()).fetch_sockets().await.unwrap();
    let [fetched] = &fetched[..] else {
        panic!("one is elsewhere")
    };
    assert_eq!(fetched.data::<u8>().unwrap(), 7);
    assert_eq!(fetched.rooms(), second.rooms());
    assert_eq!(fetched.handshake().url(), second.handshake().url());
    fetched.emit("hello", ()).unwrap();
    assert_eq!(b.hear().await, r#"2["hello"]"#);
    fetched.leave("yard");
    assert_eq!(second.rooms().len(), 1);
    assert_eq!(one.local().fetch_sockets().await.unwrap().len(), 1);
    one.disconnect_sockets(true);
    assert_eq!(b.hear_end().await, ["1"]);
}

#[tokio::test]
async fn servers_emit_to_each_other() {
    let (one, two) = two().await;
    let (told, mut heard) = notes();
    two.on("hello", move |io: SocketIo, Data(text): Data<String>| {
        let _ = told.send((io.path().to_owned(), text));
        async {}
    });
    one.on("hello", async || -> () { panic!("not to itself") });
    one.server_side_emit("hello", "from one").unwrap();
    assert_eq!(
        heard.next().await,
        ("/socket.io".to_owned(), "from one".to_owned())
    );
    for name in ["connect", "connection", "new_namespace"] {
        assert_eq!(
            one.server_side_emit(name, ()).unwrap_err().code(),
            "sio_emit_reserved"
        );
    }
}

#[tokio::test]
async fn servers_answer_each_other() {
    let (one, two) = two().await;
    two.on("sum", async |Data((a, b)): Data<(u8, u8)>| a + b);
    two.on("later", async |ack: Ack| {
        tokio::task::yield_now().await;
        ack.send("later")
    });
    assert_eq!(
        soon(one.server_side_emit_with_ack::<u8>("sum", (1, 2)))
            .await
            .unwrap(),
        [3]
    );
    let later = one.server_side_emit_with_ack::<String>("later", ());
    assert_eq!(soon(later).await.unwrap(), ["later"]);
    let alone = crate::common::serve().await;
    assert!(
        soon(alone.server_side_emit_with_ack::<u8>("sum", (1, 2)))
            .await
            .unwrap()
            .is_empty()
    );
}

#[tokio::test]
async fn as_many_requests_are_pending_as_may_be() {
    let cluster = Cluster::new();
    let mut limits = Limits::default();
    limits.pending_requests = 0;
    let one = serve_with(|builder| builder.adapter(cluster.clone()).limits(limits)).await;
    let error = one.fetch_sockets().await.unwrap_err();
    assert_eq!(error.to_string(), "0 requests are pending already");
    let refused = one.emit_with_ack::<u8>("x", ()).await;
    assert_eq!(refused.unwrap_err().error.code(), "sio_emit_too_many_acks");
}

#[tokio::test]
async fn a_closed_server_takes_part_no_longer() {
    let (one, two) = two().await;
    soon(two.close()).await;
    assert!(one.fetch_sockets().await.unwrap().is_empty());
}
