//! The repository of the market: keep bars as they are now, read a page of them, forget the old ones.

use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ActiveModelTrait as _, ColumnTrait as _, DatabaseTransaction, DbErr, EntityTrait as _,
    IntoActiveModel as _, QueryFilter as _, QueryOrder as _, QuerySelect as _, Select,
};

use super::entity::market_bar;
use super::{Store, StoreError};
use crate::market::{Bar, Interval, Price, Symbol, Volume};

/// A bar as stored.
pub type StoredBar = market_bar::Model;

/// Part of the bars of a symbol and interval, ascending.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BarPage {
    /// The bars.
    pub bars: Vec<StoredBar>,
    /// Whether there are older ones.
    pub more: bool,
}

impl StoredBar {
    /// A bar as the database has it.
    pub fn new(symbol: Symbol, interval: Interval, bar: &Bar) -> Self {
        Self {
            symbol: symbol.to_string(),
            interval: interval.name().to_owned(),
            open_at: bar.open_at,
            open: bar.open.units(),
            high: bar.high.units(),
            low: bar.low.units(),
            close: bar.close.units(),
            volume: bar.volume.lots(),
            revision: i64::from(bar.revision),
        }
    }

    /// And back; `None` for what isn't a bar.
    pub fn bar(&self) -> Option<Bar> {
        let price = |units| Price::new(units).ok();
        Some(Bar {
            open_at: self.open_at,
            open: price(self.open)?,
            high: price(self.high)?,
            low: price(self.low)?,
            close: price(self.close)?,
            volume: Volume::new(self.volume).ok()?,
            revision: self.revision.try_into().ok()?,
        })
    }
}

/// Rows of one statement at most: 9 values each, and SQLite takes 32,766 in one.
const STATEMENT_ROWS: usize = 512;

impl Store {
    /// Bars that one transaction stores at most: it takes some ten milliseconds, for which a message of the chat has to wait in an SQLite file.
    pub const BARS_AT_ONCE: usize = 2000;

    /// Stores bars as they are now, whether or not they were there before; each may be given once.
    ///
    /// # Errors
    /// Any [`StoreError`]. Those of whole transactions ([`Self::BARS_AT_ONCE`]) may be there nevertheless; storing all of them again is safe.
    pub async fn put_bars(&self, bars: &[StoredBar]) -> Result<(), StoreError> {
        for bars in bars.chunks(Self::BARS_AT_ONCE) {
            self.retrying(|| self.try_put_bars(bars)).await?;
        }
        Ok(())
    }

    /// The newest `limit` bars, of those that begin before `before` if that is said.
    ///
    /// # Errors
    /// Any [`StoreError`].
    pub async fn bars(
        &self,
        symbol: &str,
        interval: &str,
        before: Option<i64>,
        limit: u64,
    ) -> Result<BarPage, StoreError> {
        let mut query = bars_of(symbol, interval);
        if let Some(before) = before {
            query = query.filter(market_bar::Column::OpenAt.lt(before));
        }
        let query = query
            .order_by_desc(market_bar::Column::OpenAt)
            .limit(limit.saturating_add(1));
        let query = &query;
        self.retrying(|| async move {
            let mut bars = query.clone().all(&self.reader).await?;
            let more = bars.len() as u64 > limit;
            bars.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
            bars.reverse();
            Ok(BarPage { bars, more })
        })
        .await
    }

    /// Deletes the oldest `limit` bars, at most, of those that begin before `before`, and returns how many that were.
    ///
    /// # Errors
    /// Any [`StoreError`].
    pub async fn forget_bars(
        &self,
        symbol: &str,
        interval: &str,
        before: i64,
        limit: u64,
    ) -> Result<u64, StoreError> {
        let old = || bars_of(symbol, interval).filter(market_bar::Column::OpenAt.lt(before));
        self.retrying(|| async {
            // Not every database can delete a number of rows: up to the one behind them, if there is one.
            let spared = old()
                .order_by_asc(market_bar::Column::OpenAt)
                .offset(limit)
                .limit(1)
                .one(&self.reader)
                .await?;
            let end = spared.map_or(before, |bar| bar.open_at);
            let deleted = market_bar::Entity::delete_many()
                .filter(market_bar::Column::Symbol.eq(symbol))
                .filter(market_bar::Column::Interval.eq(interval))
                .filter(market_bar::Column::OpenAt.lt(end))
                .exec(&self.writer)
                .await?;
            Ok(deleted.rows_affected)
        })
        .await
    }

