//! Any interleaving of poll, post, probe, upgrade, close and time loses no packet, doubles none, keeps their order, and ends
//! in one close reason.

use bytes::Bytes;
use madang_engineio::proto::{Packet, Probe, Received, Session, Timing};
use madang_engineio::{CloseReason, Message, Protocol, TransportKind};
use madang_hub::Overflow;
use proptest::prelude::*;
use std::sync::Arc;
use std::time::{Duration, Instant};

#[derive(Clone, Copy, Debug)]
enum Step {
    /// The server sends the next message.
    Send,
    Get,
    AbortGet,
    /// The client sends so many messages in one request, or over the WebSocket.
    Post(u8),
    OverlappingPost,
    Heartbeat,
    OpenProbe,
    ProbePing,
    ProbeUpgrade,
    ProbeNonsense,
    LoseProbe,
    Millis(u16),
    Close {
        discard: bool,
    },
    ClientClose,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => Just(Step::Send),
        6 => Just(Step::Get),
        1 => Just(Step::AbortGet),
        4 => (1..5_u8).prop_map(Step::Post),
        1 => Just(Step::OverlappingPost),
        3 => Just(Step::Heartbeat),
        2 => Just(Step::OpenProbe),
        3 => Just(Step::ProbePing),
        3 => Just(Step::ProbeUpgrade),
        1 => Just(Step::ProbeNonsense),
        1 => Just(Step::LoseProbe),
        4 => (1..12_000_u16).prop_map(Step::Millis),
        1 => any::<bool>().prop_map(|discard| Step::Close { discard }),
        1 => Just(Step::ClientClose),
    ]
}

/// A session with both of its ends.
struct World {
    session: Session,
    protocol: Protocol,
    now: Instant,
    /// What the server sent while the session took it.
    sent: Vec<u32>,
    /// What has reached the client.
    arrived: Vec<u32>,
    /// What the client posted while the session was open, and what the handler was given.
    posted: u32,
    handled: u32,
    closed: Option<CloseReason>,
}

impl World {
    fn new(protocol: Protocol) -> Self {
        let now = Instant::now();
        let timing = Timing {
            ping_interval: Duration::from_secs(25),
            ping_timeout: Duration::from_secs(20),
            upgrade_timeout: Duration::from_secs(10),
        };
        let session = Session::new(protocol, TransportKind::Polling, Arc::new(timing), 1 << 20, now);
        Self {
            session,
            protocol,
            now,
            sent: Vec::new(),
            arrived: Vec::new(),
            posted: 0,
            handled: 0,
            closed: None,
        }
    }

    fn on_websocket(&self) -> bool {
        self.session.transport() == TransportKind::WebSocket
    }

    fn run(&mut self, step: Step) {
        match step {
            Step::Send => self.send(),
            Step::Get if !self.on_websocket() => {
                let _ = self.session.get();
            }
            Step::AbortGet => self.session.get_aborted(),
            Step::Post(count) => self.post(count),
            Step::OverlappingPost if !self.on_websocket() => {
                self.session.post().unwrap();
                assert!(self.session.post().is_err());
                self.session.post_ended();
                assert!(self.session.closed().is_some());
            }
            Step::Heartbeat => {
                let beat = match self.protocol {
                    Protocol::V4 => Packet::Pong("".into()),
                    Protocol::V3 => Packet::Ping("".into()),
                };
                let _ = self.session.receive(beat, self.now);
            }
            Step::OpenProbe => {
                let _ = self.session.probe(self.now);
            }
            Step::ProbePing => self.probe(&Packet::Ping("probe".into())),
            Step::ProbeUpgrade => self.probe(&Packet::Upgrade),
            Step::ProbeNonsense => self.probe(&Packet::Noop),
            Step::LoseProbe => self.session.probe_lost(),
            Step::Millis(millis) => self.pass(Duration::from_millis(millis.into())),
            Step::Close { discard } => self.session.close(discard, self.now),
            Step::ClientClose => {
                let _ = self.session.receive(Packet::Close, self.now);
            }
            Step::Get | Step::OverlappingPost => {}
        }
        self.look();
    }

