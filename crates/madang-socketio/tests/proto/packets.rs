//! Packets that clients send, and those that they mustn't.

use madang_socketio::proto::{Acks, Arguments, DecodeError, Decoder, Packet, PacketKind, TooManyAcks, Value};
use madang_ws::Message;

fn decode(text: &str) -> Result<Option<Packet>, DecodeError> {
    Decoder::default().receive(text.into())
}

fn packet(text: &str) -> Packet {
    decode(text).unwrap().unwrap()
}

#[test]
fn clients_connect_with_and_without_a_namespace_and_with_what_they_authenticate_with() {
    for (text, namespace, auth) in [
        ("0", "/", None),
        ("0{\"token\":1}", "/", Some(1)),
        ("0/custom", "/custom", None),
        ("0/custom,", "/custom", None),
        ("0/custom,{\"token\":2}", "/custom", Some(2)),
        ("0/custom?token=3", "/custom?token=3", None),
    ] {
        let packet = packet(text);
        assert_eq!(packet.namespace, namespace, "{text}");
        let PacketKind::Connect(args) = packet.kind else {
            panic!("{text}")
        };
        #[derive(serde::Deserialize)]
        struct Auth {
            token: u8,
        }
        let read: Option<Auth> = args.read().unwrap();
        assert_eq!(read.map(|auth| auth.token), auth, "{text}");
    }
}

