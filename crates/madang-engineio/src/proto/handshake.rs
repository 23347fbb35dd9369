//! The handshake: what a query asks for, and the `open` packet that answers it.

use super::{Jsonp, Packet, Protocol, Timing, TransportKind};
use serde::Serialize;
use std::borrow::Cow;

/// What the query of a request says.
///
/// ```
/// use madang_engineio::proto::{Protocol, Query, TransportKind};
///
/// let pairs = [("EIO", "4"), ("transport", "polling"), ("sid", "S3cr3t")];
/// let query = Query::new(pairs.into_iter().map(|(name, value)| (name.into(), value.into())));
/// assert_eq!((query.protocol(), query.transport), (Protocol::V4, Some(TransportKind::Polling)));
/// assert_eq!(query.sid.as_deref(), Some("S3cr3t"));
/// assert!(query.jsonp.is_none() && !query.base64);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query {
    /// `EIO`: version 4, or 3 if it is anything else or missing.
    pub protocol: Option<Protocol>,
    /// `transport`, if there is one of this name.
    pub transport: Option<TransportKind>,
    /// `sid`: the session that the request belongs to.
    pub sid: Option<String>,
    /// `j`: the answer is to be a script.
    pub jsonp: Option<Jsonp>,
    /// `b64`: the client can't take binary data.
    pub base64: bool,
}

impl Query {
    /// Reads a query, `EIO=4&transport=polling`, without its question mark; the first of a name counts.
    ///
    /// ```
    /// use madang_engineio::proto::{Protocol, Query};
    ///
    /// let query = Query::parse("EIO=4&sid=S%33cr3t&sid=other");
    /// assert_eq!((query.protocol(), query.sid()), (Protocol::V4, Some("S3cr3t")));
    /// ```
    pub fn parse(query: &str) -> Self {
        // Hardly ever is anything escaped, and to look for it in every part costs more than all that a poll is otherwise.
        if memchr::memchr2(b'%', b'+', query.as_bytes()).is_some() {
            return Self::new(form_urlencoded::parse(query.as_bytes()));
        }
        let mut rest = Some(query);
        Self::new(std::iter::from_fn(move || {
            let (pair, tail) = split(rest?, b'&');
            rest = tail;
            let (name, value) = split(pair, b'=');
            Some((name.into(), value.unwrap_or_default().into()))
        }))
    }

    /// Reads the decoded pairs of a query; the first of a name counts.
    pub fn new<'a>(pairs: impl Iterator<Item = (Cow<'a, str>, Cow<'a, str>)>) -> Self {
        let mut query = Self::default();
        for (name, value) in pairs {
            match &*name {
                "EIO" if query.protocol.is_none() => {
                    query.protocol = Some(if value == "4" { Protocol::V4 } else { Protocol::V3 });
                }
                "transport" if query.transport.is_none() => {
                    query.transport = match &*value {
                        "polling" => Some(TransportKind::Polling),
                        "websocket" => Some(TransportKind::WebSocket),
                        _ => None,
                    };
                }
                "sid" if query.sid.is_none() => query.sid = Some(value.into_owned()),
                "j" if query.jsonp.is_none() => query.jsonp = Some(Jsonp::new(&value)),
                "b64" => query.base64 = true,
                _ => {}
            }
        }
        query
    }

    /// The session that is named; an empty name is none, as in Node.
    ///
    /// ```
    /// use madang_engineio::proto::Query;
    ///
    /// assert_eq!(Query::parse("sid=S3cr3t").sid(), Some("S3cr3t"));
    /// assert_eq!(Query::parse("sid=").sid(), None);
    /// ```
    pub fn sid(&self) -> Option<&str> {
        self.sid.as_deref().filter(|sid| !sid.is_empty())
    }

    /// The version that the client speaks.
    ///
    /// ```
    /// use madang_engineio::proto::{Protocol, Query};
    ///
    /// assert_eq!(Query::default().protocol(), Protocol::V3); // it says nothing
    /// ```
    pub fn protocol(&self) -> Protocol {
        self.protocol.unwrap_or(Protocol::V3)
    }
}

/// What is before the first such byte, and what is after it. `str::split` takes three times as long for parts as short as these.
fn split(text: &str, at: u8) -> (&str, Option<&str>) {
    match memchr::memchr(at, text.as_bytes()) {
        Some(index) => (&text[..index], Some(&text[index + 1..])),
        None => (text, None),
    }
}

/// The data of the `open` packet.
///
/// ```
/// use madang_engineio::proto::{Open, Packet, Timing};
/// use std::time::Duration;
///
/// let timing = Timing {
///     ping_interval: Duration::from_secs(25),
///     ping_timeout: Duration::from_secs(20),
///     upgrade_timeout: Duration::from_secs(10),
/// };
/// let Packet::Open(json) = Open::new("S3cr3t", true, &timing, 1_000_000).packet() else { panic!() };
/// assert_eq!(
///     &*json,
///     r#"{"sid":"S3cr3t","upgrades":["websocket"],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}"#
/// );
/// ```
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Open<'a> {
    sid: &'a str,
    upgrades: &'a [&'static str],
    ping_interval: u64,
    ping_timeout: u64,
    max_payload: usize,
}

impl<'a> Open<'a> {
    /// Opens the session with this id, which may be upgraded to WebSocket if `upgradable`. `max_payload` is in bytes.
    pub fn new(sid: &'a str, upgradable: bool, timing: &Timing, max_payload: usize) -> Self {
        let millis = |time: std::time::Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        Self {
            sid,
            upgrades: if upgradable { &["websocket"] } else { &[] },
            ping_interval: millis(timing.ping_interval),
            ping_timeout: millis(timing.ping_timeout),
            max_payload,
        }
    }

    /// The packet.
    pub fn packet(&self) -> Packet {
        Packet::Open(serde_json::to_string(self).unwrap_or_default().into())
    }
}
