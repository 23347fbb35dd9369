//! Looking, without changing anything.

use std::collections::{BTreeMap, HashMap};

use sea_orm::sea_query::{Alias, Expr, ExprTrait as _, Func, Query};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, FromQueryResult, PaginatorTrait, QueryFilter,
    QueryOrder, QuerySelect,
};

use super::clock::{SOLD, clock, live, open, taken};
use super::offers::waiting;
use super::turn::{parsed, versions_of};
use crate::chat::Sender;
use crate::seats::{
    Change, Entry, Event, EventId, Hold, HoldId, HoldState, ORGANISER, PaymentId, PlaceId, PlaceState,
    Waiting, WaitingId, WaitingState,
};
use crate::store::entity::{seat_audit, seat_claim, seat_event, seat_hold, seat_payment, seat_waiting};
use crate::store::{Store, StoreError};

/// Holds, or places in waiting lists, that somebody is shown: more than anybody looks through.
const SHOWN: u64 = 100;

/// Who has a place, as of one moment between question and answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// What it is.
    pub state: PlaceState,
    /// Whose it is.
    pub holder: Option<Sender>,
    /// By which hold.
    pub hold: Option<HoldId>,
    /// Until when.
    pub until: Option<i64>,
    /// How often it has changed.
    pub version: i64,
    /// The database's clock.
    pub now: i64,
}

/// Where an event stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Beat {
    /// Which event.
    pub event: String,
    /// Number of the last entry of its log.
    pub sequence: i64,
    /// How often what is known about it has changed.
    pub edition: i64,
    /// Whether holds are over of which that isn't written down.
    pub is_stale: bool,
    /// The database's clock.
    pub now: i64,
}

/// What somebody has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mine<T> {
    /// All of it, newest first.
    pub list: Vec<T>,
    /// The database's clock.
    pub now: i64,
}

#[derive(FromQueryResult)]
struct ClaimRow {
    state: Option<String>,
    holder: Option<String>,
    hold: Option<String>,
    until: Option<i64>,
    version: Option<i64>,
    now: i64,
}

#[derive(FromQueryResult)]
struct BeatRow {
    event: String,
    sequence: i64,
    edition: i64,
    stale: Option<String>,
    now: i64,
}

impl Store {
    /// Who has a place.
    ///
    /// # Errors
    /// Any [`StoreError`].
    pub async fn seat_claim(&self, event: &EventId, place: &PlaceId) -> Result<Claim, StoreError> {
        let backend = self.reader.get_database_backend();
        let claim = |column| Expr::col((seat_claim::Entity, column));
        let version = Query::select()
            .expr(Func::max(Expr::col(seat_audit::Column::Version)))
            .from(seat_audit::Entity)
            .and_where(seat_audit::Column::Event.eq(event.as_str()))
            .and_where(seat_audit::Column::Place.eq(place.as_str()))
            .to_owned();
        let query = Query::select()
            .expr_as(claim(seat_claim::Column::State), "state")
            .expr_as(claim(seat_claim::Column::Holder), "holder")
            .expr_as(claim(seat_claim::Column::Hold), "hold")
            .expr_as(
                Expr::col((seat_hold::Entity, seat_hold::Column::ExpiresAt)),
                "until",
            )
            .expr_as(Expr::SubQuery(None, Box::new(version.into())), "version")
            .expr_as(clock(backend), "now")
            .from(seat_event::Entity)
            .left_join(
                seat_claim::Entity,
                claim(seat_claim::Column::Event)
                    .equals((seat_event::Entity, seat_event::Column::Event))
                    .and(claim(seat_claim::Column::Place).eq(place.as_str()))
                    .and(taken()),
            )
            .left_join(
                seat_hold::Entity,
                Expr::col((seat_hold::Entity, seat_hold::Column::Hold))
                    .equals((seat_claim::Entity, seat_claim::Column::Hold)),
            )
            .and_where(Expr::col((seat_event::Entity, seat_event::Column::Event)).eq(event.as_str()))
            .to_owned();
        self.retrying(|| async {
            let row = ClaimRow::find_by_statement(backend.build(&query))
                .one(&self.reader)
                .await?;
            let row = row.ok_or_else(|| DbErr::RecordNotFound(event.to_string()))?;
            // By the time that is told, and no later one.
            let state = match row.state.as_deref() {
                Some(SOLD) if row.holder.as_deref() == Some(ORGANISER) => PlaceState::Blocked,
                Some(SOLD) => PlaceState::Sold,
                Some(_) if row.until.is_some_and(|until| until > row.now) => PlaceState::Held,
                Some(_) | None => PlaceState::Free,
            };
            let is_owned = matches!(state, PlaceState::Held | PlaceState::Sold);
            Ok(Claim {
                state,
                holder: row
                    .holder
                    .filter(|_| is_owned)
                    .as_deref()
                    .map(parsed)
                    .transpose()?,
                hold: row.hold.filter(|_| is_owned).as_deref().map(parsed).transpose()?,
                until: row.until.filter(|_| state == PlaceState::Held),
                version: row.version.unwrap_or_default(),
                now: row.now,
            })
        })
        .await
    }

