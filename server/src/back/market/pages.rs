//! What is asked for over HTTP: symbols, quotes, pages of bars.

use std::collections::BTreeMap;
use std::time::Instant;

use madang_hub::Position;
use serde::Serialize;
use utoipa::ToSchema;

use super::quote::Quote;
use super::refused::Refused;
use super::series::Series;
use super::traded::Traded;
use super::{Market, now_ms};
use crate::chat::Code;
use crate::market::{Bar, LATE_LIMIT, Listing, PaceChange, Scale, Symbol, Terms};
use crate::store::StoredBar;

/// Part of the bars of a series, ascending.
#[derive(Debug)]
pub(in crate::back) struct BarPage {
    pub(in crate::back) scale: Scale,
    pub(in crate::back) bars: Vec<Bar>,
    /// Whether there are older ones.
    pub(in crate::back) more: bool,
    /// Of the newest page: what happens afterwards is behind it.
    pub(in crate::back) position: Option<Position>,
    /// It won't change any more.
    pub(in crate::back) is_closed: bool,
}

/// What the feed does.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::back) struct PlayState {
    /// `simulator`, `replay`, `websocket` or `none`.
    #[schema(example = "simulator")]
    feed: &'static str,
    /// Whether its time stands still.
    paused: bool,
    /// How fast its time runs.
    #[schema(minimum = 1, maximum = 1000)]
    speed: u16,
    /// What time it is there, in milliseconds since 1970-01-01 UTC.
    at: i64,
    /// Of a replay: when it begins.
    from: Option<i64>,
    /// Of a replay: when it ends.
    to: Option<i64>,
    /// How many events were lost on the way, by their numbers.
    gaps: u64,
}

impl Market {
    /// The symbols that a text is found in: first those that begin with it, then those whose name does.
    pub(in crate::back) async fn search(&self, text: &str, limit: usize) -> Result<Vec<Listing>, Refused> {
        self.open().await?;
        let text = text.trim().to_lowercase();
        let floor = self.floor();
        let rank = |listing: &Listing| {
            let names = [&listing.name_en, &listing.name_ko].map(|name| name.to_lowercase());
            let symbol = listing.symbol.as_str().to_lowercase();
            if symbol.starts_with(&text) {
                Some(0)
            } else if names.iter().any(|name| name.starts_with(&text)) {
                Some(1)
            } else if symbol.contains(&text) || names.iter().any(|name| name.contains(&text)) {
                Some(2)
            } else {
                None
            }
        };
        let listed = floor.traded.values().filter(|traded| traded.is_listed);
        let listings = listed.map(|traded| &traded.listing);
        let mut found: Vec<_> = listings
            .filter_map(|listing| Some((rank(listing)?, listing)))
            .collect();
        found.sort_unstable_by_key(|(rank, listing)| (*rank, listing.symbol));
        found.truncate(limit);
        Ok(found.into_iter().map(|(_, listing)| listing.clone()).collect())
    }

    /// How some symbols stand; those that were never traded are left out.
    pub(in crate::back) async fn quotes(&self, symbols: &[Symbol]) -> Result<Vec<Quote>, Refused> {
        self.open().await?;
        let floor = self.floor();
        if !symbols.iter().all(|symbol| floor.is_listed(*symbol)) {
            return Err(Refused::SymbolUnknown);
        }
        Ok(symbols.iter().filter_map(|symbol| floor.quote(*symbol)).collect())
    }

    /// The newest bars, and where their changes go on.
    pub(in crate::back) async fn newest_bars(
        &self,
        series: Series,
        limit: usize,
    ) -> Result<BarPage, Refused> {
        self.open().await?;
        // First where it stands, then what isn't stored, then the rest: what changes meanwhile is behind the position.
        let (position, unstored, terms) = {
            let mut floor = self.floor();
            let position = floor
                .chart(series, &self.wire, Instant::now())?
                .look(Instant::now());
            (position, floor.unstored(series)?, floor.terms(series.symbol)?)
        };
        let (bars, more) = self.read(series, &terms, None, unstored, limit).await?;
        Ok(BarPage {
            scale: terms.scale,
            bars,
            more,
            position: Some(position),
            is_closed: false,
        })
    }

    /// The bars directly before a time.
    pub(in crate::back) async fn bars_before(
        &self,
        series: Series,
        before: i64,
        limit: usize,
    ) -> Result<BarPage, Refused> {
        self.open().await?;
        let (mut unstored, terms, newest) = {
            let floor = self.floor();
            let traded = floor.traded.get(&series.symbol);
            let newest = traded.and_then(Traded::newest_ms);
            (floor.unstored(series)?, floor.terms(series.symbol)?, newest)
        };
        unstored.retain(|bar| bar.open_at < before);
        let (bars, more) = self.read(series, &terms, Some(before), unstored, limit).await?;
        let late = i64::try_from(LATE_LIMIT.as_millis()).unwrap_or(i64::MAX);
        // Of this symbol: that others have been traded since makes none of its ticks late.
        let closed =
            |bar: &Bar| newest.is_some_and(|newest| bar.open_at + series.interval.ms() + late <= newest);
        Ok(BarPage {
            scale: terms.scale,
            is_closed: bars.last().is_some_and(closed),
            bars,
            more,
            position: None,
        })
    }

    /// What is stored, with what isn't yet in its place.
    async fn read(
        &self,
        series: Series,
        terms: &Terms,
        before: Option<i64>,
        unstored: Vec<Bar>,
        limit: usize,
    ) -> Result<(Vec<Bar>, bool), Refused> {
        let (symbol, interval) = (series.symbol.as_str(), series.interval.name());
        let page = self.store().bars(symbol, interval, before, limit as u64).await?;
        // They may have been told on other terms meanwhile.
        if self.floor().terms(series.symbol)? != *terms {
            return Err(Refused::Common(Code::StoreUnavailable.into()));
        }
        let stored = page.bars.iter().filter_map(StoredBar::bar);
        let all: BTreeMap<_, _> = stored.chain(unstored).map(|bar| (bar.open_at, bar)).collect();
        let older = all.len().saturating_sub(limit);
        Ok((all.into_values().skip(older).collect(), page.more || older > 0))
    }

    /// What the feed does.
    pub(in crate::back) fn state(&self) -> PlayState {
        let gaps = self.counters.missed.get();
        let feed = self.source.name();
        match self.replay().map(|replay| replay.state(now_ms())) {
            Some(pace) => PlayState {
                feed,
                paused: pace.paused,
                speed: pace.speed.times(),
                at: pace.at,
                from: Some(pace.from),
                to: Some(pace.to),
                gaps,
            },
            None => PlayState {
                feed,
                paused: false,
                speed: 1,
                at: now_ms(),
                from: None,
                to: None,
                gaps,
            },
        }
    }

    /// Has the replay go on otherwise.
    pub(in crate::back) fn turn(&self, change: &PaceChange) -> Result<PlayState, Refused> {
        let replay = self.replay().ok_or(Refused::NotReplayed)?;
        replay.change(change, now_ms());
        Ok(self.state())
    }
}
