//! Heads of requests and answers.

use super::keeps_alive;
use crate::Body;
use bytes::Bytes;
use http::header::{CONNECTION, CONTENT_LENGTH, DATE, HOST, TRANSFER_ENCODING};
use http::request::Parts;
use http::{
    HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, Uri, Version, response,
};
use std::cell::{Cell, RefCell};
use std::io;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::{SystemTime, UNIX_EPOCH};
use tokio::io::{AsyncRead, ReadBuf};
use tokio::net::TcpStream;

/// A request's head.
pub(super) struct Head {
    pub(super) parts: Parts,
    pub(super) length: Length,
    pub(super) keep_alive: bool,
}

/// How long a body is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Length {
    Known(u64),
    Chunked,
}

impl Length {
    pub(super) fn is_empty(self) -> bool {
        self == Self::Known(0)
    }
}

/// What can't be a head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BadHead {
    Malformed,
    TooLong,
}

impl BadHead {
    pub(super) fn response(self) -> Response<Body> {
        let mut response = Response::new(Body::default());
        *response.status_mut() = match self {
            Self::Malformed => StatusCode::BAD_REQUEST,
            Self::TooLong => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
        };
        response
    }
}

impl Head {
    /// Twice what common proxies allow for headers.
    pub(super) const MAX_LEN: usize = 16 << 10;

    /// As many as hyper takes by default.
    const MAX_HEADERS: usize = 100;

    /// A head and how long it is, once it is whole.
    pub(super) fn parse(bytes: &Bytes) -> Result<Option<(Box<Self>, usize)>, BadHead> {
        if bytes.is_empty() {
            return Ok(None);
        }
        let mut headers = [const { MaybeUninit::uninit() }; Self::MAX_HEADERS];
        let mut parsed = httparse::Request::new(&mut []);
        let len = match parsed.parse_with_uninit_headers(bytes, &mut headers) {
            Ok(httparse::Status::Complete(len)) if len <= Self::MAX_LEN => len,
            Ok(httparse::Status::Partial) if bytes.len() < Self::MAX_LEN => return Ok(None),
            Ok(_) | Err(httparse::Error::TooManyHeaders) => return Err(BadHead::TooLong),
            Err(_) => return Err(BadHead::Malformed),
        };
        // All values share what has been read.
        let shared = |part: &[u8]| bytes.slice_ref(part);
        let malformed = |()| BadHead::Malformed;
        let mut request = Request::new(());
        let method = parsed.method.unwrap_or_default();
        *request.method_mut() = Method::from_bytes(method.as_bytes()).map_err(|_| BadHead::Malformed)?;
        let path = shared(parsed.path.unwrap_or_default().as_bytes());
        *request.uri_mut() = Uri::from_maybe_shared(path).map_err(|_| BadHead::Malformed)?;
        let version = match parsed.version {
            Some(1) => Version::HTTP_11,
            _ => Version::HTTP_10,
        };
        *request.version_mut() = version;
        let map = request.headers_mut();
        map.reserve(parsed.headers.len());
        // Noted in passing: each look into the map takes as long as a header takes to be read.
        let (mut hosts, mut is_framed, mut is_connected) = (0, false, false);
        for header in parsed.headers.iter() {
            let name = HeaderName::from_bytes(header.name.as_bytes()).map_err(|_| BadHead::Malformed)?;
            let value =
                HeaderValue::from_maybe_shared(shared(header.value)).map_err(|_| BadHead::Malformed)?;
            hosts += usize::from(name == HOST);
            is_framed |= name == CONTENT_LENGTH || name == TRANSFER_ENCODING;
            is_connected |= name == CONNECTION;
            map.append(name, value);
        }
        // RFC 9112 §3.2: who asks for two hosts may be let in as the one and served as the other.
        if hosts > 1 || hosts == 0 && version == Version::HTTP_11 {
            return Err(BadHead::Malformed);
        }
        let length = match is_framed {
            true => length(version, map).map_err(malformed)?,
            false => Length::Known(0),
        };
        let keep_alive = match is_connected {
            true => keeps_alive(version, map),
            false => version == Version::HTTP_11,
        };
        let (parts, ()) = request.into_parts();
        Ok(Some((
            Box::new(Self {
                parts,
                length,
                keep_alive,
            }),
            len,
        )))
    }
}

/// RFC 9112 §6.3. Two lengths that differ, a length beside chunks, a second coding, or chunks in a version that has none (§6.1) are what requests are
/// smuggled with.
fn length(version: Version, headers: &HeaderMap) -> Result<Length, ()> {
    let mut lengths = headers.get_all(CONTENT_LENGTH).iter();
    let mut codings = headers.get_all(TRANSFER_ENCODING).iter();
    if let Some(coding) = codings.next() {
        let chunked = coding.as_bytes().eq_ignore_ascii_case(b"chunked") && version == Version::HTTP_11;
        return if chunked && lengths.next().is_none() && codings.next().is_none() {
            Ok(Length::Chunked)
        } else {
            Err(())
        };
    }
    let Some(first) = lengths.next() else {
        return Ok(Length::Known(0));
    };
    if lengths.any(|other| other != first) || !first.as_bytes().iter().all(u8::is_ascii_digit) {
        return Err(());
    }
    let length = first.to_str().ok().and_then(|length| length.parse().ok());
    length.map(Length::Known).ok_or(())
}

