//! `madang load`: the load tool on the command line.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use clap::Args;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::json;
use thiserror::Error;
use tokio::sync::watch;
use tokio::time::{interval, sleep};

use super::publish::{clock_ahead_us, publish};
use super::{Clock, Load, Report, Source, Target, Via};

/// What was typed after `madang load`.
#[derive(Args, Clone, Debug, PartialEq)]
pub struct LoadFlags {
    /// The back, such as http://127.0.0.1:3000
    #[arg(value_name = "URL")]
    pub target: Target,
    /// The room to follow
    #[arg(long, default_value = "lobby")]
    pub room: String,
    /// The way to follow it
    #[arg(long, value_enum, default_value = "websocket")]
    pub via: Via,
    /// How many readers
    #[arg(long, default_value_t = 100, value_name = "N")]
    pub clients: usize,
    /// How long
    #[arg(long, default_value_t = 10, value_name = "S")]
    pub seconds: u64,
    /// Milliseconds that readers wait before they poll again
    #[arg(long, default_value_t = 1000, value_name = "MS")]
    pub interval: u64,
    /// Publish so many messages a second to the room
    #[arg(long, value_name = "N", value_parser = rate)]
    pub rate: Option<f64>,
    /// What fills each of them, in bytes
    #[arg(long, default_value_t = 64, value_name = "BYTES")]
    pub payload: usize,
    /// Print the figures as JSON, and no progress
    #[arg(long)]
    pub json: bool,
}

/// Why a load ended before its time.
#[derive(Debug, Error)]
#[error("the room can't be published to: {0}")]
pub struct LoadError(String);

/// Runs the load to its end and prints its figures.
///
/// # Errors
/// Nothing could be published.
pub async fn run(flags: &LoadFlags) -> Result<(), LoadError> {
    let clock = Clock::start();
    let ahead = clock_ahead_us(flags.target.clone(), clock).await;
    let clock = clock.ahead(ahead.unwrap_or(0));
    // Its sender lasts to the end: the interval never changes.
    let (_interval, waits) = watch::channel(Duration::from_millis(flags.interval));
    let mut load = Load::new(flags.target.clone(), flags.room.clone(), flags.via, waits, clock);
    load.set_clients(flags.clients);
    let began = Instant::now();
    let publishing = async {
        let Some(rate) = flags.rate else {
            return std::future::pending().await;
        };
        let source = Source::new(Instant::now(), rate, flags.payload);
        publish(flags.target.clone(), &flags.room, source, clock).await
    };
    tokio::select! {
        Err(failure) = publishing => return Err(LoadError(failure.to_string())),
        () = sleep(Duration::from_secs(flags.seconds)) => {}
        () = show_progress(flags, &load) => {}
    }
    let report = load.report();
    let seconds = began.elapsed().as_secs_f64();
    if flags.json {
        let figures = json!({"room": flags.room, "via": flags.via, "seconds": seconds, "figures": report});
        println!("{figures}");
    } else {
        print!("{}", table(&report, seconds));
    }
    Ok(())
}

/// Shows how far it is, for ever.
async fn show_progress(flags: &LoadFlags, load: &Load) {
    const STEP: Duration = Duration::from_millis(100);
    let target = if flags.json {
        ProgressDrawTarget::hidden()
    } else {
        ProgressDrawTarget::stderr()
    };
    let style = ProgressStyle::with_template("{prefix} {bar:30} {elapsed} of {msg}");
    let bar = ProgressBar::with_draw_target(Some(flags.seconds * 1000), target)
        .with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
        .with_prefix(flags.via.name());
    let began = Instant::now();
    let mut steps = interval(STEP);
    loop {
        steps.tick().await;
        let report = load.report();
        bar.set_position(u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX));
        bar.set_message(format!(
            "{} s, {} of {} connected, {} events",
            flags.seconds, report.connected, report.clients, report.events
        ));
    }
}

fn table(report: &Report, seconds: f64) -> String {
    let mut rows = vec![
        (
            "clients connected",
            format!("{} of {}", report.connected, report.clients),
        ),
        ("seconds", format!("{seconds:.1}")),
        ("requests", report.requests.to_string()),
        ("events", report.events.to_string()),
        (
            "events a second",
            format!("{:.1}", report.events as f64 / seconds),
        ),
        ("missed", report.missed.to_string()),
        ("duplicates", report.duplicates.to_string()),
        ("out of order", report.out_of_order.to_string()),
        ("failures", report.failures.to_string()),
    ];
    if let Some(latency) = report.latency {
        let ms = |us: u64| format!("{:.2} ms", us as f64 / 1000.0);
        rows.extend([
            ("late (over 1 s)", report.late.to_string()),
            ("latency p50", ms(latency.p50_us)),
            ("latency p95", ms(latency.p95_us)),
            ("latency p99", ms(latency.p99_us)),
            ("latency at most", ms(latency.max_us)),
        ]);
    }
    let mut table = String::new();
    for (name, value) in rows {
        // Writing to a text doesn't fail.
        let _ = writeln!(table, "{name:<18} {value:>14}");
    }
    table
}

fn rate(text: &str) -> Result<f64, String> {
    let rate = text.parse::<f64>().ok();
    rate.filter(|rate| (0.001..=100_000.0).contains(rate))
        .ok_or_else(|| "is a number of messages a second, 0.001 to 100000".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::Percentiles;

    #[test]
    fn the_table_has_what_was_measured_and_no_times_where_there_are_none() {
        let mut report = Report {
            events: 100,
            ..Report::default()
        };
        assert!(!table(&report, 10.0).contains("latency"));
        report.latency = Some(Percentiles {
            p50_us: 1500,
            p95_us: 2000,
            p99_us: 2000,
            max_us: 2001,
        });
        let table = table(&report, 10.0);
        let rows: Vec<_> = table
            .lines()
            .map(|row| row.split_whitespace().collect::<Vec<_>>().join(" "))
            .collect();
        for row in ["events a second 10.0", "latency p50 1.50 ms"] {
            assert!(rows.iter().any(|one| one == row), "{table}");
        }
    }

    #[test]
    fn a_rate_that_cannot_be_kept_is_refused() {
        assert_eq!(rate("0.5"), Ok(0.5));
        for wrong in ["0", "-1", "NaN", "inf", "1e6", "fast"] {
            assert!(rate(wrong).is_err(), "{wrong}");
        }
    }
}
