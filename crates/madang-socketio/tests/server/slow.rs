//! Who reads slowly or never, beside somebody who reads: what they get, by the policy of the room or the namespace, over each transport.

use crate::common::{Client, Served, notes, poll, serve_on, serve_with, small_socket};
use madang_engineio::Message;
use madang_hub::{Key, Policy};
use madang_socketio::{
    BroadcastOperator, Bytes, Cluster, ConnectionStateRecovery, DisconnectReason, Socket, SocketIo,
};
use madang_ws::CloseCode;
use std::collections::VecDeque;

mod notices;

/// What may wait for a client.
const LIMIT: usize = 32 << 10;

/// Of an event, without what goes round them.
const LEN: usize = 600;

/// With what goes round them, attachments in base64.
const MAX_LEN: usize = LEN * 2;

/// More than the limit and all buffers of a connection hold.
const COUNT: usize = 400;

const SYMBOLS: [&str; 5] = ["AAPL", "MSFT", "NVDA", "000660", "005930"];

#[derive(Clone, Copy, Debug, PartialEq)]
enum Via {
    WebSocket,
    Polling,
}

/// Whose policy it is.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Of {
    Namespace,
    Room,
}

const CASES: [(Via, Of); 4] = [
    (Via::WebSocket, Of::Namespace),
    (Via::WebSocket, Of::Room),
    (Via::Polling, Of::Namespace),
    (Via::Polling, Of::Room),
];

/// A client and the packets that it has received and not looked at.
enum Reader {
    WebSocket(Box<Client>),
    Polling {
        io: Served,
        query: String,
        unread: VecDeque<String>,
    },
}

impl Reader {
    async fn open(io: &Served, via: Via) -> (Self, Socket) {
        let mut sockets = crate::common::sockets(io);
        let mut reader = match via {
            Via::WebSocket => Self::WebSocket(Box::new(Client::open_slow(io.addr).await)),
            Via::Polling => {
                let open = poll(io.addr, "EIO=4&transport=polling", None).await;
                let sid = open.split('"').nth(3).unwrap();
                Self::Polling {
                    io: io.clone(),
                    query: format!("EIO=4&transport=polling&sid={sid}"),
                    unread: VecDeque::new(),
                }
            }
        };
        reader.enter("/").await;
        (reader, sockets.next().await)
    }

    async fn enter(&mut self, namespace: &str) {
        let packet = match namespace {
            "/" => "0".to_owned(),
            other => format!("0{other},"),
        };
        match self {
            Self::WebSocket(client) => client.say(&packet).await,
            Self::Polling { io, query, .. } => {
                poll(io.addr, query, Some(&format!("4{packet}"))).await;
            }
        }
        let answer = self.next().await.unwrap();
        assert!(answer.as_text().unwrap().starts_with(&packet), "{answer:?}");
    }

    /// The next message; `None` at the end of the connection.
    async fn next(&mut self) -> Option<Message> {
        let (io, query, unread) = match self {
            Self::WebSocket(client) => return client.next().await,
            Self::Polling { io, query, unread } => (io, query, unread),
        };
        loop {
            match unread.pop_front() {
                None => {
                    let answer = poll(io.addr, query, None).await;
                    unread.extend(answer.split('\u{1e}').map(str::to_owned));
                }
                Some(packet) => match packet.split_at(1) {
                    ("4", text) => return Some(Message::from(text)),
                    ("b", base64) => return Some(Message::from(from_base64(base64))),
                    ("1" | "{", _) => return None,
                    _ => panic!("not a message: {packet}"),
                },
            }
        }
    }

    /// The next event, whole.
    async fn event(&mut self) -> Option<Event> {
        let head = self.next().await?;
        let head = head.as_text().expect("an attachment without its event");
        let (kind, json) = head.split_at(head.find('[').unwrap());
        let attachments: usize = match kind.strip_prefix('5') {
            Some(rest) => rest.split('-').next().unwrap().parse().unwrap(),
            None => 0,
        };
        let mut event: Event = serde_json::from_str(json).unwrap();
        let namespace = kind.split_once('/').map_or("", |(_, name)| name);
        event.0 = format!("{namespace}{}", event.0);
        for index in 0..attachments {
            let bytes = self.next().await.expect("half an event");
            let expected = attachment(event.2, index);
            assert_eq!(bytes.as_bytes()[..], expected[..], "of another event");
        }
        Some(event)
    }

