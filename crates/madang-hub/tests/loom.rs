//! Interleavings of a few calls, all with up to five preemptions (without a bound one of them takes minutes): no wake is lost,
//! nothing is lost or doubled, and nobody waits for ever.
//!
//! `RUSTFLAGS="--cfg loom" cargo test -p madang-hub --release --test loom`
#![cfg(loom)]
#![allow(clippy::unwrap_used)] // clippy knows test functions, not what they call

use std::{
    num::NonZeroUsize,
    sync::{Arc, Mutex},
};

use bytes::Bytes;
use loom::{future::block_on, thread};
use madang_hub::{
    Batch, Encode, Flusher, Hub, Limits, Publication, Recipient, RoomName, SessionId, WireForm,
};

struct Number(u8);

impl Encode for Number {
    fn encode(&self, _form: WireForm) -> Bytes {
        vec![self.0].into()
    }

    fn size_hint(&self) -> Option<usize> {
        Some(1)
    }
}

fn number(n: u8) -> Publication {
    Publication::new(Number(n))
}

#[derive(Default)]
struct Recorder(Mutex<Vec<u8>>);

impl Recipient for Recorder {
    fn deliver(&self, batch: &Batch<'_>) {
        self.0
            .lock()
            .unwrap()
            .extend_from_slice(batch.joined(WireForm::Frame));
    }
}

impl Recorder {
    fn heard(&self) -> Vec<u8> {
        self.0.lock().unwrap().clone()
    }
}

fn model(check: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(5);
    builder.check(check);
}

fn hub(turn_log: usize) -> (Hub, Flusher, RoomName) {
    let mut limits = Limits::default();
    limits.turn_log = turn_log;
    let (hub, mut flushers) = Hub::with_limits(NonZeroUsize::MIN, limits);
    (hub, flushers.remove(0), RoomName::try_from("yard").unwrap())
}

/// Were a wake lost, the flusher would sleep for ever, which loom reports.
fn a_publisher_and_the_flusher(turn_log: usize) {
    model(move || {
        let (hub, flusher, yard) = hub(turn_log);
        let kim = Arc::new(Recorder::default());
        let recipient = kim.clone();
        let publisher = thread::spawn(move || {
            let member = hub.enter(SessionId::new(1), recipient);
            member.join(&yard).unwrap();
            hub.to(&yard).publish(number(1));
            drop(hub);
            member.hub().to(&yard).publish(number(2));
        });
        block_on(flusher);
        publisher.join().unwrap();
        assert_eq!(kim.heard(), [1, 2]);
    });
}

#[test]
fn no_wake_is_lost() {
    a_publisher_and_the_flusher(1 << 20);
}

#[test]
fn no_order_is_lost_when_the_publisher_delivers_itself() {
    a_publisher_and_the_flusher(0);
}

#[test]
fn two_publishers_keep_their_order() {
    model(|| {
        let (hub, flusher, _) = hub(300);
        let kim = Arc::new(Recorder::default());
        let member = hub.enter(SessionId::new(1), kim.clone());
        let other = hub.clone();
        let publisher = thread::spawn(move || {
            other.everyone().publish(number(11));
            other.everyone().publish(number(12));
        });
        hub.everyone().publish(number(21));
        hub.everyone().publish(number(22));
        publisher.join().unwrap();
        drop((hub, member));
        block_on(flusher);
        let heard = kim.heard();
        let from = |tens: u8| {
            heard
                .iter()
                .copied()
                .filter(move |n| n / 10 == tens)
                .collect::<Vec<_>>()
        };
        assert_eq!((from(1), from(2), heard.len()), (vec![11, 12], vec![21, 22], 4));
    });
}

#[test]
fn who_joined_before_hears_and_who_left_before_does_not() {
    model(|| {
        let (hub, flusher, yard) = hub(300);
        let kim = Arc::new(Recorder::default());
        let member = hub.enter(SessionId::new(1), kim.clone());
        let (other, room) = (hub.clone(), yard.clone());
        let publisher = thread::spawn(move || other.to(&room).publish(number(9)));
        hub.to(&yard).publish(number(1));
        member.join(&yard).unwrap();
        hub.to(&yard).publish(number(2));
        member.leave(&yard);
        hub.to(&yard).publish(number(3));
        publisher.join().unwrap();
        drop((hub, member));
        block_on(flusher);
        let mut heard = kim.heard();
        heard.retain(|n| *n != 9);
        assert_eq!(heard, [2]);
    });
}
