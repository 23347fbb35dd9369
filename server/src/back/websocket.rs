//! The four events of a connection: [`connection`], [`message`], [`error`], [`close`].

use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use madang_hub::{Membership, Publication, RoomName};
use madang_ws::{CloseCode, Error, Message, Sender, WebSocket};
use tokio::time::{Instant, Sleep, sleep};

use super::app::App;
use super::conversation::{self, Newcomer, new_session, refused};
use super::limits::{Caller, Manners};
use super::metrics::Way;
use super::people::Pass;
use super::rooms::{Guest, Seat, hub_session};
use crate::chat::{Act, Closing, Code, Command, JOIN_TIME, Refusal, Room, Visit, Written};

/// Which door a connection came through.
#[derive(Clone, Debug)]
pub(super) enum Entrance {
    /// `/`: messages go verbatim to everybody else here.
    Relay,
    /// `/ws/{room}`: the chat, if the name is one.
    Room(Option<Room>),
    /// `/market`, which `market::websocket` serves.
    Market,
}

/// How long the answer to a command may wait for a reader who has left [`QUEUED_BYTES`](super::QUEUED_BYTES) unread.
/// Beyond: close 1008, as for a room's messages that don't fit.
const READ_TIME: Duration = Duration::from_secs(10);

/// One connection from its beginning to its end.
pub(super) async fn serve(mut ws: WebSocket, entrance: Entrance, caller: Caller, pass: Pass, app: Arc<App>) {
    let connected = app.metrics.connected(Way::WebSocket);
    let mut visitor = connection(&mut ws, entrance, pass, &app).await;
    let mut peer = Peer {
        caller,
        manners: Manners::default(),
    };
    let ending = loop {
        tokio::select! {
            biased;
            () = app.stop.cancelled() => break Ending::Ours(Closing::Stopping),
            closing = visitor.is_due() => break Ending::Ours(closing),
            received = ws.recv() => match received {
                // Boxed: a connection that waits keeps no room for the handling of its next message.
                Some(Ok(received)) => match Box::pin(message(&mut visitor, &mut ws, received, &mut peer, &app)).await {
                    Ok(()) => {}
                    Err(closing) => break Ending::Ours(closing),
                },
                Some(Err(failed)) => {
                    error(&failed);
                    break Ending::Lost;
                }
                None => break Ending::Theirs,
            },
        }
    };
    close(visitor, ws, ending, &app).await;
    drop(connected);
}

/// Somebody connected: the relay lets them in at once, a room waits for their `join`.
async fn connection(ws: &mut WebSocket, entrance: Entrance, pass: Pass, app: &App) -> Visitor {
    match entrance {
        Entrance::Relay => {
            let hub = &app.rooms.wire().hub;
            let membership = hub.enter(hub_session(new_session().sender()), ws.sender().recipient());
            let yard = relay_room();
            if let Err(error) = membership.join(&yard) {
                // It is in no other room, so this is a mistake of ours, and not worth a connection.
                tracing::error!(%error, "the hub refused a member");
            }
            Visitor::Relay { membership, yard }
        }
        Entrance::Room(Some(room)) => Visitor::Outside {
            room,
            join_due: Box::pin(sleep(JOIN_TIME)),
            pass,
        },
        Entrance::Room(None) | Entrance::Market => Visitor::Nowhere,
    }
}

/// A message arrived; the next one is read when this one has been answered. An error is why the connection must end.
async fn message(
    visitor: &mut Visitor,
    ws: &mut WebSocket,
    received: Message,
    peer: &mut Peer,
    app: &App,
) -> Result<(), Closing> {
    if let Visitor::Relay { membership, yard } = visitor {
        // Here nobody can be told that a message isn't passed on, but by the end of the connection.
        app.admit(peer.caller, received.len())
            .map_err(|_| Closing::RateLimited)?;
        membership.publish(yard, Publication::from(received));
        return Ok(());
    }
    let answer = match &received {
        Message::Text(json) => {
            let sender = ws.sender();
            let mut answer = pin!(command(visitor, &sender, json, peer, app));
            tokio::select! {
                biased;
                answer = &mut answer => answer,
                // Whoever sent several commands at once isn't to wait for all of them: what was answered goes out while the database thinks about this one.
                // That the connection is gone, `recv` will say.
                _ = ws.flush() => answer.await,
            }
        }
        Message::Binary(bytes) => {
            let not_text = Err(Code::NotText.into());
            conversation::admit(app, peer.caller, bytes.len(), not_text).map(|_| None)
        }
    };
    match answer {
        Ok(None) => Ok(()),
        Ok(Some(answer)) => say(ws, answer, visitor.is_due(), app).await,
        Err(refusal) => {
            let banned = refusal.code == Code::Banned;
            // Whoever is inside is told when they are sent away.
            if !banned || matches!(visitor, Visitor::Outside { .. }) {
                say(ws, refused(&refusal), visitor.is_due(), app).await?;
            }
            if banned {
                return Err(Closing::Banned);
            }
            if peer.manners.are_lost(&refusal) {
                return Err(Closing::RateLimited);
            }
            Ok(())
        }
    }
}

/// The connection failed: the peer's fault, the network's, or the peer was too slow. `close` follows.
fn error(failed: &Error) {
    // The first three are what happens to phones in tunnels all day.
    if matches!(failed, Error::Lost | Error::Io(_) | Error::TimedOut(_)) {
        tracing::debug!(code = failed.code(), "connection lost");
    } else {
        tracing::info!(code = failed.code(), error = %failed, "connection failed");
    }
}

