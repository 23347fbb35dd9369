//! One connection with the test as its peer, and a pair of connections; both with a clock of their own.

use crate::wire::{self, Sent};
use madang_ws::proto::{Config, Connection, Event, Fault, Message, Role};
use std::time::{Duration, Instant};

/// A connection under test.
#[derive(Debug)]
pub(crate) struct End {
    pub(crate) connection: Connection,
    pub(crate) role: Role,
    pub(crate) now: Instant,
}

/// What a connection made of the bytes it got.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) events: Vec<Event>,
    pub(crate) fault: Option<Fault>,
}

impl End {
    pub(crate) fn new(config: &Config) -> Self {
        let now = Instant::now();
        Self {
            connection: Connection::new(config, now),
            role: config.role,
            now,
        }
    }

    pub(crate) fn server() -> Self {
        Self::new(&Config::new(Role::Server))
    }

    pub(crate) fn client() -> Self {
        Self::new(&Config::new(Role::Client))
    }

    /// One of each role, for what holds for both.
    pub(crate) fn both() -> [Self; 2] {
        [Self::server(), Self::client()]
    }

    /// The role of whom it talks to.
    pub(crate) fn peer(&self) -> Role {
        peer(self.role)
    }

    /// Takes `bytes` in one piece.
    pub(crate) fn receive(&mut self, bytes: &[u8]) -> Outcome {
        let mut outcome = Outcome::default();
        self.receive_into(bytes, &mut outcome);
        outcome
    }

    /// Takes `bytes` one by one.
    pub(crate) fn drip(&mut self, bytes: &[u8]) -> Outcome {
        let mut outcome = Outcome::default();
        for byte in bytes.chunks(1) {
            self.receive_into(byte, &mut outcome);
        }
        outcome
    }

    /// Takes a piece of input, and adds to what was made of the ones before.
    pub(crate) fn receive_into(&mut self, bytes: &[u8], outcome: &mut Outcome) {
        self.connection.receive(bytes, self.now);
        loop {
            match self.connection.poll_event(self.now) {
                Ok(Some(event)) => {
                    assert_eq!(
                        outcome.fault, None,
                        "nothing follows a fault, but this did: {event:?}"
                    );
                    assert!(
                        !matches!(outcome.events.last(), Some(Event::Close(_))),
                        "nothing follows a close"
                    );
                    outcome.events.push(event);
                }
                Ok(None) => return,
                Err(fault) => {
                    assert_eq!(outcome.fault.replace(fault), None, "at most one fault");
                }
            }
        }
    }

    pub(crate) fn send(&mut self, message: impl Into<Message>) {
        self.connection.send(&message.into(), self.now).expect("open");
    }

    /// The bytes to write.
    pub(crate) fn transmit(&mut self) -> Vec<u8> {
        let mut out = Vec::new();
        while let Some(bytes) = self.connection.poll_transmit() {
            out.extend_from_slice(&bytes);
        }
        out
    }

    /// The frames to write.
    pub(crate) fn sent(&mut self) -> Vec<Sent> {
        let bytes = self.transmit();
        wire::read(self.role, &bytes)
    }

    /// Time passes.
    pub(crate) fn advance(&mut self, time: Duration) {
        self.now += time;
    }
}

impl Outcome {
    pub(crate) fn of(events: impl Into<Vec<Event>>) -> Self {
        Self {
            events: events.into(),
            fault: None,
        }
    }
}

/// What a new connection makes of `bytes`, the same whether they come at once or one by one.
pub(crate) fn outcome(config: &Config, bytes: &[u8]) -> Outcome {
    let whole = End::new(config).receive(bytes);
    let dripped = End::new(config).drip(bytes);
    assert_eq!(whole, dripped, "whole, and byte by byte");
    whole
}

/// The fault that `bytes` end in. Checks that the peer is told, once and with the right
/// code, and that the connection is over then (RFC 6455 §7.1.7).
pub(crate) fn fault(config: &Config, bytes: &[u8]) -> Fault {
    let fault = outcome(config, bytes).fault.expect("a fault");
    let mut end = End::new(config);
    end.receive(bytes);
    let close = end.sent().pop().expect("a close frame");
    assert_eq!(close.close_code(), Some(fault.close_code().as_u16()));
    assert!(end.connection.is_closed());
    let late = [
        wire::frame(end.peer(), wire::FIN | wire::TEXT, b"late"),
        wire::close(end.peer(), 1000, ""),
    ];
    assert_eq!(
        end.receive(&late.concat()),
        Outcome::default(),
        "RFC 6455 §7.1.7: nothing is read any more"
    );
    assert_eq!(end.sent(), []);
    fault
}

/// The other role.
pub(crate) fn peer(role: Role) -> Role {
    match role {
        Role::Server => Role::Client,
        Role::Client => Role::Server,
    }
}

/// A client and a server that talk to each other.
#[derive(Debug)]
pub(crate) struct Pair {
    pub(crate) client: End,
    pub(crate) server: End,
}

impl Pair {
    /// Two ends that differ in nothing but their role.
    pub(crate) fn new(configure: impl Fn(&mut Config)) -> Self {
        let end = |role| {
            let mut config = Config::new(role);
            configure(&mut config);
            End::new(&config)
        };
        Self {
            client: end(Role::Client),
            server: end(Role::Server),
        }
    }

    /// Carries bytes both ways until nothing is left to write: what the client got, what the server got.
    pub(crate) fn settle(&mut self) -> (Outcome, Outcome) {
        let (mut client, mut server) = (Outcome::default(), Outcome::default());
        loop {
            let (up, down) = (self.client.transmit(), self.server.transmit());
            if up.is_empty() && down.is_empty() {
                return (client, server);
            }
            self.server.receive_into(&up, &mut server);
            self.client.receive_into(&down, &mut client);
        }
    }
}