    /// All events until the end, or until one with this name.
    async fn events_until(&mut self, name: &str) -> Vec<Event> {
        let mut events = Vec::new();
        while let Some(event) = self.event().await {
            if event.0 == name {
                break;
            }
            events.push(event);
        }
        events
    }
}

/// Name, key, number, and what fills it up.
#[derive(Clone, Debug, PartialEq, serde::Deserialize)]
struct Event(String, String, usize, serde_json::Value);

fn from_base64(text: &str) -> Vec<u8> {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.decode(text).unwrap()
}

fn attachment(number: usize, index: usize) -> Bytes {
    let half = format!("{number} {index} ");
    half.repeat(LEN / 2 / half.len()).into()
}

fn symbol(number: usize) -> &'static str {
    SYMBOLS[number % SYMBOLS.len()]
}

/// Every other event is three frames.
fn emit(to: &BroadcastOperator, name: &str, number: usize) {
    let sent = match number % 2 {
        0 => to.emit(name, (symbol(number), number, "x".repeat(LEN))),
        _ => {
            let attachments = [attachment(number, 0), attachment(number, 1)];
            to.emit(name, (symbol(number), number, attachments.as_slice()))
        }
    };
    sent.unwrap();
}

/// Somebody who reads, and somebody who doesn't.
struct Two {
    io: Served,
    to: BroadcastOperator,
    quick: Reader,
    slow: Reader,
    slow_socket: Socket,
}

impl Two {
    async fn new((via, of): (Via, Of), policy: Policy) -> Self {
        let io = serve_on(small_socket(), |builder| {
            builder.engine(|engine| engine.send_limit = LIMIT)
        })
        .await;
        match of {
            Of::Namespace => io.set_policy(policy).unwrap(),
            Of::Room => io.set_room_policy("quotes", policy).unwrap(),
        }
        let (quick, quick_socket) = Reader::open(&io, via).await;
        let (slow, slow_socket) = Reader::open(&io, via).await;
        let to = match of {
            Of::Namespace => io.local(),
            Of::Room => {
                quick_socket.join("quotes").unwrap();
                slow_socket.join("quotes").unwrap();
                io.to("quotes")
            }
        };
        Self {
            io,
            to,
            quick,
            slow,
            slow_socket,
        }
    }

    /// More than anything holds, of which the quick one misses nothing.
    async fn flood(&mut self, keyed: bool) {
        for number in 0..COUNT {
            let to = self.to.clone();
            let to = if keyed { to.key(symbol(number)) } else { to };
            emit(&to, "quote", number);
            let heard = self.quick.event().await.unwrap();
            assert_eq!((heard.1.as_str(), heard.2), (symbol(number), number));
            let waits = self.slow_socket.buffered_bytes();
            assert!(waits <= LIMIT, "{waits} bytes wait");
        }
    }

    /// What the slow one gets when it reads again. It may stay.
    async fn rest(&mut self) -> Vec<usize> {
        assert!(self.slow_socket.connected());
        self.slow_socket.emit("end", ("", 0, ())).unwrap();
        let events = self.slow.events_until("end").await;
        assert_eq!(self.slow_socket.buffered_bytes(), 0);
        assert!(events.iter().all(|event| event.1 == symbol(event.2)));
        events.into_iter().map(|event| event.2).collect()
    }
}

#[tokio::test]
async fn who_may_miss_nothing_is_disconnected() {
    for case in CASES {
        let mut two = Two::new(case, Policy::Disconnect).await;
        let (told, mut ends) = notes();
        two.slow_socket.on_disconnect(move |reason: DisconnectReason| {
            let _ = told.send(reason);
            async {}
        });
        two.flood(true).await;
        let events = two.slow.events_until("never").await;
        assert_eq!(ends.next().await, DisconnectReason::ForcedClose, "{case:?}");
        if let Reader::WebSocket(client) = &two.slow {
            assert_eq!(client.close_code(), Some(CloseCode::POLICY));
        }
        let numbers: Vec<_> = events.into_iter().map(|event| event.2).collect();
        assert!(numbers.len() < COUNT, "{case:?}");
        assert!(
            numbers.iter().copied().eq(0..numbers.len()),
            "{case:?}: {numbers:?}"
        );
        assert_eq!(two.slow_socket.buffered_bytes(), 0);
        assert_eq!(two.io.socket_count(), 1);
    }
}

