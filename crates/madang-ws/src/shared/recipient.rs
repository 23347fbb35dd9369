//! What a hub's turn brings: written at once as far as the socket takes it, the rest by each entry's policy.

use super::{CORK, CORKED, Shared, State};
use crate::clock::now;
use bytes::Bytes;
use madang_hub::{Batch, Outbox, Overflow, Pushed, Recipient, WireForm};
use std::io::{self, IoSlice};

impl Recipient for Shared {
    fn deliver(&self, batch: &Batch<'_>) {
        let mut state = self.lock();
        if !state.begin() {
            return;
        }
        self.transmit_batch(&mut state, batch, self.form);
    }
}

impl Shared {
    pub(crate) fn takes_shared_deflate(&self) -> bool {
        self.form == WireForm::DeflatedFrame
    }

    /// Writes a batch in some form of whole frames.
    pub(crate) fn deliver_as(&self, batch: &Batch<'_>, form: WireForm) {
        let mut state = self.lock();
        if state.begin() {
            self.transmit_batch(&mut state, batch, form);
        }
    }

    /// As [`Self::deliver_as`], but to leave together with what is fed.
    pub(crate) fn feed_as(&self, batch: &Batch<'_>, form: WireForm) {
        let mut state = self.lock();
        if !state.begin() {
            return;
        }
        let joined = batch.joined(form);
        // What may have to be dropped has to know what the socket takes.
        let simple = batch
            .frames(form)
            .all(|(_, overflow)| overflow == Overflow::Disconnect);
        if simple && joined.len() + state.cork.len() <= CORKED && state.outbox.is_empty() {
            if state.cork.capacity() == 0 {
                state.cork.reserve(joined.len().max(CORK));
            }
            state.cork.extend_from_slice(joined);
        } else {
            self.transmit_batch(&mut state, batch, form);
        }
    }

    fn transmit_batch(&self, state: &mut State, batch: &Batch<'_>, form: WireForm) {
        let mut written = 0;
        if state.outbox.is_empty() && state.cork.is_empty() {
            let joined: &Bytes = batch.joined(form);
            match state.writer.write_now(&[IoSlice::new(joined)]) {
                Ok(all) if all == joined.len() => return,
                Ok(some) => written = some,
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => {}
                Err(e) => return self.broken(state, e.kind()),
            }
        }
        self.queue_batch(state, batch, form, written);
    }

    /// What didn't fit into the socket of a batch of which `written` bytes did.
    #[cold]
    fn queue_batch(&self, state: &mut State, batch: &Batch<'_>, form: WireForm, mut written: usize) {
        state.uncork();
        let tally = batch.tally(form);
        state.outbox.tell(tally);
        for (bytes, overflow) in batch.frames(form) {
            let pushed = if written == 0 {
                if overflow == Overflow::Volatile {
                    if !self.transmit_volatile(state, bytes) {
                        tally.count_volatile();
                    }
                    continue;
                }
                if state.outbox.cost() + bytes.len() + Outbox::ENTRY_OVERHEAD > state.outbox.limit() {
                    // Nobody is too slow for what the stream would take now.
                    let _ = self.poll_write(state);
                }
                if state.end.is_some() {
                    return;
                }
                state.outbox.push(bytes.clone(), overflow)
            } else {
                let here = written.min(bytes.len());
                written -= here;
                if here == bytes.len() {
                    Pushed::Queued
                } else {
                    state.outbox.push_started(bytes.slice(here..));
                    Pushed::Queued
                }
            };
            if pushed == Pushed::Overflowed {
                state.too_slow();
                self.wake_senders();
                self.wake_receiver();
                break;
            }
        }
        let _ = self.poll_write(state);
    }

    /// What doesn't leave at once is dropped, unless a part of it left. Whether it left.
    fn transmit_volatile(&self, state: &mut State, bytes: &Bytes) -> bool {
        let _ = self.poll_write(state);
        if state.end.is_some() || !state.outbox.is_empty() {
            return false;
        }
        match state.writer.write_now(&[IoSlice::new(bytes)]) {
            Ok(written) => {
                if written > 0 && written < bytes.len() {
                    state.outbox.push_started(bytes.slice(written..));
                }
                written > 0 || bytes.is_empty()
            }
            Err(e) => {
                if e.kind() != io::ErrorKind::WouldBlock {
                    self.broken(state, e.kind());
                }
                false
            }
        }
    }
}

impl State {
    /// Whether publications can be taken.
    fn begin(&mut self) -> bool {
        if self.timed {
            self.outgoing.busy(now());
        }
        self.check().is_ok()
    }
}
