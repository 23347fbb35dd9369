//! `/api/rooms/{room}/moderation`, `…/roles/{name}`, `…/reports`: keeping order in a room.

use std::sync::Arc;

use axum::Json;
use axum::RequestPartsExt as _;
use axum::extract::rejection::{JsonRejection, QueryRejection};
use axum::extract::{Extension, FromRequestParts, Path, Query, State};
use http::StatusCode;
use http::request::Parts;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::problem::Problem;
use super::room::InRoom;
use super::schema::{self, RoomParam};
use crate::back::app::App;
use crate::back::limits::Caller;
use crate::back::people::{Asking, Moderated, moderate, report, role_in};
use crate::back::rooms::{now, unavailable};
use crate::chat::{Action, Code, Name, Objection, Reason, Role, Session, Words};
use crate::store::{ModerationEntry, StoredMessage, StoredReport, StoredSanction};
use crate::whole;

/// Entries of the log, and reports, that one answer has at most.
const LISTED: u64 = 200;

/// What a moderator does.
#[derive(Deserialize, ToSchema)]
pub(in crate::back) struct NewAction {
    /// `mute`, `unmute`, `ban`, `unban`, `slow`, `words` or `resolve`.
    #[schema(example = "mute", pattern = "^(mute|unmute|ban|unban|slow|words|resolve)$")]
    action: String,
    /// Of `mute`, `unmute`, `ban` and `unban`: whom it is about.
    #[schema(value_type = Option<schema::Name>)]
    name: Option<String>,
    /// Of `mute` and `ban`: a message of a guest, whose session it is about too.
    #[serde(default, deserialize_with = "whole::option")]
    #[schema(minimum = 0, maximum = 9007199254740991_i64)]
    offset: Option<u64>,
    /// Of `mute` and `ban`: for how long, for ever if nothing is said. Of `slow`: how long everybody waits between two messages, 0 to 3,600.
    #[serde(default, deserialize_with = "whole::option")]
    #[schema(minimum = 0, maximum = 31622400)]
    seconds: Option<u64>,
    /// Of `words`: the words that the room doesn't want, at most 200 of 1 to 40 characters.
    #[schema(max_items = 200)]
    words: Option<Vec<String>>,
    /// Of `resolve`: the number of the report.
    #[serde(default, deserialize_with = "whole::option")]
    #[schema(minimum = 0, maximum = 9007199254740991_i64)]
    report: Option<u64>,
    /// Why, for those who ask later: at most 200 characters.
    #[schema(max_length = 200)]
    reason: Option<String>,
}

/// A role to give or to take.
#[derive(Deserialize, ToSchema)]
pub(in crate::back) struct NewRole {
    /// `moderator`, or nothing.
    #[schema(pattern = "^moderator$")]
    role: Option<String>,
}

/// What somebody finds wrong.
#[derive(Deserialize, ToSchema)]
pub(in crate::back) struct NewReport {
    /// With which message.
    #[serde(deserialize_with = "whole::number")]
    #[schema(minimum = 0, maximum = 9007199254740991_i64)]
    offset: u64,
    /// What: 1 to 200 characters.
    #[schema(min_length = 1, max_length = 200)]
    reason: String,
    /// The secret of a session, for those who aren't signed in and send none as a header.
    #[schema(value_type = Option<schema::Session>)]
    session: Option<String>,
}

/// A report that was taken.
#[derive(Serialize, ToSchema)]
#[schema(as = ReportTaken)]
pub(in crate::back) struct Taken {
    /// Its number.
    id: i64,
}

/// An entry of the moderation log.
#[derive(Serialize, ToSchema)]
pub(in crate::back) struct LogEntry {
    /// Its number: later ones are larger.
    id: i64,
    /// What was done.
    action: String,
    /// To whom.
    name: Option<String>,
    /// By whom.
    by: String,
    /// Why.
    reason: String,
    /// When, in milliseconds since 1970-01-01 UTC.
    at: i64,
    /// Until when it holds.
    until: Option<i64>,
    /// What else there is to know: seconds of slow mode, words as JSON, the role, the report.
    detail: Option<String>,
    /// It held already, so it is no entry: `id` is that of the room's last, or 0.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[schema(required = false)]
    unchanged: bool,
}

/// What holds in a room, for its moderators.
#[derive(Serialize, ToSchema)]
pub(in crate::back) struct Order {
    /// Who is muted or banned, the newest first.
    sanctions: Vec<SanctionView>,
    /// What moderators have set.
    settings: Settings,
    /// Who keeps order here.
    moderators: Vec<String>,
    /// What waits to be looked at, the newest first, at most 200.
    reports: Vec<ReportView>,
    /// What moderators have done, the newest first, at most 200.
    log: Vec<LogEntry>,
}

