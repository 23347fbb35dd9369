//! One room: what is said in it, and its history.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use madang_hub::{Epoch, History, HistoryLimits, Position, RoomName, SessionId};
use tokio::sync::{OnceCell, watch};

use super::Shared;
use super::entry::event;
use super::guest::State;
use crate::chat::{Code, Event, HISTORY_LIMIT, Name, Refusal, Room, Rules, Sender};
use crate::random;
use crate::store::{Draft, Kind, Store, StoreError, StoredMessage, Unfit};

/// What a room with a database behind it keeps in memory for those who were away for a moment: more is read from the database.
const RECENT: HistoryLimits = HistoryLimits {
    entries: 512,
    bytes: 256 * 1024,
    age: Duration::from_secs(3600),
};

/// How often a room should be asked in which something was said just now: more often would not be polling any more.
const POLL_OFTEN: Duration = Duration::from_secs(1);

/// How often a quiet room should be asked: what the tutorial's polling pages do.
const POLL_SELDOM: Duration = Duration::from_secs(10);

/// One room. It exists while somebody holds it.
#[derive(Debug)]
pub(in crate::back) struct OpenRoom {
    name: Room,
    /// The hub's name of it.
    address: RoomName,
    shared: Arc<Shared>,
    /// One message at a time is stored and published.
    turn: Arc<tokio::sync::Mutex<()>>,
    /// Whoever publishes or steps in holds it.
    state: Mutex<State>,
    /// What holds here: empty before the room is prepared.
    pub(super) rules: watch::Sender<Arc<Rules>>,
    /// Set when it is known where the room stands.
    history: OnceCell<History>,
    /// Set when it is known who has read what.
    pub(super) readers: OnceCell<()>,
}

/// What became of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::back) struct Said {
    /// Where it is.
    pub(in crate::back) position: Position,
    /// When it was stored, in milliseconds since 1970-01-01 UTC; for a duplicate, the first one's time.
    pub(in crate::back) at: i64,
    /// It was there already.
    pub(in crate::back) duplicate: bool,
    /// There was nothing to change: it isn't in the log, and the position and the time are those of the message that it is about.
    pub(in crate::back) unchanged: bool,
}

impl Said {
    /// Whether the log has an entry more.
    pub(in crate::back) fn is_new(&self) -> bool {
        !self.duplicate && !self.unchanged
    }
}

/// What the server itself says in a room.
#[derive(Clone, Copy, Debug)]
pub(in crate::back) struct Saying<'a> {
    pub(in crate::back) author: &'a Name,
    pub(in crate::back) client_id: &'a str,
    pub(in crate::back) text: &'a str,
    /// Whom it isn't told.
    pub(in crate::back) sender: Option<Sender>,
}

impl OpenRoom {
    pub(super) fn new(name: &Room, shared: &Arc<Shared>) -> Self {
        Self {
            name: name.clone(),
            address: address(name),
            shared: shared.clone(),
            turn: Arc::default(),
            state: Mutex::default(),
            rules: watch::Sender::default(),
            history: OnceCell::new(),
            readers: OnceCell::new(),
        }
    }

    /// Learns where the room stands, if that isn't known yet. Whoever waits for others to learn it is told as soon as they are that the store doesn't answer.
    pub(super) async fn prepare(&self) -> Result<(), StoreError> {
        let prepared = self.history.get_or_try_init(|| async {
            self.learn_rules().await?;
            let standing = match self.store() {
                Some(store) => store.standing(self.name()).await?,
                None => None,
            };
            let start = match standing {
                Some(standing) => Position {
                    offset: standing.offset.cast_unsigned(),
                    epoch: Epoch::new(standing.epoch.cast_unsigned()),
                },
                None => Position {
                    offset: 0,
                    epoch: Epoch::new(u64::from_ne_bytes(random::bytes())),
                },
            };
            let limits = self.store().map_or_else(HistoryLimits::default, |_| RECENT);
            Ok(History::new(&self.shared.wire.hub, &self.address, start, limits))
        });
        in_time(prepared).await.map(|_| ())
    }

    pub(in crate::back) fn name(&self) -> &str {
        self.name.as_str()
    }

    /// Where it is in the hub.
    pub(in crate::back) fn address(&self) -> &RoomName {
        &self.address
    }

    /// Whether only the server says something here.
    pub(in crate::back) fn is_read_only(&self) -> bool {
        self.name.is_read_only()
    }

