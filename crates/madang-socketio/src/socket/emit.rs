//! What is sent to a socket, and by it to others.

use super::{Socket, State};
use crate::ack::AckFuture;
use crate::broadcast::Flags;
use crate::error::EmitError;
use crate::event::Packet;
use crate::proto::{Args, Encode as _};
use crate::rooms::{Audience, Rooms};
use crate::shared::lock;
use crate::{BroadcastOperator, Event};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::sync::oneshot;

/// How something goes to a socket, or from it to others: flags in the making.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/page.rs"));
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use madang_socketio::SocketIo;
/// # use std::time::Duration;
/// # let io = SocketIo::new();
/// # let mut page = Page::open(&io).await;
/// # let socket = io.sockets().remove(0);
/// socket.compress(false).emit("image", [0xff, 0xd8])?;
/// # assert_eq!(page.receive().await, r#"2["image",255,216]"#);
/// socket.volatile().to("yard").emit("position", (3, 4))?; // the flag holds for others, too
/// socket.volatile().broadcast().except("muted").emit("typing", socket.id())?;
/// socket.compress(false).local().in_(["yard", "hall"]).send("not far")?;
/// socket.compress(false).send("to the client itself")?;
/// # assert_eq!(page.receive().await, r#"2["message","to the client itself"]"#);
/// let gentle = socket.timeout(Duration::from_secs(5)).compress(false);
/// let (one, two) = (gentle.emit_with_ack::<u32>("one", ()), gentle.emit_with_ack::<u32>("two", ()));
/// # page.receive().await;
/// # page.send("30[1]").await;
/// # page.send("31[2]").await;
/// # assert_eq!((one.await?, two.await?), (1, 2));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use = "an operator does nothing until something is emitted"]
pub struct SocketOperator {
    socket: Socket,
    flags: Flags,
}

impl Socket {
    /// Sends an event to the client: with one argument, several as a tuple (or an array, which is one to serde), or none as `()`. Bytes anywhere in them leave as attachments. It doesn't wait for anything.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/page.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use madang_socketio::SocketIo;
    /// # let io = SocketIo::new();
    /// # let mut page = Page::open(&io).await;
    /// # let socket = io.sockets().remove(0);
    /// socket.emit("ready", ())?;
    /// socket.emit("said", ("kim", serde_json::json!({ "text": "hello" })))?;
    /// socket.emit("file", bytes::Bytes::from_static(b"\x01\x02"))?; // an attachment
    /// # assert_eq!(page.receive().await, r#"2["ready"]"#);
    /// # assert_eq!(page.receive().await, r#"2["said","kim",{"text":"hello"}]"#);
    /// # assert_eq!(page.receive().await, r#"51-["file",{"_placeholder":true,"num":0}]"#);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// When the name is reserved, the arguments can't be encoded, or the client is gone.
    pub fn emit(&self, event: &str, args: impl Serialize) -> Result<(), EmitError> {
        self.operator().emit(event, args)
    }

    /// Sends the event `message`.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/page.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use madang_socketio::SocketIo;
    /// # let io = SocketIo::new();
    /// # let mut page = Page::open(&io).await;
    /// # let socket = io.sockets().remove(0);
    /// socket.send("hello")?;
    /// # assert_eq!(page.receive().await, r#"2["message","hello"]"#);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`emit`](Self::emit).
    pub fn send(&self, args: impl Serialize) -> Result<(), EmitError> {
        self.emit("message", args)
    }

    /// The same as [`send`](Self::send).
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/page.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use madang_socketio::SocketIo;
    /// # let io = SocketIo::new();
    /// # let mut page = Page::open(&io).await;
    /// # let socket = io.sockets().remove(0);
    /// socket.write(("hello", 1))?;
    /// # assert_eq!(page.receive().await, r#"2["message","hello",1]"#);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`emit`](Self::emit).
    pub fn write(&self, args: impl Serialize) -> Result<(), EmitError> {
        self.emit("message", args)
    }

