//! Keeps bars in the database, and no more of them than are needed.

use std::time::Duration;

use super::Market;
use super::series::Series;
use crate::market::{Bar, Interval, Symbol};
use crate::store::{Store, StoreError, StoredBar};

/// How long bars are kept, by the time of the market; longer ones for ever.
pub const RETENTION: [(Interval, Duration); 3] = [
    (Interval::S1, Duration::from_secs(6 * 3600)),
    (Interval::S5, Duration::from_secs(24 * 3600)),
    (Interval::M1, Duration::from_secs(30 * 24 * 3600)),
];

/// Bars of one series that are deleted at once, so that nobody waits for it; there is a turn for each symbol every minute, in which 60 become too old.
pub const FORGET_ROWS: u64 = 500;

/// Seconds until each symbol that is traded has had its turn. Of the others one is looked at each second: there are no new bars of them.
const ROUND: usize = 60;

/// Who is next.
#[derive(Debug, Default)]
pub(super) struct Keeper {
    next: usize,
    /// Of all that bars are kept of, the one that was looked at last.
    kept: String,
}

impl Keeper {
    /// Stores what has changed, and forgets what is too old of some symbols.
    pub(super) async fn keep(&mut self, market: &Market) {
        market.save().await;
        let (symbols, now) = {
            let floor = market.floor();
            let mut symbols: Vec<_> = floor.traded.keys().copied().collect();
            symbols.sort_unstable();
            (symbols, floor.newest_ms)
        };
        let store = market.store();
        let turns = symbols.len().div_ceil(ROUND);
        for symbol in symbols.iter().cycle().skip(self.next).take(turns) {
            if let Err(error) = forget(&store, *symbol, now).await {
                tracing::warn!(%error, "old bars aren't deleted");
                return;
            }
        }
        self.next = (self.next + turns) % symbols.len().max(1);
        if let Err(error) = self.forget_of_gone(&store, &symbols, now).await {
            tracing::warn!(%error, "old bars of symbols that have gone aren't deleted");
        }
    }

    /// The turn of one more symbol that bars are kept of, unless it's one of those that are traded, which have their own.
    async fn forget_of_gone(&mut self, store: &Store, traded: &[Symbol], now: i64) -> Result<(), StoreError> {
        self.kept = store.symbol_after(&self.kept).await?.unwrap_or_default();
        match self.kept.parse() {
            Ok(symbol) if traded.binary_search(&symbol).is_err() => forget(store, symbol, now).await,
            _ => Ok(()),
        }
    }
}

async fn forget(store: &Store, symbol: Symbol, now: i64) -> Result<(), StoreError> {
    for (interval, time) in RETENTION {
        let time = i64::try_from(time.as_millis()).unwrap_or(i64::MAX);
        let before = now.saturating_sub(time);
        store
            .forget_bars(symbol.as_str(), interval.name(), before, FORGET_ROWS)
            .await?;
    }
    Ok(())
}

impl Market {
    /// Stores what has changed. What can't be stored waits for the next time.
    pub(super) async fn save(&self) {
        let _alone = self.saving.lock().await;
        let (saving, lost) = {
            let mut floor = self.floor();
            let lost = floor.collect();
            (floor.unsaved.begin_to_save(), lost)
        };
        self.counters.lost.inc_by(lost);
        if saving.is_empty() {
            return;
        }
        let row = |(series, bar): &(Series, Bar)| StoredBar::new(series.symbol, series.interval, bar);
        let rows: Vec<_> = saving.iter().map(row).collect();
        let put = self.store().put_bars(&rows).await;
        match &put {
            Ok(()) => self.counters.stored.inc_by(rows.len() as u64),
            Err(error) => {
                tracing::warn!(%error, bars = rows.len(), "bars aren't stored, and wait");
                0
            }
        };
        let lost = self.floor().unsaved.saved(put.is_ok());
        self.counters.lost.inc_by(lost);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::market::{Price, Volume};

    #[tokio::test]
    async fn bars_are_kept_as_long_as_they_are_needed() {
        let store = Store::in_memory().await.unwrap();
        let now = 400 * 24 * 3_600_000;
        let price = Price::new(1).unwrap();
        let mut rows = Vec::new();
        for interval in Interval::ALL {
            for days in [0, 1, 2, 31, 365] {
                let bar = Bar {
                    open_at: now - days * 24 * 3_600_000,
                    open: price,
                    high: price,
                    low: price,
                    close: price,
                    volume: Volume::NONE,
                    revision: 0,
                };
                let symbol = "A".parse().unwrap();
                rows.push(StoredBar::new(symbol, interval, &bar));
            }
        }
        store.put_bars(&rows).await.unwrap();
        forget(&store, "A".parse().unwrap(), now).await.unwrap();
        for (interval, kept) in Interval::ALL.into_iter().zip([1, 2, 3, 5, 5, 5, 5]) {
            let page = store.bars("A", interval.name(), None, 99).await.unwrap();
            assert_eq!(page.bars.len(), kept, "{interval}");
        }
    }
}
