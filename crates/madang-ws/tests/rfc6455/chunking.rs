//! Input in any pieces gives the same events: RFC 6455 knows frames, TCP knows bytes.

use crate::end::{End, Outcome, peer};
use crate::wire::{self, BINARY, CONTINUATION, FIN, PING, PONG, RSV1, TEXT};
use bytes::Bytes;
use madang_ws::proto::{CloseCode, CloseFrame, Config, Deflate, Event, Role};

/// A bit of everything, ended by a close frame; and what it means.
fn session(from: Role) -> (Vec<u8>, Vec<Event>) {
    let compressed = wire::deflated(&b"compressed, fragmented ".repeat(30));
    let (a, b) = compressed.split_at(compressed.len() / 2);
    let bytes = [
        wire::frame(from, FIN | TEXT, "안녕".as_bytes()),
        wire::frame(from, FIN | TEXT, b""),
        wire::frame(from, FIN | BINARY, &[7; 126]),
        wire::frame(from, PING, b"ping"),
        wire::frame(from, TEXT, &"안녕".as_bytes()[..2]),
        wire::frame(from, PONG, b"pong"),
        wire::frame(from, CONTINUATION, b""),
        wire::frame(from, CONTINUATION, &"안녕".as_bytes()[2..]),
        wire::frame(from, PING, &[9; 125]),
        wire::frame(from, FIN | CONTINUATION, b""),
        wire::frame(from, RSV1 | BINARY, a),
        wire::frame(from, PING, b""),
        wire::frame(from, FIN | CONTINUATION, b),
        wire::frame(from, FIN | RSV1 | TEXT, &wire::deflated("다시 안녕".as_bytes())),
        wire::frame(from, FIN | BINARY, &vec![1; 0x1_0000]),
        wire::close(from, 1001, "가요"),
    ];
    let events = vec![
        Event::Message("안녕".into()),
        Event::Message("".into()),
        Event::Message(vec![7; 126].into()),
        Event::Ping(Bytes::from_static(b"ping")),
        Event::Pong(Bytes::from_static(b"pong")),
        Event::Ping(Bytes::from_static(&[9; 125])),
        Event::Message("안녕".into()),
        Event::Ping(Bytes::new()),
        Event::Message(b"compressed, fragmented ".repeat(30).into()),
        Event::Message("다시 안녕".into()),
        Event::Message(vec![1; 0x1_0000].into()),
        Event::Close(Some(CloseFrame::new(CloseCode::GOING_AWAY, "가요"))),
    ];
    (bytes.concat(), events)
}

fn configs() -> [Config; 2] {
    [Role::Server, Role::Client].map(|role| {
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
    })
}

#[test]
fn section_5_2_input_may_come_byte_by_byte() {
    for config in configs() {
        let (bytes, events) = session(peer(config.role));
        let mut end = End::new(&config);
        assert_eq!(end.drip(&bytes), Outcome::of(events));
        let answers: Vec<Vec<u8>> = end.sent().into_iter().map(|frame| frame.payload).collect();
        assert_eq!(
            answers,
            [b"ping".to_vec(), vec![9; 125], vec![], vec![3, 0xe9]],
            "three pongs and a close"
        );
    }
}

#[test]
fn section_5_2_input_may_come_in_pieces_of_any_size() {
    for config in configs() {
        let (bytes, events) = session(peer(config.role));
        for size in [2, 3, 5, 7, 13, 64, 127, 1000, 4096, bytes.len() - 1, bytes.len()] {
            let mut end = End::new(&config);
            let mut outcome = Outcome::default();
            for piece in bytes.chunks(size) {
                end.receive_into(piece, &mut outcome);
            }
            assert_eq!(outcome, Outcome::of(events.clone()), "pieces of {size}");
        }
    }
}

#[test]
fn section_5_2_input_may_be_cut_in_two_anywhere() {
    for config in configs() {
        let (bytes, events) = session(peer(config.role));
        // Behind the small frames, at every byte; amid the 64 KiB of the large one, at some.
        let small = bytes.len() - 0x1_0000;
        for cut in (0..small).chain((small..bytes.len()).step_by(997)) {
            let mut end = End::new(&config);
            let mut outcome = Outcome::default();
            end.receive_into(&bytes[..cut], &mut outcome);
            end.receive_into(&bytes[cut..], &mut outcome);
            assert_eq!(outcome, Outcome::of(events.clone()), "cut at {cut}");
        }
    }
}

#[test]
fn section_5_2_input_may_pile_up_before_it_is_looked_at() {
    for config in configs() {
        let (bytes, events) = session(peer(config.role));
        let mut end = End::new(&config);
        for piece in bytes.chunks(50) {
            end.connection.receive(piece, end.now);
        }
        assert_eq!(end.receive(b""), Outcome::of(events));
    }
}
