//! How clients get into namespaces, and how they don't.

use crate::common::{notes, serve, serve_with, sockets};
use madang_socketio::{ConnectError, Data, DisconnectReason, Extension, Handshake, Socket, State};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;

#[tokio::test]
async fn a_client_enters_by_asking() {
    let io = serve().await;
    let mut sockets = sockets(&io);
    let client = io.client().await;
    let socket = sockets.next().await;
    assert_eq!(socket.id(), client.sid);
    assert_eq!(client.sid.len(), 20);
    assert_ne!(client.sid, client.engine_sid, "the session id is a secret");
    assert!(client.pid.is_none(), "nothing is recovered unless it's asked for");
    assert!(socket.connected() && !socket.disconnected() && !socket.recovered());
    assert_eq!((socket.namespace().name(), socket.nsp().name()), ("/", "/"));
    assert_eq!(socket.conn().session_id(), client.engine_sid);
}

#[tokio::test]
async fn one_connection_has_a_socket_in_each_namespace() {
    let io = serve().await;
    io.of("chat");
    let mut client = io.client().await;
    let main = client.sid.clone();
    client.enter("/chat", "").await;
    let (main, chat) = (
        io.socket(&main).unwrap(),
        io.of("/chat").socket(&client.sid).unwrap(),
    );
    assert_ne!(main.id(), chat.id());
    assert_eq!(main.client().sockets(), [main.clone(), chat.clone()]);
    assert_eq!(main.conn().session_id(), chat.client().conn().session_id());
    io.of("/chat").emit("hello", 1).unwrap();
    assert_eq!(client.hear().await, r#"2/chat,["hello",1]"#);
    io.emit("hello", 2).unwrap();
    assert_eq!(client.hear().await, r#"2["hello",2]"#);
    // A name without its comma will do.
    let mut other = io.open().await;
    other.say("0/chat").await;
    assert!(other.hear().await.starts_with(r#"0/chat,{"sid":""#));
}

#[tokio::test]
async fn an_unknown_namespace_is_refused() {
    let io = serve().await;
    let mut client = io.client().await;
    client.say("0/nowhere,").await;
    assert_eq!(
        client.hear().await,
        r#"4/nowhere,{"message":"Invalid namespace"}"#
    );
    io.emit("still", "here").unwrap();
    assert_eq!(client.hear().await, r#"2["still","here"]"#);
}

#[tokio::test]
async fn middlewares_are_asked_in_order_and_may_refuse_with_data() {
    #[derive(serde::Deserialize)]
    struct Auth {
        token: Option<String>,
    }
    let io = serve().await;
    let (asked, mut order) = notes();
    let second = asked.clone();
    io.use_(move |Data(auth): Data<Auth>| {
        let _ = asked.send(1);
        async move {
            tokio::task::yield_now().await;
            match auth.token.as_deref() {
                Some("s3cret") => Ok(()),
                _ => Err(ConnectError::new("not authorized").with_data(&serde_json::json!({"code": 401}))),
            }
        }
    });
    io.use_(move || {
        let _ = second.send(2);
        async { Ok::<(), String>(()) }
    });
    let mut sockets = sockets(&io);
    let mut client = io.open().await;
    client.say(r#"0{"token":"guess"}"#).await;
    assert_eq!(
        client.hear().await,
        r#"4{"message":"not authorized","data":{"code":401}}"#
    );
    assert_eq!(order.so_far(), [1], "who is refused isn't asked for more");
    client.enter("/", r#"{"token":"s3cret"}"#).await;
    assert_eq!(order.so_far(), [1, 2]);
    assert_eq!(sockets.next().await.id(), client.sid);
}

#[tokio::test]
async fn a_text_is_a_refusal_without_data() {
    let io = serve().await;
    io.use_(async || Err::<(), _>("closed today"));
    let mut client = io.open().await;
    client.say("0").await;
    assert_eq!(client.hear().await, r#"4{"message":"closed today"}"#);
}

#[tokio::test]
async fn a_middleware_that_panics_lets_nobody_in() {
    let io = serve().await;
    io.use_(async |socket: Socket| {
        assert!(socket.connected(), "it isn't yet");
        Ok::<(), String>(())
    });
    let mut client = io.open().await;
    client.say("0").await;
    assert_eq!(client.hear().await, r#"4{"message":"internal error"}"#);
    assert_eq!(io.socket_count(), 0);
}

#[tokio::test]
async fn a_middleware_may_emit_and_join_and_put_data() {
    let io = serve().await;
    io.use_(async |socket: Socket| {
        socket.set_data("kim".to_owned());
        socket.join("early").map_err(|error| error.to_string())?;
        socket.emit("before", ()).map_err(|error| error.to_string())
    });
    let mut client = io.open().await;
    client.say("0").await;
    assert_eq!(client.hear().await, r#"2["before"]"#);
    let answer = client.hear().await;
    client.welcomed(client_body(&answer));
    let socket = io.socket(&client.sid).unwrap();
    assert_eq!(*socket.data::<String>().unwrap(), "kim");
    io.to("early").emit("room", ()).unwrap();
    assert_eq!(client.hear().await, r#"2["room"]"#);
}

fn client_body(answer: &str) -> &str {
    answer.strip_prefix('0').unwrap()
}

#[tokio::test]
async fn what_the_handler_emits_comes_after_the_answer() {
    let io = serve().await;
    io.ns("/", async |socket: Socket| {
        socket.emit("first", ())?;
        socket.broadcast().emit("joined", socket.id())?;
        socket.emit("second", ())
    });
    let mut client = io.open().await;
    client.say("0").await;
    assert!(client.hear().await.starts_with("0{"));
    assert_eq!(client.hear().await, r#"2["first"]"#);
    assert_eq!(client.hear().await, r#"2["second"]"#);
}

#[tokio::test]
async fn events_wait_for_the_handler_of_the_connection() {
    let io = serve().await;
    let go = Arc::new(Notify::new());
    let gate = go.clone();
    io.on_connect(move |socket: Socket| {
        let gate = gate.clone();
        async move {
            socket.on("known", async || "known");
            gate.notified().await;
            socket.on("late", async |Data(n): Data<u32>| n);
        }
    });
    let mut client = io.client().await;
    client.say(r#"20["late",1]"#).await;
    client.say(r#"21["known"]"#).await;
    assert_eq!(
        client.hear().await,
        r#"31["known"]"#,
        "who is listened to needn't wait"
    );
    client.say(r#"22["late",2]"#).await;
    client.say(r#"23["known"]"#).await;
    assert_eq!(client.hear().await, r#"33["known"]"#);
    go.notify_one();
    assert_eq!(client.hear().await, "30[1]");
    assert_eq!(client.hear().await, "32[2]");
}

#[tokio::test]
async fn an_event_before_connect_ends_the_connection() {
    let io = serve().await;
    let mut client = io.open().await;
    client.say(r#"2["hello"]"#).await;
    assert!(client.hear_end().await.is_empty());
}

#[tokio::test]
async fn a_second_connect_ends_the_connection() {
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
    let mut client = io.client().await;
    client.say("0").await;
    client.hear_end().await;
    assert_eq!(reasons.next().await, "forced server close");
}

#[tokio::test]
async fn an_event_to_a_namespace_that_it_is_not_in_ends_the_connection() {
    let io = serve().await;
    io.of("/chat");
    let mut client = io.client().await;
    client.say(r#"2/chat,["hello"]"#).await;
    assert!(client.hear_end().await.is_empty());
}

#[tokio::test]
async fn what_was_on_its_way_when_the_server_disconnected_is_no_fault() {
    let io = serve().await;
    let (mut client, socket) = io.pair().await;
    socket.disconnect(false);
    assert_eq!(client.hear().await, "1");
    client.say(r#"2["too","late"]"#).await;
    client.enter("/", "").await;
    assert_ne!(client.sid, socket.id());
}

#[tokio::test]
async fn who_joins_nothing_in_time_is_sent_away() {
    let io = serve_with(|builder| builder.connect_timeout(Duration::from_millis(100))).await;
    assert_eq!(io.connect_timeout(), Duration::from_millis(100));
    let mut idle = io.open().await;
    let mut refused = io.open().await;
    refused.say("0/nowhere,").await;
    let mut member = io.client().await;
    assert!(idle.hear_end().await.is_empty());
    assert_eq!(refused.hear_end().await.len(), 1);
    io.emit("still", "here").unwrap();
    assert_eq!(member.hear().await, r#"2["still","here"]"#);
}

#[tokio::test]
async fn who_leaves_while_it_is_checked_never_was_there() {
    let io = serve().await;
    let (asked, mut started) = notes();
    let go = Arc::new(Notify::new());
    let gate = go.clone();
    io.use_(move || {
        let _ = asked.send(());
        let gate = gate.clone();
        async move {
            gate.notified().await;
            Ok::<(), String>(())
        }
    });
    let mut sockets = sockets(&io);
    let mut client = io.open().await;
    client.say("0").await;
    started.next().await;
    client.vanish();
    while io.clients_count() > 0 {
        tokio::task::yield_now().await;
    }
    go.notify_one();
    // The next one gets through, and is the first that anybody hears of.
    let mut next = io.open().await;
    next.say("0").await;
    started.next().await;
    go.notify_one();
    let answer = next.hear().await;
    next.welcomed(client_body(&answer));
    assert_eq!(sockets.next().await.id(), next.sid);
    assert_eq!(io.socket_count(), 1);
}

#[tokio::test]
async fn the_handshake_tells_who_came_and_how() {
    let io = serve().await;
    let mut sockets = sockets(&io);
    let mut client = crate::common::Client::open(io.addr, "EIO=4&transport=websocket&lang=ko+KR&x=%25").await;
    client.enter("/", r#"{"token":"s3cret"}"#).await;
    let socket = sockets.next().await;
    let handshake: &Handshake = socket.handshake();
    assert_eq!(handshake.query_value("lang").unwrap(), "ko KR");
    assert_eq!(handshake.query_value("x").unwrap(), "%");
    assert!(handshake.url().starts_with("/socket.io/?EIO=4&"));
    assert_eq!(handshake.headers()["upgrade"], "websocket");
    assert_eq!(handshake.header("Host").unwrap(), io.addr.to_string());
    assert!(!handshake.xdomain() && !handshake.secure());
    assert!(
        handshake
            .time()
            .ends_with("GMT+0000 (Coordinated Universal Time)")
    );
    let auth: serde_json::Value = handshake.auth().unwrap();
    assert_eq!(auth["token"], "s3cret");
    let object = serde_json::to_value(handshake).unwrap();
    for field in [
        "headers", "time", "address", "xdomain", "secure", "issued", "url", "query", "auth",
    ] {
        assert!(object.get(field).is_some(), "{field} is missing");
    }
    assert_eq!(object["query"]["EIO"], "4");
    assert_eq!(socket.request().url(), socket.client().request().url());
}

#[tokio::test]
async fn without_auth_it_is_an_empty_object() {
    let io = serve().await;
    let mut sockets = sockets(&io);
    let _client = io.client().await;
    let auth: serde_json::Value = sockets.next().await.handshake().auth().unwrap();
    assert_eq!(auth, serde_json::json!({}));
}

#[tokio::test]
async fn handlers_get_state_and_extensions() {
    #[derive(Clone)]
    struct Database(&'static str);
    let io = serve_with(|builder| builder.state(Database("here")).state(7_u8)).await;
    io.ns(
        "/",
        async |socket: Socket, State(database): State<Database>, State(seven): State<u8>| {
            socket.extensions().insert("kim");
            socket.on("who", async |Extension(name): Extension<&'static str>| name);
            socket.on("nobody", async |Extension(_): Extension<u64>| "called");
            socket.emit("state", (database.0, seven))
        },
    );
    let mut client = io.client().await;
    assert_eq!(client.hear().await, r#"2["state","here",7]"#);
    client.say(r#"20["nobody"]"#).await;
    client.say(r#"21["who"]"#).await;
    assert_eq!(client.hear().await, r#"31["kim"]"#);
}

#[tokio::test]
async fn who_has_joined_a_room_but_is_not_let_in_yet_hears_nothing_of_it() {
    let io = serve().await;
    let (asked, mut started) = notes();
    let go = Arc::new(Notify::new());
    let gate = go.clone();
    io.use_(move |socket: Socket, Data(auth): Data<serde_json::Value>| {
        let joined = socket.join(["yard", "hall"]);
        socket.leave("hall");
        let _ = asked.send(socket);
        let gate = gate.clone();
        async move {
            joined.map_err(|error| error.to_string())?;
            gate.notified().await;
            if auth["token"] == "s3cret" {
                Ok(())
            } else {
                Err("not authorized".to_owned())
            }
        }
    });
    let mut client = io.open().await;
    client.say("0").await;
    let socket = started.next().await;
    assert_eq!(socket.rooms()[1..], ["yard".into()]);
    io.to("yard").emit("secret", ()).unwrap();
    assert!(io.to("yard").fetch_sockets().await.unwrap().is_empty());
    go.notify_one();
    assert_eq!(client.hear().await, r#"4{"message":"not authorized"}"#);
    assert!(socket.rooms().is_empty());

    client.say(r#"0{"token":"s3cret"}"#).await;
    let socket = started.next().await;
    io.to("yard").emit("secret", ()).unwrap();
    go.notify_one();
    assert!(client.hear().await.starts_with("0{"));
    for room in ["hall", "yard"] {
        io.to(room).emit(room, ()).unwrap();
    }
    assert_eq!(client.hear().await, r#"2["yard"]"#);
    assert_eq!(socket.rooms()[1..], ["yard".into()]);
}