    fn send(&mut self) {
        if !self.session.is_open() {
            return;
        }
        let number = u32::try_from(self.sent.len()).unwrap();
        self.sent.push(number);
        if self.on_websocket() {
            self.arrived.push(number);
        } else {
            let piece = Bytes::from(format!("4{number}"));
            self.session.push(piece, Overflow::Disconnect, false);
        }
    }

    fn post(&mut self, count: u8) {
        let polling = !self.on_websocket();
        if polling && self.session.post().is_err() {
            return;
        }
        for _ in 0..count {
            let message = Message::from(self.posted.to_string());
            self.posted += u32::from(self.session.is_open());
            if let Received::Message(message) = self.session.receive(Packet::Message(message), self.now) {
                assert_eq!(message.as_text().unwrap(), self.handled.to_string());
                self.handled += 1;
            }
        }
        if polling {
            self.session.post_ended();
        }
    }

    fn probe(&mut self, packet: &Packet) {
        if !self.session.is_probing() {
            return;
        }
        match self.session.receive_probe(packet, self.now) {
            Probe::Reply(reply) => assert_eq!(reply, Packet::Pong("probe".into())),
            Probe::Upgraded(waiting) => self.take(waiting),
            Probe::Refused => assert!(!self.session.is_probing()),
        }
    }

    fn pass(&mut self, time: Duration) {
        let end = self.now + time;
        while let Some(due) = self.session.poll_timeout().filter(|due| *due <= end) {
            self.now = self.now.max(due);
            let _ = self.session.handle_timeout(self.now);
            self.look();
        }
        self.now = end;
    }

    /// What a server does after every change.
    fn look(&mut self) {
        if self.session.has_get() {
            if let Some(answer) = self.session.answer(self.now) {
                assert!(!self.session.has_get());
                self.take(answer.packets());
            }
        }
        let closed = self.session.closed();
        if self.closed.is_some() {
            assert_eq!(self.closed, closed, "a session ends once");
        }
        self.closed = closed;
        assert!(self.sent.starts_with(&self.arrived), "in order, once");
        assert_eq!(self.handled, self.posted);
    }

