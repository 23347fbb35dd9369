//! Opening connections.

use crate::WebSocket;
use crate::http1::{self, BadHead};
use crate::proto::handshake::{Mismatch, Offer};
use crate::proto::{Config, DeflateConfig, KeepAlive, Limits, Role};
use http::header::{HOST, HeaderMap, HeaderValue};
use http::{Request, Response, Uri};
use std::io;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;

/// Opens a connection to a `ws://` or, with the feature `rustls`, `wss://` address, with the defaults of [`ClientConfig`].
///
/// # Errors
/// See [`ConnectError`].
///
/// ```no_run
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// let mut ws = madang_ws::client::connect("ws://127.0.0.1:3000/").await?;
/// ws.send("hello").await?;
/// while let Some(message) = ws.recv().await {
///     println!("{:?}", message?);
/// }
/// # Ok(())
/// # }
/// ```
pub async fn connect(url: &str) -> Result<WebSocket, ConnectError> {
    ClientConfig::default().connect(url).await.map(|(ws, _)| ws)
}

/// How a client opens connections, and what one may cost.
#[derive(Clone, Debug, Default)]
pub struct ClientConfig {
    /// Headers to send with the handshake, such as `Authorization` or `Origin`.
    pub headers: HeaderMap,
    /// Subprotocols to offer, the preferred first.
    pub protocols: Vec<HeaderValue>,
    /// Compression to offer. Default: none.
    pub deflate: Option<DeflateConfig>,
    /// The bounds of each connection; [`Limits::handshake_time`] spans the connection, TLS and the handshake.
    pub limits: Limits,
    /// Keep-alive pings and the idle timeout; off by default.
    pub keep_alive: KeepAlive,
    /// TLS settings for `wss://`. Default: the system's root certificates.
    #[cfg(feature = "rustls")]
    pub tls: Option<std::sync::Arc<tokio_rustls::rustls::ClientConfig>>,
}

impl ClientConfig {
    /// Opens a connection to a `ws://` or `wss://` address; also returns the server's response.
    ///
    /// Cancel safe: a connection half open is dropped.
    ///
    /// # Errors
    /// See [`ConnectError`].
    pub async fn connect(&self, url: &str) -> Result<(WebSocket, Response<()>), ConnectError> {
        let target = Target::parse(url)?;
        let connecting = Box::pin(tokio::time::timeout(self.limits.handshake_time, async {
            let stream = TcpStream::connect((target.host(), target.port)).await?;
            if !target.tls {
                return self.open(stream, &target.uri).await;
            }
            // A plain stream is told so when it becomes a connection; this one will be inside another.
            stream.set_nodelay(true)?;
            self.connect_tls(stream, &target).await
        }));
        connecting.await.map_err(|_| ConnectError::TimedOut)?
    }

    /// Opens a connection over any stream; `url` gives the `Host` and the path. [`Limits::handshake_time`] applies.
    ///
    /// # Errors
    /// See [`ConnectError`].
    pub async fn connect_over<S>(
        &self,
        stream: S,
        url: &str,
    ) -> Result<(WebSocket, Response<()>), ConnectError>
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let target = Target::parse(url)?;
        let opening = Box::pin(tokio::time::timeout(
            self.limits.handshake_time,
            self.open(stream, &target.uri),
        ));
        opening.await.map_err(|_| ConnectError::TimedOut)?
    }

    async fn open<S>(&self, mut stream: S, uri: &Uri) -> Result<(WebSocket, Response<()>), ConnectError>
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let offer = Offer::new(self.protocols.clone(), self.deflate);
        let mut request = Request::new(());
        *request.uri_mut() = uri.clone();
        *request.headers_mut() = self.headers.clone();
        let host = uri.authority().map_or("", |authority| authority.as_str());
        let host = HeaderValue::from_str(host).map_err(|_| ConnectError::Url)?;
        request.headers_mut().entry(HOST).or_insert(host);
        offer.write(request.headers_mut());
        stream.write_all(&http1::write_request(&request)).await?;
        stream.flush().await?;

        let head = http1::read_head(&mut stream, self.limits.handshake, http1::parse_response).await?;
        let (response, read) = head.map_err(|bad| match bad {
            BadHead::Malformed => ConnectError::Malformed,
            BadHead::TooLong => ConnectError::TooLong(self.limits.handshake),
        })?;
        let agreement = offer.verify(response.status(), response.headers())?;
        let config = Config {
            role: Role::Client,
            limits: self.limits,
            keep_alive: self.keep_alive,
            deflate: agreement.deflate,
        };
        Ok((
            WebSocket::agreed(stream, &read, &config, agreement.protocol),
            response,
        ))
    }

    #[cfg(feature = "rustls")]
    async fn connect_tls(
        &self,
        stream: TcpStream,
        target: &Target,
    ) -> Result<(WebSocket, Response<()>), ConnectError> {
        use tokio_rustls::rustls::pki_types::ServerName;
        let tls = match &self.tls {
            Some(tls) => tls.clone(),
            None => system_roots()?,
        };
        let name = ServerName::try_from(target.host().to_owned()).map_err(|_| ConnectError::Url)?;
        let stream = tokio_rustls::TlsConnector::from(tls)
            .connect(name, stream)
            .await?;
        self.open(stream, &target.uri).await
    }

    #[cfg(not(feature = "rustls"))]
    async fn connect_tls(&self, _: TcpStream, _: &Target) -> Result<(WebSocket, Response<()>), ConnectError> {
        Err(ConnectError::NoTls)
    }
}

