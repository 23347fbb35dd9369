//! What each event does, the same in every namespace.

use madang_engineio::TransportKind;
use madang_socketio::{
    Ack, AckError, Arguments, BroadcastError, Data, DisconnectReason, EmitError, Socket, SocketIo, Value,
};
use serde_json::json;
use std::collections::BTreeMap;
use std::time::Duration;

/// Several arguments, of any shape.
type All = Data<Arguments>;

/// The socket's data: Node's is an object that grows fields.
type Fields = BTreeMap<String, Value>;

/// Greets, then does as `serve`.
pub(crate) async fn welcome(socket: Socket) -> Result<(), EmitError> {
    if !socket.recovered() {
        let handshake = socket.handshake();
        let query: BTreeMap<_, _> = handshake.query().into_iter().collect();
        let auth: Value = handshake.auth().unwrap_or_default();
        let auth = match auth {
            Value::Null => json!({}),
            other => json!(other),
        };
        let welcome = json!({ "id": socket.id(), "namespace": socket.namespace().name(), "query": query, "auth": auth });
        socket.emit("welcome", welcome)?;
    }
    serve(socket).await;
    Ok(())
}

/// Adds every listener.
pub(crate) async fn serve(socket: Socket) {
    answers(&socket);
    rooms(&socket);
    keeps(&socket);
    ends(&socket);
}

fn answers(socket: &Socket) {
    socket.on("echo", async |socket: Socket, Data(args): All| {
        socket.emit("echo", args)
    });
    socket.on("ack", async |Data(args): All| args);
    socket.on("ignore", async || {});
    socket.on("call me", async |socket: Socket, Data(args): All| {
        let answer: Arguments = socket.emit_with_ack("called", args).await?;
        Ok::<(), AckError>(socket.emit("answered", answer)?)
    });
    socket.on("call room", async |socket: Socket, Data(args): All, ack: Ack| {
        let (room, args) = room_and_rest(args);
        let answers = socket
            .namespace()
            .to(room.unwrap_or_default())
            .timeout(Duration::from_secs(1))
            .emit_with_ack::<Value>("called", args);
        match answers.await {
            Ok(answers) => ack.send((Value::Null, answers)),
            Err(BroadcastError { error, responses, .. }) => ack.send((error.to_string(), responses)),
        }
    });
    socket.on("text", async || "안녕하세요 😀 ñ");
    socket.on("transport", async |socket: Socket| {
        match socket.conn().transport() {
            TransportKind::Polling => "polling",
            TransportKind::WebSocket => "websocket",
        }
    });
    socket.on("sessions", async |io: SocketIo| io.clients_count());
    socket.on("forbidden", async |socket: Socket| {
        let refused = |name: &&str| matches!(socket.emit(name, ()), Err(EmitError::Reserved(_)));
        RESERVED.into_iter().filter(refused).collect::<Vec<_>>()
    });
}

fn rooms(socket: &Socket) {
    socket.on(
        "join",
        async |socket: Socket, Data(room): Data<String>, ack: Ack| {
            let _ = socket.join(room);
            ack.send(())
        },
    );
    socket.on(
        "leave",
        async |socket: Socket, Data(room): Data<String>, ack: Ack| {
            socket.leave(room);
            ack.send(())
        },
    );
    socket.on("rooms", async |socket: Socket| {
        let mut rooms: Vec<_> = socket.rooms().iter().map(|room| room.to_string()).collect();
        rooms.sort();
        rooms
    });
    socket.on("broadcast", async |socket: Socket, Data(args): All, ack: Ack| {
        let (room, args) = room_and_rest(args);
        socket.to(room.unwrap_or_default()).emit("broadcast", args)?;
        ack.send(())
    });
    socket.on("volatile", async |socket: Socket, Data(args): All, ack: Ack| {
        match room_and_rest(args) {
            (Some(room), args) => socket.to(room).volatile().emit("volatile", args)?,
            (None, args) => socket.volatile().emit("volatile", args)?,
        }
        ack.send(())
    });
}

fn keeps(socket: &Socket) {
    socket.on(
        "set data",
        async |socket: Socket, Data((key, value)): Data<(String, Value)>, ack: Ack| {
            let mut fields = socket.data::<Fields>().as_deref().cloned().unwrap_or_default();
            fields.insert(key, value);
            socket.set_data(fields);
            ack.send(())
        },
    );
    socket.on("get data", async |socket: Socket, Data(key): Data<String>| {
        let fields = socket.data::<Fields>();
        let value = fields.and_then(|fields| fields.get(&key).cloned());
        // A tuple, since null alone is no argument.
        (value.unwrap_or_default(),)
    });
}

fn ends(socket: &Socket) {
    socket.on(
        "disconnect me",
        async |socket: Socket, Data(close): Data<Option<bool>>| {
            socket.disconnect(close == Some(true));
        },
    );
    socket.on("close transport", async |socket: Socket| {
        socket.conn().close(false);
    });
    socket.on_disconnect(async |socket: Socket, reason: DisconnectReason| {
        let watchers = socket.namespace().to(format!("watch:{}", socket.id()));
        watchers.emit("gone", (socket.id(), reason.to_string()))
    });
}

/// The room before the other arguments, if there is one.
fn room_and_rest(Arguments(mut args): Arguments) -> (Option<String>, Arguments) {
    let room = match args.is_empty() {
        true => Value::Null,
        false => args.remove(0),
    };
    let room = match room {
        Value::String(room) => Some(room),
        _ => None,
    };
    (room, Arguments(args))
}

const RESERVED: [&str; 6] = [
    "connect",
    "connect_error",
    "disconnect",
    "disconnecting",
    "newListener",
    "removeListener",
];
