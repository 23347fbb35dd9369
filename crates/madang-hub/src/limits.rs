//! The bounds of a hub.

/// What a hub may hold at most. Change a field of [`Limits::default`] and give it to
/// [`Hub::with_limits`](crate::Hub::with_limits).
///
/// Bounds that are not a matter of configuration are constants of their types: [`RoomName::MAX_LEN`](crate::RoomName::MAX_LEN),
/// [`Key::MAX_LEN`](crate::Key::MAX_LEN). The limit of an outbox is given to [`Outbox::new`](crate::Outbox::new). The number of members
/// is the number of connections, which whoever accepts them bounds; the number of rooms is at most members times `rooms_per_member`.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Limits {
    /// Bytes that may wait in one shard for its flusher. The caller whose publish (join, leave, ...) makes it more empties the log
    /// itself before it returns, which slows publishers down to the speed of delivery; nothing is lost. So the log holds at most this and
    /// one operation per calling thread.
    ///
    /// A publication counts its [`Encode::size_hint`](crate::Encode::size_hint), every operation [`Limits::OPERATION_COST`] on top.
    ///
    /// Default 1 MiB: ten thousand chat messages in one turn, little enough to hold once per core.
    pub turn_log: usize,
    /// Rooms that one member may be in.
    ///
    /// Default 1,024: several times what a page with a watch list needs, and at most some 100 KiB per member that asks for all of it.
    pub rooms_per_member: usize,
    /// Rooms with a policy other than the default one, empty rooms included.
    ///
    /// Default 65,536: every symbol of the largest stock exchanges, in a few MiB.
    pub policies: usize,
}

impl Limits {
    /// Bytes that one operation in the turn log counts besides its publication: its place in the log.
    pub const OPERATION_COST: usize = 128;
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            turn_log: 1 << 20,
            rooms_per_member: 1024,
            policies: 1 << 16,
        }
    }
}
