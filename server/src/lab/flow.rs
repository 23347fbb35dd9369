//! Bytes on their way through a line: read, held back as long as the weather says, written on.

use std::io;
use std::sync::atomic::Ordering;

use bytes::Bytes;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep_until};

use super::conditions::{Conditions, Road};
use super::line::Counts;
use super::requests::Requests;

/// Bytes of a piece.
const PIECE: usize = 16 * 1024;

/// Pieces on their way in one direction of one connection. Beyond, nothing more is read: a slow reader behind the line
/// stays a slow reader for whoever writes. With the longest latency it is what limits the speed.
const PIECES: usize = 64;

/// Carries bytes in both directions until both have ended.
///
/// # Errors
/// One side broke off.
pub(super) async fn both_ways(
    client: &mut TcpStream,
    server: &mut TcpStream,
    conditions: watch::Receiver<Conditions>,
    counts: &Counts,
) -> io::Result<()> {
    // The line must not add the wait of small packets for each other.
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let (client_reads, client_writes) = client.split();
    let (server_reads, server_writes) = server.split();
    let mut requests = Requests::default();
    let sent = |piece: &[u8]| {
        counts.bytes_up.fetch_add(piece.len() as u64, Ordering::Relaxed);
        let complete = requests.receive(piece);
        counts.requests.fetch_add(complete, Ordering::Relaxed);
    };
    let arrived = |piece: &[u8]| {
        counts.bytes_down.fetch_add(piece.len() as u64, Ordering::Relaxed);
    };
    let up = one_way(client_reads, server_writes, conditions.clone(), sent, |_| {});
    let down = one_way(server_reads, client_writes, conditions, |_| {}, arrived);
    tokio::try_join!(up, down)?;
    Ok(())
}

/// Carries bytes in one direction; both ends are told what is read and what has been written.
async fn one_way(
    from: ReadHalf<'_>,
    mut to: WriteHalf<'_>,
    conditions: watch::Receiver<Conditions>,
    mut read: impl FnMut(&[u8]),
    mut written: impl FnMut(&[u8]),
) -> io::Result<()> {
    let (entrance, mut exit) = mpsc::channel::<(Instant, Bytes)>(PIECES);
    let entering = async move {
        let mut road = Road::new(Instant::now().into_std());
        loop {
            from.readable().await?;
            let piece = match read_piece(&from) {
                Ok(piece) => piece,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => continue,
                Err(error) => return Err(error),
            };
            if piece.is_empty() {
                return Ok(());
            }
            read(&piece);
            let now = Instant::now().into_std();
            let due = road.due(now, piece.len(), &conditions.borrow(), fastrand::f64);
            if entrance.send((due.into(), piece)).await.is_err() {
                return Ok(());
            }
        }
    };
    let leaving = async move {
        while let Some((due, piece)) = exit.recv().await {
            // A timer would take a millisecond at least.
            if due > Instant::now() {
                sleep_until(due).await;
            }
            to.write_all(&piece).await?;
            written(&piece);
        }
        to.shutdown().await
    };
    tokio::try_join!(entering, leaving)?;
    Ok(())
}

/// Not async, so that a connection that waits has no buffer.
fn read_piece(from: &ReadHalf<'_>) -> io::Result<Bytes> {
    let mut buffer = [0; PIECE];
    let read = from.try_read(&mut buffer)?;
    Ok(Bytes::copy_from_slice(&buffer[..read]))
}
