//! Rooms over HTTP: polling, long-polling, Server-Sent Events, and saying something.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::database::TestDatabase;
use crate::running::{PATIENCE, Running, get};
use crate::ways::request;

async fn post(server: &Running, room: &str, body: Value) -> (u16, Value) {
    let path = format!("/api/rooms/{room}/messages");
    request(server.addr, "POST", &path, Some(body)).await
}

pub async fn say(server: &Running, room: &str, text: &str) -> Value {
    let (status, said) = post(server, room, json!({"name": "Kim", "text": text})).await;
    assert_eq!(status, 201, "{said}");
    said
}

pub async fn read(server: &Running, room: &str, query: &str) -> (u16, Value) {
    let path = format!("/api/rooms/{room}/messages?{query}");
    request(server.addr, "GET", &path, None).await
}

pub fn offsets(answer: &Value) -> Vec<u64> {
    let messages = answer["messages"]
        .as_array()
        .unwrap_or_else(|| panic!("{answer}"));
    messages
        .iter()
        .map(|message| message["offset"].as_u64().unwrap())
        .collect()
}

/// The lines of a stream, in HTTP/1.0, where an answer has no chunks.
pub async fn follow(server: &Running, path: &str, headers: &str) -> Lines<BufReader<TcpStream>> {
    follow_at(server.addr, path, headers).await
}

