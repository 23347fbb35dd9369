//! The official client's files, which a page loads from the server that it talks to.

use bytes::Bytes;
use flate2::Compression;
use flate2::write::{GzEncoder, ZlibEncoder};
use http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, IF_NONE_MATCH, VARY,
};
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};
use std::collections::HashMap;
use std::fmt;
use std::io::Write as _;
use std::sync::{Arc, OnceLock};

/// Files of the client of Socket.IO, served as Node's server does (`serveClient`). Cloning is cheap.
///
/// The application brings them along, since it knows which version it wants: they are the `dist` folder of npm's `socket.io-client`. Node's server
/// has `socket.io.js`, `socket.io.min.js`, `socket.io.esm.min.js`, `socket.io.msgpack.min.js`, and each with `.map` behind it.
///
/// ```
/// use http::{HeaderMap, StatusCode, header};
/// use madang_socketio::ClientFiles;
///
/// let files = ClientFiles::new("4.8.3").with("socket.io.min.js", "/* Socket.IO */");
/// let response = files.respond("socket.io.min.js", &HeaderMap::new()).unwrap();
/// assert_eq!(response.headers()[header::ETAG], "\"4.8.3\"");
///
/// let mut known = HeaderMap::new();
/// known.insert(header::IF_NONE_MATCH, "\"4.8.3\"".parse()?);
/// assert_eq!(files.respond("socket.io.min.js", &known).unwrap().status(), StatusCode::NOT_MODIFIED);
/// # Ok::<(), http::header::InvalidHeaderValue>(())
/// ```
#[derive(Clone)]
pub struct ClientFiles {
    etag: HeaderValue,
    files: Arc<HashMap<String, File>>,
}

#[derive(Clone)]
struct File {
    plain: Bytes,
    /// By [`Coding`]; made when first asked for.
    coded: [OnceLock<Bytes>; 3],
}

/// How a body is compressed, the best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Coding {
    Brotli,
    Gzip,
    Deflate,
}

impl ClientFiles {
    /// No files yet, of a version: their `ETag`, by which a browser knows whether what it has is still right.
    ///
    /// ```
    /// use madang_socketio::ClientFiles;
    ///
    /// let none = ClientFiles::new("4.8.3");
    /// assert!(none.respond("socket.io.js", &http::HeaderMap::new()).is_none());
    /// ```
    ///
    /// # Panics
    /// When the version has characters that a header can't have.
    pub fn new(version: &str) -> Self {
        let etag = HeaderValue::try_from(format!("\"{version}\""));
        Self {
            etag: etag.unwrap_or_else(|_| panic!("{version:?} can't be a header's value")),
            files: Arc::default(),
        }
    }

    /// Adds a file, by its name behind the path of Socket.IO, or replaces it. One whose name ends with `.map` is JSON, any other JavaScript.
    ///
    /// ```
    /// use madang_socketio::ClientFiles;
    ///
    /// let files = ClientFiles::new("4.8.3")
    ///     .with("socket.io.min.js", "/* the script */") // include_bytes!(…)
    ///     .with("socket.io.min.js.map", "{}");
    /// let map = files.respond("socket.io.min.js.map", &http::HeaderMap::new()).unwrap();
    /// assert_eq!(map.headers()["content-type"], "application/json; charset=utf-8");
    /// ```
    #[must_use]
    pub fn with(mut self, name: &str, content: impl Into<Bytes>) -> Self {
        let file = File {
            plain: content.into(),
            coded: Default::default(),
        };
        Arc::make_mut(&mut self.files).insert(name.to_owned(), file);
        self
    }

    /// The answer to a GET or HEAD of `path_tail`, which is what follows `/socket.io/` in the address, without its query. `None` if it's none of these files.
    ///
    /// The file goes out compressed as the client prefers (by equal preference br, gzip, deflate). A file is compressed when it's first asked for so,
    /// which takes some milliseconds, and kept.
    ///
    /// ```
    /// use http::{HeaderMap, HeaderValue};
    /// use madang_socketio::ClientFiles;
    ///
    /// let files = ClientFiles::new("4.8.3").with("socket.io.js", "/* the script */");
    /// let mut request = HeaderMap::new();
    /// request.insert("accept-encoding", HeaderValue::from_static("gzip, br"));
    /// assert_eq!(files.respond("socket.io.js", &request).unwrap().headers()["content-encoding"], "br");
    /// assert!(files.respond("?EIO=4", &request).is_none()); // not a file: Socket.IO itself
    /// ```
    pub fn respond(&self, path_tail: &str, headers: &HeaderMap) -> Option<Response<Bytes>> {
        let file = self.files.get(path_tail)?;
        if self.is_known(headers) {
            return Some(self.response(StatusCode::NOT_MODIFIED, Bytes::new(), &[]));
        }
        let content_type = match path_tail.ends_with(".map") {
            true => "application/json; charset=utf-8",
            false => "application/javascript; charset=utf-8",
        };
        let content_type = (CONTENT_TYPE, content_type);
        Some(match Coding::choose(headers) {
            Some(coding) => {
                let body = file.coded(coding);
                let coding = (CONTENT_ENCODING, coding.as_str());
                self.response(StatusCode::OK, body, &[content_type, coding])
            }
            None => self.response(StatusCode::OK, file.plain.clone(), &[content_type]),
        })
    }

