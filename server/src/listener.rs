//! The HTTP/1 listener of both servers: bounded connections, slow senders cut off, a graceful end.

use std::collections::HashMap;
use std::convert::Infallible;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroUsize;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use http::{HeaderValue, Request, Response, StatusCode, header};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt as _;

/// An open port that serves a [`Router`].
#[derive(Debug)]
pub struct Listener {
    tcp: TcpListener,
    addr: SocketAddr,
}

/// What a [`Listener`] holds at most.
#[derive(Clone, Copy, Debug)]
pub struct ConnectionLimits {
    /// Connections at once; further ones wait in the listen queue.
    pub total: NonZeroUsize,
    /// Of those, connections from one address; further ones are answered 429.
    pub per_address: Option<NonZeroUsize>,
}

/// Who is at the other end, as a request extension; and the place the connection takes among the
/// [`ConnectionLimits`]. Whoever takes the connection over, after an upgrade, keeps a clone while it lasts.
#[derive(Clone, Debug)]
pub struct Peer {
    /// The address the connection comes from: a proxy's, if there is one.
    pub addr: SocketAddr,
    _place: Arc<Place>,
}

impl Listener {
    /// Connections the kernel queues while the program is busy accepting: a crowd that reconnects at once after a
    /// restart fits in. The kernel may cap it (`net.core.somaxconn`).
    pub const BACKLOG: u32 = 4096;

    /// How long a client may take to send a request's head, and to stay idle between two requests: a client that
    /// sends one byte a second gets no further.
    pub const HEAD_TIME: Duration = Duration::from_secs(10);

    /// The same for a connection that is only there to be told that it is one too many.
    pub const REFUSAL_TIME: Duration = Duration::from_secs(2);

    /// How long requests under way may take once the server stops.
    pub const DRAIN_TIME: Duration = Duration::from_secs(5);

    /// Bytes of a request's head; more is answered 431.
    pub const HEAD_SIZE: usize = 16 * 1024;

    /// Opens the port.
    ///
    /// # Errors
    /// The port is in use, or not allowed.
    pub fn bind(addr: SocketAddr) -> io::Result<Self> {
        let tcp = listen(addr, Self::BACKLOG)?;
        let addr = tcp.local_addr()?;
        Ok(Self { tcp, addr })
    }

    /// Where it listens, with the port that was taken for port 0.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Serves until `stop`, then closes the port, lets requests under way finish and returns. Connections run as tasks
    /// of `tasks`; upgraded ones go on there until whoever took them over ends.
    pub async fn serve(
        self,
        router: Router,
        limits: ConnectionLimits,
        stop: CancellationToken,
        tasks: TaskTracker,
    ) {
        let total = Arc::new(Semaphore::new(limits.total.get().min(Semaphore::MAX_PERMITS)));
        let addresses = Arc::new(Addresses {
            limit: limits.per_address,
            counts: Mutex::default(),
        });
        while let Some((stream, addr, permit)) = self.accept(&total, &stop).await {
            // Without it a small message would wait for the acknowledgement of the one before.
            if stream.set_nodelay(true).is_err() {
                continue;
            }
            match addresses.enter(addr.ip(), permit) {
                Ok(place) => {
                    let peer = Peer {
                        addr,
                        _place: Arc::new(place),
                    };
                    tasks.spawn(connection(stream, router.clone(), peer, stop.clone()));
                }
                Err(permit) => {
                    tracing::debug!(address = %addr.ip(), "one connection too many from this address");
                    tasks.spawn(refusal(stream, permit));
                }
            }
        }
    }

    /// The next connection, or `None` after `stop`.
    async fn accept(
        &self,
        total: &Arc<Semaphore>,
        stop: &CancellationToken,
    ) -> Option<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
        let next = async {
            // The semaphore is never closed.
            let permit = total.clone().acquire_owned().await.ok()?;
            loop {
                match self.tcp.accept().await {
                    Ok((stream, addr)) => return Some((stream, addr, permit)),
                    Err(error) if is_of_one_connection(&error) => {}
                    Err(error) => {
                        // Most likely out of file descriptors: the next attempt would fail at once and burn the CPU.
                        tracing::error!(%error, "cannot accept connections");
                        tokio::time::sleep(Duration::from_millis(200)).await;
                    }
                }
            }
        };
        tokio::select! {
            biased;
            () = stop.cancelled() => None,
            next = next => next,
        }
    }
}

/// Opens a port, where so many connections may wait to be accepted.
///
/// # Errors
/// The port is in use, or not allowed.
pub(crate) fn listen(addr: SocketAddr, backlog: u32) -> io::Result<TcpListener> {
    let socket = if addr.is_ipv4() {
        TcpSocket::new_v4()?
    } else {
        TcpSocket::new_v6()?
    };
    // A restart need not wait until the last connections' TIME_WAIT is over. A port in use stays an error.
    socket.set_reuseaddr(true)?;
    socket.bind(addr)?;
    socket.listen(backlog)
}

async fn connection(stream: TcpStream, router: Router, peer: Peer, stop: CancellationToken) {
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(peer.clone());
        router.clone().oneshot(request.map(Body::new))
    });
    let connection = http1(Listener::HEAD_TIME)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    let mut connection = pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            match tokio::time::timeout(Listener::DRAIN_TIME, connection).await {
                Ok(ended) => ended,
                Err(_) => return,
            }
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "HTTP connection failed");
    }
}

async fn refusal(stream: TcpStream, permit: OwnedSemaphorePermit) {
    let service = service_fn(|_request: Request<Incoming>| async {
        let mut response = Response::new(Body::from("too many connections from your address\n"));
        *response.status_mut() = StatusCode::TOO_MANY_REQUESTS;
        response
            .headers_mut()
            .insert(header::RETRY_AFTER, HeaderValue::from_static("10"));
        response
            .headers_mut()
            .insert(header::CONNECTION, HeaderValue::from_static("close"));
        Ok::<_, Infallible>(response)
    });
    let served = http1(Listener::REFUSAL_TIME)
        .serve_connection(TokioIo::new(stream), service)
        .await;
    if let Err(error) = served {
        tracing::debug!(%error, "refused connection failed");
    }
    drop(permit);
}

fn http1(head_time: Duration) -> http1::Builder {
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(head_time)
        .max_buf_size(Listener::HEAD_SIZE);
    builder
}

/// Errors of the connection that was to be accepted, not of the listening socket.
fn is_of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    matches!(
        error.kind(),
        ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted
    )
}

/// How many connections each address has. Addresses without any are forgotten.
#[derive(Debug)]
struct Addresses {
    limit: Option<NonZeroUsize>,
    counts: Mutex<HashMap<IpAddr, usize>>,
}

/// A connection's place; dropping it makes room.
#[derive(Debug)]
struct Place {
    addresses: Arc<Addresses>,
    ip: IpAddr,
    _permit: OwnedSemaphorePermit,
}

impl Addresses {
    fn enter(
        self: &Arc<Self>,
        ip: IpAddr,
        permit: OwnedSemaphorePermit,
    ) -> Result<Place, OwnedSemaphorePermit> {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(ip).or_default();
        if self.limit.is_some_and(|limit| *count >= limit.get()) {
            return Err(permit);
        }
        *count += 1;
        Ok(Place {
            addresses: self.clone(),
            ip,
            _permit: permit,
        })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut counts = self
            .addresses
            .counts
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(&self.ip) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.ip);
            }
        }
    }
}
