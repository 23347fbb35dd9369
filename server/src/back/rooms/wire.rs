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
    /// What all messages of a room are about.
    messages: Key,
}

impl Wire {
    pub(in crate::back) fn new(hub: Hub, namespace: Namespace) -> Self {
        let messages = Key::try_from("message").unwrap_or_else(|error| unreachable!("{error}"));
        Self {
            hub,
            namespace,
            messages,
        }
    }

    /// An event in the forms of both kinds of socket: by Socket.IO its `type` is the event's name. Who came over HTTP gets messages alone, which have a
    /// position.
    pub(in crate::back) fn publication(&self, event: &Event<'_>, position: Option<Position>) -> Publication {
        let written = event.write();
        let body = written.body();
        match self.namespace.event(written.name, &body) {
            Ok(event) => {
                let publication = Publication::new(Said {
                    event: event.with_frame(written.json),
                    position,
                    body: body.get().to_owned().into(),
                });
                // Where only the latest counts, that is the latest message.
                match position {
                    Some(_) => publication.with_key(self.messages.clone()),
                    None => publication,
                }
            }
            Err(error) => {
                tracing::error!(%error, event = written.name, "an event can't go by Socket.IO");
                Frame::from(written.json).into()
            }
        }
    }
}

/// What was said in a room.
struct Said {
    event: madang_socketio::Event,
    position: Option<Position>,
    /// Its JSON without the `type`.
    body: Bytes,
}

impl Encode for Said {
    fn encode(&self, form: WireForm) -> Bytes {
        match (form, self.position) {
            (WireForm::Json, Some(_)) => self.body.clone(),
            (WireForm::EventStream, Some(position)) => {
                // JSON as serde writes it has no line break.
                server_sent_event("message", Some(position), &self.body)
            }
            (WireForm::Json | WireForm::EventStream, None) => Bytes::new(),
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
