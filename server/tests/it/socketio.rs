//! The chat over Socket.IO: the same rooms as over WebSocket, the same answers, and what a stop does.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::Duration;

use http::HeaderMap;
use madang_server::back::WAITING_COMMANDS;
use madang_ws::client::ClientConfig;
use madang_ws::{Message, WebSocket};
use serde_json::{Value, json};

use crate::running::{PATIENCE, Running, get};

/// A client that speaks Engine.IO 4 and Socket.IO 5 over WebSocket.
pub struct Talker {
    pub ws: WebSocket,
    /// Events that came while something else was waited for.
    heard: VecDeque<Value>,
    asked: u64,
}

impl Talker {
    pub async fn connect(server: &Running) -> Self {
        Self::connect_with(server, HeaderMap::new()).await
    }

    /// With further headers of the handshake.
    pub async fn connect_with(server: &Running, headers: HeaderMap) -> Self {
        Self::at_with(server.addr, headers).await
    }

    /// The same at an address.
    pub async fn at_with(addr: SocketAddr, headers: HeaderMap) -> Self {
        let config = ClientConfig {
            headers,
            ..ClientConfig::default()
        };
        let (mut ws, _) = config
            .connect(&format!("ws://{}/socket.io/?EIO=4&transport=websocket", addr))
            .await
            .unwrap();
        assert!(text(&mut ws).await.unwrap().starts_with("0{"));
        ws.send("40").await.unwrap();
        assert!(text(&mut ws).await.unwrap().starts_with("40{"));
        Self {
            ws,
            heard: VecDeque::new(),
            asked: 0,
        }
    }

    pub async fn join(server: &Running, room: &str, name: &str) -> Self {
        let mut talker = Self::connect(server).await;
        let welcome = talker.ask("join", &json!({"room": room, "name": name})).await;
        assert_eq!(welcome["type"], "welcome", "{welcome}");
        talker
    }

    /// Says a command without waiting.
    pub async fn say(&mut self, name: &str, args: &Value) {
        self.ws.send(format!("42{}", json!([name, args]))).await.unwrap();
    }

    /// Says a command and returns its acknowledgement.
    pub async fn ask(&mut self, name: &str, args: &Value) -> Value {
        let id = self.begin(name, args).await;
        self.answer(id).await
    }

    pub async fn begin(&mut self, name: &str, args: &Value) -> u64 {
        self.asked += 1;
        let packet = format!("42{}{}", self.asked, json!([name, args]));
        self.ws.send(packet).await.unwrap();
        self.asked
    }

    /// The acknowledgement with this id, which comes next but for events.
    pub async fn answer(&mut self, id: u64) -> Value {
        let head = format!("43{id}[");
        loop {
            let packet = text(&mut self.ws).await.expect("an acknowledgement");
            if let Some(event) = event(&packet) {
                self.heard.push_back(event);
                continue;
            }
            let args = packet.strip_prefix(&head).unwrap_or_else(|| panic!("{packet}"));
            return serde_json::from_str::<Vec<Value>>(&format!("[{args}"))
                .unwrap()
                .pop()
                .unwrap_or_default();
        }
    }

    /// The next event, with its name as `type`.
    pub async fn next(&mut self) -> Value {
        if let Some(event) = self.heard.pop_front() {
            return event;
        }
        let packet = text(&mut self.ws).await.expect("an event");
        event(&packet).unwrap_or_else(|| panic!("{packet}"))
    }

    pub async fn expect(&mut self, kind: &str) -> Value {
        let event = self.next().await;
        assert_eq!(event["type"], kind, "{event}");
        event
    }

    pub async fn send(&mut self, client_id: &str, text: &str) -> Value {
        self.ask("send", &json!({"client_id": client_id, "text": text}))
            .await
    }

    /// Nothing but what is asked for now has arrived.
    pub async fn heard_nothing_more(&mut self) {
        self.ask("history", &json!({"limit": 1})).await;
        assert!(self.heard.is_empty(), "{:?}", self.heard);
    }

    /// The packets until the connection ends.
    pub async fn ended(&mut self) -> Vec<String> {
        let mut rest = Vec::new();
        while let Some(packet) = text(&mut self.ws).await {
            rest.push(packet);
        }
        rest
    }
}