#[cfg(feature = "rustls")]
fn system_roots() -> Result<std::sync::Arc<tokio_rustls::rustls::ClientConfig>, ConnectError> {
    use std::sync::{Arc, OnceLock};
    use tokio_rustls::rustls::{ClientConfig, RootCertStore, crypto};
    static SYSTEM: OnceLock<Arc<ClientConfig>> = OnceLock::new();
    if let Some(config) = SYSTEM.get() {
        return Ok(config.clone());
    }
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let config = ClientConfig::builder_with_provider(crypto::ring::default_provider().into())
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(SYSTEM.get_or_init(|| Arc::new(config)).clone())
}

/// Where a URL leads (RFC 6455 §3).
struct Target {
    uri: Uri,
    tls: bool,
    port: u16,
}

impl Target {
    fn parse(url: &str) -> Result<Self, ConnectError> {
        // RFC 6455 §3: fragments are meaningless here and must not be used.
        if url.contains('#') {
            return Err(ConnectError::Url);
        }
        let uri: Uri = url.parse().map_err(|_| ConnectError::Url)?;
        let tls = match uri.scheme_str() {
            Some("ws") => false,
            Some("wss") => true,
            _ => return Err(ConnectError::Url),
        };
        let authority = uri.authority().ok_or(ConnectError::Url)?;
        if authority.as_str().contains('@') || authority.host().is_empty() {
            return Err(ConnectError::Url);
        }
        let port = match authority.port_u16() {
            Some(port) => port,
            None if authority.as_str() != authority.host() => return Err(ConnectError::Url),
            None if tls => 443,
            None => 80,
        };
        Ok(Self { uri, tls, port })
    }

    /// The host without the brackets of an IPv6 address.
    fn host(&self) -> &str {
        let host = self.uri.host().unwrap_or_default();
        host.strip_prefix('[')
            .and_then(|host| host.strip_suffix(']'))
            .unwrap_or(host)
    }
}

/// Why a connection wasn't opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// The caller's address isn't `ws://host[:port]/path` or `wss://...`.
    #[error("not a ws:// or wss:// address without user and fragment")]
    Url,
    /// `wss://` without the feature `rustls`.
    #[error("wss:// needs the feature `rustls` of madang-ws")]
    NoTls,
    /// The server refused, or its answer doesn't fit the request.
    #[error(transparent)]
    Mismatch(#[from] Mismatch),
    /// The server doesn't speak HTTP/1.
    #[error("the response isn't HTTP/1.1")]
    Malformed,
    /// The server's response is longer than [`Limits::handshake`].
    #[error("the response's head is longer than {0} bytes")]
    TooLong(usize),
    /// It took longer than [`Limits::handshake_time`].
    #[error("opening the connection took too long")]
    TimedOut,
    /// The stream failed or ended, or TLS did.
    #[error("the stream failed while the connection was opened: {0}")]
    Io(#[from] io::Error),
}

impl ConnectError {
    /// A stable name for logs, metrics and `docs/error-codes.md`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Url => "ws_connect_url",
            Self::NoTls => "ws_connect_no_tls",
            Self::Mismatch(mismatch) => mismatch.code(),
            Self::Malformed => "ws_connect_malformed",
            Self::TooLong(_) => "ws_connect_too_long",
            Self::TimedOut => "ws_connect_timeout",
            Self::Io(_) => "ws_connect_io",
        }
    }
}
