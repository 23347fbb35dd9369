//! Every limit crossed: what gets through, what the refusal says, that it works again in time, and that others aren't touched.

use std::net::SocketAddr;
use std::num::{NonZeroU32, NonZeroUsize};
use std::time::{Duration, Instant};

use madang_server::back::{API_KEY_TIMES, REFUSALS, RateLimits};
use madang_server::cli::Flags;
use madang_server::config;
use madang_ws::{CloseCode, Message};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};

use crate::database::TestDatabase;
use crate::running::{HANDSHAKE, PATIENCE, Running, get, post, request};
use crate::socketio::Talker;

const KEY: &str = "a-key-of-another-back-end";

pub async fn start(rates: RateLimits) -> Running {
    Running::with(TestDatabase::sqlite(), |settings| settings.rates = rates).await
}

/// As few as a limit lets through at once: then the next has to wait for seconds, whatever the machine is busy with.
pub fn few(number: u32) -> Option<NonZeroU32> {
    NonZeroU32::new(number)
}

pub fn status(answer: &str) -> u16 {
    answer.split(' ').nth(1).unwrap().parse().unwrap()
}

pub fn body(answer: &str) -> Value {
    serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap()
}

/// A refusal says when to come back; then is soon.
pub fn wait_of(refusal: &Value, at_most: u64) -> Duration {
    assert_eq!(refusal["code"], "rate_limited", "{refusal}");
    let wait = refusal["retry_after_ms"].as_u64().expect("a time");
    assert!((1..=at_most).contains(&wait), "{refusal}");
    Duration::from_millis(wait)
}

/// The answer to a request from another address of this machine.
pub async fn from_elsewhere(addr: SocketAddr, path: &str) -> String {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.2:0".parse().unwrap()).unwrap();
    request(socket.connect(addr).await.unwrap(), "GET", path, "", "").await
}

/// Asks until it's too much, and returns the refusal: so many are let in at once, and one more each time that such a while has passed.
async fn until_refused(at_once: u32, every: Duration, ask: impl AsyncFn(u32) -> String) -> String {
    let begun = Instant::now();
    for n in 0.. {
        let answer = ask(n).await;
        if status(&answer) == 429 {
            assert!(n >= at_once, "refused after {n}: {answer}");
            return answer;
        }
        assert!([200, 201].contains(&status(&answer)), "{answer}");
        let most = f64::from(at_once) + begun.elapsed().as_secs_f64() / every.as_secs_f64() + 1.0;
        assert!(f64::from(n) < most, "{n} in {:?}", begun.elapsed());
    }
    unreachable!("the loop has no end of its own")
}

async fn say(server: &Running, room: &str, message: &Value) -> String {
    post(server.addr, &format!("/api/rooms/{room}/messages"), "", message).await
}

#[tokio::test]
async fn an_address_asks_so_often_and_others_are_not_touched() {
    let server = start(RateLimits {
        requests_per_address: few(3),
        ..RateLimits::default()
    })
    .await;
    let path = "/api/rooms/lobby/messages";
    for _ in 0..3 {
        assert_eq!(status(&server.get(path, "").await), 200);
    }
    let refusal = server.get(path, "Origin: http://127.0.0.1:3001\r\n").await;
    assert_eq!(status(&refusal), 429, "{refusal}");
    let wait = wait_of(&body(&refusal), 3334);
    let seconds = format!("retry-after: {}\r\n", wait.as_millis().div_ceil(1000));
    assert!(refusal.contains(&seconds), "{refusal}");
    assert!(
        refusal.contains("access-control-allow-origin: http://127.0.0.1:3001\r\n"),
        "a page may read why: {refusal}"
    );
    // Every route is held to it, but for those of whoever watches the program.
    for path in ["/api", "/api/openapi.json", "/api/rooms/lobby/events"] {
        assert_eq!(status(&server.get(path, "").await), 429, "{path}");
    }
    for path in ["/healthz", "/readyz", "/metrics"] {
        assert_eq!(status(&server.get(path, "").await), 200, "{path}");
    }
    let refusal = post(server.addr, "/api/sessions", "", &json!({})).await;
    assert_eq!(status(&refusal), 429);
    assert_eq!(status(&from_elsewhere(server.addr, path).await), 200);

    tokio::time::sleep(wait_of(&body(&refusal), 3334)).await;
    assert_eq!(status(&server.get(path, "").await), 200);
}