/// The connection ends: whoever is in a room leaves it, the peer is told why.
async fn close(visitor: Visitor, mut ws: WebSocket, ending: Ending, app: &App) {
    // A page that is reloaded says 1001, and will be back.
    let goodbye = ws
        .close_frame()
        .is_none_or(|frame| frame.code != CloseCode::GOING_AWAY);
    let last_word: Option<Refusal> = match (ending, &visitor) {
        (Ending::Ours(Closing::JoinLate), _) => Some(Code::JoinExpected.into()),
        (Ending::Ours(Closing::RoomInvalid), _) => Some(Code::RoomInvalid.into()),
        (Ending::Ours(Closing::SignedOut), _) => Some(Code::SignedOut.into()),
        (Ending::Ours(Closing::Banned), Visitor::Inside { guest }) => guest.permit().allow(Act::Stay).err(),
        _ => None,
    };
    let sent_away = matches!(ending, Ending::Ours(Closing::Banned | Closing::SignedOut));
    let is_over = (ending == Ending::Theirs && goodbye) || sent_away;
    match visitor {
        Visitor::Inside { guest } if is_over => guest.leave(),
        other => drop(other),
    }
    let Ending::Ours(closing) = ending else { return };
    // From here on, how the connection fails on its way out is of no interest any more.
    if let Some(refusal) = last_word {
        let _ = say(&mut ws, refused(&refusal), std::future::pending(), app).await;
    }
    if let Some(code) = CloseCode::new(closing.code()) {
        let _ = ws.close(code, closing.reason()).await;
    }
}

/// Who is connected, and how far they got.
#[derive(Debug)]
enum Visitor {
    /// At `/`.
    Relay { membership: Membership, yard: RoomName },
    /// At an address that names no room.
    Nowhere,
    /// Before their `join`.
    Outside {
        room: Room,
        join_due: Pin<Box<Sleep>>,
        pass: Pass,
    },
    /// In a room.
    Inside { guest: Guest },
}

/// Who is at the other end, and how they behave.
#[derive(Debug)]
struct Peer {
    caller: Caller,
    manners: Manners,
}

/// Who ended it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ending {
    Ours(Closing),
    Theirs,
    Lost,
}

impl Visitor {
    /// Ready when this visitor is to be sent away; never for those who are where they belong.
    async fn is_due(&mut self) -> Closing {
        match self {
            Self::Nowhere => Closing::RoomInvalid,
            Self::Outside { join_due, pass, .. } => tokio::select! {
                biased;
                _ = pass.over() => Closing::SignedOut,
                () = join_due.as_mut() => Closing::JoinLate,
            },
            Self::Inside { guest } => match guest.permit_mut().withdrawn().await.code {
                Code::SignedOut => Closing::SignedOut,
                _ => Closing::Banned,
            },
            Self::Relay { .. } => std::future::pending().await,
        }
    }
}

/// Carries out one command of the chat, and returns the answer, if there is one.
async fn command(
    visitor: &mut Visitor,
    sender: &Sender,
    json: &str,
    peer: &Peer,
    app: &App,
) -> Result<Option<Written>, Refusal> {
    let caller = peer.caller;
    let admit = |command| conversation::admit(app, caller, json.len(), command);
    match visitor {
        Visitor::Outside { room, join_due, pass } => {
            if let Command::Join { name, session, since } = admit(Visit::Outside.receive(json))? {
                let hub = &app.rooms.wire().hub;
                let recipient = sender.recipient();
                let seat = |sender| Seat::WebSocket(hub.enter(hub_session(sender), recipient));
                let newcomer = Newcomer {
                    name,
                    session,
                    pass: pass.clone(),
                    since,
                };
                let joined = conversation::join(app, room, newcomer, seat, welcome).await;
                // The time the store took is not the visitor's.
                join_due.as_mut().reset(Instant::now() + JOIN_TIME);
                let guest = joined?;
                *visitor = Visitor::Inside { guest };
            }
            Ok(None)
        }
        Visitor::Inside { guest } => {
            let command = admit(Visit::Inside.receive(json))?;
            conversation::carry_out(app, caller, guest, command).await
        }
        Visitor::Relay { .. } | Visitor::Nowhere => Ok(None),
    }
}

/// The hub sends it: it must come before what the room says next.
fn welcome(seat: &Seat, welcome: Written) {
    if let Seat::WebSocket(membership) = seat {
        membership.send(Message::from(welcome.json).into());
    }
}

/// Queues an answer, unless whoever it is for is to be sent away while it doesn't fit; answers leave together when the next message is waited for.
async fn say(
    ws: &mut WebSocket,
    answer: Written,
    is_due: impl Future<Output = Closing>,
    app: &App,
) -> Result<(), Closing> {
    tokio::select! {
        biased;
        // That the connection is gone, `recv` will say.
        _ = ws.feed(answer.json) => Ok(()),
        () = app.stop.cancelled() => Err(Closing::Stopping),
        closing = is_due => Err(closing),
        () = sleep(READ_TIME) => Err(Closing::TooSlow),
    }
}

/// No chat room's name has a slash.
fn relay_room() -> RoomName {
    RoomName::try_from("/").unwrap_or_else(|error| unreachable!("{error}"))
}
