//! What a conversation is, whichever way it goes: a `join`, then commands and their answers.

use madang_hub::Position;

use super::app::App;
use super::limits::Caller;
use super::people::Pass;
use super::rooms::{Guest, Said, Seat, unavailable};
use crate::chat::{
    Change, ClientId, Code, Command, Event, Name, Place, Range, Refusal, Room, Sender, Session, Who, Written,
};
use crate::random;

/// Whoever wants in.
#[derive(Debug)]
pub(super) struct Newcomer {
    pub(super) name: Name,
    pub(super) session: Option<Session>,
    /// What the connection came by.
    pub(super) pass: Pass,
    /// What they have read already.
    pub(super) since: Option<Position>,
}

/// Steps into a room; `welcome` is handed the answer before anything that the room says next.
///
/// # Errors
/// The name is somebody else's, they may not be here, or the store failed; nothing has happened.
pub(super) async fn join(
    app: &App,
    room: &Room,
    newcomer: Newcomer,
    seat: impl FnOnce(Sender) -> Seat,
    welcome: impl FnOnce(&Seat, Written),
) -> Result<Guest, Refusal> {
    let room = app.rooms.open(room).await.map_err(|error| unavailable(&error))?;
    let name = app.people.call(newcomer.name, newcomer.pass.account()).await?;
    let session = newcomer.session.unwrap_or_else(new_session);
    let permit = room.permit(Who {
        name: Some(name.clone()),
        account: newcomer.pass.account().cloned(),
        sender: Some(session.sender()),
    })?;
    let permit = permit.by(newcomer.pass);
    if let Some(person) = permit.who().person() {
        room.know_readers(person)
            .await
            .map_err(|error| unavailable(&error))?;
        if let Err(error) = room.see(person).await {
            // Their marker is kept for some time all the same.
            tracing::debug!(%error, "that a guest was seen isn't stored");
        }
    }
    let seat = seat(session.sender());
    Ok(room.join(name, permit, session, seat, newcomer.since, welcome))
}

/// Counts a command of so many bytes, whatever it says.
///
/// # Errors
/// It is one too many, or was none in the first place.
pub(super) fn admit(
    app: &App,
    caller: Caller,
    bytes: usize,
    command: Result<Command, Refusal>,
) -> Result<Command, Refusal> {
    match (app.admit(caller, bytes), command) {
        (Ok(()), command) => command,
        (Err(refusal), Ok(Command::Send { client_id, .. })) => Err(refusal.about(client_id)),
        (Err(refusal), _) => Err(refusal),
    }
}

/// Carries out a command of somebody in a room, and returns the answer, if there is one.
///
/// # Errors
/// What they are to be told.
pub(super) async fn carry_out(
    app: &App,
    caller: Caller,
    guest: &Guest,
    command: Command,
) -> Result<Option<Written>, Refusal> {
    match command {
        Command::Send { client_id, change } => match act(app, caller, guest, &client_id, &change).await {
            Ok(Said {
                position,
                at,
                duplicate,
                unchanged,
            }) => {
                let ack = Event::Ack {
                    client_id: client_id.as_str(),
                    offset: position.offset,
                    epoch: position.epoch.to_string(),
                    at,
                    duplicate,
                    unchanged,
                };
                Ok(Some(ack.write()))
            }
            Err(refusal) => Err(refusal.about(client_id)),
        },
        Command::History(range) => history(guest, range).await.map(Some),
        Command::Read { offset } => {
            guest.read(offset);
            Ok(None)
        }
        Command::Typing { active } => {
            guest.typing(active);
            Ok(None)
        }
        Command::Join { .. } => Err(Code::AlreadyJoined.into()),
    }
}

async fn act(
    app: &App,
    caller: Caller,
    guest: &Guest,
    client_id: &ClientId,
    change: &Change,
) -> Result<Said, Refusal> {
    app.admit_message(caller, guest.permit().who().person(), guest.address())?;
    let said = guest.act(client_id, change).await?;
    if said.is_new() {
        app.metrics.said(guest.way());
    }
    Ok(said)
}

async fn history(guest: &Guest, range: Range) -> Result<Written, Refusal> {
    let excerpt = guest.history(range).await?;
    let (after, before, around) = match range.place {
        Place::Newest => (None, None, None),
        Place::After(offset) => (Some(offset), None, None),
        Place::Before(offset) => (None, Some(offset), None),
        Place::Around(offset) => (None, None, Some(offset)),
    };
    Ok(Event::History {
        messages: &excerpt.messages,
        after,
        before,
        around,
        epoch: excerpt.position.epoch.to_string(),
        more: excerpt.more,
        more_after: excerpt.more_after,
    }
    .write())
}

/// The answer to a command that isn't carried out.
pub(super) fn refused(refusal: &Refusal) -> Written {
    tracing::debug!(code = %refusal.code, "command refused");
    Event::from(refusal).write()
}

/// A session that nobody has had.
pub(super) fn new_session() -> Session {
    Session::new(u128::from_ne_bytes(random::bytes()))
}
