//! What people do in a room, on its way into the log: whether they may, and what it is there.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use super::open::{OpenRoom, Said, failed, now};
use crate::chat::{Act, Change, ClientId, Code, Name, Refusal, Who, mentions, possible_mentions, terms};
use crate::store::{Draft, Kind, Store, StoreError};

/// What somebody wants to do.
#[derive(Clone, Copy, Debug)]
pub(in crate::back) struct Doing<'a> {
    pub(in crate::back) author: &'a Name,
    /// Who they are. Their session isn't told.
    pub(in crate::back) who: &'a Who,
    pub(in crate::back) client_id: &'a ClientId,
    pub(in crate::back) change: &'a Change,
}

impl OpenRoom {
    /// Stores what somebody does, and tells everybody else.
    ///
    /// # Errors
    /// They may not, what it is about isn't there, the same `client_id` stood for something else, or the store failed: then it may be there all the same, and
    /// doing it again, with its id, is safe.
    pub(in crate::back) async fn act(self: &Arc<Self>, doing: Doing<'_>) -> Result<Said, Refusal> {
        if self.is_read_only() {
            return Err(Code::RoomReadOnly.into());
        }
        // Rooms in memory alone are read-only.
        let Some(store) = self.store() else {
            return Err(Code::RoomReadOnly.into());
        };
        self.may(&doing)?;
        self.check(store, &doing).await?;
        let text = doing.change.text().map(|text| text.as_str()).unwrap_or_default();
        let names = self
            .mentioned(store, text)
            .await
            .map_err(|error| failed(&error))?;
        let draft = self.draft(&doing, names);
        let turn = match doing.change {
            Change::Say { .. } => self.take_turn(store, doing.who, &draft).await?,
            _ => None,
        };
        let (author, sender) = (doing.author.clone(), doing.who.sender);
        // A moderator who has been told that they are banned has been told that they aren't heard.
        let said = self.put(draft, author, sender, || self.may(&doing)).await;
        // Where the store failed, it may be there all the same, and the turn is for saying it again.
        if let (Some(turn), Err(refusal)) = (turn, &said)
            && refusal.code != Code::StoreUnavailable
        {
            self.give_turn_back(store, turn).await;
        }
        said
    }

    /// Whether the room's rules let them.
    fn may(&self, doing: &Doing<'_>) -> Result<(), Refusal> {
        let act = match doing.change {
            Change::Say { text, .. } | Change::Edit { text, .. } => Act::Write(text.as_str()),
            Change::React { .. } => Act::Gesture,
            // Whoever is muted may take back what they have said.
            Change::Delete { .. } => Act::Stay,
        };
        self.rules().allow(doing.who, act, now())
    }

    /// Whether the message that it is about is there, and they may do it. A message is never another one's later, so that need not be asked in one step with
    /// storing; whether it has been deleted, must.
    async fn check(&self, store: &Store, doing: &Doing<'_>) -> Result<(), Refusal> {
        let Some(offset) = doing.change.about() else {
            return Ok(());
        };
        let message = store
            .message(self.name(), offset)
            .await
            .map_err(|error| failed(&error))?
            .ok_or(Code::MessageUnknown)?;
        let person = doing.who.person();
        let of = |written: &str, asking: Option<String>| asking.is_some_and(|asking| asking == written);
        let is_author = of(&message.person, person.map(|person| person.to_string()))
            || of(&message.sender, doing.who.sender.map(|sender| sender.to_string()));
        if matches!(doing.change, Change::React { .. }) && person.is_none() {
            // Nobody could take it back.
            return Err(Code::SessionInvalid.into());
        }
        Ok(doing.change.allowed(is_author, self.rules().role(doing.who))?)
    }

    /// Whom a text speaks to: people who are here, have read here, or have said something lately.
    async fn mentioned(&self, store: &Store, text: &str) -> Result<Vec<String>, StoreError> {
        let possible: BTreeSet<&str> = possible_mentions(text);
        if possible.is_empty() {
            return Ok(Vec::new());
        }
        let asked = possible.iter().map(|name| (*name).to_owned()).collect();
        let known: HashSet<String> = store.known(self.name(), asked).await?.into_iter().collect();
        let state = self.state();
        Ok(mentions(text, |name| {
            known.contains(name) || state.is_here(name) || state.reading.knows(name)
        }))
    }

    fn draft(&self, doing: &Doing<'_>, mentions: Vec<String>) -> Draft {
        let draft = Draft {
            room: self.name().to_owned(),
            author: doing.author.as_str().to_owned(),
            client_id: doing.client_id.as_str().to_owned(),
            sender: written(doing.who.sender),
            person: written(doing.who.person()),
            mentions,
            at: now(),
            epoch: self.history().position().epoch.as_u64().cast_signed(),
            ..Draft::default()
        };
        match doing.change {
            Change::Say { text, reply_to } => Draft {
                text: text.as_str().to_owned(),
                terms: terms(text.as_str()),
                reply_to: *reply_to,
                ..draft
            },
            Change::Edit { target, text } => Draft {
                kind: Kind::Edit,
                target: Some(*target),
                text: text.as_str().to_owned(),
                terms: terms(text.as_str()),
                ..draft
            },
            Change::Delete { target } => Draft {
                kind: Kind::Delete,
                target: Some(*target),
                ..draft
            },
            Change::React { target, emoji, on } => Draft {
                kind: if *on { Kind::React } else { Kind::Unreact },
                target: Some(*target),
                text: emoji.as_str().to_owned(),
                ..draft
            },
        }
    }
}

/// As it is stored: nothing, if it can't be told.
fn written(id: Option<impl ToString>) -> String {
    id.map(|id| id.to_string()).unwrap_or_default()
}
