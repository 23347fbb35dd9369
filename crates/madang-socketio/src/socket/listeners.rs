//! Who listens to a socket.

use super::Socket;
use crate::IntoReply;
use crate::context::{DisconnectContext, ErrorContext, EventContext};
use crate::error::EmitError;
use crate::handler::{Callback, Handler, IntoOutcome, callback, plain};
use crate::middleware::{Check, check};
use crate::shared::lock;
use smallvec::SmallVec;
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// A listener of a socket, to be taken off it again.
///
#[doc = include_str!("../../doc/socket/off.md")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ListenerId(u32);

/// Of a listener that wasn't added.
const NOWHERE: ListenerId = ListenerId(0);

type EventCallback = Arc<dyn Callback<EventContext>>;

/// Several at most, in practice.
pub(super) type Callbacks = SmallVec<[EventCallback; 2]>;

#[derive(Default)]
pub(super) struct Listeners {
    events: Vec<Listener>,
    others: Option<Box<Others>>,
    /// What came before anybody listened.
    #[allow(clippy::box_collection)] // 8 bytes of every socket rather than 32
    held: Option<Box<VecDeque<EventContext>>>,
    last: u32,
}

struct Listener {
    event: Box<str>,
    id: ListenerId,
    once: bool,
    callback: EventCallback,
}

/// What most sockets don't have, or one of.
#[derive(Default)]
struct Others {
    any: Vec<(ListenerId, EventCallback)>,
    any_outgoing: Vec<(ListenerId, EventCallback)>,
    middlewares: Vec<Check<EventContext, Arc<str>>>,
    disconnecting: Vec<Arc<dyn Callback<DisconnectContext>>>,
    disconnect: Vec<Arc<dyn Callback<DisconnectContext>>>,
    error: Vec<Arc<dyn Callback<ErrorContext>>>,
}

impl Others {
    fn len(&self) -> usize {
        self.any.len()
            + self.any_outgoing.len()
            + self.middlewares.len()
            + self.disconnecting.len()
            + self.disconnect.len()
            + self.error.len()
    }
}

impl Listeners {
    fn others(&mut self) -> &mut Others {
        self.others.get_or_insert_default()
    }

    fn len(&self) -> usize {
        self.events.len() + self.others.as_ref().map_or(0, |others| others.len())
    }

    fn push(&mut self, listener: Listener) {
        // Most sockets have a few, and there are many sockets.
        if self.events.len() == self.events.capacity() && self.events.len() < 8 {
            self.events.reserve_exact(2);
        }
        self.events.push(listener);
    }

    /// Whether an event of this name waits.
    pub(super) fn holds(&self, event: &str) -> bool {
        let mut held = self.held.iter().flat_map(|held| held.iter());
        held.any(|held| held.name == *event)
    }

    /// Keeps an event, if fewer than so many are kept; whether it does.
    pub(super) fn hold(&mut self, event: &EventContext, limit: usize) -> bool {
        let held = self.held.get_or_insert_default();
        let has_room = held.len() < limit;
        if has_room {
            held.push_back(event.clone());
        }
        has_room
    }

    pub(super) fn next_held(&mut self) -> Option<EventContext> {
        let next = self.held.as_mut()?.pop_front();
        if next.is_none() {
            self.held = None;
        }
        next
    }

    pub(super) fn listens(&self, event: &str) -> bool {
        self.events.iter().any(|listener| *listener.event == *event)
            || self.others.as_ref().is_some_and(|others| !others.any.is_empty())
    }

    /// Who is to be called for an event, in order; those who want it once are gone with it.
    pub(super) fn take(&mut self, event: &str) -> Callbacks {
        let any = self.others.as_ref().into_iter().flat_map(|others| &others.any);
        let mut callbacks: Callbacks = any.map(|(_, callback)| callback.clone()).collect();
        let mut once = false;
        for listener in &self.events {
            if *listener.event == *event {
                once |= listener.once;
                callbacks.push(listener.callback.clone());
            }
        }
        if once {
            self.events
                .retain(|listener| !listener.once || *listener.event != *event);
        }
        callbacks
    }

    /// Who is asked first; if anybody is.
    pub(super) fn middlewares(&self) -> Option<Vec<Check<EventContext, Arc<str>>>> {
        let middlewares = &self.others.as_ref()?.middlewares;
        (!middlewares.is_empty()).then(|| middlewares.clone())
    }

