//! How fast anybody may go over Socket.IO: everything that comes counts, and who is refused can read why.

use madang_server::back::{REFUSALS, RateLimits};
use madang_ws::Message;
use serde_json::json;

use crate::limits::{body, few, from_elsewhere, start, status, two_each, wait_of};
use crate::running::PATIENCE;
use crate::socketio::Talker;

#[tokio::test]
async fn commands_over_socketio_count_for_their_address() {
    let server = start(RateLimits {
        // The handshake is one, and the socket another.
        requests_per_address: few(5),
        ..RateLimits::default()
    })
    .await;
    let mut kim = Talker::join(&server, "lobby", "Kim").await;
    assert_eq!(kim.send("a", "a").await["type"], "ack");
    assert_eq!(kim.ask("send", &json!("nonsense")).await["code"], "bad_json");
    let refusal = kim.send("b", "b").await;
    assert_eq!(refusal["client_id"], "b");
    wait_of(&refusal, 3334);
    let path = "/api/rooms/lobby/messages";
    assert_eq!(status(&server.get(path, "").await), 429);
    assert_eq!(status(&from_elsewhere(server.addr, path).await), 200);
}

#[tokio::test]
async fn whatever_comes_over_socketio_counts() {
    let server = start(RateLimits {
        requests_per_address: few(6),
        ..RateLimits::default()
    })
    .await;
    // The handshake, the socket, and what is no command.
    let mut kim = Talker::connect(&server).await;
    kim.say("nonsense", &json!(1)).await;
    // The same again in the market.
    kim.ws.send("40/market,").await.unwrap();
    kim.ws.send(r#"42/market,["nonsense"]"#).await.unwrap();
    let Some(Ok(Message::Text(welcome))) = kim.ws.recv().await else {
        panic!("no welcome");
    };
    assert!(welcome.starts_with("40/market,"), "{welcome}");
    assert_eq!(kim.ask("join", &json!([])).await["code"], "bad_json");
    // Now each is one too many, and said so.
    wait_of(&kim.ask("nonsense", &json!(1)).await, 1667);
    kim.say("nonsense", &json!(1)).await;
    assert_eq!(kim.expect("error").await["code"], "rate_limited");
    kim.ws.send("41/market,").await.unwrap();
    kim.ws.send("40/market,").await.unwrap();
    let rest = kim.ended().await;
    let told = r#"42/market,["error",{"code":"rate_limited""#;
    assert!(rest.iter().any(|packet| packet.starts_with(told)), "{rest:?}");
}

#[tokio::test]
async fn whatever_is_said_over_socketio_counts_with_all_its_bytes() {
    let server = start(RateLimits {
        bytes_per_address: few(1000),
        ..RateLimits::default()
    })
    .await;
    let mut kim = Talker::join(&server, "lobby", "Kim").await;
    // What nobody answers, and what nobody reads.
    kim.say("nonsense", &json!("x".repeat(400))).await;
    let typing = format!(r#"42["typing",{{"active":true}},"{}"]"#, "x".repeat(400));
    kim.ws.send(typing).await.unwrap();
    wait_of(&kim.send("a", &"x".repeat(300)).await, 5000);
}

#[tokio::test]
async fn whoever_goes_on_and_on_over_socketio_is_sent_away() {
    let server = start(two_each()).await;
    let mut kim = Talker::join(&server, "lobby", "Kim").await;
    let mut refusals = 0;
    let mut gone = false;
    for n in 0..REFUSALS + 100 {
        let packet = format!(r#"42{n}["send",{{"client_id":"c","text":"x"}}]"#);
        if kim.ws.send(packet).await.is_err() {
            break;
        }
        // One after the other, or too many would be waiting.
        match tokio::time::timeout(PATIENCE, kim.ws.recv())
            .await
            .expect("an answer or an end")
        {
            Some(Ok(Message::Text(text))) if text.contains("rate_limited") => refusals += 1,
            Some(Ok(Message::Text(text))) if &*text == "41" => gone = true,
            Some(Ok(_)) => {}
            Some(Err(_)) | None => break,
        }
    }
    assert!(gone || kim.ended().await.iter().all(|packet| packet == "41"));
    assert!((REFUSALS + 1..REFUSALS + 20).contains(&refusals), "{refusals}");
}

#[tokio::test]
async fn whoever_goes_on_and_on_with_what_is_no_command_is_sent_away_too() {
    let server = start(RateLimits {
        requests_per_address: few(4),
        ..RateLimits::default()
    })
    .await;
    let mut kim = Talker::join(&server, "lobby", "Kim").await;
    for n in 0..REFUSALS * 2 {
        if kim.ws.feed(format!(r#"42{n}["nonsense"]"#)).await.is_err() {
            break;
        }
    }
    let _ = kim.ws.flush().await;
    let rest = kim.ended().await;
    let refusals = rest.iter().filter(|packet| packet.contains("rate_limited"));
    let refusals = u32::try_from(refusals.count()).unwrap();
    assert!((REFUSALS + 1..REFUSALS + 20).contains(&refusals), "{refusals}");
    assert_eq!(
        rest.last().map(String::as_str),
        Some("41"),
        "sent away, not cut off"
    );
}

#[tokio::test]
async fn a_page_can_read_why_socketio_refuses_it() {
    let server = start(RateLimits {
        requests_per_address: few(1),
        ..RateLimits::default()
    })
    .await;
    let poll = "/socket.io/?EIO=4&transport=polling";
    assert_eq!(status(&server.get(poll, "").await), 200);
    let refusal = server.get(poll, "Origin: http://127.0.0.1:3001\r\n").await;
    assert_eq!(status(&refusal), 429);
    let allowed = "access-control-allow-origin: http://127.0.0.1:3001\r\n";
    assert!(refusal.contains(allowed), "{refusal}");
    assert!(
        refusal.contains("access-control-allow-credentials: true\r\n"),
        "{refusal}"
    );
    wait_of(&body(&refusal), 10_000);
    let other = server.get(poll, "Origin: http://example.com\r\n").await;
    assert_eq!(status(&other), 429);
    assert!(!other.contains("access-control-allow-origin"), "{other}");
}
