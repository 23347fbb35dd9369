//! The stream under a connection, in two halves that don't wait for each other.

use std::any::Any;
use std::cell::Cell;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf, ReadHalf, WriteHalf};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};

/// What a connection can run over.
pub(crate) trait Io: AsyncRead + AsyncWrite + Send + Unpin + 'static {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin + 'static> Io for S {}

/// The receiving half.
pub(crate) enum Reader {
    Tcp(OwnedReadHalf),
    Io(ReadHalf<Box<dyn Io>>),
    /// Given up.
    Gone,
}

/// The sending half.
pub(crate) enum Writer {
    /// Written to by whoever has something to say, without a task in between.
    Tcp(OwnedWriteHalf),
    Io(WriteHalf<Box<dyn Io>>),
    /// Given up.
    Gone,
}

/// Takes a stream apart. A [`TcpStream`] is recognised whatever the caller's type parameter says.
pub(crate) fn split<S: Io>(stream: S) -> (Reader, Writer) {
    let mut stream = Some(stream);
    if let Some(tcp) = (&mut stream as &mut dyn Any)
        .downcast_mut::<Option<TcpStream>>()
        .and_then(Option::take)
    {
        // What is written is complete: frames that belong together are written together. Waiting for more
        // (Nagle's algorithm) would only delay it. If the socket refuses, it's slow, not wrong.
        let _ = tcp.set_nodelay(true);
        let (read, write) = tcp.into_split();
        return (Reader::Tcp(read), Writer::Tcp(write));
    }
    match stream {
        Some(stream) => {
            let (read, write) = tokio::io::split(Box::new(stream) as Box<dyn Io>);
            (Reader::Io(read), Writer::Io(write))
        }
        // The stream was the TcpStream that has just been taken.
        None => unreachable!("a stream is either a TcpStream or it isn't"),
    }
}

impl Reader {
    /// Reads into the thread's scratch buffer and hands the bytes to `take`; 0 at the end of the stream.
    ///
    /// The buffer belongs to the thread, so that a connection that waits owns none.
    pub(crate) fn poll_read(
        &mut self,
        cx: &mut Context<'_>,
        take: impl FnOnce(&mut [u8]),
    ) -> Poll<io::Result<usize>> {
        let mut scratch = SCRATCH.take();
        if scratch.is_empty() {
            scratch.resize(SCRATCH_LEN, 0);
        }
        let mut buf = ReadBuf::new(&mut scratch);
        let read = match self {
            Self::Tcp(half) => Pin::new(half).poll_read(cx, &mut buf),
            Self::Io(half) => Pin::new(half).poll_read(cx, &mut buf),
            Self::Gone => Poll::Ready(Ok(())),
        };
        let len = buf.filled().len();
        if len > 0 {
            take(buf.filled_mut());
        }
        SCRATCH.set(scratch);
        read.map_ok(|()| len)
    }
}

impl Writer {
    /// Writes what a TCP socket takes at once, without registering for more; `WouldBlock` for other streams.
    pub(crate) fn write_now(&self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        match (self, bufs) {
            (Self::Tcp(half), [one]) => half.try_write(one),
            (Self::Tcp(half), bufs) => half.try_write_vectored(bufs),
            (Self::Io(_), _) => Err(io::ErrorKind::WouldBlock.into()),
            (Self::Gone, _) => Err(io::ErrorKind::NotConnected.into()),
        }
    }

    pub(crate) fn poll_write(
        &mut self,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self {
            Self::Tcp(half) => loop {
                ready!(half.as_ref().poll_write_ready(cx))?;
                match half.try_write_vectored(bufs) {
                    Err(e) if e.kind() == io::ErrorKind::WouldBlock => {}
                    result => return Poll::Ready(result),
                }
            },
            Self::Io(half) => Pin::new(half).poll_write_vectored(cx, bufs),
            Self::Gone => Poll::Ready(Err(io::ErrorKind::NotConnected.into())),
        }
    }

    /// Flushes what the stream itself may hold back, such as a TLS record.
    pub(crate) fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            Self::Io(half) => Pin::new(half).poll_flush(cx),
            Self::Tcp(_) | Self::Gone => Poll::Ready(Ok(())),
        }
    }

    pub(crate) fn poll_shutdown(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            Self::Tcp(half) => Pin::new(half).poll_shutdown(cx),
            Self::Io(half) => Pin::new(half).poll_shutdown(cx),
            Self::Gone => Poll::Ready(Ok(())),
        }
    }
}

thread_local! {
    static SCRATCH: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// Bytes read at once: enough for one read to bring a message of 64 KiB with its
/// header, and several of them when a client sends in bursts.
const SCRATCH_LEN: usize = 256 << 10;
