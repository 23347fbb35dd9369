//! How clients get into namespaces, and how they don't.

use crate::common::{Client, notes, serve, serve_with, sockets};
use madang_socketio::{ConnectError, Data, DisconnectReason, Limits, Socket};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;

#[tokio::test]
async fn a_client_enters_by_asking() {
    let io = serve().await;
    let mut sockets = sockets(&io);
    let client = io.client().await;
    let socket = sockets.next().await;
    assert_eq!(socket.id(), client.sid);
    assert_eq!(client.sid.len(), 20);
    assert!(client.pid.is_none(), "nothing is recovered unless it's asked for");
    assert!(socket.connected() && !socket.disconnected() && !socket.recovered());
}