/// What moderators have set in a room.
#[derive(Serialize, ToSchema)]
#[schema(as = RoomSettings)]
pub(in crate::back) struct Settings {
    /// How long everybody waits between two messages; 0: not at all.
    slow_seconds: i64,
    /// What the room doesn't want to hear.
    words: Vec<String>,
}

/// Somebody who is muted or banned.
#[derive(Serialize, ToSchema)]
pub(in crate::back) struct SanctionView {
    /// The number of its entry in the log.
    id: i64,
    /// `mute` or `ban`.
    kind: String,
    /// Who.
    name: String,
    /// Whether that is an account.
    account: bool,
    /// By whom.
    by: String,
    /// Why.
    reason: String,
    /// Since when, in milliseconds since 1970-01-01 UTC.
    at: i64,
    /// Until when; for ever, if there is nothing.
    until: Option<i64>,
}

/// A report.
#[derive(Serialize, ToSchema)]
pub(in crate::back) struct ReportView {
    /// Its number.
    id: i64,
    /// Which message.
    offset: i64,
    /// Who wrote that.
    author: String,
    /// What it says.
    text: String,
    /// What is wrong.
    reason: String,
    /// Who says so, if they are signed in.
    by: Option<String>,
    /// When, in milliseconds since 1970-01-01 UTC.
    at: i64,
}

/// Which part of the log.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(in crate::back) struct Looking {
    /// Only entries before this number.
    #[param(minimum = 0, maximum = 9007199254740991_i64)]
    before: Option<u64>,
}

/// Whose role.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[allow(dead_code, reason = "it only describes")]
struct RoleParam {
    /// 1 to 64 letters or digits of any script, `-` or `_`. It need not be made.
    #[param(
        min_length = 1,
        max_length = 64,
        pattern = r"^[\p{L}\p{Nd}_-]+$",
        example = "lobby"
    )]
    room: String,
    /// The name of an account.
    #[param(min_length = 1, max_length = 40)]
    name: String,
}

/// A room, and a name in it.
pub(in crate::back) struct Whose {
    room: InRoom,
    name: Name,
}

impl FromRequestParts<Arc<App>> for Whose {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Problem> {
        let Path((room, name)) = parts
            .extract::<Path<(String, String)>>()
            .await
            .map_err(|_| Code::RoomInvalid)?;
        let room = app
            .rooms
            .open(&room.parse()?)
            .await
            .map_err(|error| unavailable(&error))?;
        let name = name.parse()?;
        Ok(Self {
            room: InRoom(room),
            name,
        })
    }
}

/// Look at a room's order
///
/// For its moderators.
#[utoipa::path(
    get, path = "/api/rooms/{room}/moderation", tag = "people",
    params(RoomParam, Looking),
    security(("account" = []), ("token" = [])),
    responses(
        (status = 200, description = "What holds, and how it came about", body = Order),
        (status = 400, description = "`history_invalid`", body = Problem),
        (status = 401, description = "`sign_in_required`, `token_unknown`, `api_key_unknown`", body = Problem),
        (status = 403, description = "`not_allowed`, `room_read_only`", body = Problem),
        (status = 404, description = "`room_invalid`", body = Problem),
        (status = 429, description = "`rate_limited`", body = Problem, headers(("Retry-After" = u64, description = "Seconds"))),
        (status = 503, description = "`store_unavailable`", body = Problem, headers(("Retry-After" = u64, description = "Seconds"))),
    ),
)]
pub(in crate::back) async fn look(
    State(app): State<Arc<App>>,
    InRoom(room): InRoom,
    Extension(asking): Extension<Asking>,
    looking: Result<Query<Looking>, QueryRejection>,
) -> Result<Json<Order>, Problem> {
    let Query(Looking { before }) = looking?;
    if role_in(&room, &asking)? < Role::Moderator {
        return Err(Objection::NotAllowed.into());
    }
    let (store, name) = (&app.store, room.name());
    let before = before.map(|before| i64::try_from(before).unwrap_or(i64::MAX));
    let read = async {
        let holds = store.moderation(name, now()).await?;
        let moderators = store.accounts(&holds.moderators).await?;
        let reports = store.reports(name, LISTED).await?;
        let log = store.moderation_log(name, before, LISTED).await?;
        Ok((holds, moderators, reports, log))
    };
    let (holds, moderators, reports, log) = read.await.map_err(|error| unavailable(&error))?;
    Ok(Json(Order {
        sanctions: holds.sanctions.into_iter().map(SanctionView::from).collect(),
        settings: Settings {
            slow_seconds: holds.slow_seconds,
            words: serde_json::from_str(&holds.words).unwrap_or_default(),
        },
        moderators: moderators.into_iter().map(|account| account.name).collect(),
        reports: reports.into_iter().map(ReportView::from).collect(),
        log: log.into_iter().map(LogEntry::from).collect(),
    }))
}

