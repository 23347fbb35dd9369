//! RFC 6455 §5.6 and §8.1: text is UTF-8, and what isn't fails at once.

use crate::end::{End, Outcome, fault, outcome, peer};
use crate::wire::{self, BINARY, CONTINUATION, FIN, RSV1, TEXT};
use madang_ws::proto::{CloseCode, Config, Deflate, Event, Role, Violation};

const ROLES: [Role; 2] = [Role::Server, Role::Client];
const GREETING: &str = "안녕하세요 🌊 κόσμε";

/// Not UTF-8: a lone continuation, overlong forms, surrogates, beyond U+10FFFF, and bytes that never occur.
const INVALID: [&[u8]; 9] = [
    b"\x80",
    b"\xc0\xaf",
    b"\xe0\x80\xaf",
    b"\xf0\x80\x80\xaf",
    b"\xed\xa0\x80",
    b"\xf4\x90\x80\x80",
    b"\xfe",
    b"\xff",
    b"\xce\xce",
];

fn deflating(role: Role) -> Config {
    let mut config = Config::new(role);
    config.deflate = Some(Deflate {
        server_no_context_takeover: true,
        client_no_context_takeover: true,
        server_max_window_bits: 15,
        client_max_window_bits: 15,
        level: 1,
        threshold: 0,
    });
    config
}

#[test]
fn section_5_6_a_character_may_be_split_between_fragments() {
    for role in ROLES {
        let expected = Outcome::of([Event::Message(GREETING.into())]);
        for cut in 0..=GREETING.len() {
            let (a, b) = GREETING.as_bytes().split_at(cut);
            let bytes = [
                wire::frame(peer(role), TEXT, a),
                wire::frame(peer(role), FIN | CONTINUATION, b),
            ];
            assert_eq!(
                outcome(&Config::new(role), &bytes.concat()),
                expected,
                "cut at {cut}"
            );
        }
    }
}

#[test]
fn section_8_1_text_that_is_not_utf8_is_refused() {
    for role in ROLES {
        for invalid in INVALID {
            let bytes = wire::frame(peer(role), FIN | TEXT, &[b"ok ", invalid].concat());
            let fault = fault(&Config::new(role), &bytes);
            assert_eq!(
                (fault, fault.close_code()),
                (Violation::Utf8.into(), CloseCode::INVALID_DATA)
            );
        }
    }
}

#[test]
fn section_8_1_text_that_ends_within_a_character_is_refused() {
    for role in ROLES {
        for cut in [1, 2] {
            let text = &"안녕".as_bytes()[..6 - cut];
            let whole = wire::frame(peer(role), FIN | TEXT, text);
            assert_eq!(fault(&Config::new(role), &whole), Violation::Utf8.into());
            let parts = [
                wire::frame(peer(role), TEXT, text),
                wire::frame(peer(role), FIN | CONTINUATION, b""),
            ];
            assert_eq!(fault(&Config::new(role), &parts.concat()), Violation::Utf8.into());
        }
    }
}

#[test]
fn section_8_1_a_long_text_is_checked_throughout() {
    for role in ROLES {
        for shift in 0..9 {
            // Characters of two, three and four bytes, at every position relative to any power of two.
            let text = "a".repeat(shift) + &"é한🌊".repeat(2000);
            let bytes = wire::frame(peer(role), FIN | TEXT, text.as_bytes());
            let expected = Outcome::of([Event::Message(text.as_str().into())]);
            assert_eq!(
                End::new(&Config::new(role)).receive(&bytes),
                expected,
                "shifted by {shift}"
            );
            for at in [4096, 8192, 16384].iter().flat_map(|at| at - 4..at + 4) {
                for wrong in [0xff, b'a', 0x80] {
                    let mut payload = text.clone().into_bytes();
                    payload[at] = wrong;
                    let expected = std::str::from_utf8(&payload)
                        .is_err()
                        .then_some(Violation::Utf8.into());
                    let bytes = wire::frame(peer(role), FIN | TEXT, &payload);
                    assert_eq!(
                        End::new(&Config::new(role)).receive(&bytes).fault,
                        expected,
                        "{wrong} at {at}"
                    );
                }
            }
        }
    }
}

#[test]
fn section_8_1_binary_may_be_anything() {
    for role in ROLES {
        for invalid in INVALID {
            let bytes = wire::frame(peer(role), FIN | BINARY, invalid);
            assert_eq!(
                outcome(&Config::new(role), &bytes),
                Outcome::of([Event::Message(invalid.into())])
            );
        }
    }
}

#[test]
fn section_8_1_wrong_text_fails_at_its_first_wrong_byte_inside_the_frame() {
    for role in ROLES {
        for invalid in INVALID {
            // The frame promises 1,000 bytes; the fault comes long before they are there.
            let payload = [GREETING.as_bytes(), invalid, &[b' '; 1000]].concat();
            let bytes = wire::frame(peer(role), FIN | TEXT, &payload[..1000]);
            let header = bytes.len() - 1000;
            let wrong_at = wrong_byte(&payload);
            let mut end = End::new(&Config::new(role));
            assert_eq!(
                end.drip(&bytes[..header + wrong_at]),
                Outcome::default(),
                "nothing is wrong yet"
            );
            assert_eq!(
                end.drip(&bytes[header + wrong_at..][..1]).fault,
                Some(Violation::Utf8.into())
            );
        }
    }
}

#[test]
fn section_8_1_wrong_text_fails_inside_a_compressed_frame() {
    for role in ROLES {
        let mut text = GREETING.repeat(20).into_bytes();
        text.extend_from_slice(b"\xff");
        text.extend((0..20_000u32).map(|i| b'a' + (i.wrapping_mul(2_654_435_761) >> 24) as u8 % 26));
        let payload = wire::deflated(&text);
        let bytes = wire::frame(peer(role), FIN | RSV1 | TEXT, &payload);
        let mut end = End::new(&deflating(role));
        let half = end.receive(&bytes[..bytes.len() / 2]);
        assert_eq!(
            half.fault,
            Some(Violation::Utf8.into()),
            "before the frame is complete"
        );
        assert_eq!(fault(&deflating(role), &bytes), Violation::Utf8.into());
    }
}

#[test]
fn section_8_1_text_across_compressed_fragments_is_checked_as_one() {
    for role in ROLES {
        let fragments = |payload: &[u8]| {
            let (a, b) = payload.split_at(payload.len() / 2);
            [
                wire::frame(peer(role), RSV1 | TEXT, a),
                wire::frame(peer(role), FIN | CONTINUATION, b),
            ]
            .concat()
        };
        let good = fragments(&wire::deflated(GREETING.as_bytes()));
        assert_eq!(
            outcome(&deflating(role), &good),
            Outcome::of([Event::Message(GREETING.into())])
        );
        let cut = fragments(&wire::deflated(&GREETING.as_bytes()[..GREETING.len() - 1]));
        assert_eq!(
            fault(&deflating(role), &cut),
            Violation::Utf8.into(),
            "it ends within a character"
        );
    }
}

/// Where `text` stops being the beginning of any valid text.
fn wrong_byte(text: &[u8]) -> usize {
    (1..=text.len())
        .find(|&len| std::str::from_utf8(&text[..len]).is_err_and(|e| e.error_len().is_some()))
        .expect("it's wrong somewhere")
        - 1
}
