//! What RFC 6455 §4-8 and RFC 7692 demand, one test per demand, against `madang_ws::proto`.
//! `docs/rfc6455.md` lists the demands and names the tests.

mod chunking;
mod closing;
mod control;
mod deflate;
mod end;
mod fragments;
mod framing;
mod handshake;
mod limits;
mod masking;
mod negotiation;
mod properties;
mod table;
mod text;
mod timers;
mod wire;
