//! What an organiser does with an event that is sold: blocks places, gives them back, changes what is known about it.
//!
//! A place that is blocked has a claim like one that is sold, whose holder is no session: so the index that lets a place have one owner
//! keeps it from everybody, whatever a process remembers of the event.

use std::borrow::Cow;
use std::collections::BTreeMap;

use sea_orm::sea_query::Expr;
use sea_orm::{ActiveModelTrait as _, ColumnTrait, DbErr, EntityTrait, QueryFilter};

use super::clock::{SOLD, taken};
use super::offers::OFFERED_AT_ONCE;
use super::turn::{Decided, ROWS_AT_ONCE, Record, Turn, parsed, random};
use crate::seats::{Amendment, BLOCK_LIMIT, Event, HoldId, ORGANISER, PlaceId, Refused, What};
use crate::store::entity::{seat_claim, seat_event, seat_place};
use crate::store::{Store, StoreError};

/// What an organiser did, and to how many places anything happened.
type Done<T> = Result<(T, BTreeMap<What, u64>), Refused>;

impl Store {
    /// Keeps places from everybody, all or none, or gives back those that are blocked. Those that are so already stay so. Returns the others.
    ///
    /// # Errors
    /// Any [`StoreError`]; doing it again is safe. Some may have been given back then.
    pub async fn set_seats_blocked(
        &self,
        event: &Event,
        places: &[PlaceId],
        blocked: bool,
    ) -> Result<Done<Vec<PlaceId>>, StoreError> {
        // Nobody waits for what is blocked; what is given back is offered.
        let at_once = if blocked { BLOCK_LIMIT } else { OFFERED_AT_ONCE };
        let (mut changed, mut changes) = (Vec::new(), BTreeMap::new());
        for step in 0.. {
            let done = self.in_turn(|| async {
                let mut turn = Turn::up_to_date(self, event).await?;
                let places = match turn.named_by_organiser(places) {
                    Ok(places) => places,
                    Err(refused) => return Ok(Err(refused)),
                };
                let mut steps = places.chunks(at_once).skip(step);
                let places = steps.next().unwrap_or_default();
                let changed = match blocked {
                    true => match turn.block(places, "block").await? {
                        Ok(changed) => changed,
                        Err(refused) => return Ok(Err(refused)),
                    },
                    false => turn.unblock(places).await?,
                };
                // What is free now, or was before since its time was up.
                turn.offer().await?;
                Ok(Ok((changed, turn.commit().await?, steps.next().is_none())))
            });
            let (places, counts, is_last) = match done.await? {
                Ok(done) => done,
                Err(refused) => return Ok(Err(refused)),
            };
            changed.extend(places);
            add(&mut changes, counts);
            if is_last {
                break;
            }
        }
        Ok(Ok((changed, changes)))
    }

    /// Changes what is known about an event. Returns it as it is since.
    ///
    /// # Errors
    /// Any [`StoreError`]; doing it again is safe.
    pub async fn amend_seat_event(
        &self,
        event: &Event,
        amendment: &Amendment,
    ) -> Result<(Event, BTreeMap<What, u64>), StoreError> {
        let mut changes = BTreeMap::new();
        loop {
            let done = self.in_turn(|| async {
                let mut turn = Turn::up_to_date(self, event).await?;
                let about = amendment.apply(turn.event.about());
                let edition = turn.event.edition();
                if about != *turn.event.about() {
                    turn.event = Cow::Owned(turn.event.renewed(edition + 1, about));
                }
                // Who waited while it was closed: it opens for others when all of them have had their turn.
                turn.freed = true;
                let is_last = turn.offer_some(OFFERED_AT_ONCE).await?;
                if is_last && turn.event.edition() != edition {
                    turn.keep_event().await?;
                }
                let event = turn.event.clone().into_owned();
                Ok((is_last.then_some(event), turn.commit().await?))
            });
            let (event, counts) = done.await?;
            add(&mut changes, counts);
            if let Some(event) = event {
                return Ok((event, changes));
            }
        }
    }

    /// An event with what has been changed about it since.
    ///
    /// # Errors
    /// Any [`StoreError`].
    pub async fn renewed_seat_event(&self, event: &Event) -> Result<Event, StoreError> {
        self.retrying(|| async {
            let row = seat_event::Entity::find_by_id(event.id().as_str())
                .one(&self.reader)
                .await?;
            let row = row.ok_or_else(|| DbErr::RecordNotFound(event.id().to_string()))?;
            renewed(event, &row)
        })
        .await
    }

    /// Writes into the log which seats an event was described with that nobody may have: from then on they are blocked like any.
    pub(super) async fn block_as_described(&self, event: &Event) -> Result<(), StoreError> {
        let described = event.spots().iter().filter(|spot| spot.blocked);
        let places: Vec<PlaceId> = described.map(|spot| spot.id.clone()).collect();
        // Step by step: however many there are, none takes so long that it's given up, and what is done stays done.
        for places in places.chunks(ROWS_AT_ONCE) {
            self.in_turn(|| async {
                let mut turn = Turn::begin(self, event).await?;
                // Nobody could take them, so all are free, or blocked since another process did the same.
                let _ = turn.block(places, "description").await?;
                seat_place::Entity::update_many()
                    .col_expr(seat_place::Column::Blocked, Expr::value(false))
                    .filter(seat_place::Column::Event.eq(event.id().as_str()))
                    .filter(seat_place::Column::Place.is_in(places.iter().map(PlaceId::as_str)))
                    .exec(&turn.transaction)
                    .await?;
                turn.commit().await?;
                Ok(())
            })
            .await?;
        }
        Ok(())
    }
}

