//! Members of a room who read slowly or never, over real sockets: what they get, and that the others don't notice.

use crate::common::{Peer, config, frame_to, queued, sockets, with_tcp_peer};
use madang_hub::{Hub, Key, Membership, Policy, Publication, RoomName, Stats};
use madang_ws::proto::{Event, OpCode, Role};
use madang_ws::{CloseCode, DeflateConfig, Error, Message, Sender, WebSocket};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

const LIMIT: usize = 64 << 10;

/// A room whose flusher runs.
struct Room {
    hub: Hub,
    name: RoomName,
}

/// A member's connection at the server, which a task receives from.
struct Member {
    sender: Sender,
    _membership: Membership,
    receiving: JoinHandle<Option<Result<Message, Error>>>,
}

impl Room {
    fn new(policy: Policy) -> Self {
        let (hub, flusher) = Hub::new();
        tokio::spawn(flusher);
        let name = RoomName::try_from("yard").unwrap();
        hub.set_policy(&name, policy).unwrap();
        Self { hub, name }
    }

    fn enter(&self, mut ws: WebSocket) -> Member {
        let membership = ws.enter(&self.hub);
        membership.join(&self.name).unwrap();
        Member {
            sender: ws.sender(),
            _membership: membership,
            receiving: tokio::spawn(async move { ws.recv().await }),
        }
    }

    /// A member with small buffers and a limit of 64 KiB, and its client's bare socket.
    async fn member(&self) -> (Member, Peer<TcpStream>) {
        let (ws, peer) = with_tcp_peer(&config(Role::Server, queued(LIMIT))).await;
        (self.enter(ws), peer)
    }

    /// A member whose client reads on its own, and what it has read when the room is done.
    async fn reader(&self, last: Message) -> (Member, JoinHandle<Vec<Message>>) {
        let (member, mut peer) = self.member().await;
        let reading = tokio::spawn(async move {
            let mut seen = Vec::new();
            while seen.last() != Some(&last) {
                seen.push(peer.message().await);
            }
            seen
        });
        (member, reading)
    }

    /// Dropped, replaced, volatile, disconnected.
    fn counted(&self) -> [u64; 4] {
        let Stats {
            dropped,
            replaced,
            volatile,
            disconnected,
            ..
        } = self.hub.stats();
        [dropped, replaced, volatile, disconnected]
    }

    async fn publish(&self, publication: impl Into<Publication>) {
        self.hub.to(&self.name).publish(publication.into());
        // One turn each, in which those who read get to read.
        tokio::task::yield_now().await;
    }
}

/// Message number `n`, of `len` bytes.
fn numbered(n: usize, len: usize) -> Message {
    let digits = n.to_string();
    format!("{}{digits}", "0".repeat(len - digits.len())).into()
}

fn number(message: &Message) -> usize {
    message.as_text().unwrap().parse().unwrap()
}

/// What a member saw who was disconnected: the first messages in order, whole, and 1008.
fn first_ones_and_1008(events: &[Event]) -> usize {
    let Some((Event::Close(Some(frame)), messages)) = events.split_last() else {
        panic!("doesn't end with a close frame: {:?}", events.last());
    };
    assert_eq!(frame.code, CloseCode::POLICY);
    assert!(frame.reason.starts_with("too slow"), "{}", frame.reason);
    for (n, event) in messages.iter().enumerate() {
        match event {
            Event::Message(message) => assert_eq!(number(message), n),
            other => panic!("{other:?}"),
        }
    }
    messages.len()
}

fn is_too_slow(ended: Option<Result<Message, Error>>) {
    match ended {
        Some(Err(error @ Error::TooSlow { limit: LIMIT })) => {
            assert_eq!(error.close_code(), Some(CloseCode::POLICY));
        }
        other => panic!("not too slow: {other:?}"),
    }
}

