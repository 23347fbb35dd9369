//! Answers: what of the request they depend on, and their headers.

use crate::Body;
use crate::config::Config;
use crate::entry::Refusal;
use crate::proto::{Answer, Jsonp, Protocol};
use bytes::Bytes;
use flate2::Compression;
use flate2::write::{GzEncoder, ZlibEncoder};
use http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONNECTION, CONTENT_ENCODING, CONTENT_TYPE, SET_COOKIE, USER_AGENT,
};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};
use std::io::Write;

/// What is remembered of a request while it waits: little, since many wait at a time.
pub(crate) struct Reply {
    /// Of CORS, for every answer; and of hooks. Most have none, and a map of none has 96 bytes.
    headers: Option<Box<HeaderMap>>,
    encoding: Option<Encoding>,
    /// Internet Explorer takes answers for attacks otherwise.
    explorer: bool,
    jsonp: Option<Jsonp>,
    base64: bool,
    /// For the hook, if there is one.
    parts: Option<Box<Parts>>,
}

#[derive(Clone, Copy)]
enum Encoding {
    Gzip,
    Deflate,
}

impl Reply {
    pub(crate) fn new(config: &Config, parts: &Parts) -> Self {
        let headers = config.cors.as_ref().map(|cors| {
            let mut headers = HeaderMap::new();
            cors.apply(&parts.headers, &mut headers);
            Box::new(headers)
        });
        let agent = parts
            .headers
            .get(USER_AGENT)
            .map_or(&b""[..], HeaderValue::as_bytes);
        let has = |needle| memchr::memmem::find(agent, needle).is_some();
        Self {
            headers,
            encoding: Encoding::accepted(&parts.headers),
            explorer: has(b";MSIE") || has(b"Trident/"),
            jsonp: None,
            base64: false,
            parts: config.headers.as_ref().map(|_| Box::new(parts.clone())),
        }
    }

    pub(crate) fn as_script(&mut self, jsonp: Option<Jsonp>, base64: bool) {
        self.base64 = base64 || jsonp.is_some();
        self.jsonp = jsonp;
    }

    /// Adds what only the answer that opens a session has; the cookie only if a `sid` is given.
    pub(crate) fn opens(&mut self, config: &Config, parts: &Parts, sid: Option<&str>) {
        if let (Some(cookie), Some(sid)) = (&config.cookie, sid) {
            if let Ok(value) = HeaderValue::from_str(&cookie.header(sid)) {
                self.headers.get_or_insert_default().append(SET_COOKIE, value);
            }
        }
        if let Some(hook) = &config.initial_headers {
            hook(self.headers.get_or_insert_default(), parts);
        }
    }

    /// The answer of a GET.
    pub(crate) fn answer(mut self, config: &Config, answer: &Answer, protocol: Protocol) -> Response<Body> {
        let (mut body, binary) = answer.body(protocol, self.base64);
        if let Some(jsonp) = &self.jsonp {
            body = jsonp.script(std::str::from_utf8(&body).unwrap_or_default());
        }
        let mut response = self.response(config, StatusCode::OK);
        let kind = if binary {
            "application/octet-stream"
        } else {
            "text/plain; charset=UTF-8"
        };
        let worth = config
            .http_compression
            .is_some_and(|threshold| body.len() >= threshold);
        if let (Some(encoding), true, true) = (self.encoding, worth, answer.is_compressible()) {
            if let Ok(compressed) = encoding.compress(&body) {
                body = compressed.into();
                let name = HeaderValue::from_static(encoding.name());
                response.headers_mut().insert(CONTENT_ENCODING, name);
            }
        }
        put(&mut response, kind, body);
        response
    }

    /// The answer of a POST that was taken.
    pub(crate) fn ok(mut self, config: &Config) -> Response<Body> {
        let mut response = self.response(config, StatusCode::OK);
        put(&mut response, "text/html", Bytes::from_static(b"ok"));
        response
    }

