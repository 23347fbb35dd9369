//! The chat over WebSocket: who hears what, once, in order; what is here afterwards; what a stop does.

use std::time::Duration;

use madang_server::store::Draft;
use madang_ws::{CloseCode, Message};
use sea_orm::{ConnectionTrait, Database};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::database::{TestDatabase, newest};
use crate::on_every_database;
use crate::running::{Client, HANDSHAKE, Running};

on_every_database! {
    readers_see_every_writer_in_the_order_of_the_numbers
    stepping_in_leaves_no_hole_and_no_overlap
}

#[tokio::test]
async fn a_message_reaches_the_others_once_and_its_sender_not() {
    let server = Running::start().await;
    let mut kim = server.join("lobby", "Kim").await;
    let mut lee = server.join("lobby", "Lee").await;
    let mut elsewhere = server.join("other", "Park").await;
    assert_eq!(kim.expect("joined").await["name"], "Lee");

    kim.send("c1", "안녕 <b>").await;
    let ack = kim.expect("ack").await;
    assert_eq!(
        (&ack["client_id"], &ack["offset"], &ack["duplicate"]),
        (&json!("c1"), &json!(1), &json!(false))
    );
    let message = lee.expect("message").await;
    assert_eq!(
        message,
        json!({"type": "message", "offset": 1, "author": "Kim", "client_id": "c1", "text": "안녕 <b>", "at": ack["at"]})
    );
    for client in [&mut kim, &mut lee, &mut elsewhere] {
        client.heard_nothing_more().await;
    }
}

#[tokio::test]
async fn an_acknowledged_message_is_in_the_database() {
    let server = Running::start().await;
    let store = server.database.store().await;
    let mut kim = server.join("lobby", "Kim").await;
    for n in 1..=20 {
        kim.send(&format!("c{n}"), "hello").await;
        kim.expect("ack").await;
        assert_eq!(newest(&store, "lobby").await, n);
    }
}

#[tokio::test]
async fn sending_again_returns_the_first_number_and_is_heard_once() {
    let server = Running::start().await;
    let mut kim = server.join("lobby", "Kim").await;
    let mut lee = server.join("lobby", "Lee").await;
    kim.expect("joined").await;
    kim.send("c1", "once").await;
    let first = kim.expect("ack").await;
    for _ in 0..3 {
        kim.send("c1", "once").await;
        let again = kim.expect("ack").await;
        assert_eq!(
            (&again["offset"], &again["at"], &again["duplicate"]),
            (&first["offset"], &first["at"], &json!(true))
        );
    }
    assert_eq!(lee.expect("message").await["text"], "once");
    lee.heard_nothing_more().await;
}

#[tokio::test]
async fn the_relay_passes_everything_on_as_it_is_but_not_back() {
    let server = Running::start().await;
    let mut clients = [
        server.connect("/").await,
        server.connect("/").await,
        server.connect("/").await,
    ];
    // A connection is in once its handshake is answered and its task has run: the first message tells.
    let [one, two, three] = &mut clients;
    loop {
        one.ws.send("is anybody here?").await.unwrap();
        let heard = async { tokio::join!(two.ws.recv(), three.ws.recv()) };
        if tokio::time::timeout(Duration::from_millis(500), heard)
            .await
            .is_ok()
        {
            break;
        }
    }
    two.ws.send(vec![0, 159, 146, 150]).await.unwrap();
    let heard = one.ws.recv().await.unwrap().unwrap();
    assert_eq!(heard, Message::from(vec![0, 159, 146, 150]));
    let verbatim = r#"{"type":"join","name":"not JSON to us"}"#;
    one.ws.send(verbatim).await.unwrap();
    two.ws.send("end").await.unwrap();
    assert_eq!(one.ws.recv().await.unwrap().unwrap(), Message::from("end"));
    loop {
        match three.ws.recv().await.unwrap().unwrap() {
            Message::Text(text) if &*text == verbatim => break,
            Message::Text(text) => assert_eq!(&*text, "is anybody here?"),
            binary => assert_eq!(binary, Message::from(vec![0, 159, 146, 150])),
        }
    }
}

#[tokio::test]
async fn a_session_goes_on_after_a_reconnect_and_hears_no_echo() {
    let server = Running::start().await;
    let mut first = server.connect("/ws/lobby").await;
    let session = first.join("Kim").await["session"].clone();
    // The same session on a second connection, as when the first has broken off unnoticed.
    let mut second = server.connect("/ws/lobby").await;
    second
        .say(&json!({"type": "join", "name": "Kim", "session": session}))
        .await;
    assert_eq!(second.expect("welcome").await["session"], session);
    let mut tab = server.join("lobby", "Kim").await;

    first.send("c1", "before the line broke").await;
    first.expect("ack").await;
    assert_eq!(
        tab.expect("message").await["offset"],
        1,
        "another tab is another session"
    );
    second.heard_nothing_more().await;
}

