//! A line of the laboratory, between real sockets.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use madang_server::lab::{Conditions, Line};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use crate::running::PATIENCE;

/// A line to a server whose connections the test holds.
struct Bench {
    line: Line,
    server: TcpListener,
    conditions: watch::Sender<Conditions>,
}

impl Bench {
    async fn new() -> Self {
        Self::for_connections(Line::CONNECTIONS).await
    }

    async fn for_connections(most: usize) -> Self {
        let server = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let conditions = watch::Sender::new(Conditions::default());
        let back = server.local_addr().unwrap();
        let line = Line::open(port, back, conditions.subscribe(), most).unwrap();
        Self {
            line,
            server,
            conditions,
        }
    }

    fn addr(&self) -> SocketAddr {
        self.line.addr()
    }

    /// Both ends of a new connection.
    async fn connect(&self) -> (TcpStream, TcpStream) {
        let client = TcpStream::connect(self.addr()).await.unwrap();
        let accepted = tokio::time::timeout(PATIENCE, self.server.accept()).await;
        (client, accepted.unwrap().unwrap().0)
    }
}

async fn read(stream: &mut TcpStream, size: usize) -> Vec<u8> {
    let mut bytes = vec![0; size];
    let read = tokio::time::timeout(PATIENCE, stream.read_exact(&mut bytes)).await;
    read.expect("bytes in time").unwrap();
    bytes
}

/// Waits until nothing can be written any more, and returns how much could.
async fn fill(stream: &mut TcpStream) -> usize {
    let piece = vec![b'x'; 64 * 1024];
    let mut written = 0;
    while let Ok(wrote) = tokio::time::timeout(Duration::from_millis(300), stream.write(&piece)).await {
        written += wrote.unwrap();
        assert!(written < 256 * 1024 * 1024, "it takes without a bound");
    }
    written
}

