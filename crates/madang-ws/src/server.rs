//! Accepting connections.

use crate::WebSocket;
use crate::http1::{self, BadHead};
use crate::proto::handshake::{Acceptor, Agreement, Rejection};
use crate::proto::{Config, KeepAlive, Limits, Role};
use http::{Request, Response, StatusCode, header};
use std::io;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// How a server opens connections, and what one may cost.
#[derive(Clone, Debug, Default)]
pub struct ServerConfig {
    /// Subprotocols, compression and allowed origins.
    pub acceptor: Acceptor,
    /// The bounds of each connection.
    pub limits: Limits,
    /// Keep-alive pings and the idle timeout; off by default.
    pub keep_alive: KeepAlive,
}

impl ServerConfig {
    pub(crate) fn connection(&self, agreement: &Agreement) -> Config {
        Config {
            role: Role::Server,
            limits: self.limits,
            keep_alive: self.keep_alive,
            deflate: agreement.deflate,
        }
    }
}

/// Opens a connection on a bare stream: reads the request, answers it, and returns the
/// connection with the request, whose path tells what the client wants.
///
/// A request that is refused gets its answer before this returns, and the stream is closed; [`Limits::handshake_time`] spans that too.
///
/// Not cancel safe: what was read is lost with the stream.
///
/// # Errors
/// [`AcceptError`] says whose fault it was.
///
/// ```no_run
/// use madang_ws::server::{ServerConfig, accept};
///
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// let listener = tokio::net::TcpListener::bind("127.0.0.1:9001").await?;
/// loop {
///     let (stream, _) = listener.accept().await?;
///     tokio::spawn(async move {
///         let (mut ws, _request) = accept(stream, &ServerConfig::default()).await?;
///         while let Some(message) = ws.recv().await {
///             ws.send(message?).await?;
///         }
///         Ok::<_, Box<dyn std::error::Error + Send + Sync>>(())
///     });
/// }
/// # }
/// ```
pub async fn accept<S>(stream: S, config: &ServerConfig) -> Result<(WebSocket, Request<()>), AcceptError>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    // Boxed, so that a task keeps no room for the handshake while its connection lives.
    Box::pin(async move {
        let mut stream = stream;
        let mut refused = None;
        let opening = tokio::time::timeout(config.limits.handshake_time, async {
            match open(&mut stream, config).await? {
                Ok(opened) => Ok(Some(opened)),
                Err((response, error)) => {
                    refused = Some(error);
                    refuse(&mut stream, response).await.map(|()| None)
                }
            }
        });
        let opened = opening.await;
        if let Some(error) = refused {
            return Err(error);
        }
        let opened: io::Result<Option<_>> = opened.map_err(|_| AcceptError::TimedOut)?;
        let Some((request, agreement, read)) = opened? else {
            unreachable!("what isn't opened is refused");
        };
        let connection = config.connection(&agreement);
        Ok((
            WebSocket::agreed(stream, &read, &connection, agreement.protocol),
            request,
        ))
    })
    .await
}

/// A connection whose handshake an [`Acceptor`] has accepted, but whose `response` hasn't been written: it leaves with the first frames, in one write. `read`
/// is what was read beyond the request.
pub fn accepted<S>(
    stream: S,
    read: &[u8],
    agreement: Agreement,
    response: Response<()>,
    config: &ServerConfig,
) -> WebSocket
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let head = http1::write_response(&response.map(|()| ""));
    let connection = config.connection(&agreement);
    let websocket = WebSocket::agreed(stream, read, &connection, agreement.protocol);
    websocket.begin_with(&head);
    websocket
}

/// What was asked for, what was agreed, and what came after the request; or the answer to a request that is refused.
type Opening = Result<(Request<()>, Agreement, Vec<u8>), (Response<String>, AcceptError)>;

async fn open<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut S,
    config: &ServerConfig,
) -> io::Result<Opening> {
    let head = http1::read_head(stream, config.limits.handshake, http1::parse_request).await?;
    let (request, read) = match head {
        Ok(head) => head,
        Err(bad) => {
            let (status, error) = match bad {
                BadHead::Malformed => (StatusCode::BAD_REQUEST, AcceptError::Malformed),
                BadHead::TooLong => (
                    StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
                    AcceptError::TooLong(config.limits.handshake),
                ),
            };
            let mut response = Response::new(format!("{error}\n"));
            *response.status_mut() = status;
            return Ok(Err((response, error)));
        }
    };
    let acceptor = &config.acceptor;
    match acceptor.accept(request.method(), request.version(), request.headers()) {
        Ok((agreement, response)) => {
            let response = http1::write_response(&response.map(|()| ""));
            stream.write_all(&response).await?;
            stream.flush().await?;
            Ok(Ok((request, agreement, read)))
        }
        Err(rejection) => Ok(Err((rejection.response(), rejection.into()))),
    }
}

