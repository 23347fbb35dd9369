//! How sockets go, and what is said about it.

use crate::common::{Notes, Served, notes, poll, serve, serve_with, soon};
use madang_socketio::{Data, DisconnectReason, Socket};
use std::time::Duration;

/// `disconnecting` and `disconnect` of every socket, with the rooms that it was in.
fn watch(io: &Served) -> Notes<String> {
    let (told, notes) = notes();
    io.on_connect(move |socket: Socket| {
        let disconnect = told.clone();
        let disconnecting = told.clone();
        socket.on_disconnecting(move |socket: Socket, reason: DisconnectReason| {
            let _ = disconnecting.send(format!("disconnecting {reason} {}", socket.rooms().len()));
            async {}
        });
        socket.on_disconnect(move |socket: Socket, reason: DisconnectReason| {
            let _ = disconnect.send(format!("disconnect {reason} {}", socket.rooms().len()));
            assert!(socket.disconnected());
            async {}
        });
        async move { socket.join("yard") }
    });
    notes
}

async fn left(notes: &mut Notes<String>, reason: &str) {
    assert_eq!(notes.next().await, format!("disconnecting {reason} 2"));
    assert_eq!(notes.next().await, format!("disconnect {reason} 0"));
}

#[tokio::test]
async fn a_client_that_says_so_has_left_the_namespace() {
    let io = serve().await;
    let mut notes = watch(&io);
    let mut client = io.client().await;
    client.say("1").await;
    left(&mut notes, "client namespace disconnect").await;
    client.enter("/", "").await;
}

