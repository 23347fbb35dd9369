//! The heartbeat, on a virtual clock.

use madang_engineio::proto::{Packet, Session, Timing};
use madang_engineio::{CloseReason, Protocol, TransportKind};
use std::sync::Arc;
use std::time::{Duration, Instant};

const INTERVAL: Duration = Duration::from_secs(25);
const TIMEOUT: Duration = Duration::from_secs(20);

fn session(protocol: Protocol, transport: TransportKind, now: Instant) -> Session {
    let timing = Timing {
        ping_interval: INTERVAL,
        ping_timeout: TIMEOUT,
        upgrade_timeout: Duration::from_secs(10),
    };
    Session::new(protocol, transport, Arc::new(timing), 1 << 20, now)
}

#[test]
fn version_4_asks_and_closes_without_an_answer() {
    let start = Instant::now();
    let mut session = session(Protocol::V4, TransportKind::WebSocket, start);
    assert_eq!(session.poll_timeout(), Some(start + INTERVAL));
    assert_eq!(session.handle_timeout(start + INTERVAL / 2), None);
    let ping = session.handle_timeout(start + INTERVAL);
    assert_eq!(ping, Some(Packet::Ping("".into())));
    assert_eq!(session.poll_timeout(), Some(start + INTERVAL + TIMEOUT));
    assert_eq!(session.handle_timeout(start + INTERVAL + TIMEOUT), None);
    assert_eq!(session.closed(), Some(CloseReason::PingTimeout));
    assert_eq!(session.poll_timeout(), None);
}

#[test]
fn a_pong_starts_the_next_interval() {
    let start = Instant::now();
    let mut session = session(Protocol::V4, TransportKind::WebSocket, start);
    let _ = session.handle_timeout(start + INTERVAL);
    let answered = start + INTERVAL + Duration::from_secs(1);
    let _ = session.receive(Packet::Pong("".into()), answered);
    assert_eq!(session.poll_timeout(), Some(answered + INTERVAL));
}

#[test]
fn a_busy_client_gets_more_time_for_its_pong_once() {
    let start = Instant::now();
    let mut session = session(Protocol::V4, TransportKind::WebSocket, start);
    let _ = session.handle_timeout(start + INTERVAL);
    let heard = start + INTERVAL + Duration::from_secs(19);
    let _ = session.receive(Packet::Message("busy".into()), heard);
    assert_eq!(session.poll_timeout(), Some(heard + TIMEOUT));
    let _ = session.receive(Packet::Message("busy".into()), heard + Duration::from_secs(10));
    assert_eq!(session.poll_timeout(), Some(heard + TIMEOUT));
}

#[test]
fn a_ping_on_polling_waits_for_the_get() {
    let start = Instant::now();
    let mut session = session(Protocol::V4, TransportKind::Polling, start);
    assert_eq!(session.handle_timeout(start + INTERVAL), None);
    session.get().unwrap();
    let answer = session.answer(start + INTERVAL).unwrap();
    assert_eq!(answer.packets(), [Packet::Ping("".into())]);
}

#[test]
fn version_3_answers_and_closes_when_nobody_asks() {
    let start = Instant::now();
    let mut session = session(Protocol::V3, TransportKind::Polling, start);
    assert_eq!(session.poll_timeout(), Some(start + INTERVAL + TIMEOUT));
    let asked = start + Duration::from_secs(30);
    let _ = session.receive(Packet::Ping("".into()), asked);
    assert_eq!(session.poll_timeout(), Some(asked + INTERVAL + TIMEOUT));
    session.get().unwrap();
    let answer = session.answer(asked).unwrap();
    assert_eq!(answer.packets(), [Packet::Pong("".into())]);
    assert_eq!(session.handle_timeout(asked + INTERVAL + TIMEOUT), None);
    assert_eq!(session.closed(), Some(CloseReason::PingTimeout));
}

#[test]
fn a_heartbeat_in_the_wrong_direction_is_a_transport_error() {
    let now = Instant::now();
    let wrong = [
        (Protocol::V4, Packet::Ping("".into())),
        (Protocol::V3, Packet::Pong("".into())),
    ];
    for (protocol, packet) in wrong {
        let mut session = session(protocol, TransportKind::WebSocket, now);
        let _ = session.receive(packet, now);
        assert_eq!(session.closed(), Some(CloseReason::TransportError));
    }
}

#[test]
fn a_pong_has_the_data_of_its_ping_whatever_is_in_it() {
    let start = Instant::now();
    let mut session = session(Protocol::V3, TransportKind::Polling, start);
    let _ = session.receive(Packet::Ping("a\u{1e}4b".into()), start);
    session.get().unwrap();
    let answer = session.answer(start).unwrap();
    assert_eq!(answer.packets(), [Packet::Pong("a\u{1e}4b".into())]);
}
