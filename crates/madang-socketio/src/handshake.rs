//! The request that a client came with.

use crate::proto::{Args, ReadError};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue};
use serde::de::DeserializeOwned;
use serde::ser::{Serialize, SerializeStruct, Serializer};
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// What is known of a client from its first request: Node's `socket.handshake`. Cloning is cheap; also an extractor.
///
/// Serialized, it is the object that Node's is.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/page.rs"));
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use madang_socketio::{Handshake, Socket, SocketIo};
///
/// #[derive(serde::Deserialize)]
/// struct Auth {
///     token: String,
/// }
///
/// let io = SocketIo::new();
/// io.ns("/", async |socket: Socket, handshake: Handshake| {
///     let agent = handshake.header("User-Agent").unwrap_or("nobody");
///     let version = handshake.query_value("EIO").unwrap_or_default();
///     let token = handshake.auth::<Auth>().map_or_else(|_| "none".to_owned(), |auth| auth.token);
///     socket.emit("you are", (agent, version, token))
/// });
/// # let mut page = Page::outside(&io).await;
/// # page.send(r#"0{"token":"s3cret"}"#).await;
/// # page.receive().await;
/// # assert_eq!(page.receive().await, r#"2["you are","page","4","s3cret"]"#);
/// # let socket = io.sockets().remove(0);
/// # let handshake = socket.handshake();
/// assert_eq!(handshake.url(), "/socket.io/?EIO=4&transport=polling");
/// assert_eq!(handshake.query()[0], ("EIO".to_owned(), "4".to_owned()));
/// assert_eq!(handshake.headers()["user-agent"], "page");
/// assert!(!handshake.xdomain() && !handshake.secure() && handshake.address().is_none());
/// # assert!(handshake.time().ends_with("GMT+0000 (Coordinated Universal Time)"));
/// # assert!(handshake.issued() <= std::time::SystemTime::now());
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Handshake {
    pub(crate) request: Arc<Request>,
    pub(crate) auth: Option<Arc<Args>>,
}

/// The request, in as few bytes as possible: it is kept as long as the connection.
pub(crate) struct Request {
    url: Box<str>,
    /// `name: value` lines.
    headers: Box<[u8]>,
    issued: SystemTime,
    address: Option<SocketAddr>,
    secure: bool,
}

impl Request {
    pub(crate) fn new(parts: &Parts, address: Option<SocketAddr>) -> Self {
        let mut headers = Vec::with_capacity(512);
        for (name, value) in &parts.headers {
            headers.extend_from_slice(name.as_str().as_bytes());
            headers.push(b':');
            headers.extend_from_slice(value.as_bytes());
            headers.push(b'\n');
        }
        let url = parts.uri.path_and_query().map_or("/", |url| url.as_str());
        Self {
            url: url.into(),
            headers: headers.into(),
            issued: SystemTime::now(),
            address,
            secure: parts.uri.scheme_str() == Some("https"),
        }
    }

    fn headers(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.headers.split(|byte| *byte == b'\n').filter_map(|line| {
            let colon = line.iter().position(|byte| *byte == b':')?;
            Some((&line[..colon], &line[colon + 1..]))
        })
    }
}

impl Handshake {
    /// The headers of the first request, in a map that is made by each call; [`header`](Self::header) reads one without.
    pub fn headers(&self) -> HeaderMap {
        let name = |name| HeaderName::from_bytes(name).ok();
        let value = |value| HeaderValue::from_bytes(value).ok();
        self.request
            .headers()
            .filter_map(|(key, text)| Some((name(key)?, value(text)?)))
            .collect::<Vec<_>>()
            .into_iter()
            .fold(HeaderMap::new(), |mut map, (name, value)| {
                map.append(name, value);
                map
            })
    }

    /// One header, whichever case its name is given in, if it's there and is UTF-8; the first of this name.
    pub fn header(&self, name: &str) -> Option<&str> {
        let (_, value) = self
            .request
            .headers()
            .find(|(key, _)| key.eq_ignore_ascii_case(name.as_bytes()))?;
        std::str::from_utf8(value).ok()
    }

    /// When it came, as text: `Thu Aug 20 2026 10:00:00 GMT+0000 (Coordinated Universal Time)`.
    pub fn time(&self) -> String {
        date(self.since_epoch().as_secs())
    }

    /// When it came.
    pub fn issued(&self) -> SystemTime {
        self.request.issued
    }

    /// Where it came from, if the server was told: [`madang_engineio::Socket::remote_addr`].
    pub fn address(&self) -> Option<SocketAddr> {
        self.request.address
    }

    /// Whether a page asked, of whatever origin: whether there was an `Origin` header.
    pub fn xdomain(&self) -> bool {
        self.header("origin").is_some()
    }

    /// Whether the request itself said that it came over TLS. Behind a proxy, its headers know.
    pub fn secure(&self) -> bool {
        self.request.secure
    }

    /// The request's path and query.
    pub fn url(&self) -> &str {
        &self.request.url
    }

    /// What is in the query, in its order.
    pub fn query(&self) -> Vec<(String, String)> {
        let query = self.url().split_once('?').map_or("", |(_, query)| query);
        parse_query(query)
    }

    /// One parameter of the query; the first of this name.
    pub fn query_value(&self, name: &str) -> Option<String> {
        let mut pairs = self.query().into_iter();
        pairs.find(|(key, _)| key == name).map(|(_, value)| value)
    }

