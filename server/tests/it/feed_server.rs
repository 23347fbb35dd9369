//! A small server of a recorded feed, which loses what it's told to lose.

use std::collections::VecDeque;
use std::future::pending;
use std::ops::RangeInclusive;
use std::sync::{Arc, Mutex};

use madang_server::market::{FeedEvent, Listing};
use madang_ws::server::{ServerConfig, accept};
use madang_ws::{CloseCode, Message, WebSocket};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// What a feed has told, as it goes over the wire. Each of the events has a number, from 1.
#[derive(Clone, Debug)]
pub struct Recorded {
    listings: Vec<Listing>,
    events: Vec<FeedEvent>,
}

/// What happens to one connection.
#[derive(Clone, Debug)]
pub enum Plan {
    /// All is told, to the end.
    Whole,
    /// These never arrive.
    Losing(RangeInclusive<u64>),
    /// Behind this one the line is cut.
    CutAfter(u64),
    /// This is said after `hello`, and then nothing.
    Saying(String),
    /// After `hello` it says nothing, and hears nothing, as a machine without power.
    Silent,
    /// Nobody answers.
    Refused,
}

/// The server. Connections take the plans one after the other, and the last one ever after.
pub struct FeedServer {
    pub url: String,
    /// What each connection has asked for: the number behind which to go on.
    pub asked: Arc<Mutex<Vec<Option<u64>>>>,
    /// With what code each that ended in order was closed.
    pub closed: Arc<Mutex<Vec<CloseCode>>>,
    /// The number of the event that was sent last.
    pub sent: watch::Receiver<u64>,
    task: JoinHandle<()>,
}

/// What the server notes of its connections.
#[derive(Clone)]
struct Notes {
    asked: Arc<Mutex<Vec<Option<u64>>>>,
    closed: Arc<Mutex<Vec<CloseCode>>>,
    sent: watch::Sender<u64>,
}

impl Recorded {
    /// Numbers the events of another feed anew, halts included.
    pub fn new(listings: Vec<Listing>, events: impl IntoIterator<Item = FeedEvent>) -> Self {
        let events = events.into_iter().filter(|event| *event != FeedEvent::Restarted);
        let events = events.zip(1..).map(|(mut event, number)| {
            if let FeedEvent::Tick(tick) = &mut event {
                tick.sequence = number;
            }
            event
        });
        Self {
            listings,
            events: events.collect(),
        }
    }

    /// The events, as whoever reads them to the end should get them.
    pub fn events(&self) -> &[FeedEvent] {
        &self.events
    }

    fn hello(&self) -> Value {
        let listings = serde_json::to_value(&self.listings).unwrap();
        json!({"type": "hello", "epoch": "recorded", "listings": listings})
    }

    fn message(number: u64, event: &FeedEvent) -> Value {
        match event {
            FeedEvent::Tick(tick) => {
                let tick = json!([number, tick.at_ms, tick.symbol, tick.price, tick.volume]);
                json!({"type": "ticks", "ticks": [tick]})
            }
            FeedEvent::Halted { symbol, until_ms } => {
                json!({"type": "halted", "sequence": number, "symbol": symbol, "until_at": until_ms})
            }
            FeedEvent::Resumed { symbol } => json!({"type": "resumed", "sequence": number, "symbol": symbol}),
            other => panic!("{other:?} can't be recorded"),
        }
    }
}

impl FeedServer {
    pub async fn start(recorded: Recorded, plans: impl IntoIterator<Item = Plan>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("ws://{}/feed", listener.local_addr().unwrap());
        let notes = Notes {
            asked: Arc::default(),
            closed: Arc::default(),
            sent: watch::Sender::default(),
        };
        let mut plans: VecDeque<_> = plans.into_iter().collect();
        let task = {
            let notes = notes.clone();
            tokio::spawn(async move {
                loop {
                    let (stream, _) = listener.accept().await.unwrap();
                    let plan = plans.front().cloned().unwrap();
                    if plans.len() > 1 {
                        plans.pop_front();
                    }
                    serve(stream, plan, &recorded, &notes).await;
                }
            })
        };
        Self {
            url,
            asked: notes.asked,
            closed: notes.closed,
            sent: notes.sent.subscribe(),
            task,
        }
    }
}

impl Drop for FeedServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(stream: TcpStream, plan: Plan, recorded: &Recorded, notes: &Notes) {
    if let Plan::Refused = plan {
        return;
    }
    let (mut ws, _) = accept(stream, &ServerConfig::default()).await.unwrap();
    ws.send(recorded.hello().to_string()).await.unwrap();
    if let Plan::Silent = plan {
        tokio::spawn(async move {
            pending::<()>().await;
            drop(ws);
        });
        return;
    }
    if let Plan::Saying(text) = plan {
        ws.send(text).await.unwrap();
        let code = end(ws).await;
        notes.closed.lock().unwrap().extend(code);
        return;
    }
    let Some(Ok(Message::Text(text))) = ws.recv().await else {
        return;
    };
    let subscribe: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(subscribe["type"], "subscribe");
    let after = subscribe["after"].as_u64();
    notes.asked.lock().unwrap().push(after);
    for (event, number) in recorded.events.iter().zip(1..) {
        match &plan {
            _ if after.is_some_and(|after| number <= after) => continue,
            Plan::Losing(lost) if lost.contains(&number) => continue,
            // Nothing is said about it: the stream is gone.
            Plan::CutAfter(last) if number > *last => return,
            _ => {}
        }
        if ws
            .send(Recorded::message(number, event).to_string())
            .await
            .is_err()
        {
            return;
        }
        notes.sent.send_replace(number);
    }
    ws.send(r#"{"type":"ended"}"#).await.unwrap();
    let code = end(ws).await;
    notes.closed.lock().unwrap().extend(code);
}

/// Waits until the other side goes.
async fn end(mut ws: WebSocket) -> Option<CloseCode> {
    while let Some(Ok(_)) = ws.recv().await {}
    ws.close_frame().map(|frame| frame.code)
}
