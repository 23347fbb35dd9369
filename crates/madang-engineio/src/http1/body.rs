//! Bodies of requests, by length or in chunks (RFC 9112 §6, §7.1).

use super::Connection;
use super::head::{Length, poll_read};
use bytes::Bytes;
use http_body::Frame;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// A body that is read as it is asked for.
pub(super) struct Incoming<'a> {
    connection: &'a mut Connection,
    state: State,
    /// The client waits to be told that it may send it.
    expects: bool,
}

enum State {
    /// So many bytes, of the body or of a chunk; a line end follows a chunk.
    Data {
        left: u64,
        chunked: bool,
    },
    /// A line with a chunk's length.
    Length,
    /// The lines after the last chunk, up to an empty one.
    Trailers,
    Done,
}

impl<'a> Incoming<'a> {
    pub(super) fn new(connection: &'a mut Connection, length: Length, expects: bool) -> Self {
        let state = match length {
            Length::Known(0) => State::Done,
            Length::Known(left) => State::Data { left, chunked: false },
            Length::Chunked => State::Length,
        };
        Self {
            connection,
            state,
            expects,
        }
    }

    /// Whether the next request follows.
    pub(super) fn is_read(&self) -> bool {
        matches!(self.state, State::Done)
    }

    /// A line without its end, if all of it is there. A line feed alone ends none: what others took for a part of the line would be read as a request.
    fn line(&mut self) -> io::Result<Option<Vec<u8>>> {
        let read = &mut self.connection.read;
        match memchr::memchr(b'\n', read) {
            Some(end) => {
                let mut line: Vec<u8> = read.drain(..=end).collect();
                if !line.ends_with(b"\r\n") {
                    return Err(io::ErrorKind::InvalidData.into());
                }
                line.truncate(line.len() - 2);
                Ok(Some(line))
            }
            None if read.len() > MAX_LINE => Err(io::ErrorKind::InvalidData.into()),
            None => Ok(None),
        }
    }

    /// What is there already, or whether the end is.
    fn take(&mut self) -> io::Result<Option<Option<Bytes>>> {
        loop {
            match self.state {
                State::Done => return Ok(Some(None)),
                State::Data {
                    left: 0,
                    chunked: true,
                } => match self.line()? {
                    Some(line) if line.is_empty() => self.state = State::Length,
                    Some(_) => return Err(io::ErrorKind::InvalidData.into()),
                    None => return Ok(None),
                },
                State::Data { left: 0, .. } => self.state = State::Done,
                State::Data { left, chunked } => {
                    let read = &mut self.connection.read;
                    if read.is_empty() {
                        return Ok(None);
                    }
                    let len = usize::try_from(left).map_or(read.len(), |left| left.min(read.len()));
                    let data = if len == read.len() {
                        std::mem::take(read)
                    } else {
                        read.drain(..len).collect()
                    };
                    self.state = State::Data {
                        left: left - len as u64,
                        chunked,
                    };
                    return Ok(Some(Some(data.into())));
                }
                State::Length => match self.line()? {
                    Some(line) => {
                        self.state = match chunk_len(&line).ok_or(io::ErrorKind::InvalidData)? {
                            0 => State::Trailers,
                            left => State::Data { left, chunked: true },
                        }
                    }
                    None => return Ok(None),
                },
                State::Trailers => match self.line()? {
                    Some(line) if line.is_empty() => self.state = State::Done,
                    Some(_) => {}
                    None => return Ok(None),
                },
            }
        }
    }
}

impl http_body::Body for Incoming<'_> {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        let this = self.get_mut();
        loop {
            match this.take() {
                Ok(Some(Some(data))) => return Poll::Ready(Some(Ok(Frame::data(data)))),
                Ok(Some(None)) => return Poll::Ready(None),
                Ok(None) => {}
                Err(error) => return Poll::Ready(Some(Err(error))),
            }
            if this.expects {
                // So short that a socket which is new, or whose client waits, takes it whole.
                let _ = this.connection.stream.try_write(b"HTTP/1.1 100 Continue\r\n\r\n");
                this.expects = false;
            }
            let Connection {
                stream, read: into, ..
            } = &mut *this.connection;
            match ready!(poll_read(stream, into, cx)) {
                Ok(0) => return Poll::Ready(Some(Err(io::ErrorKind::UnexpectedEof.into()))),
                Ok(_) => {}
                Err(error) => return Poll::Ready(Some(Err(error))),
            }
        }
    }
}

/// The hexadecimal length at the beginning of a chunk; extensions after it mean nothing here.
fn chunk_len(line: &[u8]) -> Option<u64> {
    let digits = line.split(|byte| *byte == b';').next()?.trim_ascii_end();
    if digits.is_empty() || digits.len() > 15 || !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    u64::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

/// Bytes of a line between chunks, more than any length and its extensions need.
const MAX_LINE: usize = 4096;
