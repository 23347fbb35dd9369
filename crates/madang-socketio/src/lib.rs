//! Socket.IO: a server for the clients that people already have.
//!
//! ```
//! use madang_socketio::{Data, Socket, SocketIo};
//!
//! #[derive(serde::Deserialize, serde::Serialize)]
//! struct Line {
//!     room: String,
//!     text: String,
//! }
//!
//! async fn connected(socket: Socket) {
//!     socket.on("join", async |socket: Socket, Data(room): Data<String>| socket.join(&room));
//!     // To everyone else in the room; and the client's callback gets `true`.
//!     socket.on("say", async |socket: Socket, Data(line): Data<Line>| {
//!         socket.to(&line.room).emit("said", (socket.id(), &line))?;
//!         Ok::<_, madang_socketio::EmitError>(true)
//!     });
//! }
//!
//! let io = SocketIo::new();
//! io.ns("/", connected);
//! let app: axum::Router = axum::Router::new().layer(io.layer());
//! // axum::serve(listener, app).await
//! ```
//!
//! Names are those of Node's `socket.io`, in this language's spelling; handlers take what they need as [extractors](Extract), as in axum, and what they return is the
//! acknowledgement. Rooms are rooms of a [`madang_hub::Hub`], which others may share.
//!
//! For those who know another server: [Node's `socket.io`](https://github.com/madang-rs/madang/blob/main/docs/coming-from-node.md) and
//! [socketioxide](https://github.com/madang-rs/madang/blob/main/docs/coming-from-socketioxide.md) side by side with this one.
//!
//! ```text
//! builder, limits     options                                   service       hyper, tower, axum
//! server, registry, namespace   what clients connect to         dynamic       namespaces that clients bring to life
//! client              one connection and its namespaces         waiting       those who have joined none yet
//! socket/             one client in one namespace: emit, listeners, dispatch, lifecycle, data
//! handler, extract, context, ack, middleware                    functions of the application, and what they get
//! broadcast, event, rooms                                       whom something is for, and what it is on the wire
//! recovery            what is kept for those who come back      handshake, id, reason, error
//! adapter, everywhere, incoming, requests, cluster, remote      several servers as one
//! proto/              the protocol, without clock and socket
//! ```
#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_auto_cfg))]

pub mod proto;

#[cfg(feature = "server")]
mod ack;
#[cfg(feature = "server")]
mod adapter;
#[cfg(feature = "server")]
mod broadcast;
#[cfg(feature = "server")]
mod builder;
#[cfg(feature = "server")]
mod client;
#[cfg(feature = "server")]
mod client_files;
#[cfg(feature = "server")]
mod cluster;
#[cfg(feature = "server")]
pub mod context;
#[cfg(feature = "server")]
mod dynamic;
#[cfg(feature = "server")]
mod error;
#[cfg(feature = "server")]
mod event;
#[cfg(feature = "server")]
mod everywhere;
#[cfg(feature = "server")]
mod extract;
#[cfg(feature = "server")]
mod handler;
#[cfg(feature = "server")]
mod handshake;
#[cfg(feature = "server")]
mod id;
#[cfg(feature = "server")]
mod incoming;
#[cfg(feature = "server")]
mod limits;
#[cfg(feature = "server")]
mod middleware;
#[cfg(feature = "server")]
mod namespace;
#[cfg(feature = "server")]
mod reason;
#[cfg(feature = "server")]
mod recovery;
#[cfg(feature = "server")]
mod registry;
#[cfg(feature = "server")]
mod remote;
#[cfg(feature = "server")]
mod requests;
#[cfg(feature = "server")]
mod rooms;
#[cfg(feature = "server")]
mod server;
#[cfg(feature = "server")]
mod service;
#[cfg(feature = "server")]
mod shared;
#[cfg(feature = "server")]
mod socket;
#[cfg(feature = "server")]
mod waiting;

#[cfg(feature = "server")]
pub use self::{
    ack::{Ack, AckFuture, BroadcastAck, IntoReply},
    adapter::{
        Adapter, ClusterAudience, ClusterBody, ClusterEvent, ClusterMessage, RequestError, ServerLink,
    },
    broadcast::BroadcastOperator,
    builder::SocketIoBuilder,
    client::Client,
    client_files::ClientFiles,
    cluster::Cluster,
    dynamic::{IntoAdmission, ParentNamespace},
    error::{AckError, BroadcastError, EmitError, JoinError},
    event::Event,
    extract::{Data, EventName, Extension, Extract, Failure, NamespaceName, Rejection, State, TryData},
    handler::{Handler, IntoOutcome},
    handshake::Handshake,
    limits::Limits,
    middleware::ConnectError,
    namespace::{Namespace, PolicyError},
    reason::DisconnectReason,
    recovery::ConnectionStateRecovery,
    remote::{RemoteAck, RemoteSocket, RemoteTimeout, SocketDetails},
    rooms::{RoomEvent, Rooms},
    server::SocketIo,
    service::{LayeredService, SocketIoLayer, SocketIoService},
    socket::{Extensions, ListenerId, Socket, SocketOperator},
};
pub use bytes::Bytes;
pub use proto::{Args, Arguments, Parser, Value};
