//! RFC 6455 §5.4: messages in fragments.

use crate::end::{Outcome, fault, outcome, peer};
use crate::wire::{self, BINARY, CONTINUATION, FIN, PING, PONG, TEXT};
use bytes::Bytes;
use madang_ws::proto::{CloseCode, CloseFrame, Config, Event, Role, Violation};

const ROLES: [Role; 2] = [Role::Server, Role::Client];

/// The wire of frames that the peer of `role` sends.
fn frames(role: Role, frames: &[(u8, &[u8])]) -> Vec<u8> {
    frames
        .iter()
        .flat_map(|(first, payload)| wire::frame(peer(role), *first, payload))
        .collect()
}

#[test]
fn section_5_4_fragmented_and_unfragmented_messages_are_received() {
    for role in ROLES {
        let bytes = frames(
            role,
            &[
                (FIN | TEXT, b"whole"),
                (TEXT, b"one"),
                (CONTINUATION, b" two"),
                (FIN | CONTINUATION, b" three"),
                (BINARY, b"\xff"),
                (FIN | CONTINUATION, b"\x00"),
            ],
        );
        let expected = [
            Event::Message("whole".into()),
            Event::Message("one two three".into()),
            Event::Message(vec![0xff, 0].into()),
        ];
        assert_eq!(outcome(&Config::new(role), &bytes), Outcome::of(expected));
    }
}

#[test]
fn section_5_4_any_fragment_may_be_empty() {
    for role in ROLES {
        let text = |parts: &[&[u8]]| {
            let last = parts.len() - 1;
            let list: Vec<(u8, &[u8])> = parts
                .iter()
                .enumerate()
                .map(|(i, part)| {
                    (
                        if i == 0 { TEXT } else { 0 } | if i == last { FIN } else { 0 },
                        *part,
                    )
                })
                .collect();
            outcome(&Config::new(role), &frames(role, &list))
        };
        let expected = |text: &str| Outcome::of([Event::Message(text.into())]);
        assert_eq!(text(&[b"all", b""]), expected("all"), "an empty last one");
        assert_eq!(text(&[b"", b"all"]), expected("all"), "an empty first one");
        assert_eq!(
            text(&[b"a", b"", b"", b"ll"]),
            expected("all"),
            "empty ones between"
        );
        assert_eq!(text(&[b"", b"", b""]), expected(""), "nothing else");
        assert_eq!(text(&[b""]), expected(""), "an empty message");
    }
}

#[test]
fn section_5_4_an_empty_final_fragment_ends_a_message_by_itself() {
    for role in ROLES {
        let mut end = crate::end::End::new(&Config::new(role));
        let first = frames(role, &[(BINARY, &[7; 4096]), (CONTINUATION, &[8; 4096])]);
        assert_eq!(end.receive(&first), Outcome::default());
        let last = frames(role, &[(FIN | CONTINUATION, b"")]);
        let whole = [[7; 4096], [8; 4096]].concat();
        assert_eq!(end.receive(&last), Outcome::of([Event::Message(whole.into())]));
    }
}

#[test]
fn section_5_4_control_frames_come_between_fragments() {
    for role in ROLES {
        let bytes = frames(
            role,
            &[
                (TEXT, b"one"),
                (PING, b"ping"),
                (CONTINUATION, b" two"),
                (PONG, b"pong"),
                (PING, b""),
                (FIN | CONTINUATION, b""),
            ],
        );
        let expected = [
            Event::Ping(Bytes::from_static(b"ping")),
            Event::Pong(Bytes::from_static(b"pong")),
            Event::Ping(Bytes::new()),
            Event::Message("one two".into()),
        ];
        assert_eq!(outcome(&Config::new(role), &bytes), Outcome::of(expected));
    }
}

#[test]
fn section_5_4_a_close_between_fragments_ends_the_connection() {
    for role in ROLES {
        let bytes = frames(
            role,
            &[
                (TEXT, b"never"),
                (wire::CLOSE, b"\x03\xe9"),
                (FIN | CONTINUATION, b" ended"),
            ],
        );
        let close = Event::Close(Some(CloseFrame::new(CloseCode::GOING_AWAY, "")));
        assert_eq!(outcome(&Config::new(role), &bytes), Outcome::of([close]));
    }
}

#[test]
fn section_5_4_a_continuation_of_nothing_is_refused() {
    for role in ROLES {
        for first in [CONTINUATION, FIN | CONTINUATION] {
            let at_start = frames(role, &[(first, b"x")]);
            assert_eq!(
                fault(&Config::new(role), &at_start),
                Violation::UnexpectedContinuation.into()
            );
            let after_a_message = frames(role, &[(TEXT, b"a"), (FIN | CONTINUATION, b"b"), (first, b"c")]);
            assert_eq!(
                fault(&Config::new(role), &after_a_message),
                Violation::UnexpectedContinuation.into()
            );
            let after_a_whole_one = frames(role, &[(FIN | TEXT, b"a"), (first, b"c")]);
            assert_eq!(
                fault(&Config::new(role), &after_a_whole_one),
                Violation::UnexpectedContinuation.into()
            );
        }
    }
}

#[test]
fn section_5_4_messages_are_not_interleaved() {
    for role in ROLES {
        for second in [TEXT, FIN | TEXT, BINARY, FIN | BINARY] {
            let bytes = frames(role, &[(TEXT, b"a"), (PING, b""), (second, b"b")]);
            assert_eq!(
                fault(&Config::new(role), &bytes),
                Violation::ExpectedContinuation.into()
            );
        }
    }
}

#[test]
fn section_5_4_the_first_fragment_gives_the_type() {
    for role in ROLES {
        // Bytes that are no UTF-8 pass in a binary message, whatever fragment they are in, and not in a text.
        let parts = |first| frames(role, &[(first, b"ok"), (FIN | CONTINUATION, b"\xff")]);
        let expected = Outcome::of([Event::Message(b"ok\xff"[..].into())]);
        assert_eq!(outcome(&Config::new(role), &parts(BINARY)), expected);
        assert_eq!(fault(&Config::new(role), &parts(TEXT)), Violation::Utf8.into());
    }
}
