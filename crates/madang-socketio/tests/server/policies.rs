//! Slow readers: what happens to them is what the room says, and nobody else notices.

use crate::common::{Client, Served, notes, poll, serve_with, soon};
use bytes::Bytes;
use madang_engineio::CloseReason;
use madang_hub::Policy;
use madang_socketio::{DisconnectReason, EmitError, Socket};

/// Bytes that may wait for a client here.
const LIMIT: usize = 4096;

const EVENTS: usize = 200;

async fn served() -> Served {
    serve_with(|builder| builder.engine(|config| config.send_limit = LIMIT)).await
}

/// A client that polls, but only when it is told to.
struct Poller {
    served: Served,
    query: String,
    socket: Socket,
}

impl Poller {
    async fn enter(served: &Served) -> Self {
        let open = poll(served.addr, "EIO=4&transport=polling", None).await;
        let sid = open.split('"').nth(3).unwrap();
        let query = format!("EIO=4&transport=polling&sid={sid}");
        poll(served.addr, &query, Some("40")).await;
        let welcome = poll(served.addr, &query, None).await;
        let socket = served.socket(welcome.split('"').nth(3).unwrap()).unwrap();
        Self {
            served: served.clone(),
            query,
            socket,
        }
    }

    /// All that waits, packet by packet.
    async fn fetch(&self) -> Vec<String> {
        let answer = poll(self.served.addr, &self.query, None).await;
        answer.split('\u{1e}').map(str::to_owned).collect()
    }
}

/// A slow reader and a quick one, both in the room "quotes".
async fn slow_and_quick(served: &Served) -> (Poller, Client) {
    let slow = Poller::enter(served).await;
    let quick = served.client().await;
    served.sockets_join("quotes");
    (slow, quick)
}

