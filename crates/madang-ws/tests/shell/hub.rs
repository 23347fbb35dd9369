//! Connections of every kind in one room.

use crate::common::{Counted, Peer, listen, pair, with_peer};
use bytes::Bytes;
use madang_hub::{Batch, Encode, Hub, Publication, Recipient, RoomName, SessionId, WireForm};
use madang_ws::client::ClientConfig;
use madang_ws::proto::{Config, Event, OpCode, Role};
use madang_ws::server::{ServerConfig, accept};
use madang_ws::{CloseCode, DeflateConfig, Message, Sender, WebSocket};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use tokio::io::duplex;

fn hub() -> (Hub, RoomName) {
    let (hub, flusher) = Hub::new();
    tokio::spawn(flusher);
    (hub, RoomName::try_from("yard").unwrap())
}

/// Publishes what its connection says until that ends.
async fn say(mut ws: WebSocket, hub: Hub, room: RoomName) {
    let member = ws.enter(&hub);
    member.join(&room).unwrap();
    while let Some(Ok(message)) = ws.recv().await {
        member.publish(&room, message.into());
    }
}

#[tokio::test]
async fn everyone_else_hears_it_over_whatever_stream_and_compression() {
    let (hub, room) = hub();
    let (listener, addr) = listen().await;
    let takeover = DeflateConfig {
        server_no_context_takeover: false,
        client_no_context_takeover: false,
        threshold: 0,
        ..DeflateConfig::default()
    };
    let shared = DeflateConfig {
        threshold: 0,
        ..DeflateConfig::default()
    };
    let small_window = DeflateConfig {
        server_max_window_bits: 9,
        ..shared
    };
    let mut clients = Vec::new();
    for deflate in [None, Some(shared), Some(takeover), Some(small_window)] {
        for over_tcp in [true, false] {
            let mut server = ServerConfig::default();
            server.acceptor.deflate = Some(takeover);
            let client = ClientConfig {
                deflate,
                ..ClientConfig::default()
            };
            let (server, client) = if over_tcp {
                let url = format!("ws://{addr}/");
                let accepting = async { accept(listener.accept().await.unwrap().0, &server).await };
                let (server, client) = tokio::join!(accepting, client.connect(&url));
                (server.unwrap().0, client.unwrap().0)
            } else {
                let (near, far) = duplex(500);
                let (server, client) =
                    tokio::join!(accept(near, &server), client.connect_over(far, "ws://pipe/"));
                (server.unwrap().0, client.unwrap().0)
            };
            tokio::spawn(say(server, hub.clone(), room.clone()));
            clients.push(client);
        }
    }
    while hub.member_count(&room) < clients.len() {
        tokio::task::yield_now().await;
    }
    for speaker in 0..clients.len() {
        for message in [
            Message::from("마당 ".repeat(1000)),
            Message::from(vec![speaker as u8; 10]),
        ] {
            clients[speaker].send(message.clone()).await.unwrap();
            clients[speaker].flush().await.unwrap();
            for (listener, client) in clients.iter_mut().enumerate() {
                if listener != speaker {
                    assert_eq!(client.recv().await.unwrap().unwrap(), message);
                }
            }
        }
    }
    // Had a speaker heard itself, it would come before this.
    for client in &mut clients {
        client.close(CloseCode::NORMAL, "").await.unwrap();
    }
}

#[tokio::test]
async fn what_one_turn_brings_leaves_in_one_write() {
    let (hub, room) = hub();
    let (near, far) = duplex(100_000);
    let near = Counted::new(near);
    let writes = near.writes.clone();
    let mut server = WebSocket::new(near, &[], &Config::new(Role::Server));
    let mut peer = Peer::new(far, Role::Server);
    let member = server.enter(&hub);
    member.join(&room).unwrap();
    let receiving = tokio::spawn(async move { server.recv().await });
    for turn in 1..=3 {
        for n in 0..16 {
            hub.to(&room)
                .publish(Message::from(format!("publication {n}")).into());
        }
        for n in 0..16 {
            assert_eq!(peer.message().await, format!("publication {n}").into());
        }
        assert_eq!(writes.load(Ordering::Relaxed), turn);
    }
    receiving.abort();
}

#[tokio::test]
async fn publications_keep_their_place_among_what_is_sent() {
    let (hub, room) = hub();
    let (server, mut client) = pair(100);
    let member = server.enter(&hub);
    member.join(&room).unwrap();
    let (sender, mut receiver) = server.split();
    let receiving = tokio::spawn(async move { receiver.recv().await });
    for n in 0..100 {
        sender.feed(format!("{n} fed")).await.unwrap();
        hub.send(member.id(), Message::from(format!("{n} published")).into());
        // Delivered before this returns.
        assert_eq!(hub.member_count(&room), 1);
        sender.send(format!("{n} sent")).await.unwrap();
    }
    for n in 0..100 {
        for how in ["fed", "published", "sent"] {
            assert_eq!(client.recv().await.unwrap().unwrap(), format!("{n} {how}").into());
        }
    }
    receiving.abort();
}

