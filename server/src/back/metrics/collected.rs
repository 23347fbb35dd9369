//! Numbers that others keep, read when they are asked for.

use std::fmt;

use madang_hub::Hub;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;

use crate::store::Store;

/// What the hub has done, to slow readers too.
#[derive(Debug)]
pub(super) struct OfHub(pub(super) Hub);

/// How often the database failed.
#[derive(Debug)]
pub(super) struct OfStore(pub(super) Store);

/// What the process takes.
#[derive(Debug)]
pub(super) struct OfProcess;

impl Collector for OfHub {
    fn encode(&self, mut encoder: DescriptorEncoder) -> fmt::Result {
        let stats = self.0.stats();
        let counters = [
            (
                "madang_publications",
                "Events published, by whichever way they came",
                stats.published,
            ),
            (
                "madang_deliveries",
                "Publications handed to readers, each reader counted",
                stats.deliveries,
            ),
            (
                "madang_slow_dropped",
                "Publications that slow readers missed because they were dropped",
                stats.dropped,
            ),
            (
                "madang_slow_replaced",
                "Publications that slow readers missed because newer ones took their places",
                stats.replaced,
            ),
            (
                "madang_slow_disconnected",
                "Slow readers who were disconnected",
                stats.disconnected,
            ),
        ];
        for (name, help, value) in counters {
            write(&mut encoder, name, help, &ConstCounter::new(value))?;
        }
        let rooms = i64::try_from(stats.rooms).unwrap_or(i64::MAX);
        let help = "Rooms that somebody is in now, counted in each shard of the hub";
        write(&mut encoder, "madang_rooms", help, &ConstGauge::new(rooms))
    }
}

impl Collector for OfStore {
    fn encode(&self, mut encoder: DescriptorEncoder) -> fmt::Result {
        let help = "Operations that the database failed, or didn't answer in time";
        let failures = ConstCounter::new(self.0.failures());
        write(&mut encoder, "madang_store_failures", help, &failures)
    }
}

impl Collector for OfProcess {
    fn encode(&self, mut encoder: DescriptorEncoder) -> fmt::Result {
        // Where the system doesn't say, there is no such number.
        let Some(bytes) = resident_bytes() else {
            return Ok(());
        };
        let help = "Memory that the process takes";
        let bytes = ConstGauge::new(bytes);
        write(&mut encoder, "process_resident_memory_bytes", help, &bytes)
    }
}

fn write(encoder: &mut DescriptorEncoder, name: &str, help: &str, metric: &impl EncodeMetric) -> fmt::Result {
    let metric_encoder = encoder.encode_descriptor(name, help, None, metric.metric_type())?;
    metric.encode(metric_encoder)
}

/// Linux tells it in kB (`proc_pid_status(5)`).
fn resident_bytes() -> Option<i64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kilobytes: i64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes * 1024)
}