    /// What the client authenticates with: the `auth` option of `io()`. An empty object if it sent none; for Socket.IO 2.x the query of the namespace.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/page.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use madang_socketio::{ConnectError, Handshake, SocketIo};
    /// #[derive(serde::Deserialize)]
    /// struct Auth {
    ///     token: Option<String>,
    /// }
    ///
    /// # let io = SocketIo::new();
    /// io.use_(async |handshake: Handshake| match handshake.auth() {
    ///     Ok(Auth { token: Some(token) }) if token == "s3cret" => Ok(()),
    ///     _ => Err(ConnectError::new("not authorized")),
    /// });
    /// # let mut page = Page::outside(&io).await;
    /// # page.send("0").await;
    /// # assert_eq!(page.receive().await, r#"4{"message":"not authorized"}"#);
    /// # page.send(r#"0{"token":"s3cret"}"#).await;
    /// # assert!(page.receive().await.starts_with("0{"));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// When it is of another shape.
    pub fn auth<T: DeserializeOwned>(&self) -> Result<T, ReadError> {
        match &self.auth {
            Some(args) => args.read(),
            None => no_auth().read(),
        }
    }

    /// The same, unread.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/page.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use madang_socketio::SocketIo;
    /// # let io = SocketIo::new();
    /// # let page = Page::open(&io).await;
    /// # let socket = io.sockets().remove(0);
    /// let sent: serde_json::Value = socket.handshake().auth_args().read()?;
    /// assert_eq!(sent, serde_json::json!({})); // nothing
    /// # Ok(())
    /// # }
    /// ```
    pub fn auth_args(&self) -> Args {
        self.auth.as_deref().cloned().unwrap_or_else(no_auth)
    }

    fn since_epoch(&self) -> Duration {
        self.request.issued.duration_since(UNIX_EPOCH).unwrap_or_default()
    }
}

fn no_auth() -> Args {
    Args::of(&serde_json::Map::new()).unwrap_or_default()
}

/// `application/x-www-form-urlencoded`, which can't be malformed: what isn't an escape stands for itself.
pub(crate) fn parse_query(query: &str) -> Vec<(String, String)> {
    query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (unescape(name), unescape(value))
        })
        .collect()
}

fn unescape(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        let digit = |at: usize| char::from(*tail.get(at)?).to_digit(16);
        match (first, digit(0), digit(1)) {
            (b'%', Some(high), Some(low)) => {
                bytes.push((high * 16 + low) as u8);
                rest = &tail[2..];
                continue;
            }
            (b'+', ..) => bytes.push(b' '),
            (byte, ..) => bytes.push(byte),
        }
        rest = tail;
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// As JavaScript's `Date` shows it in UTC.
fn date(seconds: u64) -> String {
    const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
    const MONTHS: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    let (days, second) = (seconds / 86_400, seconds % 86_400);
    // Of 400 years, which begin with March so that the day that comes and goes is their last.
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * from_march + 2) / 5 + 1;
    let month = (from_march + 2) % 12;
    let year = era * 400 + year_of_era + u64::from(month < 2);
    format!(
        "{} {} {day:02} {year} {:02}:{:02}:{:02} GMT+0000 (Coordinated Universal Time)",
        DAYS[(days % 7) as usize],
        MONTHS[month as usize],
        second / 3_600,
        second / 60 % 60,
        second % 60
    )
}

impl Serialize for Handshake {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        struct Pairs<T>(Vec<(T, T)>);
        impl<T: AsRef<str>> Serialize for Pairs<T> {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_map(self.0.iter().map(|(name, value)| (name.as_ref(), value.as_ref())))
            }
        }
        let headers = self
            .request
            .headers()
            .map(|(name, value)| (String::from_utf8_lossy(name), String::from_utf8_lossy(value)))
            .collect();
        let mut object = serializer.serialize_struct("Handshake", 9)?;
        object.serialize_field("headers", &Pairs(headers))?;
        object.serialize_field("time", &self.time())?;
        let address = self.address().map(|address| address.ip().to_string());
        object.serialize_field("address", &address)?;
        object.serialize_field("xdomain", &self.xdomain())?;
        object.serialize_field("secure", &self.secure())?;
        object.serialize_field("issued", &(self.since_epoch().as_millis() as u64))?;
        object.serialize_field("url", self.url())?;
        object.serialize_field("query", &Pairs(self.query()))?;
        object.serialize_field("auth", &self.auth::<serde_json::Value>().unwrap_or_default())?;
        object.end()
    }
}

/// Without headers and auth, which hold secrets.
impl fmt::Debug for Handshake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handshake")
            .field("address", &self.address())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_shown_as_javascript_shows_it() {
        assert_eq!(
            date(0),
            "Thu Jan 01 1970 00:00:00 GMT+0000 (Coordinated Universal Time)"
        );
        assert!(date(951_782_400).starts_with("Tue Feb 29 2000 00:00:00"));
        assert!(date(1_787_219_999).starts_with("Thu Aug 20 2026 09:59:59"));
    }

    #[test]
    fn a_query_is_read_as_browsers_write_it() {
        let pairs = parse_query("a=1&b=%EB%A7%88+x&%zz&c");
        let pairs: Vec<_> = pairs.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
        assert_eq!(pairs, [("a", "1"), ("b", "마 x"), ("%zz", ""), ("c", "")]);
    }
}
