//! What the hub itself costs: recipients do nothing, or next to nothing, with what they get.
//!
//! `cargo bench -p madang-hub` prints nanoseconds: per delivery, beside the floor (the same virtual calls from a plain loop), per publish, per join.

use std::{
    future::Future,
    hint::black_box,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Waker},
    time::Instant,
};

use bytes::Bytes;
use madang_hub::{
    Batch, Encode, Flusher, Hub, Membership, Publication, Recipient, RoomName, SessionId, WireForm,
};

struct Payload;

impl Encode for Payload {
    fn encode(&self, _form: WireForm) -> Bytes {
        Bytes::from_static(&[b'x'; 100])
    }

    fn size_hint(&self) -> Option<usize> {
        Some(100)
    }
}

/// Looks at the bytes, as a write to a socket would.
#[derive(Default)]
struct Sink(AtomicUsize);

impl Recipient for Sink {
    fn deliver(&self, batch: &Batch<'_>) {
        let bytes = batch.joined(WireForm::Frame);
        self.0
            .store(bytes.as_ptr() as usize ^ bytes.len(), Ordering::Relaxed);
    }
}

trait Floor {
    fn take(&self, bytes: &Bytes);
}

impl Floor for Sink {
    fn take(&self, bytes: &Bytes) {
        self.0
            .store(bytes.as_ptr() as usize ^ bytes.len(), Ordering::Relaxed);
    }
}

fn turn(flusher: &mut Flusher) {
    let _pending = Pin::new(flusher).poll(&mut Context::from_waker(Waker::noop()));
}

/// The best of several rounds, in nanoseconds per unit.
fn best(units: usize, mut round: impl FnMut()) -> f64 {
    let nanoseconds = |()| {
        let start = Instant::now();
        round();
        start.elapsed().as_nanos() as f64
    };
    let rounds = std::iter::repeat_n((), 200).map(nanoseconds);
    rounds.fold(f64::INFINITY, f64::min) / units as f64
}

fn enter(hub: &Hub, yard: &RoomName, count: usize) -> Vec<Membership> {
    let enter = |session| {
        let membership = hub.enter(SessionId::new(session as u128), Arc::new(Sink::default()));
        membership.join(yard).expect("within the limits");
        membership
    };
    (0..count).map(enter).collect()
}

fn main() {
    let yard = RoomName::try_from("yard").expect("a name");
    for n in [1, 100, 1_000, 10_000] {
        let (hub, mut flusher) = Hub::new();
        let members = enter(&hub, &yard, n);
        turn(&mut flusher);
        let floor: Vec<Arc<dyn Floor>> = (0..n)
            .map(|_| Arc::new(Sink::default()) as Arc<dyn Floor>)
            .collect();
        let bytes = Bytes::from_static(&[b'x'; 100]);
        let floor = best(n, || floor.iter().for_each(|sink| sink.take(black_box(&bytes))));
        let alone = best(n, || {
            members[0].publish(&yard, Publication::new(Payload));
            turn(&mut flusher);
        });
        let sixteen = best(n * 16, || {
            (0..16).for_each(|_| members[0].publish(&yard, Publication::new(Payload)));
            turn(&mut flusher);
        });
        let publishers = best(n * 16, || {
            members
                .iter()
                .cycle()
                .take(16)
                .for_each(|member| member.publish(&yard, Publication::new(Payload)));
            turn(&mut flusher);
        });
        let mixed = best(n * 16, || {
            for index in 0..16 {
                match index % 2 {
                    0 => members[0].publish(&yard, Publication::new(Payload)),
                    _ => hub.send(members[index % n].id(), Publication::new(Payload)),
                }
            }
            turn(&mut flusher);
        });
        println!(
            "N={n:<6} per delivery: floor {floor:.1}, one {alone:.1}, 16 per turn {sixteen:.2}, of 16 publishers {publishers:.2}, mixed with sends {mixed:.2}"
        );
    }

    let (hub, mut flusher) = Hub::new();
    let _members = enter(&hub, &yard, 1);
    turn(&mut flusher);
    let publication = Publication::new(Payload);
    // The turn that follows is counted, too: it is what a publication to a room of one costs from end to end.
    let publish = best(1_000, || {
        (0..1_000).for_each(|_| hub.to(&yard).publish(publication.clone()));
        turn(&mut flusher);
    });
    let joins = best(1_000, || {
        drop(enter(&hub, &yard, 1_000));
        turn(&mut flusher);
    });
    println!("publish and its turn {publish:.0}; enter, join, leave and exit {joins:.0}");
}
