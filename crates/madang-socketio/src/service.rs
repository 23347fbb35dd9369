//! The server as a service of hyper and tower.

use crate::SocketIo;
use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, Method, Request, Response, Uri};
use madang_engineio::{Body, LayerBody};
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::net::TcpStream;

type Responding<R> = Pin<Box<dyn Future<Output = R> + Send>>;

impl SocketIo {
    /// The server as a service, of tower and of hyper 1. Requests for other paths get 404; to serve something else there, use [`layer`](Self::layer).
    ///
    /// Requests must be served within a tokio runtime with time enabled; for WebSocket the HTTP server must allow upgrades (`with_upgrades` in hyper, which `axum::serve` does by itself).
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use madang_engineio::Body;
    /// use tower_service::Service as _;
    ///
    /// let io = madang_socketio::SocketIo::new();
    /// // As a route, without a layer around the rest.
    /// let app: axum::Router = axum::Router::new().route_service("/socket.io/", io.service());
    ///
    /// let request = http::Request::get("/socket.io/?EIO=4&transport=polling").body(Body::default())?;
    /// assert_eq!(io.service().call(request).await?.status(), 200);
    /// # Ok(())
    /// # }
    /// ```
    pub fn service(&self) -> SocketIoService {
        SocketIoService { io: self.clone() }
    }

    /// A layer that answers requests for [`path`](Self::path), and leaves others to the service inside: `Router::new().layer(io.layer())`.
    ///
    /// ```
    /// let io = madang_socketio::SocketIo::new();
    /// let app: axum::Router = axum::Router::new()
    ///     .route("/", axum::routing::get(|| async { "a page" }))
    ///     .layer(io.layer());
    /// ```
    pub fn layer(&self) -> SocketIoLayer {
        SocketIoLayer { io: self.clone() }
    }

    /// Whether a request for this path is answered here.
    ///
    /// ```
    /// let io = madang_socketio::SocketIo::new();
    /// assert!(io.is_ours("/socket.io/"));
    /// assert!(!io.is_ours("/socket.io")); // `engine.add_trailing_slash = false` would make it so
    /// ```
    pub fn is_ours(&self, path: &str) -> bool {
        self.server.engine.is_ours(path)
    }

    /// The options of Engine.IO underneath.
    ///
    /// ```
    /// let io = madang_socketio::SocketIo::new();
    /// assert_eq!(io.engine_config().ping_interval.as_secs(), 25);
    /// ```
    pub fn engine_config(&self) -> &madang_engineio::Config {
        self.server.engine.config()
    }

    /// Answers a request: 404 outside [`path`](Self::path). On long-polling the answer may take as long as the heartbeat's interval; dropping the future while it waits means that the
    /// client is gone, and ends its session.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use http::Request;
    /// use madang_engineio::Body;
    ///
    /// let io = madang_socketio::SocketIo::new();
    /// let open = Request::get("/socket.io/?EIO=4&transport=polling").body(Body::default())?;
    /// assert_eq!(io.respond(open).await.status(), 200);
    /// let other = Request::get("/").body(Body::default())?;
    /// assert_eq!(io.respond(other).await.status(), 404);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn respond<B: http_body::Body>(&self, request: Request<B>) -> Response<Body> {
        match self.client_file(request.method(), request.uri(), request.headers()) {
            Some(response) => response.map(Body::from),
            None => self.server.engine.respond(request).await,
        }
    }

    /// Serves the requests of a TCP connection, and the WebSocket that it may become, on a port where there is nothing but Socket.IO: cheaper than the
    /// [service](Self::service) in hyper. See [`EngineIo::serve_connection`](madang_engineio::EngineIo::serve_connection). Returns when the connection has ended.
    ///
    /// Dropping the future closes the connection.
    ///
    /// ```no_run
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// let io = madang_socketio::SocketIo::new();
    /// let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    /// loop {
    ///     let (stream, _) = listener.accept().await?;
    ///     let io = io.clone();
    ///     tokio::spawn(async move { io.serve_connection(stream).await });
    /// }
    /// # }
    /// ```
    pub fn serve_connection(&self, stream: TcpStream) -> impl Future<Output = ()> + Send {
        let file = |parts: &Parts| self.client_file(&parts.method, &parts.uri, &parts.headers);
        self.server.engine.serve_connection(stream, file)
    }

    fn client_file(&self, method: &Method, uri: &Uri, headers: &HeaderMap) -> Option<Response<Bytes>> {
        let files = self.server.shared.files.as_ref()?;
        if !matches!(*method, Method::GET | Method::HEAD) {
            return None;
        }
        let base = self.path().trim_end_matches('/');
        let tail = uri.path().strip_prefix(base)?.strip_prefix('/')?;
        let mut response = files.respond(tail, headers)?;
        if let Some(cors) = &self.engine_config().cors {
            cors.apply(headers, response.headers_mut());
        }
        Some(response)
    }
}

