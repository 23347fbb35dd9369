//! RFC 7692 §6 and §7: permessage-deflate on the wire.

use crate::end::{End, Outcome, Pair, fault, outcome, peer};
use crate::wire::{self, BINARY, CONTINUATION, FIN, PING, RSV1, TEXT};
use bytes::Bytes;
use madang_ws::proto::{CloseCode, Config, Deflate, Event, Role, Violation};

const ROLES: [Role; 2] = [Role::Server, Role::Client];
const TAKEOVER: Deflate = Deflate {
    server_no_context_takeover: false,
    client_no_context_takeover: false,
    server_max_window_bits: 15,
    client_max_window_bits: 15,
    level: 6,
    threshold: 0,
};
const NO_TAKEOVER: Deflate = Deflate {
    server_no_context_takeover: true,
    client_no_context_takeover: true,
    ..TAKEOVER
};

fn config(role: Role, deflate: Deflate) -> Config {
    let mut config = Config::new(role);
    config.deflate = Some(deflate);
    config
}

fn text(text: &str) -> Event {
    Event::Message(text.into())
}

/// `len` bytes that don't repeat within themselves.
fn noise(len: usize) -> Vec<u8> {
    let mut state = 1u32;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state as u8
    };
    (0..len).map(|_| next()).collect()
}

#[test]
fn rfc_7692_section_6_rsv1_without_an_agreement_is_refused() {
    for role in ROLES {
        let bytes = wire::frame(peer(role), FIN | RSV1 | TEXT, &wire::deflated(b"hello"));
        assert_eq!(fault(&Config::new(role), &bytes), Violation::ReservedBits.into());
    }
}

#[test]
fn rfc_7692_section_6_1_rsv1_is_refused_on_continuations_and_control_frames() {
    for role in ROLES {
        for first in [FIN | RSV1 | CONTINUATION, RSV1 | CONTINUATION] {
            let begun = wire::frame(peer(role), RSV1 | TEXT, b"\xf2\x48");
            let bytes = [begun, wire::frame(peer(role), first, b"\xcd")].concat();
            assert_eq!(
                fault(&config(role, TAKEOVER), &bytes),
                Violation::ReservedBits.into()
            );
        }
        for first in [wire::CLOSE, PING, wire::PONG] {
            let bytes = wire::frame(peer(role), first | RSV1, b"");
            assert_eq!(
                fault(&config(role, TAKEOVER), &bytes),
                Violation::ReservedBits.into()
            );
        }
    }
}

#[test]
fn rfc_7692_section_6_plain_and_compressed_messages_alternate() {
    for role in ROLES {
        let bytes = [
            wire::frame(peer(role), FIN | TEXT, b"plain"),
            wire::frame(peer(role), FIN | RSV1 | TEXT, &wire::deflated(b"compressed")),
            wire::frame(peer(role), FIN | TEXT, b"plain again"),
        ];
        let expected = Outcome::of([text("plain"), text("compressed"), text("plain again")]);
        assert_eq!(outcome(&config(role, NO_TAKEOVER), &bytes.concat()), expected);
        assert_eq!(outcome(&config(role, TAKEOVER), &bytes.concat()), expected);
    }
}

#[test]
fn rfc_7692_section_7_2_2_a_plain_message_leaves_the_context_as_it_is() {
    for role in ROLES {
        let first = wire::frame(peer(role), FIN | RSV1 | TEXT, b"\xf2\x48\xcd\xc9\xc9\x07\x00");
        let refers_to_it = wire::frame(peer(role), FIN | RSV1 | TEXT, b"\xf2\x00\x11\x00\x00");
        let whole = wire::frame(peer(role), FIN | TEXT, b"plain");
        let parts = [
            wire::frame(peer(role), TEXT, b"pl"),
            wire::frame(peer(role), FIN | CONTINUATION, b"ain"),
        ];
        for plain in [whole, parts.concat()] {
            let expected = Outcome::of([text("Hello"), text("plain"), text("Hello")]);
            let bytes = [&first[..], &plain, &refers_to_it].concat();
            assert_eq!(outcome(&config(role, TAKEOVER), &bytes), expected);
        }
    }
}