    /// Sends an event at once and returns the acknowledgement to come, as `T`; of several arguments as a tuple. It waits as long as the client is connected, unless a
    /// [`timeout`](Self::timeout) says otherwise. Errors are the future's, also when the event can't be sent.
    ///
    /// ```
    /// # use madang_socketio::{AckError, Socket};
    /// # use std::time::Duration;
    /// # async fn ask(socket: Socket) -> Result<(), AckError> {
    /// let sum: u32 = socket.timeout(Duration::from_secs(5)).emit_with_ack("add", (1, 2)).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn emit_with_ack<T: DeserializeOwned>(&self, event: &str, args: impl Serialize) -> AckFuture<T> {
        self.operator().emit_with_ack(event, args)
    }

    /// What the events that follow are about, for rooms whose policy is [`Latest`](madang_hub::Policy::Latest): [`Namespace::key`](crate::Namespace::key). What goes to the client itself
    /// is never replaced.
    ///
    /// ```
    /// use madang_socketio::{EmitError, Socket};
    ///
    /// /// Somebody moves a piece: of each piece, those who are slow need to know only where it is now.
    /// fn moved(socket: &Socket, piece: &str, place: (u32, u32)) -> Result<(), EmitError> {
    ///     socket.key(piece).to("board").emit("moved", (piece, place))
    /// }
    /// ```
    pub fn key(&self, key: &str) -> SocketOperator {
        self.operator().key(key)
    }

    /// Drops what the client can't take at once.
    ///
    /// ```
    /// use madang_socketio::{EmitError, Socket};
    ///
    /// fn moved(socket: &Socket, x: f64, y: f64) -> Result<(), EmitError> {
    ///     socket.volatile().emit("position", (x, y)) // the next one will be along
    /// }
    /// ```
    pub fn volatile(&self) -> SocketOperator {
        self.operator().volatile()
    }

    /// Whether to compress what follows, where answers to polling are.
    ///
    /// ```
    /// use madang_socketio::{Bytes, EmitError, Socket};
    ///
    /// fn show(socket: &Socket, jpeg: Bytes) -> Result<(), EmitError> {
    ///     socket.compress(false).emit("image", jpeg) // it is compressed already
    /// }
    /// ```
    pub fn compress(&self, compress: bool) -> SocketOperator {
        self.operator().compress(compress)
    }

    /// How long to wait for the acknowledgement.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/page.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use madang_socketio::{AckError, SocketIo};
    /// # use std::time::Duration;
    /// # let io = SocketIo::new();
    /// # let page = Page::open(&io).await;
    /// # let socket = io.sockets().remove(0);
    /// let answer = socket.timeout(Duration::from_millis(10)).emit_with_ack::<bool>("ready?", ()).await;
    /// assert!(matches!(answer, Err(AckError::TimedOut)));
    /// # Ok(())
    /// # }
    /// ```
    pub fn timeout(&self, timeout: Duration) -> SocketOperator {
        self.operator().timeout(timeout)
    }

    /// To everyone in the namespace but this socket, on this server alone.
    ///
    /// ```
    /// use madang_socketio::{EmitError, Socket};
    ///
    /// fn typing(socket: &Socket) -> Result<(), EmitError> {
    ///     socket.local().emit("typing", socket.id())
    /// }
    /// ```
    pub fn local(&self) -> BroadcastOperator {
        self.broadcast().local()
    }

    /// To everyone in the namespace but this socket.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/page.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use madang_socketio::{Data, Socket, SocketIo};
    /// # let io = SocketIo::new();
    /// # io.ns("/", async |socket: Socket| {
    /// socket.on("say", async |socket: Socket, Data(text): Data<String>| socket.broadcast().emit("said", text));
    /// # });
    /// # let (mut kim, mut lee) = (Page::open(&io).await, Page::open(&io).await);
    /// # kim.send(r#"2["say","hello"]"#).await;
    /// # assert_eq!(lee.receive().await, r#"2["said","hello"]"#);
    /// # io.emit("after", ())?;
    /// # assert_eq!(kim.receive().await, r#"2["after"]"#);
    /// # Ok(())
    /// # }
    /// ```
    pub fn broadcast(&self) -> BroadcastOperator {
        let mut audience = Audience::default();
        audience.except.push(self.inner.id.clone());
        BroadcastOperator::new(&self.inner.namespace, audience)
    }

    /// To the members of this room, or of these, but this socket.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/page.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use madang_socketio::{Data, Socket, SocketIo};
    /// # let io = SocketIo::new();
    /// # io.ns("/", async |socket: Socket| {
    /// socket.on("whisper", async |socket: Socket, Data((to, text)): Data<(String, String)>| {
    ///     socket.to(&to).emit("whispered", (socket.id(), text)) // to the socket with this id, or a room
    /// });
    /// # });
    /// # let (kim, mut lee) = (Page::open(&io).await, Page::open(&io).await);
    /// # io.sockets_join("yard");
    /// # kim.send(r#"2["whisper","yard","hello"]"#).await;
    /// # assert!(lee.receive().await.ends_with(r#","hello"]"#));
    /// # Ok(())
    /// # }
    /// ```
    pub fn to(&self, rooms: impl Rooms) -> BroadcastOperator {
        self.broadcast().to(rooms)
    }

    /// The same as [`to`](Self::to).
    ///
    /// ```
    /// use madang_socketio::{EmitError, Socket};
    ///
    /// fn news(socket: &Socket) -> Result<(), EmitError> {
    ///     socket.in_(["yard", "hall"]).emit("news", 1)
    /// }
    /// ```
    pub fn in_(&self, rooms: impl Rooms) -> BroadcastOperator {
        self.broadcast().to(rooms)
    }

    /// To everyone in the namespace but this socket and the members of this room, or of these.
    ///
    /// ```
    /// use madang_socketio::{EmitError, Socket};
    ///
    /// fn said(socket: &Socket, text: &str) -> Result<(), EmitError> {
    ///     socket.except("muted").emit("said", text)
    /// }
    /// ```
    pub fn except(&self, rooms: impl Rooms) -> BroadcastOperator {
        self.broadcast().except(rooms)
    }

    /// Sends an event that is ready to the client alone.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/page.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use madang_socketio::SocketIo;
    /// # let io = SocketIo::new();
    /// # let mut page = Page::open(&io).await;
    /// let news = io.event("news", "hello")?;
    /// for socket in io.sockets() {
    ///     socket.publish(&news)?;
    /// }
    /// # assert_eq!(page.receive().await, r#"2["news","hello"]"#);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// When the client is gone.
    pub fn publish(&self, event: &Event) -> Result<(), EmitError> {
        let parser = self.shared().parser;
        self.send_event(&Flags::default(), event.packet())?;
        self.overhear_if_asked(event.name(), || Ok(event.args(parser)))
    }

    pub(super) fn operator(&self) -> SocketOperator {
        SocketOperator {
            socket: self.clone(),
            flags: Flags::default(),
        }
    }

    /// Whether packets may be sent: in middlewares too, where it isn't connected yet.
    fn is_open(&self) -> Result<(), EmitError> {
        match self.state() {
            State::Gone => Err(EmitError::Disconnected),
            _ => Ok(()),
        }
    }

    /// Sends an event without acknowledgement, which is remembered if it may have to be sent again.
    fn send_event(&self, flags: &Flags, packet: Packet) -> Result<(), EmitError> {
        self.is_open()?;
        let inner = &self.inner;
        let mut audience = Audience::default();
        audience.rooms.push(inner.id.clone());
        let send = |publication| self.shared().hub.send(inner.member, publication);
        inner.namespace.send_with_offset(packet, flags, &audience, send);
        Ok(())
    }

    pub(crate) fn acknowledge<T: Serialize + ?Sized>(&self, id: u64, args: &T) -> Result<(), EmitError> {
        self.is_open()?;
        let header = self.inner.namespace.header(Some(id));
        let messages = self.shared().parser.ack(header, args)?;
        let publication = Packet::of(messages).publication(&Flags::default());
        self.shared().hub.send(self.inner.member, publication);
        Ok(())
    }

    fn overhear_if_asked(
        &self,
        event: &str,
        args: impl FnOnce() -> Result<Args, EmitError>,
    ) -> Result<(), EmitError> {
        if self.inner.namespace.inner.outgoing.load(Ordering::Relaxed) > 0 {
            self.overhear(event, &args()?);
        }
        Ok(())
    }
}

