//! One event as it is sold here: who comes next, how its places stand, and the room in which changes are told.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use madang_hub::Position;
use tokio::sync::{Mutex, MutexGuard};
use tokio::time::{Instant, timeout};

use super::map::{self, Listed};
use super::told;
use crate::back::rooms::{OpenRoom, Saying};
use crate::chat::{Name, Sender};
use crate::seats::{
    Amendment, Command, Day, Entry, Event, Key, News, PaymentId, PlaceId, PlaceState, Refund, Refused,
    Settled, Standing, Told, What,
};
use crate::store::{Store, StoreError};

/// How long somebody waits for their turn at most: longer, nobody looks at "one moment, please".
const TURN_TIME: Duration = Duration::from_secs(10);

/// Entries of a log that are read, and told, at once.
const ENTRIES_AT_ONCE: u64 = 500;

/// One event.
#[derive(Debug)]
pub(in crate::back) struct Office {
    /// As it was known last: a transaction finds out itself what has changed since.
    event: RwLock<Arc<Event>>,
    room: Arc<OpenRoom>,
    store: Store,
    /// One command at a time, in the order in which they came: in the database they would only wait for each other's locks.
    turn: Mutex<()>,
    state: Mutex<State>,
    /// Number of the last entry of the log that was told.
    told: AtomicI64,
}

/// How an event stands, as far as its log was read.
#[derive(Debug)]
pub(super) struct State {
    pub(super) places: HashMap<PlaceId, Standing>,
    /// Number of the last entry.
    sequence: i64,
    /// Where the room was when that was told.
    pub(super) position: Position,
    /// The database's clock, and when it showed that.
    clock: (i64, Instant),
}

/// A map, and what tells it from others.
#[derive(Debug)]
pub(in crate::back) struct Seen {
    pub(in crate::back) json: Vec<u8>,
    pub(in crate::back) tag: String,
}

impl Office {
    /// An event as its log has it.
    pub(super) async fn open(
        event: Arc<Event>,
        room: Arc<OpenRoom>,
        store: Store,
    ) -> Result<Self, StoreError> {
        let asked = Instant::now();
        let now = store.seat_clock().await?;
        let entries = store.seat_standings(event.id()).await?;
        let sequence = entries.last().map_or(0, |entry| entry.number);
        let standing = |entry: Entry| (entry.change.place.clone(), Standing::after(&entry.change));
        let state = State {
            places: entries.into_iter().map(standing).collect(),
            sequence,
            position: room.history().position(),
            clock: (now, asked),
        };
        Ok(Self {
            event: RwLock::new(event),
            room,
            store,
            turn: Mutex::default(),
            state: Mutex::new(state),
            told: AtomicI64::new(sequence),
        })
    }

    /// The event.
    pub(in crate::back) fn event(&self) -> Arc<Event> {
        self.event.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Number of the last entry of the log that was told.
    pub(super) fn told(&self) -> i64 {
        self.told.load(Ordering::Relaxed)
    }

    /// Carries out a command.
    ///
    /// # Errors
    /// The store failed, or there was no turn in time. Asking again with the same key is safe.
    pub(in crate::back) async fn carry_out(
        &self,
        holder: Sender,
        key: &Key,
        command: &Command,
    ) -> Result<Told, StoreError> {
        let _turn = self.turn().await?;
        self.store.carry_out(&self.event(), holder, key, command).await
    }

    /// Takes a payment's news.
    ///
    /// # Errors
    /// As [`Self::carry_out`].
    pub(in crate::back) async fn settle(&self, news: &News) -> Result<Result<Settled, Refused>, StoreError> {
        let _turn = self.turn().await?;
        self.store.settle_payment(&self.event(), news).await
    }

    /// Blocks places, or gives them back. Without the turn: it may take many steps, between which others have theirs.
    ///
    /// # Errors
    /// The store failed. Asking again is safe.
    pub(in crate::back) async fn set_blocked(
        &self,
        places: &[PlaceId],
        blocked: bool,
    ) -> Result<Result<(Vec<PlaceId>, BTreeMap<What, u64>), Refused>, StoreError> {
        self.store.set_seats_blocked(&self.event(), places, blocked).await
    }

    /// Changes what is known about the event. Without the turn, too.
    ///
    /// # Errors
    /// The store failed. Asking again is safe.
    pub(in crate::back) async fn amend(
        &self,
        amendment: &Amendment,
    ) -> Result<BTreeMap<What, u64>, StoreError> {
        let (event, changes) = self.store.amend_seat_event(&self.event(), amendment).await?;
        self.take(event).await?;
        Ok(changes)
    }

    /// Learns what another process has changed about the event.
    pub(super) async fn renew(&self) -> Result<(), StoreError> {
        let event = self.store.renewed_seat_event(&self.event()).await?;
        self.take(event).await
    }

    /// Says that a payment's money went back.
    ///
    /// # Errors
    /// As [`Self::carry_out`].
    pub(in crate::back) async fn refunded(
        &self,
        payment: PaymentId,
    ) -> Result<Result<Refund, Refused>, StoreError> {
        let _turn = self.turn().await?;
        self.store.settle_refund(&self.event(), payment).await
    }

    /// Writes down what is over, unless somebody has the turn: every command does so first.
    pub(super) async fn sweep(&self) -> Result<BTreeMap<What, u64>, StoreError> {
        let Ok(_turn) = self.turn.try_lock() else {
            return Ok(BTreeMap::new());
        };
        self.store.sweep_seats(&self.event()).await
    }

    async fn turn(&self) -> Result<MutexGuard<'_, ()>, StoreError> {
        timeout(TURN_TIME, self.turn.lock())
            .await
            .map_err(|_| StoreError::Time)
    }

