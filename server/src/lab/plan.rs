//! What a run is asked to do, and how much of it is too much.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use thiserror::Error;
use utoipa::ToSchema;

use super::conditions::Conditions;
use crate::load::Via;
use crate::whole;

/// What a run does. Everything but the lanes can be changed while it runs.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Plan {
    /// Events a second.
    pub rate: f64,
    /// Bytes that fill each event.
    pub payload: usize,
    /// Simulated clients, spread evenly over the lanes.
    pub clients: usize,
    /// Milliseconds that each direction of a line takes longer.
    pub latency_ms: u64,
    /// The share of segments that get lost on a line.
    pub loss: f64,
    /// The lines are cut.
    pub offline: bool,
    /// Milliseconds that those who poll wait before they ask again.
    pub interval_ms: u64,
    /// The ways that are compared.
    pub lanes: Vec<Via>,
}

/// Some of the fields of a [`Plan`]; the others stay as they are.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Change {
    /// Events a second.
    #[schema(minimum = 0.1, maximum = 200)]
    pub rate: Option<f64>,
    /// Bytes that fill each event.
    #[schema(maximum = 16384)]
    #[serde(default, deserialize_with = "whole::option")]
    pub payload: Option<usize>,
    /// Simulated clients, spread evenly over the lanes.
    #[schema(maximum = 1000)]
    #[serde(default, deserialize_with = "whole::option")]
    pub clients: Option<usize>,
    /// Milliseconds that each direction of a line takes longer.
    #[schema(maximum = 2000)]
    #[serde(default, deserialize_with = "whole::option")]
    pub latency_ms: Option<u64>,
    /// The share of segments that get lost on a line.
    #[schema(minimum = 0, maximum = 0.3)]
    pub loss: Option<f64>,
    /// The lines are cut.
    pub offline: Option<bool>,
    /// Milliseconds that those who poll wait before they ask again.
    #[schema(minimum = 50, maximum = 60000)]
    #[serde(default, deserialize_with = "whole::option")]
    pub interval_ms: Option<u64>,
    /// The ways that are compared; only when a run begins.
    #[schema(min_items = 1)]
    pub lanes: Option<Vec<Via>>,
}

/// A plan that can't be carried out.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum BadPlan {
    /// A field is out of its range: which, and what that is.
    #[error("{0}")]
    Range(String),
    /// Each field is in its range, but together they are too much: so many MiB a second.
    #[error("this would be {0} MiB a second, and may be {most}: lower the rate, the payload or the number of clients", most = Plan::SPEED / MIB)]
    TooMuch(u64),
    /// The lanes of a run that goes on.
    #[error("`lanes` can't be changed while it runs")]
    Lanes,
}

const MIB: f64 = 1024.0 * 1024.0;

impl Plan {
    /// Events a second: one every ten seconds, as a scoreboard, up to what no eye can follow.
    pub const RATES: (f64, f64) = (0.1, 200.0);

    /// What fills an event at most: a page of text.
    pub const PAYLOAD: usize = 16 * 1024;

    /// Simulated clients of all lanes together. Each takes four open files or more, and the program may have 20,000 on
    /// most systems.
    pub const CLIENTS: usize = 1000;

    /// What those who poll may wait. Less would be no polling but a siege.
    pub const INTERVALS_MS: (u64, u64) = (50, 60_000);

    /// Bytes a second that a run may send to all its readers: about what the machine's loopback does beside its
    /// other work.
    pub const SPEED: f64 = 32.0 * MIB;

    /// What an event takes besides what fills it: its numbers, and the headers of some of the lanes.
    const AROUND: f64 = 512.0;

    /// This plan with a change.
    ///
    /// # Errors
    /// What is out of its range.
    pub fn with(&self, change: Change) -> Result<Self, BadPlan> {
        let mut lanes = change.lanes.unwrap_or_else(|| self.lanes.clone());
        lanes.sort_unstable();
        lanes.dedup();
        let plan = Self {
            rate: change.rate.unwrap_or(self.rate),
            payload: change.payload.unwrap_or(self.payload),
            clients: change.clients.unwrap_or(self.clients),
            latency_ms: change.latency_ms.unwrap_or(self.latency_ms),
            loss: change.loss.unwrap_or(self.loss),
            offline: change.offline.unwrap_or(self.offline),
            interval_ms: change.interval_ms.unwrap_or(self.interval_ms),
            lanes,
        };
        plan.check()?;
        Ok(plan)
    }

    /// The weather that this plan asks for.
    pub fn conditions(&self) -> Conditions {
        Conditions {
            latency: Duration::from_millis(self.latency_ms),
            loss: self.loss,
            offline: self.offline,
        }
    }

