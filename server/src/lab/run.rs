//! One run: a source of events, a line for each lane, and simulated clients at their ends.

use std::collections::BTreeMap;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::Serialize;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::{CancellationToken, DropGuard};
use utoipa::ToSchema;

use super::line::{Counted, Line};
use super::plan::{BadPlan, Change, Plan};
use super::runs::Site;
use crate::load::{Clock, Load, Report, Source, Via};

/// A run. Dropped, it ends: its ports are closed, its clients are gone, and nothing more is published.
#[derive(Debug)]
pub struct Run {
    id: String,
    room: String,
    began: Instant,
    clock: Clock,
    published: Arc<AtomicU64>,
    plan: watch::Sender<Plan>,
    conditions: watch::Sender<super::Conditions>,
    interval: watch::Sender<Duration>,
    lanes: Vec<(Via, Line)>,
    loads: Mutex<Vec<Load>>,
    _going: DropGuard,
}

/// What a run did so far.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Figures {
    /// Its id.
    pub run: String,
    /// The room that it publishes to.
    pub room: String,
    /// The server's clock, as in the events.
    pub now_us: u64,
    /// How long it has been going.
    pub age_ms: u64,
    /// Events published.
    pub published: u64,
    /// What it does now.
    pub plan: Plan,
    /// The lanes.
    pub lanes: BTreeMap<Via, LaneFigures>,
}

/// What passed on one lane.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct LaneFigures {
    /// The line's port.
    pub port: u16,
    /// What passed through the line, of the page and the simulated clients together.
    pub line: Counted,
    /// What the simulated clients heard.
    pub simulated: Report,
}

impl Run {
    /// Begins.
    ///
    /// # Errors
    /// There is no free port for a line.
    pub(super) fn begin(id: String, plan: Plan, site: &Site) -> io::Result<Self> {
        let room = format!("lab-{id}");
        let conditions = watch::Sender::new(plan.conditions());
        let interval = watch::Sender::new(plan.interval());
        let mut lanes = Vec::new();
        let mut loads = Vec::new();
        for (place, via) in plan.lanes.iter().copied().enumerate() {
            let listener = site.ports.bind(site.ip)?;
            let line = Line::open(listener, site.back, conditions.subscribe(), Line::CONNECTIONS)?;
            let target = site.near(line.addr().port()).into();
            let mut load = Load::new(target, room.clone(), via, interval.subscribe(), site.clock);
            load.set_clients(plan.clients_on(place));
            lanes.push((via, line));
            loads.push(load);
        }
        let plan = watch::Sender::new(plan);
        let published = Arc::<AtomicU64>::default();
        let going = CancellationToken::new();
        let publishing = publish(room.clone(), plan.subscribe(), published.clone(), site.clone());
        tokio::spawn(going.clone().run_until_cancelled_owned(publishing));
        Ok(Self {
            id,
            room,
            began: Instant::now(),
            clock: site.clock,
            published,
            plan,
            conditions,
            interval,
            lanes,
            loads: Mutex::new(loads),
            _going: going.drop_guard(),
        })
    }

    /// Does something else from now on.
    ///
    /// # Errors
    /// That can't be done; all stays as it is.
    pub fn change(&self, change: Change) -> Result<(), BadPlan> {
        if change.lanes.is_some() {
            return Err(BadPlan::Lanes);
        }
        // Held until all is changed, so that two changes at once don't mix.
        let mut loads = self.loads();
        let plan = self.plan.borrow().with(change)?;
        self.conditions.send_replace(plan.conditions());
        self.interval.send_replace(plan.interval());
        for (place, load) in loads.iter_mut().enumerate() {
            load.set_clients(plan.clients_on(place));
        }
        self.plan.send_replace(plan);
        Ok(())
    }

    /// What happened so far.
    pub fn figures(&self) -> Figures {
        let loads = self.loads();
        let lanes = self.lanes.iter().zip(&*loads).map(|((via, line), load)| {
            let figures = LaneFigures {
                port: line.addr().port(),
                line: line.counted(),
                simulated: load.report(),
            };
            (*via, figures)
        });
        Figures {
            run: self.id.clone(),
            room: self.room.clone(),
            now_us: self.clock.now_us(),
            age_ms: u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX),
            published: self.published.load(Ordering::Relaxed),
            plan: self.plan.borrow().clone(),
            lanes: lanes.collect(),
        }
    }

    fn loads(&self) -> MutexGuard<'_, Vec<Load>> {
        self.loads.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Publishes what the plan says, for ever.
async fn publish(room: String, mut plan: watch::Receiver<Plan>, published: Arc<AtomicU64>, site: Site) {
    let (rate, payload) = pace(&plan);
    let mut source = Source::new(Instant::now().into_std(), rate, payload);
    loop {
        tokio::select! {
            changed = plan.changed() => {
                if changed.is_err() {
                    return;
                }
                let (rate, payload) = pace(&plan);
                source.change(Instant::now().into_std(), rate, payload);
            }
            () = sleep_until(source.poll_timeout().into()) => {
                if let Some(text) = source.poll(Instant::now().into_std(), site.clock.now_us(), fastrand::f64()) {
                    (site.announce)(&room, text).await;
                    published.fetch_add(1, Ordering::Relaxed);
                }
            }
        }
    }
}

fn pace(plan: &watch::Receiver<Plan>) -> (f64, usize) {
    let plan = plan.borrow();
    (plan.rate, plan.payload)
}
