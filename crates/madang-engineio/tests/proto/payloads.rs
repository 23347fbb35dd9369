//! Payloads of both versions and JSONP, in both directions.

use bytes::Bytes;
use madang_engineio::Message;
use madang_engineio::proto::{InvalidPacket, Jsonp, Packet, Payload, Payload3};
use proptest::prelude::*;

fn v4(body: &str) -> Vec<Result<Packet, InvalidPacket>> {
    Payload::new(body.into()).collect()
}

fn v3(body: &str) -> Vec<Result<Packet, InvalidPacket>> {
    Payload3::text(body.into()).collect()
}

fn v3_binary(body: &'static [u8]) -> Vec<Result<Packet, InvalidPacket>> {
    Payload3::binary(Bytes::from_static(body)).collect()
}

fn text(text: &str) -> Packet {
    Packet::Message(text.into())
}

fn bytes(bytes: &'static [u8]) -> Packet {
    Packet::Message(Message::Binary(Bytes::from_static(bytes)))
}

#[test]
fn version_4_joins_packets_and_puts_bytes_in_base64() {
    let packets = v4("4hi\u{1e}bAQIDBA==\u{1e}3");
    assert_eq!(
        packets,
        [
            Ok(text("hi")),
            Ok(bytes(&[1, 2, 3, 4])),
            Ok(Packet::Pong("".into()))
        ]
    );
}

#[test]
fn version_4_stops_at_what_it_cannot_read() {
    for body in ["", "\u{1e}", "4hi\u{1e}", "x", "4hi\u{1e}9\u{1e}4lost", "b!!"] {
        let packets = v4(body);
        assert!(packets.last().unwrap().is_err(), "{body:?}");
        assert!(packets[..packets.len() - 1].iter().all(Result::is_ok));
        assert!(!packets.contains(&Ok(text("lost"))));
    }
}

#[test]
fn version_3_counts_utf_16_units() {
    let packets = [text("€"), text("😀"), Packet::Noop];
    let (body, binary) = Payload3::encode(&packets, false);
    assert_eq!(body, "2:4€3:4😀1:6");
    assert!(!binary);
    let read: Vec<_> = v3("2:4€3:4😀1:6").into_iter().map(Result::unwrap).collect();
    assert_eq!(read, packets);
}

#[test]
fn version_3_has_base64_and_binary_payloads() {
    let packets = [text("€"), bytes(&[1, 2, 3, 4])];
    let (body, binary) = Payload3::encode(&packets, true);
    assert_eq!(body, "2:4€10:b4AQIDBA==");
    assert!(!binary);
    let (body, binary) = Payload3::encode(&packets, false);
    let golden: &[u8] = &[0, 4, 0xff, 0x34, 0xe2, 0x82, 0xac, 1, 5, 0xff, 4, 1, 2, 3, 4];
    assert_eq!(&body[..], golden);
    assert!(binary);
    let read: Vec<_> = Payload3::binary(body).map(Result::unwrap).collect();
    assert_eq!(read, packets);
    assert_eq!(Payload3::encode(&[], false).0, "0:");
    assert_eq!(v3("0:").len(), 0);
    assert_eq!(v3("0:0:1:60:"), [Ok(Packet::Noop)]);
}

#[test]
fn version_3_refuses_lengths_that_lie() {
    for body in [
        "4hi",
        ":4",
        "x:4",
        "9:4hi",
        "1:😀",
        "99999999999999999999:4",
        "-1:4",
        "2:4",
        "00:",
        "0:4",
    ] {
        assert!(v3(body).last().unwrap().is_err(), "{body:?}");
    }
    let bodies: [&[u8]; 7] = [
        &[0, 4],
        &[0, 0xff, 0x34],
        &[2, 1, 0xff, 0x34],
        &[0, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 0xff],
        &[0, 4, 2, 9, 4, 9, 6, 7, 2, 9, 7, 0xff, 0x34],
        &[0, 9, 0xff, 0x34],
        &[0, 2, 0xff, 0x34, 0xff],
    ];
    for body in bodies {
        assert!(v3_binary(body).last().unwrap().is_err(), "{body:?}");
    }
}

#[test]
fn jsonp_is_a_script_whose_index_is_digits_only() {
    let script = Jsonp::new("1);alert(2").script("4\"\u{2028}");
    assert_eq!(script, "___eio[12](\"4\\\"\\u2028\");");
}

#[test]
fn a_form_gives_line_feeds_back() {
    assert_eq!(Jsonp::payload(r"4a\nb\\nc\d"), "4a\nb\\nc\\d");
    assert_eq!(Jsonp::payload("\\"), "\\");
}

fn packet() -> impl Strategy<Value = Packet> {
    prop_oneof![
        // U+001E separates packets in version 4, which has no way to say it.
        "[^\u{1e}]{0,20}".prop_map(|data| Packet::Message(data.as_str().into())),
        proptest::collection::vec(any::<u8>(), 0..20).prop_map(|data| Packet::Message(data.into())),
        Just(Packet::Close),
        Just(Packet::Noop),
        "[^\u{1e}]{0,5}".prop_map(|data| Packet::Ping(data.into())),
    ]
}

proptest! {
    #[test]
    fn what_is_written_is_read(packets in proptest::collection::vec(packet(), 1..10), base64: bool) {
        let pieces: Vec<_> = packets.iter().map(Packet::to_piece).collect();
        let body = pieces.join(&0x1e);
        let read: Result<Vec<_>, _> = Payload::new(String::from_utf8(body).unwrap().into()).collect();
        prop_assert_eq!(read.as_ref(), Ok(&packets));
        let (body, binary) = Payload3::encode(&packets, base64);
        let payload = if binary {
            Payload3::binary(body)
        } else {
            Payload3::text(String::from_utf8(body.to_vec()).unwrap().into())
        };
        let read: Result<Vec<_>, _> = payload.collect();
        prop_assert_eq!(read.as_ref(), Ok(&packets));
    }

    #[test]
    fn nothing_that_comes_panics(body in proptest::collection::vec(any::<u8>(), 0..60)) {
        let text = String::from_utf8_lossy(&body).into_owned();
        let _ = Payload::new(text.as_str().into()).count();
        let _ = Payload3::text(text.into()).count();
        let _ = Payload3::binary(body.into()).count();
    }
}