#[tokio::test]
async fn commands_count_as_requests() {
    let server = start(RateLimits {
        // The handshake is one.
        requests_per_address: few(5),
        ..RateLimits::default()
    })
    .await;
    let mut kim = server.join("lobby", "Kim").await;
    kim.say(&json!({"type": "typing", "active": true})).await;
    kim.say(&json!({"type": "history"})).await;
    kim.expect("history").await;
    kim.say(&json!({"type": "nonsense"})).await;
    kim.refused("unknown_type").await;
    kim.say(&json!({"type": "nonsense"})).await;
    wait_of(&kim.refused("rate_limited").await, 2500);
    kim.ws.send(vec![1, 2, 3]).await.unwrap();
    wait_of(&kim.refused("rate_limited").await, 2500);
    // A message that isn't let in is named.
    kim.send("c1", "Hello").await;
    let refusal = kim.refused("rate_limited").await;
    assert_eq!(refusal["client_id"], "c1");
    tokio::time::sleep(wait_of(&refusal, 2500)).await;
    kim.send("c1", "Hello").await;
    assert_eq!(kim.expect("ack").await["duplicate"], false);
}

#[tokio::test]
async fn handshakes_and_polls_count_as_requests() {
    let server = start(RateLimits {
        requests_per_address: few(3),
        ..RateLimits::default()
    })
    .await;
    let _kim = server.connect("/ws/lobby").await;
    let poll = "/socket.io/?EIO=4&transport=polling";
    assert_eq!(status(&server.get(poll, "").await), 200);
    assert_eq!(status(&server.get(poll, "").await), 200);
    for path in [poll, "/ws/lobby", "/"] {
        let refusal = server.get(path, HANDSHAKE).await;
        assert_eq!(status(&refusal), 429, "{path}: {refusal}");
        wait_of(&body(&refusal), 3334);
    }
    assert_eq!(status(&from_elsewhere(server.addr, poll).await), 200);
}

#[tokio::test]
async fn an_address_sends_so_many_bytes() {
    let server = start(RateLimits {
        bytes_per_address: few(1000),
        ..RateLimits::default()
    })
    .await;
    let message = |id: &str| json!({"client_id": id, "name": "Kim", "text": "x".repeat(400)});
    assert_eq!(status(&say(&server, "lobby", &message("a")).await), 201);
    assert_eq!(status(&say(&server, "lobby", &message("b")).await), 201);
    let refusal = say(&server, "lobby", &message("c")).await;
    assert_eq!(status(&refusal), 429);
    let wait = wait_of(&body(&refusal), 5000);
    // What sends nothing is let in.
    assert_eq!(status(&server.get("/api/rooms/lobby/messages", "").await), 200);
    // A length that isn't told counts as the longest.
    let chunked = "Transfer-Encoding: chunked\r\nContent-Type: application/json\r\n";
    let stream = TcpStream::connect(server.addr).await.unwrap();
    let refusal = request(stream, "POST", "/api/sessions", chunked, "0\r\n\r\n").await;
    assert_eq!(status(&refusal), 429);
    tokio::time::sleep(wait).await;
    assert_eq!(status(&say(&server, "lobby", &message("c")).await), 201);
}

pub fn two_each() -> RateLimits {
    RateLimits {
        messages_per_user: few(2),
        ..RateLimits::default()
    }
}

