//! What has happened, in numbers, for `GET /metrics`.
//!
//! `prometheus-client` rather than the facade `metrics`: its registry is a value of this server, so two servers in one process, as in tests, share nothing.

mod collected;

use std::collections::BTreeMap;
use std::fmt;

use http::StatusCode;
use madang_hub::Hub;
use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use super::http::Kind;
use super::limits::{Crossed, Limit};
use super::market::Counters;
use crate::seats::{Refused, What};
use crate::store::Store;

/// The numbers of one server.
#[derive(Debug)]
pub(super) struct Metrics {
    registry: Registry,
    requests: Family<Request, Counter>,
    messages: Family<Label, Counter>,
    connections: Family<Label, Gauge>,
    rate_limited: Family<Label, Counter>,
    violations: Family<Label, Counter>,
    seats: Family<Label, Counter>,
    seats_refused: Family<Label, Counter>,
}

/// One label and its value.
type Label = [(&'static str, &'static str); 1];

#[derive(Clone, Debug, EncodeLabelSet, Hash, PartialEq, Eq)]
struct Request {
    route: String,
    status: u16,
}

/// A way to a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    WebSocket,
    SocketIo,
    EventStream,
    LongPoll,
    Http,
}

/// Somebody connected, while it lasts.
#[derive(Debug)]
pub(super) struct Connected(Gauge);

impl Metrics {
    pub(super) fn new(hub: &Hub, store: &Store, market: &Counters) -> Self {
        let mut registry = Registry::default();
        market.register(&mut registry);
        registry.register_collector(Box::new(collected::OfHub(hub.clone())));
        registry.register_collector(Box::new(collected::OfStore(store.clone())));
        registry.register_collector(Box::new(collected::OfProcess));
        let requests = Family::default();
        let help = "HTTP requests answered, by the route they matched";
        registry.register("madang_http_requests", help, requests.clone());
        let connections = Family::default();
        let help = "Connections, streams and waiting requests there are now";
        registry.register("madang_connections", help, connections.clone());
        for way in Way::THAT_LAST {
            drop(connections.get_or_create(&[("way", way.name())]));
        }
        let mut counter = |name, help, label, values: &[&'static str]| {
            let family: Family<Label, Counter> = Family::default();
            registry.register(name, help, family.clone());
            // A number that has not been counted yet is 0, and not missing.
            for value in values {
                drop(family.get_or_create(&[(label, *value)]));
            }
            family
        };
        let messages = counter(
            "madang_messages",
            "Messages said and stored, those said again left aside",
            "way",
            &Way::THAT_SPEAK.map(Way::name),
        );
        let rate_limited = counter(
            "madang_rate_limited",
            "Requests, commands and messages refused for going too fast",
            "limit",
            &Limit::ALL.map(Limit::name),
        );
        let violations = counter(
            "madang_audit_violations",
            "Messages that a page reports as lost, doubled, out of order or echoed",
            "kind",
            &Kind::ALL.map(Kind::name),
        );
        let seats = counter(
            "madang_seats",
            "Places of events that changed, by what happened to them here",
            "what",
            &What::all().map(What::as_str),
        );
        let refusals = Refused::all();
        let seats_refused = counter(
            "madang_seats_refused",
            "Commands of reservation that weren't carried out",
            "code",
            &refusals.each_ref().map(Refused::code),
        );
        Self {
            registry,
            requests,
            messages,
            connections,
            rate_limited,
            violations,
            seats,
            seats_refused,
        }
    }

    /// A request was answered.
    pub(super) fn answered(&self, route: &str, status: StatusCode) {
        let request = Request {
            route: route.to_owned(),
            status: status.as_u16(),
        };
        self.requests.get_or_create(&request).inc();
    }

    /// A message is stored.
    pub(super) fn said(&self, way: Way) {
        self.messages.get_or_create(&[("way", way.name())]).inc();
    }

    /// Somebody came.
    pub(super) fn connected(&self, way: Way) -> Connected {
        let gauge = self.connections.get_or_create_owned(&[("way", way.name())]);
        gauge.inc();
        Connected(gauge)
    }

    /// Somebody goes too fast.
    pub(super) fn crossed(&self, crossed: Crossed) {
        let label = [("limit", crossed.limit.name())];
        self.rate_limited.get_or_create(&label).inc();
    }

    /// A page was sent something wrong.
    pub(super) fn violated(&self, kind: Kind) {
        self.violations.get_or_create(&[("kind", kind.name())]).inc();
    }

    /// Places changed.
    pub(super) fn seats_changed(&self, changes: &BTreeMap<What, u64>) {
        for (what, places) in changes {
            self.seats
                .get_or_create(&[("what", what.as_str())])
                .inc_by(*places);
        }
    }

    /// A command of reservation wasn't carried out.
    pub(super) fn seats_refused(&self, refused: &Refused) {
        self.seats_refused
            .get_or_create(&[("code", refused.code())])
            .inc();
    }

    /// All of them, in the text format of OpenMetrics.
    ///
    /// # Errors
    /// None: a text takes all that is written.
    pub(super) fn write(&self) -> Result<String, fmt::Error> {
        let mut page = String::new();
        text::encode(&mut page, &self.registry)?;
        Ok(page)
    }
}

impl Way {
    const THAT_LAST: [Self; 4] = [Self::WebSocket, Self::SocketIo, Self::EventStream, Self::LongPoll];
    const THAT_SPEAK: [Self; 3] = [Self::WebSocket, Self::SocketIo, Self::Http];

    const fn name(self) -> &'static str {
        match self {
            Self::WebSocket => "websocket",
            Self::SocketIo => "socketio",
            Self::EventStream => "sse",
            Self::LongPoll => "long-poll",
            Self::Http => "http",
        }
    }
}

impl Drop for Connected {
    fn drop(&mut self) {
        self.0.dec();
    }
}