    /// Where every event stands.
    ///
    /// # Errors
    /// Any [`StoreError`].
    pub async fn seat_beats(&self) -> Result<Vec<Beat>, StoreError> {
        let backend = self.reader.get_database_backend();
        let stale = Query::select()
            .expr(Expr::value(1))
            .from(seat_hold::Entity)
            .and_where(
                Expr::col((seat_hold::Entity, seat_hold::Column::Event))
                    .equals((seat_event::Entity, seat_event::Column::Event)),
            )
            .and_where(open())
            .and_where(live(clock(backend)).not())
            .to_owned();
        let query = Query::select()
            .column((seat_event::Entity, seat_event::Column::Event))
            .column((seat_event::Entity, seat_event::Column::Sequence))
            .column((seat_event::Entity, seat_event::Column::Edition))
            .expr_as(Expr::case(Expr::exists(stale), Expr::value("stale")), "stale")
            .expr_as(clock(backend), "now")
            .from(seat_event::Entity)
            .to_owned();
        self.retrying(|| async {
            let rows = BeatRow::find_by_statement(backend.build(&query))
                .all(&self.reader)
                .await?;
            let beat = |row: BeatRow| Beat {
                event: row.event,
                sequence: row.sequence,
                edition: row.edition,
                is_stale: row.stale.is_some(),
                now: row.now,
            };
            Ok(rows.into_iter().map(beat).collect())
        })
        .await
    }

    /// The last change of each place: how the event stands.
    ///
    /// # Errors
    /// Any [`StoreError`].
    pub async fn seat_standings(&self, event: &EventId) -> Result<Vec<Entry>, StoreError> {
        // In one statement, so as of one moment.
        let last = Query::select()
            .expr(Func::max(Expr::col((
                Alias::new("last"),
                seat_audit::Column::Number,
            ))))
            .from_as(seat_audit::Entity, Alias::new("last"))
            .and_where(Expr::col((Alias::new("last"), seat_audit::Column::Event)).eq(event.as_str()))
            .group_by_col((Alias::new("last"), seat_audit::Column::Place))
            .to_owned();
        self.retrying(|| async {
            let rows = seat_audit::Entity::find()
                .filter(seat_audit::Column::Event.eq(event.as_str()))
                .filter(Expr::col((seat_audit::Entity, seat_audit::Column::Number)).in_subquery(last.clone()))
                .order_by_asc(seat_audit::Column::Number)
                .all(&self.reader)
                .await?;
            rows.into_iter().map(entry).collect()
        })
        .await
    }

    /// A part of an event's log: what comes after a number, at most so many entries.
    ///
    /// # Errors
    /// Any [`StoreError`].
    pub async fn seat_log(&self, event: &EventId, after: i64, limit: u64) -> Result<Vec<Entry>, StoreError> {
        self.retrying(|| log(&self.reader, event, after, limit)).await
    }

    /// The event of a hold.
    ///
    /// # Errors
    /// Any [`StoreError`].
    pub async fn event_of_hold(&self, hold: HoldId) -> Result<Option<String>, StoreError> {
        self.retrying(|| async {
            let row = seat_hold::Entity::find_by_id(hold.to_string())
                .one(&self.reader)
                .await?;
            Ok(row.map(|row| row.event))
        })
        .await
    }

    /// The event of a place in a waiting list.
    ///
    /// # Errors
    /// Any [`StoreError`].
    pub async fn event_of_waiting(&self, waiting: WaitingId) -> Result<Option<String>, StoreError> {
        self.retrying(|| async {
            let row = seat_waiting::Entity::find_by_id(waiting.to_string())
                .one(&self.reader)
                .await?;
            Ok(row.map(|row| row.event))
        })
        .await
    }

    /// The event of a payment, and how much it is.
    ///
    /// # Errors
    /// Any [`StoreError`].
    pub async fn event_of_payment(&self, payment: PaymentId) -> Result<Option<(String, i64)>, StoreError> {
        self.retrying(|| async {
            let row = seat_payment::Entity::find_by_id(payment.to_string())
                .one(&self.reader)
                .await?;
            Ok(row.map(|row| (row.event, row.amount)))
        })
        .await
    }

