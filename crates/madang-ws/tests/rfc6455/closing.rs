//! RFC 6455 §5.5.1, §7.1 and §7.4: the close frame and the end of a connection.

use crate::end::{End, Outcome, Pair, fault, outcome, peer};
use crate::wire::{self, BINARY, CLOSE, FIN, PING, TEXT};
use bytes::Bytes;
use madang_ws::proto::{CloseCode, CloseFrame, Config, Event, Outgoing, Refused, Role, Violation};
use std::time::Instant;

const ROLES: [Role; 2] = [Role::Server, Role::Client];

fn code(code: u16) -> CloseCode {
    CloseCode::new(code).expect("a code that may be sent")
}

#[test]
fn section_5_5_1_a_close_is_answered_with_its_code() {
    for mut end in End::both() {
        let event = Event::Close(Some(CloseFrame::new(code(4000), "좋은 이유")));
        assert_eq!(
            end.receive(&wire::close(end.peer(), 4000, "좋은 이유")),
            Outcome::of([event])
        );
        assert_eq!(
            end.sent().iter().map(wire::Sent::close_code).collect::<Vec<_>>(),
            [Some(4000)]
        );
        assert!(end.connection.is_closed());
    }
}

#[test]
fn section_7_1_5_a_close_without_a_code_is_answered_without_one() {
    for mut end in End::both() {
        assert_eq!(
            end.receive(&wire::frame(end.peer(), CLOSE, b"")),
            Outcome::of([Event::Close(None)])
        );
        let sent = end.sent();
        assert_eq!((sent.len(), &sent[0].payload[..]), (1, &b""[..]));
    }
}

#[test]
fn section_5_5_1_a_body_of_one_byte_is_refused() {
    for role in ROLES {
        let bytes = wire::frame(peer(role), CLOSE, &[3]);
        assert_eq!(fault(&Config::new(role), &bytes), Violation::CloseTooShort.into());
    }
}

#[test]
fn section_5_5_1_a_reason_is_utf8() {
    for role in ROLES {
        for reason in [&b"\xff"[..], b"cut \xed\x95", b"\xc0\x80"] {
            let bytes = wire::frame(peer(role), CLOSE, &[&[3, 0xe8], reason].concat());
            assert_eq!(fault(&Config::new(role), &bytes), Violation::Utf8.into());
        }
    }
}

#[test]
fn section_7_4_codes_that_must_not_be_sent_are_refused() {
    for role in ROLES {
        for code in [
            0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535,
        ] {
            assert_eq!(CloseCode::new(code), None, "nor can they be sent");
            let bytes = wire::close(peer(role), code, "");
            assert_eq!(
                fault(&Config::new(role), &bytes),
                Violation::InvalidCloseCode(code).into()
            );
        }
    }
}

#[test]
fn section_7_4_codes_of_every_valid_range_pass() {
    for role in ROLES {
        for number in (1000..=1003).chain(1007..=1014).chain([3000, 3999, 4000, 4999]) {
            let event = Event::Close(Some(CloseFrame::new(code(number), "")));
            assert_eq!(
                outcome(&Config::new(role), &wire::close(peer(role), number, "")),
                Outcome::of([event])
            );
        }
    }
}

#[test]
fn section_5_5_1_nothing_is_sent_after_a_close() {
    for mut end in End::both() {
        end.connection
            .close(Some(&CloseFrame::new(CloseCode::NORMAL, "done")), end.now);
        assert_eq!(end.connection.send(&"late".into(), end.now), Err(Refused));
        assert_eq!(end.connection.ping(b"late"), Err(Refused));
        end.connection
            .close(Some(&CloseFrame::new(CloseCode::GOING_AWAY, "again")), end.now);
        let sent = end.sent();
        assert_eq!((sent.len(), sent[0].close_code()), (1, Some(1000)));
    }
    for mut end in End::both() {
        end.receive(&wire::close(end.peer(), 1000, ""));
        assert_eq!(
            end.connection.send(&"late".into(), end.now),
            Err(Refused),
            "the answer is a close as well"
        );
        assert_eq!(end.sent().len(), 1);
    }
}

#[test]
fn section_5_5_1_whatever_follows_a_close_is_ignored() {
    for role in ROLES {
        let close = wire::close(peer(role), 1000, "");
        let expected = Outcome::of([Event::Close(Some(CloseFrame::new(CloseCode::NORMAL, "")))]);
        for late in [
            wire::frame(peer(role), FIN | TEXT, b"a message"),
            wire::close(peer(role), 1001, "another"),
            wire::frame(peer(role), FIN | TEXT, b"\xff"),
            vec![0xff; 100],
        ] {
            let bytes = [&close[..], &late[..]].concat();
            assert_eq!(outcome(&Config::new(role), &bytes), expected);
            let mut end = End::new(&Config::new(role));
            end.receive(&bytes);
            assert_eq!(end.sent().len(), 1, "only the answer to the first");
        }
    }
}

