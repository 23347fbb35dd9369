//! Keep-alive pings and idle timeouts, by a clock that the tests stop.

use crate::common::{pair, queued, with_peer};
use madang_hub::{Hub, RoomName};
use madang_ws::proto::{Config, Event, OpCode, Role};
use madang_ws::{CloseCode, KeepAlive, Limits, Message, WebSocket};
use std::time::Duration;
use tokio::io::duplex;
use tokio::time::{Instant, sleep};

const SECOND: Duration = Duration::from_secs(1);

fn kept(ping: Option<u64>, idle: Option<u64>) -> Config {
    let mut config = Config::new(Role::Server);
    config.keep_alive = KeepAlive {
        ping_interval: ping.map(Duration::from_secs),
        idle_timeout: idle.map(Duration::from_secs),
    };
    config
}

/// Whole seconds since then, give or take a tick of the timer.
fn seconds_since(begin: Instant) -> u64 {
    (begin.elapsed() + Duration::from_millis(100)).as_secs()
}

#[tokio::test(start_paused = true)]
async fn a_silent_peer_is_pinged_and_then_given_up() {
    let (mut server, mut peer) = with_peer(1000, &kept(Some(30), None));
    let begin = Instant::now();
    let error = server.recv().await.unwrap().unwrap_err();
    assert_eq!(error.code(), "ws_ping_timeout");
    assert_eq!(seconds_since(begin), 90, "two pings, and a third interval");
    assert_eq!(peer.event().await, Some(Event::Ping("".into())));
    assert_eq!(peer.event().await, Some(Event::Ping("".into())));
    drop(server);
    assert_eq!(peer.event().await, None);
}

#[tokio::test(start_paused = true)]
async fn how_many_pings_may_stay_unanswered_is_a_limit() {
    for unanswered_pings in [0, 1, 5] {
        let mut config = kept(Some(10), None);
        config.limits = Limits {
            unanswered_pings,
            ..Limits::default()
        };
        let (mut server, _peer) = with_peer(1000, &config);
        let begin = Instant::now();
        assert!(server.recv().await.unwrap().is_err());
        assert_eq!(seconds_since(begin), 10 * (1 + u64::from(unanswered_pings)));
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_keeps_a_connection_alive() {
    let (near, far) = duplex(1000);
    let mut server = WebSocket::new(near, &[], &kept(Some(30), None));
    let mut client = WebSocket::new(far, &[], &Config::new(Role::Client));
    let answering = tokio::spawn(async move {
        let message = client.recv().await;
        (client, message)
    });
    tokio::select! {
        ended = server.recv() => panic!("ended: {ended:?}"),
        () = sleep(Duration::from_secs(86_400)) => {}
    }
    server.send("good morning").await.unwrap();
    let (_client, message) = answering.await.unwrap();
    assert_eq!(message.unwrap().unwrap(), "good morning".into());
}

#[tokio::test(start_paused = true)]
async fn anything_heard_postpones_the_ping() {
    let (mut server, mut peer) = with_peer(1000, &kept(Some(30), None));
    let receiving = tokio::spawn(async move { while server.recv().await.unwrap().is_ok() {} });
    let begin = Instant::now();
    for n in 0..5 {
        sleep(20 * SECOND).await;
        if n % 2 == 0 {
            peer.send(OpCode::Pong, b"unasked").await;
        } else {
            peer.send(OpCode::Text, b"hello").await;
        }
    }
    assert_eq!(peer.event().await, Some(Event::Ping("".into())));
    assert_eq!(seconds_since(begin), 130);
    receiving.abort();
}

#[tokio::test(start_paused = true)]
async fn a_ping_that_cannot_be_written_counts_all_the_same() {
    let (mut server, _peer) = with_peer(10, &kept(Some(30), None));
    server.send(vec![7; 1000]).await.unwrap();
    let begin = Instant::now();
    let error = server.recv().await.unwrap().unwrap_err();
    assert_eq!(error.code(), "ws_ping_timeout");
    assert_eq!(seconds_since(begin), 90);
}

#[tokio::test(start_paused = true)]
async fn an_idle_connection_is_closed() {
    let (near, far) = duplex(1000);
    let mut server = WebSocket::new(near, &[], &kept(None, Some(60)));
    let mut client = WebSocket::new(far, &[], &Config::new(Role::Client));
    let begin = Instant::now();
    let (at_server, at_client) = tokio::join!(server.recv(), client.recv());
    assert!(at_server.is_none() && at_client.is_none());
    assert_eq!(client.close_frame().unwrap().code, CloseCode::GOING_AWAY);
    assert_eq!(seconds_since(begin), 60);
}

#[tokio::test(start_paused = true)]
async fn messages_postpone_the_idle_timeout_and_pongs_do_not() {
    let (mut server, mut peer) = with_peer(10_000, &kept(Some(10), Some(60)));
    let (hub, flusher) = Hub::new();
    tokio::spawn(flusher);
    let yard = RoomName::try_from("yard").unwrap();
    let member = server.enter(&hub);
    member.join(&yard).unwrap();
    let sender = server.sender();
    let receiving = tokio::spawn(async move { while let Some(Ok(_)) = server.recv().await {} });
    let begin = Instant::now();
    let speaking = async {
        sleep(40 * SECOND).await;
        sender.send("from the server").await.unwrap();
        sleep(40 * SECOND).await;
        hub.to(&yard).publish(Message::from("from the room").into());
        sleep(60 * SECOND).await;
    };
    let listening = async {
        let mut said = 0;
        loop {
            match peer.event().await {
                Some(Event::Ping(payload)) => peer.send(OpCode::Pong, &payload).await,
                Some(Event::Message(_)) => {
                    said += 1;
                    if said == 2 {
                        sleep(5 * SECOND).await;
                        peer.send(OpCode::Text, b"from the peer").await;
                    }
                }
                Some(Event::Close(frame)) => break frame.unwrap().code,
                other => panic!("{other:?}"),
            }
        }
    };
    let (code, ()) = tokio::join!(listening, speaking);
    assert_eq!(code, CloseCode::GOING_AWAY);
    // 40 + 40 + 5 until the last message, of which the last minute was silence.
    assert_eq!(seconds_since(begin), 145);
    drop(peer);
    receiving.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn without_timers_nothing_happens() {
    let (mut server, mut client) = pair(1000);
    let both = async { tokio::join!(server.recv(), client.recv()) };
    tokio::select! {
        ended = both => panic!("ended: {ended:?}"),
        () = sleep(1_000_000 * SECOND) => {}
    }
}

#[tokio::test(start_paused = true)]
async fn the_time_a_peer_may_stall_is_not_the_time_it_may_be_idle() {
    // A reader that takes nothing and sends nothing meets its idle timeout, and then the closing time.
    let mut config = kept(None, Some(60));
    config.limits = queued(100);
    let (mut server, _peer) = with_peer(10, &config);
    server.send(vec![7; 1000]).await.unwrap();
    let begin = Instant::now();
    let error = server.recv().await.unwrap().unwrap_err();
    assert_eq!(error.code(), "ws_close_timeout");
    assert_eq!(seconds_since(begin), 70);
}
