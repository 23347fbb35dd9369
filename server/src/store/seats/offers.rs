//! The waiting list: what becomes free is offered to who has waited longest for it.

use std::collections::{BTreeSet, HashSet};

use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveModelTrait as _, ColumnTrait, DbErr, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder,
    QuerySelect, Select,
};

use super::turn::{Decided, Turn, parsed, random};
use crate::seats::{
    HoldId, HoldState, PlaceId, Refused, WAITING_LIMIT, Waiting, WaitingId, WaitingState, What,
};
use crate::store::entity::{seat_hold, seat_waiting};

/// Places that one transaction gives back at most, or takes from holds that are over, and people to whom it offers something when an event opens again: it's some statements for
/// each, and what takes longer than [`Store::OPERATION_TIME`](crate::store::Store::OPERATION_TIME) is never done.
pub(super) const OFFERED_AT_ONCE: usize = 100;

impl Turn<'_> {
    /// Offers what is free to those who wait, section by section, the first of each first. Whoever wants more than there is waits on, and
    /// those behind too: else who wants four would wait for ever behind those who want one.
    pub(super) async fn offer(&mut self) -> Result<(), DbErr> {
        self.offer_some(usize::MAX).await.map(drop)
    }

    /// Offers to so many at most. Whether that is all: otherwise there is somebody left to offer something to.
    pub(super) async fn offer_some(&mut self, most: usize) -> Result<bool, DbErr> {
        if !std::mem::take(&mut self.freed) || self.event.is_closed(self.now) {
            return Ok(true);
        }
        let sections: Vec<String> = self
            .waiting()
            .select_only()
            .column(seat_waiting::Column::Section)
            .distinct()
            .into_tuple()
            .all(&self.transaction)
            .await?;
        let mut left = most;
        for section in BTreeSet::from_iter(sections) {
            // With this lock nobody else takes any meanwhile.
            let mut taken = self.taken(&section).await?;
            while self.offer_to_first(&section, &mut taken).await? {
                left -= 1;
                if left == 0 {
                    self.freed = true;
                    return Ok(false);
                }
            }
        }
        Ok(true)
    }

    /// Whether the first of a section waits no more, and somebody behind may have their turn.
    async fn offer_to_first(&mut self, section: &str, taken: &mut HashSet<PlaceId>) -> Result<bool, DbErr> {
        let first = self
            .waiting()
            .filter(seat_waiting::Column::Section.eq(section))
            .order_by_asc(seat_waiting::Column::Number)
            .one(&self.transaction)
            .await?;
        let Some(first) = first else { return Ok(false) };
        let count = u32::try_from(first.party).unwrap_or_default();
        match self.event.wish(section, count, self.now) {
            Ok(()) => {}
            Err(Refused::SectionUnknown) => {
                // The time that they waited for has come, for all of them.
                self.pass_section(section).await?;
                return Ok(false);
            }
            Err(_) => {
                self.becomes(&first, WaitingState::Passed, None).await?;
                return Ok(true);
            }
        }
        let Some(places) = self.event.choose(section, count, taken, self.now) else {
            return Ok(false);
        };
        if !self.may_hold(&first.holder, places.len()).await? {
            // Who holds as much as one person may has no room for an offer.
            self.becomes(&first, WaitingState::Passed, None).await?;
            return Ok(true);
        }
        let seconds = self.event.rules().offer_seconds;
        let hold = seat_hold::Model {
            hold: HoldId::new(random()?).to_string(),
            event: first.event.clone(),
            holder: first.holder.clone(),
            state: HoldState::Offered.to_string(),
            expires_at: self.now + i64::from(seconds) * 1000,
            extended: false,
            amount: self.event.amount(&places),
            waiting: Some(first.waiting.clone()),
            created_at: self.now,
        };
        let why = format!("waiting {}", first.waiting);
        match self.take(&hold, &places, What::Offered, &why).await? {
            Ok(_) => {
                self.becomes(&first, WaitingState::Offered, Some(hold.hold))
                    .await?;
                taken.extend(places);
                Ok(true)
            }
            // Only if somebody else has taken them without the lock.
            Err(_) => Ok(false),
        }
    }

    pub(super) async fn wait(&mut self, holder: &str, section: &str, count: u32) -> Decided<Waiting> {
        if let Err(refused) = self.event.wish(section, count, self.now) {
            return Ok(Err(refused));
        }
        let waiting_already = seat_waiting::Entity::find()
            .filter(seat_waiting::Column::Event.eq(self.event.id().as_str()))
            .filter(
                seat_waiting::Column::State
                    .is_in([WaitingState::Waiting, WaitingState::Offered].map(WaitingState::as_str)),
            )
            .filter(seat_waiting::Column::Section.eq(section))
            .filter(seat_waiting::Column::Holder.eq(holder))
            .count(&self.transaction)
            .await?;
        if waiting_already > 0 {
            return Ok(Err(Refused::AlreadyWaiting));
        }
        if self.waiting().count(&self.transaction).await? >= WAITING_LIMIT {
            return Ok(Err(Refused::WaitingFull));
        }
        let last: Option<Option<i64>> = seat_waiting::Entity::find()
            .select_only()
            .column_as(seat_waiting::Column::Number.max(), "number")
            .filter(seat_waiting::Column::Event.eq(self.event.id().as_str()))
            .into_tuple()
            .one(&self.transaction)
            .await?;
        let row = seat_waiting::Model {
            waiting: WaitingId::new(random()?).to_string(),
            event: self.event.id().to_string(),
            number: last.flatten().unwrap_or_default() + 1,
            section: section.to_owned(),
            party: i32::try_from(count).unwrap_or(i32::MAX),
            holder: holder.to_owned(),
            state: WaitingState::Waiting.as_str().to_owned(),
            hold: None,
            created_at: self.now,
        };
        let id = row.waiting.clone();
        seat_waiting::Entity::insert(seat_waiting::ActiveModel::from(row).reset_all())
            .exec_without_returning(&self.transaction)
            .await?;
        self.freed = true;
        self.offer().await?;
        self.seen_waiting(&id).await.map(Ok)
    }

    pub(super) async fn leave(&mut self, holder: &str, waiting: WaitingId) -> Decided<Waiting> {
        let row = seat_waiting::Entity::find_by_id(waiting.to_string())
            .filter(seat_waiting::Column::Holder.eq(holder))
            .filter(seat_waiting::Column::Event.eq(self.event.id().as_str()))
            .one(&self.transaction)
            .await?;
        let Some(row) = row else {
            return Ok(Err(Refused::WaitingUnknown));
        };
        let state: WaitingState = parsed(&row.state)?;
        if state == WaitingState::Offered
            && let Some(hold) = &row.hold
            && let Some(hold) = seat_hold::Entity::find_by_id(hold).one(&self.transaction).await?
            && let Err(refused) = self.give_up(hold, HoldState::Released, "leave").await?
        {
            return Ok(Err(refused));
        }
        if matches!(state, WaitingState::Waiting | WaitingState::Offered) {
            self.becomes(&row, WaitingState::Left, row.hold.clone()).await?;
            // Who comes next may want less.
            self.freed = true;
        }
        self.seen_waiting(&row.waiting).await.map(Ok)
    }

    async fn becomes(
        &self,
        row: &seat_waiting::Model,
        state: WaitingState,
        hold: Option<String>,
    ) -> Result<(), DbErr> {
        seat_waiting::Entity::update_many()
            .col_expr(seat_waiting::Column::State, Expr::value(state.as_str()))
            .col_expr(seat_waiting::Column::Hold, Expr::value(hold))
            .filter(seat_waiting::Column::Waiting.eq(&row.waiting))
            .exec(&self.transaction)
            .await?;
        Ok(())
    }

    /// Nobody of a section waits any more.
    async fn pass_section(&self, section: &str) -> Result<(), DbErr> {
        seat_waiting::Entity::update_many()
            .col_expr(
                seat_waiting::Column::State,
                Expr::value(WaitingState::Passed.as_str()),
            )
            .filter(seat_waiting::Column::Event.eq(self.event.id().as_str()))
            .filter(seat_waiting::Column::State.eq(WaitingState::Waiting.as_str()))
            .filter(seat_waiting::Column::Section.eq(section))
            .exec(&self.transaction)
            .await?;
        Ok(())
    }

    /// Everybody who waits in this event.
    fn waiting(&self) -> Select<seat_waiting::Entity> {
        seat_waiting::Entity::find()
            .filter(seat_waiting::Column::Event.eq(self.event.id().as_str()))
            .filter(seat_waiting::Column::State.eq(WaitingState::Waiting.as_str()))
    }

    async fn seen_waiting(&self, id: &str) -> Result<Waiting, DbErr> {
        let row = seat_waiting::Entity::find_by_id(id)
            .one(&self.transaction)
            .await?;
        let row = row.ok_or_else(|| DbErr::RecordNotFound(id.to_owned()))?;
        let ahead = self
            .waiting()
            .filter(seat_waiting::Column::Section.eq(&row.section))
            .filter(seat_waiting::Column::Number.lte(row.number))
            .count(&self.transaction)
            .await?;
        waiting(&row, ahead, self.now)
    }
}

/// A place in a waiting list as its holder sees it.
pub(super) fn waiting(row: &seat_waiting::Model, ahead: u64, now: i64) -> Result<Waiting, DbErr> {
    let state = parsed(&row.state)?;
    Ok(Waiting {
        waiting: parsed(&row.waiting)?,
        event: parsed(&row.event)?,
        section: row.section.clone(),
        count: u32::try_from(row.party).unwrap_or_default(),
        place: if state == WaitingState::Waiting { ahead } else { 0 },
        state,
        hold: row.hold.as_deref().map(parsed).transpose()?,
        now,
    })
}
