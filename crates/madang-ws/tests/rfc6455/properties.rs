//! What must hold for any messages, any fragments, any pieces and any wrong bytes.

use crate::end::{End, Outcome, Pair, peer};
use crate::wire::{self, CONTINUATION, FIN, PING, PONG, RSV1};
use bytes::Bytes;
use madang_ws::proto::{Config, Deflate, Event, Limits, Message, Role};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

/// Something that one end sends.
#[derive(Clone, Debug)]
enum Item {
    /// A message, and where its payload on the wire is cut, with a ping before each cut or not.
    Message(Message, Vec<(Index, Option<u8>)>),
    Ping(Vec<u8>),
}

fn items() -> impl Strategy<Value = Vec<Item>> {
    let size = prop_oneof![4 => 0usize..300, 1 => 65_530usize..65_545];
    let text = prop_oneof![any::<String>(), "[a-c가-다]{0,400}"];
    let message = prop_oneof![
        text.prop_map(Message::from),
        // Of few different bytes, so that compression has something to refer to.
        (size, any::<u8>(), 1u8..9).prop_map(|(len, seed, of)| {
            let bytes = (0..len).map(|i| seed.wrapping_mul(i as u8 ^ (i >> 8) as u8) % of);
            Message::from(bytes.collect::<Vec<u8>>())
        }),
        vec(any::<u8>(), 0..200).prop_map(Message::from),
    ];
    let cuts = vec((any::<Index>(), any::<Option<u8>>()), 0..4);
    vec(
        prop_oneof![
            4 => (message, cuts).prop_map(|(message, cuts)| Item::Message(message, cuts)),
            1 => vec(any::<u8>(), 0..=125).prop_map(Item::Ping),
        ],
        0..8,
    )
}

fn deflate() -> impl Strategy<Value = Option<Deflate>> {
    let agreed = (
        any::<(bool, bool)>(),
        8u8..=15,
        8u8..=15,
        0u32..=9,
        prop_oneof![Just(0usize), 0usize..300],
    );
    proptest::option::weighted(
        0.75,
        agreed.prop_map(
            |((server_no, client_no), server_bits, client_bits, level, threshold)| Deflate {
                server_no_context_takeover: server_no,
                client_no_context_takeover: client_no,
                server_max_window_bits: server_bits,
                client_max_window_bits: client_bits,
                level,
                threshold,
            },
        ),
    )
}

/// Sizes of the pieces in which bytes arrive, repeated as often as needed.
fn pieces() -> impl Strategy<Value = Vec<usize>> {
    vec(prop_oneof![1usize..4, 1usize..200, 1000usize..100_000], 1..6)
}

/// Sends `items` from `end`: the bytes, cut into fragments, and the events that they must become.
fn send(end: &mut End, items: &[Item]) -> (Vec<u8>, Vec<Event>) {
    let (mut bytes, mut events) = (Vec::new(), Vec::new());
    for item in items {
        match item {
            Item::Ping(payload) => {
                end.connection.ping(payload).expect("open");
                bytes.extend(end.transmit());
                events.push(Event::Ping(Bytes::copy_from_slice(payload)));
            }
            Item::Message(message, cuts) => {
                end.send(message.clone());
                let [frame] = &end.sent()[..] else {
                    panic!("one message is one frame")
                };
                let mut cuts: Vec<(usize, Option<u8>)> = cuts
                    .iter()
                    .map(|(at, ping)| (at.index(frame.payload.len() + 1), *ping))
                    .collect();
                cuts.sort_unstable();
                let (mut from, mut first) = (0, frame.first & !FIN);
                for (at, ping) in cuts {
                    bytes.extend(wire::frame(end.role, first, &frame.payload[from..at]));
                    (from, first) = (at, CONTINUATION);
                    if let Some(ping) = ping {
                        bytes.extend(wire::frame(end.role, PING, &[ping]));
                        events.push(Event::Ping(Bytes::copy_from_slice(&[ping])));
                    }
                }
                bytes.extend(wire::frame(end.role, FIN | first, &frame.payload[from..]));
                events.push(Event::Message(message.clone()));
            }
        }
    }
    (bytes, events)
}

