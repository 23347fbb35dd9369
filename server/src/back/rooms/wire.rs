//! What is published, in the form of each way to a room.

use bytes::Bytes;
use madang_hub::{Encode, Hub, Key, Position, Publication, WireForm};
use madang_socketio::Namespace;
use madang_ws::Message as Frame;

use crate::chat::Event;

/// What events go out by.
#[derive(Clone, Debug)]
pub(in crate::back) struct Wire {
    pub(in crate::back) hub: Hub,
    /// Where the sockets of Socket.IO are, whose rooms are the hub's.
    pub(in crate::back) namespace: Namespace,
    /// Where those are who look at the market.
    pub(in crate::back) market: Namespace,
}

impl Wire {
    /// An event in the forms of both kinds of socket: by Socket.IO its `type` is the event's name. Who came over HTTP gets messages, which have a
    /// position, and by a stream what moderators do.
    pub(in crate::back) fn publication(&self, event: &Event<'_>, position: Option<Position>) -> Publication {
        let over_http = match (position, event) {
            (Some(position), _) => OverHttp::Message(position),
            (None, Event::Moderated { .. }) => OverHttp::Notice,
            (None, _) => OverHttp::Nothing,
        };
        let publication = self.encoded(event, over_http);
        match subject(event) {
            Some(subject) => publication.with_key(subject),
            None => publication,
        }
    }

    /// What a reader is told who was too slow for so many publications. Nobody knows here in which namespace they are: they hear it in both, and a client
    /// passes over what comes from one that it isn't in.
    pub(in crate::back) fn notice(&self, skipped: u64) -> Publication {
        let event = Event::Skipped { count: skipped };
        let notice = self.encoded(&event, OverHttp::Notice);
        let written = event.write();
        match self.market.event(written.name, written.body()) {
            Ok(market) => Publication::new(InBoth { notice, market }),
            Err(_) => notice,
        }
    }

    fn encoded(&self, event: &Event<'_>, over_http: OverHttp) -> Publication {
        let written = event.write();
        let (body, item) = (written.body(), written.item());
        match self.namespace.event(written.name, &body) {
            Ok(event) => Publication::new(Said {
                event: event.with_frame(written.json),
                over_http,
                name: written.name,
                item: String::from(Box::<str>::from(item)).into(),
            }),
            Err(error) => {
                tracing::error!(%error, event = written.name, "an event can't go by Socket.IO");
                Frame::from(written.json).into()
            }
        }
    }
}

/// What an event is about: where only the latest counts, it takes the place of an earlier one about the same. A message, which has none of these, is about the room.
fn subject(event: &Event<'_>) -> Option<Key> {
    let subject = match event {
        Event::Typing { name, .. } => format!("typing {name}"),
        Event::Joined { name } | Event::Left { name } => format!("presence {name}"),
        Event::Read { name, .. } => format!("read {name}"),
        _ => return None,
    };
    Key::try_from(&*subject).ok()
}

/// What was said in a room.
struct Said {
    event: madang_socketio::Event,
    over_http: OverHttp,
    /// Its `type`.
    name: &'static str,
    /// Its JSON as an entry of a list.
    item: Bytes,
}

/// What it is to those who came over HTTP.
#[derive(Clone, Copy)]
enum OverHttp {
    Message(Position),
    Notice,
    Nothing,
}

impl Encode for Said {
    fn encode(&self, form: WireForm) -> Bytes {
        match (form, self.over_http) {
            (WireForm::Json, OverHttp::Message(_)) => self.item.clone(),
            // JSON as serde writes it has no line break.
            (WireForm::EventStream, OverHttp::Message(position)) => {
                server_sent_event("message", Some(position), &self.item)
            }
            (WireForm::EventStream, OverHttp::Notice) => server_sent_event(self.name, None, &self.item),
            (WireForm::Json | WireForm::EventStream, _) => Bytes::new(),
            (form, _) => self.event.encode(form),
        }
    }

    fn size_hint(&self) -> Option<usize> {
        self.event.size_hint()
    }
}

/// The same in two namespaces.
struct InBoth {
    notice: Publication,
    market: madang_socketio::Event,
}

impl Encode for InBoth {
    fn encode(&self, form: WireForm) -> Bytes {
        let notice = self.notice.encoded(form);
        let between: &[u8] = match form {
            WireForm::EngineIoFrames | WireForm::DeflatedEngineIoFrames | WireForm::EngineIo3Frames => b"",
            WireForm::EngineIoPayload => b"\x1e",
            // Who isn't a socket of Socket.IO is in no namespace.
            _ => return notice.clone(),
        };
        [notice, between, &self.market.encode(form)].concat().into()
    }

    fn size_hint(&self) -> Option<usize> {
        self.market.size_hint().map(|size| 2 * size)
    }
}

/// One event of a stream (HTML, section 9.2.6), whose data is one line.
pub(in crate::back) fn server_sent_event(name: &str, position: Option<Position>, data: &[u8]) -> Bytes {
    let mut event = Vec::with_capacity(name.len() + data.len() + 64);
    if let Some(Position { offset, epoch }) = position {
        event.extend_from_slice(format!("id: {epoch}.{offset}\n").as_bytes());
    }
    event.extend_from_slice(format!("event: {name}\ndata: ").as_bytes());
    event.extend_from_slice(data);
    event.extend_from_slice(b"\n\n");
    event.into()
}
