//! What is sent, as a publication of the hub.

use crate::broadcast::Flags;
use crate::proto::{Args, Encode as _, EncodeError, Header, Messages, PacketKind, Parser};
use bytes::Bytes;
use madang_engineio::proto::encode_messages;
use madang_hub::{Encode, Publication, WireForm};
use madang_ws::Message;
use serde::Serialize;
use std::sync::Arc;

/// An event that is ready to be sent to anybody, in whatever form they speak: encoded once for each form, however many get it. Made by
/// [`Namespace::event`](crate::Namespace::event), sent by [`publish`](crate::BroadcastOperator::publish), or to rooms of the hub by
/// [`Publication::new`](madang_hub::Publication::new).
///
/// Members of the same rooms that speak plain WebSocket get the text `["event",args…]`, unless [`with_frame`](Self::with_frame) says otherwise; nothing, if the
/// arguments have bytes in them.
///
/// ```
/// # let io = madang_socketio::SocketIo::new();
/// let event = io.event("news", ("yard", 1))?;
/// assert_eq!(event.name(), "news");
/// io.to("readers").publish(&event);
/// for socket in io.sockets() {
///     socket.publish(&event)?; // again, without encoding it again
/// }
/// # Ok::<(), madang_socketio::EmitError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Event {
    pub(crate) name: Arc<str>,
    packet: Packet,
}

impl Event {
    pub(crate) fn new<T: Serialize + ?Sized>(
        parser: Parser,
        namespace: &str,
        name: &str,
        args: &T,
    ) -> Result<Self, EncodeError> {
        let packet = Packet::event(parser, Header::of(namespace), name, args)?;
        let packet = match parser {
            Parser::Json => packet,
            #[cfg(feature = "msgpack")]
            Parser::Msgpack => packet.with_text(name, args)?,
        };
        Ok(Self {
            name: name.into(),
            packet,
        })
    }

    /// What members of the same rooms that speak plain WebSocket get.
    ///
    /// ```
    /// # let io = madang_socketio::SocketIo::new();
    /// let event = io.event("news", ("yard", 1))?.with_frame("yard: 1");
    /// io.to("readers").publish(&event);
    /// # Ok::<(), madang_socketio::EmitError>(())
    /// ```
    #[must_use]
    pub fn with_frame(mut self, frame: impl Into<Message>) -> Self {
        self.packet.plain = Plain::Frame(frame.into());
        self
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn packet(&self) -> Packet {
        self.packet.clone()
    }

    pub(crate) fn frame(&self) -> Option<Message> {
        match &self.packet.plain {
            Plain::Frame(frame) => Some(frame.clone()),
            _ => None,
        }
    }

    pub(crate) fn args(&self, parser: Parser) -> Args {
        self.packet.args(parser).unwrap_or_default()
    }
}

impl Encode for Event {
    fn encode(&self, form: WireForm) -> Bytes {
        self.packet.encode(form)
    }

    fn size_hint(&self) -> Option<usize> {
        self.packet.size_hint()
    }
}

/// Messages that leave together.
#[derive(Clone, Debug)]
pub(crate) struct Packet {
    pub(crate) messages: Messages,
    plain: Plain,
    compress: bool,
}

/// What plain WebSocket members get of it.
#[derive(Clone, Debug)]
enum Plain {
    Nothing,
    /// This part of the text, and a bracket to close it.
    Part(u32, u32),
    Frame(Message),
}

impl Packet {
    pub(crate) fn event<T: Serialize + ?Sized>(
        parser: Parser,
        header: Header<'_>,
        name: &str,
        args: &T,
    ) -> Result<Self, EncodeError> {
        let messages = parser.event(header, name, args, None)?;
        let plain = match &messages[..] {
            [Message::Text(text)] => {
                let head = match header.namespace {
                    "/" => 1,
                    namespace => 1 + namespace.len() + 1,
                };
                let start = text[head..].find('[').map_or(text.len(), |at| head + at);
                // Without the bracket, before which there may be an offset later.
                Plain::Part(start as u32, (text.len() - 1) as u32)
            }
            _ => Plain::Nothing,
        };
        Ok(Self {
            messages,
            plain,
            compress: true,
        })
    }

