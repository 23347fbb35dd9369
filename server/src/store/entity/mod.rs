//! The tables as SeaORM sees them.

pub(super) mod message;
pub(super) mod room;
