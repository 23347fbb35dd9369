//! What handlers are called about, of which extractors take their part.

use crate::ack::Asked;
use crate::proto::Args;
use crate::{Ack, DisconnectReason, Handshake, Namespace, Socket, SocketIo};
use http::Extensions;
use madang_ws::Utf8Bytes;
use std::sync::Arc;

/// Anything that a handler is called about.
///
/// ```
/// use madang_socketio::context::Context;
/// use madang_socketio::{Extract, Rejection};
///
/// /// The words that the application was started with; for handlers of any kind.
/// struct Greeting(String);
///
/// impl<C: Context> Extract<C> for Greeting {
///     fn extract(context: &C) -> Result<Self, Rejection> {
///         let greeting = context.state().get::<String>().cloned();
///         greeting.map(Self).ok_or_else(|| Rejection::new(format_args!("no greeting for {}", context.label())))
///     }
/// }
/// ```
pub trait Context: Clone + Send + Sync + 'static {
    /// What was given to [`SocketIoBuilder::state`](crate::SocketIoBuilder::state).
    fn state(&self) -> &Extensions;

    /// The server, unless it is gone already.
    fn io(&self) -> Option<SocketIo>;

    /// What it's called in logs.
    fn label(&self) -> &str;
}

/// What belongs to a namespace.
///
/// ```
/// use madang_socketio::context::HasNamespace;
/// use madang_socketio::{Extract, Rejection};
///
/// /// How many are in the namespace.
/// struct Crowd(usize);
///
/// impl<C: HasNamespace> Extract<C> for Crowd {
///     fn extract(context: &C) -> Result<Self, Rejection> {
///         Ok(Self(context.namespace().socket_count()))
///     }
/// }
/// ```
pub trait HasNamespace: Context {
    /// The namespace.
    fn namespace(&self) -> &Namespace;
}

/// What belongs to a socket.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/page.rs"));
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use madang_socketio::context::HasSocket;
/// use madang_socketio::{Extract, Rejection, Socket, SocketIo};
///
/// /// The room that the socket has joined last.
/// struct Room(String);
///
/// impl<C: HasSocket> Extract<C> for Room {
///     fn extract(context: &C) -> Result<Self, Rejection> {
///         let rooms = context.socket().rooms();
///         let last = rooms.iter().skip(1).next_back().map(|room| room.to_string());
///         last.map(Self).ok_or_else(|| Rejection::new("in no room"))
///     }
/// }
///
/// let io = SocketIo::new();
/// io.ns("/", async |socket: Socket| {
///     socket.on("where", async |Room(room)| room);
///     socket.join("yard")
/// });
/// # let mut page = Page::open(&io).await;
/// # page.send(r#"21["where"]"#).await;
/// # assert_eq!(page.receive().await, r#"31["yard"]"#);
/// # Ok(())
/// # }
/// ```
pub trait HasSocket: HasNamespace {
    /// The socket.
    fn socket(&self) -> &Socket;
}

/// What came with arguments.
///
/// ```
/// use madang_socketio::context::HasArgs;
/// use madang_socketio::{Extract, Rejection};
///
/// /// A number that is a percentage.
/// struct Percentage(u8);
///
/// impl<C: HasArgs> Extract<C> for Percentage {
///     fn extract(context: &C) -> Result<Self, Rejection> {
///         match context.args().read()? {
///             percentage @ 0..=100 => Ok(Self(percentage)),
///             more => Err(Rejection::new(format_args!("{more} %"))),
///         }
///     }
/// }
/// ```
pub trait HasArgs: Context {
    /// The arguments.
    fn args(&self) -> Args;
}

