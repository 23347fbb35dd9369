//! Reservation at work: the events that are sold here, told in their rooms.
//!
//! ```text
//! office   one event: its queue, its map, its room      tender   the pulse: who told what elsewhere, what is over by now
//! map      the map as JSON                              told     a change as JSON
//! allotment  how many places one address may take
//! ```
//!
//! Whatever changes is read back from the event's log and told from there, in the order of the log: what this process did, what another
//! did, and what was done though nobody could say so, since the answer got lost.

mod allotment;
mod map;
mod office;
mod tender;
mod told;

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::{Arc, PoisonError, RwLock};

use tokio::sync::{Mutex, Notify};
use tokio::time::timeout;

pub use allotment::ALLOTMENT_TIME;
pub(super) use allotment::{Allotment, Taking};
pub(super) use map::Listed;
pub(super) use office::Office;
pub(super) use tender::tend;

use super::app::App;
use crate::chat::Room;
use crate::seats::{Event, EventId, Refused, Secret};
use crate::store::{Beat, Store, StoreError};

/// How seats are sold.
#[derive(Clone, Debug)]
pub struct SeatsSettings {
    /// What the payment provider signs its news with.
    pub payment_secret: Secret,
    /// How many places one address may take into holds within [`ALLOTMENT_TIME`], or no limit.
    pub per_address: Option<NonZeroU32>,
}

/// What the back knows of events.
#[derive(Debug)]
pub(super) struct Seats {
    pub(super) secret: Secret,
    pub(super) allotment: Allotment,
    offices: RwLock<HashMap<EventId, Arc<Office>>>,
    /// One looks for events at a time.
    opening: Mutex<()>,
    /// Something has changed here.
    news: Notify,
}

impl Seats {
    pub(super) fn new(settings: &SeatsSettings) -> Self {
        Self {
            secret: settings.payment_secret.clone(),
            allotment: Allotment::new(settings.per_address),
            offices: RwLock::default(),
            opening: Mutex::default(),
            news: Notify::new(),
        }
    }

    /// The office of an event.
    ///
    /// # Errors
    /// The store failed.
    pub(super) async fn find(&self, app: &App, id: &str) -> Result<Result<Arc<Office>, Refused>, StoreError> {
        let Ok(id) = id.parse::<EventId>() else {
            return Ok(Err(Refused::EventUnknown));
        };
        if let Some(office) = self.known(&id) {
            return Ok(Ok(office));
        }
        self.open(app).await?;
        Ok(self.known(&id).ok_or(Refused::EventUnknown))
    }

    /// All offices, by event.
    ///
    /// # Errors
    /// The store failed.
    pub(super) async fn all(&self, app: &App) -> Result<Vec<Arc<Office>>, StoreError> {
        if self.read().is_empty() {
            self.open(app).await?;
        }
        let mut offices: Vec<_> = self.read().values().cloned().collect();
        offices.sort_by(|a, b| a.event().id().cmp(b.event().id()));
        Ok(offices)
    }

    /// The events that are known here.
    pub(super) fn events(&self) -> HashMap<EventId, Arc<Event>> {
        let offices = self.read();
        offices
            .iter()
            .map(|(id, office)| (id.clone(), office.event()))
            .collect()
    }

    /// Something has changed: tell it soon.
    pub(super) fn poke(&self) {
        self.news.notify_one();
    }

    /// Finds events that aren't known here yet.
    async fn open(&self, app: &App) -> Result<(), StoreError> {
        // Where each waits for a store that doesn't answer, those behind are told as soon as the first.
        let turn = timeout(Store::OPERATION_TIME, self.opening.lock()).await;
        let _turn = turn.map_err(|_| StoreError::Time)?;
        // Who asks for an event that there isn't shouldn't have all of them read.
        let beats = app.store.seat_beats().await?;
        let is_known = |beat: &Beat| beat.event.parse().is_ok_and(|id| self.known(&id).is_some());
        if !beats.is_empty() && beats.iter().all(is_known) {
            return Ok(());
        }
        for event in app.store.seat_events().await? {
            if self.known(event.id()).is_some() {
                continue;
            }
            // At most 46 characters, all of them allowed.
            let room: Room = format!("{}{}", Room::SEATS, event.id())
                .parse()
                .unwrap_or_else(|code| unreachable!("{code:?}"));
            let room = app.rooms.open(&room).await?;
            let id = event.id().clone();
            let office = Office::open(Arc::new(event), room, app.store.clone()).await?;
            let mut offices = self.offices.write().unwrap_or_else(PoisonError::into_inner);
            offices.insert(id, Arc::new(office));
        }
        Ok(())
    }

    fn known(&self, id: &EventId) -> Option<Arc<Office>> {
        self.read().get(id).cloned()
    }

    fn read(&self) -> std::sync::RwLockReadGuard<'_, HashMap<EventId, Arc<Office>>> {
        self.offices.read().unwrap_or_else(PoisonError::into_inner)
    }
}
