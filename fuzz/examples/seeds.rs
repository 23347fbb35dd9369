//! Writes the seeds of the corpus: `cargo run --example seeds` in this folder.

use bytes::Bytes;
use madang_socketio::proto::{Arguments, Encode, Header as SioHeader, Msgpack};
use madang_ws::proto::{CloseCode, CloseFrame, Config, Connection, Deflate, Header, Message, OpCode, Role};
use std::io;
use std::path::Path;
use std::time::Instant;

fn main() -> io::Result<()> {
    for (role, flags) in [(Role::Client, 0u8), (Role::Server, 1)] {
        let side = format!("{role:?}").to_lowercase();
        for (name, bytes) in sessions(role) {
            let name = format!("from-{side}-{name}");
            write("frames", &name, &[&[flags, 0, 3], &bytes[..]])?;
            write(
                "frames",
                &format!("{name}-deflate"),
                &[&[flags | 0x0e, 0x3f, 5], &bytes[..]],
            )?;
            write("differential", &name, &[&[flags], &bytes[..]])?;
        }
        for (name, takeover) in [("takeover", 0x02u8), ("alone", 0x0e)] {
            let bytes = compressed(role, takeover == 0x02);
            write(
                "frames",
                &format!("from-{side}-compressed-{name}"),
                &[&[flags | takeover, 0x3f, 7], &bytes[..]],
            )?;
        }
    }
    for (name, text) in HANDSHAKES {
        for (variant, config) in [
            ("plain", [0u8; 4]),
            ("deflate", [7, 48, 7, 48]),
            ("takeover", [1, 8, 1, 20]),
        ] {
            write(
                "handshake",
                &format!("{name}-{variant}"),
                &[&config, text.as_bytes()],
            )?;
        }
    }
    for seed in 1..=8u8 {
        let noise = noise(seed.into(), 200 + usize::from(seed) * 40);
        write(
            "operations",
            &format!("random-{seed}"),
            &[&[seed.wrapping_mul(37), 0x3f], &noise],
        )?;
    }
    let text = "다시 안녕, 마당. Hello again, hello. ".repeat(12);
    for (name, payload) in [
        ("hello", &b"\xf2\x48\xcd\xc9\xc9\x07\x00"[..]),
        ("stored", b"\x00\x05\x00\xfa\xff\x48\x65\x6c\x6c\x6f\x00"),
        ("final", b"\xf3\x48\xcd\xc9\xc9\x07\x00\x00"),
        (
            "two-blocks",
            b"\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00",
        ),
        ("empty", b"\x00"),
        ("text", text.as_bytes()),
    ] {
        for flags in [0x12u8, 0x6e, 0x9a] {
            write(
                "deflate",
                &format!("{name}-{flags:02x}"),
                &[&[flags, 0x3f, 20], payload],
            )?;
        }
    }
    engine_io()?;
    socket_io()
}

/// Bodies and operations of Engine.IO.
fn engine_io() -> io::Result<()> {
    for (kind, name, body) in PAYLOADS {
        write("payload", name, &[&[kind], body])?;
    }
    for (name, operations) in SESSIONS {
        for flags in 0..4u8 {
            write("session", &format!("{name}-{flags}"), &[&[flags], operations])?;
        }
    }
    Ok(())
}

/// Packets of Socket.IO.
fn socket_io() -> io::Result<()> {
    for (name, text) in PACKETS {
        write("packets", name, &[&[11, 0, 0], text.as_bytes()])?;
    }
    let binary = br#"52-["img",{"a":{"_placeholder":true,"num":1}},{"_placeholder":true,"num":0}]"#;
    let len = [binary.len() as u8];
    write(
        "packets",
        "attachments",
        &[&[11, 2], &len, binary, &[3, 3, 1, 2, 3, 3, 1, 9]],
    )?;
    for (name, args) in [
        ("hello", serde_json::json!(["world", 1, -1, 1.5, null, true])),
        ("nested", serde_json::json!([{"a": [{"b": {"c": "d"}}]}, []])),
        ("empty", serde_json::json!([])),
        ("한글", serde_json::json!(["마당", "\u{1e}"])),
        ("long", serde_json::json!(["x".repeat(300), u64::MAX, i64::MIN])),
    ] {
        let header = SioHeader {
            namespace: "/chat",
            id: Some(7),
        };
        let args: Vec<serde_json::Value> = args.as_array().cloned().unwrap_or_default();
        let messages = Msgpack
            .event(header, name, &Arguments(args), None)
            .map_err(io::Error::other)?;
        write("msgpack", name, &[messages[0].as_bytes()])?;
    }
    Ok(())
}

const PAYLOADS: [(u8, &str, &[u8]); 7] = [
    (0, "v4", b"4hello\x1e2\x1e3probe\x1ebAQID\x1e1"),
    (0, "v4-wrong", b"4hello\x1e9"),
    (1, "v3", b"6:4hello1:210:b4AQIDBA=="),
    (1, "v3-units", "2:4\u{20ac}3:4\u{1f600}".as_bytes()),
    (
        2,
        "v3-binary",
        &[0, 4, 0xff, 0x34, 0xe2, 0x82, 0xac, 1, 5, 0xff, 4, 1, 2, 3, 4],
    ),
    (3, "jsonp", br"4a\nb\\nc\d"),
    (3, "jsonp-script", b"4\xe2\x80\xa8\""),
];

