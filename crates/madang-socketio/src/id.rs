//! Ids that nobody can guess.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use madang_hub::SessionId;
use std::sync::Arc;

/// What a new socket is called, drawn in one request to the system's random source.
pub(crate) struct Fresh {
    /// 20 characters of 120 random bits: what others see.
    pub(crate) id: Arc<str>,
    /// As many, of other bits: who knows it can come back as this socket.
    pub(crate) pid: Box<str>,
    pub(crate) session: SessionId,
}

impl Fresh {
    pub(crate) fn draw() -> Self {
        let bytes: [u8; 46] = random();
        let (id, rest) = bytes.split_at(15);
        let (pid, rest) = rest.split_at(15);
        let mut session = [0; 16];
        session.copy_from_slice(rest);
        Self {
            id: text::<20>(id).as_str().into(),
            pid: text::<20>(pid).as_str().into(),
            session: SessionId::new(u128::from_le_bytes(session)),
        }
    }
}

/// The prefix of a namespace's offsets.
pub(crate) fn prefix() -> String {
    text::<8>(&random::<6>())
}

/// Tells the servers of a cluster and their requests apart.
pub(crate) fn uid() -> u64 {
    u64::from_le_bytes(random())
}

fn random<const N: usize>() -> [u8; N] {
    // Ids that can be guessed would let anyone in as somebody else; a system without random numbers serves nobody.
    madang_engineio::random().unwrap_or_else(|error| panic!("the system has no random numbers: {error}"))
}

fn text<const LEN: usize>(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(LEN);
    URL_SAFE_NO_PAD.encode_string(bytes, &mut text);
    text
}
