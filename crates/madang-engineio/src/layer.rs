//! The server around another service.

use crate::service::Responding;
use crate::{EngineIo, Handler, LayerBody};
use http::{Request, Response};
use std::task::{Context, Poll};

/// A layer that answers Engine.IO's requests. Made by [`EngineIo::layer`].
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use http::Request;
/// # use madang_engineio::{CloseReason, Message, Socket};
/// use madang_engineio::{Body, Config, EngineIo, Handler};
/// use tower::{Layer as _, ServiceExt as _};
/// # struct Nothing;
/// # impl Handler for Nothing {
/// #     type Session = ();
/// #     fn open(&self, _: Socket, _: &http::request::Parts) {}
/// #     fn message(&self, _: &mut (), _: Message) {}
/// #     fn close(&self, _: (), _: CloseReason) {}
/// # }
///
/// let engine = EngineIo::new(Config::default(), Nothing);
/// let pages = tower::service_fn(|_: Request<Body>| async {
///     Ok::<_, std::convert::Infallible>(http::Response::new("a page".to_owned()))
/// });
/// let app = engine.layer().layer(pages);
///
/// let page = app.clone().oneshot(Request::get("/").body(Body::default())?).await?;
/// assert_eq!(page.status(), 200);
/// let refused = app.oneshot(Request::get("/engine.io/").body(Body::default())?).await?;
/// assert_eq!(refused.status(), 400); // it names no transport
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct EngineIoLayer<H: Handler> {
    engine: EngineIo<H>,
}

impl<H: Handler> EngineIoLayer<H> {
    pub(crate) fn new(engine: EngineIo<H>) -> Self {
        Self { engine }
    }
}

impl<H: Handler> Clone for EngineIoLayer<H> {
    fn clone(&self) -> Self {
        Self::new(self.engine.clone())
    }
}

impl<H: Handler, S> tower_layer::Layer<S> for EngineIoLayer<H> {
    type Service = Layered<H, S>;

    fn layer(&self, inner: S) -> Layered<H, S> {
        Layered {
            engine: self.engine.clone(),
            inner,
        }
    }
}

/// A service with an [`EngineIoLayer`] around it.
///
/// ```
/// # use madang_engineio::{CloseReason, Message, Socket};
/// use madang_engineio::{Config, EngineIo, Handler, Layered};
/// use tower::Layer as _;
/// # struct Nothing;
/// # impl Handler for Nothing {
/// #     type Session = ();
/// #     fn open(&self, _: Socket, _: &http::request::Parts) {}
/// #     fn message(&self, _: &mut (), _: Message) {}
/// #     fn close(&self, _: (), _: CloseReason) {}
/// # }
///
/// let engine = EngineIo::new(Config::default(), Nothing);
/// let app: Layered<Nothing, axum::Router> = engine.layer().layer(axum::Router::new());
/// ```
#[derive(Debug)]
pub struct Layered<H: Handler, S> {
    engine: EngineIo<H>,
    inner: S,
}

impl<H: Handler, S: Clone> Clone for Layered<H, S> {
    fn clone(&self) -> Self {
        Self {
            engine: self.engine.clone(),
            inner: self.inner.clone(),
        }
    }
}

impl<H, S, B, R> tower_service::Service<Request<B>> for Layered<H, S>
where
    H: Handler,
    S: tower_service::Service<Request<B>, Response = Response<R>>,
    S::Future: Send + 'static,
    B: http_body::Body + Send + 'static,
    B::Data: Send,
{
    type Response = Response<LayerBody<R>>;
    type Error = S::Error;
    type Future = Responding<Result<Self::Response, S::Error>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        if self.engine.is_ours(request.uri().path()) {
            let engine = self.engine.clone();
            return Box::pin(async move { Ok(engine.respond(request).await.map(LayerBody::Ours)) });
        }
        let inner = self.inner.call(request);
        Box::pin(async move { Ok(inner.await?.map(|body| LayerBody::Inner(Box::pin(body)))) })
    }
}
