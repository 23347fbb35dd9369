//! Sockets as `fetch_sockets` shows them: of this server, or of another of the cluster.

use crate::{
    AckError, BroadcastError, BroadcastOperator, EmitError, Handshake, Namespace, Socket,
    rooms::{Audience, Rooms},
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

/// What a socket was when it was asked for, wherever it is connected; and the way to it: Node's `RemoteSocket`.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/page.rs"));
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use madang_socketio::SocketIo;
/// # use std::time::Duration;
/// # let io = SocketIo::new();
/// # let mut page = Page::open(&io).await;
/// # io.sockets()[0].set_data("kim".to_owned());
/// for socket in io.fetch_sockets().await? {
///     let name: String = socket.data()?;
///     socket.emit("hello", &name)?;
///     socket.join("yard");
///     # assert_eq!(socket.handshake().header("user-agent"), Some("page"));
///     # assert_eq!(page.receive().await, r#"2["hello","kim"]"#);
/// }
/// // What was fetched doesn't change; whoever wants to know again asks again.
/// let socket = io.in_("yard").fetch_sockets().await?.remove(0);
/// assert_eq!(&*socket.rooms()[1], "yard");
/// socket.leave("yard");
/// assert_eq!(socket.rooms().len(), 2);
/// socket.disconnect(true);
/// assert!(io.socket(socket.id()).is_none());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct RemoteSocket {
    pub(crate) id: Arc<str>,
    details: SocketDetails,
    namespace: Namespace,
}

/// What one server tells another about a socket.
///
/// ```
/// use madang_socketio::SocketDetails;
///
/// /// How much an adapter has to send for them, roughly.
/// fn bytes(sockets: &[SocketDetails]) -> usize {
///     sockets.iter().map(|socket| socket.id.len() + socket.data.to_string().len()).sum()
/// }
/// # assert_eq!(bytes(&[]), 0);
/// ```
#[derive(Clone, Debug)]
pub struct SocketDetails {
    /// Its id.
    pub id: Arc<str>,
    /// The request that it came with.
    pub handshake: Handshake,
    /// The rooms that it is in.
    pub rooms: Vec<Arc<str>>,
    /// What the application keeps with it, as JSON.
    pub data: Value,
}

impl SocketDetails {
    pub(crate) fn of(socket: &Socket) -> Self {
        Self {
            id: socket.inner.id.clone(),
            handshake: socket.handshake().clone(),
            rooms: socket.rooms(),
            data: socket.data_json(),
        }
    }
}

impl RemoteSocket {
    pub(crate) fn new(details: SocketDetails, namespace: &Namespace) -> Self {
        Self {
            id: details.id.clone(),
            details,
            namespace: namespace.clone(),
        }
    }

    /// Its id.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The request that it came with.
    pub fn handshake(&self) -> &Handshake {
        &self.details.handshake
    }

    /// The rooms that it was in, its own among them.
    pub fn rooms(&self) -> &[Arc<str>] {
        &self.details.rooms
    }

    /// What the application kept with it.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/page.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use madang_socketio::SocketIo;
    /// # let io = SocketIo::new();
    /// # let page = Page::open(&io).await;
    /// #[derive(serde::Serialize, serde::Deserialize)]
    /// struct User {
    ///     name: String,
    /// }
    ///
    /// # let socket = io.sockets().remove(0);
    /// socket.set_data(User { name: "kim".to_owned() });
    /// let remote = io.fetch_sockets().await?.remove(0);
    /// assert_eq!(remote.data::<User>()?.name, "kim");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// When it is of another shape.
    pub fn data<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        T::deserialize(self.details.data.clone())
    }

    fn operator(&self) -> BroadcastOperator {
        let mut audience = Audience::default();
        audience.rooms.push(self.id.clone());
        BroadcastOperator::new(&self.namespace, audience)
    }

    /// Sends it an event.
    ///
    /// # Errors
    /// When the name is reserved, or the arguments can't be encoded.
    pub fn emit(&self, event: &str, args: impl Serialize) -> Result<(), EmitError> {
        self.operator().emit(event, args)
    }

    /// How long to wait for its acknowledgement: the way to [`RemoteTimeout::emit_with_ack`], since whoever is on another server may be gone without a word.
    pub fn timeout(&self, timeout: Duration) -> RemoteTimeout {
        RemoteTimeout(self.operator().timeout(timeout))
    }

    /// Lets it join a room, or several.
    pub fn join(&self, rooms: impl Rooms) {
        self.operator().sockets_join(rooms);
    }

    /// Lets it leave a room, or several.
    pub fn leave(&self, rooms: impl Rooms) {
        self.operator().sockets_leave(rooms);
    }

    /// Disconnects it from the namespace; its whole connection if `close`.
    pub fn disconnect(&self, close: bool) {
        self.operator().disconnect_sockets(close);
    }
}

