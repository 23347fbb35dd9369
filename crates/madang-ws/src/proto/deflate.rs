//! permessage-deflate's two directions (RFC 7692 §7.2).
//!
//! Memory: a connection that keeps its context from message to message
//! ("takeover") holds, from its first compressed message on, about 270 KiB to
//! compress and 42 KiB to inflate at 15 window bits, halved by each bit less.
//! Without takeover it holds nothing between messages: contexts come from a
//! pool of at most [`POOLED`] each way per thread.

use super::{Fault, LimitExceeded, Role, Violation};
use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};
use std::cell::RefCell;

/// What this end would agree to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeflateConfig {
    /// Ask that the server forgets its context after each message. Default `true`: a
    /// server then keeps no compressor per connection, and compresses a broadcast once.
    pub server_no_context_takeover: bool,
    /// Ask that the client forgets its context after each message. Default `true`: a
    /// server then keeps no inflater per connection.
    pub client_no_context_takeover: bool,
    /// Largest window for what the server sends, 9 to 15 bits; others count as the nearest. Default 15.
    pub server_max_window_bits: u8,
    /// Largest window for what the client sends, 9 to 15 bits; others count as the nearest. Default 15.
    pub client_max_window_bits: u8,
    /// zlib's level, 0 to 9. Default 1: live messages are short, and the time is
    /// spent once per message, not once per download.
    pub level: u32,
    /// Messages of fewer bytes are sent as they are. Default 512: below that the
    /// saving is less than one TCP segment. With 0 every message is compressed, even one that grows.
    pub threshold: usize,
}

impl DeflateConfig {
    /// With windows that can stand in a header and that zlib has.
    pub(crate) fn in_range(&self) -> Self {
        Self {
            server_max_window_bits: self.server_max_window_bits.clamp(MIN_BITS, 15),
            client_max_window_bits: self.client_max_window_bits.clamp(MIN_BITS, 15),
            ..*self
        }
    }
}

impl Default for DeflateConfig {
    fn default() -> Self {
        Self {
            server_no_context_takeover: true,
            client_no_context_takeover: true,
            server_max_window_bits: 15,
            client_max_window_bits: 15,
            level: 1,
            threshold: 512,
        }
    }
}

/// What both ends agreed on (RFC 7692 §7.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deflate {
    /// The server compresses each message on its own.
    pub server_no_context_takeover: bool,
    /// The client compresses each message on its own.
    pub client_no_context_takeover: bool,
    /// Window of what the server sends, 8 to 15 bits.
    pub server_max_window_bits: u8,
    /// Window of what the client sends, 8 to 15 bits.
    pub client_max_window_bits: u8,
    /// zlib's level for what this end sends.
    pub level: u32,
    /// Messages of fewer bytes are sent as they are.
    pub threshold: usize,
}

impl Deflate {
    /// Takeover and window bits of what `role` sends.
    fn direction(&self, role: Role) -> (bool, u8) {
        match role {
            Role::Server => (!self.server_no_context_takeover, self.server_max_window_bits),
            Role::Client => (!self.client_no_context_takeover, self.client_max_window_bits),
        }
    }

    /// Whether a message compressed once, on its own and with the largest
    /// window, may be sent by a server to this connection.
    pub fn takes_shared_frames(&self) -> bool {
        self.server_no_context_takeover && self.server_max_window_bits == 15
    }
}

/// Compresses what one end sends.
#[derive(Debug)]
pub(crate) struct Deflater {
    agreed: Deflate,
    takeover: bool,
    bits: u8,
    /// Only with takeover, from the first compressed message on.
    context: Option<Compress>,
}

impl Deflater {
    /// For what `role` sends.
    pub(crate) fn new(agreed: Deflate, role: Role) -> Self {
        let (takeover, bits) = agreed.direction(role);
        Self {
            agreed,
            takeover,
            bits,
            context: None,
        }
    }

