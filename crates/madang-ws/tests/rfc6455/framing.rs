//! RFC 6455 §5.2: the frame header.

use crate::end::{End, Outcome, fault, outcome, peer};
use crate::wire::{self, BINARY, FIN, TEXT};
use madang_ws::proto::{Config, Deflate, Event, Role, Violation};

#[test]
fn section_5_2_reserved_bits_are_refused() {
    for role in [Role::Server, Role::Client] {
        for bits in [0x10, 0x20, 0x30, 0x40, 0x70] {
            for first in [FIN | TEXT, FIN | BINARY, wire::PING, wire::CLOSE] {
                let bytes = wire::frame(peer(role), first | bits, b"");
                assert_eq!(fault(&Config::new(role), &bytes), Violation::ReservedBits.into());
            }
        }
        let mut config = Config::new(role);
        config.deflate = Some(Deflate {
            server_no_context_takeover: false,
            client_no_context_takeover: false,
            server_max_window_bits: 15,
            client_max_window_bits: 15,
            level: 1,
            threshold: 0,
        });
        for bits in [0x10, 0x20, 0x50] {
            let bytes = wire::frame(peer(role), FIN | TEXT | bits, b"");
            assert_eq!(
                fault(&config, &bytes),
                Violation::ReservedBits.into(),
                "deflate defines RSV1 only"
            );
        }
    }
}

#[test]
fn section_5_2_reserved_opcodes_are_refused() {
    for role in [Role::Server, Role::Client] {
        for opcode in [3, 4, 5, 6, 7, 11, 12, 13, 14, 15] {
            for fin in [0, FIN] {
                let bytes = wire::frame(peer(role), fin | opcode, b"x");
                assert_eq!(
                    fault(&Config::new(role), &bytes),
                    Violation::ReservedOpCode(opcode).into()
                );
            }
        }
    }
}

#[test]
fn section_5_2_a_length_in_a_longer_form_than_needed_is_refused() {
    for role in [Role::Server, Role::Client] {
        let masked = if role == Role::Server { 0x80 } else { 0 };
        for len in [0u16, 1, 125] {
            let mut bytes = vec![FIN | BINARY, masked | 126];
            bytes.extend_from_slice(&len.to_be_bytes());
            assert_eq!(
                fault(&Config::new(role), &bytes),
                Violation::NonMinimalLength.into(),
                "{len} in 16 bits"
            );
        }
        for len in [0u64, 125, 126, 0xffff] {
            let mut bytes = vec![FIN | BINARY, masked | 127];
            bytes.extend_from_slice(&len.to_be_bytes());
            assert_eq!(
                fault(&Config::new(role), &bytes),
                Violation::NonMinimalLength.into(),
                "{len} in 64 bits"
            );
        }
    }
}

#[test]
fn section_5_2_a_64_bit_length_with_its_top_bit_set_is_refused() {
    for role in [Role::Server, Role::Client] {
        let masked = if role == Role::Server { 0x80 } else { 0 };
        for len in [1u64 << 63, u64::MAX, 1 << 63 | 5] {
            let mut bytes = vec![FIN | BINARY, masked | 127];
            bytes.extend_from_slice(&len.to_be_bytes());
            assert_eq!(fault(&Config::new(role), &bytes), Violation::LengthTopBit.into());
        }
    }
}

#[test]
fn section_5_2_a_header_is_refused_at_the_byte_that_is_wrong() {
    // The header only, without the rest: nothing further is waited for.
    for (bytes, violation) in [
        (&[FIN | 0x10 | TEXT][..], Violation::ReservedBits),
        (&[FIN | 3], Violation::ReservedOpCode(3)),
        (&[0x09], Violation::FragmentedControl),
        (&[FIN | TEXT, 5], Violation::UnmaskedFrame),
        (&[wire::PING, 0xfe], Violation::ControlTooLong),
        (&[FIN | TEXT, 0xfe, 0, 125], Violation::NonMinimalLength),
    ] {
        assert_eq!(fault(&Config::new(Role::Server), bytes), violation.into());
    }
}

#[test]
fn section_5_2_every_form_of_length_is_read_and_written() {
    for role in [Role::Server, Role::Client] {
        for len in [0, 1, 125, 126, 127, 0xffff, 0x1_0000, 0x1_0001] {
            let payload = vec![0xa5; len];
            let bytes = wire::frame(peer(role), FIN | BINARY, &payload);
            let expected = Outcome::of([Event::Message(payload.clone().into())]);
            assert_eq!(outcome(&Config::new(role), &bytes), expected, "{len} bytes read");

            let mut end = End::new(&Config::new(role));
            end.send(payload.clone());
            // `wire::read` asserts the shortest form.
            let sent = end.sent();
            assert_eq!((sent.len(), sent[0].first), (1, FIN | BINARY));
            assert_eq!(sent[0].payload, payload, "{len} bytes written");
        }
    }
}

#[test]
fn section_5_2_reserved_bits_are_0_in_what_is_sent() {
    for mut end in End::both() {
        end.send("text");
        end.send(vec![1]);
        end.connection.ping(b"").expect("open");
        let first: Vec<u8> = end.sent().into_iter().map(|frame| frame.first).collect();
        assert_eq!(first, [FIN | TEXT, FIN | BINARY, wire::PING]);
    }
}
