//! A run: real servers, people who all want the same seats, and faults; what comes of it is a history.

mod api;
mod faults;
mod needed;
mod nodes;
mod person;

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use madang_server::config::DatabaseUrl;
use madang_server::seats::{About, Bilingual, Event, Rules as EventRules, Section, Shape, Spot};
use madang_server::store::{Store, StoreError};
use thiserror::Error;
use tokio::process;
use tokio::task::JoinSet;

use crate::history::Operation;
use crate::invariants::Rules;
pub use nodes::Skew;

/// What a run is like.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The program.
    pub program: PathBuf,
    /// Its database, which must be empty.
    pub database: DatabaseUrl,
    /// A file with the process id of the database's server, which is started again when it ends.
    pub database_pid: Option<PathBuf>,
    /// The signal at which that server ends, whoever is connected, such as `TERM`.
    pub database_signal: String,
    /// A library for `LD_PRELOAD` that shifts a program's clock; nodes then disagree by a minute.
    pub clock: Option<PathBuf>,
    /// People.
    pub clients: usize,
    /// Places of the event.
    pub seats: usize,
    /// Processes on the one database.
    pub nodes: usize,
    /// How long people ask.
    pub time: Duration,
    /// Chooses what they ask, and what fails when.
    pub seed: u64,
    /// Whether servers are killed, and the database's too.
    pub kills: bool,
    /// Whether seats cost something: then it's the payment provider who confirms.
    pub payments: bool,
}

/// How long a hold lasts: short, so that many run out in a run.
const HOLD_SECONDS: u32 = 2;

/// How many times as long a run may go on until everything has happened that it needs: on a busy machine little happens in its time.
const LONGER: u32 = 5;

/// Places that one person may hold.
const HOLD_LIMIT: u32 = 6;

/// The event's id.
const EVENT: &str = "proof";

/// Of a seat that costs something.
const PRICE: i64 = 1000;

/// Between two seats of the map.
const PITCH: i32 = 28;

/// What came of a run.
#[derive(Debug)]
pub struct Outcome {
    /// Everything that was asked and answered.
    pub history: Vec<Operation>,
    /// What the tables say at rest that they shouldn't, in words.
    pub at_rest: Vec<String>,
    /// What the run promises.
    pub rules: Rules,
    /// What went wrong on purpose, and how often.
    pub faults: BTreeMap<&'static str, u64>,
    /// What didn't happen, though a run without it proves nothing.
    pub lacks: Vec<&'static str>,
}

