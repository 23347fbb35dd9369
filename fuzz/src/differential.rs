//! The same bytes for our reader and for tungstenite's.
//!
//! Whatever ours takes, tungstenite takes as well, with the same messages. Where ours
//! finds fault, tungstenite does too once it has the whole frame, except that tungstenite
//! * reads lengths in a longer form than needed (RFC 6455 §5.2 forbids them),
//! * answers a close frame with a forbidden code rather than failing on it (§7.4), and
//! * leaves a ping, a pong or a close that comes after its own failure unread.

use crate::Outcome;
use madang_ws::proto::{Config, Event, Fault, Incoming, Limits, Message, Role, Violation};
use std::io::{self, Cursor, Read, Write};
use tungstenite::protocol::{self, WebSocketConfig};
use tungstenite::{Error, WebSocket};

/// One byte for the role, and what the peer sends.
///
/// # Panics
/// When the two disagree in another way than said above.
pub fn run(data: &[u8]) {
    let [flags, input @ ..] = data else { return };
    let role = if flags & 1 == 0 {
        Role::Server
    } else {
        Role::Client
    };
    let (ours, faulty) = ours(role, input);
    let (theirs, failed) = theirs(role, input);
    let Some(fault) = ours.fault else {
        assert_eq!(
            ours.events.iter().map(brief).collect::<Vec<_>>(),
            theirs,
            "taken by us"
        );
        assert!(!failed, "taken by us, refused by tungstenite");
        return;
    };
    for (ours, theirs) in ours.events.iter().map(brief).zip(&theirs) {
        assert_eq!(&ours, theirs, "before the fault");
    }
    let Some(frame) = Frame::with(input, faulty).filter(|frame| frame.end <= input.len()) else {
        return;
    };
    let lenient =
        frame.longer_than_needed || matches!(fault, Fault::Violation(Violation::InvalidCloseCode(_)));
    assert!(failed || lenient, "refused by us: {fault}");
}

/// What both can say of an event: the reasons of close frames are not compared.
#[derive(Debug, PartialEq)]
enum Brief {
    Text(String),
    Binary(Vec<u8>),
    Ping(Vec<u8>),
    Pong(Vec<u8>),
    Close,
}

fn brief(event: &Event) -> Brief {
    match event {
        Event::Message(Message::Text(text)) => Brief::Text(text.to_string()),
        Event::Message(Message::Binary(bytes)) => Brief::Binary(bytes.to_vec()),
        Event::Ping(payload) => Brief::Ping(payload.to_vec()),
        Event::Pong(payload) => Brief::Pong(payload.to_vec()),
        Event::Close(_) => Brief::Close,
    }
}

/// Our outcome, and where the fault showed.
fn ours(role: Role, input: &[u8]) -> (Outcome, usize) {
    let mut config = Config::new(role);
    config.limits = Limits {
        frame: LIMIT,
        message: LIMIT,
        fragments: usize::MAX,
        ..Limits::default()
    };
    let mut incoming = Incoming::new(&config);
    let mut outcome = Outcome::default();
    for (at, byte) in input.iter().enumerate() {
        incoming.receive(&mut [*byte]);
        while outcome.add(incoming.poll_event(), &config.limits) {}
        if outcome.fault.is_some() {
            return (outcome, at);
        }
    }
    (outcome, input.len())
}

/// What tungstenite read, and whether it failed on it rather than ran out of bytes.
fn theirs(role: Role, input: &[u8]) -> (Vec<Brief>, bool) {
    let role = match role {
        Role::Server => protocol::Role::Server,
        Role::Client => protocol::Role::Client,
    };
    let config = WebSocketConfig::default()
        .max_message_size(Some(LIMIT))
        .max_frame_size(Some(LIMIT));
    let mut socket = WebSocket::from_raw_socket(Stream(Cursor::new(input)), role, Some(config));
    let mut out = Vec::new();
    loop {
        match socket.read() {
            Ok(tungstenite::Message::Text(text)) => out.push(Brief::Text(text.to_string())),
            Ok(tungstenite::Message::Binary(bytes)) => out.push(Brief::Binary(bytes.to_vec())),
            Ok(tungstenite::Message::Ping(payload)) => out.push(Brief::Ping(payload.to_vec())),
            Ok(tungstenite::Message::Pong(payload)) => out.push(Brief::Pong(payload.to_vec())),
            Ok(tungstenite::Message::Close(_)) => {
                out.push(Brief::Close);
                return (out, false);
            }
            Ok(tungstenite::Message::Frame(_)) => unreachable!("never read"),
            Err(Error::Protocol(tungstenite::error::ProtocolError::ResetWithoutClosingHandshake)) => {
                return (out, false);
            }
            Err(Error::Io(_) | Error::ConnectionClosed) => return (out, false),
            Err(_) => return (out, true),
        }
    }
}

/// A frame by its lengths alone.
struct Frame {
    end: usize,
    longer_than_needed: bool,
}

impl Frame {
    /// The frame that has the byte at `at`; `None` if its header is cut off.
    fn with(input: &[u8], at: usize) -> Option<Self> {
        let mut start = 0usize;
        loop {
            let second = *input.get(start + 1)?;
            let (len, header, needed) = match second & 0x7f {
                126 => (
                    u64::from(u16::from_be_bytes(
                        input.get(start + 2..start + 4)?.try_into().ok()?,
                    )),
                    4,
                    126,
                ),
                127 => (
                    u64::from_be_bytes(input.get(start + 2..start + 10)?.try_into().ok()?),
                    10,
                    0x1_0000,
                ),
                short => (u64::from(short), 2, 0),
            };
            let mask = if second & 0x80 == 0 { 0 } else { 4 };
            let end = (start + header + mask).saturating_add(usize::try_from(len).ok()?);
            if end > at {
                return Some(Self {
                    end,
                    longer_than_needed: len < needed,
                });
            }
            start = end;
        }
    }
}

struct Stream<'a>(Cursor<&'a [u8]>);

impl Read for Stream<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.0.read(buf)
    }
}

impl Write for Stream<'_> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        Ok(buf.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

const LIMIT: usize = 4096;
