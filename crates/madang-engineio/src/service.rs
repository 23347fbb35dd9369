//! The server as a service of hyper and tower.

use crate::entry::{ClientAddr, Entry, Refusal, wants_upgrade};
use crate::polling::Outcome;
use crate::proto::ErrorCode;
use crate::reply::Reply;
use crate::server::Server;
use crate::{Body, Config, EngineIoLayer, Handler, polling, websocket};
use http::{Method, Request, Response, StatusCode};
use std::convert::Infallible;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

/// An Engine.IO server: a service of tower and of hyper 1. Cloning is cheap, and clones are the same server.
///
/// Requests must be served within a tokio runtime with time enabled; for WebSocket the HTTP server must allow upgrades (`with_upgrades` in hyper,
/// which `axum::serve` does by itself). Requests outside [`Config::path`] get 404; to serve something else there, use [`layer`](Self::layer).
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use http::Request;
/// use madang_engineio::{Body, CloseReason, Config, EngineIo, Handler, Message, Socket};
///
/// struct Echo;
///
/// impl Handler for Echo {
///     type Session = Socket;
///
///     fn open(&self, socket: Socket, _request: &http::request::Parts) -> Socket {
///         socket
///     }
///
///     fn message(&self, socket: &mut Socket, message: Message) {
///         socket.send(message);
///     }
///
///     fn close(&self, _socket: Socket, _reason: CloseReason) {}
/// }
///
/// let mut config = Config::default();
/// config.path = "/live".to_owned();
/// let engine = EngineIo::new(config, Echo);
/// assert!(engine.is_ours("/live/") && !engine.is_ours("/engine.io/"));
///
/// let open = Request::get("/live/?EIO=4&transport=polling").body(Body::default())?;
/// assert_eq!(engine.respond(open).await.status(), 200);
/// assert_eq!(engine.session_count(), 1);
///
/// engine.close();
/// let late = Request::get("/live/?EIO=4&transport=polling").body(Body::default())?;
/// assert_eq!(engine.respond(late).await.status(), 503);
/// # Ok(())
/// # }
/// ```
pub struct EngineIo<H: Handler> {
    server: Arc<Server<H>>,
}

impl<H: Handler> EngineIo<H> {
    /// A server with these options.
    ///
    /// ```
    /// # use madang_engineio::{CloseReason, Message, Socket};
    /// use madang_engineio::{Config, EngineIo, Handler};
    /// # struct Nothing;
    /// # impl Handler for Nothing {
    /// #     type Session = ();
    /// #     fn open(&self, _: Socket, _: &http::request::Parts) {}
    /// #     fn message(&self, _: &mut (), _: Message) {}
    /// #     fn close(&self, _: (), _: CloseReason) {}
    /// # }
    ///
    /// let engine = EngineIo::new(Config::default(), Nothing);
    /// assert_eq!(engine.config().path, "/engine.io");
    /// let app: axum::Router = axum::Router::new().fallback_service(engine);
    /// ```
    pub fn new(config: Config, handler: H) -> Self {
        Self {
            server: Arc::new(Server::new(config, handler)),
        }
    }

    /// The handler.
    pub fn handler(&self) -> &H {
        self.server.handler()
    }

    /// The options.
    pub fn config(&self) -> &Config {
        self.server.config()
    }

    /// Sessions that are open: Node's `clientsCount`.
    pub fn session_count(&self) -> usize {
        self.server.count()
    }

    /// Ends every session, discarding what waits, with [`CloseReason::ForcedClose`](crate::CloseReason), and opens no more: those who try get 503.
    pub fn close(&self) {
        self.server.close();
    }

