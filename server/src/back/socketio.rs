//! The chat over Socket.IO, in the same rooms: a command is an event named after its `type`, its answer the acknowledgement.

use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;

use madang_engineio::{Cors, CorsOrigin, DeflateConfig};
use madang_hub::Hub;
use madang_socketio::proto::Args;
use madang_socketio::{Ack, ClientFiles, DisconnectReason, EventName, Socket, SocketIo};
use madang_ws::AllowedOrigins;
use rust_embed::Embed;
use serde_json::value::RawValue;
use tokio::sync::{Mutex, Notify};
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tokio_util::sync::CancellationToken;

use super::app::{App, CHAT_MESSAGE_BYTES, QUEUED_BYTES};
use super::commands::{Commands, reply, size};
use super::conversation::{self, Newcomer, refused};
use super::metrics::Way;
use super::people::Pass;
use super::rooms::{Guest, Permit, Seat};
use crate::chat::{Code, Command, Fields, JOIN_TIME, Refusal, Room, Visit, Written};
use crate::config::Origin;

/// How long the answer to a command may wait for a reader who has left half of [`QUEUED_BYTES`] unread, before it joins what waits.
const READ_TIME: Duration = Duration::from_secs(10);

/// How often it is looked whether the reader has read.
const READ_INTERVAL: Duration = Duration::from_millis(50);

/// How long clients have, when the server stops, to take what waits for them.
const CLOSE_TIME: Duration = Duration::from_secs(5);

/// The events that are commands.
const COMMANDS: [&str; 8] = [
    "join", "send", "edit", "delete", "react", "read", "history", "typing",
];

/// One socket, as long as its listeners know it.
#[derive(Debug)]
struct Visitor {
    /// Whoever holds it is answered first: commands take it in the order in which they came.
    stay: Mutex<Stay>,
    commands: Arc<Commands>,
    /// What its connection came by.
    pass: Pass,
    /// Told when it has joined, with the permit by which it is inside: not in `stay`, which commands that wait may keep for long.
    joined: Notify,
    permit: OnceLock<Permit>,
}

#[derive(Debug)]
enum Stay {
    Outside { join_due: Instant },
    Inside(Box<Guest>),
    Over,
}

/// The official client, as the build of the pages has copied it from npm.
#[derive(Embed)]
#[folder = "$CARGO_MANIFEST_DIR/../web/dist/socket.io"]
// Until `make web` has run there is none, and tests that need no pages shouldn't need npm.
#[allow_missing = true]
struct Client;

/// A server for pages of these origins, and for programs, which send no `Origin`. Its rooms are the hub's.
pub(super) fn server(hub: &Hub, origins: &[Origin], stop: CancellationToken) -> SocketIo {
    let origins: Vec<_> = origins.iter().map(|origin| origin.as_str().to_owned()).collect();
    let allowed = AllowedOrigins::list(&origins);
    SocketIo::builder()
        .hub(hub.clone())
        .connect_timeout(JOIN_TIME)
        .serve_client(client_files())
        .engine(|engine| {
            engine.max_http_buffer_size = CHAT_MESSAGE_BYTES;
            engine.send_limit = QUEUED_BYTES;
            engine.per_message_deflate = Some(DeflateConfig::default());
            engine.cors = Some(Cors {
                origin: CorsOrigin::List(origins),
                methods: "GET,POST".to_owned(),
                // Cookies say who is signed in.
                credentials: true,
                ..Cors::default()
            });
            // CORS keeps pages of other origins from reading answers; this keeps them from opening sessions.
            engine.set_allow_request(move |request| {
                let allowed = allowed.allows(request.headers.get(http::header::ORIGIN));
                let stopping = stop.is_cancelled();
                async move {
                    match (stopping, allowed) {
                        (true, _) => Err("the server is stopping".to_owned()),
                        (false, false) => Err("this origin isn't allowed".to_owned()),
                        (false, true) => Ok(()),
                    }
                }
            });
        })
        .build()
}

fn client_files() -> ClientFiles {
    let file = |name: &str| Client::get(name).map(|file| file.data.into_owned());
    let version = file("version").and_then(|version| String::from_utf8(version).ok());
    let files = ClientFiles::new(version.as_deref().unwrap_or("none"));
    Client::iter()
        .filter(|name| *name != "version")
        .fold(files, |files, name| match file(&name) {
            Some(content) => files.with(&name, content),
            None => files,
        })
}

/// Handles whoever connects. The handlers don't keep the app, which keeps the server that has them.
pub(super) fn attach(io: &SocketIo, app: &Arc<App>) {
    let app = Arc::downgrade(app);
    io.ns("/", move |socket: Socket| {
        let app = app.clone();
        async move { connection(&socket, &app) }
    });
}

/// Lets everybody go once the command under way is answered, and ends when they are gone or have had their time.
pub(super) async fn close(io: &SocketIo) {
    let gone = async {
        while io.clients_count() > 0 {
            sleep(READ_INTERVAL).await;
        }
    };
    if timeout(CLOSE_TIME, gone).await.is_err() {
        tracing::debug!(clients = io.clients_count(), "clients didn't take their leave");
    }
    io.close().await;
}

