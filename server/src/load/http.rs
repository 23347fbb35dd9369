//! A small HTTP/1.1 client: one connection, kept between requests.

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HOST};
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use thiserror::Error;
use tokio::net::TcpStream;
use tokio_util::task::AbortOnDropHandle;

use super::target::Target;

/// A client of one server. Its connection is opened when it's needed, and again when it broke.
#[derive(Debug)]
pub(super) struct Http {
    target: Target,
    connection: Option<Connection>,
}

#[derive(Debug)]
struct Connection {
    sender: SendRequest<Full<Bytes>>,
    _driver: AbortOnDropHandle<()>,
}

/// Why a reader has to begin again.
#[derive(Debug, Error)]
pub(super) enum Failure {
    #[error("no connection: {0}")]
    Connect(#[from] std::io::Error),
    #[error("the connection broke: {0}")]
    Http(#[from] hyper::Error),
    #[error("the answer is too long, or broke off: {0}")]
    Body(Box<dyn std::error::Error + Send + Sync>),
    #[error("no WebSocket: {0}")]
    WebSocket(#[from] madang_ws::client::ConnectError),
    #[error("the WebSocket broke: {0}")]
    Broke(#[from] madang_ws::Error),
    #[error("status {0}")]
    Status(StatusCode),
    #[error("the server ended the connection")]
    Ended,
    #[error("not what a server of rooms says: {0}")]
    Words(String),
}

impl Http {
    /// Bytes of an answer: a history of 200 messages of the laboratory's largest size, twice.
    const BODY: usize = 8 * 1024 * 1024;

    pub(super) fn new(target: Target) -> Self {
        Self {
            target,
            connection: None,
        }
    }

    /// Asks, and returns the answer's status and its whole body.
    pub(super) async fn ask(
        &mut self,
        method: Method,
        path: &str,
        body: impl Into<Bytes>,
    ) -> Result<(StatusCode, Bytes), Failure> {
        let answer = self.open(method, path, body).await?;
        let status = answer.status();
        let body = Limited::new(answer.into_body(), Self::BODY).collect().await;
        let body = body.map_err(|error| {
            self.connection = None;
            Failure::Body(error)
        })?;
        Ok((status, body.to_bytes()))
    }

    /// Asks for JSON; any status but 2xx is a failure.
    pub(super) async fn ask_json(
        &mut self,
        method: Method,
        path: &str,
        body: impl Into<Bytes>,
    ) -> Result<Value, Failure> {
        let (status, body) = self.ask(method, path, body).await?;
        if !status.is_success() {
            return Err(Failure::Status(status));
        }
        json(&body)
    }

    /// Asks, and returns the answer while its body still comes.
    pub(super) async fn open(
        &mut self,
        method: Method,
        path: &str,
        body: impl Into<Bytes>,
    ) -> Result<Response<Incoming>, Failure> {
        let body = body.into();
        let mut request = Request::builder().method(method).uri(path);
        request = request.header(HOST, self.target.authority());
        if !body.is_empty() {
            let json = body.first() == Some(&b'{');
            request = request.header(CONTENT_TYPE, if json { "application/json" } else { "text/plain" });
        }
        let request = request.body(Full::new(body));
        let request = request.map_err(|error| Failure::Words(error.to_string()))?;
        // One that the server has closed since is no failure.
        let kept = match self.connection.take() {
            Some(mut kept) => kept.sender.ready().await.is_ok().then_some(kept),
            None => None,
        };
        let mut connection = match kept {
            Some(kept) => kept,
            None => self.connect().await?,
        };
        let answer = connection.sender.send_request(request).await?;
        self.connection = Some(connection);
        Ok(answer)
    }

    async fn connect(&self) -> Result<Connection, Failure> {
        let stream = TcpStream::connect((self.target.host(), self.target.port())).await?;
        stream.set_nodelay(true)?;
        let (sender, driver) = handshake(TokioIo::new(stream)).await?;
        let driver = tokio::spawn(async move {
            // Whoever waits for an answer is told.
            let _ = driver.await;
        });
        Ok(Connection {
            sender,
            _driver: AbortOnDropHandle::new(driver),
        })
    }
}

pub(super) fn json(text: &[u8]) -> Result<Value, Failure> {
    serde_json::from_slice(text).map_err(|error| Failure::Words(error.to_string()))
}
