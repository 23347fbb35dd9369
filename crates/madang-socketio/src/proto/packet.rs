//! Packets (Socket.IO protocol 5, and 4 of Socket.IO 2.x).

use super::Args;
use madang_ws::Utf8Bytes;

/// A packet that has been received, attachments included.
///
/// ```
/// use madang_socketio::proto::{Decoder, PacketKind};
///
/// let packet = Decoder::default().receive("1/chat,".into())?.unwrap();
/// assert_eq!(packet.namespace, "/chat");
/// assert!(matches!(packet.kind, PacketKind::Disconnect));
/// # Ok::<(), madang_socketio::proto::DecodeError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Packet {
    /// The namespace; `/` if the packet names none. Socket.IO 2.x puts a query behind it: `/chat?token=1`.
    pub namespace: Utf8Bytes,
    /// What it says.
    pub kind: PacketKind,
}

/// What a packet says.
///
/// ```
/// use madang_socketio::proto::{Decoder, PacketKind};
///
/// for text in ["0{\"token\":\"s3cret\"}", "2[\"hello\",1]", "37[true]", "1"] {
///     let packet = Decoder::default().receive(text.into())?.unwrap();
///     match packet.kind {
///         PacketKind::Connect(auth) => println!("wants in, with {auth:?}"),
///         PacketKind::Event { name, args, id } => println!("{name}: {args:?}; to be acknowledged: {id:?}"),
///         PacketKind::Ack { id, args } => println!("of {id}: {args:?}"),
///         PacketKind::Disconnect => println!("leaves"),
///         PacketKind::ConnectError(_) => unreachable!("only servers send it"),
///     }
/// }
/// # Ok::<(), madang_socketio::proto::DecodeError>(())
/// ```
#[derive(Clone, Debug)]
pub enum PacketKind {
    /// `0`: the sender wants into the namespace. The argument, if there is one, is an object: what it authenticates with.
    Connect(Args),
    /// `1`: the sender leaves the namespace.
    Disconnect,
    /// `2` and `5`: an event.
    Event {
        /// Its name, the first item of the array. A number counts as its digits.
        name: Utf8Bytes,
        /// What follows the name.
        args: Args,
        /// By which it's to be acknowledged, if at all.
        id: Option<u64>,
    },
    /// `3` and `6`: an acknowledgement.
    Ack {
        /// Of the event with this id.
        id: u64,
        /// What it's acknowledged with.
        args: Args,
    },
    /// `4`: the sender refuses the connection. Only servers send it.
    ConnectError(Args),
}

/// Names that only the protocol's own events have: a packet may not carry them, and nobody may emit them.
pub const RESERVED_EVENTS: [&str; 6] = [
    "connect",
    "connect_error",
    "disconnect",
    "disconnecting",
    "newListener",
    "removeListener",
];

/// Whether an event may not have this name.
///
/// ```
/// assert!(madang_socketio::proto::is_reserved("disconnect"));
/// assert!(!madang_socketio::proto::is_reserved("message"));
/// ```
pub fn is_reserved(event: &str) -> bool {
    RESERVED_EVENTS.contains(&event)
}

/// Why messages aren't a packet: the sender's fault, and the end of its connection. The words are those of Node's decoder where it has some.
///
/// ```
/// use madang_socketio::proto::{DecodeError, Decoder};
///
/// let error = Decoder::default().receive("9".into()).unwrap_err();
/// assert_eq!(error, DecodeError::UnknownType('9'));
/// assert_eq!(error.code(), "sio_packet_type");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// There is no such type of packet.
    #[error("unknown packet type {0}")]
    UnknownType(char),
    /// The number of attachments isn't one.
    #[error("Illegal attachments")]
    Attachments,
    /// More attachments than [`Decoder`](super::Decoder) takes.
    #[error("too many attachments")]
    TooManyAttachments,
    /// What is said isn't what such a packet says, or isn't JSON or msgpack at all.
    #[error("invalid payload")]
    Payload,
    /// A text message where an attachment should be.
    #[error("got plaintext data when reconstructing a packet")]
    TextInsteadOfAttachment,
    /// A binary message that belongs to no packet.
    #[error("got binary data when not reconstructing a packet")]
    UnexpectedAttachment,
    /// A placeholder for an attachment that there isn't.
    #[error("illegal attachments")]
    Placeholder,
}

impl DecodeError {
    /// A stable identifier for logs.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::UnknownType(_) => "sio_packet_type",
            Self::Attachments => "sio_packet_attachments",
            Self::TooManyAttachments => "sio_packet_too_many_attachments",
            Self::Payload => "sio_packet_payload",
            Self::TextInsteadOfAttachment => "sio_packet_text_for_attachment",
            Self::UnexpectedAttachment => "sio_packet_unexpected_attachment",
            Self::Placeholder => "sio_packet_placeholder",
        }
    }
}
