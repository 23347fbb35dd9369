//! The protocol without clock and socket: packets, their arguments, their encodings.
//!
//! ```text
//! packet    Packet, DecodeError               decoder   messages -> packets, attachments put in their places
//! args      Args: read as any type            value     Value: of any shape        json, msgpack   the parsers
//! ack       who waits for what                recovery  what a namespace remembers
//! ```

mod ack;
mod args;
mod decoder;
mod json;
#[cfg(feature = "msgpack")]
mod msgpack;
mod packet;
mod parser;
mod recovery;
mod value;

pub use self::{
    ack::{Acks, DEFAULT_MAX_PENDING_ACKS, TooManyAcks},
    args::{Args, Arguments, ReadError},
    decoder::{DEFAULT_MAX_ATTACHMENTS, Decoder},
    json::{EncodeError, Json},
    packet::{DecodeError, Packet, PacketKind, RESERVED_EVENTS, is_reserved},
    parser::{Encode, Header, Messages, Parser},
    recovery::{NotRecovered, Position, Recovery, RecoveryLimits},
    value::Value,
};
#[cfg(feature = "msgpack")]
pub use msgpack::Msgpack;