#[tokio::test]
async fn a_member_that_never_reads_is_closed_with_1008_and_the_others_do_not_notice() {
    let room = Room::new(Policy::Disconnect);
    let count = 600;
    let (stalled, mut stalled_peer) = room.member().await;
    let (_healthy, reading) = room.reader(numbered(count - 1, 1000)).await;
    for n in 0..count {
        room.publish(numbered(n, 1000)).await;
        let queued = stalled.sender.queued_bytes();
        assert!(
            queued <= LIMIT + 128,
            "{queued} bytes wait for one who doesn't read"
        );
        // The healthy one's pace: small sockets need turns of their own to be drained.
        while _healthy.sender.queued_bytes() > LIMIT / 2 {
            tokio::task::yield_now().await;
        }
    }
    let seen = reading.await.unwrap();
    assert_eq!(seen, (0..count).map(|n| numbered(n, 1000)).collect::<Vec<_>>());
    assert!(matches!(
        stalled.sender.send("x").await,
        Err(Error::TooSlow { .. })
    ));
    let events = stalled_peer.rest().await;
    let got = first_ones_and_1008(&events);
    assert!((1..count).contains(&got), "{got} messages");
    assert_eq!(room.counted(), [0, 0, 0, 1]);
    drop(stalled_peer);
    is_too_slow(stalled.receiving.await.unwrap());
}

#[tokio::test]
async fn a_member_that_never_reads_again_is_dropped_after_close_time() {
    let mut limits = queued(LIMIT);
    limits.close_time = Duration::from_millis(50);
    let room = Room::new(Policy::Disconnect);
    let (ws, _peer) = with_tcp_peer(&config(Role::Server, limits)).await;
    let member = room.enter(ws);
    for n in 0..200 {
        room.publish(numbered(n, 1000)).await;
    }
    is_too_slow(member.receiving.await.unwrap());
    assert_eq!(member.sender.queued_bytes(), 0, "nothing is kept for it");
}

#[tokio::test]
async fn a_large_message_that_is_half_written_arrives_whole_before_1008() {
    let room = Room::new(Policy::Disconnect);
    let (member, mut peer) = room.member().await;
    // Head and body are two buffers; of the body, the socket takes a part.
    member.sender.send(numbered(0, 300_000)).await.unwrap();
    assert!((1..300_000).contains(&member.sender.queued_bytes()));
    for n in 1..200 {
        room.publish(numbered(n, 1000)).await;
    }
    assert_eq!(first_ones_and_1008(&peer.rest().await), 1);
    drop(peer);
    is_too_slow(member.receiving.await.unwrap());
}

#[tokio::test]
async fn a_large_publication_that_is_half_written_arrives_whole_before_1008() {
    let room = Room::new(Policy::Disconnect);
    let (member, mut peer) = room.member().await;
    // What doesn't fit into the socket is more than the limit already.
    room.publish(numbered(0, 1 << 20)).await;
    while member.sender.queued_bytes() == 0 {
        tokio::task::yield_now().await;
    }
    assert!(!member.receiving.is_finished());
    room.publish(numbered(1, 1000)).await;
    assert_eq!(first_ones_and_1008(&peer.rest().await), 1);
    drop(peer);
    is_too_slow(member.receiving.await.unwrap());
}

#[tokio::test]
async fn a_publication_of_more_than_the_limit_reaches_who_reads() {
    let room = Room::new(Policy::Disconnect);
    let message = numbered(7, 3 * LIMIT);
    let (_over_tcp, over_tcp) = room.reader(message.clone()).await;
    let (near, far) = tokio::io::duplex(1000);
    let _boxed = room.enter(WebSocket::new(near, &[], &config(Role::Server, queued(LIMIT))));
    let mut boxed_peer = Peer::new(far, Role::Server);
    for _ in 0..3 {
        room.publish(message.clone()).await;
        assert_eq!(boxed_peer.message().await, message);
    }
    assert_eq!(over_tcp.await.unwrap(), [message]);
}

#[tokio::test]
async fn a_turn_of_more_than_the_limit_reaches_a_boxed_stream_that_takes_it() {
    let room = Room::new(Policy::Disconnect);
    let (near, far) = tokio::io::duplex(100 * LIMIT);
    let member = room.enter(WebSocket::new(near, &[], &config(Role::Server, queued(LIMIT))));
    let mut peer = Peer::new(far, Role::Server);
    for n in 0..300 {
        room.hub.to(&room.name).publish(numbered(n, 1000).into());
    }
    for n in 0..300 {
        assert_eq!(number(&peer.message().await), n);
    }
    assert!(!member.receiving.is_finished());
}