    /// Whether the client has this version already, whichever way it's compressed.
    fn is_known(&self, headers: &HeaderMap) -> bool {
        let strong = self.etag.as_bytes();
        let tags = headers.get_all(IF_NONE_MATCH);
        tags.iter()
            .flat_map(|tags| tags.as_bytes().split(|byte| *byte == b','))
            .map(<[u8]>::trim_ascii)
            .any(|tag| tag == strong || tag.strip_prefix(b"W/").is_some_and(|tag| tag == strong))
    }

    fn response(
        &self,
        status: StatusCode,
        body: Bytes,
        more: &[(HeaderName, &'static str)],
    ) -> Response<Bytes> {
        let mut response = Response::new(body);
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("public, max-age=0"));
        headers.insert(ETAG, self.etag.clone());
        // Which Node's server doesn't say, and a cache between would give the one what the other can read.
        headers.insert(VARY, HeaderValue::from_static("Accept-Encoding"));
        for (name, value) in more {
            headers.insert(name, HeaderValue::from_static(value));
        }
        response
    }
}

impl fmt::Debug for ClientFiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.files.keys();
        f.debug_struct("ClientFiles")
            .field("etag", &self.etag)
            .field("files", &names.collect::<Vec<_>>())
            .finish()
    }
}

impl File {
    fn coded(&self, coding: Coding) -> Bytes {
        let made = &self.coded[coding as usize];
        made.get_or_init(|| coding.compress(&self.plain)).clone()
    }
}

impl Coding {
    /// A level that makes small files within the time of one request.
    const BROTLI_QUALITY: u32 = 6;
    /// The largest window that there is, for files of some hundred KiB.
    const BROTLI_WINDOW_BITS: u32 = 22;

    const fn as_str(self) -> &'static str {
        match self {
            Self::Brotli => "br",
            Self::Gzip => "gzip",
            Self::Deflate => "deflate",
        }
    }

    /// RFC 9110 §12.5.3; `None` for the file as it is.
    fn choose(headers: &HeaderMap) -> Option<Self> {
        let accepted = Accepted::of(headers);
        let plain = accepted.identity.unwrap_or(0.0);
        let mut best = None;
        let mut preference = plain;
        for coding in [Self::Brotli, Self::Gzip, Self::Deflate] {
            let weight = accepted.named[coding as usize].or(accepted.any).unwrap_or(0.0);
            if weight > preference || (best.is_none() && weight > 0.0 && weight >= plain) {
                (best, preference) = (Some(coding), weight);
            }
        }
        best
    }

    fn compress(self, plain: &[u8]) -> Bytes {
        // Writing to memory doesn't fail.
        let made = match self {
            Self::Brotli => {
                let (quality, window) = (Self::BROTLI_QUALITY, Self::BROTLI_WINDOW_BITS);
                let mut writer = brotli::CompressorWriter::new(Vec::new(), 4096, quality, window);
                writer.write_all(plain).map(|()| writer.into_inner())
            }
            Self::Gzip => {
                let mut writer = GzEncoder::new(Vec::new(), Compression::default());
                writer.write_all(plain).and_then(|()| writer.finish())
            }
            // By which HTTP means zlib's format (RFC 9110 §8.4.1.2).
            Self::Deflate => {
                let mut writer = ZlibEncoder::new(Vec::new(), Compression::default());
                writer.write_all(plain).and_then(|()| writer.finish())
            }
        };
        made.unwrap_or_default().into()
    }
}

/// The weights of what a client accepts.
#[derive(Default)]
struct Accepted {
    named: [Option<f32>; 3],
    identity: Option<f32>,
    any: Option<f32>,
}

impl Accepted {
    fn of(headers: &HeaderMap) -> Self {
        let mut accepted = Self::default();
        let values = headers.get_all(ACCEPT_ENCODING).iter();
        for item in values
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
        {
            let (name, parameter) = item.split_once(';').unwrap_or((item, ""));
            let weight = match parameter.trim().split_once('=') {
                Some((_, weight)) => weight.trim().parse().unwrap_or(0.0),
                None => 1.0,
            };
            match name.trim().to_ascii_lowercase().as_str() {
                "br" => accepted.named[Coding::Brotli as usize] = Some(weight),
                "gzip" | "x-gzip" => accepted.named[Coding::Gzip as usize] = Some(weight),
                "deflate" => accepted.named[Coding::Deflate as usize] = Some(weight),
                "identity" => accepted.identity = Some(weight),
                "*" => accepted.any = Some(weight),
                _ => {}
            }
        }
        accepted
    }
}
