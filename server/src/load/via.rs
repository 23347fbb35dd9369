//! The ways in which a reader can follow a room.

use std::fmt;

use clap::ValueEnum;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A way to follow a room.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ValueEnum, ToSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Via {
    /// A request every so often, answered at once.
    Polling,
    /// A request that is answered when there is something.
    LongPolling,
    /// One answer that never ends (Server-Sent Events).
    Sse,
    /// A connection in both directions.
    #[serde(rename = "websocket")]
    #[value(name = "websocket")]
    WebSocket,
    /// Engine.IO's long-polling, which goes over to WebSocket.
    #[serde(rename = "socketio")]
    #[value(name = "socketio")]
    SocketIo,
}

impl Via {
    /// All of them, the oldest first.
    pub const ALL: [Self; 5] = [
        Self::Polling,
        Self::LongPolling,
        Self::Sse,
        Self::WebSocket,
        Self::SocketIo,
    ];

    /// The name, as in JSON and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Polling => "polling",
            Self::LongPolling => "long-polling",
            Self::Sse => "sse",
            Self::WebSocket => "websocket",
            Self::SocketIo => "socketio",
        }
    }
}

impl fmt::Display for Via {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_way_has_one_name_everywhere() {
        for via in Via::ALL {
            assert_eq!(serde_json::to_value(via).unwrap(), via.name());
            assert_eq!(Via::from_str(via.name(), false), Ok(via));
        }
    }
}
