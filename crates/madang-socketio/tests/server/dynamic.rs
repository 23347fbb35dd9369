//! Namespaces that clients bring to life.

use crate::common::{notes, serve, serve_with, soon};
use madang_socketio::{Data, Limits, NamespaceName, Socket};
use serde::Deserialize;

#[tokio::test]
async fn a_name_that_matches_is_a_namespace() {
    let io = serve().await;
    let (created, mut names) = notes();
    io.on_new_namespace(move |namespace| {
        let _ = created.send(namespace.name().to_owned());
    });
    let rooms = io.ns_matching(
        |name| name.starts_with("/room-"),
        async |socket: Socket, name: NamespaceName| socket.emit("welcome", &*name),
    );
    let mut client = io.join("/room-1").await;
    assert_eq!(client.hear().await, r#"2/room-1,["welcome","/room-1"]"#);
    let mut other = io.join("/room-2").await;
    assert_eq!(other.hear().await, r#"2/room-2,["welcome","/room-2"]"#);
    assert_eq!(names.so_far(), ["/room-1", "/room-2"]);
    assert_eq!((rooms.child_count(), rooms.children().len()), (2, 2));
    assert_eq!(io.namespaces().len(), 3);
    rooms.emit("all", 1).unwrap();
    assert_eq!(client.hear().await, r#"2/room-1,["all",1]"#);
    assert_eq!(other.hear().await, r#"2/room-2,["all",1]"#);
    other.say("0/hall,").await;
    assert_eq!(other.hear().await, r#"4/hall,{"message":"Invalid namespace"}"#);
}

#[tokio::test]
async fn a_handler_may_decide() {
    #[derive(Deserialize)]
    struct Auth {
        token: String,
    }
    let io = serve().await;
    io.ns_if(
        async |name: NamespaceName, Data(auth): Data<Auth>| {
            tokio::task::yield_now().await;
            &*name == "/secret" && auth.token == "s3cret"
        },
        async |_: Socket| {},
    );
    let mut client = io.open().await;
    for packet in [
        r#"0/secret,{"token":"guess"}"#,
        "0/secret,",
        r#"0/other,{"token":"s3cret"}"#,
    ] {
        client.say(packet).await;
        assert!(client.hear().await.contains("Invalid namespace"));
    }
    client.enter("/secret", r#"{"token":"s3cret"}"#).await;
}

#[tokio::test]
async fn children_inherit_middlewares_and_handlers() {
    let io = serve().await;
    let parent = io.ns_matching(|_| true, async |socket: Socket| socket.emit("one", ()));
    parent.use_(async |name: NamespaceName| {
        if &*name == "/closed" {
            Err("closed")
        } else {
            Ok(())
        }
    });
    parent.on_connect(async |socket: Socket| socket.emit("two", ()));
    let mut client = io.join("/open").await;
    assert_eq!(client.hear().await, r#"2/open,["one"]"#);
    assert_eq!(client.hear().await, r#"2/open,["two"]"#);
    client.say("0/closed,").await;
    assert_eq!(client.hear().await, r#"4/closed,{"message":"closed"}"#);
}

#[tokio::test]
async fn an_empty_child_is_freed_if_asked_for() {
    let io = serve_with(|builder| builder.cleanup_empty_child_namespaces(true)).await;
    let parent = io.ns_matching(|name| name != "/kept", async |_: Socket| {});
    parent.use_(async |name: NamespaceName| {
        if &*name == "/closed" {
            Err("closed")
        } else {
            Ok(())
        }
    });
    io.of("/kept");
    let mut client = io.join("/a").await;
    let second = io.join("/a").await;
    client.say("0/closed,").await;
    client.hear().await;
    assert_eq!(parent.child_count(), 1, "who was refused leaves nothing behind");
    client.say("1/a,").await;
    client.enter("/kept", "").await;
    assert_eq!(parent.child_count(), 1, "somebody is in it");
    second.vanish();
    let freed = async {
        while parent.child_count() > 0 {
            tokio::task::yield_now().await;
        }
    };
    soon(freed).await;
    assert_eq!(io.namespaces().len(), 2);
    client.enter("/a", "").await;
    assert_eq!(parent.child_count(), 1);
}

#[tokio::test]
async fn an_empty_child_stays_otherwise() {
    let io = serve().await;
    let parent = io.ns_matching(|_| true, async |_: Socket| {});
    let mut client = io.join("/a").await;
    client.say("1/a,").await;
    client.enter("/b", "").await;
    assert_eq!(parent.child_count(), 2);
}

#[tokio::test]
async fn clients_bring_to_life_as_many_as_they_may() {
    let mut limits = Limits::default();
    limits.child_namespaces = 2;
    let io = serve_with(|builder| builder.limits(limits)).await;
    let parent = io.ns_matching(|_| true, async |_: Socket| {});
    let mut client = io.join("/a").await;
    client.enter("/b", "").await;
    client.say("0/c,").await;
    assert_eq!(client.hear().await, r#"4/c,{"message":"Invalid namespace"}"#);
    io.join("/a").await;
    assert_eq!(parent.child_count(), 2);
}

#[tokio::test]
async fn a_matcher_that_panics_admits_nobody() {
    let io = serve().await;
    io.ns_matching(|_| panic!("as told"), async |_: Socket| {});
    let mut client = io.client().await;
    client.say("0/x,").await;
    assert_eq!(client.hear().await, r#"4/x,{"message":"Invalid namespace"}"#);
    let long = "x".repeat(300);
    io.ns_matching(|_| true, async |_: Socket| {});
    client.say(&format!("0/{long},")).await;
    assert!(
        client
            .hear()
            .await
            .ends_with(r#",{"message":"Invalid namespace"}"#)
    );
}

#[test]
#[should_panic(expected = "can't be a namespace")]
fn a_name_that_no_packet_could_have_is_refused() {
    madang_socketio::SocketIo::new().of("/a,b");
}