fn event(number: usize) -> String {
    format!(r#"2["tick",{number}]"#)
}

/// Sends many ticks, more than may wait, each with the key that `key` makes of its number.
fn tick(served: &Served, room: Option<&str>, key: impl Fn(usize) -> Option<String>) {
    for number in 0..EVENTS {
        let mut operator = match room {
            Some(room) => served.to(room),
            None => served.except("nobody"),
        };
        if let Some(key) = key(number) {
            operator = operator.key(&key);
        }
        operator.emit("tick", number).unwrap();
    }
}

/// The quick one gets everything, in order, whatever becomes of the slow one.
async fn hears_all(quick: &mut Client) {
    for number in 0..EVENTS {
        assert_eq!(quick.hear().await, event(number));
    }
}

#[tokio::test]
async fn who_reads_too_slowly_is_disconnected_unless_the_room_says_otherwise() {
    for room in [Some("quotes"), None] {
        let served = served().await;
        let (slow, mut quick) = slow_and_quick(&served).await;
        let (gone, mut reasons) = notes();
        slow.socket.on_disconnect(move |reason: DisconnectReason| {
            let _ = gone.send(reason);
            async {}
        });
        tick(&served, room, |_| None);
        hears_all(&mut quick).await;
        assert_eq!(reasons.next().await, CloseReason::ForcedClose.into());
        let answer = poll(served.addr, &slow.query, None).await;
        assert!(answer.contains("Session ID unknown"), "{answer}");
    }
}

#[tokio::test]
async fn the_oldest_make_room_for_the_newest_where_the_room_says_so() {
    for room in [Some("quotes"), None] {
        let served = served().await;
        let (slow, mut quick) = slow_and_quick(&served).await;
        match room {
            Some(room) => served.set_room_policy(room, Policy::DropOldest).unwrap(),
            None => served.set_policy(Policy::DropOldest).unwrap(),
        }
        tick(&served, room, |_| None);
        hears_all(&mut quick).await;
        let waiting = slow.socket.buffered_bytes();
        assert!(waiting > 0 && waiting <= LIMIT, "{waiting} bytes");
        let fetched = slow.fetch().await;
        assert!((10..EVENTS).contains(&fetched.len()), "{} events", fetched.len());
        let newest: Vec<_> = (EVENTS - fetched.len()..EVENTS)
            .map(|number| format!("4{}", event(number)))
            .collect();
        assert_eq!(fetched, newest);
        assert!(slow.socket.connected());
    }
}

#[tokio::test]
async fn only_the_latest_of_each_key_waits_where_the_room_says_so() {
    const SYMBOLS: usize = 7;
    for room in [Some("quotes"), None] {
        let served = served().await;
        let (slow, mut quick) = slow_and_quick(&served).await;
        match room {
            Some(room) => served.set_room_policy(room, Policy::Latest).unwrap(),
            None => served.set_policy(Policy::Latest).unwrap(),
        }
        tick(&served, room, |number| {
            Some(format!("symbol {}", number % SYMBOLS))
        });
        hears_all(&mut quick).await;
        assert!(slow.socket.buffered_bytes() <= LIMIT);
        let mut fetched = slow.fetch().await;
        fetched.sort();
        let latest: Vec<_> = (EVENTS - SYMBOLS..EVENTS)
            .map(|number| format!("4{}", event(number)))
            .collect();
        assert_eq!(fetched, latest);
    }
}

#[tokio::test]
async fn without_a_key_the_latest_of_the_room_waits() {
    let served = served().await;
    let (slow, mut quick) = slow_and_quick(&served).await;
    served.set_room_policy("quotes", Policy::Latest).unwrap();
    tick(&served, Some("quotes"), |_| None);
    hears_all(&mut quick).await;
    assert_eq!(slow.fetch().await, [format!("4{}", event(EVENTS - 1))]);
}

#[tokio::test]
async fn an_event_and_its_attachments_are_dropped_together() {
    for policy in [Policy::DropOldest, Policy::Latest] {
        let served = served().await;
        let (slow, _quick) = slow_and_quick(&served).await;
        served.set_room_policy("quotes", policy).unwrap();
        for number in 0..100_u8 {
            let (one, two) = (Bytes::from(vec![number; 30]), Bytes::from(vec![number; 60]));
            let operator = served.to("quotes").key(&format!("{}", number % 3));
            operator.emit("picture", (number, one, two)).unwrap();
        }
        let fetched = slow.fetch().await;
        assert!(fetched.len() >= 9, "{} packets", fetched.len());
        assert_eq!(fetched.len() % 3, 0);
        for packets in fetched.chunks(3) {
            let number: u8 = packets[0]
                .strip_prefix(r#"452-["picture","#)
                .and_then(|rest| rest.split(',').next()?.parse().ok())
                .unwrap();
            for (packet, len) in packets[1..].iter().zip([30, 60]) {
                assert_eq!(*packet, format!("b{}", base64(&vec![number; len])), "of {number}");
            }
        }
    }
}

#[tokio::test]
async fn a_slow_websocket_gets_the_latest_of_each_key_whole() {
    const SYMBOLS: usize = 5;
    const ROUNDS: usize = 400;
    let served = serve_with(|builder| builder.engine(|config| config.send_limit = 1 << 20)).await;
    served.set_room_policy("quotes", Policy::Latest).unwrap();
    // It reads nothing for now.
    let (mut slow, socket) = served.pair().await;
    let mut quick = served.client().await;
    served.sockets_join("quotes");
    let much = "x".repeat(16 << 10);
    for round in 0..ROUNDS {
        for symbol in 0..SYMBOLS {
            let quote = (symbol, round, &much);
            served
                .to("quotes")
                .key(&format!("{symbol}"))
                .emit("quote", quote)
                .unwrap();
        }
        // In step with the quick one, which misses nothing.
        for symbol in 0..SYMBOLS {
            let heard = quick.hear().await;
            assert!(
                heard.starts_with(&format!(r#"2["quote",{symbol},{round},"#)),
                "{heard:.40}"
            );
        }
    }
    // The socket itself took some; of the rest one for each symbol waits, and what had begun to leave.
    let waiting = socket.buffered_bytes();
    assert!(waiting <= (SYMBOLS + 1) * (much.len() + 64), "{waiting} bytes");
    let mut last = vec![None; SYMBOLS];
    let mut heard = 0;
    while last != vec![Some(ROUNDS - 1); SYMBOLS] {
        let quote = slow.hear().await;
        let (symbol, round, text): (usize, usize, String) =
            serde_json::from_str(&quote.replacen(r#"2["quote","#, "[", 1)).unwrap();
        assert_eq!(text.len(), much.len());
        assert!(
            last[symbol] < Some(round),
            "{symbol}: {round} after {:?}",
            last[symbol]
        );
        last[symbol] = Some(round);
        heard += 1;
    }
    assert!(
        heard < SYMBOLS * ROUNDS,
        "nothing was left out: was it slow at all?"
    );
    assert!(soon(async { socket.connected() }).await);
}

#[tokio::test]
async fn volatile_is_dropped_when_it_would_wait_whatever_the_room_says() {
    for policy in [Policy::Disconnect, Policy::DropOldest, Policy::Latest] {
        let served = served().await;
        let (slow, mut quick) = slow_and_quick(&served).await;
        served.set_room_policy("quotes", policy).unwrap();
        served.to("quotes").volatile().emit("dropped", ()).unwrap();
        served.to("quotes").emit("kept", ()).unwrap();
        assert_eq!(quick.hear().await, r#"2["dropped"]"#, "it could take it");
        assert_eq!(quick.hear().await, r#"2["kept"]"#);
        assert_eq!(slow.fetch().await, [r#"42["kept"]"#]);
    }
}

#[tokio::test]
async fn a_key_that_can_be_none_is_an_error() {
    let served = served().await;
    for key in ["", "line\nfeed"] {
        let error = served.to("quotes").key(key).emit("tick", 1).unwrap_err();
        assert!(matches!(error, EmitError::Key(_)), "{error}");
        assert_eq!(error.code(), "sio_emit_key");
    }
    assert!(served.set_room_policy("", Policy::Latest).is_err());
}

fn base64(bytes: &[u8]) -> String {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}
