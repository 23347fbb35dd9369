//! permessage-deflate: anything inflated, and everything deflated and inflated again.

use crate::{Outcome, config};
use bytes::BytesMut;
use madang_ws::proto::{Connection, Deflate, Event, Header, Incoming, Message, OpCode, Role};
use std::time::Instant;

/// Two bytes of configuration, one that sizes the pieces, and data.
///
/// # Panics
/// When a limit is passed, a message comes back changed, or a fault is found with our own bytes.
pub fn run(data: &[u8]) {
    let [flags, windows, size, input @ ..] = data else {
        return;
    };
    let mut config = config(flags | 2, *windows);
    let size = usize::from(*size).max(1);

    // The input as the compressed payload of two messages, the second after what the first left behind.
    config.role = Role::Server;
    config.limits.frame = usize::MAX;
    let mut incoming = Incoming::new(&config);
    let mut outcome = Outcome::default();
    for _ in 0..2 {
        let mut frame = frame(input);
        for piece in frame.chunks_mut(size) {
            incoming.receive(piece);
            while outcome.add(incoming.poll_event(), &config.limits) {}
        }
    }

    // The input as messages, each direction with its own configuration.
    config.limits.message = usize::MAX;
    let mut swapped = config;
    swapped.deflate = config.deflate.map(|agreed| Deflate {
        server_no_context_takeover: agreed.client_no_context_takeover,
        client_no_context_takeover: agreed.server_no_context_takeover,
        server_max_window_bits: agreed.client_max_window_bits,
        client_max_window_bits: agreed.server_max_window_bits,
        ..agreed
    });
    for (mut config, from) in [(config, Role::Client), (swapped, Role::Server)] {
        let now = Instant::now();
        config.role = from;
        let mut sender = Connection::new(&config, now);
        config.role = if from == Role::Client {
            Role::Server
        } else {
            Role::Client
        };
        let mut receiver = Connection::new(&config, now);
        for payload in input.chunks(size * 7) {
            let message = Message::from(payload);
            sender.send(&message, now).expect("open");
            while let Some(bytes) = sender.poll_transmit() {
                for piece in bytes.chunks(size) {
                    receiver.receive(piece, now);
                }
            }
            assert_eq!(receiver.poll_event(now), Ok(Some(Event::Message(message))));
            assert_eq!(receiver.poll_event(now), Ok(None));
        }
    }
}

fn frame(payload: &[u8]) -> BytesMut {
    let mask = Some([0; 4]);
    let header = Header {
        fin: true,
        rsv1: true,
        opcode: OpCode::Binary,
        mask,
        len: payload.len() as u64,
    };
    BytesMut::from(&header.frame(payload)[..])
}
