//! Somebody who reads nothing, or has much to read, is sent away all the same, and at once.

use std::time::Duration;

use madang_server::chat::Text;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::timeout;

use crate::asked::{admin, moderate};
use crate::running::{Client, Running, post};
use crate::sent_away::EnginePoller;
use crate::slow_readers::{connect, narrow};

/// Less than an answer waits for its reader, and more than a ban takes.
const AT_ONCE: Duration = Duration::from_secs(5);

/// Messages in one batch, which has to stay below 1 MiB.
const BATCH: usize = 60;

/// What a client asks for who doesn't wait for answers.
const PAGE: &str = r#"{"type":"history","limit":200}"#;

/// A room in which much has been said, in so many batches, and who may ban somebody from it.
async fn start(batches: usize) -> (Running, String) {
    let server = Running::start().await;
    let boss = admin(server.addr, &server.store, "Boss").await;
    for batch in 0..batches {
        let messages: Vec<_> = (0..BATCH)
            .map(|n| json!({"client_id": format!("{batch}-{n}"), "text": "한".repeat(Text::MAX_LEN)}))
            .collect();
        let said = json!({"name": "Park", "messages": messages});
        let answer = post(server.addr, "/api/rooms/lobby/messages/batch", "", &said).await;
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }
    (server, boss)
}

async fn ban_kim(server: &Running, boss: &str) {
    let ban = json!({"action": "ban", "name": "Kim"});
    assert_eq!(moderate(server.addr, boss, "lobby", ban).await.status, 200);
}

async fn kim_is_gone(lee: &mut Client) {
    let left = timeout(AT_ONCE, lee.until("left")).await;
    assert_eq!(left.expect("at once")["name"], "Kim");
}

#[tokio::test]
async fn over_socketio_commands_that_wait_for_their_reader_keep_nobody_who_is_banned() {
    let (server, boss) = start(1).await;
    let mut lee = server.join("lobby", "Lee").await;
    let mut kim = EnginePoller::open(server.addr, "").await;
    kim.say(r#"420["join",{"room":"lobby","name":"Kim"}]"#).await;
    assert!(kim.hear().await.contains("welcome"));
    lee.expect("joined").await;
    // More than half of what may wait is never fetched, so that each command from the third on waits for that.
    let mut commands = vec![r#"421["history",{"limit":200}]"#; 3];
    commands.extend([r#"422["typing",{"active":true}]"#; 20]);
    kim.say(&commands.join("\x1e")).await;
    ban_kim(&server, &boss).await;
    kim_is_gone(&mut lee).await;
}

#[tokio::test]
async fn over_websocket_an_answer_that_does_not_fit_keeps_nobody_who_is_banned() {
    let (server, boss) = start(1).await;
    let mut lee = server.join("lobby", "Lee").await;
    let mut kim = connect(&server, "/ws/lobby").await;
    kim.send(r#"{"type":"join","name":"Kim"}"#).await.unwrap();
    lee.expect("joined").await;
    // More than all buffers on the way hold.
    for _ in 0..100 {
        kim.feed(PAGE).await.unwrap();
    }
    kim.flush().await.unwrap();
    // So long that the buffers are full by now; if they aren't, it's no harder for the server.
    tokio::time::sleep(Duration::from_millis(500)).await;
    ban_kim(&server, &boss).await;
    kim_is_gone(&mut lee).await;
}

#[tokio::test]
async fn over_a_stream_who_is_banned_reads_no_further_back() {
    const BATCHES: usize = 8;
    let (server, boss) = start(BATCHES).await;
    let mut stream = narrow(&server).await;
    let request = "GET /api/rooms/lobby/events?after=0&name=Kim HTTP/1.0\r\nHost: a\r\n\r\n";
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut read = vec![0; 1000];
    stream.read_exact(&mut read).await.unwrap();
    ban_kim(&server, &boss).await;
    stream.read_to_end(&mut read).await.unwrap();
    let read = String::from_utf8(read).unwrap();
    let last = read.trim_end().rsplit("\n\n").next().unwrap();
    assert!(
        last.starts_with("event: error") && last.contains(r#""code":"banned""#),
        "{last}"
    );
    let messages = read.matches("event: message").count();
    assert!(messages < BATCH * BATCHES, "{messages}");
}
