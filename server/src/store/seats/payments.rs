//! What the payment provider says.

use sea_orm::sea_query::{Expr, ExprTrait as _};
use sea_orm::{ColumnTrait, DbErr, EntityTrait, QueryFilter, Set};
use sha2::{Digest as _, Sha256};

use super::clock::{open, owned};
use super::commands::hex;
use super::turn::{Decided, Turn, parsed};
use crate::seats::{Effect, Event, HoldState, News, PaymentId, PaymentState, Refused, Settled, effect};
use crate::store::entity::{seat_hold, seat_news, seat_payment};
use crate::store::{Store, StoreError};

impl Store {
    /// Takes a piece of news of a payment, once, whenever and however often it comes. Its id is stored before its effects, and with them.
    ///
    /// # Errors
    /// Any [`StoreError`]; telling it again is safe.
    pub async fn settle_payment(
        &self,
        event: &Event,
        news: &News,
    ) -> Result<Result<Settled, Refused>, StoreError> {
        self.in_turn(|| async {
            let mut turn = Turn::up_to_date(self, event).await?;
            turn.offer().await?;
            let (state, duplicate, at) = match turn.take_news(news).await? {
                Ok(taken) => taken,
                Err(refused) => return Ok(Err(refused)),
            };
            turn.offer().await?;
            let changes = turn.commit().await?;
            Ok(Ok(Settled {
                state,
                duplicate,
                at,
                changes,
            }))
        })
        .await
    }
}

impl Turn<'_> {
    /// Where its payment is since, whether that had been told before, and when.
    async fn take_news(&mut self, news: &News) -> Decided<(PaymentState, bool, i64)> {
        let json = serde_json::to_vec(news).map_err(|error| DbErr::Json(error.to_string()))?;
        let hash = hex(&Sha256::digest(json));
        if let Some(known) = seat_news::Entity::find_by_id(&news.id)
            .one(&self.transaction)
            .await?
        {
            return Ok(match known.hash == hash {
                true => Ok((parsed(&known.state)?, true, known.at)),
                false => Err(Refused::IdempotencyMismatch),
            });
        }
        let Some(payment) = self.payment(news.payment).await? else {
            return Ok(Err(Refused::PaymentUnknown));
        };
        let row = seat_news::ActiveModel {
            news: Set(news.id.clone()),
            payment: Set(payment.payment.clone()),
            hash: Set(hash),
            state: Set(payment.state.clone()),
            at: Set(self.now),
        };
        seat_news::Entity::insert(row)
            .exec_without_returning(&self.transaction)
            .await?;
        let state = self.apply(news, &payment).await?;
        seat_payment::Entity::update_many()
            .col_expr(seat_payment::Column::State, Expr::value(state.as_str()))
            .filter(seat_payment::Column::Payment.eq(&payment.payment))
            .exec(&self.transaction)
            .await?;
        seat_news::Entity::update_many()
            .col_expr(seat_news::Column::State, Expr::value(state.as_str()))
            .filter(seat_news::Column::News.eq(&news.id))
            .exec(&self.transaction)
            .await?;
        Ok(Ok((state, false, self.now)))
    }

    /// A payment of this event: another's is not there, since this turn has the lock of its own alone.
    pub(super) async fn payment(&self, id: PaymentId) -> Result<Option<seat_payment::Model>, DbErr> {
        seat_payment::Entity::find_by_id(id.to_string())
            .filter(seat_payment::Column::Event.eq(self.event.id().as_str()))
            .one(&self.transaction)
            .await
    }

    async fn apply(&mut self, news: &News, payment: &seat_payment::Model) -> Result<PaymentState, DbErr> {
        let hold = seat_hold::Entity::find()
            .filter(owned(parsed(&payment.hold)?, &payment.holder))
            .one(&self.transaction)
            .await?
            .ok_or_else(|| DbErr::RecordNotFound(payment.hold.clone()))?;
        let before = parsed(&payment.state)?;
        let is_right = news.amount == payment.amount;
        let why = format!("payment {}", payment.payment);
        match effect(news.status, before, parsed(&hold.state)?, is_right) {
            Effect::Nothing => Ok(before),
            Effect::Fail => Ok(PaymentState::Failed),
            Effect::Sell => match self.sell(hold.clone(), &why).await? {
                Ok(_) => Ok(PaymentState::Sold),
                // Its time was up in this very moment.
                Err(_) => self.refund(hold, &why).await,
            },
            Effect::Refund => self.refund(hold, &why).await,
        }
    }

    /// The money goes back. Whoever has the places by now keeps them.
    async fn refund(&mut self, hold: seat_hold::Model, why: &str) -> Result<PaymentState, DbErr> {
        let (id, holder) = (parsed(&hold.hold)?, hold.holder.clone());
        let state: HoldState = parsed(&hold.state)?;
        if state.is_open() {
            // If its time is up in this very moment, the next to come settles that.
            let _ = self.give_up(hold, HoldState::RefundDue, why).await?;
        } else if state != HoldState::Sold {
            seat_hold::Entity::update_many()
                .col_expr(
                    seat_hold::Column::State,
                    Expr::value(HoldState::RefundDue.as_str()),
                )
                .filter(owned(id, &holder))
                .filter(open().not())
                .exec(&self.transaction)
                .await?;
        }
        Ok(PaymentState::RefundDue)
    }
}