    /// How many of the simulated clients are on the lane with this index.
    pub fn clients_on(&self, lane: usize) -> usize {
        let lanes = self.lanes.len().max(1);
        self.clients / lanes + usize::from(lane < self.clients % lanes)
    }

    /// How long those who poll wait.
    pub fn interval(&self) -> Duration {
        Duration::from_millis(self.interval_ms)
    }

    fn check(&self) -> Result<(), BadPlan> {
        let bad = |what: String| Err(BadPlan::Range(what));
        let (least, most) = Self::RATES;
        if !(least..=most).contains(&self.rate) {
            return bad(format!("`rate` is {least} to {most} events a second"));
        }
        if self.payload > Self::PAYLOAD {
            return bad(format!("`payload` is 0 to {} bytes", Self::PAYLOAD));
        }
        if self.clients > Self::CLIENTS {
            return bad(format!("`clients` is 0 to {}", Self::CLIENTS));
        }
        let most = Conditions::MOST_LATENCY;
        if Duration::from_millis(self.latency_ms) > most {
            return bad(format!("`latency_ms` is 0 to {}", most.as_millis()));
        }
        if !(0.0..=Conditions::MOST_LOSS).contains(&self.loss) {
            return bad(format!("`loss` is 0 to {}", Conditions::MOST_LOSS));
        }
        let (least, most) = Self::INTERVALS_MS;
        if !(least..=most).contains(&self.interval_ms) {
            return bad(format!("`interval_ms` is {least} to {most}"));
        }
        if self.lanes.is_empty() {
            return bad("`lanes` names at least one way".to_owned());
        }
        // Each lane has a reader in the page too.
        let readers = (self.clients + self.lanes.len()) as f64;
        let speed = self.rate * readers * (self.payload as f64 + Self::AROUND);
        if speed > Self::SPEED {
            return Err(BadPlan::TooMuch((speed / MIB).ceil() as u64));
        }
        Ok(())
    }
}

impl Default for Plan {
    /// What a reader can follow: an event every two seconds, and whoever polls asks twice as often.
    fn default() -> Self {
        Self {
            rate: 0.5,
            payload: 64,
            clients: 0,
            latency_ms: 0,
            loss: 0.0,
            offline: false,
            interval_ms: 1000,
            lanes: Via::ALL.to_vec(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(json: &str) -> Change {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn a_change_leaves_the_rest_as_it_is() {
        let plan = Plan::default()
            .with(change(r#"{"rate": 10, "offline": true}"#))
            .unwrap();
        let expected = Plan {
            rate: 10.0,
            offline: true,
            ..Plan::default()
        };
        assert_eq!(plan, expected);
    }

    #[test]
    fn what_is_out_of_its_range_is_refused_by_name() {
        for (json, name) in [
            (r#"{"rate": 0.05}"#, "rate"),
            (r#"{"rate": 200.5}"#, "rate"),
            (r#"{"payload": 16385}"#, "payload"),
            (r#"{"clients": 1001}"#, "clients"),
            (r#"{"latency_ms": 2001}"#, "latency_ms"),
            (r#"{"loss": 0.31}"#, "loss"),
            (r#"{"loss": -0.1}"#, "loss"),
            (r#"{"interval_ms": 49}"#, "interval_ms"),
            (r#"{"interval_ms": 60001}"#, "interval_ms"),
            (r#"{"lanes": []}"#, "lanes"),
        ] {
            let why = Plan::default().with(change(json)).unwrap_err().to_string();
            assert!(why.contains(&format!("`{name}`")), "{json}: {why}");
        }
    }

    #[test]
    fn each_alone_may_be_at_its_most_but_not_all_together() {
        let most = r#"{"rate": 200, "clients": 100}"#;
        assert!(Plan::default().with(change(most)).is_ok());
        let most = r#"{"rate": 200, "clients": 1000, "payload": 16384}"#;
        let why = Plan::default().with(change(most)).unwrap_err();
        assert!(matches!(why, BadPlan::TooMuch(3000..4000)), "{why}");
        assert!(why.to_string().contains("may be 32:"), "{why}");
    }

    #[test]
    fn a_lane_that_is_named_twice_is_one() {
        let plan = Plan::default()
            .with(change(r#"{"lanes": ["sse", "polling", "sse"]}"#))
            .unwrap();
        assert_eq!(plan.lanes, [Via::Polling, Via::Sse]);
    }

    #[test]
    fn clients_are_spread_evenly() {
        let plan = Plan::default().with(change(r#"{"clients": 7}"#)).unwrap();
        assert_eq!([0, 1, 2, 3, 4].map(|lane| plan.clients_on(lane)), [2, 2, 1, 1, 1]);
    }
}
