//! Messages as publications of a hub: the bytes of each wire form.

use super::Payload;
use super::packet::write_base64;
use bytes::{BufMut, Bytes, BytesMut};
use madang_hub::WireForm;
use madang_ws::Message;
use madang_ws::proto::{Header, OpCode, deflate_once};

/// The bytes of messages that go together, such as a Socket.IO packet and its attachments, in one of the Engine.IO forms; none in other forms. Where the
/// form is compressed, messages of at least 1 KiB are, if `compress` says so.
///
/// ```
/// use madang_engineio::Message;
/// use madang_engineio::proto::encode_messages;
/// use madang_hub::WireForm;
///
/// let packet: [Message; 2] = ["an event".into(), vec![1, 2].into()];
/// let payload = encode_messages(WireForm::EngineIoPayload, &packet, true);
/// assert_eq!(payload, "4an event\u{1e}bAQI=");
/// let frames = encode_messages(WireForm::EngineIoFrames, &packet, true);
/// assert_eq!(frames, [&[0x81, 9][..], b"4an event", &[0x82, 2, 1, 2]].concat());
/// ```
pub fn encode_messages(form: WireForm, messages: &[Message], compress: bool) -> Bytes {
    match form {
        WireForm::EngineIoFrames => frames(messages, false, false),
        WireForm::DeflatedEngineIoFrames => frames(messages, false, compress),
        WireForm::EngineIo3Frames => frames(messages, true, false),
        WireForm::EngineIoPayload => payload(messages),
        _ => Bytes::new(),
    }
}

fn frames(messages: &[Message], type_byte: bool, compress: bool) -> Bytes {
    let len = messages
        .iter()
        .map(|message| message.len() + Header::MAX_LEN)
        .sum();
    let mut out = BytesMut::with_capacity(len);
    for message in messages {
        let (opcode, kind): (_, &[u8]) = match message {
            Message::Text(_) => (OpCode::Text, b"4"),
            Message::Binary(_) if type_byte => (OpCode::Binary, &[4]),
            Message::Binary(_) => (OpCode::Binary, &[]),
        };
        let data = message.as_bytes();
        if compress && data.len() >= DEFLATE_THRESHOLD {
            let whole = [kind, data].concat();
            if let Some(deflated) = deflate_once(DEFLATE_LEVEL, &whole) {
                header(opcode, true, deflated.len(), &mut out);
                out.put_slice(&deflated);
                continue;
            }
        }
        header(opcode, false, kind.len() + data.len(), &mut out);
        out.put_slice(kind);
        out.put_slice(data);
    }
    out.freeze()
}

fn header(opcode: OpCode, rsv1: bool, len: usize, out: &mut BytesMut) {
    let header = Header {
        fin: true,
        rsv1,
        opcode,
        mask: None,
        len: len as u64,
    };
    header.write(out);
}

fn payload(messages: &[Message]) -> Bytes {
    let mut out = BytesMut::with_capacity(messages.iter().map(|message| message.len() + 2).sum());
    for message in messages {
        if !out.is_empty() {
            out.put_u8(Payload::SEPARATOR);
        }
        match message {
            Message::Text(text) => {
                out.put_u8(b'4');
                out.put_slice(text.as_bytes());
            }
            Message::Binary(bytes) => write_base64(bytes, &mut out),
        }
    }
    out.freeze()
}

/// Node's threshold of `perMessageDeflate`.
const DEFLATE_THRESHOLD: usize = 1024;

/// As [`DeflateConfig`](madang_ws::DeflateConfig): live messages are short.
const DEFLATE_LEVEL: u32 = 1;