/// The next packet but for heartbeats; `None` at the end.
async fn text(ws: &mut WebSocket) -> Option<String> {
    loop {
        match tokio::time::timeout(PATIENCE, ws.recv())
            .await
            .expect("a packet in time")
        {
            Some(Ok(Message::Text(text))) if &*text == "2" => ws.send("3").await.unwrap(),
            Some(Ok(Message::Text(text))) => return Some(text.to_string()),
            Some(Ok(binary)) => panic!("{binary:?}"),
            Some(Err(_)) | None => return None,
        }
    }
}

fn event(packet: &str) -> Option<Value> {
    let array: Vec<Value> = serde_json::from_str(packet.strip_prefix("42")?).unwrap();
    let [name, args] = array.try_into().unwrap();
    let mut event = args;
    assert!(event.get("type").is_none(), "{packet}");
    event["type"] = name;
    Some(event)
}

#[tokio::test]
async fn both_ways_lead_to_the_same_room() {
    let server = Running::start().await;
    let mut plain = server.join("마당", "Kim").await;
    let mut talker = Talker::join(&server, "마당", "Lee").await;
    let mut elsewhere = Talker::join(&server, "other", "Park").await;
    assert_eq!(
        plain.expect("joined").await,
        json!({"type": "joined", "name": "Lee"})
    );

    // From the plain one to the other.
    plain.send("p1", "안녕 <b>").await;
    let ack = plain.expect("ack").await;
    let message = talker.expect("message").await;
    assert_eq!(
        message,
        json!({"type": "message", "offset": 1, "author": "Kim", "client_id": "p1", "text": "안녕 <b>", "at": ack["at"]})
    );

    // And back.
    let ack = talker.send("t1", "반가워요").await;
    assert_eq!(
        ack,
        json!({"type": "ack", "client_id": "t1", "offset": 2, "epoch": ack["epoch"], "at": ack["at"], "duplicate": false})
    );
    let message = plain.expect("message").await;
    assert_eq!(
        message,
        json!({"type": "message", "offset": 2, "author": "Lee", "client_id": "t1", "text": "반가워요", "at": ack["at"]})
    );

    // Once, and never back to who said it.
    plain.heard_nothing_more().await;
    talker.heard_nothing_more().await;
    elsewhere.heard_nothing_more().await;
}

#[tokio::test]
async fn every_command_is_answered_as_it_is_over_websocket() {
    let server = Running::start().await;
    let mut kim = Talker::connect(&server).await;
    let refused = |answer: Value, code: &str| {
        assert_eq!(
            (&answer["type"], &answer["code"]),
            (&json!("error"), &json!(code))
        );
    };
    for (name, args, code) in [
        ("send", json!({"client_id": "c", "text": "a"}), "join_expected"),
        ("history", json!({}), "join_expected"),
        ("join", json!({"room": "a b", "name": "Kim"}), "room_invalid"),
        ("join", json!({"name": "Kim"}), "room_invalid"),
        ("join", json!({"room": "lobby", "name": " "}), "name_invalid"),
        (
            "join",
            json!({"room": "lobby", "name": "Kim", "session": "x"}),
            "session_invalid",
        ),
        ("join", json!(null), "name_invalid"),
        ("join", json!("lobby"), "bad_json"),
        ("join", json!({"room": 7}), "bad_json"),
    ] {
        refused(kim.ask(name, &args).await, code);
    }
    let welcome = kim.ask("join", &json!({"room": "lobby", "name": " Kim "})).await;
    assert_eq!(
        welcome,
        json!({"type": "welcome", "room": "lobby", "name": "Kim", "session": welcome["session"], "sender": welcome["sender"], "offset": 0, "epoch": welcome["epoch"], "account": null, "role": "guest", "members": ["Kim"], "read": 0, "readers": []})
    );
    for (name, args, code) in [
        ("join", json!({"room": "lobby", "name": "Kim"}), "already_joined"),
        ("send", json!({"client_id": "c", "text": " "}), "text_empty"),
        ("send", json!({"text": "a"}), "client_id_invalid"),
        ("history", json!({"limit": 0}), "history_invalid"),
        ("typing", json!({}), "bad_json"),
    ] {
        refused(kim.ask(name, &args).await, code);
    }
    assert_eq!(
        kim.ask("send", &json!({"client_id": "c", "text": " "})).await["client_id"],
        "c"
    );
    assert_eq!(kim.ask("typing", &json!({"active": true})).await, json!(null));
    for n in 1..=3 {
        kim.send(&format!("c{n}"), "x").await;
    }
    assert_eq!(kim.send("c3", "x").await["duplicate"], true);
    let page = kim.ask("history", &json!({"after": 1, "limit": 1})).await;
    assert_eq!(
        (&page["messages"][0]["offset"], &page["more"], &page["after"]),
        (&json!(2), &json!(true), &json!(1))
    );

    // Who wants no acknowledgement gets an event, of an answer that says something.
    kim.say("send", &json!({"client_id": "c4", "text": "x"})).await;
    assert_eq!(kim.expect("ack").await["offset"], 4);
    kim.say("send", &json!({"client_id": "c5"})).await;
    assert_eq!(kim.expect("error").await["code"], "bad_json");
    kim.say("typing", &json!({"active": false})).await;
    // What is no command isn't answered.
    kim.say("dance", &json!({})).await;
    kim.heard_nothing_more().await;
}