    /// An answer without anything in it.
    pub(crate) fn empty(mut self, config: &Config, status: StatusCode) -> Response<Body> {
        self.response(config, status)
    }

    /// An answer that says what is wrong, as Node's do.
    pub(crate) fn refuse(mut self, config: &Config, refusal: &Refusal, upgrade: bool) -> Response<Body> {
        if upgrade {
            let mut response = self.response(config, StatusCode::BAD_REQUEST);
            let close = HeaderValue::from_static("close");
            response.headers_mut().insert(CONNECTION, close);
            put(&mut response, "text/html", refusal.message.to_string().into());
            return response;
        }
        self.error(config, refusal.code.status(), refusal)
    }

    pub(crate) fn error(mut self, config: &Config, status: StatusCode, refusal: &Refusal) -> Response<Body> {
        let json = serde_json::json!({ "code": refusal.code.as_u8(), "message": refusal.message });
        let mut response = self.response(config, status);
        put(&mut response, "application/json", json.to_string().into());
        response
    }

    /// The answer of a CORS preflight.
    pub(crate) fn preflight(self, config: &Config, request: &HeaderMap) -> Response<Body> {
        let mut response = self.empty(config, StatusCode::NO_CONTENT);
        if let Some(cors) = &config.cors {
            cors.apply_preflight(request, response.headers_mut());
        }
        response
    }

    /// Puts the headers of every answer into one that was made elsewhere.
    pub(crate) fn dress(self, config: &Config, headers: &mut HeaderMap) {
        if let Some(own) = self.headers {
            headers.extend(*own);
        }
        if let (Some(hook), Some(parts)) = (&config.headers, &self.parts) {
            hook(headers, parts);
        }
    }

    /// An answer with the headers of all; how long its body is says the server that writes it.
    fn response(&mut self, config: &Config, status: StatusCode) -> Response<Body> {
        let mut response = Response::new(Body::default());
        *response.status_mut() = status;
        let headers = response.headers_mut();
        if let Some(own) = self.headers.take() {
            *headers = *own;
        }
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if self.explorer {
            headers.insert(X_XSS_PROTECTION, HeaderValue::from_static("0"));
        }
        if let (Some(hook), Some(parts)) = (&config.headers, &self.parts) {
            hook(headers, parts);
        }
        response
    }
}

impl Encoding {
    /// The better one that the client takes.
    fn accepted(headers: &HeaderMap) -> Option<Self> {
        let accepted = headers.get(ACCEPT_ENCODING)?.to_str().ok()?;
        let takes = |name: &str| {
            accepted.split(',').any(|part| {
                let (coding, weight) = part.split_once(';').unwrap_or((part, ""));
                let refused = weight
                    .trim()
                    .strip_prefix("q=")
                    .is_some_and(|q| q.parse() == Ok(0.0_f32));
                coding.trim().eq_ignore_ascii_case(name) && !refused
            })
        };
        if takes("gzip") {
            Some(Self::Gzip)
        } else {
            takes("deflate").then_some(Self::Deflate)
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Deflate => "deflate",
        }
    }

    fn compress(self, body: &[u8]) -> std::io::Result<Vec<u8>> {
        let out = Vec::with_capacity(body.len() / 2);
        match self {
            Self::Gzip => {
                let mut encoder = GzEncoder::new(out, Compression::fast());
                encoder.write_all(body)?;
                encoder.finish()
            }
            Self::Deflate => {
                let mut encoder = ZlibEncoder::new(out, Compression::fast());
                encoder.write_all(body)?;
                encoder.finish()
            }
        }
    }
}

fn put(response: &mut Response<Body>, kind: &'static str, body: Bytes) {
    let kind = HeaderValue::from_static(kind);
    response.headers_mut().insert(CONTENT_TYPE, kind);
    *response.body_mut() = body.into();
}

const X_XSS_PROTECTION: HeaderName = HeaderName::from_static("x-xss-protection");
