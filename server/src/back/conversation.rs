//! What a conversation is, whichever way it goes: a `join`, then commands and their answers.

use super::app::App;
use super::rooms::Guest;
use super::seat::Seat;
use crate::chat::{Code, Command, Event, Name, Refusal, Room, Session, Written};
use crate::store::{Appended, StoreError};

/// Steps into a room; `welcome` is handed the answer before anything that the room says next.
///
/// # Errors
/// The store cannot say where the room stands; nothing has happened.
pub(super) async fn join(
    app: &App,
    room: &Room,
    name: Name,
    session: Option<Session>,
    seat: impl FnOnce(Session) -> Seat,
    welcome: impl FnOnce(&Seat, Written),
) -> Result<Guest, Refusal> {
    let session = session.unwrap_or_else(new_session);
    let seat = seat(session);
    let joined = app.rooms.join(room, name, session, seat, welcome).await;
    joined.map_err(|error| unavailable(&error))
}

/// Carries out a command of somebody in a room, and returns the answer, if there is one.
///
/// # Errors
/// What they are to be told.
pub(super) async fn carry_out(guest: &Guest, command: Command) -> Result<Option<Written>, Refusal> {
    match command {
        Command::Send { client_id, text } => match guest.send(&client_id, text).await {
            Ok(Appended { seq, at, duplicate }) => {
                let client_id = client_id.as_str();
                let ack = Event::Ack {
                    client_id,
                    seq,
                    at,
                    duplicate,
                };
                Ok(Some(ack.write()))
            }
            Err(error) => Err(unavailable(&error).about(client_id)),
        },
        Command::History(range) => {
            let history = guest.history(range).await;
            history.map(Some).map_err(|error| unavailable(&error))
        }
        Command::Typing { active } => {
            guest.typing(active);
            Ok(None)
        }
        Command::Join { .. } => Err(Code::AlreadyJoined.into()),
    }
}

/// The answer to a command that isn't carried out.
pub(super) fn refused(refusal: &Refusal) -> Written {
    tracing::debug!(code = %refusal.code, "command refused");
    Event::from(refusal).write()
}

/// A session that nobody has had.
pub(super) fn new_session() -> Session {
    let mut random = [0; 16];
    getrandom::fill(&mut random)
        .unwrap_or_else(|error| unreachable!("the system has no randomness: {error}"));
    Session::new(u128::from_ne_bytes(random))
}

fn unavailable(error: &StoreError) -> Refusal {
    tracing::error!(%error, "the store failed");
    Code::StoreUnavailable.into()
}
