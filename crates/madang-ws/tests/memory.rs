//! What a connection holds on to: nothing but itself, between messages (and the contexts of
//! permessage-deflate that were agreed). Counted by the allocator, per thread.

use allocation_counter::{AllocationInfo, measure};
use bytes::BytesMut;
use madang_ws::proto::{
    Config, Connection, Deflate, Event, Header, Incoming, Message, OpCode, Outgoing, Role,
};
use std::mem::size_of;
use std::time::Instant;

const NO_TAKEOVER: Deflate = Deflate {
    server_no_context_takeover: true,
    client_no_context_takeover: true,
    server_max_window_bits: 15,
    client_max_window_bits: 15,
    level: 1,
    threshold: 0,
};
const TAKEOVER: Deflate = Deflate {
    server_no_context_takeover: false,
    client_no_context_takeover: false,
    ..NO_TAKEOVER
};

fn config(deflate: Option<Deflate>) -> Config {
    let mut config = Config::new(Role::Server);
    config.deflate = deflate;
    config
}

/// What a client would send.
fn wire(messages: &[Message], deflate: Option<Deflate>) -> Vec<u8> {
    let mut config = config(deflate);
    config.role = Role::Client;
    let now = Instant::now();
    let mut client = Connection::new(&config, now);
    let mut out = Vec::new();
    for message in messages {
        client.send(message, now).expect("open");
    }
    while let Some(bytes) = client.poll_transmit() {
        out.extend_from_slice(&bytes);
    }
    out
}

fn fragment(first: OpCode, fin: bool, payload: &[u8]) -> Vec<u8> {
    let header = Header {
        fin,
        rsv1: false,
        opcode: first,
        mask: Some([1, 2, 3, 4]),
        len: payload.len() as u64,
    };
    header.frame(payload).to_vec()
}

/// Feeds `input` to `incoming` in pieces; drops what comes out.
fn feed(incoming: &mut Incoming, input: &[u8], piece: usize) -> usize {
    let mut events = 0;
    for piece in input.chunks(piece) {
        incoming.receive(&mut piece.to_vec());
        while let Some(event) = incoming.poll_event().expect("good bytes") {
            assert!(matches!(event, Event::Message(_) | Event::Ping(_)));
            events += 1;
        }
    }
    events
}

/// What a reader holds, beyond itself, after `input`.
fn held(deflate: Option<Deflate>, input: &[u8], piece: usize, events: usize) -> AllocationInfo {
    let config = config(deflate);
    let mut incoming = Incoming::new(&config);
    let mut seen = 0;
    let info = measure(|| seen = feed(&mut incoming, input, piece));
    assert_eq!(seen, events);
    drop(incoming);
    info
}

#[test]
fn a_new_connection_allocates_nothing() {
    for deflate in [None, Some(NO_TAKEOVER), Some(TAKEOVER)] {
        let mut made = None;
        let info = measure(|| made = Some(Incoming::new(&config(deflate))));
        assert_eq!(info.bytes_total, 0, "reading");
        drop(made);
    }
    let mut made = None;
    let info = measure(|| made = Some(Outgoing::new(&config(None))));
    assert_eq!(info.bytes_total, 0, "writing");
    drop(made);
}

#[test]
fn a_connection_is_small() {
    assert!(
        size_of::<Incoming>() <= 320,
        "reading takes {} bytes",
        size_of::<Incoming>()
    );
    assert!(
        size_of::<Outgoing>() <= 256,
        "writing takes {} bytes",
        size_of::<Outgoing>()
    );
}

#[test]
fn nothing_is_held_after_a_large_message() {
    let large = wire(&[vec![7; 3 << 20].into(), "안녕".into()], None);
    for piece in [1000, 65_536, large.len()] {
        assert_eq!(
            held(None, &large, piece, 2).bytes_current,
            0,
            "in pieces of {piece}"
        );
    }
}

#[test]
fn nothing_is_held_after_fragments_and_partial_frames() {
    let input = [
        fragment(OpCode::Text, false, &[b'a'; 5000]),
        fragment(OpCode::Ping, true, &[9; 125]),
        fragment(OpCode::Continuation, false, b""),
        fragment(OpCode::Continuation, true, &[b'b'; 70_000]),
    ]
    .concat();
    for piece in [1, 3, 100, 4096, input.len()] {
        assert_eq!(
            held(None, &input, piece, 2).bytes_current,
            0,
            "in pieces of {piece}"
        );
    }
}

