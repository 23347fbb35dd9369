//! RFC 6455 §5.5: control frames, pings and pongs.

use crate::end::{End, Outcome, Pair, fault, outcome, peer};
use crate::wire::{self, CLOSE, FIN, PING, PONG, TEXT};
use bytes::Bytes;
use madang_ws::proto::{CloseCode, CloseFrame, Config, Event, Role, Violation};

const ROLES: [Role; 2] = [Role::Server, Role::Client];

#[test]
fn section_5_5_a_control_frame_of_more_than_125_bytes_is_refused() {
    for role in ROLES {
        for first in [CLOSE, PING, PONG] {
            for len in [126, 0x1_0000] {
                let bytes = wire::frame(peer(role), first, &vec![b'a'; len]);
                assert_eq!(
                    fault(&Config::new(role), &bytes),
                    Violation::ControlTooLong.into()
                );
            }
        }
        let most = wire::frame(peer(role), PING, &[b'a'; 125]);
        let expected = Outcome::of([Event::Ping(Bytes::from_static(&[b'a'; 125]))]);
        assert_eq!(outcome(&Config::new(role), &most), expected);
    }
}

#[test]
fn section_5_5_a_fragmented_control_frame_is_refused() {
    for role in ROLES {
        for first in [CLOSE, PING, PONG] {
            let bytes = wire::frame(peer(role), first & !FIN, b"");
            assert_eq!(
                fault(&Config::new(role), &bytes),
                Violation::FragmentedControl.into()
            );
            let inside = [wire::frame(peer(role), TEXT, b"a"), bytes].concat();
            assert_eq!(
                fault(&Config::new(role), &inside),
                Violation::FragmentedControl.into()
            );
        }
    }
}

#[test]
fn section_5_5_no_control_frame_longer_than_125_bytes_is_sent() {
    for mut end in End::both() {
        end.connection.ping(&[1; 300]).expect("open");
        end.connection.close(
            Some(&CloseFrame::new(CloseCode::NORMAL, &"긴 이유 ".repeat(30))),
            end.now,
        );
        let sent = end.sent();
        assert_eq!(sent[0].payload, [1; 125]);
        assert!(sent[1].payload.len() <= 125);
        let reason = std::str::from_utf8(&sent[1].payload[2..]).expect("cut between characters");
        assert!("긴 이유 ".repeat(30).starts_with(reason) && reason.len() > 119);
    }
}

#[test]
fn section_5_5_2_a_ping_is_answered_with_the_same_payload() {
    for mut end in End::both() {
        let payloads = [&b""[..], b"ping", &[0xff; 125]];
        for payload in payloads {
            end.receive(&wire::frame(end.peer(), PING, payload));
        }
        let answers: Vec<(u8, Vec<u8>)> = end
            .sent()
            .into_iter()
            .map(|frame| (frame.first, frame.payload))
            .collect();
        assert_eq!(
            answers,
            payloads.map(|payload| (PONG, payload.to_vec())),
            "each, and in order"
        );
    }
}

#[test]
fn section_5_5_2_a_ping_amid_fragments_is_answered_before_the_message_ends() {
    for mut end in End::both() {
        let bytes = [
            wire::frame(end.peer(), TEXT, b"a"),
            wire::frame(end.peer(), PING, b"now"),
        ]
        .concat();
        end.drip(&bytes);
        let sent = end.sent();
        assert_eq!((sent[0].first, &sent[0].payload[..]), (PONG, &b"now"[..]));
    }
}

#[test]
fn section_5_5_2_a_ping_after_a_close_is_not_answered() {
    for mut end in End::both() {
        let bytes = [
            wire::close(end.peer(), 1000, ""),
            wire::frame(end.peer(), PING, b"late"),
        ]
        .concat();
        end.receive(&bytes);
        let sent = end.sent();
        assert_eq!((sent.len(), sent[0].first), (1, CLOSE));
    }
}

#[test]
fn section_5_5_2_nothing_follows_a_close_frame_that_was_sent_not_even_a_pong() {
    for mut end in End::both() {
        end.connection.close(None, end.now);
        let ping = wire::frame(end.peer(), PING, b"crossing");
        assert_eq!(
            end.receive(&ping),
            Outcome::of([Event::Ping(Bytes::from_static(b"crossing"))])
        );
        let sent = end.sent();
        assert_eq!((sent.len(), sent[0].first), (1, CLOSE));
    }
}

#[test]
fn section_5_5_3_a_pong_needs_no_answer_asked_for_or_not() {
    for mut end in End::both() {
        let pong = wire::frame(end.peer(), PONG, b"unasked");
        assert_eq!(
            end.receive(&pong),
            Outcome::of([Event::Pong(Bytes::from_static(b"unasked"))])
        );
        assert_eq!(end.sent(), []);
    }
}

#[test]
fn section_5_5_3_a_pong_comes_back_to_who_pinged() {
    let mut pair = Pair::new(|_| {});
    pair.client.connection.ping(b"from the client").expect("open");
    pair.server.connection.ping(b"from the server").expect("open");
    let (client, server) = pair.settle();
    let ping = |payload: &'static [u8]| Event::Ping(Bytes::from_static(payload));
    let pong = |payload: &'static [u8]| Event::Pong(Bytes::from_static(payload));
    assert_eq!(
        client,
        Outcome::of([ping(b"from the server"), pong(b"from the client")])
    );
    assert_eq!(
        server,
        Outcome::of([ping(b"from the client"), pong(b"from the server")])
    );
}