#[test]
fn rfc_7692_section_6_2_a_compressed_message_may_be_cut_anywhere() {
    for role in ROLES {
        let message = "fragments of a compressed message ".repeat(4);
        let payload = wire::deflated(message.as_bytes());
        for cut in 0..=payload.len() {
            let bytes = [
                wire::frame(peer(role), RSV1 | TEXT, &payload[..cut]),
                wire::frame(peer(role), PING, b"between"),
                wire::frame(peer(role), CONTINUATION, &payload[cut..]),
                wire::frame(peer(role), FIN | CONTINUATION, b""),
            ];
            let expected = [Event::Ping(Bytes::from_static(b"between")), text(&message)];
            assert_eq!(
                outcome(&config(role, NO_TAKEOVER), &bytes.concat()),
                Outcome::of(expected),
                "at {cut}"
            );
        }
    }
}

#[test]
fn rfc_7692_section_7_1_1_without_takeover_each_message_stands_alone() {
    for role in ROLES {
        let mut end = End::new(&config(role, NO_TAKEOVER));
        for _ in 0..3 {
            end.send("the same text the same text the same text");
        }
        for frame in end.sent() {
            assert_eq!(frame.first, FIN | RSV1 | TEXT);
            let message = wire::inflated(&frame.payload, 15);
            assert_eq!(
                message.as_deref(),
                Some(&b"the same text the same text the same text"[..])
            );
        }
    }
}

#[test]
fn rfc_7692_section_7_1_1_takeover_is_agreed_for_each_direction_by_itself() {
    for (server_no, client_no) in [(false, true), (true, false)] {
        // With a threshold, a message that wouldn't shrink goes plain, if the context allows.
        let deflate = Deflate {
            server_no_context_takeover: server_no,
            client_no_context_takeover: client_no,
            threshold: 1,
            ..TAKEOVER
        };
        for role in ROLES {
            let mut end = End::new(&config(role, deflate));
            let message = noise(300);
            end.send(message.clone());
            end.send(message.clone());
            let second = end.sent().pop().expect("two frames");
            let forgets = if role == Role::Server {
                server_no
            } else {
                client_no
            };
            let alone = second.first == FIN | BINARY && second.payload == message;
            assert_eq!(alone, forgets, "noise shrinks only if it has been seen before");
        }
        let mut pair = Pair::new(|config| config.deflate = Some(deflate));
        for _ in 0..3 {
            pair.client.send(noise(300));
            pair.server.send(noise(300));
        }
        let expected = Outcome::of(vec![Event::Message(noise(300).into()); 3]);
        assert_eq!(pair.settle(), (expected.clone(), expected));
    }
}

#[test]
fn rfc_7692_section_7_1_2_no_reference_reaches_beyond_the_agreed_window() {
    // A repetition at a distance that only the next larger window would reach.
    for bits in 9..=14 {
        let deflate = Deflate {
            server_max_window_bits: bits,
            client_max_window_bits: bits,
            ..TAKEOVER
        };
        let half = noise((1 << bits) + 200);
        let message = [&half[..], &half[..]].concat();
        for role in ROLES {
            let mut end = End::new(&config(role, deflate));
            end.send(message.clone());
            let frame = end.sent().remove(0);
            assert_eq!(
                frame.first,
                FIN | RSV1 | BINARY,
                "with takeover it is compressed, smaller or not"
            );
            assert_eq!(
                wire::inflated(&frame.payload, bits),
                Some(message.clone()),
                "{bits} bits"
            );
        }
    }
}

#[test]
fn rfc_7692_section_7_1_2_a_window_of_8_bits_is_kept_by_not_compressing() {
    for role in ROLES {
        let deflate = Deflate {
            server_max_window_bits: 8,
            client_max_window_bits: 8,
            ..TAKEOVER
        };
        let mut end = End::new(&config(role, deflate));
        end.send("a".repeat(5000));
        assert_eq!(end.sent()[0].first, FIN | TEXT);
    }
}

#[test]
fn rfc_7692_section_7_2_1_the_tail_of_the_flush_is_not_sent() {
    for deflate in [TAKEOVER, NO_TAKEOVER] {
        for role in ROLES {
            let mut end = End::new(&config(role, deflate));
            for len in [40, 511, 512, 513, 1000, 5000, 70_000] {
                end.send("a".repeat(len));
            }
            for frame in end.sent() {
                assert_eq!(frame.first, FIN | RSV1 | TEXT);
                assert!(!frame.payload.ends_with(&[0, 0, 0xff, 0xff]) && !frame.payload.is_empty());
            }
        }
    }
}