pub async fn follow_at(addr: SocketAddr, path: &str, headers: &str) -> Lines<BufReader<TcpStream>> {
    let mut stream = TcpStream::connect(addr).await.unwrap();
    let head = format!("GET {path} HTTP/1.0\r\n{headers}\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    BufReader::new(stream).lines()
}

/// The next event: its name, id and data.
pub async fn event(lines: &mut Lines<BufReader<TcpStream>>) -> Option<(String, String, Value)> {
    let (mut name, mut id) = (String::new(), String::new());
    loop {
        let line = timeout(PATIENCE, lines.next_line())
            .await
            .expect("an event in time")
            .unwrap()?;
        if let Some(value) = line.strip_prefix("event: ") {
            value.clone_into(&mut name);
        } else if let Some(value) = line.strip_prefix("id: ") {
            value.clone_into(&mut id);
        } else if let Some(value) = line.strip_prefix("data: ") {
            return Some((name, id, serde_json::from_str(value).unwrap()));
        }
    }
}

#[tokio::test]
async fn a_reader_goes_on_from_where_the_last_answer_left_them() {
    let server = Running::start().await;
    let (status, empty) = read(&server, "lobby", "").await;
    assert_eq!(
        (status, offsets(&empty), &empty["offset"]),
        (200, vec![], &json!(0))
    );
    for n in 1..=5 {
        say(&server, "lobby", &format!("{n}")).await;
    }
    let (_, newest) = read(&server, "lobby", "limit=2").await;
    assert_eq!(
        (offsets(&newest), &newest["more"], &newest["offset"]),
        (vec![4, 5], &json!(true), &json!(5))
    );
    let (_, first) = read(&server, "lobby", "after=0&limit=3").await;
    assert_eq!(
        (offsets(&first), &first["more"], &first["offset"]),
        (vec![1, 2, 3], &json!(true), &json!(3))
    );
    let epoch = first["epoch"].as_str().unwrap();
    let (_, rest) = read(&server, "lobby", &format!("after=3&epoch={epoch}")).await;
    assert_eq!((offsets(&rest), &rest["more"]), (vec![4, 5], &json!(false)));
    let (_, none) = read(&server, "lobby", &format!("after=5&epoch={epoch}")).await;
    assert_eq!((offsets(&none), &none["offset"]), (vec![], &json!(5)));
    let (_, before) = read(&server, "lobby", "before=3&limit=1").await;
    assert_eq!((offsets(&before), &before["more"]), (vec![2], &json!(true)));
}

#[tokio::test]
async fn a_position_that_cannot_be_gone_on_from_is_told_plainly() {
    let server = Running::start().await;
    let epoch = say(&server, "lobby", "one").await["epoch"].clone();
    let here = epoch.as_str().unwrap();
    for query in [
        "after=1&epoch=0123456789abcdef".to_owned(),
        format!("after=2&epoch={here}"),
    ] {
        let (status, lost) = read(&server, "lobby", &query).await;
        assert_eq!((status, &lost["code"]), (410, &json!("position_lost")), "{lost}");
        assert_eq!(
            (&lost["offset"], &lost["epoch"], &lost["oldest"]),
            (&json!(1), &epoch, &json!(0))
        );
    }
    // Nothing is before the beginning, whichever it was.
    let (status, all) = read(&server, "lobby", "after=0&epoch=0123456789abcdef").await;
    assert_eq!((status, offsets(&all)), (200, vec![1]));
    for query in [
        "after=1",
        "after=1&before=2&epoch=0123456789abcdef",
        "limit=0",
        "limit=201",
        "after=-1",
        "after=x",
        "epoch=zz",
    ] {
        let (status, refused) = read(&server, "lobby", query).await;
        assert_eq!(
            (status, &refused["code"]),
            (400, &json!("history_invalid")),
            "{query}: {refused}"
        );
    }
    for (path, status, code) in [
        ("/api/rooms/a%2fb/messages", 404, "room_invalid"),
        ("/api/rooms/%ff/messages", 404, "room_invalid"),
        ("/api/rooms/lobby/messages?wait=61", 400, "wait_invalid"),
        ("/api/rooms/lobby/messages?wait=soon", 400, "wait_invalid"),
        ("/api/rooms/lobby/messages?except=me", 400, "sender_invalid"),
    ] {
        let (got, refused) = request(server.addr, "GET", path, None).await;
        assert_eq!(
            (got, &refused["code"]),
            (status, &json!(code)),
            "{path}: {refused}"
        );
    }
}

#[tokio::test]
async fn without_news_the_answer_is_304_and_says_when_to_ask_again() {
    let server = Running::start().await;
    say(&server, "lobby", "one").await;
    let path = "/api/rooms/lobby/messages?after=0";
    let answer = get(server.addr, path, "").await;
    let header = |answer: &str, name: &str| {
        let line = answer
            .lines()
            .find_map(|line| line.strip_prefix(&format!("{name}: ")));
        line.unwrap_or_else(|| panic!("no {name}: {answer}")).to_owned()
    };
    let tag = header(&answer, "etag");
    assert!((1..=10).contains(&header(&answer, "poll-after").parse::<u64>().unwrap()));
    let known = format!("If-None-Match: {tag}\r\n");
    let unchanged = get(server.addr, path, &known).await;
    assert!(unchanged.starts_with("HTTP/1.1 304"), "{unchanged}");
    assert_eq!(header(&unchanged, "etag"), tag);
    header(&unchanged, "poll-after");
    let weak = get(server.addr, path, &format!("If-None-Match: W/{tag}\r\n")).await;
    assert!(weak.starts_with("HTTP/1.1 304"), "a proxy may weaken it: {weak}");
    say(&server, "lobby", "two").await;
    let changed = get(server.addr, path, &known).await;
    assert!(changed.starts_with("HTTP/1.1 200"), "{changed}");
    assert_ne!(header(&changed, "etag"), tag);
}

#[tokio::test]
async fn a_long_poll_is_answered_by_news_or_at_its_limit() {
    let server = Running::start().await;
    let epoch = say(&server, "lobby", "one").await["epoch"].clone();
    let after_one = format!("after=1&epoch={}", epoch.as_str().unwrap());
    let begun = Instant::now();
    let (status, nothing) = read(&server, "lobby", &format!("{after_one}&wait=1s")).await;
    assert_eq!(
        (status, offsets(&nothing), &nothing["offset"]),
        (200, vec![], &json!(1))
    );
    assert!(begun.elapsed() >= Duration::from_secs(1));

    // Many wait at once, and all are answered with the same.
    let waiting: Vec<_> = (0..50)
        .map(|_| {
            let (addr, path) = (
                server.addr,
                format!("/api/rooms/lobby/messages?{after_one}&wait=20"),
            );
            tokio::spawn(async move { request(addr, "GET", &path, None).await })
        })
        .collect();
    server.waiting(50).await;
    let begun = Instant::now();
    say(&server, "lobby", "two").await;
    for answer in waiting {
        let (status, news) = answer.await.unwrap();
        assert_eq!((status, offsets(&news)), (200, vec![2]));
    }
    assert!(begun.elapsed() < Duration::from_secs(10));

    // What was said between two requests is there at once.
    say(&server, "lobby", "three").await;
    let begun = Instant::now();
    let (_, news) = read(&server, "lobby", &format!("{after_one}&wait=20")).await;
    assert_eq!(offsets(&news), [2, 3]);
    assert!(begun.elapsed() < Duration::from_secs(10));
}

#[tokio::test]
async fn who_goes_away_while_they_wait_leaves_nothing_behind() {
    let server = Running::start().await;
    let epoch = say(&server, "lobby", "one").await["epoch"].clone();
    let path = format!(
        "/api/rooms/lobby/messages?after=1&epoch={}&wait=60",
        epoch.as_str().unwrap()
    );
    let mut streams = Vec::new();
    for _ in 0..20 {
        let mut stream = TcpStream::connect(server.addr).await.unwrap();
        let head = format!("GET {path} HTTP/1.1\r\nHost: madang\r\n\r\n");
        stream.write_all(head.as_bytes()).await.unwrap();
        streams.push(stream);
    }
    server.waiting(20).await;
    drop(streams);
    server.waiting(0).await;
}

#[tokio::test]
async fn ones_own_messages_are_no_news() {
    let server = Running::start().await;
    let (_, made) = request(server.addr, "POST", "/api/sessions", None).await;
    let epoch = say(&server, "lobby", "one").await["epoch"].clone();
    let query = format!(
        "after=1&epoch={}&except={}",
        epoch.as_str().unwrap(),
        made["sender"].as_str().unwrap()
    );
    let path = format!("/api/rooms/lobby/messages?{query}&wait=20");
    let addr = server.addr;
    let waiting = tokio::spawn(async move { request(addr, "GET", &path, None).await });
    server.waiting(1).await;
    let own = json!({"name": "Lee", "text": "mine", "session": made["session"]});
    let (_, said) = post(&server, "lobby", own).await;
    assert_eq!(said["sender"], made["sender"]);
    let (_, none) = read(&server, "lobby", &query).await;
    assert_eq!((offsets(&none), &none["offset"]), (vec![], &json!(2)));
    say(&server, "lobby", "theirs").await;
    let (_, news) = waiting.await.unwrap();
    assert_eq!((offsets(&news), &news["offset"]), (vec![3], &json!(3)));
}

#[tokio::test]
async fn a_stream_begins_where_it_is_asked_to_and_goes_on_from_the_last_event() {
    let server = Running::start().await;
    for text in ["one", "two"] {
        say(&server, "lobby", text).await;
    }
    let path = "/api/rooms/lobby/events";
    let mut stream = follow(&server, &format!("{path}?after=0"), "").await;
    let (name, _, position) = event(&mut stream).await.unwrap();
    assert_eq!((&*name, &position["offset"]), ("position", &json!(0)));
    let mut last = String::new();
    for (n, text) in [(1, "one"), (2, "two")] {
        let (name, id, message) = event(&mut stream).await.unwrap();
        assert_eq!((&*name, &message["text"]), ("message", &json!(text)));
        assert_eq!(id, format!("{}.{n}", position["epoch"].as_str().unwrap()));
        last = id;
    }
    say(&server, "lobby", "three").await;
    assert_eq!(event(&mut stream).await.unwrap().2["text"], "three");
    drop(stream);

    let mut again = follow(&server, path, &format!("Last-Event-ID: {last}\r\n")).await;
    assert_eq!(event(&mut again).await.unwrap().2["offset"], 2);
    assert_eq!(event(&mut again).await.unwrap().2["text"], "three");

    let mut fresh = follow(&server, path, "").await;
    assert_eq!(event(&mut fresh).await.unwrap().2["offset"], 3);

    let lost = format!("{path}?after=7&epoch={}", position["epoch"].as_str().unwrap());
    let mut lost = follow(&server, &lost, "").await;
    assert_eq!(event(&mut lost).await.unwrap().0, "position");
    let (name, _, data) = event(&mut lost).await.unwrap();
    assert_eq!((&*name, &data["offset"]), ("lost", &json!(3)));
    say(&server, "lobby", "four").await;
    for stream in [&mut again, &mut fresh, &mut lost] {
        assert_eq!(event(stream).await.unwrap().2["text"], "four");
    }
}

#[tokio::test]
async fn a_stream_says_what_proxies_need() {
    let server = Running::start().await;
    let mut stream = follow(&server, "/api/rooms/lobby/events", "").await;
    let mut head = Vec::new();
    while let Some(line) = stream.next_line().await.unwrap().filter(|line| !line.is_empty()) {
        head.push(line);
    }
    for header in [
        "content-type: text/event-stream",
        "cache-control: no-cache, no-transform",
        "x-accel-buffering: no",
    ] {
        assert!(head.iter().any(|line| line == header), "{head:?}");
    }
}

#[tokio::test]
async fn a_position_outlives_the_server() {
    let server = Running::start().await;
    let (_, made) = request(server.addr, "POST", "/api/sessions", None).await;
    for n in 1..=300 {
        let mut message = json!({"client_id": format!("c{n}"), "name": "Kim", "text": format!("{n}")});
        if n % 3 == 0 {
            message["session"] = made["session"].clone();
        }
        assert_eq!(post(&server, "lobby", message).await.0, 201);
    }
    let (_, here) = read(&server, "lobby", "limit=1").await;
    let epoch = here["epoch"].as_str().unwrap().to_owned();
    let Running { back, database, .. } = server;
    assert!(back.close().await);
    let server = Running::on(database).await;

    // Behind what is in memory is the database, without a seam.
    let others: Vec<u64> = (8..=300).filter(|n| n % 3 != 0).collect();
    let except = made["sender"].as_str().unwrap();
    let (mut heard, mut after) = (Vec::new(), 7);
    loop {
        let query = format!("after={after}&epoch={epoch}&limit=100&except={except}");
        let (status, page) = read(&server, "lobby", &query).await;
        assert_eq!(status, 200, "{page}");
        heard.extend(offsets(&page));
        after = page["offset"].as_u64().unwrap();
        if page["more"] == false {
            break;
        }
    }
    assert_eq!((heard, after), (others.clone(), 300));

    let path = format!("/api/rooms/lobby/events?except={except}");
    let mut stream = follow(&server, &path, &format!("Last-Event-ID: {epoch}.7\r\n")).await;
    assert_eq!(event(&mut stream).await.unwrap().2["offset"], 7);
    say(&server, "lobby", "live").await;
    for offset in others.into_iter().chain([301]) {
        assert_eq!(event(&mut stream).await.unwrap().2["offset"], offset);
    }
}

#[tokio::test]
async fn a_message_is_stored_once_under_its_id() {
    let server = Running::start().await;
    let hello = json!({"client_id": "c1", "name": "Kim", "text": "hello"});
    let (status, first) = post(&server, "lobby", hello.clone()).await;
    assert_eq!((status, &first["duplicate"]), (201, &json!(false)));
    for _ in 0..3 {
        let (status, again) = post(&server, "lobby", hello.clone()).await;
        assert_eq!((status, &again["duplicate"]), (200, &json!(true)));
        assert_eq!((&again["offset"], &again["at"]), (&first["offset"], &first["at"]));
    }
    let other = json!({"client_id": "c1", "name": "Kim", "text": "something else"});
    let (status, refused) = post(&server, "lobby", other).await;
    assert_eq!((status, &refused["code"]), (409, &json!("idempotency_mismatch")));
    let (_, all) = read(&server, "lobby", "after=0").await;
    assert_eq!(offsets(&all), [1]);
}

#[tokio::test]
async fn the_header_may_stand_for_the_id() {
    let server = Running::start().await;
    let body = json!({"name": "Kim", "text": "hello"}).to_string();
    for (key, status) in [("k1", 201), ("k1", 200), ("k2", 201), ("k 3", 400)] {
        let mut stream = TcpStream::connect(server.addr).await.unwrap();
        let request = format!(
            "POST /api/rooms/lobby/messages HTTP/1.1\r\nHost: madang\r\nConnection: close\r\nIdempotency-Key: {key}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status}")),
            "{key}: {answer}"
        );
    }
}

