//! Many threads at one connection: senders, the hub, control frames, and a reader, none of which loses or tears anything.

use crate::common::{config, queued, sockets};
use madang_hub::{Hub, RoomName};
use madang_ws::proto::Role;
use madang_ws::{CloseCode, Error, Message, Sender, WebSocket};
use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::time::Duration;
use tokio::io::duplex;
use tokio::task::JoinSet;

const SENDERS: usize = 6;
const EACH: usize = 300;

/// A message of one of many senders: who, the how-manieth, and a length that differs.
fn message(who: usize, n: usize) -> Message {
    let padding = n * 131 % 3000;
    format!("{who} {n} {:padding$}", "").into()
}

fn parse(message: &Message) -> (usize, usize) {
    let text = message.as_text().unwrap();
    let mut parts = text.split(' ');
    let mut next = || parts.next().unwrap().parse().unwrap();
    let (who, n) = (next(), next());
    assert_eq!(*message, self::message(who, n), "torn");
    (who, n)
}

async fn send_all(sender: Sender, who: usize) {
    for n in 0..EACH {
        let message = message(who, n);
        match (who + n) % 3 {
            0 => sender.feed(message).await.unwrap(),
            1 => sender.send(message).await.unwrap(),
            // Given up at random moments, and tried anew.
            _ => loop {
                let sent = tokio::time::timeout(Duration::from_micros(50), sender.send(message.clone()));
                if let Ok(sent) = sent.await {
                    break sent.unwrap();
                }
            },
        }
        if n % 20 == 0 {
            sender.ping(b"meanwhile").unwrap();
        }
    }
    sender.flush().await.unwrap();
}

/// Reads until every stream of messages has ended, each in its order.
async fn read_all(mut client: WebSocket, count: usize) -> WebSocket {
    let mut next = HashMap::new();
    for _ in 0..count {
        let (who, n) = parse(&client.recv().await.unwrap().unwrap());
        let expected = next.entry(who).or_insert(0);
        assert_eq!(n, *expected, "of sender {who}");
        *expected += 1;
    }
    client
}

async fn pairs() -> Vec<(WebSocket, WebSocket)> {
    let (server, client) = (
        config(Role::Server, queued(20_000)),
        config(Role::Client, queued(20_000)),
    );
    let mut pairs = Vec::new();
    for n in 0..4 {
        pairs.push(if n % 2 == 0 {
            let (near, far) = sockets().await;
            (
                WebSocket::new(near, &[], &server),
                WebSocket::new(far, &[], &client),
            )
        } else {
            let (near, far) = duplex(1000);
            (
                WebSocket::new(near, &[], &server),
                WebSocket::new(far, &[], &client),
            )
        });
    }
    pairs
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_senders_and_the_hub_at_many_connections() {
    let (hub, flushers) = Hub::sharded(NonZeroUsize::new(2).unwrap());
    for flusher in flushers {
        tokio::spawn(flusher);
    }
    let room = RoomName::try_from("yard").unwrap();
    let mut tasks = JoinSet::new();
    let mut clients = Vec::new();
    let mut members = Vec::new();
    let mut senders = Vec::new();
    for (server, client) in pairs().await {
        let member = server.enter(&hub);
        member.join(&room).unwrap();
        members.push(member);
        let (sender, mut receiver) = server.split();
        senders.push(sender.clone());
        for who in 0..SENDERS {
            tasks.spawn(send_all(sender.clone(), who));
        }
        tasks.spawn(async move { assert!(receiver.recv().await.is_none()) });
        clients.push(tokio::spawn(read_all(client, (SENDERS + 1) * EACH)));
    }
    // At a pace that the slowest can follow, since the policy here is to disconnect: a publication of 3,000 bytes
    // is made when another one fits beside the half that senders may fill.
    for n in 0..EACH {
        while senders.iter().any(|sender| sender.queued_bytes() > 13_500) {
            tokio::task::yield_now().await;
        }
        hub.to(&room).publish(message(SENDERS, n).into());
        // Delivered before this returns.
        assert_eq!(hub.member_count(&room), members.len());
    }
    for client in clients {
        let mut client = client.await.unwrap();
        client.close(CloseCode::NORMAL, "").await.unwrap();
    }
    while let Some(task) = tasks.join_next().await {
        task.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nobody_who_waits_is_forgotten_when_a_connection_ends() {
    for round in 0..200 {
        let (near, far) = duplex(100);
        let server = WebSocket::new(near, &[], &config(Role::Server, queued(300)));
        let mut client = WebSocket::new(far, &[], &config(Role::Client, queued(300)));
        let (sender, mut receiver) = server.split();
        let mut tasks = JoinSet::new();
        for _ in 0..4 {
            let sender = sender.clone();
            tasks.spawn(async move {
                loop {
                    match sender.send(vec![7; 150]).await {
                        Ok(()) => {}
                        Err(error) => break error,
                    }
                }
            });
        }
        let receiving = tokio::spawn(async move { while let Some(Ok(_)) = receiver.recv().await {} });
        for _ in 0..round % 7 {
            client.recv().await.unwrap().unwrap();
        }
        match round % 4 {
            0 => drop(client),
            1 => client.close(CloseCode::NORMAL, "").await.unwrap(),
            2 => {
                sender.close(CloseCode::NORMAL, "");
                while let Some(Ok(_)) = client.recv().await {}
            }
            _ => {
                receiving.abort();
                while let Some(Ok(_)) = client.recv().await {}
            }
        }
        while let Some(ended) = tasks.join_next().await {
            assert!(
                matches!(ended.unwrap(), Error::Closed | Error::Io(_)),
                "round {round}"
            );
        }
        let _ = receiving.await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn echoes_cross_under_backpressure() {
    for (mut server, client) in pairs().await {
        let echoing = tokio::spawn(async move {
            while let Some(message) = server.recv().await {
                server.feed(message.unwrap()).await.unwrap();
            }
        });
        let (sender, receiver) = client.split();
        let sending = tokio::spawn({
            let sender = sender.clone();
            async move {
                for n in 0..2000 {
                    sender.send(message(0, n)).await.unwrap();
                }
                sender.flush().await.unwrap();
            }
        });
        let mut receiver = receiver;
        for n in 0..2000 {
            assert_eq!(parse(&receiver.recv().await.unwrap().unwrap()), (0, n));
        }
        sending.await.unwrap();
        sender.close(CloseCode::NORMAL, "");
        assert!(receiver.recv().await.is_none());
        echoing.await.unwrap();
    }
}