/// Why there is no outcome.
#[derive(Debug, Error)]
pub enum RunError {
    /// A server can't be started.
    #[error("{0}")]
    Node(String),
    /// The event can't be made, or the tables not be read.
    #[error("the database can't be used: {0}")]
    Database(#[from] StoreError),
    /// Something was asked again and again, and never answered.
    #[error("nothing answers: {0}")]
    Silence(String),
    /// Files can't be written.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// What everybody in a run shares.
struct Yard {
    plan: Plan,
    places: Vec<String>,
    addresses: Vec<std::net::SocketAddr>,
    began: Instant,
    over: AtomicBool,
    history: Mutex<Vec<Operation>>,
    /// Holds that somebody has, and who: others try what they can do with them.
    holds: Mutex<Vec<(usize, String)>>,
    faults: Mutex<BTreeMap<&'static str, u64>>,
    keys: AtomicU64,
}

impl Yard {
    /// Microseconds since the run began.
    fn now(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_micros()).unwrap_or(u64::MAX)
    }

    fn is_over(&self) -> bool {
        self.over.load(Ordering::Relaxed)
    }

    fn key(&self, who: usize) -> String {
        format!("p{who}-{}", self.keys.fetch_add(1, Ordering::Relaxed))
    }

    fn count(&self, fault: &'static str) {
        let mut faults = self.faults.lock().unwrap_or_else(PoisonError::into_inner);
        *faults.entry(fault).or_default() += 1;
    }
}

/// Runs it. `told` hears every second how many operations there are.
///
/// # Errors
/// [`RunError`].
pub async fn run(plan: Plan, told: impl Fn(u64) + Send + Sync + 'static) -> Result<Outcome, RunError> {
    make_tables(&plan).await?;
    let store = Store::open(&plan.database).await?;
    let event = event(plan.seats, plan.payments);
    store.add_seat_event(&event).await?;
    let nodes = nodes::Nodes::start(&plan).await?;
    let yard = Arc::new(Yard {
        places: event.spots().iter().map(|spot| spot.id.to_string()).collect(),
        addresses: nodes.addresses(),
        began: Instant::now(),
        over: AtomicBool::new(false),
        history: Mutex::default(),
        holds: Mutex::default(),
        faults: Mutex::default(),
        keys: AtomicU64::new(0),
        plan,
    });
    let faults = tokio::spawn(faults::happen(yard.clone(), nodes));
    let mut people = JoinSet::new();
    for who in 0..yard.plan.clients {
        people.spawn(person::live(yard.clone(), who));
    }
    let begun = tokio::time::Instant::now();
    let goes_on = || match begun.elapsed() {
        time if time < yard.plan.time => true,
        time => time < yard.plan.time * LONGER && !yard.lacks().is_empty(),
    };
    while goes_on() && !people.is_empty() {
        tokio::time::sleep(Duration::from_millis(200)).await;
        let history = yard.history.lock().unwrap_or_else(PoisonError::into_inner);
        told(history.len() as u64);
    }
    yard.over.store(true, Ordering::Relaxed);
    let mut silent = Vec::new();
    while let Some(ended) = people.join_next().await {
        match ended.map_err(|error| RunError::Node(error.to_string()))? {
            Ok(()) => {}
            // What was answered before says all the more.
            Err(silence @ RunError::Silence(_)) => silent.push(silence.to_string()),
            Err(error) => return Err(error),
        }
    }
    let mut nodes = faults
        .await
        .map_err(|error| RunError::Node(error.to_string()))??;
    // Everything is over that was only for a time.
    tokio::time::sleep(Duration::from_secs(u64::from(2 * HOLD_SECONDS) + 1)).await;
    if silent.is_empty() {
        person::look(&yard).await?;
    }
    nodes.stop().await;
    let mut at_rest = silent;
    at_rest.extend(store.compare_seats(&event).await?);
    at_rest.extend(faults::owners(&yard.plan.database).await?);
    store.close().await?;
    let take = |mutex: &Mutex<Vec<Operation>>| {
        std::mem::take(&mut *mutex.lock().unwrap_or_else(PoisonError::into_inner))
    };
    Ok(Outcome {
        lacks: yard.lacks(),
        history: take(&yard.history),
        at_rest,
        rules: Rules {
            capacity: yard.plan.seats,
            hold_limit: HOLD_LIMIT as usize,
        },
        faults: std::mem::take(&mut *yard.faults.lock().unwrap_or_else(PoisonError::into_inner)),
    })
}

/// By the program itself: a mutant that makes other tables would have the right ones otherwise.
async fn make_tables(plan: &Plan) -> Result<(), RunError> {
    let made = process::Command::new(&plan.program)
        .args(["migrate", "up", "--database-url", plan.database.as_str()])
        .stdout(Stdio::null())
        .status()
        .await?;
    made.success()
        .then_some(())
        .ok_or_else(|| RunError::Node(format!("the program can't make its tables: {made}")))
}

/// Rows of ten, all of one price.
fn event(seats: usize, payment: bool) -> Event {
    let both = |text: &str| Bilingual {
        en: text.to_owned(),
        ko: text.to_owned(),
    };
    let about = About {
        title: both("Proof"),
        venue: both("Proof"),
        starts_at: i64::MAX / 2,
        currency: "KRW".to_owned(),
        rules: EventRules {
            hold_seconds: HOLD_SECONDS,
            offer_seconds: HOLD_SECONDS,
            hold_limit: HOLD_LIMIT,
            payment,
        },
        closed: false,
        shape: Shape::Seats(vec![Section {
            section: "A".to_owned(),
            name: both("A"),
            price: if payment { PRICE } else { 0 },
        }]),
    };
    let spot = |n: usize| {
        let (row, number) = (n / 10 + 1, i32::try_from(n % 10 + 1).unwrap_or(1));
        Spot {
            id: format!("R{row}-{number}")
                .try_into()
                .unwrap_or_else(|refused| unreachable!("{refused}")),
            section: "A".to_owned(),
            row: format!("R{row}"),
            number,
            x: number * PITCH,
            y: i32::try_from(row).unwrap_or(0) * PITCH,
            accessible: false,
            blocked: false,
            min: 0,
            max: 0,
        }
    };
    let id = EVENT.parse().unwrap_or_else(|refused| unreachable!("{refused}"));
    Event::new(id, about, (0..seats).map(spot).collect()).unwrap_or_else(|wrong| unreachable!("{wrong}"))
}