/// Gives `bytes` to `end` in `pieces`.
fn receive(end: &mut End, mut bytes: &[u8], pieces: &[usize]) -> Outcome {
    let mut outcome = Outcome::default();
    for size in pieces.iter().cycle() {
        let (piece, rest) = bytes.split_at((*size).min(bytes.len()));
        end.receive_into(piece, &mut outcome);
        if rest.is_empty() {
            break;
        }
        bytes = rest;
    }
    outcome
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn messages_and_pings_arrive_whole_once_and_in_order(
        deflate in deflate(), up in items(), down in items(), pieces in pieces(),
    ) {
        let mut pair = Pair::new(|config| config.deflate = deflate);
        for (items, from_client) in [(&up, true), (&down, false)] {
            let (from, to) = match from_client {
                true => (&mut pair.client, &mut pair.server),
                false => (&mut pair.server, &mut pair.client),
            };
            let (bytes, events) = send(from, items);
            let pings = events.iter().filter_map(|event| match event {
                Event::Ping(payload) => Some(payload.to_vec()),
                _ => None,
            });
            let pings: Vec<Vec<u8>> = pings.collect();
            prop_assert_eq!(receive(to, &bytes, &pieces), Outcome::of(events));
            let answers = to.sent();
            prop_assert!(answers.iter().all(|frame| frame.first == PONG));
            let pongs: Vec<Vec<u8>> = answers.into_iter().map(|frame| frame.payload).collect();
            prop_assert_eq!(pongs, pings);
        }
    }

    #[test]
    fn wrong_bytes_end_in_at_most_one_fault(
        deflate in deflate(), items in items(), pieces in pieces(), server: bool,
        wrong in vec((any::<Index>(), any::<u8>()), 0..4),
    ) {
        let mut pair = Pair::new(|config| {
            config.deflate = deflate;
            config.limits = Limits { frame: 70_000, message: 70_000, fragments: 10, ..Limits::default() };
        });
        let (from, to) =
            if server { (&mut pair.client, &mut pair.server) } else { (&mut pair.server, &mut pair.client) };
        let (mut bytes, _) = send(from, &items);
        for (at, byte) in wrong {
            if !bytes.is_empty() {
                let at = at.index(bytes.len());
                bytes[at] = byte;
            }
        }
        ended_once(to, &bytes, &pieces)?;
    }

    #[test]
    fn arbitrary_bytes_end_in_at_most_one_fault(
        deflate in deflate(), bytes in vec(any::<u8>(), 0..500), pieces in pieces(), server: bool,
    ) {
        let mut config = Config::new(if server { Role::Server } else { Role::Client });
        config.deflate = deflate;
        ended_once(&mut End::new(&config), &bytes, &pieces)?;
    }

    #[test]
    fn arbitrary_compressed_bytes_end_in_at_most_one_fault(
        mut agreed in deflate(), payload in vec(any::<u8>(), 0..300), pieces in pieces(), opcode in 1u8..3,
    ) {
        let mut config = Config::new(Role::Server);
        config.deflate = agreed.take();
        config.limits.message = 10_000;
        let bytes = wire::frame(Role::Client, FIN | RSV1 | opcode, &payload);
        ended_once(&mut End::new(&config), &bytes.repeat(2), &pieces)?;
    }
}

/// Feeds `bytes`: no panic, no message beyond the limit, and after a fault or a close nothing more.
fn ended_once(end: &mut End, bytes: &[u8], pieces: &[usize]) -> Result<(), TestCaseError> {
    // `End::receive_into` asserts that nothing follows a fault or a close.
    let outcome = receive(end, bytes, pieces);
    let closed = matches!(outcome.events.last(), Some(Event::Close(_)));
    prop_assert_eq!(end.connection.is_closed(), outcome.fault.is_some() || closed);
    if end.connection.is_closed() {
        let more = wire::frame(peer(end.role), FIN | 1, b"more");
        prop_assert_eq!(end.receive(&more), Outcome::default());
        let closes = end
            .sent()
            .iter()
            .filter(|frame| frame.first == wire::CLOSE)
            .count();
        prop_assert_eq!(closes, 1);
    }
    Ok(())
}
