//! `PUT /api/rooms/{room}/read` and `GET /api/unread`: who has read what, without a socket.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::{JsonRejection, QueryRejection};
use axum::extract::{Extension, Query, State};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::problem::Problem;
use super::room::InRoom;
use super::schema::{self, RoomParam};
use crate::back::app::App;
use crate::back::limits::Caller;
use crate::back::people::Asking;
use crate::back::rooms::unavailable;
use crate::chat::{Code, MAX_OFFSET, Marker, Name, Room, Session, UNREAD_ROOMS, Who};
use crate::store::ReaderOf;
use crate::whole;

/// Up to where somebody has read.
#[derive(Debug, Deserialize, ToSchema)]
pub(in crate::back) struct NewMarker {
    /// The last offset that they have read.
    #[serde(deserialize_with = "whole::number")]
    #[schema(minimum = 0, maximum = 9007199254740991_i64)]
    offset: u64,
    /// Who: 1 to 40 characters.
    #[schema(value_type = schema::Name)]
    name: String,
    /// The secret of a session, unless `Authorization` says who asks.
    #[schema(value_type = Option<schema::Session>)]
    session: Option<String>,
}

/// Up to where somebody has read now.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::back) struct ReadUpTo {
    /// The furthest that they have said; no further than the room goes.
    read: u64,
}

/// Which rooms, and whose.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(in crate::back) struct Listing {
    /// 1 to 50 rooms, with commas between them.
    #[param(value_type = schema::Rooms)]
    rooms: Option<String>,
    /// The name by which others speak to the reader. An account has its own.
    #[param(value_type = Option<schema::Name>)]
    name: Option<String>,
}

/// What somebody hasn't read.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::back) struct UnreadRooms {
    /// In the order in which they were asked for, without those where they may not be.
    rooms: Vec<UnreadRoom>,
}

/// What somebody hasn't read of one room.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::back) struct UnreadRoom {
    /// Its name.
    room: String,
    /// Up to where they have read; 0 if nothing.
    read: u64,
    /// Offset of the newest entry.
    offset: u64,
    /// Others' messages behind that among the room's last 2,000 entries, 1,000 at most.
    #[schema(maximum = 1000)]
    unread: u64,
    /// Those of them that speak to the reader.
    mentions: u64,
}

/// Say up to where you have read
///
/// The marker never moves back. The others in the room hear of it, once a second at most.
#[utoipa::path(
    put, path = "/api/rooms/{room}/read", tag = "rooms",
    params(RoomParam),
    request_body = NewMarker,
    security((), ("account" = []), ("token" = []), ("session" = [])),
    responses(
        (status = 200, description = "Read up to there", body = ReadUpTo),
        (status = 400, description = "`bad_json`, `name_invalid`, `name_too_long`, `session_invalid`: also where none says who asks, `history_invalid`", body = Problem),
        (status = 401, description = "`api_key_unknown`, `token_unknown`", body = Problem),
        (status = 403, description = "`banned`, `name_reserved`, `origin_refused`", body = Problem),
        (status = 404, description = "`room_invalid`", body = Problem),
        (status = 413, description = "`bad_json`: more than 64 KiB", body = Problem),
        (status = 415, description = "`bad_json`: not `application/json`", body = Problem),
        (status = 422, description = "`bad_json`: not the documented fields", body = Problem),
        (status = 429, description = "`rate_limited`", body = Problem, headers(("Retry-After" = u64, description = "Seconds"))),
        (status = 503, description = "`store_unavailable`", body = Problem, headers(("Retry-After" = u64, description = "Seconds"))),
    ),
)]
pub(in crate::back) async fn read(
    State(app): State<Arc<App>>,
    InRoom(room): InRoom,
    Extension(asking): Extension<Asking>,
    body: Result<Json<NewMarker>, JsonRejection>,
) -> Result<Json<ReadUpTo>, Problem> {
    let Json(new) = body?;
    let session: Option<Session> = new.session.as_deref().map(str::parse).transpose()?;
    let sender = session.map(Session::sender).or(asking.sender);
    let name = app
        .people
        .call(new.name.parse()?, asking.account.as_ref())
        .await?;
    let who = Who {
        sender,
        ..asking.who(Some(name.clone()))
    };
    let person = who.person().ok_or(Code::SessionInvalid)?;
    room.permit(who)?;
    if new.offset > MAX_OFFSET {
        return Err(Code::HistoryInvalid.into());
    }
    room.know_readers(person)
        .await
        .map_err(|error| unavailable(&error))?;
    let read = room.read_up_to(Marker {
        person,
        name,
        offset: new.offset,
        sender,
    });
    Ok(Json(ReadUpTo { read }))
}

/// How much you haven't read
///
/// Of each room: others' messages behind your marker, and how many of them speak to you. Rooms where you are banned are left out. It counts as a request for each room.
#[utoipa::path(
    get, path = "/api/unread", tag = "rooms",
    params(Listing),
    security(("account" = []), ("token" = []), ("session" = [])),
    responses(
        (status = 200, description = "What is unread", body = UnreadRooms),
        (status = 400, description = "`unread_invalid`, `room_invalid`, `name_invalid`, `name_too_long`, `session_invalid`: also where none says who asks", body = Problem),
        (status = 401, description = "`api_key_unknown`, `token_unknown`", body = Problem),
        (status = 429, description = "`rate_limited`", body = Problem, headers(("Retry-After" = u64, description = "Seconds"))),
        (status = 503, description = "`store_unavailable`", body = Problem, headers(("Retry-After" = u64, description = "Seconds"))),
    ),
)]
pub(in crate::back) async fn unread(
    State(app): State<Arc<App>>,
    listing: Result<Query<Listing>, QueryRejection>,
    Extension(caller): Extension<Caller>,
    Extension(asking): Extension<Asking>,
) -> Result<Json<UnreadRooms>, Problem> {
    let Query(listing) = listing?;
    let names = listing.rooms.unwrap_or_default();
    let names: Vec<&str> = names.split(',').filter(|name| !name.is_empty()).collect();
    if !(1..=UNREAD_ROOMS).contains(&names.len()) {
        return Err(Code::UnreadInvalid.into());
    }
    // The first one has been counted.
    for _ in 1..names.len() {
        app.admit(caller, 0)?;
    }
    let asked: Result<Vec<Room>, Code> = names.into_iter().map(str::parse).collect();
    let name: Option<Name> = listing.name.as_deref().map(str::parse).transpose()?;
    let person = asking.person().ok_or(Code::SessionInvalid)?;
    let name = asking
        .account
        .as_ref()
        .map(|account| account.name.clone())
        .or(name);
    let (of_person, sender) = (person.to_string(), asking.sender.map(|sender| sender.to_string()));
    let reader = ReaderOf {
        person: &of_person,
        sender: sender.as_deref().unwrap_or(&of_person),
        name: name.as_ref().map(Name::as_str),
    };
    let mut rooms = Vec::new();
    for room in asked? {
        let room = app.rooms.open(&room).await.map_err(|error| unavailable(&error))?;
        // As for reading it.
        if room.permit(asking.who(name.clone())).is_err() {
            continue;
        }
        let (read, unread, offset) = room
            .unread(person, reader)
            .await
            .map_err(|error| unavailable(&error))?;
        rooms.push(UnreadRoom {
            room: room.name().to_owned(),
            read,
            offset,
            unread: unread.messages,
            mentions: unread.mentions,
        });
    }
    Ok(Json(UnreadRooms { rooms }))
}
