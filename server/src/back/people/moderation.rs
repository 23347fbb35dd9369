//! Carrying out what moderators do, and taking reports.

use std::sync::Arc;

use super::Asking;
use crate::back::app::App;
use crate::back::rooms::{OpenRoom, now};
use crate::chat::{
    Account, AccountId, Action, Code, MAX_OFFSET, Name, NameKey, Objection, Person, REPORTS_LIMIT, Reason,
    Role, SANCTIONS_LIMIT, Who,
};
use crate::random;
use crate::store::{Effect, Moderating, ModerationEntry, Reported, StoredReport};

/// What somebody may do in a room.
///
/// # Errors
/// [`Objection::SignInRequired`]; or only the server says something here.
pub(in crate::back) fn role_in(room: &OpenRoom, asking: &Asking) -> Result<Role, Objection> {
    asking.account()?;
    if room.is_read_only() {
        return Err(Code::RoomReadOnly.into());
    }
    Ok(room.rules().role(&asking.who(None)))
}

/// What became of what a moderator said.
pub(in crate::back) struct Moderated {
    /// The entry of the log; if there is none, what it would have said, and the number of the room's last.
    pub(in crate::back) entry: ModerationEntry,
    /// It held already, and nothing was stored.
    pub(in crate::back) unchanged: bool,
}

/// Does what a moderator says: when this returns it is stored and acts here; in other processes it acts when they look next. What holds already is no entry
/// of the log.
///
/// # Errors
/// They may not, there is nothing to be done, or the store failed.
pub(in crate::back) async fn moderate(
    app: &App,
    room: &Arc<OpenRoom>,
    asking: &Asking,
    (action, offset): (Action, Option<u64>),
    reason: Reason,
) -> Result<Moderated, Objection> {
    let by = role_in(room, asking)?;
    // Whoever may nothing learns nothing about others either.
    action.allow(by, None)?;
    let target = match action.about() {
        Some(name) => app.people.named(name).await?,
        None => None,
    };
    let about = action.about().map(|_| {
        let account = target.clone();
        room.rules().role(&Who {
            account,
            ..Who::default()
        })
    });
    action.allow(
        by,
        about.filter(|_| !matches!(action, Action::Unmute(_) | Action::Unban(_))),
    )?;
    let effect = effect(app, room, &action, target.as_ref(), offset).await?;
    let at = now();
    // An account's name as it is written there.
    let name = target.as_ref().map(|account| account.name.clone());
    let name = name.or_else(|| action.about().cloned());
    let mut entry = ModerationEntry {
        number: 0,
        room: room.name().to_owned(),
        action: action.name().to_owned(),
        name: name.map(|name| name.as_str().to_owned()),
        by_name: asking.account()?.name.as_str().to_owned(),
        reason: reason.as_str().to_owned(),
        at,
        until: action.until(at),
        detail: detail(&action),
    };
    match app.store.moderate(&entry, &effect).await? {
        Moderating::Done(number) => entry.number = number,
        Moderating::Already(number) => {
            entry.number = number;
            let unchanged = true;
            return Ok(Moderated { entry, unchanged });
        }
        Moderating::Nothing if action.about().is_none() => return Err(Objection::ModerationInvalid),
        Moderating::Nothing => return Err(Objection::PersonUnknown),
        Moderating::TooMany => return Err(Objection::TooManySanctions),
    }
    if let Err(error) = app.rooms.keep_order().await {
        // It is stored: whoever looks next does what it says.
        tracing::warn!(%error, "what a moderator did acts a little later");
    }
    let unchanged = false;
    Ok(Moderated { entry, unchanged })
}

