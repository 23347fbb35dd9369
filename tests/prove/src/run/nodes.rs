//! The servers: processes that are killed and started again.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};

use super::{Plan, RunError};

/// How far a node's clock is off, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Skew(pub i64);

/// How long a server may take to start.
const START: Duration = Duration::from_secs(60);

/// Servers on one database.
pub(super) struct Nodes {
    nodes: Vec<Node>,
}

struct Node {
    address: SocketAddr,
    skew: Skew,
    plan: Plan,
    process: Child,
}

impl Nodes {
    /// Starts them. With a shifted clock the first is 30 s ahead, the second 30 s behind, and so on.
    pub(super) async fn start(plan: &Plan) -> Result<Self, RunError> {
        let mut nodes = Vec::new();
        for n in 0..plan.nodes {
            let skew = Skew(if n % 2 == 0 { 30_000 } else { -30_000 });
            let address = free_address()?;
            let process = spawn(plan, address, skew)?;
            let mut node = Node {
                address,
                skew,
                plan: plan.clone(),
                process,
            };
            node.is_up().await?;
            nodes.push(node);
        }
        Ok(Self { nodes })
    }

    pub(super) fn addresses(&self) -> Vec<SocketAddr> {
        self.nodes.iter().map(|node| node.address).collect()
    }

    /// Ends one in the middle of whatever it does, and starts it again.
    pub(super) async fn kill(&mut self, n: usize) -> Result<(), RunError> {
        let nodes = self.nodes.len();
        self.nodes[n % nodes].restart().await
    }

    /// Waits until all of them are ready.
    pub(super) async fn are_up(&mut self) -> Result<(), RunError> {
        for node in &mut self.nodes {
            node.is_up().await?;
        }
        Ok(())
    }

    pub(super) fn len(&self) -> usize {
        self.nodes.len()
    }

    pub(super) async fn stop(&mut self) {
        for node in &mut self.nodes {
            // It is gone already, or will be.
            let _ = node.process.kill().await;
        }
    }
}

impl Node {
    async fn restart(&mut self) -> Result<(), RunError> {
        self.process.kill().await?;
        self.process = spawn(&self.plan, self.address, self.skew)?;
        self.is_up().await
    }

    /// Waits until it answers that it is ready. A server that ends meanwhile, since the database was away, is started again.
    async fn is_up(&mut self) -> Result<(), RunError> {
        let deadline = tokio::time::Instant::now() + START;
        while !is_ready(self.address).await {
            if tokio::time::Instant::now() > deadline {
                let seconds = START.as_secs();
                return Err(RunError::Node(format!(
                    "the server isn't ready after {seconds} s"
                )));
            }
            if self.process.try_wait()?.is_some() {
                tokio::time::sleep(Duration::from_millis(200)).await;
                self.process = spawn(&self.plan, self.address, self.skew)?;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(())
    }
}

/// Below the ports that the system gives to outgoing connections: none of those takes it while its server is down.
fn free_address() -> Result<SocketAddr, RunError> {
    let mut tried = None;
    for _ in 0..100 {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, fastrand::u16(20_000..30_000)));
        match TcpListener::bind(address) {
            Ok(_) => return Ok(address),
            Err(error) => tried = Some(error),
        }
    }
    Err(RunError::Node(format!("no port is free: {tried:?}")))
}

async fn is_ready(address: SocketAddr) -> bool {
    let ask = async {
        let mut stream = TcpStream::connect(address).await?;
        stream
            .write_all(b"GET /readyz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            .await?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await?;
        io::Result::Ok(answer.starts_with("HTTP/1.1 200"))
    };
    matches!(tokio::time::timeout(START, ask).await, Ok(Ok(true)))
}

fn spawn(plan: &Plan, address: SocketAddr, skew: Skew) -> Result<Child, RunError> {
    let mut command = Command::new(&plan.program);
    command
        .args(["back", "--back-addr", &address.to_string()])
        .args(["--database-url", plan.database.as_str()])
        .args(["--max-requests-per-address", "0", "--max-bytes-per-address", "0"])
        .args(["--max-seats-per-address", "0"])
        .args(["--lab-ports", "off", "--replay-file", "none"])
        .env("RUST_LOG", "error")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true);
    if let Some(clock) = &plan.clock {
        shift(&mut command, clock, skew);
    }
    let program = plan.program.display();
    command
        .spawn()
        .map_err(|error| RunError::Node(format!("{program} can't be started: {error}")))
}

fn shift(command: &mut Command, clock: &Path, Skew(ms): Skew) {
    command
        .env("LD_PRELOAD", clock)
        .env("CLOCK_SHIFT_MS", ms.to_string());
}