/// An event, which has a name and may want an acknowledgement.
///
/// ```
/// use madang_socketio::context::HasEvent;
/// use madang_socketio::{Ack, Extract, Rejection};
///
/// /// The way to answer, of those events alone that want an answer.
/// struct Question(Ack);
///
/// impl<C: HasEvent> Extract<C> for Question {
///     fn extract(context: &C) -> Result<Self, Rejection> {
///         let ack = context.ack();
///         let unwanted = || Rejection::new(format_args!("nobody waits for {}", &**context.event()));
///         ack.is_wanted().then_some(Self(ack)).ok_or_else(unwanted)
///     }
/// }
/// ```
pub trait HasEvent: HasArgs {
    /// Its name.
    fn event(&self) -> &Utf8Bytes;

    /// The way back to whoever sent it.
    fn ack(&self) -> Ack;
}

macro_rules! of_a_socket {
    ($($context:ident: $label:expr;)*) => {
        $(impl Context for $context {
            fn state(&self) -> &Extensions {
                &self.socket.namespace().inner.shared.state
            }

            fn io(&self) -> Option<SocketIo> {
                Some(self.socket.io())
            }

            fn label(&self) -> &str {
                let label: fn(&Self) -> &str = $label;
                label(self)
            }
        }

        impl HasNamespace for $context {
            fn namespace(&self) -> &Namespace {
                self.socket.namespace()
            }
        }

        impl HasSocket for $context {
            fn socket(&self) -> &Socket {
                &self.socket
            }
        })*
    };
}

of_a_socket! {
    EventContext: |context| &context.name;
    ConnectContext: |_| "connect";
    DisconnectContext: |_| "disconnect";
    ErrorContext: |_| "error";
}

/// An event of a client, or one that is sent to it.
///
/// ```
/// use madang_socketio::context::EventContext;
/// use madang_socketio::{Extract, Rejection, Socket};
///
/// /// For handlers of a socket's events alone.
/// struct Speaker(String);
///
/// impl Extract<EventContext> for Speaker {
///     fn extract(context: &EventContext) -> Result<Self, Rejection> {
///         Ok(Self(Socket::extract(context)?.id().to_owned()))
///     }
/// }
/// ```
#[derive(Clone, Debug)]
pub struct EventContext {
    pub(crate) socket: Socket,
    pub(crate) name: Utf8Bytes,
    pub(crate) args: Args,
    pub(crate) id: Option<Asked>,
}

impl HasArgs for EventContext {
    fn args(&self) -> Args {
        self.args.clone()
    }
}

impl HasEvent for EventContext {
    fn event(&self) -> &Utf8Bytes {
        &self.name
    }

    fn ack(&self) -> Ack {
        Ack::of_socket(&self.socket, self.id.as_ref())
    }
}

/// A client on its way into a namespace, or there. Its arguments are what it authenticates with.
///
/// ```
/// use madang_socketio::context::{ConnectContext, HasArgs as _};
/// use madang_socketio::{Extract, Rejection};
///
/// /// What the client authenticates with; for middlewares and handlers of connections.
/// struct Token(String);
///
/// impl Extract<ConnectContext> for Token {
///     fn extract(context: &ConnectContext) -> Result<Self, Rejection> {
///         let (token,) = context.args().read()?;
///         Ok(Self(token))
///     }
/// }
/// ```
#[derive(Clone, Debug)]
pub struct ConnectContext {
    pub(crate) socket: Socket,
}

impl HasArgs for ConnectContext {
    fn args(&self) -> Args {
        self.socket.handshake().auth_args()
    }
}

/// A socket that goes, or is gone.
///
/// ```
/// use madang_socketio::context::DisconnectContext;
/// use madang_socketio::{DisconnectReason, Extract, Rejection};
///
/// /// Whether the client went of its own will.
/// struct OnPurpose(bool);
///
/// impl Extract<DisconnectContext> for OnPurpose {
///     fn extract(context: &DisconnectContext) -> Result<Self, Rejection> {
///         let reason = DisconnectReason::extract(context)?;
///         Ok(Self(reason == DisconnectReason::ClientNamespaceDisconnect))
///     }
/// }
/// ```
#[derive(Clone, Debug)]
pub struct DisconnectContext {
    pub(crate) socket: Socket,
    pub(crate) reason: DisconnectReason,
}

