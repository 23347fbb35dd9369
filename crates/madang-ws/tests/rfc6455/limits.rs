//! Every bound of `Limits` on what a peer sends, crossed; RFC 6455 §10.4 demands the ones on sizes.

use crate::end::{End, Outcome, fault, outcome, peer};
use crate::wire::{self, BINARY, CONTINUATION, FIN, PING, RSV1, TEXT};
use madang_ws::proto::{CloseCode, Config, Deflate, Event, Fault, LimitExceeded, Limits, Role};

const ROLES: [Role; 2] = [Role::Server, Role::Client];

fn limited(role: Role, limits: Limits) -> Config {
    let mut config = Config::new(role);
    config.limits = limits;
    config
}

fn told(fault: Fault) -> (LimitExceeded, CloseCode) {
    match fault {
        Fault::Limit(limit) => (limit, fault.close_code()),
        violation => panic!("not a limit: {violation}"),
    }
}

#[test]
fn section_10_4_frame_one_byte_too_long_closes_with_1009_at_its_header() {
    for role in ROLES {
        let config = limited(
            role,
            Limits {
                frame: 1000,
                ..Limits::default()
            },
        );
        let most = wire::frame(peer(role), FIN | BINARY, &[0; 1000]);
        assert_eq!(outcome(&config, &most).fault, None);
        let more = wire::frame(peer(role), FIN | BINARY, &[0; 1001]);
        let header = more.len() - 1001;
        assert_eq!(
            told(fault(&config, &more[..header])),
            (LimitExceeded::Frame(1000), CloseCode::TOO_BIG)
        );
        let continued = [
            wire::frame(peer(role), BINARY, b""),
            wire::frame(peer(role), FIN, &[0; 1001]),
        ]
        .concat();
        assert_eq!(
            told(fault(&config, &continued)),
            (LimitExceeded::Frame(1000), CloseCode::TOO_BIG)
        );
    }
}

#[test]
fn section_10_4_message_one_byte_too_long_closes_with_1009_at_the_header_that_says_so() {
    for role in ROLES {
        let config = limited(
            role,
            Limits {
                message: 1000,
                ..Limits::default()
            },
        );
        let most = [
            wire::frame(peer(role), BINARY, &[0; 400]),
            wire::frame(peer(role), FIN, &[0; 600]),
        ]
        .concat();
        assert_eq!(
            outcome(&config, &most),
            Outcome::of([Event::Message(vec![0; 1000].into())])
        );
        let expected = (LimitExceeded::Message(1000), CloseCode::TOO_BIG);
        let whole = wire::frame(peer(role), FIN | BINARY, &[0; 1001]);
        assert_eq!(told(fault(&config, &whole[..whole.len() - 1001])), expected);
        let parts = [
            wire::frame(peer(role), BINARY, &[0; 400]),
            wire::frame(peer(role), FIN, &[0; 601]),
        ]
        .concat();
        assert_eq!(told(fault(&config, &parts[..parts.len() - 601])), expected);
    }
}

#[test]
fn section_10_4_a_64_bit_promise_costs_nothing() {
    for role in ROLES {
        let mut bytes = vec![FIN | BINARY, if role == Role::Server { 0xff } else { 0x7f }];
        bytes.extend_from_slice(&(u64::MAX >> 1).to_be_bytes());
        bytes.extend_from_slice(&[0; 4]);
        let (_, code) = told(fault(&Config::new(role), &bytes));
        assert_eq!(code, CloseCode::TOO_BIG);
    }
}

#[test]
fn rfc_7692_section_8_a_bomb_closes_with_1009_while_it_is_inflated() {
    let bomb = wire::deflated(&vec![0; 4 << 20]);
    assert!(bomb.len() < 8192, "{} bytes that become 4 MiB", bomb.len());
    for takeover in [true, false] {
        for role in ROLES {
            let mut config = limited(
                role,
                Limits {
                    message: 1 << 20,
                    ..Limits::default()
                },
            );
            config.deflate = Some(Deflate {
                server_no_context_takeover: !takeover,
                client_no_context_takeover: !takeover,
                server_max_window_bits: 15,
                client_max_window_bits: 15,
                level: 1,
                threshold: 0,
            });
            let bytes = wire::frame(peer(role), FIN | RSV1 | BINARY, &bomb);
            let expected = (LimitExceeded::Message(1 << 20), CloseCode::TOO_BIG);
            assert_eq!(told(fault(&config, &bytes)), expected);
            assert_eq!(
                told(fault(&config, &bytes[..bytes.len() / 2])),
                expected,
                "its end isn't waited for"
            );

            let fits = wire::frame(
                peer(role),
                FIN | RSV1 | BINARY,
                &wire::deflated(&vec![0; 1 << 20]),
            );
            assert_eq!(
                End::new(&config).receive(&fits),
                Outcome::of([Event::Message(vec![0; 1 << 20].into())])
            );
            let more = wire::frame(
                peer(role),
                FIN | RSV1 | BINARY,
                &wire::deflated(&vec![0; (1 << 20) + 1]),
            );
            assert_eq!(told(fault(&config, &more)), expected, "one byte too many");
        }
    }
}

#[test]
fn section_10_4_no_limit_at_all_is_a_choice() {
    for role in ROLES {
        let limits = Limits {
            frame: usize::MAX,
            message: usize::MAX,
            fragments: usize::MAX,
            ..Limits::default()
        };
        let mut config = limited(role, limits);
        config.deflate = Some(Deflate {
            server_no_context_takeover: false,
            client_no_context_takeover: false,
            server_max_window_bits: 15,
            client_max_window_bits: 15,
            level: 1,
            threshold: 0,
        });
        let bytes = [
            wire::frame(peer(role), FIN | RSV1 | TEXT, &wire::deflated(b"compressed")),
            wire::frame(peer(role), TEXT, b"pl"),
            wire::frame(peer(role), FIN | CONTINUATION, b"ain"),
        ];
        let expected = [
            Event::Message("compressed".into()),
            Event::Message("plain".into()),
        ];
        assert_eq!(outcome(&config, &bytes.concat()), Outcome::of(expected));
    }
}

#[test]
fn one_fragment_too_many_closes_with_1008() {
    for role in ROLES {
        let config = limited(
            role,
            Limits {
                fragments: 3,
                ..Limits::default()
            },
        );
        let fragment = |first| wire::frame(peer(role), first, b"");
        let three = [
            fragment(TEXT),
            fragment(CONTINUATION),
            fragment(FIN | CONTINUATION),
        ]
        .concat();
        let twice = Outcome::of([Event::Message("".into()), Event::Message("".into())]);
        assert_eq!(
            outcome(&config, &three.repeat(2)),
            twice,
            "each message has its own count"
        );
        let four = [
            fragment(TEXT),
            fragment(CONTINUATION),
            fragment(CONTINUATION),
            fragment(CONTINUATION),
        ]
        .concat();
        assert_eq!(
            told(fault(&config, &four)),
            (LimitExceeded::Fragments(3), CloseCode::POLICY)
        );
        let pings = [
            fragment(TEXT),
            fragment(PING).repeat(5),
            fragment(FIN | CONTINUATION),
        ]
        .concat();
        assert_eq!(outcome(&config, &pings).fault, None, "control frames don't count");
    }
}