    /// Whether its history is in the database too.
    pub(in crate::back) fn is_durable(&self) -> bool {
        self.name.is_durable()
    }

    /// Where its messages are kept, unless that is in memory.
    pub(super) fn store(&self) -> Option<&Store> {
        self.name.is_durable().then_some(&self.shared.store)
    }

    pub(in crate::back) fn history(&self) -> &History {
        self.history
            .get()
            .unwrap_or_else(|| unreachable!("nobody is handed a room before it is prepared"))
    }

    pub(super) fn shared(&self) -> &Shared {
        &self.shared
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// When it makes sense to ask for news again: soon where much is said.
    pub(in crate::back) fn poll_after(&self) -> Duration {
        let quiet = self.state().said.map_or(POLL_SELDOM, |said| said.elapsed() / 8);
        quiet.clamp(POLL_OFTEN, POLL_SELDOM)
    }

    /// Stores what the server says, which may do so everywhere, and tells everybody.
    ///
    /// # Errors
    /// As [`Self::put`].
    pub(in crate::back) async fn announce(self: &Arc<Self>, saying: Saying<'_>) -> Result<Said, Refusal> {
        let draft = Draft {
            room: self.name().to_owned(),
            author: saying.author.as_str().to_owned(),
            client_id: saying.client_id.to_owned(),
            sender: saying.sender.map(|sender| sender.to_string()).unwrap_or_default(),
            text: saying.text.to_owned(),
            at: now(),
            epoch: self.history().position().epoch.as_u64().cast_signed(),
            ..Draft::default()
        };
        self.put(draft, saying.author.clone(), saying.sender, || Ok(()))
            .await
    }

    /// Puts an entry into the log, and tells everybody but its sender, if they still may when it's their turn; unless it changes nothing.
    ///
    /// # Errors
    /// They may not; the same `client_id` stood for something else, what it is about isn't what it was any more, or the store failed: then the entry may be there all the
    /// same, and putting it there again, with its id, is safe.
    pub(super) async fn put(
        self: &Arc<Self>,
        draft: Draft,
        author: Name,
        sender: Option<Sender>,
        may: impl FnOnce() -> Result<(), Refusal>,
    ) -> Result<Said, Refusal> {
        // Where each waits for a store that doesn't answer, those behind are told as soon as the first.
        let turn = tokio::time::timeout(Store::OPERATION_TIME, self.turn.clone().lock_owned()).await;
        let turn = turn.map_err(|_| unavailable(&StoreError::Time))?;
        may()?;
        let Some(store) = self.store().cloned() else {
            return Ok(Said {
                position: self.publish(&author, sender, |offset| draft.at(offset)),
                at: draft.at,
                duplicate: false,
                unchanged: false,
            });
        };
        let room = self.clone();
        // Whoever says it may go away meanwhile: what is stored is told all the same.
        let said = tokio::spawn(async move {
            let _turn = turn;
            room.store_and_tell(&store, &author, sender, &draft).await
        });
        said.await.unwrap_or_else(|error| {
            tracing::error!(%error, "a message was given up");
            Err(Code::StoreUnavailable.into())
        })
    }

    /// The caller has the turn.
    async fn store_and_tell(
        &self,
        store: &Store,
        author: &Name,
        sender: Option<Sender>,
        draft: &Draft,
    ) -> Result<Said, Refusal> {
        let appended = match store.append(draft).await {
            Ok(appended) if !appended.unchanged => {
                self.publish_missed(appended.offset).await.map(|()| appended)
            }
            appended => appended,
        };
        let appended = appended.map_err(|error| failed(&error))?;
        if appended.differs {
            return Err(Code::ClientIdUsed.into());
        }
        let now = self.history().position();
        let offset = appended.offset.cast_unsigned();
        if !appended.unchanged && offset > now.offset {
            self.publish(author, sender, |offset| StoredMessage {
                at: appended.at,
                ..draft.at(offset)
            });
        }
        Ok(Said {
            position: Position { offset, ..now },
            at: appended.at,
            duplicate: appended.duplicate,
            unchanged: appended.unchanged,
        })
    }

    /// Tells everybody but its sender.
    fn publish(
        &self,
        author: &Name,
        sender: Option<Sender>,
        entry: impl FnOnce(i64) -> StoredMessage,
    ) -> Position {
        let state = &mut *self.state();
        let entry = entry(self.history().position().offset.cast_signed() + 1);
        if entry.kind == Kind::Message
            && let Some(stopped) = state.stopped_typing(author)
        {
            self.tell(&stopped, state.seats_of(sender));
        }
        self.tell_entry(state, &entry, sender)
    }

    /// Tells what has its place in the history. The caller holds the state, and the turn.
    fn tell_entry(&self, state: &mut State, entry: &StoredMessage, sender: Option<Sender>) -> Position {
        if let (Kind::Edit | Kind::Delete, Some(target)) = (entry.kind, entry.target) {
            state.changed = state.changed.max(target.cast_unsigned());
        }
        let now = Instant::now();
        state.said = Some(now);
        let seats = state.seats_of(sender);
        self.history().publish(now, &seats, |position| {
            self.shared.wire.publication(&event(entry), Some(position))
        })
    }

    /// Tells what has no place in the history. The caller holds the state.
    pub(super) fn tell(&self, event: &Event<'_>, except: impl IntoIterator<Item = SessionId>) {
        let wire = &self.shared.wire;
        let target = wire.hub.to(&self.address);
        let others = except
            .into_iter()
            .fold(target, |others, session| others.except_session(session));
        others.publish(wire.publication(event, None));
    }

    /// Publishes what was stored between the last published message and `offset` by somebody who couldn't publish it: a commit whose answer got lost. The
    /// caller has the turn.
    async fn publish_missed(&self, offset: i64) -> Result<(), StoreError> {
        let Some(store) = self.store() else { return Ok(()) };
        loop {
            let last = self.history().position().offset.cast_signed();
            if offset <= last + 1 {
                return Ok(());
            }
            let missed = store.after(self.name(), last, HISTORY_LIMIT).await?;
            let state = &mut *self.state();
            for row in missed.messages.iter().filter(|row| row.offset < offset) {
                self.tell_entry(state, row, row.sender.parse().ok());
            }
            if self.history().position().offset.cast_signed() == last {
                return Ok(());
            }
        }
    }
}

impl Drop for OpenRoom {
    fn drop(&mut self) {
        self.shared.forget(&self.name);
    }
}

/// Waits for what others may be asking the store already no longer than for the store.
pub(in crate::back) async fn in_time<T>(
    asked: impl Future<Output = Result<T, StoreError>>,
) -> Result<T, StoreError> {
    let answer = tokio::time::timeout(Store::OPERATION_TIME, asked).await;
    answer.unwrap_or(Err(StoreError::Time))
}

pub(in crate::back) fn unavailable(error: &StoreError) -> Refusal {
    tracing::error!(%error, "the store failed");
    Code::StoreUnavailable.into()
}

/// The same for a change, which may also have come too late.
pub(super) fn failed(error: &StoreError) -> Refusal {
    match error {
        StoreError::Unfit(Unfit::Deleted) => Code::MessageDeleted.into(),
        StoreError::Unfit(Unfit::TooManyReactions) => Code::TooManyReactions.into(),
        error => unavailable(error),
    }
}

/// A chat room has the same name in the hub: 64 characters of UTF-8 are 256 bytes at most, none of them a control character.
pub(in crate::back) fn address(room: &Room) -> RoomName {
    RoomName::try_from(room.as_str()).unwrap_or_else(|error| unreachable!("{error}"))
}

/// Milliseconds since 1970-01-01 UTC.
pub(in crate::back) fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use futures_util::FutureExt as _;
    use madang_hub::Hub;
    use tokio_util::sync::CancellationToken;
    use tokio_util::task::TaskTracker;