#[tokio::test]
async fn bad_messages_are_refused_with_their_code() {
    let server = Running::start().await;
    for (body, status, code) in [
        (json!({"name": "Kim"}), 422, "bad_json"),
        (json!([]), 422, "bad_json"),
        (json!({"name": " ", "text": "a"}), 400, "name_invalid"),
        (json!({"name": "K".repeat(41), "text": "a"}), 400, "name_too_long"),
        (json!({"name": "Kim", "text": " "}), 400, "text_empty"),
        (
            json!({"name": "Kim", "text": "a".repeat(4001)}),
            400,
            "text_too_long",
        ),
        (json!({"name": "Kim", "text": "\0a"}), 400, "text_invalid"),
        (
            json!({"name": "Kim", "text": "a", "client_id": "a b"}),
            400,
            "client_id_invalid",
        ),
        (
            json!({"name": "Kim", "text": "a", "session": "me"}),
            400,
            "session_invalid",
        ),
        (
            json!({"name": "Kim", "text": "a".repeat(64 * 1024)}),
            413,
            "bad_json",
        ),
    ] {
        let shown = body.to_string();
        let (got, refused) = post(&server, "lobby", body).await;
        assert_eq!((got, &refused["code"]), (status, &json!(code)), "{shown:.60}");
    }
    for room in ["lab-run", "scores-yard"] {
        let (status, refused) = post(&server, room, json!({"name": "Kim", "text": "a"})).await;
        assert_eq!((status, &refused["code"]), (403, &json!("room_read_only")));
    }
    let (_, none) = read(&server, "lobby", "").await;
    assert_eq!(offsets(&none), [0; 0]);
}

