//! Msgpack: the bytes of the npm packages (socket.io-msgpack-parser 3.0.2 on notepack.io 2.2.0), and what is no packet.

use bytes::Bytes;
use madang_socketio::proto::{
    Args, Arguments, DecodeError, Decoder, Encode, Header, Messages, Packet, PacketKind, Parser, Value,
};
use madang_ws::Message;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::BTreeMap;

const MSGPACK: Parser = Parser::Msgpack;

fn bytes(hex: &str) -> Vec<u8> {
    let digits = hex.as_bytes().chunks(2);
    digits
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}

fn decode(bytes: Vec<u8>) -> Result<Packet, DecodeError> {
    Decoder::msgpack()
        .receive(bytes.into())
        .map(|packet| packet.unwrap())
}

fn packet(hex: &str) -> Packet {
    decode(bytes(hex)).unwrap()
}

fn event(hex: &str) -> (String, String, Option<u64>, Args) {
    let packet = packet(hex);
    let PacketKind::Event { name, args, id } = packet.kind else {
        panic!("{hex}")
    };
    (packet.namespace.to_string(), name.to_string(), id, args)
}

fn header(namespace: &str, id: u64) -> Header<'_> {
    Header {
        namespace,
        id: Some(id),
    }
}

#[track_caller]
fn assert_bytes(messages: &Messages, hex: &str) {
    let [Message::Binary(made)] = messages.as_slice() else {
        panic!("one binary message")
    };
    assert_eq!(made, &bytes(hex));
}

/// What a packet of type 2 and namespace `/` is with these bytes as its data.
fn with_data(data: &[u8]) -> Vec<u8> {
    let mut packet = bytes("83a47479706502a36e7370a12fa464617461");
    packet.extend_from_slice(data);
    packet
}

#[test]
fn what_the_server_says_is_what_nodes_server_says() {
    assert_bytes(
        &MSGPACK.connect("/", Some(&json!({"sid": "abc"}))).unwrap(),
        "83a47479706500a46461746181a3736964a3616263a36e7370a12f",
    );
    assert_bytes(
        &MSGPACK.connect::<()>("/", None).unwrap(),
        "82a47479706500a36e7370a12f",
    );
    assert_bytes(
        &MSGPACK
            .connect_error(
                "/adm",
                &Error {
                    message: "nope",
                    data: Data { n: 1 },
                },
            )
            .unwrap(),
        "83a47479706504a46461746182a76d657373616765a46e6f7065a46461746181a16e01a36e7370a42f61646d",
    );
    assert_bytes(
        &MSGPACK
            .event(
                Header::of("/"),
                "hello",
                &(
                    "world",
                    1,
                    Shape {
                        a: (true, None),
                        f: 1.5,
                    },
                ),
                None,
            )
            .unwrap(),
        "83a47479706502a46461746194a568656c6c6fa5776f726c640182a16192c3c0a166cb3ff8000000000000a36e7370a12f",
    );
    assert_bytes(
        &MSGPACK
            .event(
                header("/chat", 200),
                "q",
                &[300, -200, 4_294_967_296_i64].as_slice(),
                None,
            )
            .unwrap(),
        "84a47479706502a46461746192a17193cd012cd1ff38cf0000000100000000a26964ccc8a36e7370a52f63686174",
    );
    assert_bytes(
        &MSGPACK
            .event(Header::of("/"), "bin", &Bytes::from_static(&[1, 2, 3]), None)
            .unwrap(),
        "83a47479706502a46461746192a362696ec403010203a36e7370a12f",
    );
    let mut long: Vec<Value> = vec![Value::String("가".repeat(20))];
    long.extend((0..16).map(|_| Value::Number(1.into())));
    assert_bytes(
        &MSGPACK
            .event(Header::of("/"), "l", &Arguments(long), None)
            .unwrap(),
        "83a47479706502a464617461dc0012a16cd93ceab080eab080eab080eab080eab080eab080eab080eab080eab080eab080eab080eab080eab080eab080eab080eab080eab080eab080eab080eab08001010101010101010101010101010101a36e7370a12f",
    );
    assert_bytes(
        &MSGPACK.event(Header::of("/"), "o", &1, Some("off")).unwrap(),
        "83a47479706502a46461746193a16f01a36f6666a36e7370a12f",
    );
    assert_bytes(
        &MSGPACK.ack(header("/", 3), "ok").unwrap(),
        "84a2696403a47479706503a46461746191a26f6ba36e7370a12f",
    );
    assert_bytes(&MSGPACK.disconnect("/chat"), "82a47479706501a36e7370a52f63686174");
}

#[derive(Serialize)]
struct Error {
    message: &'static str,
    data: Data,
}

#[derive(Serialize)]
struct Data {
    n: u8,
}