/// Somebody connected, and is to join a room.
fn connection(socket: &Socket, app: &Weak<App>) {
    let Some(running) = app.upgrade() else { return };
    let commands = Arc::new(Commands::of(socket));
    let error = |refusal| refused(&refusal);
    if !commands.may_come(socket, &running, error) {
        return;
    }
    commands.count_others(socket, &COMMANDS, app, error);
    let visitor = Arc::new(Visitor {
        stay: Mutex::new(Stay::Outside {
            join_due: Instant::now() + JOIN_TIME,
        }),
        commands,
        pass: socket.extensions().get::<Pass>().unwrap_or_default(),
        joined: Notify::new(),
        permit: OnceLock::new(),
    });
    for name in COMMANDS {
        let (visitor, app) = (visitor.clone(), app.clone());
        socket.on(
            name,
            move |socket: Socket, name: EventName, args: Args, ack: Ack| {
                let (visitor, app) = (visitor.clone(), app.clone());
                async move { message(&visitor, &socket, &name, &args, ack, &app).await }
            },
        );
    }
    let leaving = visitor.clone();
    socket.on_disconnect(move |reason: DisconnectReason| {
        let visitor = leaving.clone();
        async move { disconnection(&visitor, reason).await }
    });
    running
        .tasks
        .spawn(attend(visitor, socket.clone(), running.clone()));
}

/// A command came; it is carried out when those before it have been answered.
async fn message(visitor: &Visitor, socket: &Socket, name: &str, args: &Args, ack: Ack, app: &Weak<App>) {
    let Some(app) = app.upgrade() else { return };
    // A server that stops waits for what is under way.
    let _tracked = app.tasks.token();
    if !visitor.commands.may_wait(socket) {
        return;
    }
    let mut stay = visitor.stay.lock().await;
    visitor.commands.has_turn();
    if app.stop.is_cancelled() || visitor.commands.gone.is_cancelled() || visitor.pass.allow().is_err() {
        return;
    }
    let mut ack = Some(ack);
    let done = command(&mut stay, socket, name, args, &mut ack, visitor, &app).await;
    let (answer, refusal) = match done {
        Ok(answer) => (answer, None),
        Err(refusal) => (Some(refused(&refusal)), Some(refusal)),
    };
    // A welcome has been said already.
    if let Some(ack) = ack {
        has_read(socket, answer.as_ref(), &visitor.commands.gone).await;
        // Whoever has been sent away meanwhile has been told the last thing.
        if !visitor.commands.gone.is_cancelled() {
            reply(socket, ack, answer);
        }
    }
    if let Some(refusal) = refusal {
        visitor.commands.refused(&refusal, socket);
    }
}

/// Somebody is gone. Who said so has left; whose connection ended may be back soon.
async fn disconnection(visitor: &Visitor, reason: DisconnectReason) {
    visitor.commands.gone.cancel();
    let stay = std::mem::replace(&mut *visitor.stay.lock().await, Stay::Over);
    match stay {
        Stay::Inside(guest) if reason == DisconnectReason::ClientNamespaceDisconnect => guest.leave(),
        other => drop(other),
    }
}

/// Sends away who doesn't join in time or may not be here any more, and everybody when the server stops.
async fn attend(visitor: Arc<Visitor>, socket: Socket, app: Arc<App>) {
    let _connected = app.metrics.connected(Way::SocketIo);
    let why = tokio::select! {
        biased;
        () = visitor.commands.gone.cancelled() => return,
        () = app.stop.cancelled() => None,
        refusal = visitor.is_due() => Some(refusal),
    };
    if let Some(refusal) = &why {
        let refusal = refused(refusal);
        if let Err(error) = socket.emit(refusal.name, refusal.body()) {
            tracing::debug!(%error, "somebody was gone before being sent away");
        }
    }
    let is_over = why.is_some_and(|refusal| matches!(refusal.code, Code::Banned | Code::SignedOut));
    if is_over {
        // Nobody waits for them to read, and what they have asked for besides isn't carried out.
        visitor.commands.gone.cancel();
    }
    // What is under way comes to its end first.
    let mut stay = visitor.stay.lock().await;
    if is_over && let Stay::Inside(guest) = std::mem::replace(&mut *stay, Stay::Over) {
        guest.leave();
    }
    socket.disconnect(true);
    drop(stay);
}

impl Visitor {
    /// Ready when this socket is to be sent away: its `join` is overdue, what it came by is over, or they may not be in the room any more.
    async fn is_due(&self) -> Refusal {
        let mut permit = tokio::select! {
            biased;
            permit = self.has_joined() => permit,
            signed_out = self.pass.over() => return signed_out,
            () = self.is_late() => return Code::JoinExpected.into(),
        };
        permit.withdrawn().await
    }

    async fn has_joined(&self) -> Permit {
        loop {
            if let Some(permit) = self.permit.get() {
                return permit.clone();
            }
            self.joined.notified().await;
        }
    }

