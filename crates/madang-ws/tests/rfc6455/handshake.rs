//! RFC 6455 §4: the opening handshake, from headers to headers.

use http::header::{
    CONNECTION, HeaderMap, HeaderName, HeaderValue, ORIGIN, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_EXTENSIONS,
    SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL, SEC_WEBSOCKET_VERSION, UPGRADE,
};
use http::{Method, Response, StatusCode, Version};
use madang_ws::proto::DeflateConfig;
use madang_ws::proto::handshake::{Acceptor, Agreement, AllowedOrigins, Mismatch, Offer, Rejection};
use std::collections::HashSet;

const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";

pub(crate) fn request() -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in [
        ("host", "server.example.com"),
        ("upgrade", "websocket"),
        ("connection", "Upgrade"),
        ("sec-websocket-key", KEY),
        ("sec-websocket-version", "13"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers
}

pub(crate) fn accept(
    acceptor: &Acceptor,
    headers: &HeaderMap,
) -> Result<(Agreement, Response<()>), Rejection> {
    acceptor.accept(&Method::GET, Version::HTTP_11, headers)
}

/// The refusal of a request with these values of `name` instead of the right one.
fn refusal(name: &HeaderName, values: &[&'static str]) -> Option<Rejection> {
    let mut headers = request();
    headers.remove(name);
    for value in values {
        headers.append(name, HeaderValue::from_static(value));
    }
    accept(&Acceptor::default(), &headers).err()
}

/// An acceptor's answer to this `Sec-WebSocket-Extensions`.
pub(crate) fn extensions(config: DeflateConfig, offer: &'static str) -> Result<Option<String>, Rejection> {
    let mut headers = request();
    headers.insert(SEC_WEBSOCKET_EXTENSIONS, HeaderValue::from_static(offer));
    let (agreement, response) = accept(
        &Acceptor {
            deflate: Some(config),
            ..Acceptor::default()
        },
        &headers,
    )?;
    let answer = response.headers().get(SEC_WEBSOCKET_EXTENSIONS);
    assert_eq!(agreement.deflate.is_some(), answer.is_some());
    Ok(answer.map(|answer| answer.to_str().expect("text").to_owned()))
}

/// A client's offer, the request of it, and a server's good answer.
fn exchange() -> (Offer, HeaderMap, HeaderMap) {
    let protocols = vec![HeaderValue::from_static("v1"), HeaderValue::from_static("v2")];
    let offer = Offer::new(protocols.clone(), Some(DeflateConfig::default()));
    let mut headers = request();
    offer.write(&mut headers);
    let acceptor = Acceptor {
        protocols,
        deflate: Some(DeflateConfig::default()),
        ..Acceptor::default()
    };
    let (agreement, response) = accept(&acceptor, &headers).expect("a good request");
    assert_eq!(offer.verify(response.status(), response.headers()), Ok(agreement));
    (offer, headers, response.headers().clone())
}

/// What a client says to an answer with this one header changed.
fn mismatch(name: &HeaderName, values: &[&'static str]) -> Option<Mismatch> {
    let (offer, _, mut answer) = exchange();
    answer.remove(name);
    for value in values {
        answer.append(name, HeaderValue::from_static(value));
    }
    offer.verify(StatusCode::SWITCHING_PROTOCOLS, &answer).err()
}

#[test]
fn section_4_1_a_request_has_the_headers_that_it_needs() {
    let (_, request, _) = exchange();
    assert_eq!(request[UPGRADE], "websocket");
    assert_eq!(request[CONNECTION], "Upgrade");
    assert_eq!(request[SEC_WEBSOCKET_VERSION], "13");
    let protocols: Vec<_> = request.get_all(SEC_WEBSOCKET_PROTOCOL).iter().collect();
    assert_eq!(protocols, ["v1", "v2"]);
    for name in [
        UPGRADE,
        CONNECTION,
        SEC_WEBSOCKET_VERSION,
        SEC_WEBSOCKET_KEY,
        SEC_WEBSOCKET_EXTENSIONS,
    ] {
        assert_eq!(request.get_all(&name).iter().count(), 1, "{name}");
    }
}

#[test]
fn section_4_1_the_key_is_16_bytes_chosen_at_random_for_each_connection() {
    let mut keys = HashSet::new();
    for _ in 0..100 {
        let mut headers = HeaderMap::new();
        Offer::new(vec![], None).write(&mut headers);
        let key = headers[SEC_WEBSOCKET_KEY].as_bytes().to_vec();
        // 16 bytes in base64: 22 letters, and padding.
        assert!(key.len() == 24 && key.ends_with(b"==") && !key[..22].contains(&b'='));
        keys.insert(key);
    }
    assert_eq!(keys.len(), 100);
}

#[test]
fn section_4_1_the_subprotocols_of_an_offer_are_distinct() {
    let twice = ["v1", "v2", "v1"].map(HeaderValue::from_static).to_vec();
    let mut headers = HeaderMap::new();
    Offer::new(twice, None).write(&mut headers);
    assert_eq!(
        headers.get_all(SEC_WEBSOCKET_PROTOCOL).iter().collect::<Vec<_>>(),
        ["v1", "v2"]
    );
}

#[test]
fn section_4_1_a_status_other_than_101_opens_nothing() {
    let (offer, _, answer) = exchange();
    for status in [
        StatusCode::OK,
        StatusCode::UNAUTHORIZED,
        StatusCode::FOUND,
        StatusCode::CONTINUE,
    ] {
        assert_eq!(offer.verify(status, &answer), Err(Mismatch::Status(status)));
    }
}

#[test]
fn section_4_1_the_answer_upgrades_to_websocket_and_nothing_else() {
    for wrong in [
        &[][..],
        &[""],
        &["h2c"],
        &["websockets"],
        &["h2c, websocket"],
        &["websocket", "h2c"],
    ] {
        assert_eq!(mismatch(&UPGRADE, wrong), Some(Mismatch::Upgrade), "{wrong:?}");
    }
    assert_eq!(mismatch(&UPGRADE, &["WebSocket"]), None, "in any case of letters");
}

#[test]
fn section_4_1_the_answers_connection_header_names_upgrade() {
    for wrong in [&[][..], &["keep-alive"], &["upgraded"]] {
        assert_eq!(
            mismatch(&CONNECTION, wrong),
            Some(Mismatch::Connection),
            "{wrong:?}"
        );
    }
    for right in [
        &["UPGRADE"][..],
        &["keep-alive, upgrade"],
        &["keep-alive", "upgrade"],
    ] {
        assert_eq!(mismatch(&CONNECTION, right), None, "{right:?}");
    }
}

#[test]
fn section_4_1_the_answers_accept_belongs_to_the_key() {
    let (offer, _, mut answer) = exchange();
    let good = answer[SEC_WEBSOCKET_ACCEPT].to_str().expect("text").to_owned();
    let padded = HeaderValue::from_str(&format!(" {good}\t")).expect("a value");
    answer.insert(SEC_WEBSOCKET_ACCEPT, padded);
    assert!(
        offer.verify(StatusCode::SWITCHING_PROTOCOLS, &answer).is_ok(),
        "white space around it is ignored"
    );
    let other_case: String = good
        .chars()
        .map(|c| {
            if c.is_lowercase() {
                c.to_ascii_uppercase()
            } else {
                c.to_ascii_lowercase()
            }
        })
        .collect();
    answer.insert(
        SEC_WEBSOCKET_ACCEPT,
        HeaderValue::from_str(&other_case).expect("a value"),
    );
    assert_eq!(
        offer.verify(StatusCode::SWITCHING_PROTOCOLS, &answer),
        Err(Mismatch::Accept),
        "letter for letter"
    );
    for wrong in [&[][..], &[""], &["s3pPLMBiTxaQ9kYGzzhZRbK+xOo="]] {
        assert_eq!(
            mismatch(&SEC_WEBSOCKET_ACCEPT, wrong),
            Some(Mismatch::Accept),
            "{wrong:?}"
        );
    }
}

#[test]
fn section_4_1_an_answer_with_an_extension_that_was_not_asked_for_is_refused() {
    for wrong in [
        "x-other",
        "permessage-deflate; server_no_context_takeover, x-other",
        "permessage-deflate;",
        "",
    ] {
        assert_eq!(
            mismatch(&SEC_WEBSOCKET_EXTENSIONS, &[wrong]),
            Some(Mismatch::Extensions),
            "{wrong:?}"
        );
    }
    assert_eq!(
        mismatch(&SEC_WEBSOCKET_EXTENSIONS, &[]),
        None,
        "the server may decline"
    );
    let (_, request, answer) = exchange();
    let mut unasked = HeaderMap::new();
    let offer = Offer::new(vec![], None);
    offer.write(&mut unasked);
    let mut headers = request;
    headers.insert(SEC_WEBSOCKET_KEY, unasked[SEC_WEBSOCKET_KEY].clone());
    let (_, own) = accept(&Acceptor::default(), &headers).expect("a good request");
    let mut own = own.headers().clone();
    own.insert(SEC_WEBSOCKET_EXTENSIONS, answer[SEC_WEBSOCKET_EXTENSIONS].clone());
    assert_eq!(
        offer.verify(StatusCode::SWITCHING_PROTOCOLS, &own),
        Err(Mismatch::Extensions)
    );
}

#[test]
fn section_4_1_an_answer_with_a_subprotocol_that_was_not_asked_for_is_refused() {
    for wrong in [&["v3"][..], &[""], &["V1"], &["v1, v2"], &["v1", "v2"]] {
        assert_eq!(
            mismatch(&SEC_WEBSOCKET_PROTOCOL, wrong),
            Some(Mismatch::Protocol),
            "{wrong:?}"
        );
    }
    for right in [&[][..], &["v1"], &["v2"]] {
        assert_eq!(mismatch(&SEC_WEBSOCKET_PROTOCOL, right), None, "{right:?}");
    }
}

#[test]
fn section_4_2_1_a_request_is_a_get_of_http_1_1_or_newer() {
    let acceptor = Acceptor::default();
    for method in [Method::POST, Method::HEAD, Method::OPTIONS, Method::CONNECT] {
        let refused = acceptor.accept(&method, Version::HTTP_11, &request()).err();
        assert_eq!(refused, Some(Rejection::Method));
    }
    for version in [Version::HTTP_09, Version::HTTP_10] {
        assert_eq!(
            acceptor.accept(&Method::GET, version, &request()).err(),
            Some(Rejection::HttpVersion)
        );
    }
    assert_eq!(Rejection::Method.status(), StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(Rejection::HttpVersion.status(), StatusCode::BAD_REQUEST);
}

#[test]
fn section_4_2_1_a_request_has_a_host() {
    assert_eq!(refusal(&http::header::HOST, &[]), Some(Rejection::Host));
}

#[test]
fn section_4_2_1_a_request_upgrades_to_websocket() {
    for wrong in [&[][..], &[""], &["h2c"], &["websockets"], &["web socket"]] {
        assert_eq!(refusal(&UPGRADE, wrong), Some(Rejection::Upgrade), "{wrong:?}");
    }
    for right in [&["WebSocket"][..], &["h2c, websocket"], &["h2c", "WEBSOCKET"]] {
        assert_eq!(refusal(&UPGRADE, right), None, "{right:?}");
    }
}

#[test]
fn section_4_2_1_a_requests_connection_header_names_upgrade() {
    for wrong in [&[][..], &[""], &["keep-alive"], &["upgraded"]] {
        assert_eq!(
            refusal(&CONNECTION, wrong),
            Some(Rejection::Connection),
            "{wrong:?}"
        );
    }
    for right in [
        &["upgrade"][..],
        &["keep-alive, Upgrade"],
        &["keep-alive,UPGRADE"],
        &["keep-alive", "upgrade"],
    ] {
        assert_eq!(refusal(&CONNECTION, right), None, "{right:?}");
    }
}

#[test]
fn section_4_2_1_a_request_has_one_key_of_16_bytes_in_base64() {
    for wrong in [
        &[][..],
        &[""],
        &["dGhlIHNhbXBsZSBub25j"],
        &["dGhlIHNhbXBsZSBub25jZQ"],
        &["dGhlIHNhbXBsZSBub25jZSE="],
        &["dGhlIHNhbXBsZSBub25jZQ=*"],
        &[KEY, KEY],
    ] {
        assert_eq!(
            refusal(&SEC_WEBSOCKET_KEY, wrong),
            Some(Rejection::Key),
            "{wrong:?}"
        );
    }
}

#[test]
fn section_4_2_2_another_version_is_answered_with_ours() {
    for wrong in [&[][..], &["8"], &["14"], &["013"], &["13, 8"], &["13", "13"]] {
        assert_eq!(
            refusal(&SEC_WEBSOCKET_VERSION, wrong),
            Some(Rejection::Version),
            "{wrong:?}"
        );
    }
    let response = Rejection::Version.response();
    assert_eq!(response.status(), StatusCode::UPGRADE_REQUIRED);
    assert_eq!(response.headers()[SEC_WEBSOCKET_VERSION], "13");
}

#[test]
fn section_4_2_2_an_origin_that_is_not_wanted_is_answered_with_403() {
    let acceptor = Acceptor {
        origins: AllowedOrigins::list(["http://a.test"]),
        ..Acceptor::default()
    };
    let mut headers = request();
    headers.insert(ORIGIN, HeaderValue::from_static("http://b.test"));
    assert_eq!(accept(&acceptor, &headers).err(), Some(Rejection::Origin));
    assert_eq!(Rejection::Origin.response().status(), StatusCode::FORBIDDEN);
    headers.insert(ORIGIN, HeaderValue::from_static("http://a.test"));
    assert!(accept(&acceptor, &headers).is_ok());
}

#[test]
fn section_4_2_2_the_answer_to_the_example_of_the_rfc() {
    let (agreement, response) = accept(&Acceptor::default(), &request()).expect("a good request");
    assert_eq!(agreement, Agreement::default());
    assert_eq!(response.status(), StatusCode::SWITCHING_PROTOCOLS);
    let headers = response.headers();
    assert_eq!(headers[UPGRADE], "websocket");
    assert_eq!(headers[CONNECTION], "Upgrade");
    assert_eq!(headers[SEC_WEBSOCKET_ACCEPT], "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    assert_eq!(headers.len(), 3, "no header for what wasn't agreed");
}

#[test]
fn section_4_2_2_a_subprotocol_is_one_of_the_clients_or_none() {
    let protocols = ["v2", "v1"].map(HeaderValue::from_static).to_vec();
    let acceptor = Acceptor {
        protocols,
        ..Acceptor::default()
    };
    let chosen = |offers: &[&'static str]| {
        let mut headers = request();
        for offer in offers {
            headers.append(SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(offer));
        }
        let (agreement, response) = accept(&acceptor, &headers)?;
        assert_eq!(
            agreement.protocol.as_ref(),
            response.headers().get(SEC_WEBSOCKET_PROTOCOL)
        );
        Ok(agreement.protocol)
    };
    let v = |protocol| Ok(Some(HeaderValue::from_static(protocol)));
    assert_eq!(chosen(&[]), Ok(None));
    assert_eq!(chosen(&["v1"]), v("v1"));
    assert_eq!(chosen(&["v1, v2"]), v("v2"), "in the server's order");
    assert_eq!(chosen(&["v1", "v2"]), v("v2"), "in one header or more");
    assert_eq!(
        chosen(&["v3, V1"]),
        Ok(None),
        "no header, rather than an empty one"
    );
    for malformed in ["", "v1,,v2", "v1, v1", "v 1", "v1;v2"] {
        assert_eq!(chosen(&[malformed]), Err(Rejection::Protocol), "{malformed:?}");
    }
}

#[test]
fn section_4_2_2_an_extension_is_one_of_the_clients_or_none() {
    let all = DeflateConfig::default();
    assert_eq!(extensions(all, "x-other"), Ok(None));
    assert_eq!(
        extensions(all, "x-other; a=1; b=\"2\""),
        Ok(None),
        "declined, not refused"
    );
    let answer = extensions(all, "x-other, permessage-deflate")
        .expect("a good request")
        .expect("accepted");
    assert!(answer.starts_with("permessage-deflate") && !answer.contains("x-other"));
    for malformed in ["permessage-deflate;", "a b", "=1", "a; b=\"", ";"] {
        assert_eq!(
            extensions(all, malformed),
            Err(Rejection::Extensions),
            "{malformed:?}"
        );
    }
}

#[test]
fn section_4_2_2_every_refusal_is_an_http_error() {
    for rejection in Rejection::ALL {
        assert!(rejection.status().is_client_error(), "{rejection:?}");
        assert_eq!(rejection.response().status(), rejection.status());
        assert!(!rejection.response().headers().contains_key(SEC_WEBSOCKET_ACCEPT));
    }
}
