//! Extractors: a handler's arguments say what it needs.

use crate::context::{
    AdmissionContext, Context, DisconnectContext, ErrorContext, HasArgs, HasEvent, HasNamespace, HasSocket,
};
use crate::proto::{Args, ReadError};
use crate::{Ack, DisconnectReason, Handshake, Namespace, Socket, SocketIo};
use madang_ws::Utf8Bytes;
use serde::de::DeserializeOwned;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

/// An argument of a handler, taken from what the handler is called about: `C` is one of the types in [`context`](crate::context).
///
/// Implement it for types of your own: a user that is looked up by the handshake, an event whose shape is checked.
///
/// ```
/// use madang_socketio::context::HasSocket;
/// use madang_socketio::{Extract, Rejection};
///
/// struct Language(String);
///
/// impl<C: HasSocket> Extract<C> for Language {
///     fn extract(context: &C) -> Result<Self, Rejection> {
///         let language = context.socket().handshake().header("accept-language").map(str::to_owned);
///         language.map(Self).ok_or_else(|| Rejection::new("the client has no language"))
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't be an argument of this handler",
    note = "arguments are `Socket`, `Data<T>`, `TryData<T>`, `Args`, `Ack`, `State<T>`, `Extension<T>`, `EventName`, `DisconnectReason`, `Failure`, `Handshake`, `NamespaceName`, `Namespace`, `SocketIo`; not every handler has all of them"
)]
pub trait Extract<C>: Sized {
    /// Takes its part.
    ///
    /// # Errors
    /// When there is no such part: the handler isn't called, and the reason is logged.
    fn extract(context: &C) -> Result<Self, Rejection>;
}

/// Why a handler can't have what it asks for.
///
/// ```
/// use madang_socketio::Rejection;
///
/// assert_eq!(Rejection::new("not a number").to_string(), "not a number");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Rejection(Box<str>);

impl Rejection {
    /// With this reason.
    pub fn new(reason: impl fmt::Display) -> Self {
        Self(reason.to_string().into())
    }
}

impl From<ReadError> for Rejection {
    fn from(error: ReadError) -> Self {
        Self::new(error)
    }
}

/// The arguments of an event, or what a client authenticates with, as `T`: one argument, or several as a tuple, with bytes anywhere in them
/// ([`bytes::Bytes`]). See [`Args::read`].
///
/// As the value of a handler: the acknowledgement.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/page.rs"));
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use madang_socketio::{Bytes, Data, Socket, SocketIo};
///
/// #[derive(serde::Deserialize)]
/// struct Upload {
///     name: String,
///     content: Bytes,
/// }
///
/// let io = SocketIo::new();
/// io.ns("/", async |socket: Socket| {
///     socket.on("add", async |Data((a, b)): Data<(u32, u32)>| a + b);
///     socket.on("upload", async |Data(file): Data<Upload>| (file.name, file.content.len()));
///     socket.on("echo", async |data: Data<serde_json::Value>| data);
/// });
/// # let mut page = Page::open(&io).await;
/// # page.send(r#"21["add",2,3]"#).await;
/// # assert_eq!(page.receive().await, "31[5]");
/// # page.send(r#"22["echo",{"a":[]}]"#).await;
/// # assert_eq!(page.receive().await, r#"32[{"a":[]}]"#);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Data<T>(pub T);

impl<C: HasArgs, T: DeserializeOwned> Extract<C> for Data<T> {
    fn extract(context: &C) -> Result<Self, Rejection> {
        Ok(Self(context.args().read()?))
    }
}

/// As [`Data`], for a handler that wants to know if the arguments are of another shape.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/page.rs"));
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use madang_socketio::{Socket, SocketIo, TryData};
///
/// let io = SocketIo::new();
/// io.ns("/", async |socket: Socket| {
///     socket.on("age", async |TryData(age): TryData<u8>| match age {
///         Ok(age) => format!("{age} years"),
///         Err(_) => "not an age".to_owned(),
///     });
/// });
/// # let mut page = Page::open(&io).await;
/// # page.send(r#"21["age",300]"#).await;
/// # assert_eq!(page.receive().await, r#"31["not an age"]"#);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TryData<T>(pub Result<T, ReadError>);

impl<C: HasArgs, T: DeserializeOwned> Extract<C> for TryData<T> {
    fn extract(context: &C) -> Result<Self, Rejection> {
        Ok(Self(context.args().read()))
    }
}

/// The arguments, unread.
impl<C: HasArgs> Extract<C> for Args {
    fn extract(context: &C) -> Result<Self, Rejection> {
        Ok(context.args())
    }
}

impl<C: HasEvent> Extract<C> for Ack {
    fn extract(context: &C) -> Result<Self, Rejection> {
        Ok(context.ack())
    }
}

/// What was given to [`SocketIoBuilder::state`](crate::SocketIoBuilder::state).
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/page.rs"));
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use madang_socketio::{Socket, SocketIo, State};
///
/// #[derive(Clone)]
/// struct Settings {
///     motto: &'static str,
/// }
///
/// let io = SocketIo::builder().state(Settings { motto: "everyone hears everyone" }).build();
/// io.ns("/", async |socket: Socket, State(settings): State<Settings>| {
///     socket.emit("motto", settings.motto)
/// });
/// # let mut page = Page::open(&io).await;
/// # assert_eq!(page.receive().await, r#"2["motto","everyone hears everyone"]"#);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct State<T>(pub T);

