//! Connection state recovery, as clients expect it.

use crate::common::{Client, Served, notes, serve, serve_with, soon};
use madang_socketio::{ConnectionStateRecovery, Socket};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;

async fn serve_recovering() -> Served {
    serve_with(|builder| builder.connection_state_recovery(ConnectionStateRecovery::default())).await
}

/// The event without its last argument, and that.
fn offset(packet: &str) -> (String, String) {
    let body: serde_json::Value = serde_json::from_str(&packet[1..]).unwrap();
    let mut body = body.as_array().unwrap().clone();
    let offset = body.pop().unwrap().as_str().unwrap().to_owned();
    (serde_json::Value::from(body).to_string(), offset)
}

impl Served {
    /// A client that goes, and that the server knows to be gone.
    async fn lose(&self, client: Client) -> (String, String) {
        let (sid, pid) = (client.sid.clone(), client.pid.clone().unwrap());
        client.vanish();
        let gone = async {
            while self.socket(&sid).is_some() {
                tokio::task::yield_now().await;
            }
        };
        soon(gone).await;
        (sid, pid)
    }
}

/// What comes before the answer to CONNECT, and the client.
async fn come_back(io: &Served, pid: &str, offset: Option<&str>) -> (Client, Vec<String>) {
    let mut client = io.open().await;
    let auth = match offset {
        Some(offset) => format!(r#"0{{"pid":"{pid}","offset":"{offset}"}}"#),
        None => format!(r#"0{{"pid":"{pid}"}}"#),
    };
    client.say(&auth).await;
    let mut missed = Vec::new();
    loop {
        let packet = client.hear().await;
        match packet.strip_prefix('0') {
            Some(body) => {
                client.welcomed(body);
                return (client, missed);
            }
            None => missed.push(offset_of(&packet)),
        }
    }
}

fn offset_of(packet: &str) -> String {
    offset(packet).0
}

#[tokio::test]
async fn who_comes_back_has_missed_nothing() {
    let io = serve_recovering().await;
    io.on_connect(async |socket: Socket| {
        if !socket.recovered() {
            socket.set_data("kim".to_owned());
            socket.join("yard")?;
        }
        Ok::<_, madang_socketio::JoinError>(())
    });
    let mut client = io.client().await;
    let socket = io.socket(&client.sid).unwrap();
    assert_ne!(client.pid.as_deref(), Some(client.sid.as_str()));
    socket.emit("got", 1).unwrap();
    let (event, last) = offset(&client.hear().await);
    assert_eq!(event, r#"["got",1]"#);
    let (sid, pid) = io.lose(client).await;
    io.emit("all", 2).unwrap();
    io.to("yard").emit("room", 3).unwrap();
    io.to("hall").emit("other", 4).unwrap();
    io.except("yard").emit("except", 5).unwrap();
    io.to(&sid).emit("own", 6).unwrap();
    io.volatile().emit("volatile", 7).unwrap();
    io.to("yard").publish(&io.event("ready", 8).unwrap());
    let (client, missed) = come_back(&io, &pid, Some(&last)).await;
    assert_eq!(
        missed,
        [r#"["all",2]"#, r#"["room",3]"#, r#"["own",6]"#, r#"["ready",8]"#]
    );
    assert_eq!(
        (client.sid.as_str(), client.pid.as_deref()),
        (sid.as_str(), Some(pid.as_str()))
    );
    let socket = io.socket(&sid).unwrap();
    assert!(socket.recovered() && socket.is_recovered());
    assert_eq!(*socket.data::<String>().unwrap(), "kim");
    assert_eq!(socket.rooms()[1..], ["yard".into()]);
}

#[tokio::test]
async fn who_had_got_nothing_yet_is_recovered_too() {
    let io = serve_recovering().await;
    io.emit("before", ()).unwrap();
    let client = io.client().await;
    let (sid, pid) = io.lose(client).await;
    io.emit("missed", ()).unwrap();
    let (client, missed) = come_back(&io, &pid, None).await;
    assert_eq!(missed, [r#"["missed"]"#]);
    assert_eq!(client.sid, sid);
}

#[tokio::test]
async fn it_works_more_than_once() {
    let io = serve_recovering().await;
    let mut client = io.client().await;
    for round in 0..3 {
        io.emit("round", round).unwrap();
        let (_, last) = offset(&client.hear().await);
        let (_, pid) = io.lose(client).await;
        io.emit("missed", round).unwrap();
        let (back, missed) = come_back(&io, &pid, Some(&last)).await;
        assert_eq!(missed, [format!(r#"["missed",{round}]"#)]);
        client = back;
    }
}

#[tokio::test]
async fn every_event_without_acknowledgement_has_an_offset() {
    let io = serve_recovering().await;
    let (mut client, socket) = io.pair().await;
    // A client takes the last argument for an offset if it is text, so that a volatile one needs an offset too.
    socket.volatile().emit("price", "AAPL").unwrap();
    let (event, last) = offset(&client.hear().await);
    assert_eq!(event, r#"["price","AAPL"]"#);
    let _ack = socket.emit_with_ack::<u8>("ask", ());
    assert_eq!(client.hear().await, r#"20["ask"]"#);
    let (_, pid) = io.lose(client).await;
    let (back, missed) = come_back(&io, &pid, Some(&last)).await;
    assert!(missed.is_empty());
    assert!(io.socket(&back.sid).unwrap().recovered());
}

#[tokio::test]
async fn a_string_of_the_users_is_no_offset() {
    let io = serve_recovering().await;
    let client = io.client().await;
    let (sid, pid) = io.lose(client).await;
    let (client, missed) = come_back(&io, &pid, Some("AAPL")).await;
    assert_ne!(client.sid, sid);
    assert!(missed.is_empty() && !io.socket(&client.sid).unwrap().recovered());
}

#[tokio::test]
async fn who_left_or_was_sent_away_begins_anew() {
    let io = serve_recovering().await;
    let mut client = io.client().await;
    let (sid, pid) = (client.sid.clone(), client.pid.clone().unwrap());
    client.say("1").await;
    client.enter("/", &format!(r#"{{"pid":"{pid}"}}"#)).await;
    assert_ne!(client.sid, sid);
    io.socket(&client.sid).unwrap().disconnect(false);
    client.hear().await;
    let pid = client.pid.clone().unwrap();
    client.enter("/", &format!(r#"{{"pid":"{pid}"}}"#)).await;
    assert!(!io.socket(&client.sid).unwrap().recovered());
}

#[tokio::test]
async fn who_is_still_here_cannot_come_back() {
    let io = serve_recovering().await;
    let client = io.client().await;
    let (thief, missed) = come_back(&io, client.pid.as_deref().unwrap(), None).await;
    assert!(missed.is_empty());
    assert_ne!(thief.sid, client.sid);
}

#[tokio::test]
async fn middlewares_are_skipped_unless_asked_for() {
    for skip in [true, false] {
        let mut recovery = ConnectionStateRecovery::default();
        recovery.skip_middlewares = skip;
        let io = serve_with(|builder| builder.connection_state_recovery(recovery)).await;
        let (told, mut asked) = notes();
        io.use_(move || {
            let _ = told.send(());
            async { Ok::<(), String>(()) }
        });
        let client = io.client().await;
        let (_, pid) = io.lose(client).await;
        let (client, _) = come_back(&io, &pid, None).await;
        assert!(io.socket(&client.sid).unwrap().recovered());
        assert_eq!(asked.so_far().len(), if skip { 1 } else { 2 });
    }
}

#[tokio::test]
async fn who_goes_on_the_way_back_may_try_again() {
    let mut recovery = ConnectionStateRecovery::default();
    recovery.skip_middlewares = false;
    let io = serve_with(|builder| builder.connection_state_recovery(recovery)).await;
    let (told, mut asked) = notes();
    let go = Arc::new(Notify::new());
    let gate = go.clone();
    io.use_(move || {
        let _ = told.send(());
        let gate = gate.clone();
        async move {
            gate.notified().await;
            Ok::<(), String>(())
        }
    });
    go.notify_one();
    let client = io.client().await;
    asked.next().await;
    let (sid, pid) = io.lose(client).await;
    io.emit("missed", ()).unwrap();
    let mut interrupted = io.open().await;
    interrupted.say(&format!(r#"0{{"pid":"{pid}"}}"#)).await;
    asked.next().await;
    interrupted.vanish();
    let gone = async {
        while io.clients_count() > 0 {
            tokio::task::yield_now().await;
        }
    };
    soon(gone).await;
    go.notify_one();
    let lost = async {
        while io.socket(&sid).is_some() {
            tokio::task::yield_now().await;
        }
    };
    soon(lost).await;
    go.notify_one();
    let (client, missed) = come_back(&io, &pid, None).await;
    assert_eq!((client.sid, missed), (sid, vec![r#"["missed"]"#.to_owned()]));
}

#[tokio::test]
async fn who_is_away_too_long_begins_anew() {
    let mut recovery = ConnectionStateRecovery::default();
    recovery.max_disconnection_duration = Duration::ZERO;
    let io = serve_with(|builder| builder.connection_state_recovery(recovery)).await;
    let client = io.client().await;
    let (sid, pid) = io.lose(client).await;
    let (client, _) = come_back(&io, &pid, None).await;
    assert_ne!(client.sid, sid);
}

#[tokio::test]
async fn what_is_remembered_is_bounded() {
    let mut recovery = ConnectionStateRecovery::default();
    recovery.bytes = 1_000;
    recovery.sessions = 1;
    let io = serve_with(|builder| builder.connection_state_recovery(recovery)).await;
    let (first, second) = (io.client().await, io.client().await);
    let (_, first) = io.lose(first).await;
    let (sid, second) = io.lose(second).await;
    let (client, _) = come_back(&io, &first, None).await;
    assert!(
        !io.socket(&client.sid).unwrap().recovered(),
        "the one that left first is forgotten"
    );
    io.emit("long", "x".repeat(2_000)).unwrap();
    let (client, missed) = come_back(&io, &second, None).await;
    assert_ne!(client.sid, sid, "it has missed what is forgotten");
    assert!(missed.is_empty());
}

#[tokio::test]
async fn without_it_there_are_no_offsets() {
    let io = serve().await;
    let mut client = io.client().await;
    io.emit("plain", 1).unwrap();
    assert_eq!(client.hear().await, r#"2["plain",1]"#);
}

/// What an application keeps with a socket, to tell the others when it's gone for good.
#[derive(Clone)]
struct Presence {
    _farewell: Arc<Farewell>,
}

struct Farewell(madang_socketio::SocketIo);

impl Drop for Farewell {
    fn drop(&mut self) {
        self.0.emit("gone", ()).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_kept_for_who_does_not_come_back_may_use_the_server_when_it_is_dropped() {
    let mut recovery = ConnectionStateRecovery::default();
    recovery.sessions = 1;
    let io = serve_with(|builder| builder.connection_state_recovery(recovery)).await;
    let mut stays = io.client().await;
    let (first, socket) = io.pair().await;
    socket.extensions().insert(Presence {
        _farewell: Arc::new(Farewell(io.io.clone())),
    });
    drop(socket);
    let second = io.client().await;
    io.lose(first).await;
    io.lose(second).await;
    assert_eq!(offset(&stays.hear().await).0, r#"["gone"]"#);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_sent_may_use_the_server_while_it_is_encoded() {
    /// Counts how often it is told.
    struct Told<'a>(&'a Socket);

    impl serde::Serialize for Told<'_> {
        fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            self.0.emit("telling", ()).unwrap();
            serializer.serialize_str("told")
        }
    }

    let io = serve_recovering().await;
    let (mut client, socket) = io.pair().await;
    let sent = tokio::task::spawn_blocking({
        let io = io.io.clone();
        move || {
            socket.emit("one", Told(&socket)).unwrap();
            io.emit("all", (1, Told(&socket))).unwrap();
            io.volatile().emit("volatile", Told(&socket)).unwrap();
        }
    });
    for event in [
        r#"["telling"]"#,
        r#"["one","told"]"#,
        r#"["telling"]"#,
        r#"["all",1,"told"]"#,
        r#"["telling"]"#,
        r#"["volatile","told"]"#,
    ] {
        assert_eq!(offset(&client.hear().await).0, event);
    }
    sent.await.unwrap();
}

#[tokio::test]
async fn a_client_may_be_away_for_ever() {
    let mut recovery = ConnectionStateRecovery::default();
    recovery.max_disconnection_duration = Duration::MAX;
    let io = serve_with(|builder| {
        builder
            .connection_state_recovery(recovery)
            .engine(|engine| engine.ping_timeout = Duration::MAX)
    })
    .await;
    let client = io.client().await;
    let (sid, pid) = io.lose(client).await;
    io.emit("missed", ()).unwrap();
    let (client, missed) = come_back(&io, &pid, None).await;
    assert_eq!((client.sid, missed), (sid, vec![r#"["missed"]"#.to_owned()]));
}
