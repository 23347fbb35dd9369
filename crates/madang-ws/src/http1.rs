//! Just enough HTTP/1.1 for an opening handshake on a bare stream.

use http::header::{HeaderMap, HeaderName, HeaderValue};
use http::{Method, Request, Response, StatusCode, Uri, Version};
use std::io;
use tokio::io::{AsyncRead, AsyncReadExt};

/// The bytes aren't an HTTP/1 head, or not one that fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BadHead {
    Malformed,
    TooLong,
}

/// Reads from `stream` until `parse` finds a whole head; what follows the head comes back with it.
pub(crate) async fn read_head<S: AsyncRead + Unpin, T>(
    stream: &mut S,
    limit: usize,
    parse: impl Fn(&[u8]) -> Result<Option<(T, usize)>, BadHead>,
) -> io::Result<Result<(T, Vec<u8>), BadHead>> {
    let mut bytes = Vec::with_capacity(FIRST_READ.min(limit));
    loop {
        let room = (limit - bytes.len()).min(FIRST_READ) as u64;
        if stream.take(room).read_buf(&mut bytes).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        match parse(&bytes) {
            Ok(Some((head, len))) => return Ok(Ok((head, bytes.split_off(len)))),
            Ok(None) if bytes.len() >= limit => return Ok(Err(BadHead::TooLong)),
            Ok(None) => {}
            Err(bad) => return Ok(Err(bad)),
        }
    }
}

#[cfg_attr(not(feature = "server"), allow(dead_code))]
pub(crate) fn parse_request(bytes: &[u8]) -> Result<Option<(Request<()>, usize)>, BadHead> {
    let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let mut parsed = httparse::Request::new(&mut headers);
    let len = match parsed.parse(bytes) {
        Ok(httparse::Status::Complete(len)) => len,
        Ok(httparse::Status::Partial) => return Ok(None),
        Err(httparse::Error::TooManyHeaders) => return Err(BadHead::TooLong),
        Err(_) => return Err(BadHead::Malformed),
    };
    let mut request = Request::new(());
    *request.method_mut() =
        Method::from_bytes(parsed.method.unwrap_or_default().as_bytes()).map_err(|_| BadHead::Malformed)?;
    *request.uri_mut() = Uri::try_from(parsed.path.unwrap_or_default()).map_err(|_| BadHead::Malformed)?;
    *request.version_mut() = version(parsed.version);
    *request.headers_mut() = header_map(parsed.headers)?;
    Ok(Some((request, len)))
}

#[cfg_attr(not(feature = "client"), allow(dead_code))]
pub(crate) fn parse_response(bytes: &[u8]) -> Result<Option<(Response<()>, usize)>, BadHead> {
    let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let mut parsed = httparse::Response::new(&mut headers);
    let len = match parsed.parse(bytes) {
        Ok(httparse::Status::Complete(len)) => len,
        Ok(httparse::Status::Partial) => return Ok(None),
        Err(httparse::Error::TooManyHeaders) => return Err(BadHead::TooLong),
        Err(_) => return Err(BadHead::Malformed),
    };
    let mut response = Response::new(());
    *response.status_mut() =
        StatusCode::from_u16(parsed.code.unwrap_or_default()).map_err(|_| BadHead::Malformed)?;
    *response.version_mut() = version(parsed.version);
    *response.headers_mut() = header_map(parsed.headers)?;
    Ok(Some((response, len)))
}

#[cfg_attr(not(feature = "client"), allow(dead_code))]
pub(crate) fn write_request(request: &Request<()>) -> Vec<u8> {
    // Displayed, it begins with a slash even where the address has none before its query.
    let path = request.uri().path_and_query();
    let path = path.map_or_else(|| "/".to_owned(), ToString::to_string);
    let mut out = format!("{} {path} HTTP/1.1\r\n", request.method()).into_bytes();
    write_headers(request.headers(), &mut out);
    out
}

#[cfg_attr(not(feature = "server"), allow(dead_code))]
pub(crate) fn write_response(response: &Response<impl AsRef<[u8]>>) -> Vec<u8> {
    let status = response.status();
    let reason = status.canonical_reason().unwrap_or_default();
    let mut out = Vec::with_capacity(256);
    for part in ["HTTP/1.1 ", status.as_str(), " ", reason, "\r\n"] {
        out.extend_from_slice(part.as_bytes());
    }
    write_headers(response.headers(), &mut out);
    out.extend_from_slice(response.body().as_ref());
    out
}

fn write_headers(headers: &HeaderMap, out: &mut Vec<u8>) {
    for (name, value) in headers {
        out.extend_from_slice(name.as_str().as_bytes());
        out.extend_from_slice(b": ");
        out.extend_from_slice(value.as_bytes());
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(b"\r\n");
}

fn header_map(parsed: &[httparse::Header<'_>]) -> Result<HeaderMap, BadHead> {
    let mut headers = HeaderMap::with_capacity(parsed.len());
    for header in parsed {
        let name = HeaderName::from_bytes(header.name.as_bytes()).map_err(|_| BadHead::Malformed)?;
        let value = HeaderValue::from_bytes(header.value).map_err(|_| BadHead::Malformed)?;
        headers.append(name, value);
    }
    Ok(headers)
}

fn version(minor: Option<u8>) -> Version {
    if minor == Some(1) {
        Version::HTTP_11
    } else {
        Version::HTTP_10
    }
}

/// As many as hyper takes by default.
const MAX_HEADERS: usize = 100;

/// A browser's handshake is half of this.
const FIRST_READ: usize = 1024;