impl Turn<'_> {
    /// Stores what is known about the event.
    async fn keep_event(&self) -> Result<(), DbErr> {
        let json = serde_json::to_string(self.event.about())
            .unwrap_or_else(|error| unreachable!("numbers and texts can be written: {error}"));
        seat_event::Entity::update_many()
            .col_expr(seat_event::Column::About, Expr::value(json))
            .col_expr(seat_event::Column::Edition, Expr::value(self.event.edition()))
            .filter(seat_event::Column::Event.eq(self.event.id().as_str()))
            .exec(&self.transaction)
            .await?;
        Ok(())
    }

    /// Places that there are, in order, each once.
    fn named_by_organiser(&self, places: &[PlaceId]) -> Result<Vec<PlaceId>, Refused> {
        if !(1..=BLOCK_LIMIT).contains(&places.len()) {
            return Err(Refused::invalid(format!("name 1 to {BLOCK_LIMIT} places")));
        }
        let mut places = places.to_vec();
        places.sort_unstable();
        places.dedup();
        match places
            .iter()
            .all(|place| self.event.place(place, self.now).is_some())
        {
            true => Ok(places),
            false => Err(Refused::PlaceUnknown),
        }
    }

    async fn block(&mut self, places: &[PlaceId], why: &str) -> Decided<Vec<PlaceId>> {
        let claims = self.claims_on(places).await?;
        let mut owned = Vec::new();
        for claim in claims.iter().filter(|claim| claim.holder != ORGANISER) {
            owned.push(parsed(&claim.place)?);
        }
        if !owned.is_empty() {
            return Ok(Err(Refused::SeatsTaken { places: owned }));
        }
        let is_free = |place: &&PlaceId| claims.iter().all(|claim| claim.place != place.as_str());
        let free: Vec<PlaceId> = places.iter().filter(is_free).cloned().collect();
        let hold = HoldId::new(random()?).to_string();
        let claim = |place: &PlaceId| seat_claim::Model {
            hold: hold.clone(),
            place: place.to_string(),
            event: self.event.id().to_string(),
            holder: ORGANISER.to_owned(),
            state: SOLD.to_owned(),
        };
        let claims: Vec<_> = free.iter().map(claim).collect();
        for claims in claims.chunks(ROWS_AT_ONCE) {
            let rows = claims
                .iter()
                .cloned()
                .map(|claim| seat_claim::ActiveModel::from(claim).reset_all());
            seat_claim::Entity::insert_many(rows)
                .exec_without_returning(&self.transaction)
                .await?;
        }
        let record = Record {
            what: What::Blocked,
            why,
            until: None,
        };
        self.record(&claims, record).await?;
        Ok(Ok(free))
    }

    async fn unblock(&mut self, places: &[PlaceId]) -> Result<Vec<PlaceId>, DbErr> {
        let mut claims = self.claims_on(places).await?;
        claims.retain(|claim| claim.holder == ORGANISER);
        let mut given_back = Vec::new();
        for claims in claims.chunks(ROWS_AT_ONCE) {
            seat_claim::Entity::update_many()
                .col_expr(seat_claim::Column::State, Expr::value("released"))
                .filter(seat_claim::Column::Event.eq(self.event.id().as_str()))
                .filter(seat_claim::Column::Holder.eq(ORGANISER))
                .filter(seat_claim::Column::State.eq(SOLD))
                .filter(seat_claim::Column::Place.is_in(claims.iter().map(|claim| claim.place.clone())))
                .exec(&self.transaction)
                .await?;
            for claim in claims {
                given_back.push(parsed(&claim.place)?);
            }
        }
        let record = Record {
            what: What::Unblocked,
            why: "unblock",
            until: None,
        };
        self.record(&claims, record).await?;
        self.freed |= !claims.is_empty();
        Ok(given_back)
    }

    /// Claims that keep others from these places.
    async fn claims_on(&self, places: &[PlaceId]) -> Result<Vec<seat_claim::Model>, DbErr> {
        let mut claims = Vec::new();
        for places in places.chunks(ROWS_AT_ONCE) {
            let some = seat_claim::Entity::find()
                .filter(seat_claim::Column::Event.eq(self.event.id().as_str()))
                .filter(seat_claim::Column::Place.is_in(places.iter().map(PlaceId::as_str)))
                .filter(taken())
                .all(&self.transaction)
                .await?;
            claims.extend(some);
        }
        claims.sort_by(|a, b| a.place.cmp(&b.place));
        Ok(claims)
    }
}

/// Counts together what happened to how many places.
fn add(changes: &mut BTreeMap<What, u64>, more: BTreeMap<What, u64>) {
    for (what, count) in more {
        *changes.entry(what).or_default() += count;
    }
}

/// An event as its row has it, if that is another edition.
pub(super) fn renewed(event: &Event, row: &seat_event::Model) -> Result<Event, DbErr> {
    let about = serde_json::from_str(&row.about).map_err(|error| DbErr::Json(error.to_string()))?;
    Ok(event.renewed(row.edition, about))
}
