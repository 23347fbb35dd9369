//! Which encoding a server speaks.

use super::{Decoder, EncodeError, Json};
use madang_ws::Message;
use serde::Serialize;
use smallvec::SmallVec;

/// The messages of one packet, which leave together: the packet, and its attachments.
///
/// ```
/// use madang_socketio::proto::{Encode as _, Json, Messages};
///
/// let messages: Messages = Json.disconnect("/chat");
/// assert_eq!(messages[0].as_text(), Some("1/chat,"));
/// ```
pub type Messages = SmallVec<[Message; 1]>;

/// Where a packet belongs.
///
/// ```
/// use madang_socketio::proto::{Encode as _, Header, Json};
///
/// let plain = Json.event(Header::of("/"), "hello", &(), None)?;
/// assert_eq!(plain[0].as_text(), Some(r#"2["hello"]"#));
/// let asked = Json.event(Header { namespace: "/chat", id: Some(7) }, "hello", &(), None)?;
/// assert_eq!(asked[0].as_text(), Some(r#"2/chat,7["hello"]"#));
/// # Ok::<(), madang_socketio::proto::EncodeError>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Header<'a> {
    /// The namespace.
    pub namespace: &'a str,
    /// By which an event is to be acknowledged, or of the event that is.
    pub id: Option<u64>,
}

impl<'a> Header<'a> {
    /// Of a packet without an id.
    pub fn of(namespace: &'a str) -> Self {
        Self { namespace, id: None }
    }
}

/// A parser's encoding half, in Node's word for both halves.
///
/// Arguments are whatever serializes: a tuple is several, `()` none, anything else one; bytes are attachments.
///
/// ```
/// use madang_socketio::proto::{Encode as _, Header, Json};
/// use serde_json::json;
///
/// let to_client = [
///     Json.connect("/chat", Some(&json!({ "sid": "x7Qd" })))?,
///     Json.event(Header::of("/chat"), "news", &(1, "two"), Some("x7Qd.1"))?,
///     Json.ack(Header { namespace: "/chat", id: Some(7) }, &true)?,
///     Json.connect_error("/admin", &json!({ "message": "not for you" }))?,
///     Json.disconnect("/chat"),
/// ];
/// let texts: Vec<_> = to_client.iter().map(|messages| messages[0].as_text().unwrap()).collect();
/// assert_eq!(texts, [
///     r#"0/chat,{"sid":"x7Qd"}"#,
///     r#"2/chat,["news",1,"two","x7Qd.1"]"#,
///     "3/chat,7[true]",
///     r#"4/admin,{"message":"not for you"}"#,
///     "1/chat,",
/// ]);
/// # Ok::<(), madang_socketio::proto::EncodeError>(())
/// ```
pub trait Encode {
    /// An event; with connection state recovery its last argument is the offset.
    ///
    /// # Errors
    /// When the arguments can't be encoded.
    fn event<T: Serialize + ?Sized>(
        &self,
        header: Header<'_>,
        event: &str,
        args: &T,
        offset: Option<&str>,
    ) -> Result<Messages, EncodeError>;

    /// An acknowledgement of the event with the header's id.
    ///
    /// # Errors
    /// When the arguments can't be encoded.
    fn ack<T: Serialize + ?Sized>(&self, header: Header<'_>, args: &T) -> Result<Messages, EncodeError>;

    /// The answer to CONNECT: an object. Socket.IO 2.x gets none.
    ///
    /// # Errors
    /// When the body can't be encoded.
    fn connect<T: Serialize + ?Sized>(
        &self,
        namespace: &str,
        body: Option<&T>,
    ) -> Result<Messages, EncodeError>;

    /// The refusal of CONNECT: an object, or text for Socket.IO 2.x.
    ///
    /// # Errors
    /// When the body can't be encoded.
    fn connect_error<T: Serialize + ?Sized>(
        &self,
        namespace: &str,
        body: &T,
    ) -> Result<Messages, EncodeError>;

    /// Leaves the namespace.
    fn disconnect(&self, namespace: &str) -> Messages;
}

/// The parser that a server and its clients have agreed on beforehand.
///
/// ```
/// use madang_socketio::proto::{Encode, Header, Parser};
///
/// let messages = Parser::Json.event(Header { namespace: "/chat", id: Some(3) }, "hello", &("world", 1), None)?;
/// assert_eq!(messages[0].as_text(), Some(r#"2/chat,3["hello","world",1]"#));
/// # Ok::<(), madang_socketio::proto::EncodeError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Parser {
    /// `socket.io-parser`, which every client has.
    #[default]
    Json,
    /// `socket.io-msgpack-parser`: smaller where there are many numbers or bytes.
    #[cfg(feature = "msgpack")]
    Msgpack,
}

impl Parser {
    /// The decoding half. `max_attachments` is for [`Parser::Json`] alone.
    ///
    /// ```
    /// use madang_socketio::proto::Parser;
    ///
    /// let mut decoder = Parser::Json.decoder(10);
    /// assert!(decoder.receive("2[\"hello\"]".into())?.is_some());
    /// # Ok::<(), madang_socketio::proto::DecodeError>(())
    /// ```
    pub fn decoder(self, max_attachments: usize) -> Decoder {
        match self {
            Self::Json => Decoder::new(max_attachments),
            #[cfg(feature = "msgpack")]
            Self::Msgpack => Decoder::msgpack(),
        }
    }

    /// Gives an event that has been encoded with this header and without an offset its offset: for those who know it only when the event leaves.
    pub fn add_offset(self, messages: &mut Messages, header: Header<'_>, offset: &str) {
        match (self, messages.first_mut()) {
            (Self::Json, Some(Message::Text(text))) => *text = super::json::with_offset(text, offset),
            #[cfg(feature = "msgpack")]
            (Self::Msgpack, Some(Message::Binary(bytes))) => {
                *bytes = super::msgpack::with_offset(bytes, header, offset);
            }
            _ => {}
        }
        // Which only msgpack has behind the arguments.
        let _ = header;
    }
}

macro_rules! either {
    ($self:ident, $parser:ident => $call:expr) => {
        match $self {
            Parser::Json => {
                let $parser = Json;
                $call
            }
            #[cfg(feature = "msgpack")]
            Parser::Msgpack => {
                let $parser = super::msgpack::Msgpack;
                $call
            }
        }
    };
}

impl Encode for Parser {
    fn event<T: Serialize + ?Sized>(
        &self,
        header: Header<'_>,
        event: &str,
        args: &T,
        offset: Option<&str>,
    ) -> Result<Messages, EncodeError> {
        either!(self, parser => parser.event(header, event, args, offset))
    }

    fn ack<T: Serialize + ?Sized>(&self, header: Header<'_>, args: &T) -> Result<Messages, EncodeError> {
        either!(self, parser => parser.ack(header, args))
    }

    fn connect<T: Serialize + ?Sized>(
        &self,
        namespace: &str,
        body: Option<&T>,
    ) -> Result<Messages, EncodeError> {
        either!(self, parser => parser.connect(namespace, body))
    }

    fn connect_error<T: Serialize + ?Sized>(
        &self,
        namespace: &str,
        body: &T,
    ) -> Result<Messages, EncodeError> {
        either!(self, parser => parser.connect_error(namespace, body))
    }

    fn disconnect(&self, namespace: &str) -> Messages {
        either!(self, parser => parser.disconnect(namespace))
    }
}
