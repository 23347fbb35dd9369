//! Socket.IO packets in msgpack.

use madang_socketio::proto::{Arguments, Decoder, Encode, Header, Msgpack, PacketKind};
use madang_ws::Message;

/// One message.
///
/// # Panics
/// When what was read and written again is read otherwise.
pub fn run(data: &[u8]) {
    let Ok(Some(packet)) = Decoder::msgpack().receive(Message::from(data)) else {
        return;
    };
    let PacketKind::Event { name, args, id } = &packet.kind else {
        return;
    };
    let Ok(read) = args.read::<Arguments>() else {
        return;
    };
    let header = Header {
        namespace: &packet.namespace,
        id: *id,
    };
    let Ok(messages) = Msgpack.event(header, name, &read, None) else {
        return;
    };
    let [message] = &messages[..] else {
        panic!("a msgpack packet is one message");
    };
    let decoded = Decoder::msgpack().receive(message.clone());
    let Ok(Some(again)) = decoded else {
        panic!("our own packet is refused: {decoded:?}");
    };
    let PacketKind::Event {
        name: name_again,
        args,
        id: id_again,
    } = &again.kind
    else {
        panic!("an event became something else");
    };
    assert_eq!((name_again, id_again), (name, id));
    let read_again = args.read::<Arguments>().expect("readable again");
    // Not a number isn't equal to itself.
    assert_eq!(format!("{read_again:?}"), format!("{read:?}"));
}
