//! Operations of an Engine.IO session, in any order, by whoever wants to confuse it.

use bytes::Bytes;
use madang_engineio::proto::{Packet, Probe, Received, Session, Timing};
use madang_engineio::{Protocol, TransportKind};
use madang_hub::Overflow;
use std::sync::Arc;
use std::time::{Duration, Instant};

const SEND_LIMIT: usize = 4096;

/// A byte for the version and the transport, then one per operation.
///
/// # Panics
/// When a message is lost while the session lives, doubled or out of order; when the session ends twice; when more waits than may; when time doesn't
/// move its deadlines.
pub fn run(data: &[u8]) {
    let [flags, operations @ ..] = data else { return };
    let protocol = if flags & 1 == 0 {
        Protocol::V4
    } else {
        Protocol::V3
    };
    let transport = if flags & 2 == 0 {
        TransportKind::Polling
    } else {
        TransportKind::WebSocket
    };
    let timing = Timing {
        ping_interval: Duration::from_secs(25),
        ping_timeout: Duration::from_secs(20),
        upgrade_timeout: Duration::from_secs(10),
    };
    let mut now = Instant::now();
    let mut session = Session::new(protocol, transport, Arc::new(timing), SEND_LIMIT, now);
    let (mut sent, mut arrived) = (0_u32, 0_u32);
    let mut closed = None;
    for operation in operations {
        match operation % 16 {
            0 | 1 if session.is_open() => {
                if session.transport() == TransportKind::WebSocket {
                    arrived += 1;
                } else {
                    session.push(Bytes::from(format!("4{sent}")), Overflow::Disconnect, false);
                }
                sent += 1;
            }
            2 | 3 => {
                let _ = session.get();
            }
            4 => session.get_aborted(),
            5 => {
                if session.post().is_ok() && operation & 0x80 == 0 {
                    session.post_ended();
                }
            }
            6 => {
                let received = session.receive(packet(*operation >> 4), now);
                assert!(session.closed().is_none() || received == Received::Nothing);
            }
            7 => {
                let _ = session.probe(now);
            }
            8 | 9 if session.is_probing() => {
                let packet = match operation >> 4 {
                    0..6 => Packet::Ping("probe".into()),
                    6..12 => Packet::Upgrade,
                    other => packet(other),
                };
                match session.receive_probe(&packet, now) {
                    Probe::Upgraded(waiting) => take(&waiting, &mut arrived),
                    Probe::Reply(_) => assert!(session.is_probing()),
                    Probe::Refused => assert!(!session.is_probing()),
                }
            }
            10 => session.probe_lost(),
            11 | 12 => {
                let end = now + Duration::from_millis(u64::from(*operation) * 50);
                let mut turns = 0;
                while let Some(due) = session.poll_timeout().filter(|due| *due <= end) {
                    now = now.max(due);
                    let _ = session.handle_timeout(now);
                    fetch(&mut session, now, &mut arrived);
                    turns += 1;
                    assert!(turns < 1000, "a deadline that doesn't move");
                }
                now = end;
            }
            13 if operation >> 4 == 0 => session.close(true, now),
            13 if operation >> 4 == 1 => session.close(false, now),
            14 => session.post_ended(),
            _ => {}
        }
        fetch(&mut session, now, &mut arrived);
        assert!(arrived <= sent);
        assert!(session.buffered_bytes() <= SEND_LIMIT);
        if closed.is_some() {
            assert_eq!(closed, session.closed(), "a session ends once");
        }
        closed = session.closed();
    }
    if session.is_open() && session.transport() == TransportKind::Polling {
        let _ = session.get();
        fetch(&mut session, now, &mut arrived);
        assert!(!session.is_open() || arrived == sent, "{arrived} of {sent}");
    }
}

fn fetch(session: &mut Session, now: Instant, arrived: &mut u32) {
    if session.has_get() {
        if let Some(answer) = session.answer(now) {
            assert!(!session.has_get());
            take(&answer.packets(), arrived);
        }
    }
}

fn take(packets: &[Packet], arrived: &mut u32) {
    for packet in packets {
        if let Packet::Message(message) = packet {
            assert_eq!(message.as_text(), Some(&*arrived.to_string()));
            *arrived += 1;
        }
    }
}

fn packet(kind: u8) -> Packet {
    match kind {
        0 => Packet::Open("{}".into()),
        1 => Packet::Close,
        2 | 3 => Packet::Ping("".into()),
        4 | 5 => Packet::Pong("".into()),
        6 => Packet::Upgrade,
        7 => Packet::Noop,
        _ => Packet::Message("hello".into()),
    }
}