#[tokio::test]
async fn a_closed_member_gets_nothing_more() {
    let (hub, room) = hub();
    let (server, mut peer) = with_peer(10_000, &Config::new(Role::Server));
    let member = server.enter(&hub);
    member.join(&room).unwrap();
    let (sender, mut receiver) = server.split();
    hub.to(&room).publish(Message::from("before").into());
    assert_eq!(hub.member_count(&room), 1);
    sender.close(CloseCode::NORMAL, "");
    hub.to(&room).publish(Message::from("after").into());
    assert_eq!(hub.member_count(&room), 1);
    assert_eq!(peer.message().await, "before".into());
    assert!(matches!(peer.event().await, Some(Event::Close(Some(_)))));
    peer.send(OpCode::Close, b"").await;
    let (ended, event) = tokio::join!(receiver.recv(), async {
        let event = peer.event().await;
        drop(peer);
        event
    });
    assert!(ended.is_none());
    assert_eq!(event, None);
    hub.to(&room).publish(Message::from("long after").into());
    assert_eq!(hub.member_count(&room), 1);
    assert_eq!(sender.queued_bytes(), 0);
}

#[tokio::test]
async fn a_session_does_not_hear_itself_on_another_connection() {
    let (hub, room) = hub();
    let (first, mut first_client) = pair(1000);
    let (second, mut second_client) = pair(1000);
    let (other, mut other_client) = pair(1000);
    let session = SessionId::new(7);
    let first_member = hub.enter(session, first.sender().recipient());
    let second_member = hub.enter(session, second.sender().recipient());
    let other_member = other.enter(&hub);
    for member in [&first_member, &second_member, &other_member] {
        member.join(&room).unwrap();
    }
    first_member.publish(&room, Message::from("from the first").into());
    hub.to(&room).publish(Message::from("to all").into());
    assert_eq!(first_client.recv().await.unwrap().unwrap(), "to all".into());
    assert_eq!(second_client.recv().await.unwrap().unwrap(), "to all".into());
    assert_eq!(
        other_client.recv().await.unwrap().unwrap(),
        "from the first".into()
    );
    assert_eq!(other_client.recv().await.unwrap().unwrap(), "to all".into());
    drop((first, second, other));
}

#[tokio::test]
#[should_panic(expected = "only a server's connection takes publications")]
async fn a_clients_connection_is_no_recipient() {
    let (_server, client) = pair(1000);
    let _ = client.sender().recipient();
}

#[test]
fn a_message_has_no_form_but_frames() {
    for form in [WireForm::EngineIoPayload, WireForm::Json, WireForm::EventStream] {
        assert!(Message::from("hi").encode(form).is_empty(), "{form:?}");
    }
}

/// A form of its own for a protocol on top: the frame of `["text"]`, two of them.
struct Twice(&'static str);

impl Encode for Twice {
    fn encode(&self, form: WireForm) -> Bytes {
        let frame = Message::from(format!("[{}]", self.0)).encode(WireForm::Frame);
        match form {
            WireForm::EngineIoFrames => [&frame[..], &frame[..]].concat().into(),
            _ => Bytes::new(),
        }
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.0.len() * 2)
    }
}

/// A session of such a protocol.
struct Rider {
    sender: Sender,
    later: bool,
}

impl Recipient for Rider {
    fn deliver(&self, batch: &Batch<'_>) {
        if self.later {
            self.sender.deliver_later(batch, WireForm::EngineIoFrames);
        } else {
            self.sender.deliver(batch, WireForm::EngineIoFrames);
        }
    }
}

#[tokio::test]
async fn a_protocol_on_top_has_frames_of_its_own_in_order_with_the_rest() {
    let (hub, room) = hub();
    let (near, far) = duplex(100_000);
    let near = Counted::new(near);
    let writes = near.writes.clone();
    let mut server = WebSocket::new(near, &[], &Config::new(Role::Server));
    let mut peer = Peer::new(far, Role::Server);
    let plain = server.enter(&hub);
    let rider = |later| {
        let sender = server.sender();
        hub.enter(SessionId::new(1), Arc::new(Rider { sender, later }))
    };
    let (now, later) = (rider(false), rider(true));
    assert_eq!(hub.member_count(&room), 0, "all of them have entered");
    plain.send(Message::from("plain").into());
    later.send(Message::from("has no such form").into());
    let before = writes.load(Ordering::Relaxed);
    for _ in 0..2 {
        later.send(Publication::new(Twice("later")));
    }
    assert_eq!(writes.load(Ordering::Relaxed), before);
    now.send(Publication::new(Twice("now")));
    let receiving = tokio::spawn(async move { server.recv().await });
    assert_eq!(peer.message().await, "plain".into());
    for word in ["[later]", "[later]", "[later]", "[later]", "[now]", "[now]"] {
        assert_eq!(peer.message().await, word.into());
    }
    assert_eq!(writes.load(Ordering::Relaxed), before + 1);
    receiving.abort();
}