    use super::*;
    use crate::back::rooms::{Doing, Rooms, Wire};
    use crate::back::socketio;
    use crate::chat::{AccountId, Change, ClientId, Person, Session, Text, Who};
    use crate::store::{Effect, ModerationEntry};

    async fn lobby(directory: &tempfile::TempDir) -> (Store, Arc<OpenRoom>) {
        let url = format!("sqlite://{}", directory.path().join("test.db").display());
        let store = Store::open(&url.parse().unwrap()).await.unwrap();
        let (stop, (hub, _flusher)) = (CancellationToken::new(), Hub::new());
        let io = socketio::server(&hub, &[], stop.clone());
        let wire = Wire {
            hub,
            namespace: io.main().clone(),
            market: io.of("/market"),
        };
        let rooms = Rooms::new(wire, store.clone(), stop, TaskTracker::new());
        let room = rooms.open(&"lobby".parse().unwrap()).await.unwrap();
        (store, room)
    }

    #[tokio::test]
    async fn what_somebody_has_begun_to_say_is_told_though_they_are_gone() {
        let directory = tempfile::tempdir().unwrap();
        let (store, room) = lobby(&directory).await;
        let saying = Doing {
            author: &"Kim".parse().unwrap(),
            who: &Who::default(),
            client_id: &ClientId::new("c1".to_owned()).unwrap(),
            change: &Change::Say {
                text: Text::new("hello".to_owned()).unwrap(),
                reply_to: None,
            },
        };
        assert!(
            room.act(saying).now_or_never().is_none(),
            "the store takes its time"
        );
        drop(room.turn.lock().await);
        assert_eq!(store.newest("lobby", 9).await.unwrap().messages.len(), 1);
        assert_eq!(room.history().position().offset, 1);
    }