#[tokio::test]
async fn where_the_oldest_may_be_dropped_a_slow_member_misses_the_middle() {
    let room = Room::new(Policy::DropOldest);
    let (member, mut peer) = room.member().await;
    let count = 1000;
    for n in 0..count {
        room.publish(numbered(n, 1000)).await;
        assert!(member.sender.queued_bytes() <= LIMIT);
    }
    let mut seen = Vec::new();
    while seen.last() != Some(&(count - 1)) {
        seen.push(number(&peer.message().await));
    }
    assert!(seen.is_sorted_by(|a, b| a < b), "in order, each once");
    assert_eq!(seen[0], 0);
    assert!(seen.len() < count, "something was dropped");
    let last: Vec<usize> = seen.iter().rev().take(30).rev().copied().collect();
    assert_eq!(
        last,
        (count - 30..count).collect::<Vec<_>>(),
        "the newest are there"
    );
    assert!(!member.receiving.is_finished(), "and it may stay");
}

#[tokio::test]
async fn who_misses_something_is_told_how_much() {
    let room = Room::new(Policy::DropOldest);
    room.hub
        .set_notice(|skipped| Message::from(format!("skipped {skipped}")).into());
    let (member, mut peer) = room.member().await;
    let count = 1000;
    let mut missed_in_all = 0;
    for round in 1..=2 {
        for n in 0..count {
            room.publish(numbered((round - 1) * count + n, 1000)).await;
            assert!(member.sender.queued_bytes() <= LIMIT);
        }
        let (mut seen, mut missed, mut told) = (Vec::new(), 0, 0);
        while seen.last() != Some(&(round * count - 1)) {
            let message = peer.message().await;
            match message.as_text().unwrap().strip_prefix("skipped ") {
                Some(skipped) => {
                    missed += skipped.parse::<usize>().unwrap();
                    told += 1;
                }
                None => seen.push(number(&message)),
            }
        }
        assert!(seen.is_sorted_by(|a, b| a < b), "in order, each once");
        assert_eq!(seen.len() + missed, count, "told before the newest");
        // One, unless the system took another few bytes meanwhile, and the notice with them.
        assert!((1..4).contains(&told), "{told} notices");
        missed_in_all += missed;
    }
    assert_eq!(room.counted(), [missed_in_all as u64, 0, 0, 0]);
}

#[tokio::test]
async fn where_only_the_latest_counts_a_slow_member_gets_the_latest_of_each_key() {
    let room = Room::new(Policy::Latest);
    let (member, mut peer) = room.member().await;
    let keys: Vec<Key> = (0..5)
        .map(|n| Key::try_from(&*format!("key {n}")).unwrap())
        .collect();
    let quote = |key: usize, n: usize| Message::from(format!("{key} {n:01000}"));
    let rounds = 500;
    for n in 0..rounds {
        for (index, key) in keys.iter().enumerate() {
            let publication = Publication::from(quote(index, n)).with_key(key.clone());
            room.publish(publication).await;
        }
        assert!(member.sender.queued_bytes() <= LIMIT);
    }
    let mut newest = [None; 5];
    while newest != [Some(rounds - 1); 5] {
        let message = peer.message().await;
        let (key, n) = message.as_text().unwrap().split_once(' ').unwrap();
        let (key, n) = (key.parse::<usize>().unwrap(), n.parse::<usize>().unwrap());
        assert!(newest[key].is_none_or(|before| before < n), "never back in time");
        newest[key] = Some(n);
    }
    assert!(!member.receiving.is_finished(), "and it may stay");
}

#[tokio::test]
async fn a_member_that_resumes_in_time_loses_nothing() {
    let room = Room::new(Policy::Disconnect);
    let (member, mut peer) = room.member().await;
    let mut next = 0;
    for round in 0..20 {
        for n in 0..40 {
            room.publish(numbered(round * 40 + n, 1000)).await;
        }
        while next < (round + 1) * 40 {
            assert_eq!(number(&peer.message().await), next);
            next += 1;
        }
    }
    assert!(!member.receiving.is_finished());
}