    /// The map as of now, which no change is missing that was told to anybody before it was asked for.
    ///
    /// # Errors
    /// The store failed.
    pub(in crate::back) async fn look(&self, day: Option<Day>) -> Result<Seen, StoreError> {
        let state = self.caught_up().await?;
        Ok(map::map(&self.event(), &state, day))
    }

    /// The event in a list, as it was known last.
    pub(in crate::back) async fn list(&self) -> Listed {
        let state = self.state.lock().await;
        map::listed(&self.event(), &state)
    }

    /// Tells what has been written to the log since.
    ///
    /// # Errors
    /// The store failed.
    pub(super) async fn catch_up(&self) -> Result<(), StoreError> {
        self.caught_up().await.map(drop)
    }

    async fn caught_up(&self) -> Result<MutexGuard<'_, State>, StoreError> {
        let came = Instant::now();
        // Where each waits for a store that doesn't answer, those behind are told as soon as the first.
        let state = timeout(Store::OPERATION_TIME, self.state.lock()).await;
        let mut state = state.map_err(|_| StoreError::Time)?;
        // Somebody has looked since: with many who ask, one look is for all of them.
        if state.clock.1 > came {
            return Ok(state);
        }
        let asked = Instant::now();
        let now = self.store.seat_clock().await?;
        let event = self.event();
        loop {
            let log = self.store.seat_log(event.id(), state.sequence, ENTRIES_AT_ONCE);
            let entries = log.await?;
            let Some(last) = entries.last() else { break };
            let last = last.number;
            self.tell(&mut state, &entries, now).await;
            state.sequence = last;
            self.told.store(last, Ordering::Relaxed);
        }
        state.clock = (now, asked);
        Ok(state)
    }

    /// Tells what happened, and keeps in mind how places stand since.
    async fn tell(&self, state: &mut State, entries: &[Entry], now: i64) {
        let mut changed: BTreeMap<&PlaceId, ()> = BTreeMap::new();
        for entry in entries {
            let place = &entry.change.place;
            state.places.insert(place.clone(), Standing::after(&entry.change));
            changed.insert(place, ());
        }
        let changed: Vec<_> = changed.into_keys().collect();
        for text in told::texts(&self.event(), state, &changed, now) {
            self.say(state, &text).await;
        }
    }

    async fn say(&self, state: &mut State, text: &str) {
        let saying = Saying {
            author: &author(),
            client_id: "change",
            text,
            sender: None,
        };
        // In memory alone, so nothing can fail but the time, and who looks at the map sees it all the same.
        match self.room.announce(saying).await {
            Ok(said) => state.position = said.position,
            Err(refusal) => tracing::error!(code = %refusal.code, "a change of seats isn't told"),
        }
    }

    /// Takes an event that may have changed, and tells that it has.
    async fn take(&self, event: Event) -> Result<(), StoreError> {
        let state = timeout(Store::OPERATION_TIME, self.state.lock()).await;
        let mut state = state.map_err(|_| StoreError::Time)?;
        // Another may have brought a newer one meanwhile.
        if event.edition() <= self.event().edition() {
            return Ok(());
        }
        let text = told::changed(&event);
        *self.event.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(event);
        self.say(&mut state, &text).await;
        Ok(())
    }
}

impl State {
    /// The database's clock now, or nearly.
    pub(super) fn now(&self) -> i64 {
        let (now, asked) = self.clock;
        now + i64::try_from(asked.elapsed().as_millis()).unwrap_or(i64::MAX / 2)
    }

    /// How a place stands, and what it is at a time.
    pub(super) fn place(&self, place: &PlaceId, now: i64) -> (PlaceState, Option<&Standing>) {
        match self.places.get(place) {
            Some(standing) => (standing.state(now), Some(standing)),
            None => (PlaceState::Free, None),
        }
    }
}

/// Who tells changes.
fn author() -> Name {
    "seats".parse().unwrap_or_else(|code| unreachable!("{code:?}"))
}

