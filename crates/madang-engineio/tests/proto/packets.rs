//! Packets in WebSocket messages and as the wire forms of a hub.

use bytes::Bytes;
use madang_engineio::proto::{Packet, encode_messages};
use madang_engineio::{Message, Protocol};
use madang_hub::WireForm;

fn binary(bytes: &'static [u8]) -> Message {
    Message::Binary(Bytes::from_static(bytes))
}

#[test]
fn text_packets_are_a_type_and_data() {
    let packets = [
        (Packet::Open("{}".into()), "0{}"),
        (Packet::Close, "1"),
        (Packet::Ping("probe".into()), "2probe"),
        (Packet::Pong("".into()), "3"),
        (Packet::Message("헬로".into()), "4헬로"),
        (Packet::Upgrade, "5"),
        (Packet::Noop, "6"),
    ];
    for (packet, text) in packets {
        for protocol in [Protocol::V3, Protocol::V4] {
            assert_eq!(packet.to_message(protocol), Message::from(text));
            assert_eq!(Packet::from_message(text.into(), protocol).unwrap(), packet);
        }
    }
}

#[test]
fn binary_messages_have_a_type_byte_in_version_3_only() {
    let packet = Packet::Message(binary(&[1, 2, 3]));
    assert_eq!(packet.to_message(Protocol::V4), binary(&[1, 2, 3]));
    assert_eq!(packet.to_message(Protocol::V3), binary(&[4, 1, 2, 3]));
    assert_eq!(
        Packet::from_message(binary(&[1, 2, 3]), Protocol::V4).unwrap(),
        packet
    );
    assert_eq!(
        Packet::from_message(binary(&[4, 1, 2, 3]), Protocol::V3).unwrap(),
        packet
    );
    assert_eq!(
        Packet::from_message("b4AQID".into(), Protocol::V3).unwrap(),
        packet
    );
}

#[test]
fn what_is_no_packet_is_refused() {
    for text in ["", "7", "x", "헬"] {
        assert!(Packet::from_message(text.into(), Protocol::V4).is_err(), "{text}");
    }
    for bytes in [binary(&[]), binary(&[2, 1])] {
        assert!(Packet::from_message(bytes, Protocol::V3).is_err());
    }
    assert!(Packet::from_message("b2AQID".into(), Protocol::V3).is_err());
    assert!(Packet::from_message("b4!".into(), Protocol::V3).is_err());
}

#[test]
fn each_wire_form_has_its_bytes() {
    let messages = [Message::from("hi"), binary(&[1, 2, 3])];
    let encoded = |form| encode_messages(form, &messages, true);
    assert_eq!(
        &encoded(WireForm::EngineIoFrames)[..],
        b"\x81\x034hi\x82\x03\x01\x02\x03"
    );
    assert_eq!(
        &encoded(WireForm::EngineIo3Frames)[..],
        b"\x81\x034hi\x82\x04\x04\x01\x02\x03"
    );
    assert_eq!(&encoded(WireForm::EngineIoPayload)[..], b"4hi\x1ebAQID");
    assert_eq!(
        encoded(WireForm::DeflatedEngineIoFrames),
        encoded(WireForm::EngineIoFrames)
    );
    for other in [WireForm::Frame, WireForm::Json, WireForm::EventStream] {
        assert!(encoded(other).is_empty(), "{other:?}");
    }
}

#[test]
fn long_messages_are_compressed_unless_told_otherwise() {
    let messages = [Message::from("madang ".repeat(1000))];
    let plain = encode_messages(WireForm::EngineIoFrames, &messages, true);
    let deflated = encode_messages(WireForm::DeflatedEngineIoFrames, &messages, true);
    assert!(deflated.len() < plain.len() / 10);
    assert_eq!(deflated[0], 0xc1, "a text frame with RSV1");
    let told = encode_messages(WireForm::DeflatedEngineIoFrames, &messages, false);
    assert_eq!(told, plain);
}