    async fn is_late(&self) {
        loop {
            let due = match &*self.stay.lock().await {
                Stay::Outside { join_due } => *join_due,
                Stay::Inside(_) | Stay::Over => break,
            };
            if due <= Instant::now() {
                return;
            }
            // Not where the lock is held: commands wait for it.
            sleep_until(due).await;
        }
        std::future::pending::<()>().await;
    }
}

/// Carries out one command, and returns the answer, if there is one.
async fn command(
    stay: &mut Stay,
    socket: &Socket,
    name: &str,
    args: &Args,
    ack: &mut Option<Ack>,
    visitor: &Visitor,
    app: &App,
) -> Result<Option<Written>, Refusal> {
    let caller = visitor.commands.caller;
    let fields = read(args);
    let room = fields
        .as_ref()
        .map(Fields::room)
        .unwrap_or(Err(Code::RoomInvalid));
    let read = |visit: Visit| fields.and_then(|fields| visit.allow(fields.command(name)?));
    let admit = |command| conversation::admit(app, caller, size(name, args), command);
    match stay {
        Stay::Inside(guest) => {
            let command = admit(read(Visit::Inside))?;
            conversation::carry_out(app, caller, guest, command).await
        }
        Stay::Outside { join_due } => {
            let Command::Join { name, session, since } = admit(read(Visit::Outside))? else {
                return Ok(None);
            };
            let room = room_of(room?, socket)?;
            let seat = |_| Seat::SocketIo(socket.clone());
            // Here and now, since it must come before what the room says next.
            let welcome = |_: &Seat, welcome| {
                if let Some(ack) = ack.take() {
                    reply(socket, ack, Some(welcome));
                }
            };
            let newcomer = Newcomer {
                name,
                session,
                pass: visitor.pass.clone(),
                since,
            };
            let joined = conversation::join(app, &room, newcomer, seat, welcome).await;
            // The time the store took is not the visitor's.
            *join_due = Instant::now() + JOIN_TIME;
            let guest = joined?;
            // The first: nobody is outside again.
            let _ = visitor.permit.set(guest.permit().clone());
            *stay = Stay::Inside(Box::new(guest));
            visitor.joined.notify_one();
            Ok(None)
        }
        Stay::Over => Ok(None),
    }
}

fn read(args: &Args) -> Result<Fields, Refusal> {
    let json: Option<Box<RawValue>> = args.read().map_err(Refusal::bad_json)?;
    let json = json.as_deref().map_or("null", RawValue::get);
    let fields: Option<Fields> = serde_json::from_str(json).map_err(Refusal::bad_json)?;
    Ok(fields.unwrap_or_default())
}

/// A socket's own room isn't one of the chat's.
fn room_of(room: Room, socket: &Socket) -> Result<Room, Code> {
    if room.as_str() == socket.id() {
        return Err(Code::RoomInvalid);
    }
    Ok(room)
}

/// Waits until the reader has read what came before, if it's long: so does the next command. Not for who is gone, or sent away.
async fn has_read(socket: &Socket, answer: Option<&Written>, gone: &CancellationToken) {
    let size = answer.map_or(0, |answer| answer.json.len());
    let read = async {
        while socket.connected() && socket.buffered_bytes() + size > QUEUED_BYTES / 2 {
            sleep(READ_INTERVAL).await;
        }
    };
    tokio::select! {
        biased;
        () = gone.cancelled() => {}
        // Late, it joins what waits.
        _ = timeout(READ_TIME, read) => {}
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;
    use crate::back::limits::Caller;

    fn visitor(stay: Stay) -> Visitor {
        Visitor {
            stay: Mutex::new(stay),
            commands: Arc::new(Caller::at([127, 0, 0, 1].into()).into()),
            pass: Pass::default(),
            joined: Notify::new(),
            permit: OnceLock::new(),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn commands_can_have_their_turn_while_a_join_may_still_be_late() {
        let visitor = visitor(Stay::Over);
        let mut late = std::pin::pin!(visitor.is_due());
        assert!(
            late.as_mut().now_or_never().is_none(),
            "it joined before it was looked after"
        );
        assert!(visitor.stay.try_lock().is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn commands_can_have_their_turn_after_the_time_to_join() {
        let join_due = Instant::now() + JOIN_TIME;
        let visitor = visitor(Stay::Outside { join_due });
        let mut late = std::pin::pin!(visitor.is_due());
        assert!(late.as_mut().now_or_never().is_none());
        *visitor.stay.try_lock().unwrap() = Stay::Over;
        sleep_until(join_due).await;
        assert!(
            late.as_mut().now_or_never().is_none(),
            "it isn't outside any more"
        );
        assert!(visitor.stay.try_lock().is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn who_has_not_joined_in_time_is_due() {
        let join_due = Instant::now() + JOIN_TIME;
        let visitor = visitor(Stay::Outside { join_due });
        assert_eq!(visitor.is_due().await.code, Code::JoinExpected);
        assert_eq!(Instant::now(), join_due);
    }
}