/// A [`RemoteSocket`] that is waited for.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/page.rs"));
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use madang_socketio::SocketIo;
/// # use std::time::Duration;
/// # let io = SocketIo::new();
/// # let mut page = Page::open(&io).await;
/// let socket = io.fetch_sockets().await?.remove(0);
/// let answer = socket.timeout(Duration::from_secs(5)).emit_with_ack::<u32>("how many?", ());
/// # page.receive().await;
/// # page.send("30[3]").await;
/// assert_eq!(answer.await?, 3);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct RemoteTimeout(BroadcastOperator);

impl RemoteTimeout {
    /// Sends it an event at once and returns the acknowledgement to come, as `T`: one, not a list.
    ///
    /// Errors are the future's: [`AckError::TimedOut`] when there is no answer in time, [`AckError::Disconnected`] when no server has such a socket any more, and [`AckError::Read`] or
    /// [`AckError::Emit`]. Dropping the future makes whatever comes later ignored.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/page.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use madang_socketio::{AckError, SocketIo};
    /// # use std::time::Duration;
    /// # let io = SocketIo::new();
    /// # let page = Page::open(&io).await;
    /// let socket = io.fetch_sockets().await?.remove(0);
    /// let patience = Duration::from_millis(10);
    /// let answer = socket.timeout(patience).emit_with_ack::<u32>("how many?", ()).await;
    /// assert!(matches!(answer, Err(AckError::TimedOut)));
    ///
    /// socket.disconnect(true);
    /// let answer = socket.timeout(patience).emit_with_ack::<u32>("how many?", ()).await;
    /// assert!(matches!(answer, Err(AckError::Disconnected)));
    /// # Ok(())
    /// # }
    /// ```
    pub fn emit_with_ack<T: DeserializeOwned + Send + 'static>(
        &self,
        event: &str,
        args: impl Serialize,
    ) -> RemoteAck<T> {
        let responses = self.0.emit_with_ack::<T>(event, args);
        RemoteAck(Box::pin(async move {
            match responses.await {
                Ok(responses) => responses.into_iter().next().ok_or(AckError::Disconnected),
                Err(BroadcastError { error, .. }) => Err(error),
            }
        }))
    }
}

/// The acknowledgement of a [`RemoteSocket`] to come.
///
/// ```
/// use madang_socketio::{AckError, RemoteSocket};
/// use std::time::Duration;
///
/// /// Asks two at once.
/// async fn ask(kim: &RemoteSocket, lee: &RemoteSocket) -> Result<(u32, u32), AckError> {
///     let [kim, lee] = [kim, lee].map(|socket| socket.timeout(Duration::from_secs(1)).emit_with_ack("age?", ()));
///     Ok((kim.await?, lee.await?))
/// }
/// ```
#[must_use = "futures do nothing unless awaited"]
pub struct RemoteAck<T>(Pin<Box<dyn Future<Output = Result<T, AckError>> + Send>>);

impl<T> Future for RemoteAck<T> {
    type Output = Result<T, AckError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.as_mut().poll(context)
    }
}

impl<T> fmt::Debug for RemoteAck<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RemoteAck").finish_non_exhaustive()
    }
}