    /// The first symbol behind another that bars are kept of, in the order of the database.
    ///
    /// # Errors
    /// Any [`StoreError`].
    pub async fn symbol_after(&self, symbol: &str) -> Result<Option<String>, StoreError> {
        let query = market_bar::Entity::find()
            .select_only()
            .column(market_bar::Column::Symbol)
            .filter(market_bar::Column::Symbol.gt(symbol))
            .order_by_asc(market_bar::Column::Symbol)
            .limit(1);
        let query = &query;
        self.retrying(|| query.clone().into_tuple().one(&self.reader))
            .await
    }

    async fn try_put_bars(&self, bars: &[StoredBar]) -> Result<(), DbErr> {
        let transaction = self.begin().await?;
        put_rows(&transaction, bars).await?;
        transaction.commit().await
    }
}

/// Stores bars as they are now.
pub(super) async fn put_rows(transaction: &DatabaseTransaction, bars: &[StoredBar]) -> Result<(), DbErr> {
    for bars in statements(bars) {
        let rows = bars.iter().map(|bar| bar.clone().into_active_model().reset_all());
        let replace = OnConflict::columns([
            market_bar::Column::Symbol,
            market_bar::Column::Interval,
            market_bar::Column::OpenAt,
        ])
        .update_columns([
            market_bar::Column::Open,
            market_bar::Column::High,
            market_bar::Column::Low,
            market_bar::Column::Close,
            market_bar::Column::Volume,
            market_bar::Column::Revision,
        ])
        .to_owned();
        market_bar::Entity::insert_many(rows)
            .on_conflict(replace)
            .exec_without_returning(transaction)
            .await?;
    }
    Ok(())
}

/// The same rows in parts of [`STATEMENT_ROWS`], half as many, and so on. To a connection, each number of rows is a statement of its own, which it keeps prepared
/// in up to half a megabyte: with as many numbers as come, memory grew by 20 MB in ten minutes.
fn statements(mut bars: &[StoredBar]) -> impl Iterator<Item = &[StoredBar]> {
    std::iter::from_fn(move || {
        let rows = STATEMENT_ROWS.min(1 << bars.len().checked_ilog2()?);
        let (first, rest) = bars.split_at(rows);
        bars = rest;
        Some(first)
    })
}

/// All bars of a symbol and interval.
pub(super) fn bars_of(symbol: &str, interval: &str) -> Select<market_bar::Entity> {
    market_bar::Entity::find()
        .filter(market_bar::Column::Symbol.eq(symbol))
        .filter(market_bar::Column::Interval.eq(interval))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn however_many_bars_there_are_the_statements_are_few() {
        let bar = |open_at| StoredBar {
            symbol: "A".to_owned(),
            interval: "1s".to_owned(),
            open_at,
            open: 1,
            high: 1,
            low: 1,
            close: 1,
            volume: 1,
            revision: 0,
        };
        let bars: Vec<_> = (0..2000).map(bar).collect();
        let mut sizes = BTreeSet::new();
        for count in 0..=bars.len() {
            let parts: Vec<_> = statements(&bars[..count]).collect();
            assert_eq!(parts.concat(), bars[..count]);
            sizes.extend(parts.iter().map(|part| part.len()));
        }
        assert_eq!(sizes.len(), 10);
        assert_eq!(sizes.last(), Some(&STATEMENT_ROWS));
    }

    #[test]
    fn a_bar_comes_back_as_it_was_kept() {
        let price = |units| Price::new(units).unwrap();
        let there = Bar {
            open_at: 60_000,
            open: price(2),
            high: price(4),
            low: price(1),
            close: price(3),
            volume: Volume::new(5).unwrap(),
            revision: 6,
        };
        let kept = StoredBar::new("A".parse().unwrap(), Interval::M1, &there);
        assert_eq!(kept.bar(), Some(there));
        assert_eq!(StoredBar { low: 0, ..kept }.bar(), None, "no price");
    }
}
