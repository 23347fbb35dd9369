//! What is published, in the form of each way: written when the first who speaks a form needs it, and once for all who do.

use std::sync::OnceLock;

use bytes::Bytes;
use madang_hub::{Encode, Hub, Publication, RoomName, WireForm};
use madang_socketio::Namespace;
use madang_ws::Message;
use prometheus_client::metrics::counter::Counter;

use super::event::Event;
use super::quote::Quote;
use super::series::Series;
use crate::chat::Written;
use crate::market::{Bar, Symbol};

/// The name of the market among the namespaces of Socket.IO, whose rooms in the hub begin with it.
pub(in crate::back) const NAMESPACE: &str = "/market";

/// What quotes and bars go out by.
#[derive(Clone, Debug)]
pub(super) struct Wire {
    pub(super) hub: Hub,
    pub(super) namespace: Namespace,
    /// How often something was written, each form counted.
    pub(super) encodings: Counter,
}

impl Wire {
    pub(super) fn quote(&self, quote: Quote) -> Publication {
        self.publication(Told::Quote(quote))
    }

    pub(super) fn bar(&self, series: Series, offset: u64, bar: Bar) -> Publication {
        self.publication(Told::Bar { series, offset, bar })
    }

    pub(super) fn skipped(&self, count: u64) -> Publication {
        self.publication(Told::Skipped(count))
    }

    fn publication(&self, told: Told) -> Publication {
        Publication::new(Said {
            told,
            namespace: self.namespace.clone(),
            encodings: self.encodings.clone(),
            written: OnceLock::new(),
        })
    }
}

/// Where those are who watch a symbol. Of its quotes only the latest counts.
pub(super) fn quotes_of(symbol: Symbol) -> RoomName {
    room(&format!("{NAMESPACE},quotes.{symbol}"))
}

/// Where those are who follow a chart.
pub(super) fn chart_of(series: Series) -> RoomName {
    room(&format!("{NAMESPACE},chart.{series}"))
}

fn room(name: &str) -> RoomName {
    // Symbols are short and have no control characters.
    RoomName::try_from(name).unwrap_or_else(|error| unreachable!("{error}"))
}

/// What a publication says.
enum Told {
    Quote(Quote),
    Bar { series: Series, offset: u64, bar: Bar },
    Skipped(u64),
}

struct Said {
    told: Told,
    namespace: Namespace,
    encodings: Counter,
    written: OnceLock<Written>,
}

/// Bytes of a quote as it is sent, roughly.
const SIZE: usize = 192;

impl Told {
    fn write(&self) -> Written {
        match self {
            Self::Quote(quote) => Event::Quote(quote).write(),
            Self::Bar { series, offset, bar } => Event::Bar {
                symbol: series.symbol,
                interval: series.interval,
                offset: *offset,
                bar: bar.row(),
            }
            .write(),
            Self::Skipped(count) => Event::Skipped { count: *count }.write(),
        }
    }
}

impl Encode for Said {
    fn encode(&self, form: WireForm) -> Bytes {
        // Nobody is here by those ways.
        if matches!(form, WireForm::Json | WireForm::EventStream) {
            return Bytes::new();
        }
        self.encodings.inc();
        let written = self.written.get_or_init(|| self.told.write());
        if matches!(form, WireForm::Frame | WireForm::DeflatedFrame) {
            return Message::from(written.json.as_str()).encode(form);
        }
        match self.namespace.event(written.name, written.body()) {
            Ok(event) => event.encode(form),
            Err(error) => {
                tracing::error!(%error, event = written.name, "an event can't go by Socket.IO");
                Bytes::new()
            }
        }
    }

    fn size_hint(&self) -> Option<usize> {
        Some(SIZE)
    }
}