#[cfg(test)]
mod tests {
    use madang_hub::Hub;
    use tokio_util::sync::CancellationToken;
    use tokio_util::task::TaskTracker;

    use super::*;
    use crate::back::rooms::{Rooms, Wire};
    use crate::back::socketio;
    use crate::chat::Session;

    async fn office(directory: &tempfile::TempDir) -> Office {
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
        let room = rooms.open(&"seats-premiere".parse().unwrap()).await.unwrap();
        let events = store.seat_events().await.unwrap();
        let event = events.into_iter().find(|event| event.id().as_str() == "premiere");
        Office::open(Arc::new(event.unwrap()), room, store).await.unwrap()
    }

    fn hold(office: &Office, places: &[&str]) -> Command {
        Command::Hold {
            event: office.event().id().clone(),
            places: places.iter().map(|place| place.parse().unwrap()).collect(),
        }
    }

    #[tokio::test]
    async fn nobody_waits_for_their_turn_for_ever() {
        let directory = tempfile::tempdir().unwrap();
        let office = office(&directory).await;
        let (who, key) = (Session::new(1).sender(), "k".parse().unwrap());
        let others = office.turn.lock().await;
        tokio::time::pause();
        let began = Instant::now();
        let refused = office.carry_out(who, &key, &hold(&office, &["A-1"])).await;
        assert!(matches!(refused, Err(StoreError::Time)));
        assert!(began.elapsed() < TURN_TIME * 2);
        assert_eq!(
            office.sweep().await.unwrap(),
            BTreeMap::new(),
            "the sweeper doesn't wait at all"
        );
        tokio::time::resume();
        drop(others);
        assert!(
            office
                .carry_out(who, &key, &hold(&office, &["A-1"]))
                .await
                .is_ok()
        );
    }

    #[tokio::test]
    async fn the_map_misses_nothing_that_was_done_before_it_was_asked_for() {
        let directory = tempfile::tempdir().unwrap();
        let office = office(&directory).await;
        for (n, place) in ["A-1", "A-2", "A-3"].into_iter().enumerate() {
            let (who, key) = (Session::new(n as u128).sender(), "k".parse().unwrap());
            office
                .carry_out(who, &key, &hold(&office, &[place]))
                .await
                .unwrap();
            let map: serde_json::Value =
                serde_json::from_slice(&office.look(None).await.unwrap().json).unwrap();
            assert_eq!(map["sections"][0]["seats"][n]["state"], "held");
            assert_eq!(map["position"]["offset"], n + 1);
        }
    }

    #[tokio::test]
    async fn a_map_is_another_when_a_slot_begins_and_when_a_day_does() {
        let directory = tempfile::tempdir().unwrap();
        let position = office(&directory).await.state.lock().await.position;
        // 2026-12-01T12:00 in Seoul.
        let (noon, hour) = (1_796_094_000_000, 3_600_000);
        let samples = crate::seats::samples(noon);
        let table = samples.iter().find(|event| event.opening().is_some()).unwrap();
        let seen = |hours: i64| {
            let state = State {
                places: HashMap::new(),
                sequence: 0,
                position,
                clock: (noon + hours * hour, Instant::now()),
            };
            let seen = map::map(table, &state, Some("2026-12-02".parse().unwrap()));
            let today = map::map(table, &state, None);
            [seen, today].map(|seen| {
                let mut json: serde_json::Value = serde_json::from_slice(&seen.json).unwrap();
                json["now"].take();
                (seen.tag, json)
            })
        };
        // A slot of an hour begins, the last one does, midnight comes, and the first slot of that day.
        let all: Vec<_> = [0, 1, 6, 7, 11, 12, 13, 30].into_iter().map(seen).collect();
        for maps in [0, 1] {
            for one in &all {
                for other in &all {
                    let ((tag, json), (other_tag, other)) = (&one[maps], &other[maps]);
                    assert!(tag != other_tag || json == other, "{tag}: {json} {other}");
                }
            }
        }
    }

    #[tokio::test]
    async fn much_that_happens_at_once_is_told_in_several_messages() {
        let directory = tempfile::tempdir().unwrap();
        let office = office(&directory).await;
        let state = office.state.lock().await;
        let ids: Vec<PlaceId> = (0..told::PLACES_TOLD + 1)
            .map(|n| format!("A-{n}").parse().unwrap())
            .collect();
        let places: Vec<_> = ids.iter().collect();
        let counted = |places: &[&PlaceId]| -> Vec<usize> {
            let texts = told::texts(&office.event(), &state, places, 0);
            let read = |text: &String| serde_json::from_str::<serde_json::Value>(text).unwrap();
            texts
                .iter()
                .map(|text| read(text)["places"].as_array().unwrap().len())
                .collect()
        };
        assert_eq!(counted(&places[1..]), [told::PLACES_TOLD]);
        assert_eq!(counted(&places), [told::PLACES_TOLD, 1]);
    }
}