#[tokio::test]
async fn a_session_hears_no_echo_whichever_ways_it_takes() {
    let server = Running::start().await;
    let mut first = Talker::connect(&server).await;
    let welcome = first.ask("join", &json!({"room": "lobby", "name": "Kim"})).await;
    let session = welcome["session"].clone();
    // The same session again, as when the first has broken off unnoticed.
    let join = json!({"room": "lobby", "name": "Kim", "session": session});
    let mut second = Talker::connect(&server).await;
    assert_eq!(second.ask("join", &join).await["session"], session);
    let mut plain = server.connect("/ws/lobby").await;
    plain
        .say(&json!({"type": "join", "name": "Kim", "session": session}))
        .await;
    assert_eq!(plain.expect("welcome").await["session"], session);
    let mut other = server.join("lobby", "Kim").await;

    assert_eq!(first.send("c1", "by Socket.IO").await["offset"], 1);
    plain.send("c2", "by WebSocket").await;
    assert_eq!(plain.expect("ack").await["offset"], 2);
    assert_eq!(other.expect("message").await["offset"], 1);
    assert_eq!(other.expect("message").await["offset"], 2);
    for talker in [&mut first, &mut second] {
        talker.heard_nothing_more().await;
    }
    plain.heard_nothing_more().await;

    // A socket that is gone counts no longer.
    drop(second);
    assert_eq!(first.send("c3", "still here").await["offset"], 3);
    assert_eq!(other.expect("message").await["offset"], 3);
}

#[tokio::test]
async fn stepping_in_leaves_no_hole_and_no_overlap() {
    const EACH: i64 = 40;
    let server = Running::start().await;
    let mut writers = [
        Talker::join(&server, "lobby", "w1").await,
        Talker::join(&server, "lobby", "w2").await,
    ];
    let writing = async {
        let [one, two] = &mut writers;
        for n in 0..EACH {
            let id = format!("c{n}");
            tokio::join!(one.send(&id, "x"), two.send(&id, "x"));
        }
    };
    let reading = async {
        for n in 0..10 {
            let mut reader = Talker::connect(&server).await;
            let join = json!({"room": "lobby", "name": format!("r{n}")});
            let last_offset = reader.ask("join", &join).await["offset"].as_i64().unwrap();
            // The welcome comes first.
            assert!(reader.heard.is_empty(), "{:?}", reader.heard);
            if last_offset < 2 * EACH {
                loop {
                    let event = reader.next().await;
                    if event["type"] == "message" {
                        assert_eq!(event["offset"], last_offset + 1);
                        break;
                    }
                }
            }
        }
    };
    tokio::join!(writing, reading);
}

#[tokio::test]
async fn commands_are_carried_out_in_their_order() {
    let server = Running::start().await;
    let mut kim = Talker::connect(&server).await;
    // Nothing is waited for, not even the welcome.
    let mut ids = vec![kim.begin("join", &json!({"room": "lobby", "name": "Kim"})).await];
    for n in 1..=20 {
        ids.push(
            kim.begin("send", &json!({"client_id": format!("c{n}"), "text": "x"}))
                .await,
        );
        ids.push(kim.begin("history", &json!({"limit": 1})).await);
    }
    assert_eq!(kim.answer(ids[0]).await["type"], "welcome");
    for (n, pair) in (1..).zip(ids[1..].chunks(2)) {
        assert_eq!(kim.answer(pair[0]).await["offset"], n);
        assert_eq!(kim.answer(pair[1]).await["messages"][0]["offset"], n);
    }
}