    /// Somebody's holds, as far as these events are concerned.
    ///
    /// # Errors
    /// Any [`StoreError`].
    pub async fn holds_of(
        &self,
        holder: Sender,
        events: &HashMap<EventId, std::sync::Arc<Event>>,
    ) -> Result<Mine<Hold>, StoreError> {
        let now = self.seat_clock().await?;
        self.retrying(|| async {
            let rows = seat_hold::Entity::find()
                .filter(seat_hold::Column::Holder.eq(holder.to_string()))
                .order_by_desc(seat_hold::Column::CreatedAt)
                .order_by_desc(seat_hold::Column::Hold)
                .limit(SHOWN)
                .all(&self.reader)
                .await?;
            let claims = seat_claim::Entity::find()
                .filter(seat_claim::Column::Hold.is_in(rows.iter().map(|row| row.hold.clone())))
                .all(&self.reader)
                .await?;
            let mut places: BTreeMap<&str, Vec<String>> = BTreeMap::new();
            for claim in &claims {
                places.entry(&claim.event).or_default().push(claim.place.clone());
            }
            let mut versions = HashMap::new();
            for (event, places) in places {
                versions.insert(event, versions_of(&self.reader, event, places).await?);
            }
            let mut list = Vec::new();
            for mut row in rows {
                let Some(event) = events.get(&parsed(&row.event)?) else {
                    continue;
                };
                let state: HoldState = parsed(&row.state)?;
                if state.is_open() && row.expires_at <= now {
                    row.state = HoldState::Expired.to_string();
                }
                let of_hold = claims.iter().filter(|claim| claim.hold == row.hold);
                let version = |claim: &seat_claim::Model| {
                    let known = versions
                        .get(claim.event.as_str())
                        .and_then(|known| known.get(&claim.place));
                    Ok((parsed(&claim.place)?, known.copied().unwrap_or_default()))
                };
                let versions = of_hold.map(version).collect::<Result<_, DbErr>>()?;
                list.push(super::holds::hold(event, &row, versions, now)?);
            }
            Ok(Mine { list, now })
        })
        .await
    }

    /// Somebody's places in waiting lists.
    ///
    /// # Errors
    /// Any [`StoreError`].
    pub async fn waiting_of(&self, holder: Sender) -> Result<Mine<Waiting>, StoreError> {
        let now = self.seat_clock().await?;
        self.retrying(|| async {
            let rows = seat_waiting::Entity::find()
                .filter(seat_waiting::Column::Holder.eq(holder.to_string()))
                .order_by_desc(seat_waiting::Column::CreatedAt)
                .order_by_desc(seat_waiting::Column::Number)
                .limit(SHOWN)
                .all(&self.reader)
                .await?;
            let mut list = Vec::with_capacity(rows.len());
            for row in rows {
                let ahead = seat_waiting::Entity::find()
                    .filter(seat_waiting::Column::Event.eq(&row.event))
                    .filter(seat_waiting::Column::State.eq(WaitingState::Waiting.as_str()))
                    .filter(seat_waiting::Column::Section.eq(&row.section))
                    .filter(seat_waiting::Column::Number.lte(row.number));
                let ahead = match row.state == WaitingState::Waiting.as_str() {
                    true => ahead.count(&self.reader).await?,
                    false => 0,
                };
                list.push(waiting(&row, ahead, now)?);
            }
            Ok(Mine { list, now })
        })
        .await
    }
}

/// A part of an event's log.
pub(super) async fn log(
    connection: &impl ConnectionTrait,
    event: &EventId,
    after: i64,
    limit: u64,
) -> Result<Vec<Entry>, DbErr> {
    let rows = seat_audit::Entity::find()
        .filter(seat_audit::Column::Event.eq(event.as_str()))
        .filter(seat_audit::Column::Number.gt(after))
        .order_by_asc(seat_audit::Column::Number)
        .limit(limit)
        .all(connection)
        .await?;
    rows.into_iter().map(entry).collect()
}

fn entry(row: seat_audit::Model) -> Result<Entry, DbErr> {
    Ok(Entry {
        number: row.number,
        change: Change {
            place: parsed(&row.place)?,
            version: row.version,
            who: parsed(&row.who)?,
            what: parsed(&row.what)?,
            why: row.why,
            hold: parsed(&row.hold)?,
            until: row.until,
            at: row.at,
        },
        previous: row.previous,
        hash: row.hash,
    })
}