const SESSIONS: [(&str, &[u8]); 3] = [
    ("echo", &[2, 0, 5, 0x86, 2, 0, 0, 2]),
    ("upgrade", &[2, 0, 2, 7, 8, 0, 0x68, 0, 11]),
    ("silence", &[2, 0xfb, 0xfb, 0xfb, 0xfb, 0xfc]),
];

const PACKETS: [(&str, &str); 6] = [
    ("connect", r#"0/chat,{"token":"1"}"#),
    (
        "event",
        r#"2/chat,12["hello",{"a":[1,2.5,null,"\u00e9"]},"world"]"#,
    ),
    ("ack", r#"3/chat,12["ok"]"#),
    ("disconnect", "1/chat,"),
    ("placeholder", r#"51-["x",{"_placeholder":true,"num":9}]"#),
    ("deep", "2[\"x\",[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]"),
];

/// What a peer may send, by name.
fn sessions(role: Role) -> Vec<(&'static str, Vec<u8>)> {
    let frame = |first: OpCode, fin: bool, payload: &[u8]| {
        let mask = (role == Role::Client).then_some([0x37, 0xfa, 0x21, 0x3d]);
        Header {
            fin,
            rsv1: false,
            opcode: first,
            mask,
            len: payload.len() as u64,
        }
        .frame(payload)
    };
    let session = |frames: &[Bytes]| frames.concat();
    let long = vec![b'x'; 700];
    vec![
        (
            "text",
            session(&[frame(OpCode::Text, true, "안녕하세요".as_bytes())]),
        ),
        (
            "binary",
            session(&[
                frame(OpCode::Binary, true, &long),
                frame(OpCode::Binary, true, b""),
            ]),
        ),
        (
            "fragments",
            session(&[
                frame(OpCode::Text, false, &"안녕".as_bytes()[..2]),
                frame(OpCode::Ping, true, b"between"),
                frame(OpCode::Continuation, false, &"안녕".as_bytes()[2..]),
                frame(OpCode::Continuation, true, b""),
            ]),
        ),
        (
            "control",
            session(&[
                frame(OpCode::Ping, true, &[9; 125]),
                frame(OpCode::Pong, true, b""),
            ]),
        ),
        (
            "close",
            session(&[
                frame(OpCode::Close, true, b"\x03\xe8bye"),
                frame(OpCode::Text, true, b"late"),
            ]),
        ),
        (
            "wrong-utf8",
            session(&[frame(OpCode::Text, true, b"ok \xed\xa0\x80 no")]),
        ),
        (
            "wrong-order",
            session(&[frame(OpCode::Text, false, b"a"), frame(OpCode::Text, true, b"b")]),
        ),
        ("wrong-control", session(&[frame(OpCode::Ping, false, b"a")])),
        ("wrong-close", session(&[frame(OpCode::Close, true, b"\x03\xed")])),
    ]
}

/// Three compressed messages that refer to each other where they may.
fn compressed(role: Role, takeover: bool) -> Vec<u8> {
    let mut config = Config::new(role);
    config.deflate = Some(Deflate {
        server_no_context_takeover: !takeover,
        client_no_context_takeover: !takeover,
        server_max_window_bits: 15,
        client_max_window_bits: 15,
        level: 6,
        threshold: 0,
    });
    let now = Instant::now();
    let mut connection = Connection::new(&config, now);
    for text in [
        "the same words again and again",
        "the same words again and again",
        "",
    ] {
        connection.send(&Message::from(text), now).expect("open");
    }
    connection.close(Some(&CloseFrame::new(CloseCode::NORMAL, "")), now);
    std::iter::from_fn(|| connection.poll_transmit())
        .flatten()
        .collect()
}

/// The same noise each time.
fn noise(seed: u32, len: usize) -> Vec<u8> {
    let mut state = seed;
    (0..len)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            state as u8
        })
        .collect()
}

fn write(target: &str, name: &str, parts: &[&[u8]]) -> io::Result<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target);
    std::fs::create_dir_all(&folder)?;
    std::fs::write(folder.join(name), parts.concat())
}

const HANDSHAKES: [(&str, &str); 4] = [
    (
        "browser",
        "Host: 127.0.0.1:3000\nConnection: Upgrade\nUpgrade: websocket\nOrigin: http://a.test\nSec-WebSocket-Version: 13\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\nSec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\n\
         Sec-WebSocket-Protocol: chat, superchat\n",
    ),
    (
        "lists",
        "host: h\nconnection: keep-alive, upgrade\nupgrade: h2c, WebSocket\nsec-websocket-version: 13\n\
         sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\nsec-websocket-extensions: x-other; a=\"1\\\"\", permessage-deflate; \
         server_max_window_bits=\"10\"\nsec-websocket-extensions: permessage-deflate\nsec-websocket-protocol: v1.chat\n",
    ),
    (
        "answer",
        "upgrade: websocket\nconnection: Upgrade\nsec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\n\
         sec-websocket-protocol: chat\nsec-websocket-extensions: permessage-deflate; server_no_context_takeover; \
         client_no_context_takeover; server_max_window_bits=9; client_max_window_bits=9\n",
    ),
    (
        "wrong",
        "connection: close\nupgrade: websockets\nsec-websocket-version: 8\nsec-websocket-extensions: ;\n:\nno colon",
    ),
];
