//! The market over Socket.IO, in the namespace `/market`: a command is an event named after its `type`, and so is its answer, or it is the
//! acknowledgement where one is wanted.

use std::sync::{Arc, Weak};

use madang_socketio::proto::Args;
use madang_socketio::{Ack, EventName, Socket, SocketIo};
use serde_json::value::RawValue;
use tokio::sync::Mutex;

use super::command::{Command, Fields};
use super::event::Event;
use super::refused::Refused;
use super::viewer::Viewer;
use super::wire::NAMESPACE;
use crate::back::app::App;
use crate::back::commands::{Commands, reply, size};
use crate::back::limits::Caller;
use crate::back::metrics::Way;
use crate::back::rooms::Seat;
use crate::chat::Refusal;

/// The events that are commands.
const COMMANDS: [&str; 4] = ["watch", "chart", "pause", "resume"];

/// One socket, as long as its listeners know it.
#[derive(Debug)]
struct Looking {
    /// Whoever holds it is answered first: commands take it in the order in which they came. Nobody when the socket is gone.
    viewer: Mutex<Option<Viewer>>,
    commands: Arc<Commands>,
}

/// Handles whoever connects. The handlers don't keep the app, which keeps the server that has them.
pub(in crate::back) fn attach(io: &SocketIo, app: &Arc<App>) {
    let app = Arc::downgrade(app);
    io.ns(NAMESPACE, move |socket: Socket| {
        let app = app.clone();
        async move { connection(&socket, &app) }
    });
}

fn connection(socket: &Socket, app: &Weak<App>) {
    let Some(running) = app.upgrade() else { return };
    let commands = Arc::new(Commands::of(socket));
    let error = |refusal| Event::from(&Refused::Common(refusal)).write();
    if !commands.may_come(socket, &running, error) {
        return;
    }
    commands.count_others(socket, &COMMANDS, app, error);
    let looking = Arc::new(Looking {
        viewer: Mutex::new(Some(Viewer::new(
            running.market.clone(),
            Seat::SocketIo(socket.clone()),
        ))),
        commands,
    });
    for name in COMMANDS {
        let (looking, app) = (looking.clone(), app.clone());
        socket.on(
            name,
            move |socket: Socket, name: EventName, args: Args, ack: Ack| {
                let (looking, app) = (looking.clone(), app.clone());
                async move { message(&looking, &socket, &name, &args, ack, &app).await }
            },
        );
    }
    let leaving = looking.clone();
    socket.on_disconnect(move || {
        let looking = leaving.clone();
        async move {
            looking.commands.gone.cancel();
            drop(looking.viewer.lock().await.take());
        }
    });
    running
        .tasks
        .spawn(attend(looking, socket.clone(), running.clone()));
}

/// A command came; it is carried out when those before it have been answered.
async fn message(looking: &Looking, socket: &Socket, name: &str, args: &Args, ack: Ack, app: &Weak<App>) {
    let Some(app) = app.upgrade() else { return };
    // A server that stops waits for what is under way.
    let _tracked = app.tasks.token();
    if !looking.commands.may_wait(socket) {
        return;
    }
    let mut viewer = looking.viewer.lock().await;
    looking.commands.has_turn();
    let Some(viewer) = viewer.as_mut().filter(|_| !app.stop.is_cancelled()) else {
        return;
    };
    let mut ack = Some(ack);
    // Here and now, since it must come before what happens next.
    let mut answer = |_: &Seat, answer| {
        if let Some(ack) = ack.take() {
            reply(socket, ack, Some(answer));
        }
    };
    let read = read(name, args, looking.commands.caller, &app);
    let done = match read {
        Ok(command) => viewer.carry_out(command, &mut answer).await,
        Err(refused) => Err(refused),
    };
    let refused = done.err();
    if let Some(ack) = ack {
        reply(
            socket,
            ack,
            refused.as_ref().map(|refused| Event::from(refused).write()),
        );
    }
    if let Some(Refused::Common(refusal)) = refused {
        looking.commands.refused(&refusal, socket);
    }
}

fn read(name: &str, args: &Args, caller: Caller, app: &App) -> Result<Command, Refused> {
    app.admit(caller, size(name, args))?;
    let json: Option<Box<RawValue>> = args.read().map_err(Refusal::bad_json)?;
    let json = json.as_deref().map_or("null", RawValue::get);
    let fields: Option<Fields> = serde_json::from_str(json).map_err(Refusal::bad_json)?;
    fields.unwrap_or_default().command(name)
}

/// Sends everybody away when the server stops.
async fn attend(looking: Arc<Looking>, socket: Socket, app: Arc<App>) {
    let _connected = app.metrics.connected(Way::SocketIo);
    tokio::select! {
        biased;
        () = looking.commands.gone.cancelled() => return,
        () = app.stop.cancelled() => {}
    }
    // What is under way is answered first.
    let viewer = looking.viewer.lock().await;
    socket.disconnect(true);
    drop(viewer);
}