    /// The compressed payload, or `None` if the message is better sent as it is.
    pub(crate) fn deflate(&mut self, payload: &[u8]) -> Option<Vec<u8>> {
        // zlib has no raw window of 8 bits; who insists on one gets plain messages.
        if payload.len() < self.agreed.threshold || self.bits < MIN_BITS {
            return None;
        }
        if self.takeover {
            let context = self
                .context
                .get_or_insert_with(|| compressor(self.agreed.level, self.bits));
            // The context has seen the message, so the peer's must too: sent even if it grew.
            return Some(compress(context, payload));
        }
        let out = compress_alone(self.agreed.level, self.bits, payload);
        (self.agreed.threshold == 0 || out.len() < payload.len()).then_some(out)
    }
}

/// Compresses a message on its own with the largest window, as
/// [`Deflate::takes_shared_frames`] demands; `None` if it doesn't get smaller. `level` is zlib's.
pub fn once(level: u32, payload: &[u8]) -> Option<Vec<u8>> {
    Some(compress_alone(level, 15, payload)).filter(|out| out.len() < payload.len())
}

/// Compresses a message with a pooled compressor.
fn compress_alone(level: u32, bits: u8, payload: &[u8]) -> Vec<u8> {
    let mut context = COMPRESSORS
        .with_borrow_mut(|pool| {
            let at = pool
                .iter()
                .position(|pooled| (pooled.0, pooled.1) == (level, bits))?;
            Some(pool.swap_remove(at).2)
        })
        .unwrap_or_else(|| compressor(level, bits));
    let out = compress(&mut context, payload);
    context.reset();
    COMPRESSORS.with_borrow_mut(|pool| {
        if pool.len() < POOLED {
            pool.push((level, bits, context));
        }
    });
    out
}

fn compressor(level: u32, bits: u8) -> Compress {
    Compress::new_with_window_bits(Compression::new(level.min(9)), false, bits.clamp(MIN_BITS, 15))
}

/// RFC 7692 §7.2.1: compress, flush to a byte boundary, drop the flush's last 4 bytes.
fn compress(context: &mut Compress, payload: &[u8]) -> Vec<u8> {
    let start = context.total_in();
    let mut out = Vec::with_capacity(payload.len() / 2 + 64);
    loop {
        let done = (context.total_in() - start) as usize;
        // Only a stream already ended or a broken context is an error, and this one is neither.
        let status = context.compress_vec(&payload[done..], &mut out, FlushCompress::Sync);
        let consumed = (context.total_in() - start) as usize == payload.len();
        if status.is_err() || (consumed && out.len() < out.capacity()) {
            break;
        }
        out.reserve(out.capacity());
    }
    if out.ends_with(&TAIL) {
        out.truncate(out.len() - TAIL.len());
    }
    if out.is_empty() {
        // RFC 7692 §7.2.3.6: an empty message is one empty block.
        out.push(0);
    }
    out
}

/// Inflates what one end receives, one message after the other.
#[derive(Debug)]
pub(crate) struct Inflater {
    context: Decompress,
    takeover: bool,
    /// The last byte ended a final block: the next one begins a new stream.
    ended: bool,
}

impl Inflater {
    /// For what the peer of `role` sends.
    pub(crate) fn new(agreed: &Deflate, role: Role) -> Self {
        let peer = if role == Role::Server {
            Role::Client
        } else {
            Role::Server
        };
        let (takeover, bits) = agreed.direction(peer);
        let context = if takeover {
            Decompress::new_with_window_bits(false, bits.clamp(MIN_BITS, 15))
        } else {
            // A larger window than agreed inflates just as well, and one size fits the pool.
            INFLATERS
                .with_borrow_mut(Vec::pop)
                .unwrap_or_else(|| Decompress::new_with_window_bits(false, 15))
        };
        Self {
            context,
            takeover,
            ended: false,
        }
    }

