//! Where somebody sits in the hub, whichever way they came.

use madang_hub::{Hub, Membership, Publication, RoomName, SessionId};
use madang_socketio::Socket;

use crate::chat::Sender;

/// A member of the hub.
#[derive(Debug)]
pub(in crate::back) enum Seat {
    /// By a WebSocket of its own, whose session in the hub is the chat's sender.
    WebSocket(Membership),
    /// By Socket.IO, where every socket is a session of the hub, and may be one of several of the same chat session.
    SocketIo(Socket),
}

impl Seat {
    /// From now on what is published in the room arrives.
    pub(super) fn join(&self, room: &RoomName) {
        let refused = match self {
            Self::WebSocket(membership) => membership.join(room).err().map(|error| error.to_string()),
            Self::SocketIo(socket) => socket.join(room.as_str()).err().map(|error| error.to_string()),
        };
        if let Some(error) = refused {
            // It is in no other room: it is gone already, or this is a mistake of ours, and not worth a connection.
            tracing::warn!(error, "the hub refused a member");
        }
    }

    /// Something for this one alone, which comes behind what was published before.
    pub(super) fn send(&self, hub: &Hub, publication: Publication) {
        match self {
            Self::WebSocket(membership) => membership.send(publication),
            Self::SocketIo(socket) => hub.send(socket.member(), publication),
        }
    }

    pub(super) fn leave(&self, room: &RoomName) {
        match self {
            Self::WebSocket(membership) => membership.leave(room),
            Self::SocketIo(socket) => socket.leave(room.as_str()),
        }
    }

    /// Its session in the hub, where that isn't the chat's.
    pub(super) fn other_session(&self) -> Option<SessionId> {
        match self {
            Self::WebSocket(_) => None,
            Self::SocketIo(socket) => Some(socket.session()),
        }
    }
}

/// The session in the hub of whoever came by WebSocket or HTTP.
pub(in crate::back) fn hub_session(sender: Sender) -> SessionId {
    SessionId::new(sender.as_u128())
}