    pub(super) fn outgoing(&self) -> Vec<EventCallback> {
        let outgoing = self.others.as_ref().map(|others| others.any_outgoing.iter());
        let outgoing = outgoing.into_iter().flatten();
        outgoing.map(|(_, callback)| callback.clone()).collect()
    }

    pub(super) fn disconnecting(&self) -> Vec<Arc<dyn Callback<DisconnectContext>>> {
        self.others
            .as_ref()
            .map_or_else(Vec::new, |others| others.disconnecting.clone())
    }

    pub(super) fn disconnect(&self) -> Vec<Arc<dyn Callback<DisconnectContext>>> {
        self.others
            .as_ref()
            .map_or_else(Vec::new, |others| others.disconnect.clone())
    }

    pub(super) fn error(&self) -> Vec<Arc<dyn Callback<ErrorContext>>> {
        self.others
            .as_ref()
            .map_or_else(Vec::new, |others| others.error.clone())
    }

    pub(super) fn any_outgoing(&self) -> usize {
        self.others.as_ref().map_or(0, |others| others.any_outgoing.len())
    }
}

/// Takes the one with this id out, or all; to be dropped without the lock, since what they captured is the application's.
fn take(
    from: &mut Vec<(ListenerId, EventCallback)>,
    id: Option<ListenerId>,
) -> Vec<(ListenerId, EventCallback)> {
    let Some(id) = id else {
        return std::mem::take(from);
    };
    let index = from.iter().position(|(known, _)| *known == id);
    index.map(|index| from.remove(index)).into_iter().collect()
}

fn event_handler<H, T>(handler: H) -> EventCallback
where
    H: Handler<EventContext, T>,
    H::Output: IntoReply,
    T: 'static,
{
    callback(handler, |context: &EventContext, output: H::Output| {
        let ack = crate::Ack::of_socket(&context.socket, context.id.as_ref());
        output.into_reply(ack)
    })
}

impl Socket {
    /// Calls the handler for every event of this name. What it returns is the acknowledgement: [`IntoReply`]. Of several listeners each is called, in the order in which
    /// they were added.
    ///
    /// Names that are [reserved](crate::proto::RESERVED_EVENTS) never arrive as events: listening to one is an error that is logged. So is one listener more than
    /// [`Limits::listeners`](crate::Limits::listeners). What isn't added, or is added after the client is gone, has an id that no listener has.
    ///
    #[doc = include_str!("../../doc/socket/on.md")]
    pub fn on<H, T>(&self, event: &str, handler: H) -> ListenerId
    where
        H: Handler<EventContext, T>,
        H::Output: IntoReply,
        T: 'static,
    {
        self.listen(event, false, event_handler(handler))
    }

    /// As [`on`](Self::on), for the next event of this name alone.
    ///
    #[doc = include_str!("../../doc/socket/once.md")]
    pub fn once<H, T>(&self, event: &str, handler: H) -> ListenerId
    where
        H: Handler<EventContext, T>,
        H::Output: IntoReply,
        T: 'static,
    {
        self.listen(event, true, event_handler(handler))
    }

    fn listen(&self, event: &str, once: bool, callback: EventCallback) -> ListenerId {
        if let Err(error) = EmitError::check(event) {
            tracing::error!(%error, "no such event arrives; there are on_disconnect, on_disconnecting and on_error");
            return NOWHERE;
        }
        self.add(|listeners, id| {
            listeners.push(Listener {
                event: event.into(),
                id,
                once,
                callback,
            });
        })
    }

    /// Adds something, if there is room for it; an id that nothing has, if not.
    fn add(&self, add: impl FnOnce(&mut Listeners, ListenerId)) -> ListenerId {
        let limit = self.shared().limits.listeners;
        let mut listeners = lock(&self.inner.listeners);
        if self.state() == super::State::Gone {
            // It would never be called, and what it holds might hold the socket.
            return NOWHERE;
        }
        if listeners.len() >= limit {
            drop(listeners);
            tracing::error!(
                limit,
                "a socket has too many listeners; is one added for each event?"
            );
            return NOWHERE;
        }
        listeners.last += 1;
        let id = ListenerId(listeners.last);
        add(&mut listeners, id);
        id
    }

