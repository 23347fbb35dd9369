//! One transaction on an event: its lock, its clock, and the log of what it changes.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::fmt::Display;
use std::str::FromStr;

use sea_orm::sea_query::{Expr, ExprTrait as _};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseTransaction, DbErr, EntityTrait, FromQueryResult, QueryFilter,
    QueryOrder, QuerySelect, Set,
};

use super::clock::{HELD, live, now, open};
use super::offers::OFFERED_AT_ONCE;
use super::organising::renewed;
use crate::seats::{Chain, Change, Event, HoldState, PlaceId, Refused, WaitingState, What};
use crate::store::entity::{seat_audit, seat_claim, seat_event, seat_hold, seat_waiting};
use crate::store::{Store, StoreError, is_there};

/// Rows of one statement: databases bound the values that it may have.
pub(super) const ROWS_AT_ONCE: usize = 500;

/// A transaction on an event, which nobody else changes meanwhile.
pub(super) struct Turn<'a> {
    pub(super) transaction: DatabaseTransaction,
    /// As it is now, whatever whoever asks remembers.
    pub(super) event: Cow<'a, Event>,
    /// The database's clock, when the lock was had.
    pub(super) now: i64,
    /// Whether something is there to be offered that wasn't, or somebody to offer it to.
    pub(super) freed: bool,
    chain: Chain,
    began: i64,
    changes: BTreeMap<What, u64>,
}

/// A hold, as far as its places' log is concerned.
#[derive(Clone, Copy)]
pub(super) struct Record<'a> {
    pub(super) what: What,
    pub(super) why: &'a str,
    pub(super) until: Option<i64>,
}

#[derive(FromQueryResult)]
struct Version {
    place: String,
    version: i64,
}

impl Store {
    /// Tries a transaction that may be carried out twice, as often as it takes. What is unique and was there is another's, who came first: once
    /// more, and it's seen.
    pub(super) async fn in_turn<T, F>(&self, attempt: impl Fn() -> F + Send + Sync) -> Result<T, StoreError>
    where
        T: Send,
        F: Future<Output = Result<T, DbErr>> + Send,
    {
        let attempt = &attempt;
        self.retrying(|| async move {
            match attempt().await {
                Err(error) if is_there(&error) => attempt().await,
                done => done,
            }
        })
        .await
    }
}

impl<'a> Turn<'a> {
    /// Locks an event.
    pub(super) async fn begin(store: &Store, event: &'a Event) -> Result<Self, DbErr> {
        let transaction = store.begin().await?;
        let row = seat_event::Entity::find_by_id(event.id().as_str())
            .lock_exclusive()
            .one(&transaction)
            .await?;
        let row = row.ok_or_else(|| DbErr::RecordNotFound(event.id().to_string()))?;
        let event = match row.edition == event.edition() {
            true => Cow::Borrowed(event),
            false => Cow::Owned(renewed(event, &row)?),
        };
        let now = now(&transaction).await?;
        Ok(Self {
            chain: Chain {
                event: event.id().clone(),
                number: row.sequence,
                hash: row.hash,
            },
            transaction,
            event,
            now,
            freed: false,
            began: row.sequence,
            changes: BTreeMap::new(),
        })
    }

    /// Locks an event and brings it up to the clock. Where more holds are over than one transaction settles, others do that first, and stay
    /// done: however many there are, whoever comes next has less of it.
    pub(super) async fn up_to_date(store: &Store, event: &'a Event) -> Result<Self, DbErr> {
        let mut changes = BTreeMap::new();
        loop {
            let mut turn = Self::begin(store, event).await?;
            turn.changes = changes;
            if turn.settle().await? {
                return Ok(turn);
            }
            turn.offer().await?;
            changes = turn.commit().await?;
        }
    }

    /// Gives back the places of holds whose time is up, the first first. Whether those were all.
    pub(super) async fn settle(&mut self) -> Result<bool, DbErr> {
        // So that they have no more places than one transaction offers.
        let hold_limit = self.event.about().rules.hold_limit as usize;
        let at_once = (OFFERED_AT_ONCE / hold_limit.max(1)).max(1);
        let mut stale = seat_hold::Entity::find()
            .filter(seat_hold::Column::Event.eq(self.event.id().as_str()))
            .filter(open())
            .filter(live(self.now).not())
            .order_by_asc(seat_hold::Column::ExpiresAt)
            .order_by_asc(seat_hold::Column::Hold)
            .limit(at_once as u64 + 1)
            .all(&self.transaction)
            .await?;
        if stale.is_empty() {
            return Ok(true);
        }
        let are_all = stale.len() <= at_once;
        stale.truncate(at_once);
        let ids: Vec<_> = stale.iter().map(|hold| hold.hold.clone()).collect();
        seat_hold::Entity::update_many()
            .col_expr(seat_hold::Column::State, Expr::value(HoldState::Expired.as_str()))
            .filter(seat_hold::Column::Hold.is_in(ids.clone()))
            .exec(&self.transaction)
            .await?;
        let claims = seat_claim::Entity::find()
            .filter(seat_claim::Column::Hold.is_in(ids.clone()))
            .filter(seat_claim::Column::State.eq(HELD))
            .all(&self.transaction)
            .await?;
        seat_claim::Entity::update_many()
            .col_expr(seat_claim::Column::State, Expr::value("expired"))
            .filter(seat_claim::Column::Hold.is_in(ids.clone()))
            .filter(seat_claim::Column::State.eq(HELD))
            .exec(&self.transaction)
            .await?;
        self.pass(stale.iter().filter_map(|hold| hold.waiting.clone()))
            .await?;
        let expired = Record {
            what: What::Expired,
            why: "time",
            until: None,
        };
        self.record(&claims, expired).await?;
        self.freed = true;
        Ok(are_all)
    }

