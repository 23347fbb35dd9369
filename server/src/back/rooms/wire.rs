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
}

impl Wire {
    /// An event in the forms of both kinds of socket: by Socket.IO its `type` is the event's name. Who came over HTTP gets messages alone, which have a
    /// position.
    pub(in crate::back) fn publication(&self, event: &Event<'_>, position: Option<Position>) -> Publication {
        let over_http = position.map_or(OverHttp::Nothing, OverHttp::Message);
        let publication = self.encoded(event, over_http);
        match subject(event) {
            Some(subject) => publication.with_key(subject),
            None => publication,
        }
    }

    /// What a reader is told who was too slow for so many publications.
    pub(in crate::back) fn notice(&self, skipped: u64) -> Publication {
        self.encoded(&Event::Skipped { count: skipped }, OverHttp::Notice)
    }

    fn encoded(&self, event: &Event<'_>, over_http: OverHttp) -> Publication {
        let written = event.write();
        let body = written.body();
        match self.namespace.event(written.name, &body) {
            Ok(event) => Publication::new(Said {
                event: event.with_frame(written.json),
                over_http,
                body: body.get().to_owned().into(),
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
        _ => return None,
    };
    Key::try_from(&*subject).ok()
}

/// What was said in a room.
struct Said {
    event: madang_socketio::Event,
    over_http: OverHttp,
    /// Its JSON without the `type`.
    body: Bytes,
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
            (WireForm::Json, OverHttp::Message(_)) => self.body.clone(),
            // JSON as serde writes it has no line break.
            (WireForm::EventStream, OverHttp::Message(position)) => {
                server_sent_event("message", Some(position), &self.body)
            }
            (WireForm::EventStream, OverHttp::Notice) => server_sent_event("skipped", None, &self.body),
            (WireForm::Json | WireForm::EventStream, _) => Bytes::new(),
            (form, _) => self.event.encode(form),
        }
    }

    fn size_hint(&self) -> Option<usize> {
        self.event.size_hint()
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
