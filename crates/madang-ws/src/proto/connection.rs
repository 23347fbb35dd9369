//! Both directions together: the whole protocol as one state machine.

use super::{CloseFrame, Config, Event, Fault, Incoming, Message, Outgoing, Refused, TimedOut};
use bytes::Bytes;
use std::collections::VecDeque;
use std::time::Instant;

/// One connection after its opening handshake, of either [`Role`](super::Role), without a socket.
///
/// ```
/// use madang_ws::proto::{Config, Connection, Event, Message, Role};
/// use std::time::Instant;
///
/// let now = Instant::now();
/// let mut client = Connection::new(&Config::new(Role::Client), now);
/// let mut server = Connection::new(&Config::new(Role::Server), now);
///
/// client.send(&Message::from("안녕"), now)?;
/// while let Some(bytes) = client.poll_transmit() {
///     server.receive(&bytes, now);
/// }
/// assert_eq!(server.poll_event(now), Ok(Some(Event::Message("안녕".into()))));
/// # Ok::<_, madang_ws::proto::Refused>(())
/// ```
#[derive(Debug)]
pub struct Connection {
    incoming: Incoming,
    outgoing: Outgoing,
    transmit: VecDeque<Bytes>,
}

impl Connection {
    /// A connection that has just been opened.
    pub fn new(config: &Config, now: Instant) -> Self {
        let mut outgoing = Outgoing::new(config);
        outgoing.start(now);
        Self {
            incoming: Incoming::new(config),
            outgoing,
            transmit: VecDeque::new(),
        }
    }

    /// Takes bytes from the peer.
    pub fn receive(&mut self, bytes: &[u8], now: Instant) {
        self.outgoing.heard(now);
        self.incoming.receive(&mut bytes.to_vec());
    }

    /// The next event; what it demands in answer is queued for [`poll_transmit`](Self::poll_transmit).
    ///
    /// # Errors
    /// When the peer is at fault: the close frame that says so is queued, and
    /// nothing further will be received.
    pub fn poll_event(&mut self, now: Instant) -> Result<Option<Event>, Fault> {
        let event = self.incoming.poll_event();
        let answer = match &event {
            Ok(Some(event)) => {
                if matches!(event, Event::Message(_)) {
                    self.outgoing.busy(now);
                }
                self.outgoing.react(event, now)
            }
            Ok(None) => None,
            Err(fault) => self.outgoing.fail(*fault, now),
        };
        self.queue(answer);
        event
    }

    /// The next bytes to write.
    pub fn poll_transmit(&mut self) -> Option<Bytes> {
        self.transmit.pop_front()
    }

    /// When [`handle_timeout`](Self::handle_timeout) wants to be called.
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.outgoing.poll_timeout()
    }

    /// Does what is due at `now`.
    ///
    /// # Errors
    /// When the connection should be dropped.
    pub fn handle_timeout(&mut self, now: Instant) -> Result<(), TimedOut> {
        let frame = self.outgoing.handle_timeout(now)?;
        self.queue(frame);
        Ok(())
    }

    /// Queues a message.
    ///
    /// # Errors
    /// When the close handshake has begun.
    pub fn send(&mut self, message: &Message, now: Instant) -> Result<(), Refused> {
        let frame = self.outgoing.message(message)?;
        self.outgoing.busy(now);
        self.queue(Some(frame));
        Ok(())
    }

    /// Queues a ping of at most 125 bytes.
    ///
    /// # Errors
    /// When the close handshake has begun.
    pub fn ping(&mut self, payload: &[u8]) -> Result<(), Refused> {
        let frame = self.outgoing.ping(payload)?;
        self.queue(Some(frame));
        Ok(())
    }

    /// Begins the close handshake; nothing happens if it has begun.
    pub fn close(&mut self, frame: Option<&CloseFrame>, now: Instant) {
        let frame = self.outgoing.close(frame, now);
        self.queue(frame);
    }

    /// Whether both close frames have passed, or the connection was failed: a
    /// server now closes the stream, a client waits for that (RFC 6455 §7.1.1).
    pub fn is_closed(&self) -> bool {
        self.outgoing.is_closed()
    }

    fn queue(&mut self, frame: Option<super::Frame>) {
        for bytes in frame.into_iter().flat_map(|frame| [frame.head, frame.body]) {
            if !bytes.is_empty() {
                self.transmit.push_back(bytes);
            }
        }
    }
}
