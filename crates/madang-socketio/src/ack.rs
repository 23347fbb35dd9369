//! Acknowledgements: given, awaited, and collected.

use crate::error::{AckError, BroadcastError, EmitError};
use crate::extract::{Data, Rejection};
use crate::proto::{Args, Arguments, Value};
use crate::shared::lock;
use crate::{Namespace, Socket};
use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::collections::HashSet;
use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::time::Sleep;

/// The way to acknowledge an event at any time: for handlers whose value isn't the acknowledgement. The first one counts.
///
/// ```
/// use madang_socketio::{Ack, Data, Socket};
///
/// # async fn load(_: u32) -> String { String::new() }
/// async fn connected(socket: Socket) {
///     socket.on("load", async |Data(id): Data<u32>, ack: Ack| {
///         let loaded = load(id).await;
///         ack.send((id, loaded))
///     });
/// }
/// # madang_socketio::SocketIo::new().ns("/", connected);
/// ```
#[derive(Clone)]
pub struct Ack(To);

#[derive(Clone)]
enum To {
    Nobody,
    Socket(Socket, Asked),
    Server(Arc<Mutex<Option<oneshot::Sender<Args>>>>),
}

/// By which a client knows its event, and whether it has been acknowledged: several may want to.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    id: u64,
    is_answered: Arc<AtomicBool>,
}

impl Asked {
    pub(crate) fn new(id: u64) -> Self {
        Self {
            id,
            is_answered: Arc::default(),
        }
    }
}

impl Ack {
    pub(crate) fn of_socket(socket: &Socket, asked: Option<&Asked>) -> Self {
        Self(asked.map_or(To::Nobody, |asked| To::Socket(socket.clone(), asked.clone())))
    }

    pub(crate) fn of_server(answer: Option<oneshot::Sender<Args>>) -> Self {
        Self(answer.map_or(To::Nobody, |answer| {
            To::Server(Arc::new(Mutex::new(Some(answer))))
        }))
    }

    /// Whether anybody waits for it.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/page.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use madang_socketio::{Ack, Socket, SocketIo};
    /// # let io = SocketIo::new();
    /// io.ns("/", async |socket: Socket| {
    ///     socket.on("report", async |ack: Ack| {
    ///         if ack.is_wanted() {
    ///             // Worth the work only if the client gave a callback.
    ///             ack.send("a long report")?;
    ///         }
    ///         Ok::<_, madang_socketio::EmitError>(())
    ///     });
    /// });
    /// # let mut page = Page::open(&io).await;
    /// # page.send(r#"2["report"]"#).await;
    /// # page.send(r#"21["report"]"#).await;
    /// # assert_eq!(page.receive().await, r#"31["a long report"]"#);
    /// # Ok(())
    /// # }
    /// ```
    pub fn is_wanted(&self) -> bool {
        !matches!(self.0, To::Nobody)
    }

    /// Acknowledges, with one value or several as a tuple; nothing happens if nobody waits for it.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/page.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use madang_socketio::{Ack, Socket, SocketIo};
    /// # let io = SocketIo::new();
    /// # io.ns("/", async |socket: Socket| {
    /// socket.on("save", async |ack: Ack| {
    ///     ack.send((true, "saved"))?; // the client's callback gets two arguments
    ///     // Whatever follows doesn't keep the client waiting.
    ///     Ok::<_, madang_socketio::EmitError>(())
    /// });
    /// # });
    /// # let mut page = Page::open(&io).await;
    /// # page.send(r#"25["save"]"#).await;
    /// # assert_eq!(page.receive().await, r#"35[true,"saved"]"#);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// When the values can't be encoded, or the client is gone.
    #[allow(clippy::needless_pass_by_value)] // a temporary tuple, in practice
    pub fn send(self, args: impl Serialize) -> Result<(), EmitError> {
        match self.0 {
            To::Nobody => Ok(()),
            To::Socket(_, asked) if asked.is_answered.swap(true, Ordering::AcqRel) => Ok(()),
            To::Socket(socket, asked) => socket.acknowledge(asked.id, &args).inspect_err(|_| {
                // It wasn't: another may do better.
                asked.is_answered.store(false, Ordering::Release);
            }),
            To::Server(answer) => {
                let args = Args::of(&args)?;
                if let Some(answer) = lock(&answer).take() {
                    let _ = answer.send(args);
                }
                Ok(())
            }
        }
    }
}