    /// Inflates the next piece of a message onto `out`, which never exceeds `limit` by more than a byte.
    pub(crate) fn inflate(&mut self, mut piece: &[u8], out: &mut Vec<u8>, limit: usize) -> Result<(), Fault> {
        loop {
            if self.ended && !piece.is_empty() {
                // RFC 7692 §7.2.3.4: a message may have a final block before its end.
                self.context.reset(false);
                self.ended = false;
            }
            if out.len() == out.capacity() {
                // Twice as much each time, but no more than what tells that the limit is crossed.
                let room = out
                    .len()
                    .clamp(1024, 1 << 20)
                    .min(limit.saturating_add(1).saturating_sub(out.len()));
                out.reserve_exact(room);
            }
            let (seen, len) = (self.context.total_in(), out.len());
            let status = self
                .context
                .decompress_vec(piece, out, FlushDecompress::None)
                .map_err(|_| Violation::Inflate)?;
            let used = (self.context.total_in() - seen) as usize;
            piece = &piece[used..];
            if out.len() > limit {
                return Err(LimitExceeded::Message(limit).into());
            }
            match status {
                Status::StreamEnd => self.ended = true,
                _ if used == 0 && out.len() == len && !piece.is_empty() => {
                    return Err(Violation::Inflate.into());
                }
                _ => {}
            }
            if piece.is_empty() && (self.ended || out.len() < out.capacity()) {
                return Ok(());
            }
        }
    }

    /// Ends a message.
    pub(crate) fn finish(&mut self, out: &mut Vec<u8>, limit: usize) -> Result<(), Fault> {
        // RFC 7692 §7.2.2: what the sender dropped; needless after a final block.
        if !self.ended {
            self.inflate(&TAIL, out, limit)?;
        }
        Ok(())
    }

    /// This inflater for the next message with takeover, else back to the pool.
    pub(crate) fn keep(mut self) -> Option<Self> {
        if self.takeover {
            return Some(self);
        }
        self.context.reset(false);
        INFLATERS.with_borrow_mut(|pool| {
            if pool.len() < POOLED {
                pool.push(self.context);
            }
        });
        None
    }
}

thread_local! {
    static COMPRESSORS: RefCell<Vec<(u32, u8, Compress)>> = const { RefCell::new(Vec::new()) };
    static INFLATERS: RefCell<Vec<Decompress>> = const { RefCell::new(Vec::new()) };
}

/// Pooled contexts per thread and direction. A compressor is used within one call, so one
/// would do for one configuration; four allow for as many configurations or messages under way.
pub(crate) const POOLED: usize = 4;

/// The smallest raw window of zlib.
const MIN_BITS: u8 = 9;

