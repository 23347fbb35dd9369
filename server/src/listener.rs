//! The HTTP/1 listener of both servers: bounded connections, slow senders and lost readers cut off, a graceful end.

mod places;
mod slow_body;

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::pin::pin;
use std::sync::Arc;
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

use self::places::{Addresses, Place};

/// An open port that serves a [`Router`].
#[derive(Debug)]
pub struct Listener {
    tcp: TcpListener,
    addr: SocketAddr,
    patience: Patience,
}

/// How long a [`Listener`] waits for a client.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// For the body of a request, from its head on: [`Listener::BODY_TIME`].
    pub body: Duration,
    /// For a sign that what was sent has arrived: [`Listener::ARRIVAL_TIME`].
    pub arrival: Duration,
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

    /// How long the body of a request may take, from its head on; one that isn't there by then is answered 408. The largest, of a megabyte, takes
    /// a minute on a line of 150 kbit/s.
    pub const BODY_TIME: Duration = Duration::from_secs(60);

    /// How long a client's system may leave what it is sent unacknowledged, or have no room for it: a network that is gone says nothing, and a
    /// client that doesn't read makes no room. Beyond: the connection is lost. 60 s, about as long as a WebSocket may leave two pings unanswered.
    ///
    /// Linux can be told so (`TCP_USER_TIMEOUT`). Other systems give up a network by themselves, after some minutes.
    pub const ARRIVAL_TIME: Duration = Duration::from_secs(60);

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
        Ok(Self {
            tcp,
            addr,
            patience: Patience::default(),
        })
    }

    /// Waits for clients so long, and not as long as usual.
    pub fn with_patience(self, patience: Patience) -> Self {
        Self { patience, ..self }
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
        let addresses = Arc::new(Addresses::new(limits.per_address));
        while let Some((stream, addr, permit)) = self.accept(&total, &stop).await {
            // Whoever is gone already needs no answer.
            if prepare(&stream, self.patience).is_err() {
                continue;
            }
            match addresses.enter(addr.ip(), permit) {
                Ok(place) => {
                    let peer = Peer {
                        addr,
                        _place: Arc::new(place),
                    };
                    let serving = connection(stream, router.clone(), peer, self.patience, stop.clone());
                    tasks.spawn(serving);
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

impl Default for Patience {
    fn default() -> Self {
        Self {
            body: Listener::BODY_TIME,
            arrival: Listener::ARRIVAL_TIME,
        }
    }
}

/// Sets how the system sends.
fn prepare(stream: &TcpStream, patience: Patience) -> io::Result<()> {
    // Without it a small message would wait for the acknowledgement of the one before.
    stream.set_nodelay(true)?;
    #[cfg(target_os = "linux")]
    {
        let arrival = u32::try_from(patience.arrival.as_millis()).unwrap_or(u32::MAX);
        if let Err(error) = rustix::net::sockopt::set_tcp_user_timeout(stream, arrival) {
            // Not every kernel that calls itself so has it.
            tracing::debug!(%error, "a client that acknowledges nothing is noticed late");
        }
    }
    #[cfg(not(target_os = "linux"))]
    let _ = patience;
    Ok(())
}

async fn connection(
    stream: TcpStream,
    router: Router,
    peer: Peer,
    patience: Patience,
    stop: CancellationToken,
) {
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(peer.clone());
        slow_body::respond(router.clone(), request, patience.body)
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