impl fmt::Debug for Ack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ack")
            .field("is_wanted", &self.is_wanted())
            .finish()
    }
}

/// What a handler of events may return: `()` doesn't acknowledge, a value does, of a `Result` the good one.
///
/// Values are numbers, text, [`Bytes`], `Vec`, `Option`, tuples (several arguments), JSON and [`Value`]; any other type that serializes goes
/// in [`Data`].
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/page.rs"));
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use madang_socketio::{Data, Socket, SocketIo};
///
/// let io = SocketIo::new();
/// io.ns("/", async |socket: Socket| {
///     socket.on("plain", async || 7);
///     socket.on("several", async || (1, "two"));
///     socket.on("own", async || Data(serde_json::json!({ "type": "any" })));
///     socket.on("checked", async |Data(n): Data<i32>| match n {
///         0.. => Ok(n),
///         _ => Err("logged; the client isn't answered"),
///     });
/// });
/// # let mut page = Page::open(&io).await;
/// # for (packet, answer) in [
/// #     (r#"21["plain"]"#, r#"31[7]"#),
/// #     (r#"22["several"]"#, r#"32[1,"two"]"#),
/// #     (r#"23["own"]"#, r#"33[{"type":"any"}]"#),
/// #     (r#"24["checked",4]"#, r#"34[4]"#),
/// # ] {
/// #     page.send(packet).await;
/// #     assert_eq!(page.receive().await, answer);
/// # }
/// # Ok(())
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't be an acknowledgement",
    note = "wrap it: `Data(value)`; or return `()`, or a `Result` whose error can be displayed"
)]
pub trait IntoReply: Send {
    /// Acknowledges, if anybody waits for it.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/page.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use madang_socketio::{Ack, IntoReply, Rejection, Socket, SocketIo};
    ///
    /// /// An answer as callbacks of Node have it: an error or nothing first.
    /// struct NodeStyle(Result<u32, String>);
    ///
    /// impl IntoReply for NodeStyle {
    ///     fn into_reply(self, ack: Ack) -> Result<(), Rejection> {
    ///         let sent = match self.0 {
    ///             Ok(value) => ack.send((None::<String>, value)),
    ///             Err(error) => ack.send(error),
    ///         };
    ///         sent.map_err(Rejection::new)
    ///     }
    /// }
    ///
    /// let io = SocketIo::new();
    /// io.ns("/", async |socket: Socket| {
    ///     socket.on("count", async || NodeStyle(Ok(3)));
    /// });
    /// # let mut page = Page::open(&io).await;
    /// # page.send(r#"21["count"]"#).await;
    /// # assert_eq!(page.receive().await, "31[null,3]");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// To be logged.
    fn into_reply(self, ack: Ack) -> Result<(), Rejection>;
}

impl IntoReply for () {
    fn into_reply(self, _: Ack) -> Result<(), Rejection> {
        Ok(())
    }
}

impl<T: IntoReply, E: fmt::Display + Send> IntoReply for Result<T, E> {
    fn into_reply(self, ack: Ack) -> Result<(), Rejection> {
        match self {
            Ok(value) => value.into_reply(ack),
            // With the whole chain of causes, for errors that have one.
            Err(error) => Err(Rejection::new(format_args!("{error:#}"))),
        }
    }
}

impl<T: Serialize + Send> IntoReply for Data<T> {
    fn into_reply(self, ack: Ack) -> Result<(), Rejection> {
        reply(&self.0, ack)
    }
}

fn reply(value: &(impl Serialize + ?Sized), ack: Ack) -> Result<(), Rejection> {
    match ack.send(value) {
        // Who is gone waits for nothing.
        Ok(()) | Err(EmitError::Disconnected) => Ok(()),
        Err(error) => Err(Rejection::new(error)),
    }
}