/// Something that went wrong with a socket.
///
/// ```
/// use madang_socketio::context::ErrorContext;
/// use madang_socketio::{Extract, Failure, Rejection};
///
/// /// The first word of what went wrong.
/// struct FirstWord(String);
///
/// impl Extract<ErrorContext> for FirstWord {
///     fn extract(context: &ErrorContext) -> Result<Self, Rejection> {
///         let failure = Failure::extract(context)?.to_string();
///         Ok(Self(failure.split(' ').next().unwrap_or_default().to_owned()))
///     }
/// }
/// ```
#[derive(Clone, Debug)]
pub struct ErrorContext {
    pub(crate) socket: Socket,
    pub(crate) error: Arc<str>,
}

/// The name of a namespace that there isn't yet, and who asks for it. Its arguments are what the client authenticates with.
///
/// ```
/// use madang_socketio::context::AdmissionContext;
/// use madang_socketio::{Extract, NamespaceName, Rejection};
///
/// /// The number in the name of a namespace such as `/room-7`.
/// struct Number(u32);
///
/// impl Extract<AdmissionContext> for Number {
///     fn extract(context: &AdmissionContext) -> Result<Self, Rejection> {
///         let name = NamespaceName::extract(context)?;
///         let number = name.strip_prefix("/room-").and_then(|number| number.parse().ok());
///         number.map(Self).ok_or_else(|| Rejection::new("no number"))
///     }
/// }
///
/// let io = madang_socketio::SocketIo::new();
/// io.ns_if(async |Number(number)| number < 100, async || {});
/// ```
#[derive(Clone, Debug)]
pub struct AdmissionContext {
    pub(crate) io: SocketIo,
    pub(crate) name: Arc<str>,
    pub(crate) handshake: Handshake,
}

impl Context for AdmissionContext {
    fn state(&self) -> &Extensions {
        &self.io.server.shared.state
    }

    fn io(&self) -> Option<SocketIo> {
        Some(self.io.clone())
    }

    fn label(&self) -> &str {
        &self.name
    }
}

impl HasArgs for AdmissionContext {
    fn args(&self) -> Args {
        self.handshake.auth_args()
    }
}

/// An event of another server of the cluster.
///
/// ```
/// use madang_socketio::context::{HasArgs as _, ServerContext};
/// use madang_socketio::{Extract, Rejection};
///
/// /// How many arguments another server has sent.
/// struct Count(usize);
///
/// impl Extract<ServerContext> for Count {
///     fn extract(context: &ServerContext) -> Result<Self, Rejection> {
///         Ok(Self(context.args().len()))
///     }
/// }
///
/// let io = madang_socketio::SocketIo::new();
/// io.on("settings", async |Count(count)| println!("{count} settings"));
/// ```
#[derive(Clone, Debug)]
pub struct ServerContext {
    pub(crate) namespace: Namespace,
    pub(crate) name: Utf8Bytes,
    pub(crate) args: Args,
    pub(crate) ack: Ack,
}

impl Context for ServerContext {
    fn state(&self) -> &Extensions {
        &self.namespace.inner.shared.state
    }

    fn io(&self) -> Option<SocketIo> {
        self.namespace.io()
    }

    fn label(&self) -> &str {
        &self.name
    }
}

impl HasNamespace for ServerContext {
    fn namespace(&self) -> &Namespace {
        &self.namespace
    }
}

impl HasArgs for ServerContext {
    fn args(&self) -> Args {
        self.args.clone()
    }
}

impl HasEvent for ServerContext {
    fn event(&self) -> &Utf8Bytes {
        &self.name
    }

    fn ack(&self) -> Ack {
        self.ack.clone()
    }
}
