//! A client's offer against a server's acceptor, and both against headers of no good.

use super::*;
use crate::proto::DeflateConfig;
use http::header::{ORIGIN, SEC_WEBSOCKET_EXTENSIONS, SEC_WEBSOCKET_PROTOCOL};
use http::{Method, Response, StatusCode, Version};

fn request() -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in [
        ("host", "server.example.com"),
        ("upgrade", "websocket"),
        ("connection", "Upgrade"),
        ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ("sec-websocket-version", "13"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers
}

fn accept(acceptor: &Acceptor, headers: &HeaderMap) -> Result<(Agreement, Response<()>), Rejection> {
    acceptor.accept(&Method::GET, Version::HTTP_11, headers)
}

fn with(name: &'static str, value: &'static str) -> Result<(Agreement, Response<()>), Rejection> {
    let mut headers = request();
    headers.insert(name, HeaderValue::from_static(value));
    accept(&Acceptor::default(), &headers)
}

#[test]
fn section_1_3_the_example_of_the_rfc() {
    let (_, response) = accept(&Acceptor::default(), &request()).expect("a valid request");
    assert_eq!(response.status(), 101);
    assert_eq!(
        response.headers()["sec-websocket-accept"],
        "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
    );
}

#[test]
fn section_4_2_1_each_requirement_has_its_answer() {
    let acceptor = Acceptor::default();
    for (missing, rejection) in [
        ("host", Rejection::Host),
        ("upgrade", Rejection::Upgrade),
        ("connection", Rejection::Connection),
        ("sec-websocket-key", Rejection::Key),
        ("sec-websocket-version", Rejection::Version),
    ] {
        let mut headers = request();
        headers.remove(missing);
        assert_eq!(accept(&acceptor, &headers).err(), Some(rejection), "{missing}");
    }
    assert_eq!(
        acceptor.accept(&Method::POST, Version::HTTP_11, &request()).err(),
        Some(Rejection::Method)
    );
    assert_eq!(
        acceptor.accept(&Method::GET, Version::HTTP_10, &request()).err(),
        Some(Rejection::HttpVersion)
    );
    assert_eq!(with("sec-websocket-version", "8").err(), Some(Rejection::Version));
    for key in [
        "",
        "dGhlIHNhbXBsZSBub25j",
        "dGhlIHNhbXBsZSBub25jZQ",
        "dGhlIHNhbXBsZSBub25jZSE=",
        "!",
    ] {
        assert_eq!(
            with("sec-websocket-key", key).err(),
            Some(Rejection::Key),
            "{key}"
        );
    }
    let mut doubled = request();
    doubled.append(
        "sec-websocket-key",
        HeaderValue::from_static("dGhlIHNhbXBsZSBub25jZQ=="),
    );
    assert_eq!(accept(&acceptor, &doubled).err(), Some(Rejection::Key));
}

#[test]
fn tokens_are_found_in_lists_and_in_any_case() {
    assert!(with("connection", "keep-alive, UPGRADE").is_ok());
    assert!(with("upgrade", "h2c,WebSocket").is_ok());
    assert_eq!(with("connection", "upgraded").err(), Some(Rejection::Connection));
    assert_eq!(with("upgrade", "websockets").err(), Some(Rejection::Upgrade));
}

#[test]
fn statuses_and_headers_of_refusals() {
    assert_eq!(Rejection::Version.response().status(), 426);
    assert_eq!(
        Rejection::Version.response().headers()["sec-websocket-version"],
        "13"
    );
    assert_eq!(Rejection::Method.response().status(), 405);
    assert_eq!(Rejection::Method.response().headers()["allow"], "GET");
    assert_eq!(Rejection::Origin.response().status(), 403);
    for rejection in Rejection::ALL {
        let body = rejection.response().into_body();
        assert_eq!(body.lines().count(), 1, "one line: {body}");
    }
}

#[test]
fn section_10_2_origins_are_checked() {
    let listed = Acceptor {
        origins: AllowedOrigins::list(["http://a.test"]),
        ..Acceptor::default()
    };
    let from = |acceptor: &Acceptor, origin: &'static str| {
        let mut headers = request();
        headers.insert(ORIGIN, HeaderValue::from_static(origin));
        accept(acceptor, &headers).err()
    };
    assert_eq!(from(&listed, "HTTP://A.test"), None);
    assert_eq!(from(&listed, "http://a.test.evil.test"), Some(Rejection::Origin));
    assert_eq!(from(&listed, "null"), Some(Rejection::Origin));
    assert!(accept(&listed, &request()).is_ok(), "a program without Origin");
    let hook = Acceptor {
        origins: AllowedOrigins::check(|origin| origin.is_some()),
        ..Acceptor::default()
    };
    assert_eq!(from(&hook, "http://b.test"), None);
    assert_eq!(accept(&hook, &request()).err(), Some(Rejection::Origin));
}

