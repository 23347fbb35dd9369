//! The server around another service.

use crate::service::Responding;
use crate::{EngineIo, Handler, LayerBody};
use http::{Request, Response};
use std::task::{Context, Poll};

/// A layer that answers Engine.IO's requests. Made by [`EngineIo::layer`].
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