    fn take(&mut self, packets: Vec<Packet>) {
        for packet in packets {
            if let Packet::Message(message) = packet {
                self.arrived.push(message.as_text().unwrap().parse().unwrap());
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn any_interleaving_keeps_packets_whole_in_order_and_once(
        v3: bool,
        steps in proptest::collection::vec(step(), 0..60),
    ) {
        let mut world = World::new(if v3 { Protocol::V3 } else { Protocol::V4 });
        for step in steps {
            world.run(step);
        }
        // One more request fetches what is left of a session that goes on.
        let open = world.session.is_open();
        if !world.on_websocket() && !world.session.has_get() {
            world.run(Step::Get);
        }
        if open {
            prop_assert_eq!(&world.arrived, &world.sent);
        }
        // And nobody who says nothing any more is kept.
        world.pass(Duration::from_secs(120));
        prop_assert!(world.closed.is_some());
    }
}

#[test]
fn what_waits_at_a_close_is_fetched_by_the_next_get_and_the_close_by_the_one_after() {
    let mut world = World::new(Protocol::V4);
    world.run(Step::Send);
    world.run(Step::Send);
    world.run(Step::Close { discard: false });
    assert_eq!(world.closed, None);
    world.run(Step::Get);
    assert_eq!(world.arrived, [0, 1]);
    assert_eq!(world.closed, None, "the close comes alone");
    world.run(Step::Get);
    assert_eq!(world.closed, Some(CloseReason::ForcedClose));
}

#[test]
fn a_close_waits_so_long_for_the_get_and_no_longer() {
    let mut world = World::new(Protocol::V4);
    world.run(Step::Send);
    world.run(Step::Close { discard: false });
    world.pass(Session::CLOSE_TIME - Duration::from_millis(1));
    assert_eq!(world.closed, None);
    world.pass(Duration::from_millis(1));
    assert_eq!(world.closed, Some(CloseReason::ForcedClose));
}

#[test]
fn a_discarding_close_fetches_nothing() {
    let mut world = World::new(Protocol::V4);
    world.run(Step::Send);
    world.run(Step::Close { discard: true });
    world.run(Step::Get);
    assert!(world.arrived.is_empty());
    assert_eq!(world.closed, Some(CloseReason::ForcedClose));
}

#[test]
fn an_upgrade_brings_what_waited() {
    let mut world = World::new(Protocol::V4);
    world.run(Step::OpenProbe);
    world.run(Step::ProbePing);
    world.run(Step::Send);
    world.run(Step::ProbeUpgrade);
    world.run(Step::Send);
    assert!(world.on_websocket());
    assert_eq!(world.arrived, [0, 1]);
}

#[test]
fn a_probe_releases_the_get_at_once_and_later_ones_not_in_a_tight_loop() {
    let mut world = World::new(Protocol::V4);
    world.run(Step::Get);
    assert!(world.session.has_get());
    world.run(Step::OpenProbe);
    assert!(world.session.has_get());
    world.run(Step::ProbePing);
    assert!(!world.session.has_get());
    world.run(Step::Get);
    assert!(world.session.has_get());
    world.pass(Duration::from_millis(99));
    assert!(world.session.has_get());
    world.pass(Duration::from_millis(1));
    assert!(!world.session.has_get());
}

#[test]
fn a_probe_that_takes_too_long_is_given_up_and_the_session_goes_on() {
    let mut world = World::new(Protocol::V4);
    world.run(Step::OpenProbe);
    world.run(Step::ProbePing);
    world.pass(Duration::from_secs(10));
    assert!(!world.session.is_probing());
    assert!(world.session.is_open());
    world.run(Step::OpenProbe);
    assert!(world.session.is_probing());
}

#[test]
fn an_upgrade_while_closing_brings_what_waited_and_is_the_end() {
    let mut world = World::new(Protocol::V4);
    world.run(Step::OpenProbe);
    world.run(Step::ProbePing);
    // The client has paused polling: no GET will come for it.
    world.run(Step::Send);
    world.run(Step::Close { discard: false });
    assert_eq!(world.closed, None);
    world.run(Step::ProbeUpgrade);
    assert_eq!(world.arrived, [0]);
    assert_eq!(world.closed, Some(CloseReason::ForcedClose));
}

#[test]
fn an_upgrade_after_the_end_is_refused() {
    let mut world = World::new(Protocol::V4);
    world.run(Step::OpenProbe);
    world.run(Step::ProbePing);
    world.run(Step::Close { discard: true });
    let step = world.session.receive_probe(&Packet::Upgrade, world.now);
    assert_eq!(step, Probe::Refused);
}

#[test]
fn a_post_that_the_upgrade_overtook_is_refused_and_ends_nothing() {
    let mut world = World::new(Protocol::V4);
    world.run(Step::OpenProbe);
    world.run(Step::ProbeUpgrade);
    assert!(world.session.post().is_err());
    assert!(world.session.get().is_err());
    assert!(world.session.is_open());
}

#[test]
fn pongs_that_nobody_fetches_count_against_the_limit() {
    let mut world = World::new(Protocol::V3);
    for _ in 0..100 {
        let _ = world
            .session
            .receive(Packet::Ping("x".repeat(50_000).into()), world.now);
        assert!(world.session.buffered_bytes() <= 1 << 20);
    }
    assert_eq!(world.session.closed(), Some(CloseReason::ForcedClose));
}

#[test]
fn a_client_that_reads_too_slowly_loses_the_session_and_nothing_piles_up() {
    let mut session = Session::new(
        Protocol::V4,
        TransportKind::Polling,
        Arc::new(Timing {
            ping_interval: Duration::from_secs(25),
            ping_timeout: Duration::from_secs(20),
            upgrade_timeout: Duration::from_secs(10),
        }),
        10_000,
        Instant::now(),
    );
    for _ in 0..100 {
        session.push(Bytes::from(vec![b'4'; 500]), Overflow::Disconnect, false);
        assert!(session.buffered_bytes() <= 10_000);
    }
    assert_eq!(session.closed(), Some(CloseReason::ForcedClose));
    assert_eq!(session.buffered_bytes(), 0);
}

#[test]
fn what_is_volatile_waits_for_no_get() {
    let mut world = World::new(Protocol::V4);
    world.session.push("4gone".into(), Overflow::Volatile, false);
    assert_eq!(world.session.buffered_bytes(), 0);
    world.run(Step::Get);
    world.session.push("4taken".into(), Overflow::Volatile, false);
    let answer = world.session.answer(world.now).unwrap();
    assert_eq!(answer.packets(), [Packet::Message("taken".into())]);
}
