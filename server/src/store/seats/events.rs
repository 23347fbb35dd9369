//! What is sold.

use std::collections::BTreeMap;

use sea_orm::{DbErr, EntityTrait, PaginatorTrait, QueryOrder, Set};

use super::clock::now;
use super::turn::{ROWS_AT_ONCE, parsed};
use crate::seats::{EVENTS_LIMIT, Event, GENESIS, Refused, Spot, samples};
use crate::store::entity::{seat_event, seat_place};
use crate::store::{Store, StoreError, is_there};

impl Store {
    /// All events, by id. An empty database is given some first.
    ///
    /// # Errors
    /// Any [`StoreError`].
    pub async fn seat_events(&self) -> Result<Vec<Event>, StoreError> {
        let mut events = self.retrying(|| self.read_events()).await?;
        if events.is_empty() {
            for event in samples(self.seat_clock().await?) {
                self.add_seat_event(&event).await?;
            }
            events = self.retrying(|| self.read_events()).await?;
        }
        let mut is_as_read = true;
        for event in &events {
            // Tables have no end of places to block: one that is described as blocked is so for good.
            if event.opening().is_none() && event.spots().iter().any(|spot| spot.blocked) {
                self.block_as_described(event).await?;
                is_as_read = false;
            }
        }
        match is_as_read {
            true => Ok(events),
            false => self.retrying(|| self.read_events()).await,
        }
    }

    /// Adds an event that somebody described, beside those that there are; an empty database is given some first.
    ///
    /// # Errors
    /// Any [`StoreError`].
    pub async fn found_seat_event(&self, event: &Event) -> Result<Result<(), Refused>, StoreError> {
        self.seat_events().await?;
        let known = self.retrying(|| async { seat_event::Entity::find().count(&self.reader).await });
        if known.await? >= EVENTS_LIMIT {
            return Ok(Err(Refused::TooManyEvents));
        }
        match self.add_seat_event(event).await? {
            true => Ok(Ok(())),
            false => Ok(Err(Refused::EventExists)),
        }
    }

    /// Adds an event, unless there is one with its id. Returns whether it did.
    ///
    /// # Errors
    /// Any [`StoreError`].
    pub async fn add_seat_event(&self, event: &Event) -> Result<bool, StoreError> {
        self.retrying(|| async {
            match self.try_add(event).await {
                Ok(()) => Ok(true),
                Err(error) if is_there(&error) => Ok(false),
                Err(error) => Err(error),
            }
        })
        .await
    }

    /// The database's clock, in milliseconds since 1970-01-01 UTC.
    ///
    /// # Errors
    /// Any [`StoreError`].
    pub async fn seat_clock(&self) -> Result<i64, StoreError> {
        self.retrying(|| now(&self.reader)).await
    }

    async fn try_add(&self, event: &Event) -> Result<(), DbErr> {
        let about = serde_json::to_string(event.about())
            .unwrap_or_else(|error| unreachable!("numbers and texts can be written: {error}"));
        let row = seat_event::ActiveModel {
            event: Set(event.id().to_string()),
            about: Set(about),
            sequence: Set(0),
            hash: Set(GENESIS.to_owned()),
            edition: Set(0),
        };
        let transaction = self.begin().await?;
        seat_event::Entity::insert(row)
            .exec_without_returning(&transaction)
            .await?;
        let rows: Vec<_> = (0..)
            .zip(event.spots())
            .map(|(n, spot)| row_of(event, n, spot))
            .collect();
        for rows in rows.chunks(ROWS_AT_ONCE) {
            seat_place::Entity::insert_many(rows.to_vec())
                .exec_without_returning(&transaction)
                .await?;
        }
        transaction.commit().await
    }

    async fn read_events(&self) -> Result<Vec<Event>, DbErr> {
        let events = seat_event::Entity::find()
            .order_by_asc(seat_event::Column::Event)
            .all(&self.reader)
            .await?;
        if events.is_empty() {
            return Ok(Vec::new());
        }
        let places = seat_place::Entity::find()
            .order_by_asc(seat_place::Column::Event)
            .order_by_asc(seat_place::Column::NumberInEvent)
            .all(&self.reader)
            .await?;
        let mut spots: BTreeMap<String, Vec<Spot>> = BTreeMap::new();
        for place in places {
            let spot = Spot {
                id: parsed(&place.place)?,
                section: place.section,
                row: place.row_name,
                number: place.seat_number,
                x: place.x,
                y: place.y,
                accessible: place.accessible,
                blocked: place.blocked,
                min: place.party_min,
                max: place.party_max,
            };
            spots.entry(place.event).or_default().push(spot);
        }
        let event = |row: seat_event::Model| {
            let about = serde_json::from_str(&row.about).map_err(|error| DbErr::Json(error.to_string()))?;
            let spots = spots.remove(&row.event).unwrap_or_default();
            let event = Event::new(parsed(&row.event)?, about, spots).map_err(DbErr::Custom)?;
            let about = event.about().clone();
            Ok(event.renewed(row.edition, about))
        };
        events.into_iter().map(event).collect()
    }
}

fn row_of(event: &Event, number: i64, spot: &Spot) -> seat_place::ActiveModel {
    seat_place::ActiveModel {
        event: Set(event.id().to_string()),
        place: Set(spot.id.to_string()),
        number_in_event: Set(number),
        section: Set(spot.section.clone()),
        row_name: Set(spot.row.clone()),
        seat_number: Set(spot.number),
        x: Set(spot.x),
        y: Set(spot.y),
        accessible: Set(spot.accessible),
        blocked: Set(spot.blocked),
        party_min: Set(spot.min),
        party_max: Set(spot.max),
    }
}
