//! Commands over Socket.IO, whichever namespace they come in: how many wait, who goes too fast, and how they are answered.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, Weak};

use madang_socketio::proto::Args;
use madang_socketio::{Ack, EventName, Socket};
use tokio_util::sync::CancellationToken;

use super::app::App;
use super::limits::{Caller, Manners};
use crate::chat::{Refusal, Written};
use crate::listener::Peer;

/// Commands of one socket that may wait for their turn: more than a page sends while one of them is carried out. A client that doesn't
/// wait for answers could fill the memory otherwise. Beyond: the socket is disconnected.
pub const WAITING_COMMANDS: usize = 256;

/// How a namespace says why something isn't done.
pub(super) type Error = fn(Refusal) -> Written;

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

    /// Counts that the socket has come, as a request: to come and go again and again would cost nothing otherwise. `false` if it's one too many, and
    /// the socket is told so and disconnected.
    pub(super) fn may_come(&self, socket: &Socket, app: &App, error: Error) -> bool {
        let Err(refusal) = app.admit(self.caller, 0) else {
            return true;
        };
        let error = error(refusal);
        if let Err(error) = socket.emit(error.name, error.body()) {
            tracing::debug!(%error, "somebody was gone before being told");
        }
        socket.disconnect(true);
        false
    }

    /// Counts events that are none of the namespace's commands as well. Nobody answers them, but that they are too many.
    pub(super) fn count_others(
        self: &Arc<Self>,
        socket: &Socket,
        names: &'static [&'static str],
        app: &Weak<App>,
        error: Error,
    ) {
        let (commands, app) = (self.clone(), app.clone());
        socket.on_any(move |socket: Socket, name: EventName, args: Args, ack: Ack| {
            let app = app.upgrade().filter(|_| !names.contains(&&*name));
            let commands = commands.clone();
            async move {
                let Some(app) = app else { return };
                if let Err(refusal) = app.admit(commands.caller, size(&name, &args)) {
                    reply(&socket, ack, Some(error(refusal.clone())));
                    commands.refused(&refusal, &socket);
                }
            }
        });
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

/// How many bytes an event counts for.
pub(super) fn size(name: &str, args: &Args) -> usize {
    name.len() + args.size()
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
