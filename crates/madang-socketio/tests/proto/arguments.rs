//! What arguments are written as, and what they can be read as.

use bytes::Bytes;
use madang_socketio::proto::{Args, Arguments, Encode, Header, Json, Value};
use madang_ws::Message;
use serde::{Deserialize, Serialize};
use serde_json::json;

fn written(args: impl Serialize) -> String {
    let messages = Json.event(Header::of("/"), "e", &args, None).unwrap();
    messages[0].as_text().unwrap().to_owned()
}

#[derive(Serialize, Deserialize, Debug, PartialEq)]
struct File {
    name: String,
    content: Bytes,
    parts: Vec<Bytes>,
}

fn file() -> File {
    File {
        name: "a".to_owned(),
        content: Bytes::from_static(b"1"),
        parts: vec![Bytes::from_static(b"2"), Bytes::from_static(b"3")],
    }
}

#[test]
fn a_tuple_is_several_arguments_nothing_is_none_and_anything_else_is_one() {
    assert_eq!(written(()), r#"2["e"]"#);
    assert_eq!(written("a"), r#"2["e","a"]"#);
    assert_eq!(written((1,)), r#"2["e",1]"#);
    assert_eq!(written((1, "b", [2; 2])), r#"2["e",1,"b",[2,2]]"#);
    assert_eq!(written(vec![1, 2]), r#"2["e",[1,2]]"#);
    assert_eq!(written(Arguments(vec![1, 2])), r#"2["e",1,2]"#);
    assert_eq!(written(Arguments::<u8>(vec![])), r#"2["e"]"#);
    assert_eq!(written(Some(1)), r#"2["e",1]"#);
    assert_eq!(written(None::<u8>), r#"2["e",null]"#);
    assert_eq!(written(((), 1)), r#"2["e",null,1]"#);
    assert_eq!(written(json!({"a": [(1, 2)]})), r#"2["e",{"a":[[1,2]]}]"#);
    let ack = |args| {
        Json.ack(
            Header {
                namespace: "/",
                id: Some(4),
            },
            &args,
        )
        .unwrap()[0]
            .clone()
    };
    assert_eq!(ack(Arguments(vec![1, 2])), r"34[1,2]".into());
    assert_eq!(ack(Arguments(vec![])), r"34[]".into());
}

#[test]
fn an_offset_comes_last() {
    let event = |args: Arguments<u8>| Json.event(Header::of("/"), "e", &args, Some("o")).unwrap()[0].clone();
    assert_eq!(event(Arguments(vec![])), r#"2["e","o"]"#.into());
    assert_eq!(event(Arguments(vec![1, 2])), r#"2["e",1,2,"o"]"#.into());
}

#[test]
fn bytes_are_attachments_wherever_they_are_depth_first() {
    let messages = Json.event(
        Header {
            namespace: "/n",
            id: Some(7),
        },
        "e",
        &(Bytes::from_static(b"0"), file()),
        None,
    );
    let text = concat!(
        r#"54-/n,7["e",{"_placeholder":true,"num":0},{"name":"a","content":{"_placeholder":true,"num":1},"#,
        r#""parts":[{"_placeholder":true,"num":2},{"_placeholder":true,"num":3}]}]"#
    );
    let mut expected = vec![Message::from(text)];
    expected.extend([b"0", b"1", b"2", b"3"].map(|bytes| Message::Binary(Bytes::from_static(bytes))));
    assert_eq!(messages.unwrap().to_vec(), expected);
}

#[test]
fn what_was_written_can_be_read() {
    let args = Args::of(&(file(), 1, "b")).unwrap();
    assert_eq!(args.len(), 3);
    assert_eq!(
        args.read::<(File, u8, String)>().unwrap(),
        (file(), 1, "b".to_owned())
    );
    assert_eq!(args.read::<File>().unwrap(), file(), "the first alone");
    assert_eq!(
        args.read::<(File, u8)>().unwrap(),
        (file(), 1),
        "without the last"
    );
    args.read::<()>().unwrap();
    let Arguments(all): Arguments = args.read().unwrap();
    let Value::Object(fields) = &all[0] else { panic!() };
    assert_eq!(
        fields[1],
        ("content".to_owned(), Value::Binary(Bytes::from_static(b"1")))
    );
    assert_eq!(Args::of(&Arguments(all)).unwrap().read::<File>().unwrap(), file());
}

#[test]
fn bytes_are_found_in_every_shape_that_serde_has() {
    #[derive(Serialize, Deserialize, Debug, PartialEq)]
    enum Shape {
        New(Bytes),
        Tuple(u8, Bytes),
        Struct { bytes: Option<Bytes> },
        Unit,
    }
    #[derive(Serialize, Deserialize, Debug, PartialEq)]
    #[serde(untagged)]
    enum Untagged {
        Number(u8),
        Bytes(Bytes),
    }
    #[derive(Serialize, Deserialize, Debug, PartialEq)]
    struct Flat {
        #[serde(flatten)]
        rest: std::collections::BTreeMap<String, Value>,
    }
    #[derive(Serialize, Deserialize, Debug, PartialEq)]
    struct Newtype(Bytes);
    let bytes = || Bytes::from_static(b"x");
    let shapes = vec![
        Shape::New(bytes()),
        Shape::Tuple(1, bytes()),
        Shape::Struct { bytes: Some(bytes()) },
        Shape::Struct { bytes: None },
        Shape::Unit,
    ];
    let untagged = vec![Untagged::Number(3), Untagged::Bytes(bytes())];
    let flat = Flat {
        rest: [
            ("a".to_owned(), Value::Binary(bytes())),
            ("b".to_owned(), Value::Bool(true)),
        ]
        .into(),
    };
    let value = (shapes, untagged, flat, Newtype(bytes()), Some((bytes(), 1)));
    let args = Args::of(&value).unwrap();
    fn again<T: serde::de::DeserializeOwned>(args: &Args, _: &T) -> T {
        args.read().unwrap()
    }
    assert_eq!(again(&args, &value), value);
}

#[test]
fn what_is_missing_is_null_and_what_does_not_fit_says_where() {
    let args = Args::of(&("a", 300)).unwrap();
    assert_eq!(
        args.read::<(String, u16, Option<u8>)>().unwrap(),
        ("a".to_owned(), 300, None)
    );
    let error = |error: madang_socketio::proto::ReadError| error.to_string();
    assert_eq!(
        error(args.read::<(String, u16, u8)>().unwrap_err()),
        "argument 3 is missing"
    );
    let wrong = error(args.read::<(String, u8)>().unwrap_err());
    assert!(
        wrong.starts_with("argument 2: invalid value: integer `300`"),
        "{wrong}"
    );
    assert_eq!(
        error(Args::default().read::<String>().unwrap_err()),
        "argument 1 is missing"
    );
    assert_eq!(Args::default().read::<Option<String>>().unwrap(), None);
}