#[tokio::test]
async fn where_the_oldest_may_be_dropped_the_newest_arrive_in_order() {
    for case in CASES {
        let mut two = Two::new(case, Policy::DropOldest).await;
        two.flood(true).await;
        let numbers = two.rest().await;
        assert!(numbers.is_sorted_by(|a, b| a < b), "{case:?}: {numbers:?}");
        assert!(numbers.len() < COUNT, "{case:?}: nothing was dropped");
        let newest = numbers.len() - LIMIT / 2 / LEN;
        let expected = COUNT - LIMIT / 2 / LEN..COUNT;
        assert!(
            numbers[newest..].iter().copied().eq(expected),
            "{case:?}: {numbers:?}"
        );
    }
}

/// Of each of some events, so far.
fn is_in_order_of_each_key(numbers: &[usize]) -> bool {
    let is_newest = |(n, number): (usize, &usize)| {
        let before = numbers[..n]
            .iter()
            .rev()
            .find(|old| symbol(**old) == symbol(*number));
        before.is_none_or(|old| old < number)
    };
    numbers.iter().enumerate().all(is_newest)
}

#[tokio::test]
async fn where_only_the_latest_counts_it_arrives_of_each_key() {
    for case in CASES {
        let mut two = Two::new(case, Policy::Latest).await;
        two.flood(true).await;
        // One of each key, and the one that has begun to leave.
        let waits = two.slow_socket.buffered_bytes();
        assert!(waits <= (SYMBOLS.len() + 1) * MAX_LEN, "{case:?}: {waits}");
        let numbers = two.rest().await;
        assert!(is_in_order_of_each_key(&numbers), "{case:?}: {numbers:?}");
        for newest in COUNT - SYMBOLS.len()..COUNT {
            assert!(numbers.contains(&newest), "{case:?}: {numbers:?}");
        }
        assert!(
            case.0 == Via::WebSocket || numbers.len() == SYMBOLS.len(),
            "{case:?}"
        );
    }
}

#[tokio::test]
async fn where_only_the_latest_counts_events_without_a_key_replace_each_other() {
    for case in CASES {
        let mut two = Two::new(case, Policy::Latest).await;
        two.flood(false).await;
        let waits = two.slow_socket.buffered_bytes();
        assert!(waits <= 2 * MAX_LEN, "{case:?}: {waits}");
        let numbers = two.rest().await;
        assert!(numbers.is_sorted_by(|a, b| a < b), "{case:?}: {numbers:?}");
        assert_eq!(numbers.last(), Some(&(COUNT - 1)), "{case:?}: {numbers:?}");
        assert!(case.0 == Via::WebSocket || numbers.len() == 1, "{case:?}");
    }
}

#[tokio::test]
async fn the_policy_of_a_room_is_not_that_of_its_namespace() {
    for (of, policies) in [
        (Of::Namespace, [Policy::Disconnect, Policy::DropOldest]),
        (Of::Room, [Policy::DropOldest, Policy::Disconnect]),
    ] {
        let mut two = Two::new((Via::Polling, of), Policy::Disconnect).await;
        two.io.set_policy(policies[0]).unwrap();
        two.io.set_room_policy("quotes", policies[1]).unwrap();
        for number in 0..COUNT {
            emit(&two.to, "quote", number);
            two.quick.event().await;
        }
        assert!(two.slow_socket.disconnected(), "{of:?}");
    }
}