impl SocketOperator {
    /// What the events that follow are about: [`Socket::key`].
    pub fn key(mut self, key: &str) -> Self {
        self.flags.set_key(key);
        self
    }

    /// Drops what the client can't take at once.
    pub fn volatile(mut self) -> Self {
        self.flags.volatile = true;
        self
    }

    /// Whether to compress it, where answers to polling are. Default `true`.
    pub fn compress(mut self, compress: bool) -> Self {
        self.flags.compress = compress;
        self
    }

    /// How long to wait for the acknowledgement.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.flags.timeout = Some(timeout);
        self
    }

    /// To everyone in the namespace but this socket, on this server alone.
    pub fn local(self) -> BroadcastOperator {
        self.broadcast().local()
    }

    /// To everyone in the namespace but this socket.
    pub fn broadcast(self) -> BroadcastOperator {
        self.socket.broadcast().with_flags(self.flags)
    }

    /// To the members of this room, or of these, but this socket.
    pub fn to(self, rooms: impl Rooms) -> BroadcastOperator {
        self.broadcast().to(rooms)
    }

    /// The same as [`to`](Self::to).
    pub fn in_(self, rooms: impl Rooms) -> BroadcastOperator {
        self.broadcast().to(rooms)
    }

    /// To everyone in the namespace but this socket and the members of this room, or of these.
    pub fn except(self, rooms: impl Rooms) -> BroadcastOperator {
        self.broadcast().except(rooms)
    }

    /// Sends an event to the client: [`Socket::emit`].
    ///
    /// # Errors
    /// When the name is reserved, the arguments can't be encoded, the [`key`](Self::key) can't be one, or the client is gone.
    #[allow(clippy::needless_pass_by_value)] // a temporary tuple, in practice
    pub fn emit(&self, event: &str, args: impl Serialize) -> Result<(), EmitError> {
        EmitError::check(event)?;
        self.flags.check()?;
        let socket = &self.socket;
        socket.is_open()?;
        let header = socket.inner.namespace.header(None);
        let packet = Packet::event(socket.shared().parser, header, event, &args)?;
        socket.send_event(&self.flags, packet)?;
        socket.overhear_if_asked(event, || Ok(Args::of(&args)?))
    }

    /// Sends the event `message`.
    ///
    /// # Errors
    /// As [`emit`](Self::emit).
    pub fn send(&self, args: impl Serialize) -> Result<(), EmitError> {
        self.emit("message", args)
    }

    /// Sends an event at once and returns the acknowledgement to come, as `T`: [`Socket::emit_with_ack`]. Errors are the future's.
    #[allow(clippy::needless_pass_by_value)] // a temporary tuple, in practice
    pub fn emit_with_ack<T: DeserializeOwned>(&self, event: &str, args: impl Serialize) -> AckFuture<T> {
        let ack = match self.ask(event, &args) {
            Ok(ack) => ack,
            Err(error) => return AckFuture::failed(error),
        };
        match self.flags.timeout {
            Some(timeout) => ack.timeout(timeout),
            None => ack,
        }
    }

    fn ask<T>(&self, event: &str, args: &(impl Serialize + ?Sized)) -> Result<AckFuture<T>, EmitError> {
        EmitError::check(event)?;
        self.flags.check()?;
        let socket = &self.socket;
        socket.is_open()?;
        let namespace = &socket.inner.namespace;
        let id = namespace.next_id();
        let packet = Packet::event(socket.shared().parser, namespace.header(Some(id)), event, args)?;
        let (sender, answer) = oneshot::channel();
        lock(&socket.inner.acks)
            .insert(id, sender)
            .map_err(|full| EmitError::TooManyAcks(full.0))?;
        let ack = AckFuture::new(socket, id, answer);
        if socket.state() == State::Gone {
            // It went after it was asked whether it's there, and may have taken its acknowledgements with it before this one.
            return Err(EmitError::Disconnected);
        }
        let publication = packet.publication(&self.flags);
        socket.shared().hub.send(socket.inner.member, publication);
        socket.overhear_if_asked(event, || Ok(Args::of(args)?))?;
        Ok(ack)
    }
}
