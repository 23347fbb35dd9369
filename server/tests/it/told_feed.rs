//! A feed that says what a test has it say, when the test has it say it.

use madang_server::back::{FeedSource, MarketSettings};
use madang_ws::server::{ServerConfig, accept};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_util::task::AbortOnDropHandle;

use crate::market_viewer::START;

/// The feed. Its reader may come and go.
pub struct ToldFeed {
    url: String,
    say: mpsc::UnboundedSender<Option<Value>>,
    _task: AbortOnDropHandle<()>,
}

impl ToldFeed {
    /// It greets with these listings.
    pub async fn start(listings: &Value) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("ws://{}/feed", listener.local_addr().unwrap());
        let (say, mut said) = mpsc::unbounded_channel();
        let task = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                tell(stream, &mut said).await;
            }
        });
        let feed = Self {
            url,
            say,
            _task: AbortOnDropHandle::new(task),
        };
        feed.greet(listings);
        feed
    }

    /// A market that it tells.
    pub fn market(&self) -> MarketSettings {
        MarketSettings {
            source: FeedSource::WebSocket(self.url.clone()),
            ..MarketSettings::NONE
        }
    }

    pub fn say(&self, message: Value) {
        self.say.send(Some(message)).unwrap();
    }

    fn greet(&self, listings: &Value) {
        self.say(json!({"type": "hello", "epoch": "told", "listings": listings}));
    }

    /// The connection ends, and whoever comes back is greeted with these listings.
    pub fn greet_anew(&self, listings: &Value) {
        self.say.send(None).unwrap();
        self.greet(listings);
    }

    /// A symbol is listed, or listed anew.
    pub fn list(&self, listing: &Value) {
        self.say(json!({"type": "listed", "listing": listing}));
    }

    /// Trades: number, seconds, symbol, price.
    pub fn ticks(&self, ticks: &[(u64, i64, &str, i64)]) {
        let tick = |(number, seconds, symbol, price): &(u64, i64, &str, i64)| {
            json!([number, START + seconds * 1000, symbol, price, 1])
        };
        let ticks: Vec<_> = ticks.iter().map(tick).collect();
        self.say(json!({"type": "ticks", "ticks": ticks}));
    }
}

/// One connection, until it is to end or its reader has gone.
async fn tell(stream: TcpStream, said: &mut mpsc::UnboundedReceiver<Option<Value>>) {
    let (mut ws, _) = accept(stream, &ServerConfig::default()).await.unwrap();
    loop {
        tokio::select! {
            message = said.recv() => match message {
                Some(Some(message)) => ws.send(message.to_string()).await.unwrap(),
                Some(None) | None => return,
            },
            heard = ws.recv() => if !matches!(heard, Some(Ok(_))) {
                return;
            },
        }
    }
}