/// The head of an answer, with room for its body.
pub(super) fn write(answer: &response::Parts, keep_alive: bool, body: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(256 + body);
    out.extend_from_slice(b"HTTP/1.1 ");
    out.extend_from_slice(answer.status.as_str().as_bytes());
    out.push(b' ');
    out.extend_from_slice(answer.status.canonical_reason().unwrap_or_default().as_bytes());
    for (name, value) in &answer.headers {
        // Those are the connection's to say.
        if name != CONTENT_LENGTH && name != CONNECTION && name != DATE {
            out.extend_from_slice(b"\r\n");
            out.extend_from_slice(name.as_str().as_bytes());
            out.extend_from_slice(b": ");
            out.extend_from_slice(value.as_bytes());
        }
    }
    // A client of HTTP/1.0 waits for the end of a connection that it isn't told is kept (RFC 9112 §C.2.2).
    out.extend_from_slice(match keep_alive {
        true => &b"\r\nconnection: keep-alive"[..],
        false => b"\r\nconnection: close",
    });
    // RFC 9110 §8.6: what has not been modified has its own length, which isn't known here.
    if may_have_body(answer.status) {
        out.extend_from_slice(b"\r\ncontent-length: ");
        out.extend_from_slice(HeaderValue::from(body).as_bytes());
    }
    out.extend_from_slice(b"\r\ndate: ");
    write_date(&mut out);
    out.extend_from_slice(b"\r\n\r\n");
    out
}

/// Whether an answer with this status may have a body, and a length.
pub(super) fn may_have_body(status: StatusCode) -> bool {
    !matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED)
}

/// Appends what there is to read, by way of the thread's buffer; 0 at the end.
pub(super) fn poll_read(
    stream: &mut TcpStream,
    into: &mut Vec<u8>,
    cx: &mut Context<'_>,
) -> Poll<io::Result<usize>> {
    let mut scratch = SCRATCH.take();
    if scratch.is_empty() {
        scratch.resize(SCRATCH_LEN, 0);
    }
    let mut buf = ReadBuf::new(&mut scratch);
    let read = Pin::new(stream).poll_read(cx, &mut buf);
    let len = buf.filled().len();
    into.extend_from_slice(buf.filled());
    SCRATCH.set(scratch);
    ready!(read)?;
    Poll::Ready(Ok(len))
}

/// The time of an answer, made once a second.
fn write_date(out: &mut Vec<u8>) {
    let now = SystemTime::now();
    let second = now.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    NOW.with_borrow_mut(|(made, date)| {
        if *made != second || date.is_empty() {
            *made = second;
            *date = httpdate::fmt_http_date(now);
        }
        out.extend_from_slice(date.as_bytes());
    });
}

thread_local! {
    static NOW: RefCell<(u64, String)> = const { RefCell::new((0, String::new())) };
    static SCRATCH: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// Bytes read at once.
const SCRATCH_LEN: usize = 16 << 10;

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Option<(Box<Head>, usize)>, BadHead> {
        Head::parse(&Bytes::copy_from_slice(text.as_bytes()))
    }

    #[test]
    fn a_head_is_whole_or_awaited() {
        let text = "POST /engine.io/?EIO=4 HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi";
        let (head, len) = parse(text).unwrap().unwrap();
        assert_eq!(&text[len..], "hi");
        assert_eq!(head.parts.uri, "/engine.io/?EIO=4");
        assert_eq!(head.length, Length::Known(2));
        assert!(head.keep_alive);
        assert!(parse(&text[..len - 1]).unwrap().is_none());
    }

    #[test]
    fn lengths_that_contradict_each_other_are_refused() {
        for headers in [
            "Content-Length: 1\r\nContent-Length: 2",
            "Content-Length: 1\r\nTransfer-Encoding: chunked",
            "Transfer-Encoding: gzip",
            "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity",
            "Content-Length: +1",
            "Content-Length: 99999999999999999999",
        ] {
            let head = format!("POST / HTTP/1.1\r\nHost: a\r\n{headers}\r\n\r\n");
            assert_eq!(parse(&head).err(), Some(BadHead::Malformed), "{headers}");
        }
        let old = "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n";
        assert_eq!(parse(old).err(), Some(BadHead::Malformed));
    }

    #[test]
    fn a_head_without_end_is_too_long() {
        let head = format!("GET / HTTP/1.1\r\nA: {}", "x".repeat(Head::MAX_LEN));
        assert_eq!(parse(&head).err(), Some(BadHead::TooLong));
        let head = format!(
            "GET / HTTP/1.1\r\n{}\r\n",
            "A: b\r\n".repeat(Head::MAX_HEADERS + 1)
        );
        assert_eq!(parse(&head).err(), Some(BadHead::TooLong));
    }

    #[test]
    fn connections_are_kept_as_their_version_says() {
        let keeps = |head: &str| parse(&format!("{head}\r\n\r\n")).unwrap().unwrap().0.keep_alive;
        assert!(keeps("GET / HTTP/1.1\r\nHost: a"));
        assert!(!keeps("GET / HTTP/1.1\r\nHost: a\r\nConnection: close"));
        assert!(!keeps("GET / HTTP/1.0"));
        assert!(keeps("GET / HTTP/1.0\r\nConnection: Keep-Alive"));
    }
}
