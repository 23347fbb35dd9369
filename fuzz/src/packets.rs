//! Socket.IO packets in JSON: text and its attachments.

use madang_socketio::proto::{Arguments, Decoder, Encode, Header, Json, Packet, PacketKind};
use madang_ws::Message;

/// A byte for the number of attachments that are allowed, then messages: a byte for the type, one for the length, and what it says.
///
/// # Panics
/// When what was read and written again is read otherwise, or more attachments are awaited than may be.
pub fn run(data: &[u8]) {
    let [limit, messages @ ..] = data else { return };
    let mut decoder = Decoder::new(usize::from(limit % 12));
    for message in split(messages) {
        match decoder.receive(message) {
            Ok(Some(packet)) => again(&packet),
            Ok(None) => assert!(decoder.is_waiting()),
            Err(_) => return,
        }
    }
}

fn split(mut data: &[u8]) -> Vec<Message> {
    let mut messages = Vec::new();
    while let [kind, len, rest @ ..] = data {
        // The last message is whatever is left, so that long ones are no trouble.
        let len = if kind & 2 == 0 {
            rest.len()
        } else {
            usize::from(*len).min(rest.len())
        };
        let (body, rest) = rest.split_at(len);
        messages.push(match kind & 1 {
            0 => Message::from(String::from_utf8_lossy(body).into_owned()),
            _ => Message::from(body),
        });
        data = rest;
    }
    messages
}

/// Written again, it says the same.
fn again(packet: &Packet) {
    let PacketKind::Event { name, args, id } = &packet.kind else {
        return;
    };
    let Ok(read) = args.read::<Arguments>() else {
        return;
    };
    // A namespace with a query behind it is Socket.IO 2's, and isn't sent.
    let header = Header {
        namespace: &packet.namespace,
        id: *id,
    };
    let Ok(messages) = Json.event(header, name, &read, None) else {
        return;
    };
    let mut decoder = Decoder::new(usize::MAX);
    let mut decoded = None;
    for message in messages {
        assert!(decoded.is_none());
        decoded = decoder.receive(message).expect("our own packet is a good one");
    }
    let Some(Packet {
        kind:
            PacketKind::Event {
                name: again,
                args,
                id: id_again,
            },
        ..
    }) = decoded
    else {
        panic!("an event became something else");
    };
    assert_eq!((&again, &id_again), (name, id));
    assert_eq!(args.read::<Arguments>().expect("readable again"), read);
}
