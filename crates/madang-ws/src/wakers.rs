//! Who waits for a connection, and is woken when it moves on.

use crate::shared::Shared;
use std::task::{Context, Waker};

#[derive(Default)]
pub(crate) struct Wakers {
    receiver: Option<Waker>,
    senders: Vec<(Ticket, Waker)>,
    issued: u64,
}

/// The place of one who waits to send, whichever task polls it; the default one has no place yet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Ticket(u64);

impl Wakers {
    pub(crate) fn wait_to_receive(&mut self, cx: &Context<'_>) {
        match &mut self.receiver {
            Some(waker) => waker.clone_from(cx.waker()),
            empty => *empty = Some(cx.waker().clone()),
        }
    }

    pub(crate) fn wait_to_send(&mut self, ticket: &mut Ticket, cx: &Context<'_>) {
        if *ticket == Ticket::default() {
            self.issued += 1;
            *ticket = Ticket(self.issued);
        }
        match self.senders.iter_mut().find(|(other, _)| other == ticket) {
            Some((_, waker)) => waker.clone_from(cx.waker()),
            None => self.senders.push((*ticket, cx.waker().clone())),
        }
    }

    /// Strikes off one who waits no longer.
    pub(crate) fn forget(&mut self, ticket: Ticket) -> Option<Waker> {
        let index = self.senders.iter().position(|(other, _)| *other == ticket)?;
        Some(self.senders.swap_remove(index).1)
    }

    pub(crate) fn take_receiver(&mut self) -> Option<Waker> {
        self.receiver.take()
    }

    pub(crate) fn take_senders(&mut self) -> Vec<(Ticket, Waker)> {
        std::mem::take(&mut self.senders)
    }
}

/// Holds a place while a future waits. Given up with it: a peer that never reads mustn't keep the wakers of all who
/// ever tried to send to it.
pub(crate) struct Waiting<'a> {
    shared: &'a Shared,
    pub(crate) ticket: Ticket,
}

impl<'a> Waiting<'a> {
    pub(crate) fn new(shared: &'a Shared) -> Self {
        Self {
            shared,
            ticket: Ticket::default(),
        }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.shared.forget(self.ticket);
    }
}
