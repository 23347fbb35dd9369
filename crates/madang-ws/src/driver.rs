//! The receiving side of a connection: reads, reacts, keeps the timers, and brings the connection to its end.

use crate::Error;
use crate::proto::{CloseFrame, Config, Event, Incoming, Message};
use crate::shared::Shared;
use crate::transport::{self, Io, Reader};
use http::HeaderValue;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Instant;
use tokio::time::Sleep;

pub(crate) struct Driver {
    reader: Reader,
    incoming: Incoming,
    pub(crate) shared: Arc<Shared>,
    phase: Phase,
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
    /// What is queued is written, then a server shuts the stream down (RFC 6455 §7.1.1).
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
            phase: Phase::Open,
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
                            self.shared.lock().outgoing().busy(Instant::now());
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
                Phase::Ending => ready!(self.poll_end(cx)),
                Phase::Lingering => ready!(self.poll_linger(cx)),
                Phase::Done => {
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
        if let Some(end) = state.end() {
            let error = state.error(end);
            drop(state);
            self.end(error);
            return Poll::Ready(());
        }
        let deadline = state.outgoing().poll_timeout();
        drop(state);
        let incoming = &mut self.incoming;
        match self.reader.poll_read(cx, |bytes| incoming.receive(bytes)) {
            Poll::Ready(Ok(0)) => {
                // What is queued still goes to a peer that closed only its half.
                self.shared.lock().outgoing().lost(Instant::now());
                self.end(Error::Lost);
            }
            Poll::Ready(Ok(_)) => {
                if self.shared.is_timed() {
                    self.shared.lock().outgoing().heard(Instant::now());
                }
            }
            Poll::Ready(Err(e)) => {
                self.end(e.into());
                self.phase = Phase::Done;
            }
            Poll::Pending => return self.poll_timer(cx, deadline),
        }
        Poll::Ready(())
    }

    fn poll_end(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let mut state = self.shared.lock();
        let mut done = self.shared.poll_drain(cx, &mut state);
        if done.is_ready() && self.shared.is_server() {
            done = self.shared.poll_shutdown(&mut state);
        }
        let deadline = state.outgoing().poll_timeout();
        drop(state);
        if done.is_pending() {
            return self.poll_timer(cx, deadline);
        }
        self.phase = Phase::Lingering;
        Poll::Ready(())
    }

    fn poll_linger(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        match self.reader.poll_read(cx, |_| {}) {
            Poll::Ready(Ok(0) | Err(_)) => self.phase = Phase::Done,
            Poll::Ready(Ok(_)) => {}
            Poll::Pending => {
                let deadline = self.shared.lock().outgoing().poll_timeout();
                return self.poll_timer(cx, deadline);
            }
        }
        Poll::Ready(())
    }

    /// Waits for the deadline, and does what is due then.
    fn poll_timer(&mut self, cx: &mut Context<'_>, mut deadline: Option<Instant>) -> Poll<()> {
        while let Some(due) = deadline {
            let timer = self
                .timer
                .get_or_insert_with(|| Box::pin(tokio::time::sleep_until(due.into())));
            // One that is early is left to run: setting it back for every message would cost more.
            if timer.deadline() > due.into() {
                timer.as_mut().reset(due.into());
            }
            ready!(timer.as_mut().poll(cx));
            if let Err(timed_out) = self.shared.handle_timeout(Instant::now()) {
                self.end(timed_out.into());
                self.phase = Phase::Done;
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