#[tokio::test]
async fn a_batch_is_stored_in_order_and_may_be_sent_again() {
    let server = Running::start().await;
    let path = "/api/rooms/lobby/messages/batch";
    let message = |n: usize| json!({"client_id": format!("c{n}"), "text": format!("{n}")});
    let batch =
        |count: usize| json!({"name": "Bot", "messages": (1..=count).map(message).collect::<Vec<_>>()});
    for duplicate in [false, true] {
        let (status, stored) = request(server.addr, "POST", path, Some(batch(100))).await;
        assert_eq!(status, 200, "{stored}");
        for (result, offset) in stored["results"].as_array().unwrap().iter().zip(1..) {
            assert_eq!(
                (&result["offset"], &result["duplicate"]),
                (&json!(offset), &json!(duplicate))
            );
        }
    }
    for count in [0, 101] {
        let (status, refused) = request(server.addr, "POST", path, Some(batch(count))).await;
        assert_eq!((status, &refused["code"]), (400, &json!("batch_invalid")));
    }
    // One mistake, and nothing of it is stored.
    let mut wrong = batch(2);
    wrong["messages"] = json!([{"client_id": "new", "text": "a"}, {"client_id": "c", "text": ""}]);
    let (status, refused) = request(server.addr, "POST", path, Some(wrong)).await;
    assert_eq!((status, &refused["code"]), (400, &json!("text_empty")));
    assert!(refused["message"].as_str().unwrap().starts_with("message 2:"));
    let (_, newest) = read(&server, "lobby", "limit=1").await;
    assert_eq!(newest["offset"], 100);
}