#[derive(Serialize)]
struct Shape {
    a: (bool, Option<u8>),
    f: f64,
}

#[test]
fn what_clients_say_is_understood() {
    let packet_of = packet;
    for (hex, namespace, token) in [
        ("83a47479706500a464617461d40000a36e7370a12f", "/", None),
        ("83a47479706500a464617461c0a36e7370a12f", "/", None),
        ("82a47479706500a36e7370a12f", "/", None),
        (
            "83a47479706500a46461746181a5746f6b656ea161a36e7370a52f63686174",
            "/chat",
            Some("a"),
        ),
    ] {
        let packet = packet_of(hex);
        assert_eq!(packet.namespace, namespace);
        let PacketKind::Connect(args) = packet.kind else {
            panic!("{hex}")
        };
        let auth: Option<BTreeMap<String, String>> = args.read().unwrap();
        assert_eq!(auth.as_ref().map(|auth| auth["token"].as_str()), token);
    }

    let (namespace, name, id, args) = event(
        "84a47479706502a46461746194a568656c6c6fa5776f726c640181a16192c3c0a76f7074696f6e7381a8636f6d7072657373c3a36e7370a12f",
    );
    assert_eq!((&*namespace, &*name, id), ("/", "hello", None));
    type Rest = BTreeMap<String, (bool, Option<u8>)>;
    let (word, number, rest): (String, u8, Rest) = args.read().unwrap();
    assert_eq!((&*word, number, &rest["a"]), ("world", 1, &(true, None)));

    let (namespace, name, id, args) = event(
        "85a47479706502a46461746197a171fbcb3ff8000000000000cf0000000100000000d3fffffee08e04fb35cd012cce00011170a76f7074696f6e7381a8636f6d7072657373c3a2696407a36e7370a52f63686174",
    );
    assert_eq!((&*namespace, &*name, id), ("/chat", "q", Some(7)));
    let numbers: (i8, f64, u64, i64, u16, f32) = args.read().unwrap();
    assert_eq!(
        numbers,
        (-5, 1.5, 4_294_967_296, -1_234_567_890_123, 300, 70_000.0)
    );

    let (.., args) = event("83a47479706502a46461746193a362696ec40301020381a162c702000405a36e7370a12f");
    let (node, mut browser): (Bytes, BTreeMap<String, Bytes>) = args.read().unwrap();
    assert_eq!(
        (node, browser.remove("b").unwrap()),
        (vec![1, 2, 3].into(), vec![4, 5].into())
    );

    let (.., args) = event(
        "83a47479706502a46461746193a175d4000082a164d7000000018bcfe5687ba165d700ffffffffffffffffa36e7370a12f",
    );
    let (undefined, dates): (Option<u8>, BTreeMap<String, String>) = args.read().unwrap();
    assert_eq!(undefined, None);
    assert_eq!(dates["d"], "2023-11-14T22:13:20.123Z");
    assert_eq!(dates["e"], "1969-12-31T23:59:59.999Z");

    let (_, name, ..) = event("83a47479706502a464617461922aa178a36e7370a12f");
    assert_eq!(name, "42");

    let PacketKind::Ack { id: 3, args } =
        packet_of("84a47479706503a2696403a46461746192a26f6b02a36e7370a12f").kind
    else {
        panic!()
    };
    assert_eq!(args.read::<(String, u8)>().unwrap(), ("ok".to_owned(), 2));

    let left = packet_of("82a47479706501a36e7370a52f63686174");
    assert!(matches!(left.kind, PacketKind::Disconnect));
    assert_eq!(left.namespace, "/chat");

    let refused = packet_of("83a47479706504a464617461a46e6f7065a36e7370a42f61646d");
    let PacketKind::ConnectError(args) = refused.kind else {
        panic!()
    };
    assert_eq!(args.read::<String>().unwrap(), "nope");
}

#[test]
fn dates_are_the_text_that_json_makes_of_them() {
    for (milliseconds, text) in [
        (0, Some("1970-01-01T00:00:00.000Z")),
        (951_782_400_000, Some("2000-02-29T00:00:00.000Z")),
        (951_868_800_000, Some("2000-03-01T00:00:00.000Z")),
        (4_107_542_399_999, Some("2100-02-28T23:59:59.999Z")),
        (-62_167_219_200_000, Some("0000-01-01T00:00:00.000Z")),
        (-62_167_219_200_001, Some("-000001-12-31T23:59:59.999Z")),
        (253_402_300_800_000, Some("+010000-01-01T00:00:00.000Z")),
        (8_640_000_000_000_000, Some("+275760-09-13T00:00:00.000Z")),
        (8_640_000_000_000_001, None),
        (i64::MIN, None),
    ] {
        let mut data = bytes("92a164d700");
        data.extend_from_slice(&i64::to_be_bytes(milliseconds));
        let PacketKind::Event { args, .. } = decode(with_data(&data)).unwrap().kind else {
            panic!()
        };
        assert_eq!(args.read::<Option<String>>().unwrap().as_deref(), text);
    }
    // Timestamps of msgpack's own, in their three sizes.
    for (hex, text) in [
        ("92a164d6ff65536e4b", "2023-11-14T12:55:39.000Z"),
        ("92a164d7ff1d4d840065536e4b", "2023-11-14T12:55:39.122Z"),
        ("92a164c70cff075353000000000065536e4b", "2023-11-14T12:55:39.122Z"),
    ] {
        let PacketKind::Event { args, .. } = decode(with_data(&bytes(hex))).unwrap().kind else {
            panic!()
        };
        assert_eq!(args.read::<String>().unwrap(), text, "{hex}");
    }
}

