//! What handlers are called about, of which extractors take their part.

use crate::ack::Asked;
use crate::proto::Args;
use crate::{Ack, DisconnectReason, Handshake, Namespace, Socket, SocketIo};
use http::Extensions;
use madang_ws::Utf8Bytes;
use std::sync::Arc;

/// Anything that a handler is called about.
pub trait Context: Clone + Send + Sync + 'static {
    /// What was given to [`SocketIoBuilder::state`](crate::SocketIoBuilder::state).
    fn state(&self) -> &Extensions;

    /// The server, unless it is gone already.
    fn io(&self) -> Option<SocketIo>;

    /// What it's called in logs.
    fn label(&self) -> &str;
}

/// What belongs to a namespace.
pub trait HasNamespace: Context {
    /// The namespace.
    fn namespace(&self) -> &Namespace;
}

/// What belongs to a socket.
pub trait HasSocket: HasNamespace {
    /// The socket.
    fn socket(&self) -> &Socket;
}

/// What came with arguments.
pub trait HasArgs: Context {
    /// The arguments.
    fn args(&self) -> Args;
}

/// An event, which has a name and may want an acknowledgement.
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
#[derive(Clone, Debug)]
pub struct DisconnectContext {
    pub(crate) socket: Socket,
    pub(crate) reason: DisconnectReason,
}

/// Something that went wrong with a socket.
#[derive(Clone, Debug)]
pub struct ErrorContext {
    pub(crate) socket: Socket,
    pub(crate) error: Arc<str>,
}

/// The name of a namespace that there isn't yet, and who asks for it. Its arguments are what the client authenticates with.
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