    /// Offers that weren't taken.
    pub(super) async fn pass(&self, waiting: impl Iterator<Item = String>) -> Result<(), DbErr> {
        let waiting: Vec<_> = waiting.collect();
        if waiting.is_empty() {
            return Ok(());
        }
        seat_waiting::Entity::update_many()
            .col_expr(
                seat_waiting::Column::State,
                Expr::value(WaitingState::Passed.as_str()),
            )
            .filter(seat_waiting::Column::Waiting.is_in(waiting))
            .filter(seat_waiting::Column::State.eq(WaitingState::Offered.as_str()))
            .exec(&self.transaction)
            .await?;
        Ok(())
    }

    /// Writes down what happened to places, and tells how often each has changed now.
    pub(super) async fn record(
        &mut self,
        claims: &[seat_claim::Model],
        record: Record<'_>,
    ) -> Result<BTreeMap<PlaceId, i64>, DbErr> {
        let mut versions = BTreeMap::new();
        for claims in claims.chunks(ROWS_AT_ONCE) {
            let places: Vec<_> = claims.iter().map(|claim| claim.place.clone()).collect();
            let mut before = versions_of(&self.transaction, self.event.id().as_str(), places).await?;
            let mut rows = Vec::with_capacity(claims.len());
            for claim in claims {
                let place: PlaceId = parsed(&claim.place)?;
                // Counted on here, should a place be there twice: the database doesn't let it have two owners, and what is said of them must not end the event.
                let version = before.entry(claim.place.clone()).or_default();
                *version += 1;
                let version = *version;
                versions.insert(place.clone(), version);
                let entry = self.chain.append(Change {
                    place,
                    version,
                    who: parsed(&claim.holder)?,
                    what: record.what,
                    why: record.why.to_owned(),
                    hold: parsed(&claim.hold)?,
                    until: record.until,
                    at: self.now,
                });
                rows.push(seat_audit::ActiveModel {
                    event: Set(self.event.id().to_string()),
                    number: Set(entry.number),
                    place: Set(claim.place.clone()),
                    version: Set(version),
                    who: Set(claim.holder.clone()),
                    what: Set(record.what.as_str().to_owned()),
                    why: Set(record.why.to_owned()),
                    hold: Set(claim.hold.clone()),
                    until: Set(record.until),
                    at: Set(self.now),
                    previous: Set(entry.previous),
                    hash: Set(entry.hash),
                });
            }
            seat_audit::Entity::insert_many(rows)
                .exec_without_returning(&self.transaction)
                .await?;
        }
        *self.changes.entry(record.what).or_default() += claims.len() as u64;
        Ok(versions)
    }

    /// Keeps all of it, and tells what happened to how many places.
    pub(super) async fn commit(self) -> Result<BTreeMap<What, u64>, DbErr> {
        if self.chain.number != self.began {
            seat_event::Entity::update_many()
                .col_expr(seat_event::Column::Sequence, Expr::value(self.chain.number))
                .col_expr(seat_event::Column::Hash, Expr::value(self.chain.hash))
                .filter(seat_event::Column::Event.eq(self.event.id().as_str()))
                .exec(&self.transaction)
                .await?;
        }
        self.transaction.commit().await?;
        Ok(self.changes)
    }
}

/// How often each place has changed.
pub(super) async fn versions_of(
    connection: &impl ConnectionTrait,
    event: &str,
    places: Vec<String>,
) -> Result<HashMap<String, i64>, DbErr> {
    let versions = seat_audit::Entity::find()
        .select_only()
        .column(seat_audit::Column::Place)
        .column_as(seat_audit::Column::Version.max(), "version")
        .filter(seat_audit::Column::Event.eq(event))
        .filter(seat_audit::Column::Place.is_in(places))
        .group_by(seat_audit::Column::Place)
        .into_model::<Version>()
        .all(connection)
        .await?;
    Ok(versions.into_iter().map(|row| (row.place, row.version)).collect())
}

/// What the program itself has written.
pub(super) fn parsed<T: FromStr<Err: Display>>(text: &str) -> Result<T, DbErr> {
    text.parse()
        .map_err(|error: T::Err| DbErr::Type(format!("{text}: {error}")))
}

/// A new id's 128 bits.
pub(super) fn random() -> Result<u128, DbErr> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes)
        .map_err(|error| DbErr::Custom(format!("the system has no randomness: {error}")))?;
    Ok(u128::from_ne_bytes(bytes))
}

/// What is decided inside a transaction: done, or refused without having changed anything.
pub(super) type Decided<T> = Result<Result<T, Refused>, DbErr>;
