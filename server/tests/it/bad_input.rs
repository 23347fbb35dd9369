//! The rows of `docs/bad-input.md` that concern the chat and the servers: each mistake has its answer, the others in
//! the room don't notice, and it costs a bounded amount of memory.

use std::io;
use std::time::{Duration, Instant};

use madang_server::back::{CHAT_MESSAGE_BYTES, RELAY_MESSAGE_BYTES};
use madang_server::chat::{ClientId, JOIN_TIME, Name, Text};
use madang_server::listener::Listener;
use madang_ws::{CloseCode, Message};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::running::{Client, HANDSHAKE, PATIENCE, Running};

#[tokio::test]
async fn text_that_is_not_the_protocol_gets_a_code_and_keeps_the_connection() {
    let server = Running::start().await;
    let mut guest = server.join("lobby", "guest").await;
    let mut kim = server.join("lobby", "Kim").await;
    guest.expect("joined").await;
    for (text, code) in [
        ("", "bad_json"),
        ("hello", "bad_json"),
        (r#"["type","send"]"#, "bad_json"),
        (r#"{"type":"send","client_id":"c","text":7}"#, "bad_json"),
        (r#"{"type":"send","client_id":"c","text":"\ud800"}"#, "bad_json"),
        ("{}", "unknown_type"),
        (r#"{"type":"shout"}"#, "unknown_type"),
        (r#"{"type":"history","limit":0}"#, "history_invalid"),
        (r#"{"type":"history","after":1,"before":9}"#, "history_invalid"),
        (r#"{"type":"join","name":"again"}"#, "already_joined"),
    ] {
        guest.ws.send(text).await.unwrap();
        let error = guest.refused(code).await;
        assert!(
            error["message"]
                .as_str()
                .is_some_and(|message| !message.is_empty()),
            "{text}"
        );
    }
    let deep = "[".repeat(60_000);
    guest.ws.send(deep).await.unwrap();
    guest.refused("bad_json").await;
    guest.send("c1", "still here").await;
    guest.expect("ack").await;
    assert_eq!(
        kim.expect("message").await["text"],
        "still here",
        "and nothing else was heard"
    );
}

#[tokio::test]
async fn a_binary_message_in_a_room_gets_a_code() {
    let server = Running::start().await;
    let mut guest = server.join("lobby", "guest").await;
    guest.ws.send(vec![1, 2, 3]).await.unwrap();
    guest.refused("not_text").await;
    guest.heard_nothing_more().await;
}

#[tokio::test]
async fn an_unknown_room_name_is_told_and_closed_with_4404() {
    let server = Running::start().await;
    for room in ["a%20b", "a.b", "%F0%9F%98%80", "%ff", "a%2Fb", &"a".repeat(65)] {
        let mut guest = server.connect(&format!("/ws/{room}")).await;
        guest.refused("room_invalid").await;
        assert_eq!(guest.closed().await.code.as_u16(), 4404, "{room}");
    }
    let mut guest = server.connect("/ws/%EB%A7%88%EB%8B%B9-1_").await;
    assert_eq!(guest.join("Kim").await["room"], "마당-1_");
}

#[tokio::test]
async fn a_bad_name_is_refused_and_may_be_corrected() {
    let server = Running::start().await;
    let mut guest = server.connect("/ws/lobby").await;
    let too_long = "n".repeat(Name::MAX_LEN + 1);
    for (name, code) in [
        ("", "name_invalid"),
        (" \t", "name_invalid"),
        ("a\u{7}b", "name_invalid"),
        (&too_long, "name_too_long"),
    ] {
        guest.say(&json!({"type": "join", "name": name})).await;
        guest.refused(code).await;
    }
    guest
        .say(&json!({"type": "join", "name": "Kim", "session": "guessed"}))
        .await;
    guest.refused("session_invalid").await;
    let longest = "김".repeat(Name::MAX_LEN);
    assert_eq!(guest.join(&longest).await["name"], longest);
}

#[tokio::test]
async fn a_bad_text_or_id_is_refused_and_names_its_message() {
    let server = Running::start().await;
    let mut guest = server.join("lobby", "guest").await;
    let too_long = "t".repeat(Text::MAX_LEN + 1);
    for (text, code) in [
        ("", "text_empty"),
        (" \n\u{3000}", "text_empty"),
        ("a\0b", "text_invalid"),
        (&too_long, "text_too_long"),
    ] {
        guest.send("c1", text).await;
        assert_eq!(guest.refused(code).await["client_id"], "c1");
    }
    for id in ["", "a b", "아이디", &"a".repeat(ClientId::MAX_LEN + 1)] {
        guest.send(id, "fine").await;
        guest.refused("client_id_invalid").await;
    }
    // The longest text in its longest spelling fits into a message.
    let spelled = r"\ud83d\ude00".repeat(Text::MAX_LEN);
    guest
        .ws
        .send(format!(
            r#"{{"type":"send","client_id":"c2","text":"{spelled}"}}"#
        ))
        .await
        .unwrap();
    assert_eq!(guest.expect("ack").await["offset"], 1);
}

#[tokio::test]
async fn an_oversized_message_is_closed_with_1009() {
    let server = Running::start().await;
    let mut kim = server.join("lobby", "Kim").await;
    let mut guest = server.join("lobby", "guest").await;
    kim.expect("joined").await;
    guest.ws.send("x".repeat(CHAT_MESSAGE_BYTES + 1)).await.unwrap();
    assert_eq!(guest.closed().await.code, CloseCode::TOO_BIG);
    let mut relayed = server.connect("/").await;
    relayed.ws.send(vec![0; RELAY_MESSAGE_BYTES + 1]).await.unwrap();
    assert_eq!(relayed.closed().await.code, CloseCode::TOO_BIG);
    kim.send("c1", "unmoved").await;
    kim.until("ack").await;
}

#[tokio::test]
async fn commands_before_join_are_refused_and_no_join_in_time_is_closed_with_4408() {
    let server = Running::start().await;
    let mut guest = server.connect("/ws/lobby").await;
    let begun = Instant::now();
    guest.send("c1", "hello?").await;
    assert_eq!(guest.refused("join_expected").await["client_id"], "c1");
    guest.say(&json!({"type": "history"})).await;
    guest.refused("join_expected").await;
    guest.refused("join_expected").await;
    assert_eq!(guest.closed().await.code.as_u16(), 4408);
    assert!(
        begun.elapsed() + Duration::from_millis(500) >= JOIN_TIME,
        "{:?}",
        begun.elapsed()
    );
}

/// Sender and reader go in step, so that only the silent one falls behind.
#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_never_reads_is_closed_with_1008_and_holds_up_nobody() {
    const MESSAGES: usize = 100;
    let server = Running::start().await;
    let mut reader = server.connect("/").await;
    let mut sender = server.connect("/").await;
    let mut silent = server.connect("/").await;
    // Whoever is heard is in.
    hear(&mut silent, &mut reader).await;
    hear(&mut sender, &mut reader).await;
    for n in 0..MESSAGES {
        let message = Message::from([&n.to_be_bytes()[..], &vec![7; 300_000]].concat());
        sender.ws.send(message.clone()).await.unwrap();
        sender.ws.flush().await.unwrap();
        let heard = tokio::time::timeout(PATIENCE, reader.ws.recv())
            .await
            .expect("nobody is held up");
        assert!(heard.unwrap().unwrap() == message, "message {n}");
    }
    was_too_slow(&mut silent).await;
}

/// Asks for much, and reads nothing of it.
#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_asks_and_never_reads_is_closed_with_1008() {
    let server = Running::start().await;
    let mut guest = server.join("lobby", "guest").await;
    for n in 0..60 {
        guest.send(&format!("c{n}"), &"한".repeat(Text::MAX_LEN)).await;
        guest.expect("ack").await;
    }
    let mut greedy = server.join("lobby", "greedy").await;
    let sender = greedy.ws.sender();
    let asking = tokio::spawn(async move { while sender.send(r#"{"type":"history"}"#).await.is_ok() {} });
    guest.expect("joined").await;
    let left = tokio::time::timeout(PATIENCE * 2, guest.ws.recv())
        .await
        .expect("it is sent away in time");
    let left = left.unwrap().unwrap();
    assert_eq!(left, Message::from(r#"{"type":"left","name":"greedy"}"#));
    was_too_slow(&mut greedy).await;
    asking.abort();
}

/// Whoever reads on within the time that a close may take is told 1008; this one may be too late for it.
async fn was_too_slow(client: &mut Client) {
    if let Some(frame) = client.ended().await {
        assert_eq!(frame.code, CloseCode::POLICY);
    }
}

/// Has one client of the relay heard by another, after which both are in.
async fn hear(one: &mut Client, other: &mut Client) {
    loop {
        one.ws.send("here").await.unwrap();
        if tokio::time::timeout(Duration::from_millis(500), other.ws.recv())
            .await
            .is_ok()
        {
            break;
        }
    }
    // What was said more than once is heard more than once.
    while tokio::time::timeout(Duration::from_millis(500), other.ws.recv())
        .await
        .is_ok()
    {}
}

#[tokio::test]
async fn a_client_that_sends_one_byte_a_second_is_cut_off_before_its_handshake() {
    let server = Running::start().await;
    let begun = Instant::now();
    let mut stream = TcpStream::connect(server.addr).await.unwrap();
    let request = format!("GET /ws/lobby HTTP/1.1\r\nHost: a\r\n{HANDSHAKE}\r\n");
    let mut bytes = request.bytes();
    let mut second = tokio::time::interval(Duration::from_secs(1));
    let mut answer = [0; 1024];
    loop {
        tokio::select! {
            read = stream.read(&mut answer) => match read {
                Ok(0) => break,
                Ok(n) => assert!(answer[..n].starts_with(b"HTTP/1.1 408"), "{:?}", &answer[..n]),
                Err(error) => {
                    assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
                    break;
                }
            },
            _ = second.tick() => {
                // Too late to matter when it fails.
                let _ = stream.write_all(&[bytes.next().unwrap()]).await;
            }
        }
    }
    let took = begun.elapsed();
    assert!(
        took >= Listener::HEAD_TIME - Duration::from_secs(1) && took < Listener::HEAD_TIME * 2,
        "{took:?}"
    );
}

#[tokio::test]
async fn a_client_that_joins_one_byte_a_second_is_closed_with_4408() {
    let server = Running::start().await;
    let mut stream = TcpStream::connect(server.addr).await.unwrap();
    let request = format!("GET /ws/lobby HTTP/1.1\r\nHost: a\r\n{HANDSHAKE}\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let join = br#"{"type":"join","name":"slow"}"#;
    let mut bytes = [&[0x81, 0x80 | join.len() as u8, 0, 0, 0, 0][..], join]
        .concat()
        .into_iter();
    let mut second = tokio::time::interval(Duration::from_secs(1));
    let mut heard = Vec::new();
    loop {
        tokio::select! {
            read = stream.read_buf(&mut heard) => if !matches!(read, Ok(1..)) { break },
            _ = second.tick() => if let Some(byte) = bytes.next() {
                // Too late to matter when it fails.
                let _ = stream.write_all(&[byte]).await;
            },
        }
        if heard.windows(2).any(|pair| pair == 4408_u16.to_be_bytes()) {
            break;
        }
    }
    let text = String::from_utf8_lossy(&heard);
    assert!(
        text.contains("join_expected") && !text.contains("welcome"),
        "{text}"
    );
    assert!(heard.windows(2).any(|pair| pair == 4408_u16.to_be_bytes()));
}
