//! The axum 0.8 extractor.

use crate::WebSocket;
use crate::proto::handshake::{AllowedOrigins, Rejection};
use crate::proto::{DeflateConfig, KeepAlive, Limits};
use crate::server::{AcceptError, ServerConfig};
use axum_core::body::Body;
use axum_core::extract::FromRequestParts;
use axum_core::response::{IntoResponse, Response};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, Request, Version};
use hyper::upgrade::OnUpgrade;
use std::convert::Infallible;

/// Extracts a WebSocket handshake from a request of [axum](https://docs.rs/axum/0.8).
///
/// The handshake is checked by [`on_upgrade`](Self::on_upgrade), whose response refuses
/// it where it's wrong; route it with `any`, so that a wrong method gets its answer too.
///
/// ```
/// use madang_ws::axum::WebSocketUpgrade;
///
/// async fn echo(upgrade: WebSocketUpgrade) -> impl axum::response::IntoResponse {
///     upgrade.on_upgrade(|mut ws| async move {
///         while let Some(Ok(message)) = ws.recv().await {
///             if ws.send(message).await.is_err() {
///                 break;
///             }
///         }
///     })
/// }
///
/// let app: axum::Router = axum::Router::new().route("/echo", axum::routing::any(echo));
/// ```
#[must_use = "the response of `on_upgrade` opens the connection"]
#[derive(Debug)]
pub struct WebSocketUpgrade {
    method: Method,
    version: Version,
    headers: HeaderMap,
    on_upgrade: Option<OnUpgrade>,
    config: ServerConfig,
    on_failed: Option<fn(&AcceptError)>,
}

impl WebSocketUpgrade {
    /// Sets the whole configuration.
    pub fn config(mut self, config: ServerConfig) -> Self {
        self.config = config;
        self
    }

    /// Sets the bounds of the connection.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.config.limits = limits;
        self
    }

    /// Agrees to permessage-deflate.
    pub fn deflate(mut self, deflate: DeflateConfig) -> Self {
        self.config.acceptor.deflate = Some(deflate);
        self
    }

    /// Sets the subprotocols that the server speaks, the preferred first. One that isn't a valid header value is left out.
    pub fn protocols(mut self, protocols: impl IntoIterator<Item = impl AsRef<str>>) -> Self {
        let protocols = protocols
            .into_iter()
            .filter_map(|name| HeaderValue::from_str(name.as_ref()).ok());
        self.config.acceptor.protocols = protocols.collect();
        self
    }

    /// Sets which pages may connect.
    pub fn origins(mut self, origins: AllowedOrigins) -> Self {
        self.config.acceptor.origins = origins;
        self
    }

    /// Sets keep-alive pings and the idle timeout.
    pub fn keep_alive(mut self, keep_alive: KeepAlive) -> Self {
        self.config.keep_alive = keep_alive;
        self
    }

    /// Sets what is called when the connection is lost before it was open.
    pub fn on_failed_upgrade(mut self, callback: fn(&AcceptError)) -> Self {
        self.on_failed = Some(callback);
        self
    }

    /// Answers the handshake; `callback` runs in a task of its own with the open connection.
    pub fn on_upgrade<F, Fut>(self, callback: F) -> Response
    where
        F: FnOnce(WebSocket) -> Fut + Send + 'static,
        Fut: Future<Output = ()> + Send + 'static,
    {
        let mut request = Request::new(());
        *request.method_mut() = self.method;
        *request.version_mut() = self.version;
        *request.headers_mut() = self.headers;
        if let Some(on_upgrade) = self.on_upgrade {
            request.extensions_mut().insert(on_upgrade);
        }
        match crate::server::upgrade(&mut request, &self.config) {
            Ok((response, upgrade)) => {
                let on_failed = self.on_failed;
                tokio::spawn(async move {
                    // Boxed, so that the connection's task doesn't keep room for the handshake.
                    match Box::pin(upgrade.open()).await {
                        Ok(ws) => callback(ws).await,
                        Err(error) => {
                            if let Some(on_failed) = on_failed {
                                on_failed(&error);
                            }
                        }
                    }
                });
                response.map(|()| Body::empty())
            }
            Err(rejection) => rejection.into_response(),
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for WebSocketUpgrade {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Infallible> {
        Ok(Self {
            method: parts.method.clone(),
            version: parts.version,
            headers: parts.headers.clone(),
            on_upgrade: parts.extensions.remove::<OnUpgrade>(),
            config: ServerConfig::default(),
            on_failed: None,
        })
    }
}

impl IntoResponse for Rejection {
    fn into_response(self) -> Response {
        self.response().map(Body::from)
    }
}