/// Takes a report of a message. Returns its number, and whether it is new.
///
/// # Errors
/// What is wrong with it, or the store failed.
pub(in crate::back) async fn report(
    app: &App,
    room: &OpenRoom,
    (asking, reporter): (&Asking, String),
    offset: u64,
    reason: &str,
) -> Result<(i64, bool), Objection> {
    let reason = Reason::new(reason).map_err(|_| Objection::ReportInvalid)?;
    if offset > MAX_OFFSET || reason.as_str().is_empty() {
        return Err(Objection::ReportInvalid);
    }
    if room.is_read_only() {
        return Err(Code::RoomReadOnly.into());
    }
    let report = StoredReport {
        // At most what every program that reads JSON can hold.
        id: (u64::from_ne_bytes(random::bytes()) & MAX_OFFSET).cast_signed(),
        room: room.name().to_owned(),
        offset: offset.cast_signed(),
        reporter,
        by_name: asking
            .account
            .as_ref()
            .map(|account| account.name.as_str().to_owned()),
        reason: reason.as_str().to_owned(),
        at: now(),
        resolved: None,
    };
    match app.store.report(&report, REPORTS_LIMIT).await? {
        Reported::New(id) => Ok((id, true)),
        Reported::Before(id) => Ok((id, false)),
        Reported::NoSuchMessage => Err(Objection::NoSuchMessage),
        Reported::Deleted => Err(Objection::Refused(Code::MessageDeleted.into())),
        Reported::TooMany => Err(Objection::TooManyReports),
    }
}

/// What changes in the database.
async fn effect(
    app: &App,
    room: &OpenRoom,
    action: &Action,
    target: Option<&Account>,
    offset: Option<u64>,
) -> Result<Effect, Objection> {
    let kind = match action {
        Action::Mute(..) | Action::Unmute(_) => "mute",
        _ => "ban",
    };
    Ok(match action {
        Action::Mute(name, _) | Action::Ban(name, _) => {
            // An account that signs out would be back as a guest with the same session.
            let account = target.map(|account| account.id);
            let written = target.map_or(name, |target| &target.name);
            let sender = session_of(app, room, (written, account), offset).await?;
            Effect::Sanction {
                kind,
                account: account.map(|account| account.0),
                sender,
                name_key: NameKey::of(name).as_str().to_owned(),
                limit: SANCTIONS_LIMIT,
            }
        }
        Action::Unmute(name) | Action::Unban(name) => Effect::Lift {
            kind,
            name_key: NameKey::of(name).as_str().to_owned(),
        },
        Action::Slow(time) => Effect::Slow(i64::try_from(time.as_secs()).unwrap_or(i64::MAX)),
        Action::Words(words) => Effect::Words(serde_json::to_string(words.as_slice()).unwrap_or_default()),
        Action::Resolve(report) => Effect::Resolve(*report),
        Action::Role(_, moderator) => {
            let account = target.ok_or(Objection::PersonUnknown)?;
            Effect::Moderator(account.id.0, *moderator)
        }
    })
}

/// The session of a guest or an account: the one that wrote a message, that is here now, or that last said something.
async fn session_of(
    app: &App,
    room: &OpenRoom,
    (name, account): (&Name, Option<AccountId>),
    offset: Option<u64>,
) -> Result<Option<String>, Objection> {
    // Before somebody took the name for an account, it was a guest's.
    let person = account.map(|account| Person::Account(account).to_string());
    if let Some(offset) = offset.and_then(|offset| i64::try_from(offset).ok()) {
        // Somebody else's message says nothing about who is meant.
        if let Some((author, by, sender)) = app.store.sender_of(room.name(), offset).await?
            && author
                .parse()
                .is_ok_and(|author| NameKey::of(&author) == NameKey::of(name))
            && person.as_ref().is_none_or(|person| *person == by)
        {
            return Ok(Some(sender));
        }
    }
    match room.sender_named(name, account) {
        Some(here) => Ok(Some(here.to_string())),
        None => Ok(app
            .store
            .last_sender(room.name(), name.as_str(), person.as_deref())
            .await?),
    }
}

/// What else the log says.
fn detail(action: &Action) -> Option<String> {
    match action {
        Action::Slow(time) => Some(time.as_secs().to_string()),
        Action::Words(words) => serde_json::to_string(words.as_slice()).ok(),
        Action::Resolve(report) => Some(report.to_string()),
        Action::Role(_, moderator) => Some(if *moderator { "moderator" } else { "member" }.to_owned()),
        Action::Mute(..) | Action::Ban(..) | Action::Unmute(_) | Action::Unban(_) => None,
    }
}