    /// Takes all listeners of an event off: Node's `off` and `removeAllListeners` with a name.
    ///
    #[doc = include_str!("../../doc/socket/off.md")]
    pub fn off(&self, event: &str) {
        let mut listeners = lock(&self.inner.listeners);
        let (gone, kept) = std::mem::take(&mut listeners.events)
            .into_iter()
            .partition(|listener: &Listener| *listener.event == *event);
        listeners.events = kept;
        drop(listeners);
        // What they captured is the application's, and so is the code that drops it.
        drop::<Vec<_>>(gone);
    }

    /// Takes one listener off, of whatever kind: what [`on`](Self::on) and its siblings returned.
    ///
    #[doc = include_str!("../../doc/socket/off.md")]
    pub fn off_listener(&self, id: ListenerId) {
        let mut listeners = lock(&self.inner.listeners);
        let mut gone: Vec<EventCallback> = Vec::new();
        if let Some(index) = listeners.events.iter().position(|listener| listener.id == id) {
            gone.push(listeners.events.remove(index).callback);
        }
        let mut outgoing = 0;
        if let Some(others) = &mut listeners.others {
            if let Some(index) = others.any.iter().position(|(known, _)| *known == id) {
                gone.push(others.any.remove(index).1);
            }
            if let Some(index) = others.any_outgoing.iter().position(|(known, _)| *known == id) {
                gone.push(others.any_outgoing.remove(index).1);
                outgoing = 1;
            }
        }
        drop(listeners);
        self.fewer_outgoing(outgoing);
        drop(gone);
    }

    /// How many listeners an event has.
    ///
    #[doc = include_str!("../../doc/socket/off.md")]
    pub fn listener_count(&self, event: &str) -> usize {
        let listeners = lock(&self.inner.listeners);
        let of_event = listeners.events.iter();
        of_event.filter(|listener| *listener.event == *event).count()
    }

    /// Takes all listeners of all events off; not those of any event, nor those of the disconnection.
    ///
    #[doc = include_str!("../../doc/socket/off.md")]
    pub fn remove_all_listeners(&self) {
        let gone = std::mem::take(&mut lock(&self.inner.listeners).events);
        drop(gone);
    }

    /// Calls the handler for every event, before those that listen to it by name: [`EventName`](crate::EventName) says which it is. What it returns is an acknowledgement too.
    ///
    #[doc = include_str!("../../doc/socket/on_any.md")]
    pub fn on_any<H, T>(&self, handler: H) -> ListenerId
    where
        H: Handler<EventContext, T>,
        H::Output: IntoReply,
        T: 'static,
    {
        let handler = event_handler(handler);
        self.add(|listeners, id| listeners.others().any.push((id, handler)))
    }

    /// As [`on_any`](Self::on_any), before those that are there already.
    ///
    #[doc = include_str!("../../doc/socket/any.md")]
    pub fn prepend_any<H, T>(&self, handler: H) -> ListenerId
    where
        H: Handler<EventContext, T>,
        H::Output: IntoReply,
        T: 'static,
    {
        let handler = event_handler(handler);
        self.add(|listeners, id| listeners.others().any.insert(0, (id, handler)))
    }

    /// Takes off a listener of [`on_any`](Self::on_any), or all of them.
    ///
    #[doc = include_str!("../../doc/socket/any.md")]
    pub fn off_any(&self, id: Option<ListenerId>) {
        let mut listeners = lock(&self.inner.listeners);
        let others = listeners.others.as_mut();
        let gone = others.map(|others| take(&mut others.any, id));
        drop(listeners);
        drop(gone);
    }

    /// The listeners of [`on_any`](Self::on_any), in their order.
    ///
    #[doc = include_str!("../../doc/socket/any.md")]
    pub fn listeners_any(&self) -> Vec<ListenerId> {
        let listeners = lock(&self.inner.listeners);
        let any = listeners.others.iter().flat_map(|others| &others.any);
        any.map(|(id, _)| *id).collect()
    }

    /// Calls the handler for every event that is sent to the client, by a broadcast too. What it returns doesn't matter, unless it's an error.
    ///
    #[doc = include_str!("../../doc/socket/on_any_outgoing.md")]
    pub fn on_any_outgoing<H, T>(&self, handler: H) -> ListenerId
    where
        H: Handler<EventContext, T>,
        H::Output: IntoOutcome,
        T: 'static,
    {
        self.add_outgoing(plain(handler), false)
    }

