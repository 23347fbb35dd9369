//! A market that another server tells over WebSocket.

use std::task::{Context, Poll};
use std::time::Duration;

use madang_ws::client::{ClientConfig, ConnectError};
use madang_ws::{CloseCode, KeepAlive, Limits, Message, WebSocket};
use thiserror::Error;
use tokio::sync::mpsc;
use tokio::time::sleep;
use tokio_util::task::AbortOnDropHandle;

use super::backoff::Backoff;
use super::now_ms;
use super::session::{News, Session, Wrong};
use crate::market::{Feed, FeedEvent, Listing};

/// Events that wait to be asked for. When there are more, the connection isn't read, and it's the server that waits.
pub const FEED_EVENTS: usize = 65_536;

/// Bytes of one message: 20,000 ticks, or a `hello` with all symbols that there may be.
pub const FEED_MESSAGE_BYTES: usize = 1024 * 1024;

/// After so long without hearing anything a feed is asked whether it's there; after twice unanswered, another connection is made.
pub const PING_TIME: Duration = Duration::from_secs(10);

/// A feed over WebSocket. It connects again whenever the connection is lost, and goes on behind what it has heard.
#[derive(Debug)]
pub struct WebSocketFeed {
    news: mpsc::Receiver<News>,
    listings: Vec<Listing>,
    /// Ends when nobody listens any more.
    _task: AbortOnDropHandle<()>,
}

/// Why a connection is over.
#[derive(Debug, Error)]
enum Lost {
    #[error("no connection: {0}")]
    Connect(#[from] ConnectError),
    #[error("the connection was lost: {0}")]
    WebSocket(#[from] madang_ws::Error),
    #[error("the connection was closed")]
    Closed,
    #[error("{0}")]
    Wrong(#[from] Wrong),
    #[error("a message must be text")]
    Binary,
}

/// Why nothing follows.
enum Over {
    /// The feed has ended.
    Ended,
    /// Nobody listens.
    Unheard,
}

impl WebSocketFeed {
    /// Connects to a `ws://` address, sooner or later. Needs a runtime.
    pub fn open(url: impl Into<String>) -> Self {
        let (sender, news) = mpsc::channel(FEED_EVENTS);
        Self {
            news,
            listings: Vec::new(),
            _task: AbortOnDropHandle::new(tokio::spawn(follow(url.into(), sender))),
        }
    }
}

impl Feed for WebSocketFeed {
    fn listings(&self) -> &[Listing] {
        &self.listings
    }

    fn poll_event(&mut self, _: i64, cx: &mut Context<'_>) -> Poll<FeedEvent> {
        loop {
            match self.news.poll_recv(cx) {
                Poll::Ready(Some(News::Event(event))) => return Poll::Ready(event),
                Poll::Ready(Some(News::Listed(listing))) => {
                    let symbol = listing.symbol;
                    match self.listings.iter_mut().find(|one| one.symbol == symbol) {
                        Some(known) if *known == *listing => continue,
                        Some(known) => *known = *listing,
                        None => self.listings.push(*listing),
                    }
                    return Poll::Ready(FeedEvent::Listed(symbol));
                }
                Poll::Ready(Some(News::Unlisted(symbol))) => {
                    self.listings.retain(|one| one.symbol != symbol);
                    return Poll::Ready(FeedEvent::Unlisted(symbol));
                }
                // It has ended, and said so.
                Poll::Ready(None) | Poll::Pending => return Poll::Pending,
            }
        }
    }

    fn poll_timeout(&self) -> Option<i64> {
        None
    }
}

/// One connection after the other.
async fn follow(url: String, sender: mpsc::Sender<News>) {
    let config = ClientConfig {
        limits: Limits {
            frame: FEED_MESSAGE_BYTES,
            message: FEED_MESSAGE_BYTES,
            ..Limits::default()
        },
        keep_alive: KeepAlive {
            ping_interval: Some(PING_TIME),
            ..KeepAlive::default()
        },
        ..ClientConfig::default()
    };
    let mut session = Session::default();
    let mut backoff = Backoff::default();
    loop {
        match listen(&config, &url, &mut session, &mut backoff, &sender).await {
            Ok(Over::Ended) => {
                tracing::info!(url, "the market's feed has ended");
                return;
            }
            Ok(Over::Unheard) => return,
            Err(lost) => {
                let delay = backoff.delay(fastrand::f64());
                let again_ms = u64::try_from(delay.as_millis()).unwrap_or(u64::MAX);
                tracing::warn!(url, again_ms, "the market's feed: {lost}");
                sleep(delay).await;
            }
        }
    }
}

/// One connection, to its end.
async fn listen(
    config: &ClientConfig,
    url: &str,
    session: &mut Session,
    backoff: &mut Backoff,
    sender: &mpsc::Sender<News>,
) -> Result<Over, Lost> {
    let (mut ws, _) = config.connect(url).await?;
    session.connected();
    while let Some(message) = ws.recv().await {
        let Message::Text(text) = message? else {
            return refuse(ws, CloseCode::UNSUPPORTED, Lost::Binary).await;
        };
        let mut news = Vec::new();
        let answer = session.receive(&text, now_ms(), &mut news);
        for news in news {
            if let News::Event(_) = news {
                // A server that greets and goes at once isn't there yet: something must have been told.
                backoff.reset();
            }
            let ended = news == News::Event(FeedEvent::Ended);
            if sender.send(news).await.is_err() {
                return Ok(Over::Unheard);
            }
            if ended {
                // Whether that arrives changes nothing.
                let _ = ws.close(CloseCode::NORMAL, "").await;
                return Ok(Over::Ended);
            }
        }
        match answer {
            Ok(Some(say)) => ws.send(serde_json::to_string(&say).map_err(Wrong::Json)?).await?,
            Ok(None) => {}
            Err(wrong) => return refuse(ws, CloseCode::POLICY, wrong.into()).await,
        }
    }
    Err(Lost::Closed)
}

async fn refuse(mut ws: WebSocket, code: CloseCode, why: Lost) -> Result<Over, Lost> {
    // The reason is ours to tell; whether it arrives changes nothing.
    let _ = ws.close(code, "").await;
    Err(why)
}