#[test]
fn nothing_is_held_after_many_small_messages() {
    let many = wire(&vec![Message::from("hello"); 5000], None);
    for piece in [1, 17, 1000, many.len()] {
        assert_eq!(
            held(None, &many, piece, 5000).bytes_current,
            0,
            "in pieces of {piece}"
        );
    }
}

#[test]
fn a_partial_header_does_not_keep_the_read_it_came_in() {
    let mut input = wire(&vec![Message::from("hello"); 5000], None);
    let part = fragment(OpCode::Ping, true, &[9; 100]);
    for len in [1, 2, 5, 50] {
        input.truncate(5000 * 11);
        input.extend_from_slice(&part[..len]);
        let held = held(None, &input, input.len(), 5000).bytes_current;
        assert!(held <= 128, "{held} bytes for {len} of a ping");
    }
}

#[test]
fn nothing_is_held_after_a_compressed_message_without_takeover() {
    let input = wire(&[vec![7; 1 << 20].into(), "안녕".into()], Some(NO_TAKEOVER));
    // The first one fills the pool of this thread, which is the thread's and not the connection's.
    held(Some(NO_TAKEOVER), &input, input.len(), 2);
    for piece in [1, 100, input.len()] {
        assert_eq!(
            held(Some(NO_TAKEOVER), &input, piece, 2).bytes_current,
            0,
            "in pieces of {piece}"
        );
    }
}

#[test]
fn takeover_holds_an_inflater_and_no_more() {
    let input = wire(&[vec![7; 1 << 20].into(), "안녕".into()], Some(TAKEOVER));
    let held = held(Some(TAKEOVER), &input, 1000, 2).bytes_current;
    assert!(
        (1..=48 << 10).contains(&held),
        "the documented 42 KiB, roughly: {held}"
    );
}

#[test]
fn a_promise_of_many_bytes_costs_only_what_arrives() {
    let mut header = BytesMut::new();
    let promised = Header {
        fin: true,
        rsv1: false,
        opcode: OpCode::Binary,
        mask: Some([0; 4]),
        len: 16 << 20,
    };
    promised.write(&mut header);
    let info = held(None, &[&header[..], &[7; 1000]].concat(), 100, 0);
    assert!(info.bytes_max < 8192, "{} bytes for 1,000", info.bytes_max);
}

#[test]
fn a_bomb_costs_no_more_than_the_limit_allows() {
    let mut config = config(Some(NO_TAKEOVER));
    config.limits.message = 1 << 20;
    let bomb = wire(&[vec![0; 8 << 20].into()], Some(NO_TAKEOVER));
    let mut incoming = Incoming::new(&config);
    let mut bytes = bomb.clone();
    let info = measure(|| {
        incoming.receive(&mut bytes);
        assert!(incoming.poll_event().is_err());
    });
    // While a buffer of up to the limit grows by a move, the old one is there as well.
    assert!(
        info.bytes_max < 5 << 19,
        "{} bytes at once for a limit of 1 MiB",
        info.bytes_max
    );
    assert_eq!(info.bytes_current, 0, "and it's all given back");
}

#[test]
fn nothing_is_held_after_a_fault_or_a_close() {
    for last in [
        fragment(OpCode::Continuation, true, b"x"),
        fragment(OpCode::Close, true, b""),
    ] {
        let mut incoming = Incoming::new(&config(None));
        let messages = wire(&vec![Message::from(vec![1; 100]); 100], None);
        let mut input = [&messages[..], &last, &messages].concat();
        let info = measure(|| {
            incoming.receive(&mut input);
            while let Ok(Some(_)) = incoming.poll_event() {}
            incoming.receive(&mut input);
        });
        assert_eq!(info.bytes_current, 0);
    }
}

#[test]
fn nothing_is_held_after_sending() {
    let now = Instant::now();
    for deflate in [None, Some(NO_TAKEOVER)] {
        let mut outgoing = Outgoing::new(&config(deflate));
        outgoing.start(now);
        let message = Message::from(vec![7; 1 << 20]);
        drop(outgoing.message(&message));
        let info = measure(|| {
            drop(outgoing.message(&message));
            drop(outgoing.ping(b"ping"));
        });
        assert_eq!(info.bytes_current, 0);
        if deflate.is_none() {
            assert!(
                info.bytes_total < 1024,
                "a server shares the payload: {} bytes",
                info.bytes_total
            );
        }
    }
}
