//! Socket.IO, on the port of plain WebSocket.

use madang_hub::Hub;
use madang_socketio::{Data, Socket, SocketIo};
use std::future::poll_fn;
use tokio::io::ReadBuf;
use tokio::net::TcpStream;

/// A server whose rooms are those of this hub.
pub(crate) fn serve(hub: &Hub) -> SocketIo {
    let io = SocketIo::builder().hub(hub.clone()).build();
    io.ns("/", async |socket: Socket| {
        socket.on("echo", async |socket: Socket, Data(text): Data<String>| {
            socket.emit("echo", text)
        });
        socket.on("broadcast", async |socket: Socket, Data(text): Data<String>| {
            socket.broadcast().emit("broadcast", text)
        });
    });
    io
}

/// Whether the first request is for Socket.IO.
pub(crate) async fn is_meant(stream: &TcpStream) -> bool {
    let mut head = [0; 20];
    // In less room than the future of `peek` takes.
    let read = poll_fn(|cx| stream.poll_peek(cx, &mut ReadBuf::new(&mut head))).await;
    let path = head[..read.unwrap_or(0)].split(|byte| *byte == b' ').nth(1);
    path.is_some_and(|path| path.starts_with(b"/socket.io"))
}
