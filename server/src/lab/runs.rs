//! Which runs there are. Each is on a lease: a page that is closed says no goodbye.

use std::collections::HashMap;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use futures_util::future::BoxFuture;
use thiserror::Error;
use tokio::time::{Instant, sleep_until};

use super::plan::{BadPlan, Change, Plan};
use super::ports::Ports;
use super::run::{Figures, Run};
use crate::load::Clock;
use crate::random;

/// Where runs take place.
#[derive(Clone)]
pub struct Site {
    /// The address that lines listen on: the back's.
    pub ip: IpAddr,
    /// Where lines lead to.
    pub back: SocketAddr,
    /// Which ports lines may take.
    pub ports: Ports,
    /// What events are stamped by.
    pub clock: Clock,
    /// Publishes a text to a room.
    pub announce: Announce,
}

/// Publishes a text to a room, in the order in which it's called; ready when that is done.
pub type Announce = Arc<dyn Fn(&str, String) -> BoxFuture<'static, ()> + Send + Sync>;

/// The runs.
#[derive(Debug)]
pub struct Runs {
    site: Site,
    going: Arc<Mutex<HashMap<String, Going>>>,
}

#[derive(Debug)]
struct Going {
    run: Arc<Run>,
    /// When it ends, unless somebody asks before.
    lease: Instant,
}

/// Why there is no run, or no change.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum Refused {
    /// The settings say that there is no laboratory.
    #[error("this server has no laboratory (`lab_ports` is `off`)")]
    Off,
    /// There are [`Runs::AT_ONCE`] already.
    #[error("{} runs are going already; try again when one has ended", Runs::AT_ONCE)]
    Busy,
    /// No line could be opened.
    #[error("no port is free for the lines of another run")]
    Ports,
    /// There is no such run, or not any more.
    #[error("there is no such run; it ends when nobody has asked for its figures for {} s", Runs::LEASE.as_secs())]
    Unknown,
    /// It can't be done.
    #[error(transparent)]
    Plan(#[from] BadPlan),
}

impl Refused {
    /// A stable name for programs.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Off => "lab_off",
            Self::Busy => "lab_busy",
            Self::Ports => "lab_ports",
            Self::Unknown => "lab_run_unknown",
            Self::Plan(BadPlan::Range(_)) => "lab_plan",
            Self::Plan(BadPlan::TooMuch(_)) => "lab_too_much",
            Self::Plan(BadPlan::Lanes) => "lab_lanes",
        }
    }
}

impl Site {
    /// A site beside a back that listens on `back`.
    pub fn beside(back: SocketAddr, ports: Ports, announce: Announce) -> Self {
        Self {
            ip: back.ip(),
            back: near(back),
            ports,
            clock: Clock::start(),
            announce,
        }
    }

    /// How this machine itself reaches a port that lines listen on.
    pub(super) fn near(&self, port: u16) -> SocketAddr {
        near(SocketAddr::new(self.ip, port))
    }
}

/// Who listens on every address is reached by the loopback.
fn near(addr: SocketAddr) -> SocketAddr {
    let ip = match addr.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, addr.port())
}

impl fmt::Debug for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Site")
            .field("ip", &self.ip)
            .field("back", &self.back)
            .field("ports", &self.ports)
            .finish_non_exhaustive()
    }
}

impl Runs {
    /// Runs at once: a classroom may look at one, and a few groups may have their own; a hundred would be an attack.
    pub const AT_ONCE: usize = 4;

    /// How long a run goes on when nobody asks for its figures: a page asks each second, and one in the background once
    /// in a minute at worst, but that one isn't being looked at.
    pub const LEASE: Duration = Duration::from_secs(30);

    /// None yet.
    pub fn new(site: Site) -> Self {
        Self {
            site,
            going: Arc::default(),
        }
    }

    /// The clock of all runs.
    pub fn clock(&self) -> Clock {
        self.site.clock
    }

