//! A shard: some of the members, with a log of their own and one flusher.

use std::{
    cell::Cell,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::Waker,
};

use smallvec::SmallVec;

use crate::{
    fanout,
    id::{MemberId, RoomName, SessionId},
    limits::Limits,
    log::{Log, Op, Post},
    members::Members,
    policy::Slow,
    stats::Stats,
    sync::{Mutex, MutexGuard, lock, thread_local, try_lock},
};

/// Two locks, always taken in this order: `state` for as long as it takes to deliver, `log` for a push or a swap.
pub(crate) struct Shard {
    state: Mutex<State>,
    log: Mutex<Log>,
    /// Of how many shards it is one: a member id holds `slot * shards + shard`.
    shards: u32,
    index: u32,
    slow: Arc<Slow>,
    limits: Arc<Limits>,
    counters: Counters,
}

impl Shard {
    pub(crate) fn new(index: u32, shards: u32, slow: Arc<Slow>, limits: Arc<Limits>) -> Self {
        Self {
            state: Mutex::new(State::default()),
            log: Mutex::new(Log::default()),
            shards,
            index,
            slow,
            limits,
            counters: Counters::default(),
        }
    }

    /// Gives out an id, and lets `op` say what enters the log with it. The lowest free slot is taken under the same lock, so that a
    /// slot's next owner always comes after the exit of the one before.
    pub(crate) fn enter(&self, op: impl FnOnce(u32, MemberId) -> Op) -> MemberId {
        let mut log = lock(&self.log);
        let (slot, serial) = log.allocate();
        let place = slot
            .checked_mul(self.shards)
            .and_then(|place| place.checked_add(self.index));
        let id = MemberId::new(serial, place.expect("more members than u32::MAX"));
        let appended = self.appended(log, op(slot, id));
        self.follow_up(appended);
        id
    }

    pub(crate) fn append(&self, op: Op) {
        let appended = self.append_only(op);
        self.follow_up(appended);
    }

    /// As [`Shard::append`] of a publication to one member; but if nobody delivers and nothing is in the log, this thread delivers it, which
    /// spares waking the flusher.
    pub(crate) fn send(&self, post: Post) {
        // The lock of the state keeps the flusher away; what somebody else appends meanwhile was neither before nor after this.
        match try_lock(&self.state).filter(|_| lock(&self.log).is_empty()) {
            Some(mut state) => {
                let _flushing = Flushing::start();
                self.apply(&mut state, &[Op::Publish(post)]);
            }
            None => self.append(Op::Publish(post)),
        }
    }

    /// Without waking or flushing, which [`Shard::follow_up`] must do: for callers that hold a lock.
    pub(crate) fn append_only(&self, op: Op) -> Appended {
        self.appended(lock(&self.log), op)
    }

    pub(crate) fn follow_up(&self, appended: Appended) {
        if let Some(flusher) = appended.flusher {
            flusher.wake();
        }
        // From inside a delivery the flush that runs is followed by another one, because the append woke the flusher.
        if appended.full && !Flushing::here() {
            self.flush_if_full();
        }
    }

    pub(crate) fn slot(&self, id: MemberId) -> u32 {
        id.place() / self.shards
    }

    /// One turn: delivers and applies everything in the log. Returns whether the hub is gone.
    pub(crate) fn flush(&self, waker: Option<&Waker>) -> bool {
        let _flushing = Flushing::start();
        self.turn(&mut lock(&self.state), waker)
    }

    /// Everyone in the room, after all that was called before.
    pub(crate) fn members(&self, room: &RoomName) -> SmallVec<[(MemberId, SessionId); 8]> {
        let state = self.settled();
        let of = |&slot: &u32| {
            state
                .members
                .member(slot)
                .map(|member| (member.id, member.session))
        };
        state.members.of(room).iter().filter_map(of).collect()
    }

    pub(crate) fn member_count(&self, room: &RoomName) -> usize {
        self.settled().members.of(room).len()
    }

    pub(crate) fn add_to(&self, stats: &mut Stats) {
        let state = self.settled();
        stats.members += state.members.len();
        stats.rooms += state.members.rooms();
        self.counters.add_to(stats);
    }

    /// No handle to the hub is left: the flusher may end.
    pub(crate) fn close(&self) {
        let flusher = lock(&self.log).close();
        if let Some(flusher) = flusher {
            flusher.wake();
        }
    }

