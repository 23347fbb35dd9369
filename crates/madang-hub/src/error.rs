//! What can be refused, and whose fault it is.

use crate::{limits::Limits, position::Position};

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

/// A text that isn't an [`Epoch`](crate::Epoch): not 16 lowercase hexadecimal digits. The fault is the peer's, when it came from one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an epoch has 16 lowercase hexadecimal digits")]
pub struct InvalidEpoch;

impl InvalidEpoch {
    /// A stable identifier for logs and protocols.
    pub const fn code(&self) -> &'static str {
        "epoch_invalid"
    }
}

/// What came behind a position isn't known, so that the reader has to begin anew; nobody's fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}: positions from {} to {} of epoch {} are known", oldest.offset, newest.offset, newest.epoch)]
pub struct Lost {
    /// Why.
    pub reason: LostReason,
    /// The oldest position that can be answered.
    pub oldest: Position,
    /// The newest one, where reading may go on if what is missing can be done without.
    pub newest: Position,
}

impl Lost {
    /// A stable identifier for logs and protocols.
    pub const fn code(&self) -> &'static str {
        self.reason.code()
    }
}

/// Why a position can't be answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum LostReason {
    /// It is of another epoch: the room was numbered anew since.
    #[error("the position is of another epoch")]
    Epoch,
    /// Something behind it has been forgotten.
    #[error("the position is older than the history")]
    Expired,
    /// The room hasn't come that far: it may have lost what wasn't stored yet, or the number is made up.
    #[error("the position is ahead of the history")]
    Ahead,
}

impl LostReason {
    /// A stable identifier for logs and protocols.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Epoch => "position_of_another_epoch",
            Self::Expired => "position_expired",
            Self::Ahead => "position_ahead",
        }
    }
}