#[tokio::test]
async fn a_user_says_so_much_over_websocket() {
    let server = start(two_each()).await;
    let mut lee = server.join("lobby", "Lee").await;
    let mut kim = server.join("lobby", "Kim").await;
    lee.expect("joined").await;
    for id in ["a", "b", "c", "d"] {
        kim.send(id, id).await;
    }
    kim.expect("ack").await;
    kim.expect("ack").await;
    let refusal = kim.refused("rate_limited").await;
    assert_eq!(refusal["client_id"], "c");
    assert_eq!(kim.refused("rate_limited").await["client_id"], "d");
    // The connection goes on, and other commands are none of it.
    kim.say(&json!({"type": "history"})).await;
    assert_eq!(
        kim.expect("history").await["messages"].as_array().unwrap().len(),
        2
    );
    lee.send("l", "I may").await;
    for said in ["a", "b"] {
        assert_eq!(lee.expect("message").await["text"], said);
    }
    lee.expect("ack").await;
    kim.expect("message").await;

    tokio::time::sleep(wait_of(&refusal, 5000)).await;
    kim.send("c", "c").await;
    assert_eq!(kim.expect("ack").await["offset"], 4);
    assert_eq!(lee.expect("message").await["text"], "c");
}

#[tokio::test]
async fn a_user_says_so_much_over_socketio() {
    let server = start(two_each()).await;
    let mut lee = Talker::join(&server, "lobby", "Lee").await;
    let mut kim = Talker::join(&server, "lobby", "Kim").await;
    lee.expect("joined").await;
    assert_eq!(kim.send("a", "a").await["type"], "ack");
    assert_eq!(kim.send("b", "b").await["type"], "ack");
    let refusal = kim.send("c", "c").await;
    assert_eq!(refusal["type"], "error");
    assert_eq!(refusal["client_id"], "c");
    let wait = wait_of(&refusal, 5000);
    assert_eq!(lee.send("l", "I may").await["type"], "ack");
    tokio::time::sleep(wait).await;
    assert_eq!(kim.send("c", "c").await["offset"], 4);
    for said in ["a", "b", "c"] {
        assert_eq!(lee.expect("message").await["text"], said);
    }
}

#[tokio::test]
async fn a_user_says_so_much_over_http() {
    let server = start(two_each()).await;
    let session = body(&post(server.addr, "/api/sessions", "", &json!({})).await)["session"].clone();
    let of_session =
        |id: u32| json!({"client_id": id.to_string(), "name": "Kim", "text": "x", "session": session});
    let of_nobody = |id: u32| json!({"client_id": id.to_string(), "name": "Lee", "text": "x"});
    for id in 0..2 {
        assert_eq!(status(&say(&server, "lobby", &of_session(id)).await), 201);
        assert_eq!(status(&say(&server, "lobby", &of_nobody(id)).await), 201);
    }
    let refusal = say(&server, "lobby", &of_session(2)).await;
    assert_eq!(status(&refusal), 429);
    assert!(refusal.contains("\r\nretry-after: "), "{refusal}");
    let wait = wait_of(&body(&refusal), 5000);
    // In whichever room.
    assert_eq!(status(&say(&server, "other", &of_session(2)).await), 429);
    assert_eq!(status(&say(&server, "other", &of_nobody(2)).await), 429);
    tokio::time::sleep(wait).await;
    assert_eq!(status(&say(&server, "lobby", &of_session(2)).await), 201);
}