    fn appended(&self, mut log: MutexGuard<'_, Log>, op: Op) -> Appended {
        let flusher = log.append(op);
        Appended {
            flusher,
            full: log.cost() > self.limits.turn_log,
        }
    }

    fn flush_if_full(&self) {
        let _flushing = Flushing::start();
        let mut state = lock(&self.state);
        // Somebody else may have done it while this thread waited.
        let full = lock(&self.log).cost() > self.limits.turn_log;
        if full {
            self.turn(&mut state, None);
        }
    }

    /// # Panics
    /// From inside a delivery, where it would wait for itself.
    fn settled(&self) -> MutexGuard<'_, State> {
        assert!(
            !Flushing::here(),
            "a recipient asked the hub from inside `deliver`"
        );
        let _flushing = Flushing::start();
        let mut state = lock(&self.state);
        self.turn(&mut state, None);
        state
    }

    fn turn(&self, state: &mut State, waker: Option<&Waker>) -> bool {
        let spare = std::mem::take(&mut state.spare);
        let (mut ops, closed) = {
            let mut log = lock(&self.log);
            log.reclaim(&mut state.vacated);
            if let Some(waker) = waker {
                log.register(waker);
            }
            (log.take(spare), log.is_closed())
        };
        if !ops.is_empty() {
            for run in ops.chunk_by(|a, b| a.post().is_some() && b.post().is_some()) {
                self.apply(state, run);
            }
            self.counters.flushes.fetch_add(1, Ordering::Relaxed);
            ops.clear();
        }
        if ops.capacity() <= SPARE_OPS {
            state.spare = ops;
        }
        closed
    }

    /// Either publications only or one other operation.
    fn apply(&self, state: &mut State, run: &[Op]) {
        let members = &mut state.members;
        match &run[0] {
            Op::Publish(_) => {
                let outcome = fanout::deliver(run, members, &self.slow, self.shards);
                self.counters.count(&outcome);
                for slot in outcome.panicked {
                    members.exit(slot);
                }
            }
            Op::Enter {
                slot,
                id,
                session,
                recipient,
            } => members.enter(*slot, *id, *session, recipient.clone()),
            Op::Join { slot, room } => members.join(*slot, room),
            Op::Leave { slot, room } => members.leave(*slot, room),
            Op::Exit { slot } => {
                members.exit(*slot);
                state.vacated.push(*slot);
            }
        }
    }
}

/// What must happen once no lock is held.
pub(crate) struct Appended {
    flusher: Option<Waker>,
    full: bool,
}

#[derive(Default)]
struct State {
    members: Members,
    /// Slots to give back to the log.
    vacated: Vec<u32>,
    /// The empty buffer that the log gets in exchange for a full one.
    spare: Vec<Op>,
}

/// Operations for which a buffer is kept from turn to turn (32 KiB); a larger one was a burst.
const SPARE_OPS: usize = 256;

#[derive(Default)]
struct Counters {
    deliveries: AtomicU64,
    calls: AtomicU64,
    flushes: AtomicU64,
    panicked: AtomicU64,
}

impl Counters {
    fn count(&self, outcome: &fanout::Outcome) {
        self.deliveries.fetch_add(outcome.deliveries, Ordering::Relaxed);
        self.calls.fetch_add(outcome.calls, Ordering::Relaxed);
        self.panicked
            .fetch_add(outcome.panicked.len() as u64, Ordering::Relaxed);
    }

    fn add_to(&self, stats: &mut Stats) {
        stats.deliveries += self.deliveries.load(Ordering::Relaxed);
        stats.calls += self.calls.load(Ordering::Relaxed);
        stats.flushes += self.flushes.load(Ordering::Relaxed);
        stats.panicked += self.panicked.load(Ordering::Relaxed);
    }
}

thread_local! {
    #[allow(clippy::missing_const_for_thread_local)] // loom's macro takes no `const`
    static FLUSHING: Cell<bool> = Cell::new(false);
}

/// Marks the thread as being in a delivery, where the state's lock must not be asked for again.
struct Flushing {
    before: bool,
}

impl Flushing {
    fn start() -> Self {
        Self {
            before: FLUSHING.with(|flushing| flushing.replace(true)),
        }
    }

    fn here() -> bool {
        FLUSHING.with(Cell::get)
    }
}

impl Drop for Flushing {
    fn drop(&mut self) {
        FLUSHING.with(|flushing| flushing.set(self.before));
    }
}
