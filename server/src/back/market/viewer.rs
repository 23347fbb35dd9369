//! Somebody who looks at the market by a socket: what they watch, and which chart they follow.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use madang_hub::Position;

use super::command::Command;
use super::event::Event;
use super::floor::Floor;
use super::refused::Refused;
use super::series::Series;
use super::{Market, WATCH_LIMIT};
use crate::back::rooms::Seat;
use crate::chat::Written;
use crate::market::Symbol;

/// Somebody who looks at the market. Dropped, they are gone.
pub(super) struct Viewer {
    market: Arc<Market>,
    seat: Seat,
    watched: BTreeSet<Symbol>,
    chart: Option<Series>,
    paused: bool,
}

/// What is done with an answer: it must have left before what happens next in the market.
pub(super) type Answer<'a> = &'a mut (dyn FnMut(&Seat, Written) + Send);

impl Viewer {
    pub(super) fn new(market: Arc<Market>, seat: Seat) -> Self {
        Self {
            market,
            seat,
            watched: BTreeSet::new(),
            chart: None,
            paused: false,
        }
    }

    pub(super) fn seat(&self) -> &Seat {
        &self.seat
    }

    /// Carries out a command.
    pub(super) async fn carry_out(&mut self, command: Command, answer: Answer<'_>) -> Result<(), Refused> {
        self.market.open().await?;
        match command {
            Command::Watch { add, remove } => self.watch(&add, &remove, answer),
            Command::Chart { series, since } => self.follow(series, since, answer),
            Command::Pause => {
                self.pause();
                Ok(())
            }
            Command::Resume => {
                self.resume(answer);
                Ok(())
            }
        }
    }

    fn watch(&mut self, add: &[Symbol], remove: &[Symbol], answer: Answer<'_>) -> Result<(), Refused> {
        let market = self.market.clone();
        let mut floor = market.floor();
        if !add.iter().all(|symbol| floor.is_listed(*symbol)) {
            return Err(Refused::SymbolUnknown);
        }
        let mut watched = self.watched.clone();
        watched.retain(|symbol| !remove.contains(symbol));
        watched.extend(add);
        if watched.len() > WATCH_LIMIT {
            return Err(Refused::WatchLimit);
        }
        if !self.paused {
            let gone = self.watched.difference(&watched);
            gone.for_each(|symbol| self.leave(&mut floor, *symbol));
            let new = watched.difference(&self.watched);
            new.for_each(|symbol| self.enter(&mut floor, *symbol));
        }
        self.watched = watched;
        // Who is paused is told when they look again.
        let added = if self.paused { &[] } else { add };
        self.tell_watching(&floor, added.iter(), answer);
        Ok(())
    }

    fn follow(
        &mut self,
        series: Option<Series>,
        since: Option<Position>,
        answer: Answer<'_>,
    ) -> Result<(), Refused> {
        let (market, now) = (self.market.clone(), Instant::now());
        let mut floor = market.floor();
        let Some(series) = series else {
            self.end_chart(&mut floor);
            let event = Event::Charting {
                symbol: None,
                interval: None,
                begun: None,
            };
            answer(&self.seat, event.write());
            return Ok(());
        };
        // An unknown symbol changes nothing.
        floor.chart(series, &market.wire, now)?;
        self.end_chart(&mut floor);
        let chart = floor.chart(series, &market.wire, now)?;
        self.seat.join(chart.room());
        let (begun, missed) = chart.begin(since, now);
        self.chart = Some(series);
        let event = Event::Charting {
            symbol: Some(series.symbol),
            interval: Some(series.interval),
            begun: Some(begun),
        };
        answer(&self.seat, event.write());
        for entry in missed {
            self.seat.send(&market.wire.hub, entry.publication);
        }
        Ok(())
    }

    /// Leaves all rooms, and keeps the list.
    fn pause(&mut self) {
        let market = self.market.clone();
        let mut floor = market.floor();
        self.end_chart(&mut floor);
        if !std::mem::replace(&mut self.paused, true) {
            self.watched
                .iter()
                .for_each(|symbol| self.leave(&mut floor, *symbol));
        }
    }

    /// Is back in the rooms of the list, with one look at all of it.
    fn resume(&mut self, answer: Answer<'_>) {
        let market = self.market.clone();
        let mut floor = market.floor();
        if std::mem::replace(&mut self.paused, false) {
            // Some may have gone meanwhile.
            self.watched.retain(|symbol| floor.traded.contains_key(symbol));
            self.watched
                .iter()
                .for_each(|symbol| self.enter(&mut floor, *symbol));
        }
        self.tell_watching(&floor, self.watched.iter(), answer);
    }

    fn tell_watching<'a>(&self, floor: &Floor, added: impl Iterator<Item = &'a Symbol>, answer: Answer<'_>) {
        let event = Event::Watching {
            symbols: self.watched.iter().copied().collect(),
            quotes: added.filter_map(|symbol| floor.quote(*symbol)).collect(),
        };
        answer(&self.seat, event.write());
    }

    fn enter(&self, floor: &mut Floor, symbol: Symbol) {
        if let Some(traded) = floor.traded.get_mut(&symbol) {
            traded.watchers += 1;
            self.seat.join(&traded.room);
        }
    }

    fn leave(&self, floor: &mut Floor, symbol: Symbol) {
        if let Some(traded) = floor.traded.get_mut(&symbol) {
            traded.watchers = traded.watchers.saturating_sub(1);
            self.seat.leave(&traded.room);
        }
    }

    fn end_chart(&mut self, floor: &mut Floor) {
        if let Some(chart) = self.chart.take().and_then(|series| floor.followed(series)) {
            self.seat.leave(chart.room());
            chart.end(Instant::now());
        }
    }
}

impl Drop for Viewer {
    fn drop(&mut self) {
        self.pause();
    }
}

impl fmt::Debug for Viewer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Viewer")
            .field("watched", &self.watched.len())
            .field("chart", &self.chart)
            .field("paused", &self.paused)
            .finish_non_exhaustive()
    }
}
