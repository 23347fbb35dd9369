//! What is done with sessions.

use crate::{CloseReason, Message, Socket};
use http::request::Parts;

/// What a server does with its sessions.
///
/// The calls for one session come one at a time and in order: `open`, every `message`, `close`. None may block: others wait for the
/// thread. A panic costs what was being handled, and is logged.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use madang_engineio::{Body, CloseReason, Config, EngineIo, Handler, Message, Socket};
/// use std::sync::mpsc::{Sender, channel};
///
/// /// Counts what each client has said, and reports it when the client goes.
/// struct Count(Sender<(usize, CloseReason)>);
///
/// impl Handler for Count {
///     type Session = usize;
///
///     fn open(&self, socket: Socket, request: &http::request::Parts) -> usize {
///         socket.send(format!("welcome to {}", request.uri.path()));
///         0
///     }
///
///     fn message(&self, said: &mut usize, _message: Message) {
///         *said += 1;
///     }
///
///     fn close(&self, said: usize, reason: CloseReason) {
///         let _ = self.0.send((said, reason));
///     }
/// }
///
/// let (sender, reports) = channel();
/// let engine = EngineIo::new(Config::default(), Count(sender));
/// # use http_body_util::BodyExt as _;
/// # let open = http::Request::get("/engine.io/?EIO=4&transport=polling").body(Body::default())?;
/// # let opened = engine.respond(open).await.into_body().collect().await?.to_bytes();
/// # let opened = std::str::from_utf8(&opened)?;
/// # assert!(opened.ends_with("\u{1e}4welcome to /engine.io/"));
/// # let sid = opened.split('"').nth(3).unwrap().to_owned();
/// # let post = http::Request::post(format!("/engine.io/?EIO=4&transport=polling&sid={sid}"));
/// # let post = post.body(Body::from(bytes::Bytes::from_static(b"4one\x1e4two\x1e1")))?;
/// # engine.respond(post).await;
/// # while engine.session_count() > 0 { tokio::task::yield_now().await; }
/// # let report = tokio::task::spawn_blocking(move || reports.recv()).await??;
/// // A client has sent two messages, and closed its session.
/// assert_eq!(report, (2, CloseReason::TransportClose));
/// # Ok(())
/// # }
/// ```
pub trait Handler: Send + Sync + 'static {
    /// What it keeps for each session.
    type Session: Send + 'static;

    /// A session has opened, by this request. What is sent from here comes first.
    fn open(&self, socket: Socket, request: &Parts) -> Self::Session;

    /// A message arrived.
    fn message(&self, session: &mut Self::Session, message: Message);

    /// The session has ended; the last call for it.
    fn close(&self, session: Self::Session, reason: CloseReason);
}
