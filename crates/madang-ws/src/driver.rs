//! The receiving side of a connection: reads, reacts, keeps the timers, and brings the connection to its end.

use crate::Error;
use crate::clock::now;
use crate::proto::{CloseFrame, Config, Event, Incoming, Message};
use crate::shared::{End, Shared};
use crate::transport::{self, Io, Reader};
use crate::wakers::Ticket;
use http::HeaderValue;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use tokio::time::Sleep;

pub(crate) struct Driver {
    reader: Reader,
    incoming: Incoming,
    pub(crate) shared: Arc<Shared>,
    /// Of the owner, when it waits to send.
    pub(crate) ticket: Ticket,
    phase: Phase,
    /// The peer's half of the stream has ended.
    read_all: bool,
    /// What ended the connection, until it has been reported.
    fate: Option<Box<Error>>,
    /// Exists while something has a deadline.
    timer: Option<Pin<Box<Sleep>>>,
    pub(crate) settled: Option<Box<Settled>>,
}

/// What few ask for, kept apart to keep connections small.
#[derive(Default)]
pub(crate) struct Settled {
    pub(crate) protocol: Option<HeaderValue>,
    pub(crate) close_frame: Option<CloseFrame>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    Open,
    /// What is queued is written, then a server shuts the stream down (RFC 6455 §7.1.1). What still comes is
    /// read and dropped meanwhile: a peer that can't write on may not read either.
    Ending,
    /// The peer's end of the stream is awaited, so that the close frame isn't lost in a reset.
    Lingering,
    Done,
}

impl Driver {
    pub(crate) fn new<S: Io>(stream: S, read: &[u8], config: &Config, protocol: Option<HeaderValue>) -> Self {
        let (reader, writer) = transport::split(stream);
        let mut incoming = Incoming::new(config);
        if !read.is_empty() {
            incoming.receive(&mut read.to_vec());
        }
        let settled = protocol.map(|protocol| {
            Box::new(Settled {
                protocol: Some(protocol),
                close_frame: None,
            })
        });
        let shared = Shared::new(writer, config);
        Self {
            reader,
            incoming,
            shared,
            ticket: Ticket::default(),
            phase: Phase::Open,
            read_all: false,
            fate: None,
            timer: None,
            settled,
        }
    }

    pub(crate) fn is_open(&self) -> bool {
        self.phase == Phase::Open
    }

    pub(crate) fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Message, Error>>> {
        // A client that sends without pause shares the thread like any other task.
        let budget = ready!(tokio::task::coop::poll_proceed(cx));
        loop {
            match self.phase {
                Phase::Open => match self.incoming.poll_event() {
                    Ok(Some(Event::Message(message))) => {
                        if self.shared.is_timed() {
                            self.shared.lock().outgoing().busy(now());
                        }
                        budget.made_progress();
                        return Poll::Ready(Some(Ok(message)));
                    }
                    Ok(Some(event)) => {
                        self.shared.react(&event);
                        if let Event::Close(frame) = event {
                            self.settled.get_or_insert_default().close_frame = frame;
                            self.phase = Phase::Ending;
                        }
                    }
                    Ok(None) => ready!(self.poll_read(cx)),
                    Err(fault) => {
                        self.shared.fail(fault);
                        self.end(fault.into());
                    }
                },
                Phase::Ending | Phase::Lingering => ready!(self.poll_end(cx)),
                Phase::Done => {
                    // Both halves, and with them the stream: its peer mustn't wait until this object is dropped too.
                    self.reader = Reader::Gone;
                    self.shared.abandon();
                    return Poll::Ready(self.fate.take().map(|error| Err(*error)));
                }
            }
        }
    }

    /// Writes what is queued, then reads once.
    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let mut state = self.shared.lock();
        // Whether all was written or not: the receiver is woken when there is more to do.
        let _ = self.shared.poll_drain(cx, &mut state);
        let end = state.end().map(|end| (end, state.error(end)));
        let deadline = state.outgoing().poll_timeout();
        drop(state);
        let broken = match end {
            // What the peer had sent before it went is there to be read.
            Some((End::Io(_), error)) => Some(error),
            Some((End::TooSlow | End::Dropped, error)) => {
                self.end(error);
                return Poll::Ready(());
            }
            None => None,
        };
        let incoming = &mut self.incoming;
        match (self.reader.poll_read(cx, |bytes| incoming.receive(bytes)), broken) {
            (Poll::Ready(Ok(1..)), _) => {
                if self.shared.is_timed() {
                    self.shared.lock().outgoing().heard(now());
                }
            }
            (_, Some(error)) => self.give_up(error),
            (Poll::Ready(Ok(0)), None) => self.lose(),
            // TLS that ends without its own goodbye.
            (Poll::Ready(Err(e)), None) if e.kind() == io::ErrorKind::UnexpectedEof => self.lose(),
            (Poll::Ready(Err(e)), None) => self.give_up(e.into()),
            (Poll::Pending, None) => return self.poll_timer(cx, deadline),
        }
        Poll::Ready(())
    }

    /// Writes what is queued and awaits the peer's end.
    fn poll_end(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let mut state = self.shared.lock();
        if self.phase == Phase::Ending {
            let mut done = self.shared.poll_drain(cx, &mut state);
            if done.is_ready() && self.shared.is_server() {
                done = self.shared.poll_shutdown(&mut state);
            }
            if done.is_ready() {
                self.phase = Phase::Lingering;
            }
        }
        let deadline = state.outgoing().poll_timeout();
        drop(state);
        while !self.read_all {
            match self.reader.poll_read(cx, |_| {}) {
                Poll::Ready(Ok(0) | Err(_)) => self.read_all = true,
                Poll::Ready(Ok(_)) => {}
                Poll::Pending => return self.poll_timer(cx, deadline),
            }
        }
        if self.phase == Phase::Ending {
            return self.poll_timer(cx, deadline);
        }
        self.phase = Phase::Done;
        Poll::Ready(())
    }

    /// Waits for the deadline, and does what is due then.
    fn poll_timer(&mut self, cx: &mut Context<'_>, mut deadline: Option<std::time::Instant>) -> Poll<()> {
        while let Some(due) = deadline {
            let timer = self
                .timer
                .get_or_insert_with(|| Box::pin(tokio::time::sleep_until(due.into())));
            // One that is early is left to run: setting it back for every message would cost more.
            if timer.deadline() > due.into() {
                timer.as_mut().reset(due.into());
            }
            ready!(timer.as_mut().poll(cx));
            if let Err(timed_out) = self.shared.handle_timeout(now()) {
                self.give_up(timed_out.into());
                return Poll::Ready(());
            }
            deadline = self.shared.lock().outgoing().poll_timeout();
            if let Some(due) = deadline {
                timer.as_mut().reset(due.into());
            }
        }
        self.timer = None;
        Poll::Pending
    }

    /// The peer's half ended without a close frame. What is queued still goes to a peer that closed only that.
    fn lose(&mut self) {
        self.read_all = true;
        self.shared.lock().outgoing().lost(now());
        self.end(Error::Lost);
    }

    /// Ends at once, since nothing more can pass.
    fn give_up(&mut self, error: Error) {
        self.end(error);
        self.phase = Phase::Done;
    }

    /// Begins the end; the first reason is the one that is reported.
    fn end(&mut self, error: Error) {
        // A timer that cuts off a connection which was already ending adds nothing.
        if self.phase == Phase::Open {
            self.fate = Some(Box::new(error));
            self.phase = Phase::Ending;
        }
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        self.shared.abandon();
    }
}
