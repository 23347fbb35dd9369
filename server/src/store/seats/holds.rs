//! What becomes of holds: more time, sold, given back, to be paid.

use std::collections::BTreeMap;

use sea_orm::sea_query::Expr;
use sea_orm::{ActiveModelTrait as _, ColumnTrait, DbErr, EntityTrait, QueryFilter, QueryOrder};

use super::clock::{HELD, SOLD, live, open, owned};
use super::turn::{Decided, Record, Turn, parsed, random, versions_of};
use crate::seats::{
    Act, Checkout, Event, Facts, Hold, HoldId, HoldState, PaymentId, PaymentState, PlaceId, Refused, Step,
    WaitingState, What, decide,
};
use crate::store::entity::{seat_claim, seat_hold, seat_payment, seat_waiting};

impl Turn<'_> {
    pub(super) async fn extend(&mut self, holder: &str, hold: HoldId) -> Decided<Hold> {
        let mut row = match self.may(holder, hold, Act::Extend).await? {
            Ok((row, _)) => row,
            Err(refused) => return Ok(Err(refused)),
        };
        let seconds = self.event.rules().hold_seconds;
        row.expires_at = row.expires_at.max(self.now + i64::from(seconds) * 1000);
        row.extended = true;
        let extended = seat_hold::Entity::update_many()
            .col_expr(seat_hold::Column::ExpiresAt, Expr::value(row.expires_at))
            .col_expr(seat_hold::Column::Extended, Expr::value(true))
            .filter(owned(hold, holder))
            .filter(open())
            .filter(live(self.now))
            .filter(seat_hold::Column::Extended.eq(false))
            .exec(&self.transaction)
            .await?;
        if extended.rows_affected != 1 {
            return Ok(Err(Refused::HoldExpired));
        }
        let claims = self.claims(&row).await?;
        let record = Record {
            what: What::Extended,
            why: "extend",
            until: Some(row.expires_at),
        };
        let versions = self.record(&claims, record).await?;
        self.seen(&row, versions).map(Ok)
    }

    pub(super) async fn release(&mut self, holder: &str, hold: HoldId) -> Decided<Hold> {
        match self.may(holder, hold, Act::Release).await? {
            Ok((row, Step::Do)) => self.give_up(row, HoldState::Released, "release").await,
            Ok((row, Step::Done)) => self.seen_again(&row).await.map(Ok),
            Err(refused) => Ok(Err(refused)),
        }
    }

    /// Gives an open hold's places back. It is then `end`.
    pub(super) async fn give_up(
        &mut self,
        mut row: seat_hold::Model,
        end: HoldState,
        why: &str,
    ) -> Decided<Hold> {
        let released = seat_hold::Entity::update_many()
            .col_expr(seat_hold::Column::State, Expr::value(end.as_str()))
            .filter(owned(parsed(&row.hold)?, &row.holder))
            .filter(open())
            .filter(live(self.now))
            .exec(&self.transaction)
            .await?;
        if released.rows_affected != 1 {
            return Ok(Err(Refused::HoldExpired));
        }
        let claims = self.end_claims(&row, "released").await?;
        self.pass(row.waiting.clone().into_iter()).await?;
        let record = Record {
            what: What::Released,
            why,
            until: None,
        };
        let versions = self.record(&claims, record).await?;
        self.freed = true;
        row.state = end.to_string();
        self.seen(&row, versions).map(Ok)
    }

    pub(super) async fn confirm(&mut self, holder: &str, hold: HoldId) -> Decided<Hold> {
        match self.may(holder, hold, Act::Confirm).await? {
            Ok((row, Step::Do)) => self.sell(row, "confirm").await,
            Ok((row, Step::Done)) => self.seen_again(&row).await.map(Ok),
            Err(refused) => Ok(Err(refused)),
        }
    }

    /// Sells an open hold's places, if its time isn't up when that is written.
    pub(super) async fn sell(&mut self, mut row: seat_hold::Model, why: &str) -> Decided<Hold> {
        let sold = seat_hold::Entity::update_many()
            .col_expr(seat_hold::Column::State, Expr::value(HoldState::Sold.as_str()))
            .filter(owned(parsed(&row.hold)?, &row.holder))
            .filter(open())
            .filter(live(self.now))
            .exec(&self.transaction)
            .await?;
        if sold.rows_affected != 1 {
            return Ok(Err(Refused::HoldExpired));
        }
        let claims = self.end_claims(&row, SOLD).await?;
        if let Some(waiting) = &row.waiting {
            seat_waiting::Entity::update_many()
                .col_expr(
                    seat_waiting::Column::State,
                    Expr::value(WaitingState::Taken.as_str()),
                )
                .filter(seat_waiting::Column::Waiting.eq(waiting))
                .exec(&self.transaction)
                .await?;
        }
        let record = Record {
            what: What::Sold,
            why,
            until: None,
        };
        let versions = self.record(&claims, record).await?;
        row.state = HoldState::Sold.to_string();
        self.seen(&row, versions).map(Ok)
    }

    /// The claims of an open hold, which are then `end`.
    async fn end_claims(&self, row: &seat_hold::Model, end: &str) -> Result<Vec<seat_claim::Model>, DbErr> {
        let claims = self.claims(row).await?;
        let ended = seat_claim::Entity::update_many()
            .col_expr(seat_claim::Column::State, Expr::value(end))
            .filter(seat_claim::Column::Hold.eq(&row.hold))
            .filter(seat_claim::Column::Holder.eq(&row.holder))
            .filter(seat_claim::Column::State.eq(HELD))
            .exec(&self.transaction)
            .await?;
        if ended.rows_affected != claims.len() as u64 {
            return Err(DbErr::Custom(format!(
                "hold {} has lost some of its places",
                row.hold
            )));
        }
        Ok(claims)
    }

    pub(super) async fn check_out(&mut self, holder: &str, hold: HoldId) -> Decided<Checkout> {
        let row = match self.may(holder, hold, Act::Checkout).await? {
            Ok((row, _)) => row,
            Err(refused) => return Ok(Err(refused)),
        };
        let pending = seat_payment::Entity::find()
            .filter(seat_payment::Column::Hold.eq(&row.hold))
            .filter(seat_payment::Column::State.eq(PaymentState::Pending.as_str()))
            .one(&self.transaction)
            .await?;
        let payment = match pending {
            Some(payment) => payment,
            None => {
                let payment = seat_payment::Model {
                    payment: PaymentId::new(random()?).to_string(),
                    hold: row.hold,
                    event: row.event,
                    holder: row.holder,
                    amount: row.amount,
                    state: PaymentState::Pending.as_str().to_owned(),
                    created_at: self.now,
                };
                seat_payment::Entity::insert(seat_payment::ActiveModel::from(payment.clone()).reset_all())
                    .exec_without_returning(&self.transaction)
                    .await?;
                payment
            }
        };
        Ok(Ok(Checkout {
            payment: parsed(&payment.payment)?,
            amount: payment.amount,
            currency: self.event.about().currency.clone(),
            state: parsed(&payment.state)?,
            now: self.now,
        }))
    }

    /// Whether its holder may do something with a hold.
    async fn may(&self, holder: &str, hold: HoldId, act: Act) -> Decided<(seat_hold::Model, Step)> {
        let row = seat_hold::Entity::find()
            .filter(owned(hold, holder))
            .filter(seat_hold::Column::Event.eq(self.event.id().as_str()))
            .one(&self.transaction)
            .await?;
        let Some(row) = row else {
            return Ok(Err(Refused::HoldUnknown));
        };
        let facts = Facts {
            state: parsed(&row.state)?,
            extended: row.extended,
            payment: self.event.rules().payment && row.amount > 0,
        };
        Ok(decide(act, facts).map(|step| (row, step)))
    }

    /// The claims of a hold, in order.
    async fn claims(&self, row: &seat_hold::Model) -> Result<Vec<seat_claim::Model>, DbErr> {
        seat_claim::Entity::find()
            .filter(seat_claim::Column::Hold.eq(&row.hold))
            .order_by_asc(seat_claim::Column::Place)
            .all(&self.transaction)
            .await
    }

    pub(super) fn seen(
        &self,
        row: &seat_hold::Model,
        versions: BTreeMap<PlaceId, i64>,
    ) -> Result<Hold, DbErr> {
        hold(&self.event, row, versions, self.now)
    }

    async fn seen_again(&self, row: &seat_hold::Model) -> Result<Hold, DbErr> {
        let claims = self.claims(row).await?;
        let places = claims.iter().map(|claim| claim.place.clone()).collect::<Vec<_>>();
        let known = versions_of(&self.transaction, &row.event, places.clone()).await?;
        let version = |place: &String| Ok((parsed(place)?, known.get(place).copied().unwrap_or_default()));
        self.seen(row, places.iter().map(version).collect::<Result<_, DbErr>>()?)
    }
}

/// A hold as its holder sees it.
pub(super) fn hold(
    event: &Event,
    row: &seat_hold::Model,
    versions: BTreeMap<PlaceId, i64>,
    now: i64,
) -> Result<Hold, DbErr> {
    Ok(Hold {
        hold: parsed(&row.hold)?,
        event: event.id().clone(),
        places: versions.keys().cloned().collect(),
        state: parsed(&row.state)?,
        expires_at: row.expires_at,
        now,
        extended: row.extended,
        amount: row.amount,
        currency: event.about().currency.clone(),
        versions,
    })
}