#[tokio::test]
async fn who_says_goodbye_has_left_and_who_breaks_off_may_be_back() {
    let server = Running::start().await;
    let mut kim = server.join("lobby", "Kim").await;
    let mut lee = Talker::join(&server, "lobby", "Lee").await;
    kim.expect("joined").await;
    lee.ws.send("41").await.unwrap();
    assert_eq!(kim.expect("left").await["name"], "Lee");

    let mut lee = Talker::join(&server, "lobby", "Lee").await;
    kim.expect("joined").await;
    let session = lee.send("c1", "x").await;
    assert_eq!(session["offset"], 1);
    kim.expect("message").await;
    drop(lee);
    let _lee = Talker::join(&server, "lobby", "Lee").await;
    kim.heard_nothing_more().await;
}

#[tokio::test]
async fn who_never_joins_is_sent_away() {
    let server = Running::start().await;
    let mut idle = Talker::connect(&server).await;
    let rest = idle.ended().await;
    let error = event(&rest[0]).unwrap();
    assert_eq!(
        (&error["type"], &error["code"]),
        (&json!("error"), &json!("join_expected"))
    );
    assert_eq!(&rest[1..], ["41"]);
}

#[tokio::test]
async fn more_commands_than_may_wait_end_the_connection() {
    let server = Running::start().await;
    let mut kim = Talker::join(&server, "lobby", "Kim").await;
    let mut lee = Talker::join(&server, "lobby", "Lee").await;
    let flood = async {
        for n in 0..100 * WAITING_COMMANDS {
            let packet = format!("42{n}{}", json!(["history", {"limit": 200}]));
            if kim.ws.feed(packet).await.is_err() {
                break;
            }
        }
        let _ = kim.ws.flush().await;
        kim.ended().await
    };
    let rest = flood.await;
    assert!(rest.len() < 100 * WAITING_COMMANDS, "{}", rest.len());
    assert_eq!(
        rest.last().map(String::as_str),
        Some("41"),
        "sent away, not cut off"
    );
    // The others don't notice.
    assert_eq!(lee.send("c1", "x").await["offset"], 1);
}

#[tokio::test]
async fn a_stop_answers_what_is_under_way_and_sends_everybody_away() {
    let server = Running::start().await;
    let mut kim = Talker::join(&server, "lobby", "Kim").await;
    let mut lee = Talker::connect(&server).await;
    let id = kim.begin("send", &json!({"client_id": "c1", "text": "x"})).await;
    assert_eq!(kim.answer(id).await["offset"], 1);
    let (addr, back) = (server.addr, server.back);
    let closing = tokio::spawn(back.close());
    for client in [&mut kim, &mut lee] {
        let rest = client.ended().await;
        assert!(rest.contains(&"41".to_owned()), "{rest:?}");
    }
    assert!(closing.await.unwrap(), "in time");
    assert!(tokio::net::TcpStream::connect(addr).await.is_err());
}

#[tokio::test]
async fn pages_of_other_origins_get_no_session() {
    let server = Running::start().await;
    let path = "/socket.io/?EIO=4&transport=polling";
    let own = server.get(path, "Origin: http://127.0.0.1:3001\r\n").await;
    assert!(own.starts_with("HTTP/1.1 200"), "{own}");
    assert!(
        own.contains("access-control-allow-origin: http://127.0.0.1:3001\r\n"),
        "{own}"
    );
    let none = server.get(path, "").await;
    assert!(none.starts_with("HTTP/1.1 200"), "{none}");
    let other = server.get(path, "Origin: http://example.com\r\n").await;
    assert!(other.starts_with("HTTP/1.1 403"), "{other}");
    assert!(!other.contains("access-control-allow-origin"), "{other}");

    // And the rest of the back is as it was.
    assert!(get(server.addr, "/healthz", "").await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn a_reader_who_reads_nothing_is_given_up_without_harm_to_others() {
    let server = Running::start().await;
    let mut slow = Talker::join(&server, "lobby", "slow").await;
    let mut kim = Talker::join(&server, "lobby", "Kim").await;
    let mut lee = server.join("lobby", "Lee").await;
    let long = "x".repeat(4000);
    // More than the server keeps for a reader, and than the system's buffers hold.
    for n in 0..2_000 {
        let ack = kim.send(&format!("c{n}"), &long).await;
        assert_eq!(ack["type"], "ack", "{ack}");
        kim.heard.clear();
        assert_eq!(lee.until("message").await["offset"], ack["offset"]);
    }
    let received = tokio::time::timeout(Duration::from_secs(20), slow.ended())
        .await
        .unwrap();
    assert!(received.len() < 2_000, "{}", received.len());
}