impl<C: Context, T: Clone + Send + Sync + 'static> Extract<C> for State<T> {
    fn extract(context: &C) -> Result<Self, Rejection> {
        let state = context.state().get::<T>().cloned();
        state
            .map(Self)
            .ok_or_else(|| missing::<T>("the builder was given no state"))
    }
}

/// What a layer in front of the server put into the request's extensions, or a handler into [the socket's](Socket::extensions).
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/page.rs"));
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use madang_socketio::{Extension, Socket, SocketIo};
///
/// #[derive(Clone)]
/// struct User(&'static str);
///
/// let io = SocketIo::new();
/// io.ns("/", async |socket: Socket| {
///     socket.extensions().insert(User("kim")); // a layer in front of the server may have done it
///     socket.on("who", async |Extension(user): Extension<User>| user.0);
/// });
/// # let mut page = Page::open(&io).await;
/// # page.send(r#"21["who"]"#).await;
/// # assert_eq!(page.receive().await, r#"31["kim"]"#);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Extension<T>(pub T);

impl<C: HasSocket, T: Clone + Send + Sync + 'static> Extract<C> for Extension<T> {
    fn extract(context: &C) -> Result<Self, Rejection> {
        let extension = context.socket().extensions().get::<T>();
        extension
            .map(Self)
            .ok_or_else(|| missing::<T>("the socket has no extension"))
    }
}

fn missing<T>(what: &str) -> Rejection {
    Rejection::new(format_args!("{what} of type {}", std::any::type_name::<T>()))
}

impl<C: HasSocket> Extract<C> for Socket {
    fn extract(context: &C) -> Result<Self, Rejection> {
        Ok(context.socket().clone())
    }
}

impl<C: HasSocket> Extract<C> for Handshake {
    fn extract(context: &C) -> Result<Self, Rejection> {
        Ok(context.socket().handshake().clone())
    }
}

impl Extract<AdmissionContext> for Handshake {
    fn extract(context: &AdmissionContext) -> Result<Self, Rejection> {
        Ok(context.handshake.clone())
    }
}

impl<C: HasNamespace> Extract<C> for Namespace {
    fn extract(context: &C) -> Result<Self, Rejection> {
        Ok(context.namespace().clone())
    }
}

impl<C: Context> Extract<C> for SocketIo {
    fn extract(context: &C) -> Result<Self, Rejection> {
        context.io().ok_or_else(|| Rejection::new("the server is gone"))
    }
}

/// An event's name.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/page.rs"));
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use madang_socketio::{EventName, Socket, SocketIo};
///
/// let io = SocketIo::new();
/// io.ns("/", async |socket: Socket| {
///     socket.on_any(async |name: EventName| format!("there is no {}", &*name));
/// });
/// # let mut page = Page::open(&io).await;
/// # page.send(r#"21["spoon"]"#).await;
/// # assert_eq!(page.receive().await, r#"31["there is no spoon"]"#);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventName(pub Utf8Bytes);

impl<C: HasEvent> Extract<C> for EventName {
    fn extract(context: &C) -> Result<Self, Rejection> {
        Ok(Self(context.event().clone()))
    }
}

impl Deref for EventName {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

/// A namespace's name, with its slash.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/page.rs"));
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use madang_socketio::{NamespaceName, Socket, SocketIo};
///
/// let io = SocketIo::new();
/// io.ns_matching(|name| name.starts_with("/room-"), async |socket: Socket, name: NamespaceName| {
///     socket.emit("welcome", &name[1..])
/// });
/// # let mut page = Page::outside(&io).await;
/// # page.send("0/room-7,").await;
/// # page.receive().await;
/// # assert_eq!(page.receive().await, r#"2/room-7,["welcome","room-7"]"#);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamespaceName(pub Arc<str>);

impl<C: HasNamespace> Extract<C> for NamespaceName {
    fn extract(context: &C) -> Result<Self, Rejection> {
        Ok(Self(context.namespace().inner.name.clone()))
    }
}

impl Extract<AdmissionContext> for NamespaceName {
    fn extract(context: &AdmissionContext) -> Result<Self, Rejection> {
        Ok(Self(context.name.clone()))
    }
}

impl Deref for NamespaceName {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl Extract<DisconnectContext> for DisconnectReason {
    fn extract(context: &DisconnectContext) -> Result<Self, Rejection> {
        Ok(context.reason)
    }
}

/// What went wrong with a socket, for [`Socket::on_error`].
///
/// ```
/// use madang_socketio::{Failure, Socket};
///
/// async fn connected(socket: Socket) {
///     socket.on_error(async |failure: Failure| println!("{failure}"));
/// }
/// # madang_socketio::SocketIo::new().ns("/", connected);
/// # assert_eq!(Failure("Illegal attachments".into()).to_string(), "Illegal attachments");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure(pub Arc<str>);

impl Extract<ErrorContext> for Failure {
    fn extract(context: &ErrorContext) -> Result<Self, Rejection> {
        Ok(Self(context.error.clone()))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
