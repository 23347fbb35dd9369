//! From messages to packets: attachments follow the text that they belong to.

use super::json;
use super::packet::{DecodeError, Packet, PacketKind};
use bytes::Bytes;
use madang_ws::Message;

/// Attachments that a packet may have (Node's `maxAttachments`): each is a message of its own that is kept until the last has come, so their number bounds
/// what one client can have the server keep.
pub const DEFAULT_MAX_ATTACHMENTS: usize = 10;

/// Puts packets together. One for each connection; after an error it's of no use any more.
///
/// What it keeps is one packet's text and at most [`max_attachments`](Self::new) messages.
///
/// ```
/// use madang_socketio::proto::{Decoder, PacketKind};
///
/// let packet = Decoder::default().receive("2/chat,7[\"hello\",\"world\"]".into())?.unwrap();
/// assert_eq!(packet.namespace, "/chat");
/// let PacketKind::Event { name, args, id } = packet.kind else { panic!() };
/// assert_eq!((&*name, id), ("hello", Some(7)));
/// assert_eq!(args.read::<String>()?, "world");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Decoder {
    max_attachments: usize,
    pending: Option<Box<Pending>>,
    #[cfg(feature = "msgpack")]
    msgpack: bool,
}

#[derive(Clone, Debug)]
struct Pending {
    packet: Packet,
    missing: usize,
    attachments: Vec<Bytes>,
}

impl Default for Decoder {
    fn default() -> Self {
        Self::new(DEFAULT_MAX_ATTACHMENTS)
    }
}

impl Decoder {
    /// A decoder of JSON packets with at most so many attachments.
    ///
    /// ```
    /// use madang_socketio::proto::{DecodeError, Decoder};
    ///
    /// let mut decoder = Decoder::new(1);
    /// let packet = "52-[\"two\",{\"_placeholder\":true,\"num\":0},{\"_placeholder\":true,\"num\":1}]";
    /// assert_eq!(decoder.receive(packet.into()).unwrap_err(), DecodeError::TooManyAttachments);
    /// ```
    pub fn new(max_attachments: usize) -> Self {
        Self {
            max_attachments,
            pending: None,
            #[cfg(feature = "msgpack")]
            msgpack: false,
        }
    }

    /// A decoder of msgpack packets, whose bytes are in them.
    ///
    /// ```
    /// use madang_socketio::proto::{Decoder, Encode as _, Header, Msgpack, PacketKind};
    ///
    /// let message = Msgpack.event(Header::of("/"), "hello", &7, None)?.remove(0);
    /// let packet = Decoder::msgpack().receive(message)?.unwrap();
    /// let PacketKind::Event { name, args, .. } = packet.kind else { panic!() };
    /// assert_eq!((&*name, args.read::<u32>()?), ("hello", 7));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[cfg(feature = "msgpack")]
    pub fn msgpack() -> Self {
        Self {
            msgpack: true,
            ..Self::new(0)
        }
    }

    /// Takes the next message; a packet, if it is complete with it.
    ///
    /// ```
    /// use madang_socketio::proto::Decoder;
    ///
    /// let mut decoder = Decoder::default();
    /// assert!(decoder.receive("51-[\"file\",{\"_placeholder\":true,\"num\":0}]".into())?.is_none());
    /// assert!(decoder.is_waiting());
    /// assert!(decoder.receive(vec![1, 2].into())?.is_some());
    /// # Ok::<(), madang_socketio::proto::DecodeError>(())
    /// ```
    ///
    /// # Errors
    /// The sender broke the protocol, and its connection must end.
    pub fn receive(&mut self, message: Message) -> Result<Option<Packet>, DecodeError> {
        #[cfg(feature = "msgpack")]
        if self.msgpack {
            return match message {
                Message::Binary(bytes) => super::msgpack::decode(&bytes).map(Some),
                Message::Text(_) => Err(DecodeError::Payload),
            };
        }
        match (message, self.pending.take()) {
            (Message::Text(_), Some(_)) => Err(DecodeError::TextInsteadOfAttachment),
            (Message::Text(text), None) => match json::decode(&text, self.max_attachments)? {
                (packet, 0) => Ok(Some(packet)),
                (packet, missing) => {
                    self.pending = Some(Box::new(Pending {
                        packet,
                        missing,
                        attachments: Vec::with_capacity(missing.min(DEFAULT_MAX_ATTACHMENTS)),
                    }));
                    Ok(None)
                }
            },
            (Message::Binary(_), None) => Err(DecodeError::UnexpectedAttachment),
            (Message::Binary(bytes), Some(mut pending)) => {
                pending.attachments.push(bytes);
                pending.missing -= 1;
                if pending.missing > 0 {
                    self.pending = Some(pending);
                    return Ok(None);
                }
                let Pending {
                    mut packet,
                    attachments,
                    ..
                } = *pending;
                if let PacketKind::Event { args, .. } | PacketKind::Ack { args, .. } = &mut packet.kind {
                    args.attach(attachments);
                }
                Ok(Some(packet))
            }
        }
    }

    /// Whether a packet's attachments are still to come.
    pub fn is_waiting(&self) -> bool {
        self.pending.is_some()
    }
}