#[tokio::test]
async fn a_member_that_broke_off_ends_and_the_others_do_not_notice() {
    let room = Room::new(Policy::Disconnect);
    let (gone, gone_peer) = room.member().await;
    let (_healthy, reading) = room.reader(numbered(49, 10)).await;
    room.publish(numbered(0, 10)).await;
    // With bytes unread: a reset.
    drop(gone_peer);
    for n in 1..50 {
        room.publish(numbered(n, 10)).await;
    }
    assert_eq!(reading.await.unwrap().len(), 50);
    assert!(matches!(
        gone.receiving.await.unwrap(),
        Some(Err(Error::Io(_) | Error::Lost))
    ));
}

#[tokio::test]
async fn what_a_slow_member_says_is_still_heard() {
    let room = Room::new(Policy::DropOldest);
    let (member, mut peer) = room.member().await;
    for n in 0..300 {
        room.publish(numbered(n, 1000)).await;
    }
    peer.write(&frame_to(Role::Server, OpCode::Text, b"slow but here"))
        .await;
    assert_eq!(
        member.receiving.await.unwrap().unwrap().unwrap(),
        "slow but here".into()
    );
}

#[tokio::test]
async fn a_slow_member_with_compression_gets_whole_messages_too() {
    let room = Room::new(Policy::Disconnect);
    let (near, far) = sockets().await;
    let deflate = madang_ws::proto::Deflate {
        server_no_context_takeover: true,
        client_no_context_takeover: true,
        server_max_window_bits: 15,
        client_max_window_bits: 15,
        level: DeflateConfig::default().level,
        threshold: 0,
    };
    let mut server = config(Role::Server, queued(4096));
    server.deflate = Some(deflate);
    let member = room.enter(WebSocket::new(near, &[], &server));
    let mut client = config(Role::Client, queued(4096));
    client.deflate = Some(deflate);
    let mut client = WebSocket::new(far, &[], &client);
    let mut published = 0;
    while !matches!(member.sender.try_send("x"), Err(Error::TooSlow { .. })) {
        room.publish(numbered(published, 100_000)).await;
        published += 1;
        assert!(published < 100_000, "never too slow");
    }
    let mut messages = 0;
    while let Some(message) = client.recv().await {
        messages += 1;
        assert!(
            message
                .unwrap()
                .as_text()
                .unwrap()
                .ends_with(|c: char| c.is_ascii_digit() || c == 'x')
        );
    }
    assert!(messages > 0);
    assert_eq!(client.close_frame().unwrap().code, CloseCode::POLICY);
}

#[tokio::test]
async fn volatile_publications_reach_those_who_read_and_never_wait_for_those_who_do_not() {
    let room = Room::new(Policy::Disconnect);
    let (ws, mut lazy) = with_tcp_peer(&config(Role::Server, queued(LIMIT))).await;
    let slow = room.enter(ws);
    let (_quick, reading) = room.reader("end".into()).await;
    let quotes: Vec<Message> = (0..2_000).map(|n| format!("{n:0>1000}").into()).collect();
    for quote in &quotes {
        room.hub
            .to(&room.name)
            .publish(Publication::from(quote.clone()).volatile());
        assert!(
            slow.sender.queued_bytes() <= 1_004,
            "at most the rest of one that had begun"
        );
        tokio::task::yield_now().await;
    }
    room.hub.to(&room.name).publish(Message::from("end").into());
    let heard = reading.await.unwrap();
    assert!(
        heard.len() > 100,
        "somebody who reads gets most of them: {}",
        heard.len()
    );
    let mut late = Vec::new();
    while late.last() != Some(&Message::from("end")) {
        late.push(lazy.message().await);
    }
    assert!(late.len() < 1_000, "what its socket holds: {}", late.len());
    let missed = 2 * (quotes.len() + 1) - heard.len() - late.len();
    assert_eq!(room.counted(), [0, 0, missed as u64, 0]);
    late.pop();
    // Not simply the first ones: the system moves bytes between its buffers when it likes, and then takes another few.
    let mut rest = quotes.iter();
    assert!(
        late.iter().all(|heard| rest.any(|quote| quote == heard)),
        "whole and in order"
    );
    slow.receiving.abort();
}
