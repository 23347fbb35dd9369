//! Money that goes back: which payments are owed, and which were settled.

use std::collections::BTreeMap;

use sea_orm::sea_query::{Condition, Expr};
use sea_orm::{ColumnTrait, DbErr, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, Set};
use sha2::{Digest as _, Sha256};

use super::commands::hex;
use super::turn::{Decided, Turn, parsed};
use crate::seats::{Event, HoldState, PaymentId, PaymentState, Refund, RefundPage, Refused};
use crate::store::entity::{seat_hold, seat_news, seat_payment};
use crate::store::{Store, StoreError};

impl Store {
    /// Payments in a state, in the order in which they were made: those behind one of them, at most so many.
    ///
    /// Whoever reads on behind each page has seen all that were in the state since they began. One that comes into it meanwhile may stand before where they
    /// are, and is seen by whoever begins again.
    ///
    /// # Errors
    /// Any [`StoreError`].
    pub async fn refunds(
        &self,
        state: PaymentState,
        after: Option<PaymentId>,
        limit: u64,
    ) -> Result<Result<RefundPage, Refused>, StoreError> {
        self.retrying(|| async {
            let mut payments =
                seat_payment::Entity::find().filter(seat_payment::Column::State.eq(state.as_str()));
            if let Some(after) = after {
                let known = seat_payment::Entity::find_by_id(after.to_string())
                    .one(&self.reader)
                    .await?;
                let Some(known) = known else {
                    return Ok(Err(Refused::PaymentUnknown));
                };
                // Wherever it is by now: nothing is passed over when what was told is settled.
                let later = seat_payment::Column::CreatedAt.gt(known.created_at);
                let beside = Condition::all()
                    .add(seat_payment::Column::CreatedAt.eq(known.created_at))
                    .add(seat_payment::Column::Payment.gt(known.payment));
                payments = payments.filter(Condition::any().add(later).add(beside));
            }
            let mut payments = payments
                .order_by_asc(seat_payment::Column::CreatedAt)
                .order_by_asc(seat_payment::Column::Payment)
                .limit(limit.saturating_add(1))
                .all(&self.reader)
                .await?;
            let more = payments.len() as u64 > limit;
            payments.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
            let ids = payments.iter().map(|payment| payment.payment.clone());
            let news = seat_news::Entity::find()
                .filter(seat_news::Column::Payment.is_in(ids))
                .all(&self.reader)
                .await?;
            let refunds = payments.iter().map(|payment| refund(payment, &news));
            let refunds: Vec<Refund> = refunds.collect::<Result<_, _>>()?;
            let next = refunds.last().filter(|_| more).map(|last| last.payment);
            Ok(Ok(RefundPage { refunds, next }))
        })
        .await
    }

    /// Says that the money of an event's payment went back. Said again, it is as it was.
    ///
    /// # Errors
    /// Any [`StoreError`]; saying it again is safe.
    pub async fn settle_refund(
        &self,
        event: &Event,
        payment: PaymentId,
    ) -> Result<Result<Refund, Refused>, StoreError> {
        self.in_turn(|| async {
            let turn = Turn::begin(self, event).await?;
            let settled = turn.money_went_back(payment).await?;
            turn.commit().await?;
            Ok(settled)
        })
        .await
    }
}

impl Turn<'_> {
    async fn money_went_back(&self, id: PaymentId) -> Decided<Refund> {
        let Some(mut payment) = self.payment(id).await? else {
            return Ok(Err(Refused::PaymentUnknown));
        };
        let refunded = PaymentState::Refunded.as_str();
        let settled = seat_payment::Entity::update_many()
            .col_expr(seat_payment::Column::State, Expr::value(refunded))
            .filter(seat_payment::Column::Payment.eq(&payment.payment))
            .filter(seat_payment::Column::Event.eq(&payment.event))
            .filter(seat_payment::Column::State.eq(PaymentState::RefundDue.as_str()))
            .exec(&self.transaction)
            .await?;
        if settled.rows_affected != 1 {
            return match parsed(&payment.state)? {
                PaymentState::Refunded => self.refund_as_it_is(&payment).await.map(Ok),
                _ => Ok(Err(Refused::RefundNotDue)),
            };
        }
        // A provider's ids have no spaces.
        let news = format!("refunded {}", payment.payment);
        let row = seat_news::ActiveModel {
            hash: Set(hex(&Sha256::digest(&news))),
            news: Set(news),
            payment: Set(payment.payment.clone()),
            state: Set(refunded.to_owned()),
            at: Set(self.now),
        };
        seat_news::Entity::insert(row)
            .exec_without_returning(&self.transaction)
            .await?;
        let owed = seat_payment::Entity::find()
            .filter(seat_payment::Column::Hold.eq(&payment.hold))
            .filter(seat_payment::Column::State.eq(PaymentState::RefundDue.as_str()))
            .count(&self.transaction)
            .await?;
        // A hold may have been paid for twice, and one whose places are sold keeps them.
        if owed == 0 {
            seat_hold::Entity::update_many()
                .col_expr(
                    seat_hold::Column::State,
                    Expr::value(HoldState::Refunded.as_str()),
                )
                .filter(seat_hold::Column::Hold.eq(&payment.hold))
                .filter(seat_hold::Column::State.eq(HoldState::RefundDue.as_str()))
                .exec(&self.transaction)
                .await?;
        }
        refunded.clone_into(&mut payment.state);
        self.refund_as_it_is(&payment).await.map(Ok)
    }

    async fn refund_as_it_is(&self, payment: &seat_payment::Model) -> Result<Refund, DbErr> {
        let news = seat_news::Entity::find()
            .filter(seat_news::Column::Payment.eq(&payment.payment))
            .all(&self.transaction)
            .await?;
        refund(payment, &news)
    }
}

/// A payment, and when its news came.
fn refund(payment: &seat_payment::Model, news: &[seat_news::Model]) -> Result<Refund, DbErr> {
    let of_payment = news.iter().filter(|news| news.payment == payment.payment);
    let mut first: BTreeMap<&str, i64> = BTreeMap::new();
    for news in of_payment {
        let at = first.entry(&news.state).or_insert(news.at);
        *at = news.at.min(*at);
    }
    let at = |state: PaymentState| first.get(state.as_str()).copied();
    Ok(Refund {
        payment: parsed(&payment.payment)?,
        hold: parsed(&payment.hold)?,
        event: parsed(&payment.event)?,
        holder: parsed(&payment.holder)?,
        amount: payment.amount,
        state: parsed(&payment.state)?,
        due_at: at(PaymentState::RefundDue).unwrap_or(payment.created_at),
        refunded_at: at(PaymentState::Refunded),
    })
}