/// The end of a sync flush (RFC 7692 §7.2.1).
const TAIL: [u8; 4] = [0x00, 0x00, 0xff, 0xff];

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn agreed(takeover: bool, bits: u8) -> Deflate {
        Deflate {
            server_no_context_takeover: !takeover,
            client_no_context_takeover: !takeover,
            server_max_window_bits: bits,
            client_max_window_bits: bits,
            level: 6,
            threshold: 0,
        }
    }

    fn inflate(
        inflater: &mut Inflater,
        payload: &[u8],
        piece: usize,
        limit: usize,
    ) -> Result<Vec<u8>, Fault> {
        let mut out = Vec::new();
        for piece in payload.chunks(piece) {
            inflater.inflate(piece, &mut out, limit)?;
        }
        inflater.finish(&mut out, limit)?;
        Ok(out)
    }

    proptest! {
        #[test]
        fn messages_come_back_whole(
            messages in prop::collection::vec(prop::collection::vec(0u8..4, 0..3000), 1..5),
            takeover: bool, bits in 9u8..=15, piece in 1usize..700,
        ) {
            let agreed = agreed(takeover, bits);
            let mut deflater = Deflater::new(agreed, Role::Server);
            let mut kept = None;
            for message in messages {
                let mut inflater = kept.take().unwrap_or_else(|| Inflater::new(&agreed, Role::Client));
                if let Some(compressed) = deflater.deflate(&message) {
                    prop_assert_eq!(&inflate(&mut inflater, &compressed, piece, 3000)?, &message);
                }
                kept = inflater.keep();
                prop_assert_eq!(kept.is_some(), takeover);
            }
        }
    }

    #[test]
    fn rfc_7692_section_7_2_3_examples() {
        let agreed = agreed(true, 15);
        let mut inflater = Inflater::new(&agreed, Role::Client);
        let hello = [0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00];
        assert_eq!(
            inflate(&mut inflater, &hello, 7, 100).as_deref(),
            Ok(&b"Hello"[..]),
            "7.2.3.1"
        );
        let again = [0xf2, 0x00, 0x11, 0x00, 0x00];
        assert_eq!(
            inflate(&mut inflater, &again, 7, 100).as_deref(),
            Ok(&b"Hello"[..]),
            "7.2.3.2"
        );
        let stored = [0x00, 0x05, 0x00, 0xfa, 0xff, 0x48, 0x65, 0x6c, 0x6c, 0x6f, 0x00];
        assert_eq!(
            inflate(&mut inflater, &stored, 3, 100).as_deref(),
            Ok(&b"Hello"[..]),
            "7.2.3.3"
        );
        let last = [0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, 0x00];
        assert_eq!(
            inflate(&mut inflater, &last, 3, 100).as_deref(),
            Ok(&b"Hello"[..]),
            "7.2.3.4"
        );
        let two = [
            0xf2, 0x48, 0x05, 0x00, 0x00, 0x00, 0xff, 0xff, 0xca, 0xc9, 0xc9, 0x07, 0x00,
        ];
        assert_eq!(
            inflate(&mut inflater, &two, 5, 100).as_deref(),
            Ok(&b"Hello"[..]),
            "7.2.3.5"
        );
        assert_eq!(
            inflate(&mut inflater, &[0], 1, 100).as_deref(),
            Ok(&b""[..]),
            "7.2.3.6"
        );
        assert_eq!(
            Deflater::new(agreed, Role::Server).deflate(b""),
            Some(vec![0]),
            "7.2.3.6"
        );
    }

    #[test]
    fn a_bomb_is_cut_off_while_inflating() {
        let bomb = once(9, &vec![0; 64 << 20]).expect("zeros compress");
        assert!(bomb.len() < 100_000);
        let mut inflater = Inflater::new(&agreed(false, 15), Role::Server);
        let mut out = Vec::new();
        let limit = 1 << 20;
        assert_eq!(
            inflater.inflate(&bomb, &mut out, limit),
            Err(LimitExceeded::Message(limit).into())
        );
        assert!(
            out.capacity() <= limit + 1,
            "no more was allocated than the limit allows: {}",
            out.capacity()
        );
    }

    #[test]
    fn rubbish_is_a_violation() {
        let mut inflater = Inflater::new(&agreed(true, 15), Role::Client);
        assert_eq!(
            inflate(&mut inflater, &[0xff; 20], 20, 100),
            Err(Violation::Inflate.into())
        );
    }

    #[test]
    fn what_does_not_shrink_is_sent_as_it_is() {
        let noise: Vec<u8> = (0..600u32)
            .map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8)
            .collect();
        let little = Deflate {
            threshold: 1,
            ..agreed(false, 15)
        };
        assert_eq!(Deflater::new(little, Role::Server).deflate(&noise[..16]), None);
        assert!(
            Deflater::new(agreed(false, 15), Role::Server)
                .deflate(&noise[..16])
                .is_some(),
            "no threshold"
        );
        let threshold = Deflate {
            threshold: 512,
            ..agreed(false, 15)
        };
        assert_eq!(Deflater::new(threshold, Role::Server).deflate(&[0; 511]), None);
        assert!(
            Deflater::new(threshold, Role::Server)
                .deflate(&[0; 512])
                .is_some()
        );
        assert_eq!(
            Deflater::new(agreed(true, 8), Role::Server).deflate(&[0; 512]),
            None,
            "no 8-bit window"
        );
    }
}