/// What is written can be read again, and both parsers agree on what it is.
#[test]
fn arguments_of_every_shape_are_the_same_with_both_parsers() {
    fn both<T: Serialize + for<'de> Deserialize<'de> + PartialEq + std::fmt::Debug>(value: &T) {
        for parser in [Parser::Json, MSGPACK] {
            let mut decoder = parser.decoder(10);
            let messages = parser.event(Header::of("/"), "e", &(value, 7), None).unwrap();
            let mut packet = None;
            for message in messages {
                assert!(packet.is_none());
                packet = decoder.receive(message).unwrap();
            }
            let PacketKind::Event { args, .. } = packet.unwrap().kind else {
                panic!()
            };
            let (read, seven): (T, u8) = args.read().unwrap();
            assert_eq!((&read, seven), (value, 7), "{parser:?}");
        }
    }
    #[derive(Serialize, Deserialize, PartialEq, Debug)]
    enum Kind {
        Unit,
        Newtype(u8),
        Tuple(u8, String),
        Struct { a: Option<Bytes> },
    }
    #[derive(Serialize, Deserialize, PartialEq, Debug)]
    struct Nothing;
    #[derive(Serialize, Deserialize, PartialEq, Debug)]
    struct Wrapped(Vec<Kind>);

    both(&(
        true,
        'x',
        "텍스트".to_owned(),
        -1_i8,
        u64::MAX,
        i64::MIN,
        0.5_f32,
        1.0_f64,
    ));
    both(&Some(Some(3)));
    both(&None::<u8>);
    both(&((), Nothing));
    both(&(7_u128, -7_i128));
    both(&Wrapped(vec![
        Kind::Unit,
        Kind::Newtype(1),
        Kind::Tuple(2, "two".to_owned()),
        Kind::Struct {
            a: Some(Bytes::from_static(b"3")),
        },
        Kind::Struct { a: None },
    ]));
    both(&BTreeMap::from([(1, "one".to_owned()), (-20, "two".to_owned())]));
    both(&"127.0.0.1".parse::<std::net::IpAddr>().unwrap());
    both(&vec!["x".repeat(40); 70_000]);
    both(&Bytes::from(vec![7; 70_000]));
    both(&json!({"a": [1, null, {"b": -2.5}]}));
    both(&Value::Object(vec![(
        "b".to_owned(),
        Value::Binary(Bytes::from_static(b"1")),
    )]));
}

#[test]
fn what_json_cannot_say_is_near_it() {
    let read = |messages: Messages| {
        let packet = Decoder::msgpack().receive(messages[0].clone()).unwrap().unwrap();
        let PacketKind::Event { args, .. } = packet.kind else {
            panic!()
        };
        args
    };
    let number = |value: &dyn Fn() -> Messages| read(value()).read::<f64>().unwrap();
    let event = |args: u128| MSGPACK.event(Header::of("/"), "e", &args, None).unwrap();
    assert_eq!(number(&|| event(u128::MAX)), u128::MAX as f64);
    assert!(number(&|| MSGPACK.event(Header::of("/"), "e", &f64::NAN, None).unwrap()).is_nan());
    // Another type than what was sent is an error that says which argument it is.
    let args = read(MSGPACK.event(Header::of("/"), "e", &(1, "a"), None).unwrap());
    let error = args.read::<(u8, u8)>().unwrap_err().to_string();
    assert!(error.starts_with("argument 2: "), "{error}");
    let error = args.read::<(u8, String, u8)>().unwrap_err().to_string();
    assert_eq!(error, "argument 3 is missing");
}

