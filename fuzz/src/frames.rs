//! Bytes from a peer, whole and in pieces.

use crate::{Outcome, config};
use madang_ws::proto::{Config, Incoming};

/// Two bytes of configuration, one that sizes the pieces, and what the peer sends.
///
/// # Panics
/// When the pieces change the outcome, or something follows the end.
pub fn run(data: &[u8]) {
    let [flags, windows, size, input @ ..] = data else {
        return;
    };
    let config = config(*flags, *windows);
    let whole = read(&config, input, input.len().max(1));
    let pieces = read(&config, input, usize::from(*size).max(1));
    assert_eq!(whole.events, pieces.events);
    // Which fault may differ: a compressed message can be both too long and wrong.
    assert_eq!(
        whole.fault.is_some(),
        pieces.fault.is_some(),
        "{:?} or {:?}",
        whole.fault,
        pieces.fault
    );
    if config.deflate.is_none() {
        assert_eq!(whole.fault, pieces.fault);
    }
}

fn read(config: &Config, input: &[u8], size: usize) -> Outcome {
    let mut incoming = Incoming::new(config);
    let mut outcome = Outcome::default();
    for piece in input.chunks(size) {
        incoming.receive(&mut piece.to_vec());
        while outcome.add(incoming.poll_event(), &config.limits) {}
    }
    outcome
}