macro_rules! replies {
    ($([$($generic:ident)*] $type:ty;)*) => {
        $(impl<$($generic: Serialize + Send),*> IntoReply for $type {
            fn into_reply(self, ack: Ack) -> Result<(), Rejection> {
                reply(&self, ack)
            }
        })*
    };
}

replies! {
    [] bool; [] i8; [] i16; [] i32; [] i64; [] u8; [] u16; [] u32; [] u64; [] usize; [] isize; [] f32; [] f64; [] char;
    [] String; [] &'static str; [] Bytes; [] Value; [] serde_json::Value;
    [T] Vec<T>; [T] Option<T>; [T] Box<T>; [T] Arguments<T>;
    [A] (A,); [A B] (A, B); [A B C] (A, B, C); [A B C D] (A, B, C, D);
}

/// An acknowledgement to come, as `T`: of one argument, or of several as a tuple. The event has been sent already.
///
/// It waits as long as the client is connected, unless there is a [timeout](Self::timeout). Dropping it makes whatever comes later ignored.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/page.rs"));
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use madang_socketio::{AckError, Socket, SocketIo};
/// # use std::time::Duration;
/// # let (io, (done, mut answers)) = (SocketIo::new(), tokio::sync::mpsc::channel(1));
/// # io.ns("/", move |socket: Socket| { let done = done.clone(); async move {
/// let answer = socket.emit_with_ack::<(String, u32)>("who?", ());
/// // Sent already; awaited when it's needed.
/// match answer.timeout(Duration::from_secs(5)).await {
///     Ok((name, age)) => println!("{name}, {age}"),
///     Err(AckError::TimedOut) => println!("no answer"),
///     Err(error) => println!("{}: {error}", error.code()),
/// }
/// # let _ = done.send(()).await;
/// # }});
/// # let mut page = Page::open(&io).await;
/// # assert_eq!(page.receive().await, r#"20["who?"]"#);
/// # page.send(r#"30["kim",41]"#).await;
/// # answers.recv().await.unwrap();
/// # Ok(())
/// # }
/// ```
#[must_use = "futures do nothing unless awaited"]
pub struct AckFuture<T> {
    waits: Result<Waits, Option<EmitError>>,
    timeout: Option<Duration>,
    sleep: Option<Pin<Box<Sleep>>>,
    shape: PhantomData<fn() -> T>,
}

struct Waits {
    answer: oneshot::Receiver<Args>,
    socket: Socket,
    id: u64,
}

impl<T> AckFuture<T> {
    pub(crate) fn new(socket: &Socket, id: u64, answer: oneshot::Receiver<Args>) -> Self {
        Self {
            waits: Ok(Waits {
                answer,
                socket: socket.clone(),
                id,
            }),
            timeout: None,
            sleep: None,
            shape: PhantomData,
        }
    }

    pub(crate) fn failed(error: EmitError) -> Self {
        Self {
            waits: Err(Some(error)),
            timeout: None,
            sleep: None,
            shape: PhantomData,
        }
    }

    /// Gives up after so long, counted from the first poll, with [`AckError::TimedOut`]. Default: never, as long as the client is connected. It needs tokio's time.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/page.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use madang_socketio::{AckError, Socket, SocketIo};
    /// # use std::time::Duration;
    /// # let io = SocketIo::new();
    /// # let page = Page::open(&io).await;
    /// # let socket = io.sockets().remove(0);
    /// let answer = socket.emit_with_ack::<u32>("question", ()).timeout(Duration::from_millis(10));
    /// assert!(matches!(answer.await, Err(AckError::TimedOut))); // nobody has answered
    /// # Ok(())
    /// # }
    /// ```
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }
}

