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
    pub(in crate::back) fn join(&self, room: &RoomName) {
        let refused = match self {
            Self::WebSocket(membership) => membership.join(room).err().map(|error| error.to_string()),
            Self::SocketIo(socket) => socket
                .join(within(socket, room))
                .err()
                .map(|error| error.to_string()),
        };
        if let Some(error) = refused {
            // It is in no other room: it is gone already, or this is a mistake of ours, and not worth a connection.
            tracing::warn!(error, "the hub refused a member");
        }
    }

    /// Something for this one alone, which comes behind what was published before.
    pub(in crate::back) fn send(&self, hub: &Hub, publication: Publication) {
        match self {
            Self::WebSocket(membership) => membership.send(publication),
            Self::SocketIo(socket) => hub.send(socket.member(), publication),
        }
    }

    pub(in crate::back) fn leave(&self, room: &RoomName) {
        match self {
            Self::WebSocket(membership) => membership.leave(room),
            Self::SocketIo(socket) => socket.leave(within(socket, room)),
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

/// What a room of the hub is called in the socket's namespace: those of all but the main one begin with it.
fn within<'a>(socket: &Socket, room: &'a RoomName) -> &'a str {
    let room = room.as_str();
    let inside = room.strip_prefix(socket.namespace().name());
    inside.and_then(|room| room.strip_prefix(',')).unwrap_or(room)
}

/// The session in the hub of whoever came by WebSocket or HTTP.
pub(in crate::back) fn hub_session(sender: Sender) -> SessionId {
    SessionId::new(sender.as_u128())
}