#[tokio::test]
async fn volatile_is_dropped_only_where_it_would_wait_whatever_the_policy() {
    for case in CASES {
        for policy in [Policy::Disconnect, Policy::DropOldest, Policy::Latest] {
            let mut two = Two::new(case, policy).await;
            let mut number = 0;
            // More than the connection's buffers may still take, and nothing that may be replaced.
            while two.slow_socket.buffered_bytes() < LIMIT * 3 / 4 {
                emit(&two.to.clone().key(&number.to_string()), "quote", number);
                two.quick.event().await;
                number += 1;
            }
            let waits = two.slow_socket.buffered_bytes();
            for n in 0..10 {
                emit(&two.to.clone().volatile().key("AAPL"), "dropped", n);
                if case.0 == Via::Polling {
                    // Nobody's request waits: it is dropped for both.
                    continue;
                }
                let heard = two.quick.event().await.unwrap();
                assert_eq!((heard.0.as_str(), heard.2), ("dropped", n), "{case:?} {policy:?}");
            }
            let now_waits = two.slow_socket.buffered_bytes();
            assert!(
                (1..=waits).contains(&now_waits),
                "{case:?} {policy:?}: {now_waits}"
            );
            let numbers = two.rest().await;
            assert_eq!(numbers, (0..number).collect::<Vec<_>>(), "{case:?} {policy:?}");
            for n in 0..10 {
                let to = two.to.clone().volatile();
                let (heard, ()) = tokio::join!(two.slow.event(), async {
                    // A request waits, or what waited has been read.
                    while !two.slow_socket.conn().is_writable() {
                        tokio::task::yield_now().await;
                    }
                    emit(&to, "taken", n);
                });
                let heard = heard.unwrap();
                assert_eq!((heard.0.as_str(), heard.2), ("taken", n), "{case:?} {policy:?}");
            }
        }
    }
}

async fn serve_limited() -> Served {
    serve_with(|builder| builder.engine(|engine| engine.send_limit = LIMIT)).await
}

fn quote(to: BroadcastOperator, key: &str, number: usize) {
    to.key(key).emit("quote", (key, number, ())).unwrap();
}

/// What waits for somebody who polls, as `name key number`.
async fn waiting(reader: &mut Reader, socket: &Socket) -> Vec<String> {
    socket.emit("end", ("", 0, ())).unwrap();
    let events = reader.events_until("end").await;
    events
        .into_iter()
        .map(|event| format!("{} {} {}", event.0, event.1, event.2))
        .collect()
}

#[tokio::test]
async fn a_key_holds_within_its_room() {
    let io = serve_limited().await;
    let other = io.of("/other");
    for namespace in [&**io, &other] {
        namespace.set_policy(Policy::Latest).unwrap();
        for room in ["quotes", "trades"] {
            namespace.set_room_policy(room, Policy::Latest).unwrap();
        }
    }
    let (mut slow, socket) = Reader::open(&io, Via::Polling).await;
    slow.enter("/other").await;
    io.sockets_join(["quotes", "trades"]);
    other.sockets_join(["quotes", "trades"]);
    for number in 0..3 {
        for to in [
            io.local(),
            io.to("quotes"),
            io.to("trades"),
            other.local(),
            other.to("quotes"),
            other.to("trades"),
        ] {
            quote(to.clone(), "AAPL", number);
            // What the room is called, and what events without a key go by.
            quote(to.clone(), "quotes", number);
            to.emit("quote", ("", number, ())).unwrap();
        }
        // The client's own aren't replaced by anything.
        socket.key("AAPL").emit("own", ("AAPL", number, ())).unwrap();
    }
    let mut heard = waiting(&mut slow, &socket).await;
    // Between namespaces there is no order: what was first is in both.
    let missing = 9 + 12 - heard.len();
    for _ in 0..missing {
        let event = slow.event().await.unwrap();
        heard.push(format!("{} {} {}", event.0, event.1, event.2));
    }
    heard.sort_unstable();
    let mut expected: Vec<String> = (0..3).map(|n| format!("own AAPL {n}")).collect();
    for name in ["quote", "other,quote"] {
        for key in ["AAPL", "quotes", ""] {
            expected.extend([(); 3].map(|()| format!("{name} {key} 2")));
        }
    }
    expected.sort_unstable();
    assert_eq!(heard, expected);
}