impl<T: DeserializeOwned> Future for AckFuture<T> {
    type Output = Result<T, AckError>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        let waits = match &mut this.waits {
            Ok(waits) => waits,
            Err(error) => {
                let error = error.take().map_or(AckError::Disconnected, AckError::Emit);
                return Poll::Ready(Err(error));
            }
        };
        match Pin::new(&mut waits.answer).poll(context) {
            Poll::Ready(Ok(args)) => return Poll::Ready(args.read().map_err(AckError::Read)),
            Poll::Ready(Err(_)) => return Poll::Ready(Err(AckError::Disconnected)),
            Poll::Pending => {}
        }
        if let Some(timeout) = this.timeout {
            let sleep = this
                .sleep
                .get_or_insert_with(|| Box::pin(tokio::time::sleep(timeout)));
            if sleep.as_mut().poll(context).is_ready() {
                return Poll::Ready(Err(AckError::TimedOut));
            }
        }
        Poll::Pending
    }
}

impl Drop for Waits {
    fn drop(&mut self) {
        lock(&self.socket.inner.acks).take(self.id);
    }
}

impl<T> fmt::Debug for AckFuture<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AckFuture")
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

/// The acknowledgements of a broadcast to come, the first argument of each as `T`. The event has been sent already. Dropping it makes whatever comes later ignored.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/page.rs"));
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use madang_socketio::SocketIo;
/// # let io = SocketIo::new();
/// # let mut page = Page::open(&io).await;
/// let answers = io.emit_with_ack::<u32>("how many?", ());
/// // Everyone has been asked by now.
/// # assert_eq!(page.receive().await, r#"20["how many?"]"#);
/// # page.send("30[3]").await;
/// let sum: u32 = answers.await?.iter().sum();
/// # assert_eq!(sum, 3);
/// # Ok(())
/// # }
/// ```
#[must_use = "futures do nothing unless awaited"]
pub struct BroadcastAck<T>(pub(crate) Collected<T>);

type Collected<T> = Pin<Box<dyn Future<Output = Result<Vec<T>, BroadcastError<T>>> + Send>>;

impl<T> Future for BroadcastAck<T> {
    type Output = Result<Vec<T>, BroadcastError<T>>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.as_mut().poll(context)
    }
}

impl<T> fmt::Debug for BroadcastAck<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BroadcastAck").finish_non_exhaustive()
    }
}

/// What came of the acknowledgements of a broadcast, unread.
#[derive(Clone, Debug, Default)]
pub(crate) struct Responses {
    pub(crate) args: Vec<Args>,
    pub(crate) expected: usize,
}

impl Responses {
    pub(crate) fn add(&mut self, other: Self) {
        self.args.extend(other.args);
        self.expected += other.expected;
    }

    pub(crate) fn read<T: DeserializeOwned>(self) -> Result<Vec<T>, BroadcastError<T>> {
        let mut error = (self.args.len() < self.expected).then_some(AckError::TimedOut);
        let mut responses = Vec::with_capacity(self.args.len());
        for args in self.args {
            match args.read() {
                Ok(response) => responses.push(response),
                Err(unread) => error = error.or(Some(AckError::Read(unread))),
            }
        }
        match error {
            None => Ok(responses),
            Some(error) => Err(BroadcastError {
                error,
                responses,
                expected: self.expected,
            }),
        }
    }
}

/// Who has yet to acknowledge a broadcast, and what has come.
pub(crate) struct Collector {
    pub(crate) pending: HashSet<Arc<str>>,
    pub(crate) responses: Responses,
    /// Dropped when everyone has.
    pub(crate) done: Option<oneshot::Sender<()>>,
    /// Another server that wants each as it comes.
    pub(crate) forward: Option<Arc<Forward>>,
}

/// Where acknowledgements go that another server collects.
pub(crate) type Forward = dyn Fn(Args) + Send + Sync;

/// The place of a collector in its namespace, which goes with it.
pub(crate) struct Collecting {
    pub(crate) namespace: Namespace,
    pub(crate) id: u64,
    pub(crate) done: oneshot::Receiver<()>,
}

impl Collecting {
    pub(crate) async fn finish(mut self, timeout: Duration) -> Responses {
        let _ = tokio::time::timeout(timeout, &mut self.done).await;
        let collector = lock(&self.namespace.inner.collectors).remove(&self.id);
        collector.map(|collector| collector.responses).unwrap_or_default()
    }
}

impl Drop for Collecting {
    fn drop(&mut self) {
        lock(&self.namespace.inner.collectors).remove(&self.id);
    }
}
