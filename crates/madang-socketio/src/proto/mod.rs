//! The protocol without clock and socket: packets, their arguments, their encodings.
//!
//! ```text
//! packet    Packet, DecodeError               decoder   messages -> packets, attachments put in their places
//! args      Args: read as any type            value     Value: of any shape        json, msgpack   the parsers
//! ```

mod args;
mod decoder;
mod json;
mod packet;
mod parser;
mod value;

pub use self::{
    args::{Args, Arguments, ReadError},
    decoder::{DEFAULT_MAX_ATTACHMENTS, Decoder},
    json::{EncodeError, Json},
    packet::{DecodeError, Packet, PacketKind, RESERVED_EVENTS, is_reserved},
    parser::{Encode, Header, Messages, Parser},
    value::Value,
};