#[test]
fn events_have_names_ids_and_arguments() {
    for (text, namespace, name, id, count) in [
        (r#"2["a"]"#, "/", "a", None, 0),
        (r#"212["a",1,{"b":[]}]"#, "/", "a", Some(12), 2),
        (r#"2/n,0["a \"b\" \ud55c",null]"#, "/n", "a \"b\" 한", Some(0), 1),
        (r#"2/n,[7,"x"]"#, "/n", "7", None, 1),
        (r#"2[ "a" , 1 ]"#, "/", "a", None, 1),
    ] {
        let packet = packet(text);
        assert_eq!(packet.namespace, namespace, "{text}");
        let PacketKind::Event { name: n, args, id: i } = packet.kind else {
            panic!("{text}")
        };
        assert_eq!((&*n, i, args.len()), (name, id, count), "{text}");
    }
}

#[test]
fn what_is_no_packet_gets_the_words_of_nodes_decoder() {
    let deep = format!("2[\"a\",{}1{}]", "[".repeat(10_000), "]".repeat(10_000));
    assert!(decode(&deep).is_ok(), "checked without recursion");
    let PacketKind::Event { args, .. } = packet(&deep).kind else {
        panic!()
    };
    assert!(
        args.read::<Value>().is_err(),
        "and not read recursively without end either"
    );
    let digits = format!("5{}-[\"a\"]", "1".repeat(10_000_000));
    for (text, error) in [
        ("", "unknown packet type \0"),
        ("7", "unknown packet type 7"),
        ("한", "unknown packet type 한"),
        ("5", "Illegal attachments"),
        ("5-[\"a\"]", "Illegal attachments"),
        ("50-[\"a\"]", "Illegal attachments"),
        ("5x-[\"a\"]", "Illegal attachments"),
        ("51[\"a\"]", "Illegal attachments"),
        ("511-[\"a\"]", "too many attachments"),
        (&digits, "too many attachments"),
        ("0[]", "invalid payload"),
        ("0\"a\"", "invalid payload"),
        ("1{}", "invalid payload"),
        ("2", "invalid payload"),
        ("2{}", "invalid payload"),
        ("2[]", "invalid payload"),
        ("2[null]", "invalid payload"),
        ("2[\"a\"", "invalid payload"),
        ("2[\"a\"]x", "invalid payload"),
        ("2[\"disconnect\"]", "invalid payload"),
        ("2[\"\\u0063onnect\"]", "invalid payload"),
        ("2123456789012345678901[\"a\"]", "invalid payload"),
        ("3[]", "invalid payload"),
        ("31{}", "invalid payload"),
        ("4", "invalid payload"),
        ("4[]", "invalid payload"),
        (
            "51-[\"a\",{\"_placeholder\":true,\"num\":1}]",
            "illegal attachments",
        ),
        ("51-[\"a\",[{\"_placeholder\":true}]]", "illegal attachments"),
        (
            "51-[\"a\",{\"_placeholder\":true,\"num\":-1}]",
            "illegal attachments",
        ),
        (
            "51-[\"a\",{\"_placeholder\":true,\"num\":\"0\"}]",
            "illegal attachments",
        ),
    ] {
        let short: String = text.chars().take(40).collect();
        assert_eq!(decode(text).unwrap_err().to_string(), error, "{short}");
    }
}

#[test]
fn attachments_follow_their_packet_and_nothing_comes_between() {
    let binary = |n: u8| Message::from(vec![n]);
    let text = "52-9[\"a\",{\"_placeholder\":true,\"num\":1},{\"_placeholder\":true,\"num\":0}]";
    let mut decoder = Decoder::default();
    for _ in 0..2 {
        assert!(decoder.receive(text.into()).unwrap().is_none());
        assert!(decoder.receive(binary(1)).unwrap().is_none());
        let packet = decoder.receive(binary(2)).unwrap().unwrap();
        let PacketKind::Event {
            args, id: Some(9), ..
        } = packet.kind
        else {
            panic!()
        };
        let Arguments(args): Arguments<bytes::Bytes> = args.read().unwrap();
        assert_eq!(args, [vec![2], vec![1]]);
    }
    assert_eq!(
        decoder.receive(binary(3)).unwrap_err().to_string(),
        "got binary data when not reconstructing a packet"
    );
    let mut decoder = Decoder::default();
    assert!(decoder.receive(text.into()).unwrap().is_none());
    assert_eq!(
        decoder.receive("2[\"a\"]".into()).unwrap_err().to_string(),
        "got plaintext data when reconstructing a packet"
    );
}

#[test]
fn a_placeholder_may_have_its_keys_in_any_order() {
    let text = r#"52-["a",{"num":1,"_placeholder":true},{"x":{"more":0,"num":0,"_placeholder":true},"num":{"y":1.5}}]"#;
    let mut decoder = Decoder::default();
    assert!(decoder.receive(text.into()).unwrap().is_none());
    assert!(decoder.receive(vec![1].into()).unwrap().is_none());
    let packet = decoder.receive(vec![2].into()).unwrap().unwrap();
    let PacketKind::Event { args, .. } = packet.kind else {
        panic!()
    };
    let Arguments(args): Arguments<Value> = args.read().unwrap();
    let [Value::Binary(second), Value::Object(fields)] = &args[..] else {
        panic!("{args:?}")
    };
    assert_eq!(second, &vec![2]);
    assert_eq!(fields[0], ("x".to_owned(), Value::Binary(vec![1].into())));
    assert_eq!(fields[1].0, "num", "the number of nothing is any field");
    for wrong in ["2", "-1", "true", "[]"] {
        let text = format!(r#"52-["a",{{"num":{wrong},"_placeholder":true}}]"#);
        assert_eq!(
            decode(&text).unwrap_err().to_string(),
            "illegal attachments",
            "{wrong}"
        );
    }
}

#[test]
fn a_thousand_acknowledgements_may_be_owed_and_not_one_more() {
    let mut acks = Acks::default();
    (0..1_000).for_each(|id| acks.insert(id, id).unwrap());
    assert_eq!(acks.insert(1_000, 1_000), Err(TooManyAcks(1_000)));
    assert_eq!(acks.take(5_000), None, "an id that was never given");
    assert_eq!(acks.take(7), Some(7));
    acks.insert(1_000, 1_000).unwrap();
    assert_eq!(acks.drain().count(), 1_000);
    assert!(acks.is_empty());
}