#[tokio::test]
async fn every_way_to_emit_has_a_key() {
    let io = serve_limited().await;
    io.set_policy(Policy::Latest).unwrap();
    let (mut slow, socket) = Reader::open(&io, Via::Polling).await;
    let (_other, other_socket) = Reader::open(&io, Via::Polling).await;
    let apple = io.key("AAPL");
    let again = apple.clone().key("MSFT");
    apple.emit("quote", ("AAPL", 1, ())).unwrap();
    again.emit("quote", ("MSFT", 2, ())).unwrap();
    apple.publish(&io.event("quote", ("AAPL", 3, ())).unwrap());
    assert_eq!(
        waiting(&mut slow, &socket).await,
        ["quote AAPL 3", "quote MSFT 2"]
    );
    apple.send(("AAPL", 4, ())).unwrap();
    other_socket
        .key("MSFT")
        .broadcast()
        .send(("MSFT", 0, ()))
        .unwrap();
    other_socket
        .key("MSFT")
        .broadcast()
        .send(("MSFT", 5, ()))
        .unwrap();
    let asked = apple.clone().emit_with_ack::<()>("quote", ("AAPL", 6, ()));
    let expected = ["quote AAPL 6", "message MSFT 5"];
    assert_eq!(waiting(&mut slow, &socket).await, expected);
    drop(asked);
}

#[tokio::test]
async fn what_cannot_be_a_key_is_an_error() {
    let io = serve_limited().await;
    let (mut slow, socket) = Reader::open(&io, Via::Polling).await;
    let long = "x".repeat(Key::MAX_LEN + 1);
    for key in ["", "a\nb", &long] {
        let refused = [
            io.key(key).emit("quote", ()),
            io.to("quotes").key(key).send(()),
            socket.key(key).emit("quote", ()),
            socket.key(key).broadcast().emit("quote", ()),
        ];
        for refused in refused {
            assert_eq!(refused.unwrap_err().code(), "sio_emit_key");
        }
        let asked = io.key(key).emit_with_ack::<()>("quote", ()).await;
        assert_eq!(asked.unwrap_err().error.code(), "sio_emit_key");
        let asked = socket.key(key).emit_with_ack::<()>("quote", ()).await;
        assert_eq!(asked.unwrap_err().code(), "sio_emit_key");
        io.key(key).publish(&io.event("quote", ("", 0, ())).unwrap());
    }
    assert!(waiting(&mut slow, &socket).await.is_empty());
}

#[tokio::test]
async fn a_key_goes_to_other_servers() {
    let cluster = Cluster::new();
    let here = SocketIo::builder().adapter(cluster.clone()).build();
    let there = serve_with(|builder| builder.adapter(cluster)).await;
    there.set_policy(Policy::Latest).unwrap();
    let (mut slow, socket) = Reader::open(&there, Via::Polling).await;
    for number in 0..3 {
        quote(here.compress(true), "AAPL", number);
        quote(here.compress(true), "MSFT", number);
    }
    assert_eq!(
        waiting(&mut slow, &socket).await,
        ["quote AAPL 2", "quote MSFT 2"]
    );
}

#[tokio::test]
async fn who_may_come_back_gets_the_latest_in_order() {
    let io =
        serve_with(|builder| builder.connection_state_recovery(ConnectionStateRecovery::default())).await;
    io.set_policy(Policy::Latest).unwrap();
    let (mut slow, socket) = Reader::open(&io, Via::Polling).await;
    socket.join("chat").unwrap();
    quote(io.local(), "AAPL", 1);
    io.to("chat").emit("said", ("hello", 2, ())).unwrap();
    quote(io.local(), "MSFT", 3);
    quote(io.local(), "AAPL", 4);
    // A client that has read of 4 and goes is sent what came after it: it must have read 2 and 3.
    let heard: Vec<String> = {
        let message = |text: Message| text.as_text().unwrap().to_owned();
        vec![
            message(slow.next().await.unwrap()),
            message(slow.next().await.unwrap()),
            message(slow.next().await.unwrap()),
        ]
    };
    for (text, start) in heard.iter().zip([
        r#"2["said","hello",2,"#,
        r#"2["quote","MSFT",3,"#,
        r#"2["quote","AAPL",4,"#,
    ]) {
        assert!(text.starts_with(start), "{heard:?}");
    }
}
