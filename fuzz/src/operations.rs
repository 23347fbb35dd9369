//! Two connections, driven by any calls in any order: a state machine against its model.

use crate::{Outcome, config};
use arbitrary::{Arbitrary, Unstructured};
use madang_ws::proto::{
    CloseCode, CloseFrame, Config, Connection, Event, KeepAlive, Limits, Message, Role, TimedOut,
};
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// A call, or what the network does. `client` tells at which end.
#[derive(Arbitrary, Debug)]
enum Operation {
    SendText {
        client: bool,
        text: String,
    },
    SendBinary {
        client: bool,
        byte: u8,
        len: u16,
    },
    Ping {
        client: bool,
        payload: Vec<u8>,
    },
    Close {
        client: bool,
        code: u16,
        reason: String,
    },
    /// Some of what was written arrives.
    Deliver {
        client: bool,
        len: u16,
    },
    Wait {
        millis: u16,
    },
}

struct End {
    connection: Connection,
    outcome: Outcome,
    /// Written, and not arrived yet.
    wire: VecDeque<u8>,
    /// The messages that were accepted for sending.
    sent: Vec<Message>,
    given_up: bool,
}

/// Two bytes of configuration, and operations.
///
/// # Panics
/// When a message is lost, doubled, changed or out of order, or an end finds fault with the other.
pub fn run(data: &[u8]) {
    let [flags, windows, input @ ..] = data else {
        return;
    };
    let mut config = config(*flags, *windows);
    config.limits = Limits {
        frame: 1 << 20,
        message: 1 << 20,
        ..Limits::default()
    };
    config.keep_alive = KeepAlive {
        ping_interval: (flags & 1 != 0).then_some(Duration::from_secs(20)),
        idle_timeout: (flags & 4 != 0).then_some(Duration::from_secs(100)),
    };
    let mut now = Instant::now();
    let [mut client, mut server] = [Role::Client, Role::Server].map(|role| End::new(config, role, now));
    let mut input = Unstructured::new(input);
    while !input.is_empty() {
        let Ok(operation) = Operation::arbitrary(&mut input) else {
            break;
        };
        match operation {
            Operation::SendText { client: at, text } => {
                at_end(at, &mut client, &mut server).0.send(text.into(), now)
            }
            Operation::SendBinary {
                client: at,
                byte,
                len,
            } => {
                at_end(at, &mut client, &mut server)
                    .0
                    .send(vec![byte; len.into()].into(), now);
            }
            Operation::Ping { client: at, payload } => {
                let _refused_when_closing = at_end(at, &mut client, &mut server).0.connection.ping(&payload);
            }
            Operation::Close {
                client: at,
                code,
                reason,
            } => {
                let frame = CloseCode::new(code).map(|code| CloseFrame::new(code, &reason));
                at_end(at, &mut client, &mut server)
                    .0
                    .connection
                    .close(frame.as_ref(), now);
            }
            Operation::Deliver { client: at, len } => {
                let (from, to) = at_end(at, &mut client, &mut server);
                from.deliver(to, len.into(), now, &config);
            }
            Operation::Wait { millis } => {
                now += Duration::from_millis(u64::from(millis) * 10);
                client.wait(now);
                server.wait(now);
            }
        }
    }
    while client.deliver(&mut server, usize::MAX, now, &config)
        | server.deliver(&mut client, usize::MAX, now, &config)
    {}
    client.check(&server);
    server.check(&client);
    let closed = client.connection.is_closed();
    assert_eq!(closed, server.connection.is_closed(), "both are closed, or none");
}

impl End {
    fn new(mut config: Config, role: Role, now: Instant) -> Self {
        config.role = role;
        Self {
            connection: Connection::new(&config, now),
            outcome: Outcome::default(),
            wire: VecDeque::new(),
            sent: Vec::new(),
            given_up: false,
        }
    }

    fn send(&mut self, message: Message, now: Instant) {
        if self.connection.send(&message, now).is_ok() {
            self.sent.push(message);
        }
    }

    /// Carries up to `len` bytes to `peer`; whether there were any.
    fn deliver(&mut self, peer: &mut Self, len: usize, now: Instant, config: &Config) -> bool {
        while let Some(bytes) = self.connection.poll_transmit() {
            assert!(!bytes.is_empty());
            self.wire.extend(bytes);
        }
        let bytes: Vec<u8> = self.wire.drain(..len.min(self.wire.len())).collect();
        peer.connection.receive(&bytes, now);
        while peer.outcome.add(peer.connection.poll_event(now), &config.limits) {}
        !bytes.is_empty()
    }

    fn wait(&mut self, now: Instant) {
        let due = self.connection.poll_timeout().is_some_and(|due| due <= now);
        match self.connection.handle_timeout(now) {
            Ok(()) => {}
            Err(TimedOut::Pings(_) | TimedOut::Close(_)) => {
                assert!(due, "not before it's due");
                self.given_up = true;
            }
            Err(other) => panic!("a timeout that the model doesn't know: {other}"),
        }
        // What was due is done: a program that sleeps until the next time doesn't spin.
        assert!(self.given_up || self.connection.poll_timeout().is_none_or(|due| due > now));
    }

    /// Everything that `peer` sent has arrived here, once and in order.
    fn check(&self, peer: &Self) {
        assert_eq!(self.outcome.fault, None, "the peer did nothing wrong");
        let received = self.outcome.events.iter().filter_map(|event| match event {
            Event::Message(message) => Some(message),
            _ => None,
        });
        assert!(
            received.eq(&peer.sent),
            "received {:?} of {:?}",
            self.outcome.events,
            peer.sent
        );
    }
}

fn at_end<'a>(client_is_first: bool, client: &'a mut End, server: &'a mut End) -> (&'a mut End, &'a mut End) {
    if client_is_first {
        (client, server)
    } else {
        (server, client)
    }
}
