//! What happens to slow readers, room by room.

use std::str::FromStr;

use madang_hub::Policy;
use thiserror::Error;

use crate::chat::Room;

/// What happens to the slow readers of a room, written as `ROOM=POLICY`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SlowReaders {
    /// The room.
    pub room: Room,
    /// `disconnect`, `drop-oldest` or `latest`.
    pub policy: Policy,
}

/// Not a room and a policy.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("isn't a room, = and disconnect, drop-oldest or latest, such as prices=latest")]
pub struct NotSlowReaders;

impl FromStr for SlowReaders {
    type Err = NotSlowReaders;

    fn from_str(text: &str) -> Result<Self, NotSlowReaders> {
        let (room, policy) = text.split_once('=').ok_or(NotSlowReaders)?;
        let policy = match policy {
            "disconnect" => Policy::Disconnect,
            "drop-oldest" => Policy::DropOldest,
            "latest" => Policy::Latest,
            _ => return Err(NotSlowReaders),
        };
        let room = room.parse().map_err(|_| NotSlowReaders)?;
        Ok(Self { room, policy })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_room_and_a_policy() {
        let slow_readers: SlowReaders = "마당=drop-oldest".parse().unwrap();
        assert_eq!(slow_readers.room.as_str(), "마당");
        assert_eq!(slow_readers.policy, Policy::DropOldest);
        for wrong in ["lobby", "lobby=", "=latest", "a b=latest", "lobby=newest"] {
            assert_eq!(wrong.parse::<SlowReaders>(), Err(NotSlowReaders), "{wrong}");
        }
    }
}
