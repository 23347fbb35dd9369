//! By which clock, until when, and whose: the predicates on which everything else rests, each once.

use sea_orm::sea_query::{Condition, Expr, ExprTrait, Query};
use sea_orm::{ColumnTrait, ConnectionTrait, DbBackend, DbErr, FromQueryResult};

use crate::seats::{HoldId, HoldState};
use crate::store::entity::{seat_claim, seat_hold};

/// Now, in milliseconds since 1970-01-01 UTC, by the database's clock. Not the time at which the transaction or the statement began: that
/// may have waited for a lock since. (Connections to MySQL have their time zone set to UTC.)
pub(super) fn clock(backend: DbBackend) -> Expr {
    Expr::cust(match backend {
        DbBackend::MySql => "CAST(UNIX_TIMESTAMP(SYSDATE(3)) * 1000 AS SIGNED)",
        DbBackend::Postgres => "CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)",
        _ => "CAST(ROUND(unixepoch('subsec') * 1000) AS INTEGER)",
    })
}

#[derive(FromQueryResult)]
struct Now {
    now: i64,
}

/// What [`clock`] shows.
pub(super) async fn now(connection: &impl ConnectionTrait) -> Result<i64, DbErr> {
    let backend = connection.get_database_backend();
    let now = Query::select().expr_as(clock(backend), "now").to_owned();
    let now = Now::find_by_statement(backend.build(&now))
        .one(connection)
        .await?;
    let Now { now } = now.ok_or_else(|| DbErr::Custom("the database has no clock".to_owned()))?;
    Ok(now)
}

/// Holds whose time isn't up at `now`, which is [`clock`], or what it showed when the transaction had its lock. All that a
/// transaction decides, it decides by one time: the one that it tells.
pub(super) fn live(now: impl Into<Expr>) -> Expr {
    Expr::col((seat_hold::Entity, seat_hold::Column::ExpiresAt)).gt(now.into())
}

/// The hold of this id and of this holder.
pub(super) fn owned(hold: HoldId, holder: &str) -> Condition {
    Condition::all()
        .add(seat_hold::Column::Hold.eq(hold.to_string()))
        .add(seat_hold::Column::Holder.eq(holder))
}

/// Holds that keep their places for a time.
pub(super) fn open() -> Expr {
    let states = HoldState::OPEN.map(HoldState::as_str);
    Expr::col((seat_hold::Entity, seat_hold::Column::State)).is_in(states)
}

/// Claims that keep others from their places.
pub(super) fn taken() -> Expr {
    Expr::col((seat_claim::Entity, seat_claim::Column::State)).is_in([HELD, SOLD])
}

/// A claim for a time.
pub(super) const HELD: &str = "held";

/// A claim for good.
pub(super) const SOLD: &str = "sold";