#[test]
fn rfc_7692_section_7_2_2_what_cannot_be_inflated_is_refused() {
    for role in ROLES {
        for payload in [&[0xff; 20][..], b"\x06", b"\x01\x05\x00\x00\x00hello"] {
            for deflate in [TAKEOVER, NO_TAKEOVER] {
                let bytes = wire::frame(peer(role), FIN | RSV1 | BINARY, payload);
                let fault = fault(&config(role, deflate), &bytes);
                assert_eq!(
                    (fault, fault.close_code()),
                    (Violation::Inflate.into(), CloseCode::INVALID_DATA)
                );
            }
        }
    }
}

#[test]
fn rfc_7692_section_7_2_2_a_reference_beyond_the_own_message_is_refused_without_takeover() {
    for role in ROLES {
        // The second message of RFC 7692 §7.2.3.2, which refers to the first.
        let first = wire::frame(peer(role), FIN | RSV1 | TEXT, b"\xf2\x48\xcd\xc9\xc9\x07\x00");
        let second = wire::frame(peer(role), FIN | RSV1 | TEXT, b"\xf2\x00\x11\x00\x00");
        let bytes = [first, second].concat();
        assert_eq!(
            outcome(&config(role, TAKEOVER), &bytes),
            Outcome::of([text("Hello"), text("Hello")])
        );
        assert_eq!(
            fault(&config(role, NO_TAKEOVER), &bytes),
            Violation::Inflate.into()
        );
    }
}

#[test]
fn rfc_7692_section_7_2_3_the_examples() {
    for role in ROLES {
        for (payload, example) in [
            (&b"\xf2\x48\xcd\xc9\xc9\x07\x00"[..], "7.2.3.1: one block"),
            (
                b"\x00\x05\x00\xfa\xff\x48\x65\x6c\x6c\x6f\x00",
                "7.2.3.3: a stored block",
            ),
            (b"\xf3\x48\xcd\xc9\xc9\x07\x00\x00", "7.2.3.4: a final block"),
            (
                b"\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00",
                "7.2.3.5: two blocks",
            ),
        ] {
            let one = wire::frame(peer(role), FIN | RSV1 | TEXT, payload);
            for deflate in [TAKEOVER, NO_TAKEOVER] {
                // Twice, to see that the first one left nothing behind that disturbs the second.
                let expected = Outcome::of([text("Hello"), text("Hello")]);
                assert_eq!(
                    outcome(&config(role, deflate), &one.repeat(2)),
                    expected,
                    "{example}"
                );
            }
        }
        let fragments = [
            wire::frame(peer(role), RSV1 | TEXT, b"\xf2\x48\xcd"),
            wire::frame(peer(role), FIN | CONTINUATION, b"\xc9\xc9\x07\x00"),
        ];
        assert_eq!(
            outcome(&config(role, TAKEOVER), &fragments.concat()),
            Outcome::of([text("Hello")]),
            "7.2.3.1"
        );
    }
}

#[test]
fn rfc_7692_section_7_2_3_6_an_empty_message_is_one_empty_block() {
    for role in ROLES {
        let bytes = wire::frame(peer(role), FIN | RSV1 | TEXT, &[0]).repeat(3);
        let expected = Outcome::of(vec![text(""); 3]);
        assert_eq!(outcome(&config(role, TAKEOVER), &bytes), expected);
        let mut end = End::new(&config(role, TAKEOVER));
        for _ in 0..3 {
            end.send("");
        }
        for frame in end.sent() {
            assert_eq!(
                (frame.first, wire::inflated(&frame.payload, 15)),
                (FIN | RSV1 | TEXT, Some(vec![]))
            );
        }
    }
}

#[test]
fn rfc_7692_section_5_messages_below_the_threshold_go_plain() {
    for role in ROLES {
        let mut end = End::new(&config(
            role,
            Deflate {
                threshold: 100,
                ..TAKEOVER
            },
        ));
        end.send("a".repeat(99));
        end.send("a".repeat(100));
        let first: Vec<u8> = end.sent().into_iter().map(|frame| frame.first).collect();
        assert_eq!(first, [FIN | TEXT, FIN | RSV1 | TEXT]);
    }
}
