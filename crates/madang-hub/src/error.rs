//! What can be refused, and whose fault it is.

use crate::limits::Limits;

/// A string that can't be a [`RoomName`](crate::RoomName) or a [`Key`](crate::Key).
///
/// The fault is with whoever chose the string: when it came from a peer, tell the peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidName {
    /// It has no characters.
    #[error("the name is empty")]
    Empty,
    /// It is longer than the type's `MAX_LEN`.
    #[error("the name has {len} bytes; at most {max} are allowed")]
    TooLong {
        /// Bytes it has.
        len: usize,
        /// Bytes it may have.
        max: usize,
    },
    /// It contains a control character (Unicode category Cc), which would corrupt a log line.
    #[error("the name has a control character at byte {at}")]
    ControlCharacter {
        /// Byte offset of the first one.
        at: usize,
    },
}

impl InvalidName {
    /// A stable identifier for logs and protocols.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Empty => "name_empty",
            Self::TooLong { .. } => "name_too_long",
            Self::ControlCharacter { .. } => "name_control_character",
        }
    }

    pub(crate) fn check(name: &str, max: usize) -> Result<(), Self> {
        if name.is_empty() {
            return Err(Self::Empty);
        }
        if name.len() > max {
            return Err(Self::TooLong { len: name.len(), max });
        }
        match name.char_indices().find(|(_, c)| c.is_control()) {
            Some((at, _)) => Err(Self::ControlCharacter { at }),
            None => Ok(()),
        }
    }
}

/// A bound of [`Limits`] was reached; the call changed nothing.
///
/// The fault is with whoever asked for one more: a peer for rooms, the application for policies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LimitReached {
    /// The member is already in [`Limits::rooms_per_member`] rooms.
    #[error("the member is in {limit} rooms, which is the limit")]
    RoomsPerMember {
        /// The limit in force.
        limit: usize,
    },
    /// [`Limits::policies`] rooms already have a policy of their own.
    #[error("{limit} rooms have a policy of their own, which is the limit")]
    Policies {
        /// The limit in force.
        limit: usize,
    },
}

impl LimitReached {
    /// A stable identifier for logs and protocols.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::RoomsPerMember { .. } => "limit_rooms_per_member",
            Self::Policies { .. } => "limit_policies",
        }
    }

    pub(crate) const fn rooms(limits: &Limits) -> Self {
        Self::RoomsPerMember {
            limit: limits.rooms_per_member,
        }
    }

    pub(crate) const fn policies(limits: &Limits) -> Self {
        Self::Policies {
            limit: limits.policies,
        }
    }
}