/// Answers, and closes the stream so that the answer isn't lost: closed with bytes unread, a socket is reset.
async fn refuse<S>(stream: &mut S, mut response: Response<String>) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let len = response.body().len();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_LENGTH, len.into());
    headers.append(header::CONNECTION, header::HeaderValue::from_static("close"));
    stream.write_all(&http1::write_response(&response)).await?;
    stream.shutdown().await?;
    let mut unread = [0; 1024];
    while stream.read(&mut unread).await? > 0 {}
    Ok(())
}

/// Why a connection wasn't opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AcceptError {
    /// The client's request isn't a handshake that this server takes; it was told why.
    #[error(transparent)]
    Rejected(#[from] Rejection),
    /// The client doesn't speak HTTP/1.1; answered with 400.
    #[error("the request isn't HTTP/1.1")]
    Malformed,
    /// The client's request is longer than [`Limits::handshake`]; answered with 431.
    #[error("the request's head is longer than {0} bytes")]
    TooLong(usize),
    /// The client took longer than [`Limits::handshake_time`].
    #[error("the handshake took too long")]
    TimedOut,
    /// The stream failed or ended.
    #[error("the stream failed during the handshake: {0}")]
    Io(#[from] io::Error),
}

impl AcceptError {
    /// A stable name for logs, metrics and `docs/error-codes.md`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Rejected(rejection) => rejection.code(),
            Self::Malformed => "ws_handshake_malformed",
            Self::TooLong(_) => "ws_handshake_too_long",
            Self::TimedOut => "ws_handshake_timeout",
            Self::Io(_) => "ws_handshake_io",
        }
    }
}

#[cfg(feature = "hyper")]
pub use upgrade::{Upgrade, upgrade};

#[cfg(feature = "hyper")]
mod upgrade {
    use super::{AcceptError, Agreement, Rejection, ServerConfig};
    use crate::WebSocket;
    use http::{Request, Response};
    use hyper::upgrade::{OnUpgrade, Upgraded};
    use hyper_util::rt::TokioIo;
    use std::io;
    use std::time::Duration;
    use tokio::net::TcpStream;

    /// Answers a request of any hyper 1 service, or of a tower service on top of it: the response with status 101, to be
    /// returned at once, and an [`Upgrade`] that becomes the connection when it has been sent.
    ///
    /// # Errors
    /// Why the request is refused; [`Rejection::response`] is the answer.
    pub fn upgrade<B>(
        request: &mut Request<B>,
        config: &ServerConfig,
    ) -> Result<(Response<()>, Upgrade), Rejection> {
        let accepted = config
            .acceptor
            .accept(request.method(), request.version(), request.headers());
        let (agreement, response) = accepted?;
        let on_upgrade = request
            .extensions_mut()
            .remove::<OnUpgrade>()
            .ok_or(Rejection::NotUpgradable)?;
        Ok((
            response,
            Upgrade {
                on_upgrade,
                agreement,
                config: config.clone(),
            },
        ))
    }

    /// A connection that will be open once its response has been sent.
    #[derive(Debug)]
    pub struct Upgrade {
        on_upgrade: OnUpgrade,
        agreement: Agreement,
        config: ServerConfig,
    }

    impl Upgrade {
        /// The subprotocol that was agreed on.
        pub fn protocol(&self) -> Option<&http::HeaderValue> {
            self.agreement.protocol.as_ref()
        }

        /// Waits until the response has been sent. Not cancel safe: the connection is lost with the future.
        ///
        /// # Errors
        /// [`AcceptError::Io`] if the connection was lost before, [`AcceptError::TimedOut`] if that took longer than
        /// [`Limits::handshake_time`](crate::Limits::handshake_time), as when the response was never returned.
        pub async fn open(self) -> Result<WebSocket, AcceptError> {
            let time: Duration = self.config.limits.handshake_time;
            let upgraded = tokio::time::timeout(time, self.on_upgrade)
                .await
                .map_err(|_| AcceptError::TimedOut)?
                .map_err(io::Error::other)?;
            let connection = self.config.connection(&self.agreement);
            let protocol = self.agreement.protocol;
            Ok(match tcp(upgraded) {
                Ok((stream, read)) => WebSocket::agreed(stream, &read, &connection, protocol),
                Err(upgraded) => WebSocket::agreed(TokioIo::new(upgraded), &[], &connection, protocol),
            })
        }
    }

    /// The socket itself out of hyper's wrappers, with what was read from it already; not if there is TLS in between.
    fn tcp(upgraded: Upgraded) -> Result<(TcpStream, bytes::Bytes), Upgraded> {
        // hyper-util's `auto` server, which axum uses, wraps the stream once more than hyper's own does.
        match hyper_util::server::conn::auto::upgrade::downcast::<TokioIo<TcpStream>>(upgraded) {
            Ok(parts) => Ok((parts.io.into_inner(), parts.read_buf)),
            Err(upgraded) => match upgraded.downcast::<TokioIo<TcpStream>>() {
                Ok(parts) => Ok((parts.io.into_inner(), parts.read_buf)),
                Err(upgraded) => Err(upgraded),
            },
        }
    }
}