/// Keep order
///
/// For moderators, among those who may less than they. It acts on every connection of the room within a second, whichever process they are connected to.
#[utoipa::path(
    post, path = "/api/rooms/{room}/moderation", tag = "people",
    params(RoomParam),
    request_body = NewAction,
    security(("account" = []), ("token" = [])),
    responses(
        (status = 200, description = "Done, or done already (`unchanged`)", body = LogEntry),
        (status = 400, description = "`bad_json`, `moderation_invalid`, `name_invalid`, `name_too_long`", body = Problem),
        (status = 401, description = "`sign_in_required`, `token_unknown`, `api_key_unknown`", body = Problem),
        (status = 403, description = "`not_allowed`, `room_read_only`, `origin_refused`", body = Problem),
        (status = 404, description = "`room_invalid`; `person_unknown`: nobody of this name is muted or banned", body = Problem),
        (status = 409, description = "`too_many_sanctions`", body = Problem),
        (status = 413, description = "`bad_json`: more than 64 KiB", body = Problem),
        (status = 415, description = "`bad_json`: not `application/json`", body = Problem),
        (status = 422, description = "`bad_json`: not the documented fields", body = Problem),
        (status = 429, description = "`rate_limited`", body = Problem, headers(("Retry-After" = u64, description = "Seconds"))),
        (status = 503, description = "`store_unavailable`", body = Problem, headers(("Retry-After" = u64, description = "Seconds"))),
    ),
)]
pub(in crate::back) async fn act(
    State(app): State<Arc<App>>,
    InRoom(room): InRoom,
    Extension(asking): Extension<Asking>,
    body: Result<Json<NewAction>, JsonRejection>,
) -> Result<Json<LogEntry>, Problem> {
    let Json(new) = body?;
    let reason = Reason::new(new.reason.as_deref().unwrap_or_default())?;
    let offset = new.offset;
    let moderated = moderate(&app, &room, &asking, (new.action()?, offset), reason).await?;
    Ok(Json(moderated.into()))
}

/// Make a moderator
///
/// Or take the role back. For admins.
#[utoipa::path(
    put, path = "/api/rooms/{room}/roles/{name}", tag = "people",
    params(RoleParam),
    request_body = NewRole,
    security(("account" = []), ("token" = [])),
    responses(
        (status = 200, description = "Done, or done already (`unchanged`)", body = LogEntry),
        (status = 400, description = "`bad_json`, `moderation_invalid`, `name_invalid`, `name_too_long`", body = Problem),
        (status = 401, description = "`sign_in_required`, `token_unknown`, `api_key_unknown`", body = Problem),
        (status = 403, description = "`not_allowed`, `room_read_only`, `origin_refused`", body = Problem),
        (status = 404, description = "`room_invalid`; `person_unknown`: no account has this name", body = Problem),
        (status = 413, description = "`bad_json`: more than 64 KiB", body = Problem),
        (status = 415, description = "`bad_json`: not `application/json`", body = Problem),
        (status = 422, description = "`bad_json`: not the documented fields", body = Problem),
        (status = 429, description = "`rate_limited`", body = Problem, headers(("Retry-After" = u64, description = "Seconds"))),
        (status = 503, description = "`store_unavailable`", body = Problem, headers(("Retry-After" = u64, description = "Seconds"))),
    ),
)]
pub(in crate::back) async fn role(
    State(app): State<Arc<App>>,
    Whose { room, name }: Whose,
    Extension(asking): Extension<Asking>,
    body: Result<Json<NewRole>, JsonRejection>,
) -> Result<Json<LogEntry>, Problem> {
    let Json(NewRole { role }) = body?;
    let moderator = match role.as_deref() {
        Some("moderator") => true,
        None => false,
        Some(_) => return Err(Objection::ModerationInvalid.into()),
    };
    let action = Action::Role(name, moderator);
    let moderated = moderate(&app, &room.0, &asking, (action, None), Reason::default()).await?;
    Ok(Json(moderated.into()))
}