#[test]
fn what_is_no_packet_is_refused() {
    for (hex, error) in [
        ("", "invalid payload"),
        ("c0", "invalid payload"),
        ("80", "invalid payload"),
        // No namespace, no type, a wrong one.
        ("82a47479706502a46461746191a161", "invalid payload"),
        ("82a46461746191a161a36e7370a12f", "invalid payload"),
        (
            "83a47479706505a46461746191a161a36e7370a12f",
            "unknown packet type 5",
        ),
        ("83a4747970650aa46461746191a161a36e7370a12f", "invalid payload"),
        ("83a474797065ffa46461746191a161a36e7370a12f", "invalid payload"),
        ("83a474797065a132a46461746191a161a36e7370a12f", "invalid payload"),
        ("83a47479706502a46461746191a161a36e737001", "invalid payload"),
        // Ids.
        (
            "84a47479706502a46461746191a161a26964ffa36e7370a12f",
            "invalid payload",
        ),
        (
            "84a47479706502a46461746191a161a26964a131a36e7370a12f",
            "invalid payload",
        ),
        ("83a47479706503a46461746190a36e7370a12f", "invalid payload"),
        // Data.
        ("83a47479706500a46461746190a36e7370a12f", "invalid payload"),
        ("83a47479706501a46461746180a36e7370a12f", "invalid payload"),
        ("82a47479706502a36e7370a12f", "invalid payload"),
        ("83a47479706502a46461746180a36e7370a12f", "invalid payload"),
        ("83a47479706502a46461746190a36e7370a12f", "invalid payload"),
        ("83a47479706502a46461746191c0a36e7370a12f", "invalid payload"),
        (
            "83a47479706502a46461746191aa646973636f6e6e656374a36e7370a12f",
            "invalid payload",
        ),
        (
            "84a47479706503a46461746180a2696400a36e7370a12f",
            "invalid payload",
        ),
        ("83a47479706504a46461746190a36e7370a12f", "invalid payload"),
        // Something behind it, not UTF-8, a byte that means nothing.
        ("82a47479706501a36e7370a12f00", "invalid payload"),
        ("82a47479706501a36e7370a1ff", "invalid payload"),
        ("83a47479706502a46461746192a161c1a36e7370a12f", "invalid payload"),
    ] {
        assert_eq!(decode(bytes(hex)).unwrap_err().to_string(), error, "{hex}");
    }
    assert_eq!(
        Decoder::msgpack().receive("2[\"a\"]".into()).unwrap_err(),
        DecodeError::Payload
    );
    // Cut off anywhere.
    let whole = bytes("84a47479706502a46461746194a568656c6c6fa5776f726c640181a16192c3c0a2696407a36e7370a12f");
    assert!(decode(whole.clone()).is_ok());
    for len in 0..whole.len() {
        assert!(decode(whole[..len].to_vec()).is_err(), "{len}");
    }
}

#[test]
fn lengths_that_lie_are_found_out_at_once() {
    for hex in [
        "ddffffffff",
        "92a161ddffffffff",
        "92a161dfffffffff",
        "92a161dbffffffff61",
        "92a161c6ffffffff00",
        "92a161c9ffffffff0000",
        "92a161dcffff",
        "92a161deffff",
        "92a161c500ff",
        "92a161d8000000",
        // Arrays of arrays, each of which claims four billion.
        "92a161ddffffffffddffffffffddffffffffddffffffffdfffffffff",
    ] {
        assert_eq!(
            decode(with_data(&bytes(hex))).unwrap_err(),
            DecodeError::Payload,
            "{hex}"
        );
    }
    // The packet itself.
    assert_eq!(decode(bytes("dfffffffff")).unwrap_err(), DecodeError::Payload);
}

#[test]
fn depth_is_checked_without_recursion_and_read_to_128() {
    let nested = |head: &[u8], depth: usize| {
        let mut data = bytes("92a161");
        (0..depth).for_each(|_| data.extend_from_slice(head));
        data.push(0);
        let PacketKind::Event { args, .. } = decode(with_data(&data)).unwrap().kind else {
            panic!()
        };
        args
    };
    for head in [&[0x91][..], &[0x81, 0xa1, b'k']] {
        assert!(nested(head, 128).read::<Value>().is_ok());
        let error = nested(head, 129).read::<Value>().unwrap_err();
        assert_eq!(error.to_string(), "argument 1: recursion limit exceeded");
        assert!(nested(head, 1_000_000).read::<Value>().is_err());
        assert!(nested(head, 1_000_000).read::<serde::de::IgnoredAny>().is_ok());
    }
}

#[test]
fn a_key_of_another_kind_is_skipped_and_one_that_comes_twice_counts_last() {
    // {1: [0], "nsp": "/a", "nsp": "/b", "type": 1}
    let packet = packet("84019100a36e7370a22f61a36e7370a22f62a47479706501");
    assert_eq!(packet.namespace, "/b");
    // An array as a key.
    assert!(decode(bytes("839101c0a36e7370a12fa47479706501")).is_ok());
}