#[tokio::test]
async fn a_client_that_vanishes_has_left() {
    let io = serve().await;
    let mut notes = watch(&io);
    io.client().await.vanish();
    left(&mut notes, "transport close").await;
    assert_eq!(io.socket_count(), 0);
    assert!(io.fetch_sockets().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_client_that_does_not_answer_has_left() {
    let io = serve_with(|builder| {
        builder.engine(|engine| {
            engine.ping_interval = Duration::from_millis(20);
            engine.ping_timeout = Duration::from_millis(20);
        })
    })
    .await;
    let mut notes = watch(&io);
    // It reads nothing, hence answers no heartbeat either.
    let _client = io.client().await;
    left(&mut notes, "ping timeout").await;
}

#[tokio::test]
async fn the_server_may_disconnect_from_one_namespace() {
    let io = serve().await;
    let mut notes = watch(&io);
    io.of("/chat");
    let (mut client, socket) = io.pair().await;
    client.enter("/chat", "").await;
    socket.disconnect(false);
    assert_eq!(client.hear().await, "1");
    left(&mut notes, "server namespace disconnect").await;
    io.of("/chat").emit("still", ()).unwrap();
    assert_eq!(client.hear().await, r#"2/chat,["still"]"#);
    socket.disconnect(false);
    assert!(notes.so_far().is_empty(), "it has left already");
}

#[tokio::test]
async fn the_server_may_close_the_whole_connection() {
    let io = serve().await;
    let mut notes = watch(&io);
    io.of("/chat");
    let (mut client, socket) = io.pair().await;
    client.enter("/chat", "").await;
    socket.disconnect(true);
    assert_eq!(client.hear_end().await, ["1", "1/chat,"]);
    left(&mut notes, "server namespace disconnect").await;
}

#[tokio::test]
async fn a_closed_server_says_why() {
    let io = serve().await;
    let mut notes = watch(&io);
    let mut client = io.client().await;
    soon(io.close()).await;
    assert!(client.hear_end().await.is_empty());
    left(&mut notes, "server shutting down").await;
    assert_eq!(io.clients_count(), 0);
    let refused = poll(io.addr, "EIO=4&transport=polling", None).await;
    assert!(!refused.starts_with('0'), "{refused}");
}

#[tokio::test]
async fn what_a_socket_sends_while_it_goes_arrives() {
    let io = serve().await;
    io.on_connect(async |socket: Socket| {
        socket.on_disconnect(async |socket: Socket| socket.broadcast().emit("left", socket.id()));
    });
    let mut stays = io.client().await;
    let mut goes = io.client().await;
    goes.say("1").await;
    assert_eq!(stays.hear().await, format!(r#"2["left","{}"]"#, goes.sid));
}

#[tokio::test]
async fn a_socket_that_is_gone_is_freed() {
    let io = serve().await;
    let kept = std::sync::Arc::new(());
    let held = kept.clone();
    io.on_connect(move |socket: Socket| {
        let held = held.clone();
        let itself = socket.clone();
        // A listener that holds its own socket.
        socket.on("x", move |Data(()): Data<()>| {
            let _ = (&held, &itself);
            async {}
        });
        async {}
    });
    let client = io.client().await;
    client.vanish();
    let freed = async {
        while std::sync::Arc::strong_count(&kept) > 2 {
            tokio::task::yield_now().await;
        }
    };
    soon(freed).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_client_that_was_sent_away_may_ask_again_at_once() {
    let io = serve().await;
    let namespace = io.of("/yard");
    let (go_on, wait) = std::sync::mpsc::channel::<()>();
    let wait = std::sync::Mutex::new(Some(wait));
    namespace.on_connect(move |socket: Socket| {
        let wait = wait.lock().unwrap().take();
        let wait = std::sync::Mutex::new(wait);
        socket.on_disconnecting(move |_: Socket| {
            // As long as it takes.
            if let Some(wait) = wait.lock().unwrap().take() {
                let _ = wait.recv_timeout(Duration::from_secs(10));
            }
            async {}
        });
        async {}
    });
    let mut client = io.join("/yard").await;
    let socket = namespace.socket(&client.sid).unwrap();
    let sent_away = tokio::task::spawn_blocking(move || socket.disconnect(false));
    assert_eq!(client.hear().await, "1/yard,");
    let first = client.sid.clone();
    client.enter("/yard", "").await;
    assert_ne!(client.sid, first);
    go_on.send(()).unwrap();
    sent_away.await.unwrap();
    assert!(namespace.socket(&client.sid).is_some());
}

#[tokio::test]
async fn who_goes_before_its_connection_is_handled_is_seen_going() {
    let io = serve().await;
    let (told, mut notes) = notes();
    io.on_connect(move |socket: Socket| {
        let told = told.clone();
        async move {
            while socket.connected() {
                tokio::task::yield_now().await;
            }
            socket.on_disconnect(move |reason: DisconnectReason| {
                let _ = told.send(reason);
                async {}
            });
        }
    });
    let mut client = io.client().await;
    client.say("1").await;
    assert_eq!(notes.next().await, DisconnectReason::ClientNamespaceDisconnect);
}

#[tokio::test]
async fn a_socket_may_be_sent_away_from_any_thread() {
    let io = serve().await;
    let (told, mut notes) = notes();
    io.on_connect(move |socket: Socket| {
        let told = told.clone();
        socket.on_disconnect(move |reason: DisconnectReason| {
            let told = told.clone();
            async move {
                tokio::time::sleep(Duration::from_millis(1)).await;
                let _ = told.send(reason);
            }
        });
        async {}
    });
    let (_client, socket) = io.pair().await;
    std::thread::spawn(move || socket.disconnect(false))
        .join()
        .unwrap();
    assert_eq!(notes.next().await, DisconnectReason::ServerNamespaceDisconnect);
}

/// A client in `/` by long-polling: the query of its requests.
async fn polling(io: &Served) -> String {
    let opened = poll(io.addr, "EIO=4&transport=polling", None).await;
    let sid = opened.split('"').nth(3).unwrap();
    let query = format!("EIO=4&transport=polling&sid={sid}");
    poll(io.addr, &query, Some("40")).await;
    assert!(poll(io.addr, &query, None).await.starts_with("40{"));
    query
}

#[tokio::test]
async fn a_client_whose_requests_overlap_has_left() {
    let io = serve().await;
    let mut notes = watch(&io);
    let query = polling(&io).await;
    // Whichever comes second ends the session, and the other is answered.
    tokio::join!(poll(io.addr, &query, None), poll(io.addr, &query, None));
    left(&mut notes, "transport error").await;
}

#[tokio::test]
async fn a_client_that_posts_no_payload_has_left() {
    let io = serve().await;
    let mut notes = watch(&io);
    let query = polling(&io).await;
    poll(io.addr, &query, Some("x")).await;
    left(&mut notes, "parse error").await;
}