#[test]
fn section_7_1_2_messages_under_way_arrive_before_the_answer_to_a_close() {
    let mut pair = Pair::new(|_| {});
    pair.client
        .connection
        .close(Some(&CloseFrame::new(CloseCode::NORMAL, "")), pair.client.now);
    pair.server.send("crossing");
    let (client, server) = pair.settle();
    let close = Event::Close(Some(CloseFrame::new(CloseCode::NORMAL, "")));
    assert_eq!(
        client,
        Outcome::of([Event::Message("crossing".into()), close.clone()])
    );
    assert_eq!(server, Outcome::of([close]));
    assert!(pair.client.connection.is_closed() && pair.server.connection.is_closed());
}

#[test]
fn section_7_1_4_a_connection_is_closed_when_both_frames_have_passed_and_not_before() {
    for mut end in End::both() {
        end.connection.close(None, end.now);
        assert!(!end.connection.is_closed(), "the peer hasn't answered");
        end.receive(&wire::frame(end.peer(), CLOSE, b""));
        assert!(end.connection.is_closed());
        assert_eq!(
            end.sent().len(),
            1,
            "the peer's close was the answer, and gets none"
        );
    }
}

#[test]
fn section_5_5_1_both_ends_may_close_at_once() {
    let mut pair = Pair::new(|_| {});
    pair.client
        .connection
        .close(Some(&CloseFrame::new(CloseCode::NORMAL, "")), pair.client.now);
    pair.server
        .connection
        .close(Some(&CloseFrame::new(CloseCode::GOING_AWAY, "")), pair.server.now);
    let (client, server) = pair.settle();
    assert_eq!(
        client,
        Outcome::of([Event::Close(Some(CloseFrame::new(CloseCode::GOING_AWAY, "")))])
    );
    assert_eq!(
        server,
        Outcome::of([Event::Close(Some(CloseFrame::new(CloseCode::NORMAL, "")))])
    );
    assert!(pair.client.connection.is_closed() && pair.server.connection.is_closed());
}

#[test]
fn section_7_1_7_a_failed_connection_says_why_and_reads_no_more() {
    for role in ROLES {
        // `fault` asserts the close frame, and that not even the peer's close frame is read any more.
        let bytes = [
            wire::frame(peer(role), FIN | BINARY, b"fine"),
            wire::frame(peer(role), FIN | 3, b""),
        ]
        .concat();
        assert_eq!(
            fault(&Config::new(role), &bytes),
            Violation::ReservedOpCode(3).into()
        );
        let mut end = End::new(&Config::new(role));
        assert_eq!(
            end.receive(&bytes).events,
            [Event::Message(b"fine"[..].into())],
            "what came before counts"
        );
        let reason = end.sent().pop().expect("a close frame").payload.split_off(2);
        assert_eq!(
            reason,
            b"the peer violated the protocol: opcode 0x3 is reserved (RFC 6455 \xc2\xa75.2)"
        );
        assert_eq!(end.connection.send(&"late".into(), end.now), Err(Refused));
    }
}

#[test]
fn section_7_1_7_a_fault_after_our_close_is_not_told_twice() {
    for mut end in End::both() {
        end.connection.close(None, end.now);
        let outcome = end.receive(&wire::frame(end.peer(), PING & !FIN, b""));
        assert_eq!(outcome.fault, Some(Violation::FragmentedControl.into()));
        assert!(end.connection.is_closed(), "there is nothing left to wait for");
        assert_eq!(end.sent().len(), 1);
    }
}

#[test]
fn section_7_2_1_when_the_stream_ends_without_a_close_nothing_more_is_sent() {
    for role in ROLES {
        let now = Instant::now();
        let mut outgoing = Outgoing::new(&Config::new(role));
        outgoing.start(now);
        outgoing.lost(now);
        assert!(outgoing.is_closed());
        assert_eq!(outgoing.message(&"late".into()), Err(Refused));
        assert_eq!(outgoing.ping(b"late"), Err(Refused));
        assert_eq!(outgoing.close(None, now), None);
        assert_eq!(outgoing.react(&Event::Ping(Bytes::new()), now), None);
    }
}