    /// As [`on_any_outgoing`](Self::on_any_outgoing), before those that are there already.
    ///
    #[doc = include_str!("../../doc/socket/any_outgoing.md")]
    pub fn prepend_any_outgoing<H, T>(&self, handler: H) -> ListenerId
    where
        H: Handler<EventContext, T>,
        H::Output: IntoOutcome,
        T: 'static,
    {
        self.add_outgoing(plain(handler), true)
    }

    fn add_outgoing(&self, handler: EventCallback, first: bool) -> ListenerId {
        self.add(|listeners, id| {
            let all = &mut listeners.others().any_outgoing;
            let index = if first { 0 } else { all.len() };
            all.insert(index, (id, handler));
            self.inner
                .namespace
                .inner
                .outgoing
                .fetch_add(1, Ordering::Relaxed);
        })
    }

    /// Takes off a listener of [`on_any_outgoing`](Self::on_any_outgoing), or all of them.
    ///
    #[doc = include_str!("../../doc/socket/any_outgoing.md")]
    pub fn off_any_outgoing(&self, id: Option<ListenerId>) {
        let mut listeners = lock(&self.inner.listeners);
        let others = listeners.others.as_mut();
        let gone = others.map(|others| take(&mut others.any_outgoing, id));
        drop(listeners);
        self.fewer_outgoing(gone.as_ref().map_or(0, Vec::len));
        drop(gone);
    }

    /// The listeners of [`on_any_outgoing`](Self::on_any_outgoing), in their order.
    ///
    #[doc = include_str!("../../doc/socket/any_outgoing.md")]
    pub fn listeners_any_outgoing(&self) -> Vec<ListenerId> {
        let listeners = lock(&self.inner.listeners);
        let any = listeners.others.iter().flat_map(|others| &others.any_outgoing);
        any.map(|(id, _)| *id).collect()
    }

    pub(super) fn fewer_outgoing(&self, fewer: usize) {
        if fewer > 0 {
            let outgoing = &self.inner.namespace.inner.outgoing;
            outgoing.fetch_sub(fewer, Ordering::Relaxed);
        }
    }

    /// Adds a middleware for the events of this socket: they are asked in order before any listener is called. An error drops the event and goes to
    /// [`on_error`](Self::on_error).
    ///
    #[doc = include_str!("../../doc/socket/use.md")]
    pub fn use_<H, T, E>(&self, middleware: H)
    where
        H: Handler<EventContext, T, Output = Result<(), E>>,
        T: 'static,
        E: std::fmt::Display + Send + 'static,
    {
        let refuse = |error: E| Arc::from(format!("{error:#}"));
        let broken = || Arc::from("internal error");
        let middleware = check(middleware, refuse, broken);
        self.add(|listeners, _| listeners.others().middlewares.push(middleware));
    }

    /// Calls the handler when the client goes, while it is still in its rooms.
    ///
    #[doc = include_str!("../../doc/socket/on_disconnecting.md")]
    pub fn on_disconnecting<H, T>(&self, handler: H)
    where
        H: Handler<DisconnectContext, T>,
        H::Output: IntoOutcome,
        T: 'static,
    {
        let handler = plain(handler);
        self.add(|listeners, _| listeners.others().disconnecting.push(handler));
    }

    /// Calls the handler when the client is gone: [`DisconnectReason`](crate::DisconnectReason) says why.
    ///
    #[doc = include_str!("../../doc/socket/on_disconnect.md")]
    pub fn on_disconnect<H, T>(&self, handler: H)
    where
        H: Handler<DisconnectContext, T>,
        H::Output: IntoOutcome,
        T: 'static,
    {
        let handler: Arc<dyn Callback<DisconnectContext>> = plain(handler);
        let late = handler.clone();
        let added = self.add(|listeners, _| listeners.others().disconnect.push(handler));
        // It went before its connection was handled: whoever sees it come sees it go.
        if let (NOWHERE, Some(reason)) = (added, self.inner.ended.get()) {
            self.shared().run(late.start(DisconnectContext {
                socket: self.clone(),
                reason: *reason,
            }));
        }
    }

    /// Calls the handler when a [middleware](Self::use_) refuses an event, or the client breaks the protocol, which ends its connection: [`Failure`](crate::Failure) says why.
    ///
    #[doc = include_str!("../../doc/socket/on_error.md")]
    pub fn on_error<H, T>(&self, handler: H)
    where
        H: Handler<ErrorContext, T>,
        H::Output: IntoOutcome,
        T: 'static,
    {
        let handler = plain(handler);
        self.add(|listeners, _| listeners.others().error.push(handler));
    }
}
