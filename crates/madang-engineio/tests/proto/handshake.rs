//! The query and the `open` packet.

use madang_engineio::proto::{Open, Packet, Query, Timing};
use madang_engineio::{ErrorCode, Protocol, TransportKind};
use std::borrow::Cow;
use std::time::Duration;

fn query(pairs: &[(&'static str, &'static str)]) -> Query {
    let pairs = pairs
        .iter()
        .map(|(name, value)| (Cow::Borrowed(*name), Cow::Borrowed(*value)));
    Query::new(pairs)
}

#[test]
fn everything_but_4_is_version_3() {
    assert_eq!(query(&[("EIO", "4")]).protocol(), Protocol::V4);
    assert_eq!(query(&[("EIO", "3")]).protocol(), Protocol::V3);
    assert_eq!(query(&[("EIO", "5")]).protocol(), Protocol::V3);
    assert_eq!(query(&[]).protocol(), Protocol::V3);
}

#[test]
fn the_first_of_a_name_counts() {
    let query = query(&[
        ("transport", "websocket"),
        ("transport", "polling"),
        ("sid", "a"),
        ("sid", "b"),
    ]);
    assert_eq!(query.transport, Some(TransportKind::WebSocket));
    assert_eq!(query.sid.as_deref(), Some("a"));
}

#[test]
fn a_transport_of_another_name_is_none() {
    assert_eq!(query(&[("transport", "webtransport")]).transport, None);
    assert_eq!(query(&[("transport", "WebSocket")]).transport, None);
}

#[test]
fn the_open_packet_is_nodes() {
    let timing = Timing {
        ping_interval: Duration::from_secs(25),
        ping_timeout: Duration::from_secs(20),
        upgrade_timeout: Duration::from_secs(10),
    };
    let json = r#"{"sid":"abc","upgrades":["websocket"],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}"#;
    assert_eq!(
        Open::new("abc", true, &timing, 1_000_000).packet(),
        Packet::Open(json.into())
    );
}

#[test]
fn error_codes_are_nodes() {
    let codes = [
        (ErrorCode::UnknownTransport, 0, "Transport unknown", 400),
        (ErrorCode::UnknownSid, 1, "Session ID unknown", 400),
        (ErrorCode::BadHandshakeMethod, 2, "Bad handshake method", 400),
        (ErrorCode::BadRequest, 3, "Bad request", 400),
        (ErrorCode::Forbidden, 4, "Forbidden", 403),
        (
            ErrorCode::UnsupportedProtocolVersion,
            5,
            "Unsupported protocol version",
            400,
        ),
    ];
    for (code, number, message, status) in codes {
        assert_eq!(
            (code.as_u8(), code.message(), code.status().as_u16()),
            (number, message, status)
        );
    }
}
