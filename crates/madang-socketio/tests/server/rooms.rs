//! Rooms: joined, left, and watched.

use crate::common::{notes, serve, serve_with};
use madang_hub::Hub;
use madang_hub::Policy;
use madang_socketio::RoomEvent;
use std::num::NonZeroUsize;

#[tokio::test]
async fn a_socket_is_in_its_own_room_and_those_that_it_joins() {
    let io = serve().await;
    let (mut client, socket) = io.pair().await;
    assert_eq!(socket.rooms(), [client.sid.as_str().into()]);
    socket.join("a").unwrap();
    socket.join(vec!["b", "a"]).unwrap();
    assert_eq!(socket.rooms()[1..], ["a".into(), "b".into()]);
    socket.leave("a");
    socket.leave(["nowhere", ""]);
    assert_eq!(socket.rooms()[1..], ["b".into()]);
    io.to("a").emit("x", ()).unwrap();
    io.to("b").emit("y", ()).unwrap();
    assert_eq!(client.hear().await, r#"2["y"]"#);
}

#[tokio::test]
async fn a_name_that_cannot_be_a_room_is_an_error() {
    let io = serve().await;
    let (_client, socket) = io.pair().await;
    assert_eq!(socket.join("").unwrap_err().code(), "name_empty");
    assert_eq!(socket.join("a\nb").unwrap_err().code(), "name_control_character");
    assert_eq!(socket.join("x".repeat(257)).unwrap_err().code(), "name_too_long");
    assert_eq!(socket.rooms().len(), 1);
}

#[tokio::test]
async fn a_socket_is_in_as_many_rooms_as_the_hub_allows() {
    let mut limits = madang_hub::Limits::default();
    limits.rooms_per_member = 3; // the namespace's is one of them
    let (hub, mut flushers) = Hub::with_limits(NonZeroUsize::MIN, limits);
    tokio::spawn(flushers.remove(0));
    let io = serve_with(|builder| builder.hub(hub)).await;
    let (_client, socket) = io.pair().await;
    let error = socket.join(["a", "b", "c"]).unwrap_err();
    assert_eq!(error.code(), "limit_rooms_per_member");
    assert_eq!(socket.rooms().len(), 3);
}

#[tokio::test]
async fn rooms_are_watched() {
    let io = serve().await;
    let (told, mut events) = notes();
    io.on_room(move |event| {
        let text = match event {
            RoomEvent::Create { room } => format!("create {room}"),
            RoomEvent::Delete { room } => format!("delete {room}"),
            RoomEvent::Join { room, id } => format!("{id} joins {room}"),
            RoomEvent::Leave { room, id } => format!("{id} leaves {room}"),
            _ => String::new(),
        };
        let _ = told.send(text);
    });
    let (mut client, socket) = io.pair().await;
    let id = socket.id().to_owned();
    assert_eq!(
        events.so_far(),
        [format!("create {id}"), format!("{id} joins {id}")]
    );
    socket.join(["a", "a"]).unwrap();
    socket.leave("a");
    let expected = [
        "create a".into(),
        format!("{id} joins a"),
        format!("{id} leaves a"),
        "delete a".into(),
    ];
    assert_eq!(events.so_far(), expected);
    socket.join("b").unwrap();
    events.so_far();
    socket.disconnect(false);
    assert_eq!(client.hear().await, "1");
    let expected = [
        format!("{id} leaves b"),
        "delete b".into(),
        format!("{id} leaves {id}"),
        format!("delete {id}"),
    ];
    assert_eq!(events.so_far(), expected);
}

#[tokio::test]
async fn what_cannot_be_a_room_has_no_policy() {
    let io = serve().await;
    let refused = io.set_room_policy("", Policy::Latest).unwrap_err();
    assert_eq!(refused.code(), "name_empty");
}