/// A [`SocketIo`] as a service. Cloning is cheap.
///
/// ```
/// let io = madang_socketio::SocketIo::new();
/// let app: axum::Router = axum::Router::new().route_service("/socket.io/", io.service());
/// ```
#[derive(Clone, Debug)]
pub struct SocketIoService {
    io: SocketIo,
}

impl<B> tower_service::Service<Request<B>> for SocketIoService
where
    B: http_body::Body + Send + 'static,
    B::Data: Send,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Responding<Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let io = self.io.clone();
        Box::pin(async move { Ok(io.respond(request).await) })
    }
}

impl<B> hyper::service::Service<Request<B>> for SocketIoService
where
    B: http_body::Body + Send + 'static,
    B::Data: Send,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Responding<Result<Response<Body>, Infallible>>;

    fn call(&self, request: Request<B>) -> Self::Future {
        let io = self.io.clone();
        Box::pin(async move { Ok(io.respond(request).await) })
    }
}

/// A layer that answers the requests of a [`SocketIo`].
///
/// ```
/// use axum::Router;
///
/// let (io, admin) = (madang_socketio::SocketIo::new(), madang_socketio::SocketIo::builder().path("/admin").build());
/// let app: Router = Router::new().layer(io.layer()).layer(admin.layer()); // two servers in one program
/// ```
#[derive(Clone, Debug)]
pub struct SocketIoLayer {
    io: SocketIo,
}

impl<S> tower_layer::Layer<S> for SocketIoLayer {
    type Service = LayeredService<S>;

    fn layer(&self, inner: S) -> LayeredService<S> {
        LayeredService {
            io: self.io.clone(),
            inner,
        }
    }
}

/// A service with a [`SocketIoLayer`] around it.
///
/// ```
/// use axum::Router;
/// use madang_socketio::{LayeredService, SocketIo};
/// use tower_layer::Layer as _;
///
/// // Around the router rather than in it, so that its own layers don't see these requests.
/// let app: LayeredService<Router> = SocketIo::new().layer().layer(Router::new());
/// ```
#[derive(Clone, Debug)]
pub struct LayeredService<S> {
    io: SocketIo,
    inner: S,
}

impl<S, B, R> tower_service::Service<Request<B>> for LayeredService<S>
where
    S: tower_service::Service<Request<B>, Response = Response<R>>,
    S::Future: Send + 'static,
    B: http_body::Body + Send + 'static,
    B::Data: Send,
{
    type Response = Response<LayerBody<R>>;
    type Error = S::Error;
    type Future = Responding<Result<Self::Response, S::Error>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        if self.io.is_ours(request.uri().path()) {
            let io = self.io.clone();
            return Box::pin(async move { Ok(io.respond(request).await.map(LayerBody::Ours)) });
        }
        let inner = self.inner.call(request);
        Box::pin(async move { Ok(inner.await?.map(|body| LayerBody::Inner(Box::pin(body)))) })
    }
}