/// Report a message
///
/// To the room's moderators. Anybody may, each of them once for a message: 200 if they have before.
#[utoipa::path(
    post, path = "/api/rooms/{room}/reports", tag = "people",
    params(RoomParam),
    request_body = NewReport,
    security((), ("api_key" = []), ("account" = []), ("token" = []), ("session" = [])),
    responses(
        (status = 201, description = "It waits for a moderator", body = Taken),
        (status = 200, description = "It had been reported before", body = Taken),
        (status = 400, description = "`bad_json`, `report_invalid`, `session_invalid`", body = Problem),
        (status = 401, description = "`token_unknown`, `api_key_unknown`", body = Problem),
        (status = 403, description = "`banned`, `room_read_only`, `origin_refused`", body = Problem),
        (status = 404, description = "`room_invalid`, `message_unknown`", body = Problem),
        (status = 409, description = "`too_many_reports`", body = Problem),
        (status = 410, description = "`message_deleted`", body = Problem),
        (status = 413, description = "`bad_json`: more than 64 KiB", body = Problem),
        (status = 415, description = "`bad_json`: not `application/json`", body = Problem),
        (status = 422, description = "`bad_json`: not the documented fields", body = Problem),
        (status = 429, description = "`rate_limited`", body = Problem, headers(("Retry-After" = u64, description = "Seconds"))),
        (status = 503, description = "`store_unavailable`", body = Problem, headers(("Retry-After" = u64, description = "Seconds"))),
    ),
)]
pub(in crate::back) async fn complain(
    State(app): State<Arc<App>>,
    InRoom(room): InRoom,
    Extension(caller): Extension<Caller>,
    Extension(mut asking): Extension<Asking>,
    body: Result<Json<NewReport>, JsonRejection>,
) -> Result<(StatusCode, Json<Taken>), Problem> {
    let Json(new) = body?;
    let session: Option<Session> = new.session.as_deref().map(str::parse).transpose()?;
    asking.sender = session.map(Session::sender).or(asking.sender);
    room.permit(asking.who(None))?;
    // It counts as something said.
    app.admit_message(caller, asking.person(), room.address())?;
    let reporter = match (asking.person(), caller) {
        (Some(person), _) => person.to_string(),
        (None, Caller::Address(address)) => address.to_string(),
        (None, Caller::Key(key)) => format!("key {key}"),
    };
    let (id, is_new) = report(&app, &room, (&asking, reporter), new.offset, &new.reason).await?;
    let status = if is_new {
        StatusCode::CREATED
    } else {
        StatusCode::OK
    };
    Ok((status, Json(Taken { id })))
}

impl NewAction {
    fn action(self) -> Result<Action, Problem> {
        let name = |name: Option<String>| match name {
            Some(name) => Ok(name.parse::<Name>()?),
            None => Err(Problem::from(Objection::ModerationInvalid)),
        };
        Ok(match &*self.action {
            "mute" => Action::Mute(name(self.name)?, Action::time(self.seconds)?),
            "ban" => Action::Ban(name(self.name)?, Action::time(self.seconds)?),
            "unmute" => Action::Unmute(name(self.name)?),
            "unban" => Action::Unban(name(self.name)?),
            "slow" => Action::slow(self.seconds)?,
            "words" => Action::Words(Words::new(&self.words.ok_or(Objection::ModerationInvalid)?)?),
            "resolve" => {
                let report = self.report.and_then(|report| i64::try_from(report).ok());
                Action::Resolve(report.ok_or(Objection::ModerationInvalid)?)
            }
            _ => return Err(Objection::ModerationInvalid.into()),
        })
    }
}

impl From<ModerationEntry> for LogEntry {
    fn from(entry: ModerationEntry) -> Self {
        Self {
            id: entry.number,
            action: entry.action,
            name: entry.name,
            by: entry.by_name,
            reason: entry.reason,
            at: entry.at,
            until: entry.until,
            detail: entry.detail,
            unchanged: false,
        }
    }
}

impl From<Moderated> for LogEntry {
    fn from(Moderated { entry, unchanged }: Moderated) -> Self {
        Self {
            unchanged,
            ..entry.into()
        }
    }
}

impl From<StoredSanction> for SanctionView {
    fn from(stored: StoredSanction) -> Self {
        Self {
            id: stored.id,
            kind: stored.kind,
            name: stored.name,
            account: stored.account.is_some(),
            by: stored.by_name,
            reason: stored.reason,
            at: stored.at,
            until: stored.until,
        }
    }
}

impl From<(StoredReport, Option<StoredMessage>)> for ReportView {
    fn from((report, message): (StoredReport, Option<StoredMessage>)) -> Self {
        let (author, text) = message
            .map(|message| (message.author, message.text))
            .unwrap_or_default();
        Self {
            id: report.id,
            offset: report.offset,
            author,
            text,
            reason: report.reason,
            by: report.by_name,
            at: report.at,
        }
    }
}