    #[tokio::test]
    async fn who_is_banned_while_they_wait_for_their_turn_is_not_heard() {
        let directory = tempfile::tempdir().unwrap();
        let (store, room) = lobby(&directory).await;
        let sender = Session::new(7).sender();
        let who = Who {
            sender: Some(sender),
            ..Who::default()
        };
        let saying = Doing {
            author: &"Kim".parse().unwrap(),
            who: &who,
            client_id: &ClientId::new("c1".to_owned()).unwrap(),
            change: &Change::Say {
                text: Text::new("hello".to_owned()).unwrap(),
                reply_to: None,
            },
        };
        let others = room.turn.lock().await;
        let act = room.act(saying);
        tokio::pin!(act);
        assert!(act.as_mut().now_or_never().is_none());
        let ban = ModerationEntry {
            number: 0,
            room: "lobby".to_owned(),
            action: "ban".to_owned(),
            name: Some("Kim".to_owned()),
            by_name: "Park".to_owned(),
            reason: String::new(),
            at: now(),
            until: None,
            detail: None,
        };
        let effect = Effect::Sanction {
            kind: "ban",
            account: None,
            sender: Some(sender.to_string()),
            name_key: "kim".to_owned(),
            limit: 9,
        };
        store.moderate(&ban, &effect).await.unwrap();
        room.learn_rules().await.unwrap();
        drop(others);
        assert_eq!(act.await.unwrap_err().code, Code::Banned);
        assert!(store.newest("lobby", 9).await.unwrap().messages.is_empty());
    }

    #[tokio::test]
    async fn who_waits_for_others_to_ask_waits_no_longer_than_for_the_store() {
        let directory = tempfile::tempdir().unwrap();
        let (_store, room) = lobby(&directory).await;
        let other = OpenRoom::new(&"other".parse().unwrap(), &room.shared);
        let person = Person::Account(AccountId(1));
        tokio::time::pause();
        let begun = tokio::time::Instant::now();
        // Others who have begun to ask, and get no answer.
        let standing = other.history.get_or_try_init(pending::<Result<_, StoreError>>);
        let readers = other.readers.get_or_try_init(pending::<Result<_, StoreError>>);
        tokio::pin!(standing, readers);
        assert!(standing.as_mut().now_or_never().is_none());
        assert!(readers.as_mut().now_or_never().is_none());
        let (prepared, known) = tokio::join!(other.prepare(), other.know_readers(person));
        assert!(matches!(
            (prepared, known),
            (Err(StoreError::Time), Err(StoreError::Time))
        ));
        assert!(begun.elapsed() < Store::OPERATION_TIME * 2);
    }

    #[tokio::test]
    async fn who_waits_behind_others_waits_no_longer_than_for_the_store() {
        let directory = tempfile::tempdir().unwrap();
        let (_store, room) = lobby(&directory).await;
        let saying = Doing {
            author: &"Kim".parse().unwrap(),
            who: &Who::default(),
            client_id: &ClientId::new("c1".to_owned()).unwrap(),
            change: &Change::Say {
                text: Text::new("hello".to_owned()).unwrap(),
                reply_to: None,
            },
        };
        let others = room.turn.lock().await;
        tokio::time::pause();
        let begun = tokio::time::Instant::now();
        let refusal = room.act(saying).await.unwrap_err();
        assert_eq!(refusal.code, Code::StoreUnavailable);
        assert!(begun.elapsed() < Store::OPERATION_TIME * 2);
        tokio::time::resume();
        drop(others);
        assert_eq!(room.act(saying).await.unwrap().position.offset, 1);
    }
}