#[tokio::test]
async fn history_reads_both_ways() {
    let server = Running::start().await;
    let mut kim = server.join("lobby", "Kim").await;
    for n in 1..=5 {
        kim.send(&format!("c{n}"), &format!("text {n}")).await;
        kim.expect("ack").await;
    }
    for (command, offsets, more) in [
        (json!({"type": "history"}), vec![1, 2, 3, 4, 5], false),
        (json!({"type": "history", "limit": 2}), vec![4, 5], true),
        (
            json!({"type": "history", "before": 4, "limit": 2}),
            vec![2, 3],
            true,
        ),
        (
            json!({"type": "history", "after": 0, "limit": 2}),
            vec![1, 2],
            true,
        ),
        (json!({"type": "history", "after": 3}), vec![4, 5], false),
    ] {
        kim.say(&command).await;
        let page = kim.expect("history").await;
        let found: Vec<_> = page["messages"]
            .as_array()
            .unwrap()
            .iter()
            .map(|m| m["offset"].as_i64().unwrap())
            .collect();
        assert_eq!((found, &page["more"]), (offsets, &json!(more)), "{command}");
        assert_eq!(
            (&page["after"], &page["before"]),
            (&command["after"], &command["before"])
        );
    }
}

async fn readers_see_every_writer_in_the_order_of_the_numbers(database: TestDatabase) {
    const WRITERS: usize = 6;
    const EACH: usize = 10;
    let server = Running::on(database).await;
    let mut reader = server.join("lobby", "reader").await;
    let mut writers = Vec::new();
    for n in 0..WRITERS {
        writers.push(server.join("lobby", &format!("w{n}")).await);
    }
    let writers = writers.into_iter().map(|mut client| {
        tokio::spawn(async move {
            for n in 0..EACH {
                client.send(&format!("c{n}"), "x").await;
            }
            let mut numbers = Vec::new();
            while numbers.len() < EACH {
                numbers.push(client.until("ack").await["offset"].as_i64().unwrap());
            }
            assert!(
                numbers.is_sorted(),
                "one writer's messages keep their order: {numbers:?}"
            );
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.unwrap();
    }
    for offset in 1..=WRITERS * EACH {
        assert_eq!(reader.until("message").await["offset"], json!(offset));
    }
}

async fn stepping_in_leaves_no_hole_and_no_overlap(database: TestDatabase) {
    let server = Running::on(database).await;
    let mut writer = server.join("lobby", "writer").await;
    let addr = server.addr;
    let (stop, mut stopped) = tokio::sync::oneshot::channel();
    let writing = tokio::spawn(async move {
        let mut n = 0;
        while stopped.try_recv().is_err() {
            n += 1;
            writer.send(&format!("c{n}"), "x").await;
            writer.until("ack").await;
        }
    });
    for n in 0..15 {
        let mut guest = Client::connect(addr, "/ws/lobby").await;
        let last = guest.join(&format!("guest{n}")).await["offset"].as_i64().unwrap();
        for offset in last + 1..last + 4 {
            assert_eq!(guest.until("message").await["offset"], json!(offset));
        }
    }
    stop.send(()).unwrap();
    writing.await.unwrap();
}

#[tokio::test]
async fn a_message_whose_answer_was_lost_is_published_with_the_next() {
    let server = Running::start().await;
    let mut kim = server.join("lobby", "Kim").await;
    let mut lee = server.join("lobby", "Lee").await;
    kim.expect("joined").await;
    // Committed, but nobody came to publish it.
    let store = server.database.store().await;
    let draft = |client_id: &str| Draft {
        room: "lobby".to_owned(),
        author: "Kim".to_owned(),
        client_id: client_id.to_owned(),
        sender: String::new(),
        epoch: 7,
        text: client_id.to_owned(),
        at: 1,
        ..Draft::default()
    };
    store.append(&draft("lost1")).await.unwrap();
    store.append(&draft("lost2")).await.unwrap();
    kim.send("lost2", "lost2").await;
    assert_eq!(kim.until("ack").await["duplicate"], true);
    for (offset, client_id) in [(1, "lost1"), (2, "lost2")] {
        let message = lee.expect("message").await;
        assert_eq!(
            (&message["offset"], &message["client_id"]),
            (&json!(offset), &json!(client_id))
        );
    }
}

#[tokio::test]
async fn who_is_here_is_told_by_name() {
    let server = Running::start().await;
    let mut kim = server.join("lobby", "Kim").await;
    let mut lee = server.connect("/ws/lobby").await;
    assert_eq!(lee.join(" Lee ").await["members"], json!(["Kim", "Lee"]));
    assert_eq!(kim.expect("joined").await["name"], "Lee");
    let mut second_tab = server.connect("/ws/lobby").await;
    assert_eq!(second_tab.join("Lee").await["members"], json!(["Kim", "Lee"]));
    lee.ws.close(CloseCode::NORMAL, "").await.unwrap();
    second_tab.ws.close(CloseCode::NORMAL, "").await.unwrap();
    assert_eq!(kim.expect("left").await["name"], "Lee", "once, with the last tab");
}

#[tokio::test]
async fn a_broken_line_shows_nobody_leaving_unless_it_lasts() {
    let server = Running::start().await;
    let mut kim = server.join("lobby", "Kim").await;
    let lee = server.join("lobby", "Lee").await;
    let park = server.join("lobby", "Park").await;
    kim.expect("joined").await;
    kim.expect("joined").await;
    drop(lee);
    drop(park);
    let _back = server.join("lobby", "Lee").await;
    let left = kim.next().await;
    assert_eq!(
        left,
        json!({"type": "left", "name": "Park"}),
        "Lee was never away"
    );
}

#[tokio::test]
async fn typing_is_told_to_the_others_and_forgotten_when_it_is_not_renewed() {
    let server = Running::start().await;
    let mut kim = server.join("lobby", "Kim").await;
    let mut lee = server.join("lobby", "Lee").await;
    kim.expect("joined").await;
    lee.say(&json!({"type": "typing", "active": true})).await;
    assert_eq!(
        kim.expect("typing").await,
        json!({"type": "typing", "name": "Lee", "active": true})
    );
    lee.send("c1", "done").await;
    assert_eq!(
        kim.expect("typing").await["active"],
        false,
        "what is sent is typed"
    );
    kim.expect("message").await;
    lee.say(&json!({"type": "typing", "active": true})).await;
    assert_eq!(kim.expect("typing").await["active"], true);
    assert_eq!(kim.expect("typing").await["active"], false, "after the lease");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failing_database_is_an_error_to_the_client_and_no_lost_connection() {
    let server = Running::start().await;
    let mut kim = server.join("lobby", "Kim").await;
    let mut lee = server.join("lobby", "Lee").await;
    kim.expect("joined").await;
    let other = Database::connect(server.database.url().as_str()).await.unwrap();
    other.execute_unprepared("BEGIN IMMEDIATE").await.unwrap();
    kim.send("c1", "stuck").await;
    let error = kim.refused("store_unavailable").await;
    assert_eq!(error["client_id"], "c1");
    other.execute_unprepared("ROLLBACK").await.unwrap();
    kim.send("c1", "stuck").await;
    assert_eq!(kim.expect("ack").await["offset"], 1);
    assert_eq!(lee.expect("message").await["text"], "stuck");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_does_not_wait_for_the_command_behind_it() {
    let server = Running::start().await;
    let mut kim = server.join("lobby", "Kim").await;
    let other = Database::connect(server.database.url().as_str()).await.unwrap();
    other.execute_unprepared("BEGIN IMMEDIATE").await.unwrap();
    // Both are there when the server reads.
    let history = json!({"type": "history", "limit": 1});
    kim.ws.feed(history.to_string()).await.unwrap();
    kim.send("c1", "takes its time").await;
    kim.expect("history").await;
    other.execute_unprepared("ROLLBACK").await.unwrap();
    kim.expect("ack").await;
}

#[tokio::test]
async fn health_tells_alive_from_ready() {
    let server = Running::start().await;
    assert!(server.get("/healthz", "").await.starts_with("HTTP/1.1 200"));
    assert!(server.get("/readyz", "").await.starts_with("HTTP/1.1 200"));
    let allowed = server.get("/readyz", "Origin: http://127.0.0.1:3001\r\n").await;
    assert!(
        allowed.contains("access-control-allow-origin: http://127.0.0.1:3001"),
        "{allowed}"
    );
    let foreign = server.get("/readyz", "Origin: http://evil.example\r\n").await;
    assert!(!foreign.contains("access-control-allow-origin"), "{foreign}");
}

#[tokio::test]
async fn a_stop_closes_with_1001_and_finishes_what_was_accepted() {
    let server = Running::start().await;
    let mut kim = server.join("lobby", "Kim").await;
    let mut at_the_relay = server.connect("/").await;
    let store = server.database.store().await;
    kim.send("c1", "last words").await;
    kim.expect("ack").await;

    let stopping = tokio::spawn(server.back.close());
    assert_eq!(kim.closed().await.code, CloseCode::GOING_AWAY);
    assert_eq!(at_the_relay.closed().await.code, CloseCode::GOING_AWAY);
    assert!(stopping.await.unwrap(), "all in time");
    assert!(
        TcpStream::connect(server.addr).await.is_err(),
        "the port is closed"
    );
    assert_eq!(newest(&store, "lobby").await, 1);
}

#[tokio::test]
async fn pages_of_other_origins_are_kept_out_and_programs_let_in() {
    let server = Running::start().await;
    for (origin, status) in [
        ("Origin: http://127.0.0.1:3001\r\n", "HTTP/1.1 101"),
        ("", "HTTP/1.1 101"),
        ("Origin: http://evil.example\r\n", "HTTP/1.1 403"),
        ("Origin: null\r\n", "HTTP/1.1 403"),
    ] {
        for path in ["/", "/ws/lobby"] {
            let mut stream = TcpStream::connect(server.addr).await.unwrap();
            let request = format!("GET {path} HTTP/1.1\r\nHost: a\r\n{HANDSHAKE}{origin}\r\n");
            stream.write_all(request.as_bytes()).await.unwrap();
            let mut answer = [0; 12];
            stream.read_exact(&mut answer).await.unwrap();
            assert_eq!(std::str::from_utf8(&answer).unwrap(), status, "{path} {origin}");
        }
    }
}
