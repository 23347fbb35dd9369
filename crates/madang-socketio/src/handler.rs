//! Handlers: async functions whose arguments are extractors.

use crate::context::Context;
use crate::extract::{Extract, Rejection};
use crate::shared::{Task, catch};
use std::future::Future;
use std::marker::PhantomData;
use std::sync::Arc;

/// An async function of up to eight [extractors](Extract). What it may return depends on what it handles:
///
/// * an event: [anything that can be an acknowledgement](crate::IntoReply), `()`, or a `Result` of these;
/// * a connection, a disconnection, an error: `()` or a `Result`;
/// * a middleware: `Result<(), E>`, where `E` becomes a [`ConnectError`](crate::ConnectError), or any error for [`Socket::use_`](crate::Socket::use_).
///
/// It's called when its turn has come, and runs there up to its first await: so events of one socket are begun in the order in which they came. From the first await on it is a
/// task of its own. Whatever it does in between two awaits must be brief, as everywhere in async code.
///
/// An error, an argument of another shape and a panic cost this one call; they're logged with the event's name, and nobody is told.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/page.rs"));
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use madang_socketio::{Ack, Data, Socket, SocketIo, State};
///
/// async fn connected(socket: Socket) {
///     socket.on("greet", greet); // a function
///     socket.on("add", async |Data((a, b)): Data<(i64, i64)>| a + b); // an async closure
///     let limit = 100;
///     socket.on("limit", move || async move { limit }); // one that captures
/// }
///
/// async fn greet(socket: Socket, Data(name): Data<String>, State(word): State<&'static str>) -> String {
///     format!("{word}, {name} in {}!", socket.namespace().name())
/// }
///
/// let io = SocketIo::builder().state("Hello").build();
/// io.ns("/", connected);
/// # let mut page = Page::open(&io).await;
/// # page.send(r#"21["greet","kim"]"#).await;
/// # assert_eq!(page.receive().await, r#"31["Hello, kim in /!"]"#);
/// # page.send(r#"22["limit"]"#).await;
/// # assert_eq!(page.receive().await, "32[100]");
/// # Ok(())
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a handler here",
    note = "a handler is an async function whose 0 to 8 arguments are extractors of what it handles, and which is `Send + Sync + 'static`"
)]
pub trait Handler<C, T>: Send + Sync + 'static {
    /// What it returns.
    type Output;
    /// Itself, running.
    type Future: Future<Output = Self::Output> + Send + 'static;

    /// Takes its arguments and starts.
    ///
    /// # Errors
    /// When an argument isn't to be had.
    fn call(&self, context: &C) -> Result<Self::Future, Rejection>;
}

macro_rules! handlers {
    ($(($($argument:ident)*))*) => {
        $(impl<C, F, Fut, $($argument),*> Handler<C, ($($argument,)*)> for F
        where
            F: Fn($($argument),*) -> Fut + Send + Sync + 'static,
            Fut: Future + Send + 'static,
            $($argument: Extract<C>,)*
        {
            type Output = Fut::Output;
            type Future = Fut;

            #[allow(unused_variables)]
            fn call(&self, context: &C) -> Result<Fut, Rejection> {
                Ok(self($($argument::extract(context)?),*))
            }
        })*
    };
}

handlers! {
    () (T1) (T1 T2) (T1 T2 T3) (T1 T2 T3 T4) (T1 T2 T3 T4 T5) (T1 T2 T3 T4 T5 T6) (T1 T2 T3 T4 T5 T6 T7) (T1 T2 T3 T4 T5 T6 T7 T8)
}

/// A handler whose type is forgotten.
pub(crate) trait Callback<C>: Send + Sync {
    /// The call, which neither fails nor panics.
    fn start(self: Arc<Self>, context: C) -> Task;
}

/// A handler, and what is done with what it returns.
struct Erased<H, T, D> {
    handler: H,
    done: D,
    arguments: PhantomData<fn(T)>,
}

impl<C, H, T, D> Callback<C> for Erased<H, T, D>
where
    C: Context,
    H: Handler<C, T>,
    H::Output: Send,
    T: 'static,
    D: Fn(&C, H::Output) -> Result<(), Rejection> + Send + Sync + 'static,
{
    fn start(self: Arc<Self>, context: C) -> Task {
        Box::pin(async move {
            let call = catch(async {
                let output = self.handler.call(&context)?.await;
                (self.done)(&context, output)
            });
            match call.await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => tracing::error!(event = context.label(), %error, "a handler failed"),
                Err(panic) => tracing::error!(event = context.label(), panic, "a handler panicked"),
            }
        })
    }
}

pub(crate) fn callback<C, H, T, D>(handler: H, done: D) -> Arc<dyn Callback<C>>
where
    C: Context,
    H: Handler<C, T>,
    H::Output: Send,
    T: 'static,
    D: Fn(&C, H::Output) -> Result<(), Rejection> + Send + Sync + 'static,
{
    Arc::new(Erased {
        handler,
        done,
        arguments: PhantomData,
    })
}

/// What a handler returns that nobody is told of.
///
/// ```
/// use madang_socketio::{DisconnectReason, Socket};
///
/// async fn connected(socket: Socket) -> Result<(), madang_socketio::JoinError> {
///     socket.on_disconnect(async |reason: DisconnectReason| println!("gone: {reason}"));
///     socket.join("yard") // an error is logged, and the client stays
/// }
/// # madang_socketio::SocketIo::new().ns("/", connected);
/// ```
pub trait IntoOutcome: Send {
    /// Whether it went well.
    ///
    /// # Errors
    /// If it didn't: it's logged.
    fn into_outcome(self) -> Result<(), Rejection>;
}

impl IntoOutcome for () {
    fn into_outcome(self) -> Result<(), Rejection> {
        Ok(())
    }
}

impl<E: std::fmt::Display + Send> IntoOutcome for Result<(), E> {
    fn into_outcome(self) -> Result<(), Rejection> {
        // With the whole chain of causes, for errors that have one.
        self.map_err(|error| Rejection::new(format_args!("{error:#}")))
    }
}

/// A handler of something that nobody waits for.
pub(crate) fn plain<C, H, T>(handler: H) -> Arc<dyn Callback<C>>
where
    C: Context,
    H: Handler<C, T>,
    H::Output: IntoOutcome,
    T: 'static,
{
    callback(handler, |_: &C, output: H::Output| output.into_outcome())
}
