//! Taking places: those that are named, or a table that fits.

use std::collections::{BTreeMap, HashSet};

use sea_orm::{
    ActiveModelTrait as _, ColumnTrait, DbErr, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder,
    TransactionTrait,
};

use super::clock::{HELD, taken};
use super::turn::{Decided, Record, Turn, parsed, random};
use crate::seats::{Hold, HoldId, HoldState, PlaceId, Refused, Slot, What};
use crate::store::entity::{seat_claim, seat_hold};
use crate::store::is_there;

impl Turn<'_> {
    pub(super) async fn hold_named(&mut self, holder: &str, places: &[PlaceId]) -> Decided<Hold> {
        let places = match self.event.named(places.to_vec(), self.now) {
            Ok(places) => places,
            Err(refused) => return Ok(Err(refused)),
        };
        self.hold_within_limit(holder, &places, "hold").await
    }

    pub(super) async fn book(&mut self, holder: &str, slot: &str, party: u32) -> Decided<Hold> {
        if self.event.opening().is_none() {
            return Ok(Err(Refused::invalid("this event has seats: name their `places`")));
        }
        if let Err(refused) = self.event.wish(slot, party, self.now) {
            return Ok(Err(match refused {
                Refused::SectionUnknown => Refused::TableUnavailable,
                other => other,
            }));
        }
        let taken = self.taken(slot).await?;
        match self.event.choose(slot, party, &taken, self.now) {
            Some(places) => self.hold_within_limit(holder, &places, "book").await,
            None => Ok(Err(Refused::TableUnavailable)),
        }
    }

    async fn hold_within_limit(&mut self, holder: &str, places: &[PlaceId], why: &str) -> Decided<Hold> {
        if !self.may_hold(holder, places.len()).await? {
            let limit = self.event.rules().hold_limit;
            return Ok(Err(Refused::HoldLimit { limit }));
        }
        let seconds = self.event.rules().hold_seconds;
        let hold = seat_hold::Model {
            hold: HoldId::new(random()?).to_string(),
            event: self.event.id().to_string(),
            holder: holder.to_owned(),
            state: HoldState::Held.to_string(),
            expires_at: self.now + i64::from(seconds) * 1000,
            extended: false,
            amount: self.event.amount(places),
            waiting: None,
            created_at: self.now,
        };
        match self.take(&hold, places, What::Held, why).await? {
            Ok(versions) => self.seen(&hold, versions).map(Ok),
            Err(refused) => Ok(Err(refused)),
        }
    }

    /// Whether somebody may hold so many places more.
    pub(super) async fn may_hold(&self, holder: &str, more: usize) -> Result<bool, DbErr> {
        let held = seat_claim::Entity::find()
            .filter(seat_claim::Column::Event.eq(self.event.id().as_str()))
            .filter(seat_claim::Column::State.eq(HELD))
            .filter(seat_claim::Column::Holder.eq(holder))
            .count(&self.transaction)
            .await?;
        Ok(held + more as u64 <= u64::from(self.event.rules().hold_limit))
    }

    /// Stores a hold with its claims, all or none. Nobody looks first whether its places are free: the database refuses what is taken.
    pub(super) async fn take(
        &mut self,
        hold: &seat_hold::Model,
        places: &[PlaceId],
        what: What,
        why: &str,
    ) -> Decided<BTreeMap<PlaceId, i64>> {
        let claim = |place: &PlaceId| seat_claim::Model {
            hold: hold.hold.clone(),
            place: place.to_string(),
            event: hold.event.clone(),
            holder: hold.holder.clone(),
            state: HELD.to_owned(),
        };
        let claims: Vec<_> = places.iter().map(claim).collect();
        let part = self.transaction.begin().await?;
        seat_hold::Entity::insert(seat_hold::ActiveModel::from(hold.clone()).reset_all())
            .exec_without_returning(&part)
            .await?;
        let rows = claims
            .iter()
            .cloned()
            .map(|claim| seat_claim::ActiveModel::from(claim).reset_all());
        match seat_claim::Entity::insert_many(rows)
            .exec_without_returning(&part)
            .await
        {
            Ok(_) => part.commit().await?,
            Err(error) if is_there(&error) => {
                part.rollback().await?;
                return self.taken_by(places).await.map(Err);
            }
            Err(error) => return Err(error),
        }
        let until = Some(hold.expires_at);
        self.record(&claims, Record { what, why, until }).await.map(Ok)
    }

    /// Which of these places somebody has, and how.
    async fn taken_by(&self, places: &[PlaceId]) -> Result<Refused, DbErr> {
        let claims = seat_claim::Entity::find()
            .filter(seat_claim::Column::Event.eq(self.event.id().as_str()))
            .filter(seat_claim::Column::Place.is_in(places.iter().map(PlaceId::as_str)))
            .filter(taken())
            .order_by_asc(seat_claim::Column::Place)
            .all(&self.transaction)
            .await?;
        let offers = seat_hold::Entity::find()
            .filter(seat_hold::Column::Hold.is_in(claims.iter().map(|claim| claim.hold.clone())))
            .filter(seat_hold::Column::State.eq(HoldState::Offered.as_str()))
            .all(&self.transaction)
            .await?;
        let offers: HashSet<_> = offers.into_iter().map(|hold| hold.hold).collect();
        let are_offers = claims.iter().all(|claim| offers.contains(&claim.hold));
        let places = claims
            .iter()
            .map(|claim| parsed(&claim.place))
            .collect::<Result<_, _>>()?;
        Ok(match are_offers {
            true => Refused::OthersWait { places },
            false => Refused::SeatsTaken { places },
        })
    }

    /// Places that somebody has which might be given to who wants something of a section.
    pub(super) async fn taken(&self, section: &str) -> Result<HashSet<PlaceId>, DbErr> {
        let mut claims = seat_claim::Entity::find()
            .filter(seat_claim::Column::Event.eq(self.event.id().as_str()))
            .filter(taken());
        if let Some(slot) = self.event.opening().and_then(|_| section.parse::<Slot>().ok()) {
            let places = self.event.places(Some(slot.day), self.now);
            claims = claims.filter(seat_claim::Column::Place.is_in(places.iter().map(PlaceId::as_str)));
        }
        let claims = claims.all(&self.transaction).await?;
        claims.iter().map(|claim| parsed(&claim.place)).collect()
    }
}
