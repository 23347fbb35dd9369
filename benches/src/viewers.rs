//! Many viewers of the market, each over a WebSocket of its own, of plain WebSocket or of Socket.IO, with a list of symbols whose quotes it hears.
//!
//! ```text
//! madang-bench-viewers ADDR VIEWERS SYMBOLS SECONDS [websocket|socketio]
//! ```
//!
//! `SYMBOLS` is how many each watches; the lists are spread over all that there are. Prints one line of JSON: how many quotes came, in how many bytes and reads, and how
//! long after its trade each was read. That is by the wall clock, which has to be the server's: both on one machine.

use std::error::Error;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, UNIX_EPOCH};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// Milliseconds that are told apart; what is later counts as this late.
const LATEST: usize = 60_000;

/// What is read at once, at most.
const BUFFER: usize = 32 * 1024;

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [addr, viewers, symbols, seconds, rest @ ..] = args.as_slice() else {
        return Err("madang-bench-viewers ADDR VIEWERS SYMBOLS SECONDS [websocket|socketio]".into());
    };
    let way = match rest.first().map_or("websocket", String::as_str) {
        "websocket" => Way::WebSocket,
        "socketio" => Way::SocketIo,
        other => return Err(format!("no way: {other}").into()),
    };
    // One thread: the generator has a core, the server the other.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let seconds = Duration::from_secs(seconds.parse()?);
    runtime.block_on(run(
        addr.parse()?,
        viewers.parse()?,
        symbols.parse()?,
        seconds,
        way,
    ))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    WebSocket,
    SocketIo,
}

/// What has come, to one or to all.
struct Tally {
    quotes: u64,
    others: u64,
    bytes: u64,
    reads: u64,
    late: Vec<u64>,
}

impl Tally {
    fn new() -> Self {
        Self {
            quotes: 0,
            others: 0,
            bytes: 0,
            reads: 0,
            late: vec![0; LATEST + 1],
        }
    }

    /// How late the given share of all quotes was at most, in milliseconds.
    fn at(&self, share: f64) -> usize {
        let wanted = (self.quotes as f64 * share).ceil() as u64;
        let mut seen = 0;
        let place = self.late.iter().position(|count| {
            seen += count;
            seen >= wanted
        });
        place.unwrap_or(LATEST)
    }
}

async fn run(
    addr: SocketAddr,
    viewers: usize,
    each: usize,
    time: Duration,
    way: Way,
) -> Result<(), Box<dyn Error>> {
    let all = symbols(addr).await?;
    let counting = Arc::new(AtomicBool::new(false));
    let over = Arc::new(AtomicBool::new(false));
    let mut tasks = JoinSet::new();
    for n in 0..viewers {
        let watched = (0..each).filter_map(|k| all.get((n * each + k) % all.len().max(1)));
        let watched: Vec<_> = watched.map(|symbol| format!("\"{symbol}\"")).collect();
        let viewer = Viewer::connect(addr, way, &watched.join(",")).await?;
        tasks.spawn(viewer.listen(counting.clone(), over.clone()));
    }
    // Everybody has been told where things stand.
    tokio::time::sleep(Duration::from_secs(2)).await;
    let began = std::time::Instant::now();
    counting.store(true, Ordering::Relaxed);
    tokio::time::sleep(time).await;
    let seconds = began.elapsed().as_secs_f64();
    over.store(true, Ordering::Relaxed);
    let mut sum = Tally::new();
    while let Some(tally) = tasks.join_next().await {
        let tally = tally??;
        sum.quotes += tally.quotes;
        sum.others += tally.others;
        sum.bytes += tally.bytes;
        sum.reads += tally.reads;
        sum.late
            .iter_mut()
            .zip(&tally.late)
            .for_each(|(sum, late)| *sum += late);
    }
    println!(
        "{{\"seconds\":{seconds:.1},\"quotes\":{},\"others\":{},\"bytes\":{},\"reads\":{},\"p50_ms\":{},\"p99_ms\":{},\"max_ms\":{}}}",
        sum.quotes,
        sum.others,
        sum.bytes,
        sum.reads,
        sum.at(0.5),
        sum.at(0.99),
        sum.at(1.0),
    );
    Ok(())
}

/// All symbols that there are.
async fn symbols(addr: SocketAddr) -> Result<Vec<String>, Box<dyn Error>> {
    let mut stream = TcpStream::connect(addr).await?;
    let request =
        format!("GET /api/market/symbols?limit=2000 HTTP/1.1\r\nHost: {addr}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    let parts = answer.split("\"symbol\":\"").skip(1);
    let symbols: Vec<_> = parts
        .filter_map(|part| part.split('"').next())
        .map(str::to_owned)
        .collect();
    if symbols.is_empty() {
        return Err(format!("no symbols: {}", answer.lines().next().unwrap_or_default()).into());
    }
    Ok(symbols)
}

struct Viewer {
    stream: TcpStream,
    way: Way,
    /// What was read and not looked at.
    buffer: Vec<u8>,
}

