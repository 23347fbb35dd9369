//! A payload that is a number, a recipient that remembers, and an executor that polls when told.

use std::{
    future::Future,
    pin::Pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
};

use bytes::Bytes;
use madang_hub::{
    Batch, Encode, Flusher, Hub, Membership, Publication, Recipient, RoomName, SessionId, WireForm,
};

pub(crate) struct Number(pub(crate) u64);

impl Encode for Number {
    fn encode(&self, _form: WireForm) -> Bytes {
        Bytes::copy_from_slice(&self.0.to_be_bytes())
    }

    fn size_hint(&self) -> Option<usize> {
        Some(8)
    }
}

pub(crate) fn number(n: u64) -> Publication {
    Publication::new(Number(n))
}

pub(crate) fn room(name: &str) -> RoomName {
    RoomName::try_from(name).unwrap()
}

/// Remembers each call with the numbers it brought.
#[derive(Default)]
pub(crate) struct Recorder {
    calls: Mutex<Vec<Vec<u64>>>,
}

impl Recorder {
    pub(crate) fn calls(&self) -> Vec<Vec<u64>> {
        self.calls.lock().unwrap().clone()
    }

    pub(crate) fn numbers(&self) -> Vec<u64> {
        self.calls().concat()
    }
}

impl Recipient for Recorder {
    fn deliver(&self, batch: &Batch<'_>) {
        let joined = batch.joined(WireForm::Frame);
        assert_eq!(joined.len(), batch.bytes(WireForm::Frame));
        let whole: Vec<u64> = joined
            .chunks(8)
            .map(|n| u64::from_be_bytes(n.try_into().unwrap()))
            .collect();
        let frames = batch.frames(WireForm::Frame);
        let each: Vec<u64> = frames
            .map(|(n, _)| u64::from_be_bytes(n[..].try_into().unwrap()))
            .collect();
        assert_eq!(whole, each, "the joined buffer is the frames one after the other");
        assert_eq!(each.len(), batch.len());
        self.calls.lock().unwrap().push(whole);
    }
}

pub(crate) fn recorder(hub: &Hub, session: u128, rooms: &[&RoomName]) -> (Arc<Recorder>, Membership) {
    let recorder = Arc::new(Recorder::default());
    let membership = hub.enter(SessionId::new(session), recorder.clone());
    rooms.iter().for_each(|room| membership.join(room).unwrap());
    (recorder, membership)
}

#[derive(Default)]
pub(crate) struct Wakes(AtomicUsize);

impl Wakes {
    pub(crate) fn count(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// One turn.
pub(crate) fn turn(flusher: &mut Flusher) -> Poll<()> {
    Pin::new(flusher).poll(&mut Context::from_waker(Waker::noop()))
}

pub(crate) fn turn_waking(flusher: &mut Flusher, wakes: &Arc<Wakes>) -> Poll<()> {
    Pin::new(flusher).poll(&mut Context::from_waker(&Waker::from(wakes.clone())))
}

/// Runs a flusher to its end on this thread.
pub(crate) fn run(mut flusher: Flusher) {
    struct Unpark(std::thread::Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    while Pin::new(&mut flusher)
        .poll(&mut Context::from_waker(&waker))
        .is_pending()
    {
        std::thread::park();
    }
}