    /// The same with an offset as its last argument, which plain WebSocket members don't get.
    pub(crate) fn with_offset(mut self, parser: Parser, header: Header<'_>, offset: &str) -> Self {
        parser.add_offset(&mut self.messages, header, offset);
        self
    }

    /// The same for plain WebSocket members, whichever parser the clients speak.
    pub(crate) fn with_text<T: Serialize + ?Sized>(
        mut self,
        name: &str,
        args: &T,
    ) -> Result<Self, EncodeError> {
        if let Plain::Nothing = self.plain {
            let messages = Parser::Json.event(Header::of("/"), name, args, None)?;
            if let [Message::Text(text)] = &messages[..] {
                self.plain = Plain::Frame(text[1..].into());
            }
        }
        Ok(self)
    }

    /// A packet that is for one client.
    pub(crate) fn of(messages: Messages) -> Self {
        Self {
            messages,
            plain: Plain::Nothing,
            compress: true,
        }
    }

    pub(crate) fn publication(mut self, flags: &Flags) -> Publication {
        self.compress = flags.compress;
        let mut publication = Publication::new(self).compress(flags.compress);
        if flags.volatile {
            publication = publication.volatile();
        }
        if let Some(key) = flags.key() {
            publication = publication.with_key(key.clone());
        }
        publication
    }

    fn plain(&self) -> Option<Message> {
        match (&self.plain, self.messages.first()) {
            (Plain::Frame(frame), _) => Some(frame.clone()),
            (Plain::Part(start, end), Some(Message::Text(text))) => {
                let part = text.get(*start as usize..*end as usize)?;
                Some(format!("{part}]").into())
            }
            _ => None,
        }
    }

    /// The arguments of an event.
    fn args(&self, parser: Parser) -> Option<Args> {
        let mut decoder = parser.decoder(self.messages.len());
        let mut packet = None;
        for message in &self.messages {
            packet = decoder.receive(message.clone()).ok()?;
        }
        match packet?.kind {
            PacketKind::Event { args, .. } => Some(args),
            _ => None,
        }
    }
}

impl Encode for Packet {
    fn encode(&self, form: WireForm) -> Bytes {
        match form {
            WireForm::Frame | WireForm::DeflatedFrame => {
                self.plain().map_or_else(Bytes::new, |frame| frame.encode(form))
            }
            _ => encode_messages(form, &self.messages, self.compress),
        }
    }

    fn size_hint(&self) -> Option<usize> {
        /// What frames and the packet itself take.
        const OVERHEAD: usize = 64;
        let bytes: usize = self.messages.iter().map(Message::len).sum();
        Some(OVERHEAD + bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(namespace: &str, id: Option<u64>, offset: Option<&str>) -> String {
        let header = Header { namespace, id };
        let mut packet = Packet::event(Parser::Json, header, "a[b", &(1, "[]")).unwrap();
        if let Some(offset) = offset {
            packet = packet.with_offset(Parser::Json, header, offset);
        }
        packet.plain().unwrap().as_text().unwrap().to_owned()
    }

    #[test]
    fn plain_members_get_name_and_arguments_alone() {
        for namespace in ["/", "/ch[at"] {
            for id in [None, Some(12)] {
                for offset in [None, Some("x7.12")] {
                    assert_eq!(plain(namespace, id, offset), r#"["a[b",1,"[]"]"#);
                }
            }
        }
    }

    #[test]
    fn an_event_gets_its_offset_when_it_is_sent() {
        let event = Event::new(Parser::Json, "/", "a", &(1, Bytes::from_static(b"b"))).unwrap();
        let packet = event.packet().with_offset(Parser::Json, Header::of("/"), "x7.12");
        assert_eq!(
            packet.messages[0].as_text().unwrap(),
            r#"51-["a",1,{"_placeholder":true,"num":0},"x7.12"]"#
        );
        for none in [WireForm::Frame, WireForm::Json, WireForm::EventStream] {
            assert!(event.packet.encode(none).is_empty(), "{none:?}");
        }
    }
}