#[test]
fn section_4_2_2_a_subprotocol_is_chosen_or_omitted() {
    let acceptor = Acceptor {
        protocols: vec![HeaderValue::from_static("v2"), HeaderValue::from_static("v1")],
        ..Acceptor::default()
    };
    let offer = |value: &'static str| {
        let mut headers = request();
        headers.append(SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(value));
        accept(&acceptor, &headers).map(|(agreement, response)| {
            assert_eq!(
                agreement.protocol.as_ref(),
                response.headers().get(SEC_WEBSOCKET_PROTOCOL)
            );
            agreement.protocol
        })
    };
    assert_eq!(offer("v1, v2"), Ok(Some(HeaderValue::from_static("v2"))));
    assert_eq!(offer("v1"), Ok(Some(HeaderValue::from_static("v1"))));
    assert_eq!(offer("V1"), Ok(None), "names are compared letter for letter");
    assert_eq!(offer("v1, v1"), Err(Rejection::Protocol));
    assert_eq!(offer("v1, "), Err(Rejection::Protocol));
}

#[test]
fn section_9_1_extensions_are_declined_unless_malformed() {
    assert_eq!(
        with("sec-websocket-extensions", "permessage-deflate").map(|(a, _)| a.deflate),
        Ok(None)
    );
    assert_eq!(
        with("sec-websocket-extensions", "permessage-deflate;").err(),
        Some(Rejection::Extensions)
    );
    let acceptor = Acceptor {
        deflate: Some(DeflateConfig::default()),
        ..Acceptor::default()
    };
    let mut headers = request();
    headers.append(SEC_WEBSOCKET_EXTENSIONS, HeaderValue::from_static("x-other"));
    headers.append(
        SEC_WEBSOCKET_EXTENSIONS,
        HeaderValue::from_static("permessage-deflate; client_max_window_bits"),
    );
    let (agreement, response) = accept(&acceptor, &headers).expect("valid");
    assert!(agreement.deflate.is_some());
    assert!(response.headers().contains_key(SEC_WEBSOCKET_EXTENSIONS));
}

#[test]
fn section_4_1_the_client_checks_everything() {
    let offer = Offer::new(
        vec![HeaderValue::from_static("v1")],
        Some(DeflateConfig::default()),
    );
    let mut headers = request();
    offer.write(&mut headers);
    let acceptor = Acceptor {
        protocols: vec![HeaderValue::from_static("v1")],
        deflate: Some(DeflateConfig::default()),
        ..Acceptor::default()
    };
    let (agreed, response) = accept(&acceptor, &headers).expect("our own request");
    let good = response.headers().clone();
    assert_eq!(offer.verify(response.status(), &good), Ok(agreed));

    let check = |name: &'static str, value: Option<&'static str>| {
        let mut headers = good.clone();
        match value {
            Some(value) => headers.insert(name, HeaderValue::from_static(value)),
            None => headers.remove(name),
        };
        offer.verify(StatusCode::SWITCHING_PROTOCOLS, &headers).err()
    };
    assert_eq!(
        offer.verify(StatusCode::OK, &good),
        Err(Mismatch::Status(StatusCode::OK))
    );
    assert_eq!(check("upgrade", None), Some(Mismatch::Upgrade));
    assert_eq!(check("connection", Some("close")), Some(Mismatch::Connection));
    assert_eq!(
        check("sec-websocket-accept", Some("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")),
        Some(Mismatch::Accept)
    );
    assert_eq!(check("sec-websocket-accept", None), Some(Mismatch::Accept));
    assert_eq!(
        check("sec-websocket-protocol", Some("v2")),
        Some(Mismatch::Protocol)
    );
    assert_eq!(
        check("sec-websocket-protocol", None),
        None,
        "the server may choose none"
    );
    assert_eq!(
        check("sec-websocket-extensions", Some("x-other")),
        Some(Mismatch::Extensions)
    );
    let unasked = Offer {
        deflate: None,
        ..offer.clone()
    };
    assert_eq!(
        unasked.verify(StatusCode::SWITCHING_PROTOCOLS, &good),
        Err(Mismatch::Extensions)
    );
}
