//! Commands over Socket.IO, whichever namespace they come in: how many wait, who goes too fast, and how they are answered.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::PoisonError;
use std::sync::atomic::{AtomicUsize, Ordering};

use madang_socketio::{Ack, Socket};
use tokio_util::sync::CancellationToken;

use super::limits::{Caller, Manners};
use crate::chat::{Refusal, Written};
use crate::listener::Peer;

/// Commands of one socket that may wait for their turn: more than a page sends while one of them is carried out. A client that doesn't
/// wait for answers could fill the memory otherwise. Beyond: the socket is disconnected.
pub const WAITING_COMMANDS: usize = 256;

/// The commands of one socket.
#[derive(Debug)]
pub(super) struct Commands {
    /// Where its connection comes from.
    pub(super) caller: Caller,
    /// Cancelled when the socket is gone.
    pub(super) gone: CancellationToken,
    waiting: AtomicUsize,
    manners: std::sync::Mutex<Manners>,
}

impl Commands {
    pub(super) fn of(socket: &Socket) -> Self {
        let peer = socket.extensions().get::<Peer>();
        Self::from(Caller::at(
            peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.addr.ip()),
        ))
    }

    /// One more waits for its [turn](Self::has_turn); `false` if too many do, and the socket is disconnected.
    pub(super) fn may_wait(&self, socket: &Socket) -> bool {
        let may = self.waiting.fetch_add(1, Ordering::Relaxed) < WAITING_COMMANDS;
        if !may {
            tracing::info!(limit = WAITING_COMMANDS, "too many commands wait");
            socket.disconnect(true);
        }
        may
    }

    /// One of them waits no longer.
    pub(super) fn has_turn(&self) {
        self.waiting.fetch_sub(1, Ordering::Relaxed);
    }

    /// One was refused: who is refused too often for going too fast is sent away.
    pub(super) fn refused(&self, refusal: &Refusal, socket: &Socket) {
        let mut manners = self.manners.lock().unwrap_or_else(PoisonError::into_inner);
        if manners.are_lost(refusal) {
            tracing::info!("refused too often for going too fast");
            socket.disconnect(true);
        }
    }
}

impl From<Caller> for Commands {
    fn from(caller: Caller) -> Self {
        Self {
            caller,
            gone: CancellationToken::new(),
            waiting: AtomicUsize::new(0),
            manners: std::sync::Mutex::default(),
        }
    }
}

/// Acknowledges with an answer, or sends it as an event to who wants no acknowledgement.
pub(super) fn reply(socket: &Socket, ack: Ack, answer: Option<Written>) {
    let sent = match answer {
        None => ack.send(()),
        Some(answer) if ack.is_wanted() => ack.send(answer.into_value()),
        Some(answer) => socket.emit(answer.name, answer.body()),
    };
    if let Err(error) = sent {
        tracing::debug!(%error, "an answer came too late");
    }
}