    /// Begins a run.
    ///
    /// # Errors
    /// [`Refused`], and nothing has begun.
    pub fn begin(&self, change: Change) -> Result<Figures, Refused> {
        if self.site.ports == Ports::Off {
            return Err(Refused::Off);
        }
        let plan = Plan::default().with(change)?;
        let mut going = self.going();
        if going.len() >= Self::AT_ONCE {
            return Err(Refused::Busy);
        }
        // Whoever knows it may change the run.
        let id = format!("{:016x}", u64::from_ne_bytes(random::bytes()));
        let run = Run::begin(id.clone(), plan, &self.site).map_err(|error| {
            tracing::warn!(%error, "no line for a run");
            Refused::Ports
        })?;
        let figures = run.figures();
        let lease = Instant::now() + Self::LEASE;
        let run = Arc::new(run);
        going.insert(id.clone(), Going { run, lease });
        tokio::spawn(keep(Arc::downgrade(&self.going), id));
        Ok(figures)
    }

    /// Changes what a run does.
    ///
    /// # Errors
    /// [`Refused`], and all stays as it is.
    pub fn change(&self, id: &str, change: Change) -> Result<Figures, Refused> {
        let run = self.renew(id)?;
        run.change(change)?;
        Ok(run.figures())
    }

    /// What a run did so far; it goes on for another [`Self::LEASE`].
    ///
    /// # Errors
    /// [`Refused::Unknown`].
    pub fn figures(&self, id: &str) -> Result<Figures, Refused> {
        self.renew(id).map(|run| run.figures())
    }

    /// Ends a run, and returns what it did.
    ///
    /// # Errors
    /// [`Refused::Unknown`].
    pub fn end(&self, id: &str) -> Result<Figures, Refused> {
        let ended = self.going().remove(id).ok_or(Refused::Unknown)?;
        Ok(ended.run.figures())
    }

    /// Ends all of them.
    pub fn end_all(&self) {
        self.going().clear();
    }

    fn renew(&self, id: &str) -> Result<Arc<Run>, Refused> {
        let mut going = self.going();
        let going = going.get_mut(id).ok_or(Refused::Unknown)?;
        going.lease = Instant::now() + Self::LEASE;
        Ok(going.run.clone())
    }

    fn going(&self) -> MutexGuard<'_, HashMap<String, Going>> {
        self.going.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Ends a run when its lease is over.
async fn keep(going: Weak<Mutex<HashMap<String, Going>>>, id: String) {
    let lease = || {
        let going = going.upgrade()?;
        let mut going = going.lock().unwrap_or_else(PoisonError::into_inner);
        let lease = going.get(&id)?.lease;
        if lease > Instant::now() {
            return Some(lease);
        }
        going.remove(&id);
        tracing::debug!(run = id, "nobody looks at this run any more");
        None
    };
    while let Some(lease) = lease() {
        sleep_until(lease).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn runs(ports: Ports) -> Runs {
        let back = "127.0.0.1:9".parse().unwrap();
        Runs::new(Site::beside(back, ports, Arc::new(|_, _| Box::pin(async {}))))
    }

    #[tokio::test(start_paused = true)]
    async fn a_run_that_nobody_looks_at_ends_and_its_ports_are_free() {
        let runs = runs(Ports::Any);
        let run = runs.begin(Change::default()).unwrap();
        let port = run.lanes.values().next().unwrap().port;
        tokio::time::sleep(Runs::LEASE - Duration::from_millis(1)).await;
        assert!(runs.figures(&run.run).is_ok());
        tokio::time::sleep(Runs::LEASE - Duration::from_millis(1)).await;
        assert!(runs.figures(&run.run).is_ok(), "it was asked for in between");
        tokio::time::sleep(Runs::LEASE + Duration::from_millis(1)).await;
        assert_eq!(runs.figures(&run.run).unwrap_err(), Refused::Unknown);
        tokio::task::yield_now().await;
        assert!(
            Ports::Range(port..=port)
                .bind("127.0.0.1".parse().unwrap())
                .is_ok()
        );
    }

    #[tokio::test]
    async fn so_many_runs_go_at_once() {
        let runs = runs(Ports::Any);
        let first = runs.begin(Change::default()).unwrap();
        for _ in 1..Runs::AT_ONCE {
            runs.begin(Change::default()).unwrap();
        }
        assert_eq!(runs.begin(Change::default()).unwrap_err(), Refused::Busy);
        runs.end(&first.run).unwrap();
        assert!(runs.begin(Change::default()).is_ok());
    }

    #[tokio::test]
    async fn without_ports_there_is_no_laboratory() {
        assert_eq!(
            runs(Ports::Off).begin(Change::default()).unwrap_err(),
            Refused::Off
        );
    }
}