#[tokio::test]
async fn bytes_pass_both_ways_and_are_counted_exactly() {
    let bench = Bench::new().await;
    let (mut client, mut server) = bench.connect().await;
    let request = b"POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nabcGET / HTTP/1.1\r\n\r\n";
    client.write_all(request).await.unwrap();
    assert_eq!(read(&mut server, request.len()).await, request);
    let answer = vec![b'y'; 100_000];
    server.write_all(&answer).await.unwrap();
    assert_eq!(read(&mut client, answer.len()).await, answer);
    let counted = bench.line.counted();
    assert_eq!((counted.bytes_up, counted.requests), (request.len() as u64, 2));
    assert_eq!((counted.connections, counted.open, counted.refused), (1, 1, 0));
    // Counted once it is written, which may be a moment after it was read.
    while bench.line.counted().bytes_down < 100_000 {
        tokio::task::yield_now().await;
    }
    assert_eq!(bench.line.counted().bytes_down, 100_000);

    // Each direction ends by itself.
    client.shutdown().await.unwrap();
    assert_eq!(server.read(&mut [0; 1]).await.unwrap(), 0);
    server.write_all(b"still").await.unwrap();
    assert_eq!(read(&mut client, 5).await, b"still");
    drop(server);
    assert_eq!(client.read(&mut [0; 1]).await.unwrap(), 0);
    while bench.line.counted().open > 0 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn latency_is_added_in_each_direction() {
    const LATENCY: Duration = Duration::from_millis(150);
    let bench = Bench::new().await;
    bench
        .conditions
        .send_modify(|conditions| conditions.latency = LATENCY);
    let (mut client, mut server) = bench.connect().await;
    let began = Instant::now();
    client.write_all(b"question").await.unwrap();
    read(&mut server, 8).await;
    assert!(began.elapsed() >= LATENCY);
    server.write_all(b"answer").await.unwrap();
    read(&mut client, 6).await;
    assert!(began.elapsed() >= 2 * LATENCY);

    // What is on its way doesn't hold up what follows.
    let began = Instant::now();
    for _ in 0..20 {
        client.write_all(b"question").await.unwrap();
        tokio::task::yield_now().await;
    }
    read(&mut server, 20 * 8).await;
    assert!(began.elapsed() < 10 * LATENCY, "{:?}", began.elapsed());
}

#[tokio::test]
async fn loss_is_a_stall_and_never_a_hole() {
    let bench = Bench::new().await;
    // Of 30 pieces that follow each other, some are lost: all but one time in 40,000.
    bench
        .conditions
        .send_modify(|conditions| conditions.loss = Conditions::MOST_LOSS);
    let (mut client, mut server) = bench.connect().await;
    let mut longest = Duration::ZERO;
    for number in 0..30_u8 {
        let began = Instant::now();
        client.write_all(&[number]).await.unwrap();
        assert_eq!(read(&mut server, 1).await, [number]);
        longest = longest.max(began.elapsed());
        // Enough is proven, and each further loss takes its time.
        if longest > Duration::from_millis(200) {
            return;
        }
    }
    panic!("nothing was lost: {longest:?}");
}

#[tokio::test]
async fn offline_cuts_connections_and_refuses_new_ones_until_it_is_over() {
    let bench = Bench::new().await;
    let (mut client, mut server) = bench.connect().await;
    bench
        .conditions
        .send_modify(|conditions| conditions.offline = true);
    let ended = async |stream: &mut TcpStream| {
        let read = tokio::time::timeout(PATIENCE, stream.read(&mut [0; 1])).await;
        read.expect("an end in time").unwrap_or(0) == 0
    };
    assert!(ended(&mut client).await);
    assert!(ended(&mut server).await);
    let mut refused = TcpStream::connect(bench.addr()).await.unwrap();
    assert!(ended(&mut refused).await);
    assert_eq!(bench.line.counted().refused, 1);

    bench
        .conditions
        .send_modify(|conditions| conditions.offline = false);
    let (mut client, mut server) = bench.connect().await;
    client.write_all(b"again").await.unwrap();
    assert_eq!(read(&mut server, 5).await, b"again");
}

#[tokio::test]
async fn a_slow_reader_behind_a_line_stays_slow() {
    let bench = Bench::new().await;
    let (mut client, mut server) = bench.connect().await;
    let written = fill(&mut server).await;
    // What the system keeps for two connections, and the line itself.
    assert!(written < 32 * 1024 * 1024, "{written} bytes are under way");
    assert!(bench.line.counted().bytes_down < written as u64);
    // And nothing of it is lost.
    assert!(read(&mut client, written).await.iter().all(|byte| *byte == b'x'));
}

#[tokio::test]
async fn a_line_has_so_many_connections_at_once() {
    let bench = Bench::for_connections(2).await;
    let (first, _) = bench.connect().await;
    let _second = bench.connect().await;
    let mut third = TcpStream::connect(bench.addr()).await.unwrap();
    let read = tokio::time::timeout(PATIENCE, third.read(&mut [0; 1]))
        .await
        .unwrap();
    assert_eq!(read.unwrap_or(0), 0);
    assert_eq!(bench.line.counted().refused, 1);
    drop(first);
    while bench.line.counted().open == 2 {
        tokio::task::yield_now().await;
    }
    bench.connect().await;
}

#[tokio::test]
async fn a_line_to_nobody_refuses() {
    let nobody = TcpListener::bind("127.0.0.1:0")
        .await
        .unwrap()
        .local_addr()
        .unwrap();
    let port = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let conditions = watch::Sender::new(Conditions::default());
    let line = Line::open(port, nobody, conditions.subscribe(), 1).unwrap();
    let mut client = TcpStream::connect(line.addr()).await.unwrap();
    let read = tokio::time::timeout(PATIENCE, client.read(&mut [0; 1]))
        .await
        .unwrap();
    assert_eq!(read.unwrap_or(0), 0);
    assert_eq!(line.counted().refused, 1);
}

#[tokio::test]
async fn a_line_that_is_dropped_cuts_its_connections_and_frees_its_port() {
    let bench = Bench::new().await;
    let (mut client, _server) = bench.connect().await;
    let addr = bench.addr();
    drop(bench.line);
    let read = tokio::time::timeout(PATIENCE, client.read(&mut [0; 1]))
        .await
        .unwrap();
    assert_eq!(read.unwrap_or(0), 0);
    // The task that listens ends a moment later.
    while TcpListener::bind(addr).await.is_err() {
        tokio::task::yield_now().await;
    }
}