    /// A layer that answers requests of [`Config::path`] and leaves the others to the service inside.
    ///
    /// ```
    /// # use madang_engineio::{CloseReason, Message, Socket};
    /// use madang_engineio::{Config, EngineIo, Handler};
    /// # struct Nothing;
    /// # impl Handler for Nothing {
    /// #     type Session = ();
    /// #     fn open(&self, _: Socket, _: &http::request::Parts) {}
    /// #     fn message(&self, _: &mut (), _: Message) {}
    /// #     fn close(&self, _: (), _: CloseReason) {}
    /// # }
    ///
    /// let engine = EngineIo::new(Config::default(), Nothing);
    /// let app: axum::Router = axum::Router::new()
    ///     .route("/", axum::routing::get(|| async { "a page" }))
    ///     .layer(engine.layer());
    /// ```
    pub fn layer(&self) -> EngineIoLayer<H> {
        EngineIoLayer::new(self.clone())
    }

    /// Whether a request for this path is answered here.
    pub fn is_ours(&self, path: &str) -> bool {
        self.server.config().is_ours(path)
    }

    /// Answers a request. On long-polling the answer may take as long as [`Config::ping_interval`].
    ///
    /// Dropping the future while it waits ends the session with [`CloseReason::TransportError`](crate::CloseReason), since the client is gone.
    pub async fn respond<B: http_body::Body>(&self, request: Request<B>) -> Response<Body> {
        // Boxed, so that nothing of it is left while the answer is waited for.
        match Box::pin(self.begin(request, None)).await {
            Outcome::Answer(response) => response,
            Outcome::Wait(waiting) => waiting.await,
        }
    }

    /// As [`respond`](Self::respond), up to where a GET waits.
    pub(crate) async fn begin<B: http_body::Body>(
        &self,
        request: Request<B>,
        peer: Option<ClientAddr>,
    ) -> Outcome<H> {
        let server = &self.server;
        let config = server.config();
        let (mut parts, body) = request.into_parts();
        if let Some(peer) = peer.filter(|_| config.has_hooks()) {
            parts.extensions.insert(peer);
        }
        let reply = Reply::new(config, &parts);
        if !config.is_ours(parts.uri.path()) {
            return Outcome::Answer(reply.empty(config, StatusCode::NOT_FOUND));
        }
        if parts.method == Method::OPTIONS && config.cors.is_some() {
            return Outcome::Answer(reply.preflight(config, &parts.headers));
        }
        if server.is_closed() {
            let refusal = Refusal {
                code: ErrorCode::BadRequest,
                message: "the server is closing".into(),
            };
            return Outcome::Answer(reply.error(config, StatusCode::SERVICE_UNAVAILABLE, &refusal));
        }
        match Entry::check(server, &mut parts, peer).await {
            Ok(entry) if entry.upgrade => Outcome::Answer(websocket::respond(server, parts, entry, reply)),
            Ok(entry) => polling::respond(server, parts, body, entry, reply).await,
            Err(refusal) => Outcome::Answer(reply.refuse(config, &refusal, wants_upgrade(&parts))),
        }
    }

    pub(crate) fn server(&self) -> &Arc<Server<H>> {
        &self.server
    }
}

impl<H: Handler> Clone for EngineIo<H> {
    fn clone(&self) -> Self {
        Self {
            server: self.server.clone(),
        }
    }
}

impl<H: Handler> fmt::Debug for EngineIo<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EngineIo")
            .field("config", self.server.config())
            .field("sessions", &self.session_count())
            .finish_non_exhaustive()
    }
}

/// An answer in the making.
pub(crate) type Responding<R> = Pin<Box<dyn Future<Output = R> + Send>>;

impl<H: Handler, B> tower_service::Service<Request<B>> for EngineIo<H>
where
    B: http_body::Body + Send + 'static,
    B::Data: Send,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Responding<Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let engine = self.clone();
        Box::pin(async move { Ok(engine.respond(request).await) })
    }
}

impl<H: Handler, B> hyper::service::Service<Request<B>> for EngineIo<H>
where
    B: http_body::Body + Send + 'static,
    B::Data: Send,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Responding<Result<Response<Body>, Infallible>>;

    fn call(&self, request: Request<B>) -> Self::Future {
        let engine = self.clone();
        Box::pin(async move { Ok(engine.respond(request).await) })
    }
}