impl Viewer {
    async fn connect(addr: SocketAddr, way: Way, watched: &str) -> std::io::Result<Self> {
        let path = match way {
            Way::WebSocket => "/market",
            Way::SocketIo => "/socket.io/?EIO=4&transport=websocket",
        };
        let mut stream = TcpStream::connect(addr).await?;
        stream.set_nodelay(true)?;
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: {addr}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
             Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).await?;
        let mut buffer = Vec::with_capacity(BUFFER);
        let end = loop {
            if stream.read_buf(&mut buffer).await? == 0 {
                return Err(std::io::ErrorKind::UnexpectedEof.into());
            }
            if let Some(end) = buffer.windows(4).position(|four| four == b"\r\n\r\n") {
                break end + 4;
            }
        };
        if !buffer.starts_with(b"HTTP/1.1 101") {
            let status = String::from_utf8_lossy(&buffer[..buffer.len().min(40)]).into_owned();
            return Err(std::io::Error::other(status));
        }
        buffer.drain(..end);
        let mut viewer = Self { stream, way, buffer };
        match way {
            Way::WebSocket => {
                let watch = format!(r#"{{"type":"watch","add":[{watched}]}}"#);
                viewer.send(0x81, watch.as_bytes()).await?;
            }
            Way::SocketIo => {
                viewer.send(0x81, b"40/market,").await?;
                let watch = format!(r#"42/market,["watch",{{"add":[{watched}]}}]"#);
                viewer.send(0x81, watch.as_bytes()).await?;
            }
        }
        Ok(viewer)
    }

    /// Sends a frame whose mask is zero: it is the server that is measured.
    async fn send(&mut self, head: u8, payload: &[u8]) -> std::io::Result<()> {
        let mut frame = vec![head];
        match u8::try_from(payload.len()) {
            Ok(length @ 0..=125) => frame.push(0x80 | length),
            _ => {
                let length = u16::try_from(payload.len()).map_err(std::io::Error::other)?;
                frame.push(0x80 | 126);
                frame.extend_from_slice(&length.to_be_bytes());
            }
        }
        frame.extend_from_slice(&[0; 4]);
        frame.extend_from_slice(payload);
        self.stream.write_all(&frame).await
    }

    /// Counts what comes while it is counted, until it is over.
    async fn listen(mut self, counting: Arc<AtomicBool>, over: Arc<AtomicBool>) -> std::io::Result<Tally> {
        let mut tally = Tally::new();
        loop {
            // The next quote of each tells it that the time is over.
            if over.load(Ordering::Relaxed) {
                return Ok(tally);
            }
            let before = self.buffer.len();
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                return Err(std::io::ErrorKind::UnexpectedEof.into());
            }
            let counts = counting.load(Ordering::Relaxed);
            if counts {
                tally.reads += 1;
                tally.bytes += (self.buffer.len() - before) as u64;
            }
            let now = UNIX_EPOCH.elapsed().unwrap_or_default().as_millis() as u64;
            let mut looked = 0;
            let mut answers = Vec::new();
            while let Some((opcode, from, to)) = frame(&self.buffer[looked..]) {
                let payload = &self.buffer[looked + from..looked + to];
                match (opcode, payload) {
                    (8, _) => return Err(std::io::Error::other("closed by the server")),
                    (9, _) => answers.push((0x8a, payload.to_vec())),
                    (1, b"2") if self.way == Way::SocketIo => answers.push((0x81, b"3".to_vec())),
                    (1, _) if counts => match traded_at(payload) {
                        Some(at) => {
                            let late = usize::try_from(now.saturating_sub(at)).unwrap_or(LATEST);
                            tally.quotes += 1;
                            tally.late[late.min(LATEST)] += 1;
                        }
                        None => tally.others += 1,
                    },
                    _ => {}
                }
                looked += to;
            }
            self.buffer.drain(..looked);
            for (head, payload) in answers {
                self.send(head, &payload).await?;
            }
        }
    }
}

/// Opcode, beginning and end of the first frame's payload, if it is whole.
fn frame(bytes: &[u8]) -> Option<(u8, usize, usize)> {
    let (from, length) = match *bytes.get(1)? {
        126 => (
            4,
            usize::from(u16::from_be_bytes(bytes.get(2..4)?.try_into().ok()?)),
        ),
        127 => {
            let length = u64::from_be_bytes(bytes.get(2..10)?.try_into().ok()?);
            (10, usize::try_from(length).ok()?)
        }
        length => (2, usize::from(length)),
    };
    let to = from + length;
    (bytes.len() >= to).then(|| (bytes[0] & 0x0f, from, to))
}

/// When a quote's trade was, if it is one: a quote begins with its symbol and this time.
fn traded_at(payload: &[u8]) -> Option<u64> {
    const NAME: &[u8] = b"\"at\":";
    let head = payload.get(..96.min(payload.len()))?;
    if head.windows(8).any(|eight| eight == b"watching") {
        return None;
    }
    let place = head.windows(NAME.len()).position(|five| five == NAME)?;
    let digits = payload.get(place + NAME.len()..)?;
    let digits = digits.iter().take_while(|byte| byte.is_ascii_digit());
    Some(digits.fold(0, |number, digit| number * 10 + u64::from(digit - b'0')))
}