#[tokio::test]
async fn in_a_batch_each_message_counts() {
    let server = start(two_each()).await;
    let messages: Vec<_> = ["a", "b", "c", "d"]
        .iter()
        .map(|id| json!({"client_id": id, "text": id}))
        .collect();
    let batch = json!({"name": "Kim", "messages": messages});
    let answer = post(server.addr, "/api/rooms/lobby/messages/batch", "", &batch).await;
    assert_eq!(status(&answer), 200);
    let results = body(&answer)["results"].clone();
    assert_eq!(
        (&results[0]["offset"], &results[1]["offset"]),
        (&json!(1), &json!(2))
    );
    wait_of(&results[2], 5000);
    assert_eq!(results[2], results[3]);
    // The rest isn't tried, or it could come out of order.
    assert_eq!(
        server.metric(r#"madang_rate_limited_total{limit="user"}"#).await,
        1
    );
    let heard = body(&server.get("/api/rooms/lobby/messages", "").await);
    assert_eq!(heard["messages"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_room_hears_so_much_from_all_together() {
    let server = start(RateLimits {
        messages_per_room: few(2),
        ..RateLimits::default()
    })
    .await;
    let mut kim = server.join("lobby", "Kim").await;
    let mut lee = Talker::join(&server, "lobby", "Lee").await;
    kim.expect("joined").await;
    kim.send("k1", "one").await;
    kim.expect("ack").await;
    assert_eq!(lee.send("l1", "two").await["type"], "ack");
    kim.expect("message").await;
    // By every way, and whoever it is.
    kim.send("k2", "three").await;
    assert_eq!(kim.refused("rate_limited").await["client_id"], "k2");
    wait_of(&lee.send("l2", "three").await, 5000);
    let message = json!({"client_id": "p", "name": "Park", "text": "three"});
    let refusal = say(&server, "lobby", &message).await;
    assert_eq!(status(&refusal), 429);
    assert_eq!(status(&say(&server, "other", &message).await), 201);
    tokio::time::sleep(wait_of(&body(&refusal), 5000)).await;
    assert_eq!(status(&say(&server, "lobby", &message).await), 201);
}

#[tokio::test]
async fn at_the_relay_one_too_many_ends_the_connection() {
    let server = start(RateLimits {
        // Two handshakes.
        requests_per_address: few(5),
        ..RateLimits::default()
    })
    .await;
    let mut hearer = server.connect("/").await;
    let mut talker = server.connect("/").await;
    // Whoever is heard is in.
    talker.ws.send("in").await.unwrap();
    talker.ws.flush().await.unwrap();
    let first = tokio::time::timeout(PATIENCE, hearer.ws.recv()).await.unwrap();
    assert_eq!(first.unwrap().unwrap(), Message::from("in"));
    for said in ["2", "3", "4", "5"] {
        // The end may come before all are sent.
        let _ = talker.ws.send(said).await;
    }
    let closed = talker.closed().await;
    assert_eq!(closed.code, CloseCode::POLICY);
    assert_eq!(&*closed.reason, "rate limited");
    for said in ["2", "3"] {
        let heard = tokio::time::timeout(PATIENCE, hearer.ws.recv()).await.unwrap();
        assert_eq!(heard.unwrap().unwrap(), Message::from(said));
    }
    let page = get(server.addr, "/metrics", "").await;
    assert!(
        page.contains("madang_rate_limited_total{limit=\"requests\"} 1\n"),
        "{page}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_goes_on_and_on_is_closed_with_1008() {
    let server = start(two_each()).await;
    let mut kim = server.join("lobby", "Kim").await;
    let sender = kim.ws.sender();
    let hammering = tokio::spawn(async move {
        let send = r#"{"type":"send","client_id":"c","text":"x"}"#;
        while sender.send(send).await.is_ok() {}
    });
    let mut refusals = 0;
    let end = loop {
        assert!(refusals < REFUSALS * 4, "it is let go on");
        match tokio::time::timeout(PATIENCE, kim.ws.recv())
            .await
            .expect("an end")
        {
            Some(Ok(Message::Text(text))) if text.contains("rate_limited") => refusals += 1,
            Some(Ok(_)) => {}
            end => break end,
        }
    };
    hammering.abort();
    assert!(end.is_none(), "{end:?}");
    let closed = kim.ws.close_frame().unwrap();
    assert_eq!(closed.code, CloseCode::POLICY);
    assert_eq!(&*closed.reason, "rate limited");
    // As many more as seconds went by.
    assert!((REFUSALS + 1..REFUSALS + 20).contains(&refusals), "{refusals}");
}

#[tokio::test]
async fn a_known_key_may_ten_times_as_much_and_an_unknown_one_is_told_so() {
    let server = start(RateLimits {
        requests_per_address: few(1),
        api_keys: vec![KEY.parse().unwrap()],
        ..RateLimits::default()
    })
    .await;
    let path = "/api/rooms/lobby/messages";
    let ask = |authorization: &str| {
        let header = format!("Authorization: {authorization}\r\n");
        let addr = server.addr;
        async move { get(addr, path, &header).await }
    };
    // A scheme that is none of ours is somebody else's.
    assert_eq!(status(&ask("Basic eDp5").await), 200);
    let of_address = ask("Basic eDp5").await;
    assert_eq!(status(&of_address), 429);
    let refused = until_refused(API_KEY_TIMES, Duration::from_secs(1), async |_| {
        ask(&format!("bearer {KEY}")).await
    });
    wait_of(&body(&refused.await), 1000);
    // Whoever guesses is held to what an address may.
    assert_eq!(status(&ask("Bearer a-key-of-another-back-enD").await), 429);
    tokio::time::sleep(wait_of(&body(&of_address), 10_000)).await;
    let unknown = ask("Bearer a-key-of-another-back-enD").await;
    assert_eq!(status(&unknown), 401);
    assert_eq!(body(&unknown)["code"], "api_key_unknown");
    assert!(unknown.contains("\r\nwww-authenticate: Bearer\r\n"), "{unknown}");
    assert_eq!(status(&ask("Bearer").await), 429);
}

#[tokio::test]
async fn a_key_is_a_user_of_its_own() {
    let server = start(RateLimits {
        api_keys: vec![KEY.parse().unwrap()],
        ..two_each()
    })
    .await;
    let path = "/api/rooms/lobby/messages";
    let authorization = format!("Authorization: Bearer {KEY}\r\n");
    until_refused(2 * API_KEY_TIMES, Duration::from_millis(500), async |n| {
        let message = json!({"client_id": n.to_string(), "name": "Bot", "text": "x"});
        post(server.addr, path, &authorization, &message).await
    })
    .await;
    let message = json!({"client_id": "last", "name": "Bot", "text": "x"});
    assert_eq!(status(&say(&server, "lobby", &message).await), 201);
    let wrong = "Authorization: Bearer nonsense\r\n";
    assert_eq!(status(&post(server.addr, path, wrong, &message).await), 401);
}

#[tokio::test]
async fn streams_hold_their_places_among_the_connections() {
    let server = Running::with(TestDatabase::sqlite(), |settings| {
        settings.limits.per_address = NonZeroUsize::new(2);
    })
    .await;
    let mut streams = Vec::new();
    for way in ["events", "messages?after=0&wait=60s"] {
        let mut stream = TcpStream::connect(server.addr).await.unwrap();
        let request = format!("GET /api/rooms/lobby/{way} HTTP/1.1\r\nHost: a\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        if way == "events" {
            let mut first = [0; 15];
            stream.read_exact(&mut first).await.unwrap();
            assert_eq!(&first, b"HTTP/1.1 200 OK");
        }
        streams.push(stream);
    }
    let refused = server.get("/api/rooms/lobby/messages", "").await;
    assert_eq!(status(&refused), 429, "{refused}");
    assert!(refused.contains("\r\nretry-after: "), "{refused}");
    assert_eq!(
        status(&from_elsewhere(server.addr, "/api/rooms/lobby/messages").await),
        200
    );
    // When one goes, there is room again.
    drop(streams.pop());
    let let_in = async {
        while status(&server.get("/api/rooms/lobby/messages", "").await) != 200 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, let_in).await.expect("room again");
}

#[tokio::test]
async fn by_default_a_page_that_sends_all_it_has_kept_is_let_in() {
    let (_, config) = config::load(&Flags::default());
    let config = config.unwrap();
    let server = start(RateLimits {
        requests_per_address: config.max_requests_per_address,
        bytes_per_address: config.max_bytes_per_address,
        messages_per_user: config.max_messages_per_user,
        messages_per_room: config.max_messages_per_room,
        api_keys: config.api_keys,
    })
    .await;
    let mut kim = server.join("lobby", "Kim").await;
    for n in 0..500 {
        kim.send(&n.to_string(), "x").await;
    }
    for n in 1..=500 {
        assert_eq!(kim.expect("ack").await["offset"], n);
    }
}
