//! RFC 6455 §5.1 and §5.3: who masks, and with which key.

use crate::end::{End, Outcome, fault};
use crate::wire::{self, BINARY, CLOSE, CONTINUATION, FIN, PING, PONG, TEXT};
use madang_ws::proto::{CloseCode, CloseFrame, Config, Event, Role, Violation};
use std::collections::HashSet;

#[test]
fn section_5_1_an_unmasked_frame_from_a_client_is_refused() {
    let config = Config::new(Role::Server);
    for first in [FIN | TEXT, FIN | BINARY, TEXT, CLOSE, PING, PONG] {
        for payload in [&b""[..], b"hello"] {
            assert_eq!(
                fault(&config, &wire::raw(first, None, payload)),
                Violation::UnmaskedFrame.into()
            );
        }
    }
    let second = [
        wire::frame(Role::Client, TEXT, b"a"),
        wire::raw(FIN | CONTINUATION, None, b"b"),
    ]
    .concat();
    assert_eq!(
        fault(&config, &second),
        Violation::UnmaskedFrame.into(),
        "each frame, not only the first"
    );
}

#[test]
fn section_5_1_a_masked_frame_from_a_server_is_refused() {
    let config = Config::new(Role::Client);
    for first in [FIN | TEXT, FIN | BINARY, TEXT, CLOSE, PING, PONG] {
        // A key of zeros changes nothing, and is a mask all the same.
        for key in [[1, 2, 3, 4], [0; 4]] {
            assert_eq!(
                fault(&config, &wire::raw(first, Some(key), b"")),
                Violation::MaskedFrame.into()
            );
        }
    }
}

#[test]
fn section_5_1_a_client_masks_every_frame_and_a_server_none() {
    for mut end in End::both() {
        for len in [0, 1, 125, 126, 4096, 4097, 0xffff, 0x1_0000] {
            end.send(vec![7; len]);
        }
        end.send("text");
        end.connection.ping(b"ping").expect("open");
        end.receive(&wire::frame(end.peer(), PING, b"answer me"));
        end.connection
            .close(Some(&CloseFrame::new(CloseCode::NORMAL, "bye")), end.now);
        // `wire::read` asserts that each frame is masked, or none is.
        assert_eq!(end.sent().len(), 12);
    }
}

#[test]
fn section_5_3_a_client_uses_a_fresh_key_for_each_frame() {
    let mut client = End::client();
    for _ in 0..200 {
        client.send("same");
        client.connection.ping(b"same").expect("open");
    }
    let keys: HashSet<[u8; 4]> = client.sent().into_iter().filter_map(|frame| frame.key).collect();
    // Two equal among 400 of 2^32 keys come once in 50,000 runs; three or more, never.
    assert!(keys.len() >= 398, "{} keys for 400 frames", keys.len());
    for bit in 0..32 {
        let set = keys
            .iter()
            .filter(|key| u32::from_be_bytes(**key) >> bit & 1 == 1)
            .count();
        assert!(
            (100..300).contains(&set),
            "bit {bit} was set in {set} of 400 keys"
        );
    }
}

#[test]
fn section_5_3_a_server_unmasks_with_the_key_of_each_frame() {
    let mut server = End::server();
    let payload: Vec<u8> = (0..=255).cycle().take(300).collect();
    for key in [[0; 4], [0xff; 4], [1, 2, 3, 4], [0, 0, 0, 9]] {
        let whole = wire::raw(FIN | BINARY, Some(key), &payload);
        assert_eq!(
            server.receive(&whole),
            Outcome::of([Event::Message(payload.clone().into())])
        );
        // A key starts anew with its frame, however many bytes the frame before had.
        let parts = [
            wire::raw(BINARY, Some(key), &payload[..5]),
            wire::raw(FIN, Some([8; 4]), &payload[5..]),
        ];
        assert_eq!(
            server.receive(&parts.concat()),
            Outcome::of([Event::Message(payload.clone().into())])
        );
    }
}
