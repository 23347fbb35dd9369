//! Bodies of long-polling: payloads of Engine.IO 4 and 3, and forms of JSONP.

use bytes::Bytes;
use madang_engineio::proto::{InvalidPacket, Jsonp, Packet, Payload, Payload3};

/// A byte that says what the rest is.
///
/// # Panics
/// When what was read and written again is read otherwise.
pub fn run(data: &[u8]) {
    let [kind, body @ ..] = data else { return };
    let text = String::from_utf8_lossy(body);
    match kind % 4 {
        0 => {
            let Ok(packets) = read(Payload::new((&*text).into())) else {
                return;
            };
            // What separates packets in version 4 can't be in one that was read.
            let pieces: Vec<Bytes> = packets.iter().map(Packet::to_piece).collect();
            let again = String::from_utf8(pieces.join(&0x1e)).expect("pieces are text");
            assert_eq!(read(Payload::new(again.as_str().into())), Ok(packets));
        }
        1 => again3(read(Payload3::text((&*text).into()))),
        2 => again3(read(Payload3::binary(Bytes::copy_from_slice(body)))),
        _ => {
            let payload = Jsonp::payload(&text);
            assert!(payload.len() <= text.len());
            let script = Jsonp::new(&text).script(&payload);
            assert!(!script.contains(&b'\n'), "a script in one line");
        }
    }
}

fn read(packets: impl Iterator<Item = Result<Packet, InvalidPacket>>) -> Result<Vec<Packet>, InvalidPacket> {
    packets.collect()
}

fn again3(packets: Result<Vec<Packet>, InvalidPacket>) {
    let Ok(packets) = packets else { return };
    if packets.is_empty() {
        return;
    }
    let (body, binary) = Payload3::encode(&packets, false);
    let again = if binary {
        read(Payload3::binary(body))
    } else {
        let text = std::str::from_utf8(&body).expect("a payload without bytes is text");
        read(Payload3::text(text.into()))
    };
    assert_eq!(again, Ok(packets));
}
