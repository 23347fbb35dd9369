//! Randomness that nobody guesses: for secrets, and for what must not be there twice.

/// So many random bytes.
pub(crate) fn bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).unwrap_or_else(|error| unreachable!("the system has no randomness: {error}"));
    bytes
}