#[tokio::test]
async fn a_stop_answers_who_waits_and_ends_streams_with_a_word() {
    let server = Running::start().await;
    let epoch = say(&server, "lobby", "one").await["epoch"].clone();
    let path = format!(
        "/api/rooms/lobby/messages?after=1&epoch={}&wait=60",
        epoch.as_str().unwrap()
    );
    let addr = server.addr;
    let waiting = tokio::spawn(async move { request(addr, "GET", &path, None).await });
    let mut stream = follow(&server, "/api/rooms/lobby/events", "").await;
    assert_eq!(event(&mut stream).await.unwrap().0, "position");
    server.waiting(2).await;
    let begun = Instant::now();
    assert!(server.back.close().await);
    assert!(begun.elapsed() < Duration::from_secs(4));
    let (status, nothing) = waiting.await.unwrap();
    assert_eq!((status, offsets(&nothing)), (200, vec![]));
    let (name, _, data) = event(&mut stream).await.unwrap();
    assert_eq!((&*name, &data["code"]), ("error", &json!("stopping")));
    assert!(event(&mut stream).await.is_none());
}

#[tokio::test]
async fn a_database_that_is_gone_is_told_with_a_time_to_try_again() {
    let database = TestDatabase::sqlite();
    let server = Running::on(database).await;
    server.store.close().await.unwrap();
    let answer = get(server.addr, "/api/rooms/lobby/messages", "").await;
    assert!(answer.starts_with("HTTP/1.1 503"), "{answer}");
    assert!(answer.contains("retry-after: 2"), "{answer}");
    assert!(answer.contains("store_unavailable"), "{answer}");
}

#[tokio::test]
async fn the_api_is_described_for_programs_and_people() {
    let server = Running::start().await;
    let (status, description) = request(server.addr, "GET", "/api/openapi.json", None).await;
    assert_eq!(status, 200);
    assert!(description["paths"]["/api/rooms/{room}/messages"]["get"].is_object());
    let page = get(server.addr, "/api", "").await;
    assert!(
        page.starts_with("HTTP/1.1 200") && page.contains("<h1>Madang: HTTP API</h1>"),
        "{page:.200}"
    );
    assert!(get(server.addr, "/api/style.css", "").await.contains("text/css"));
}
