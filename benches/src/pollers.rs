//! Many readers that poll one match (`GET /api/scores/{match}`), each over a connection of its own, saying by `If-None-Match` what they have.
//!
//! ```text
//! madang-bench-pollers ADDR PATH READERS SECONDS EVERY_MS [PID]
//! ```
//!
//! `EVERY_MS` is the pause between two questions of one reader, 0 for none; `PID` is the server's process, whose CPU time and memory are told too.

use std::error::Error;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [addr, path, readers, seconds, every, rest @ ..] = args.as_slice() else {
        return Err("madang-bench-pollers ADDR PATH READERS SECONDS EVERY_MS [PID]".into());
    };
    let plan = Plan {
        addr: addr.parse()?,
        path: path.as_str().into(),
        every: Duration::from_millis(every.parse()?),
    };
    let server = rest.first().map(|pid| pid.parse()).transpose()?;
    // One thread: the generator has a core, the server the other.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(run(
        plan,
        readers.parse()?,
        Duration::from_secs(seconds.parse()?),
        server,
    ))
}

#[derive(Clone)]
struct Plan {
    addr: SocketAddr,
    path: Arc<str>,
    every: Duration,
}

#[derive(Default)]
struct Tally {
    /// Microseconds from a question to the end of its answer.
    latencies: Vec<u32>,
    full: u64,
    bytes: u64,
}

async fn run(plan: Plan, readers: u32, time: Duration, server: Option<u32>) -> Result<(), Box<dyn Error>> {
    let before = server.map(Usage::of).transpose()?;
    let mut sockets = Vec::new();
    for _ in 0..readers {
        sockets.push(TcpStream::connect(plan.addr).await?);
    }
    let counting = Arc::new(AtomicBool::new(false));
    let mut tasks = JoinSet::new();
    for (n, socket) in (0..).zip(sockets) {
        // Spread over the pause, as people are.
        let first = plan.every * n / readers;
        tasks.spawn(poll(plan.clone(), socket, first, counting.clone()));
    }
    // Everybody has asked once.
    tokio::time::sleep(plan.every + Duration::from_secs(2)).await;
    let (began, start) = (Instant::now(), server.map(Usage::of).transpose()?);
    counting.store(true, Ordering::Relaxed);
    tokio::time::sleep(time).await;
    counting.store(false, Ordering::Relaxed);
    let (seconds, end) = (began.elapsed().as_secs_f64(), server.map(Usage::of).transpose()?);
    // The next question of each tells it that the time is over.
    let mut all = Tally::default();
    while let Some(tally) = tasks.join_next().await {
        let tally = tally??;
        all.latencies.extend(tally.latencies);
        all.full += tally.full;
        all.bytes += tally.bytes;
    }
    all.latencies.sort_unstable();
    let at = |share: f64| {
        let place = (all.latencies.len() as f64 * share) as usize;
        f64::from(all.latencies.get(place).copied().unwrap_or_default()) / 1000.0
    };
    let answers = all.latencies.len() as f64;
    println!("readers {readers}, every {:?}, {seconds:.1} s", plan.every);
    println!(
        "answers/s {:.0} ({:.1} % full, {:.0} B each)",
        answers / seconds,
        100.0 * all.full as f64 / answers,
        all.bytes as f64 / answers
    );
    println!(
        "ms: p50 {:.2}, p99 {:.2}, max {:.2}",
        at(0.5),
        at(0.99),
        at(1.0 - 1e-9)
    );
    if let (Some(before), Some(start), Some(end)) = (before, start, end) {
        let cpu = end.cpu - start.cpu;
        println!(
            "server CPU {:.1} us/answer, {:.0} % of a core",
            1e6 * cpu / answers,
            100.0 * cpu / seconds
        );
        println!(
            "server RSS {:.1} MiB, {:.2} KiB/reader over the {:.1} MiB before",
            mib(end.rss),
            (end.rss - before.rss) / 1024.0 / f64::from(readers),
            mib(before.rss)
        );
    }
    Ok(())
}

/// Asks until the counting is over.
async fn poll(
    plan: Plan,
    mut socket: TcpStream,
    first: Duration,
    counting: Arc<AtomicBool>,
) -> std::io::Result<Tally> {
    let mut tally = Tally::default();
    let mut etag = String::new();
    let mut buffer = Vec::with_capacity(1024);
    let mut counted = false;
    let mut due = tokio::time::Instant::now() + first;
    loop {
        tokio::time::sleep_until(due).await;
        let count = counting.load(Ordering::Relaxed);
        if counted && !count {
            return Ok(tally);
        }
        counted |= count;
        let known = if etag.is_empty() {
            String::new()
        } else {
            format!("If-None-Match: {etag}\r\n")
        };
        let request = format!("GET {} HTTP/1.1\r\nHost: {}\r\n{known}\r\n", plan.path, plan.addr);
        let asked = Instant::now();
        socket.write_all(request.as_bytes()).await?;
        let full = read(&mut socket, &mut buffer, &mut etag).await?;
        if count {
            tally
                .latencies
                .push(u32::try_from(asked.elapsed().as_micros()).unwrap_or(u32::MAX));
            tally.full += u64::from(full);
            tally.bytes += buffer.len() as u64;
        }
        // A reader who is late doesn't ask twice as often after.
        due = (due + plan.every).max(tokio::time::Instant::now());
    }
}

/// Reads one answer; whether it's full, which else is 304.
async fn read(socket: &mut TcpStream, buffer: &mut Vec<u8>, etag: &mut String) -> std::io::Result<bool> {
    buffer.clear();
    loop {
        if socket.read_buf(buffer).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        let Some(end) = buffer.windows(4).position(|four| four == b"\r\n\r\n") else {
            continue;
        };
        let head = String::from_utf8_lossy(&buffer[..end]);
        let header = |name: &str| {
            head.lines()
                .find_map(|line| line.strip_prefix(name))
                .map(str::trim)
        };
        let full = head.starts_with("HTTP/1.1 200");
        if !full && !head.starts_with("HTTP/1.1 304") {
            return Err(std::io::Error::other(head.lines().next().unwrap_or_default()));
        }
        let length: usize = header("content-length:")
            .and_then(|text| text.parse().ok())
            .unwrap_or_default();
        if full && buffer.len() < end + 4 + length {
            continue;
        }
        if let Some(tag) = header("etag:").filter(|tag| tag != etag) {
            tag.clone_into(etag);
        }
        return Ok(full);
    }
}

/// What a process has taken so far.
struct Usage {
    /// Seconds.
    cpu: f64,
    /// Bytes.
    rss: f64,
}

impl Usage {
    fn of(pid: u32) -> Result<Self, Box<dyn Error>> {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"))?;
        let fields: Vec<_> = stat
            .rsplit(')')
            .next()
            .unwrap_or_default()
            .split_whitespace()
            .collect();
        let field = |n: usize| {
            fields
                .get(n)
                .and_then(|text| text.parse::<f64>().ok())
                .unwrap_or_default()
        };
        // proc_pid_stat(5): utime, stime in ticks of 10 ms; rss in pages of 4 KiB.
        Ok(Self {
            cpu: (field(11) + field(12)) / 100.0,
            rss: field(21) * 4096.0,
        })
    }
}

fn mib(bytes: f64) -> f64 {
    bytes / f64::from(1 << 20)
}
