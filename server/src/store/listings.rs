//! What the bars of each symbol mean. Where that changes they are brought along, all of them or none, if it can be exact.

use std::time::Duration;

use sea_orm::sea_query::{Expr, ExprTrait as _};
use sea_orm::{
    ActiveModelTrait as _, ColumnTrait as _, DatabaseTransaction, DbErr, EntityTrait as _,
    IntoActiveModel as _, PaginatorTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _,
};

use super::entity::{market_bar, market_listing};
use super::market::{StoredBar, bars_of, put_rows};
use super::{Store, StoreError, is_there};
use crate::market::{Bar, Interval, Price, Scale, Symbol, Terms, joined};

/// What has become of the stored bars of a symbol that is listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// They mean what they did.
    AsTheyWere,
    /// They mean the same as before, on the new terms.
    Brought,
    /// They couldn't be told on the new terms, and are gone.
    Nothing,
}

impl Store {
    /// For so many stored bars of a symbol there is a second more than [`Self::OPERATION_TIME`] to bring them to other terms. It's one transaction: with less time
    /// than it takes it would be begun again for ever. Another clock takes longest, half a minute for 500,000 on a machine that had much else to do.
    pub const BARS_A_SECOND: u64 = 10_000;

    /// A symbol is traded on these terms from now on: its bars are told on them, or deleted. `unstored` are bars that aren't stored yet, and the terms
    /// that they are on. Bars of a symbol whose terms were never stored, or can't be read, are taken to be on these.
    ///
    /// It may be done twice. One transaction changes all bars, some 100,000 of them in a second; it has time for [`Self::BARS_A_SECOND`].
    ///
    /// # Errors
    /// Any [`StoreError`]. Nobody knows then whether it has been done.
    pub async fn trade_on(
        &self,
        symbol: Symbol,
        terms: &Terms,
        unstored: Option<(&Terms, &[StoredBar])>,
    ) -> Result<Kept, StoreError> {
        let bars = self.retrying(|| self.to_bring(symbol, terms)).await?;
        let time = Self::OPERATION_TIME + Duration::from_secs(bars / Self::BARS_A_SECOND);
        self.retrying_for(time, || async move {
            match self.try_trade_on(symbol, terms, unstored).await {
                // Another process was the first to list it: once more, and it's seen.
                Err(error) if is_there(&error) => self.try_trade_on(symbol, terms, unstored).await,
                done => done,
            }
        })
        .await
    }

    /// How many stored bars of a symbol are on other terms than these.
    async fn to_bring(&self, symbol: Symbol, terms: &Terms) -> Result<u64, DbErr> {
        let row = market_listing::Entity::find_by_id(symbol.as_str())
            .one(&self.reader)
            .await?;
        let earlier = row.and_then(market_listing::Model::terms);
        if earlier.is_none_or(|earlier| terms.clone().after(&earlier) == earlier) {
            return Ok(0);
        }
        let bars = market_bar::Entity::find().filter(market_bar::Column::Symbol.eq(symbol.as_str()));
        bars.count(&self.reader).await
    }

    async fn try_trade_on(
        &self,
        symbol: Symbol,
        terms: &Terms,
        unstored: Option<(&Terms, &[StoredBar])>,
    ) -> Result<Kept, DbErr> {
        let transaction = self.begin().await?;
        let row = market_listing::Entity::find_by_id(symbol.as_str())
            .lock_exclusive()
            .one(&transaction)
            .await?;
        let is_new = row.is_none();
        let stored = row.and_then(market_listing::Model::terms);
        let earlier = stored.clone().unwrap_or_else(|| terms.clone());
        // Where they are on others, they have been stored, and brought along, when nobody heard that it was done.
        if let Some((on, bars)) = unstored
            && on.clone().after(&earlier) == earlier
        {
            put_rows(&transaction, bars).await?;
        }
        let terms = terms.clone().after(&earlier);
        let kept = if terms == earlier {
            Kept::AsTheyWere
        } else {
            bring(&transaction, symbol, &terms, &earlier).await?
        };
        let row = market_listing::Model::new(symbol, &terms).into_active_model();
        if is_new {
            market_listing::Entity::insert(row)
                .exec_without_returning(&transaction)
                .await?;
        } else if stored.as_ref() != Some(&terms) {
            market_listing::Entity::update(row.reset_all())
                .exec(&transaction)
                .await?;
        }
        transaction.commit().await?;
        Ok(kept)
    }
}

/// Tells all bars of a symbol on other terms, or deletes them.
async fn bring(
    transaction: &DatabaseTransaction,
    symbol: Symbol,
    terms: &Terms,
    earlier: &Terms,
) -> Result<Kept, DbErr> {
    let of = market_bar::Column::Symbol.eq(symbol.as_str());
    let mut factor = terms.factor(earlier);
    if let Some(times) = factor {
        let too_high = market_bar::Entity::find()
            .filter(of.clone())
            .filter(market_bar::Column::High.gt(Price::MOST.units() / times))
            .limit(1)
            .one(transaction)
            .await?;
        factor = factor.filter(|_| too_high.is_none());
    }
    let Some(factor) = factor else {
        market_bar::Entity::delete_many()
            .filter(of)
            .exec(transaction)
            .await?;
        return Ok(Kept::Nothing);
    };
    if factor > 1 {
        let mut update = market_bar::Entity::update_many().filter(of);
        for price in [
            market_bar::Column::Open,
            market_bar::Column::High,
            market_bar::Column::Low,
            market_bar::Column::Close,
        ] {
            update = update.col_expr(price, Expr::col(price).mul(factor));
        }
        update.exec(transaction).await?;
    }
    // Those that begin at other times now are made of the shorter ones, which don't, or have been made just before.
    for pair in Interval::ALL.windows(2) {
        if let &[shorter, longer] = pair
            && !terms.line_up(earlier, longer)
        {
            join(transaction, symbol, shorter, longer, terms.utc_offset_minutes).await?;
        }
    }
    Ok(Kept::Brought)
}

/// Makes the bars of an interval anew out of shorter ones.
async fn join(
    transaction: &DatabaseTransaction,
    symbol: Symbol,
    shorter: Interval,
    longer: Interval,
    utc_offset_minutes: i16,
) -> Result<(), DbErr> {
    let rows = bars_of(symbol.as_str(), shorter.name())
        .order_by_asc(market_bar::Column::OpenAt)
        .all(transaction)
        .await?;
    market_bar::Entity::delete_many()
        .filter(market_bar::Column::Symbol.eq(symbol.as_str()))
        .filter(market_bar::Column::Interval.eq(longer.name()))
        .exec(transaction)
        .await?;
    let bars: Vec<Bar> = rows.iter().filter_map(StoredBar::bar).collect();
    let joined = joined(&bars, longer, utc_offset_minutes);
    let rows: Vec<_> = joined
        .iter()
        .map(|bar| StoredBar::new(symbol, longer, bar))
        .collect();
    put_rows(transaction, &rows).await
}

impl market_listing::Model {
    fn new(symbol: Symbol, terms: &Terms) -> Self {
        Self {
            symbol: symbol.to_string(),
            scale: terms.scale.decimals().into(),
            utc_offset_minutes: terms.utc_offset_minutes,
            currency: terms.currency.clone(),
        }
    }

    /// `None` for what can't be.
    fn terms(self) -> Option<Terms> {
        Some(Terms {
            scale: Scale::new(self.scale.try_into().ok()?).ok()?,
            utc_offset_minutes: self.utc_offset_minutes,
            currency: self.currency,
        })
    }
}
