//! Headers of requests and responses.

use http::header::{HeaderMap, HeaderName, HeaderValue, SEC_WEBSOCKET_EXTENSIONS, SEC_WEBSOCKET_PROTOCOL};
use http::{Method, StatusCode, Version};
use madang_ws::proto::DeflateConfig;
use madang_ws::proto::handshake::{Acceptor, AllowedOrigins, Offer};

/// Four bytes for two compression configurations, then lines of `name: value`.
///
/// # Panics
/// When something is agreed that wasn't offered, or our client and our server disagree.
pub fn run(data: &[u8]) {
    let [a, b, c, d, text @ ..] = data else { return };
    let headers = headers(text);
    let protocols: Vec<HeaderValue> = ["chat", "v1.chat"].map(HeaderValue::from_static).into();
    let acceptor = Acceptor {
        protocols: protocols.clone(),
        deflate: deflate(*a, *b),
        origins: AllowedOrigins::list(["http://a.test"]),
    };

    if let Ok((agreement, response)) = acceptor.accept(&Method::GET, Version::HTTP_11, &headers) {
        assert_eq!(response.status(), StatusCode::SWITCHING_PROTOCOLS);
        assert_eq!(
            agreement.protocol.as_ref(),
            response.headers().get(SEC_WEBSOCKET_PROTOCOL)
        );
        assert_eq!(
            agreement.deflate.is_some(),
            response.headers().contains_key(SEC_WEBSOCKET_EXTENSIONS)
        );
        assert!(agreement.protocol.is_none() || headers.contains_key(SEC_WEBSOCKET_PROTOCOL));
        assert!(agreement.deflate.is_none() || headers.contains_key(SEC_WEBSOCKET_EXTENSIONS));
    }

    let offer = Offer::new(protocols, deflate(*c, *d));
    // Against a response of anything at all: the key is random, so it can't be right.
    assert!(offer.verify(StatusCode::SWITCHING_PROTOCOLS, &headers).is_err());

    let mut request = HeaderMap::new();
    request.insert(http::header::HOST, HeaderValue::from_static("a.test"));
    offer.write(&mut request);
    let (server, response) = acceptor
        .accept(&Method::GET, Version::HTTP_11, &request)
        .expect("our own request is a good one");
    let mut answer = response.headers().clone();
    let client = offer
        .verify(response.status(), &answer)
        .expect("our own answer is a good one");
    assert_eq!(server.protocol, client.protocol);
    let agreed = |agreement: Option<madang_ws::proto::Deflate>| {
        agreement.map(|agreed| {
            let takeover = (
                agreed.server_no_context_takeover,
                agreed.client_no_context_takeover,
            );
            (
                takeover,
                agreed.server_max_window_bits,
                agreed.client_max_window_bits,
            )
        })
    };
    assert_eq!(agreed(server.deflate), agreed(client.deflate));

    // The good answer with the fuzzer's extensions and protocols in it.
    for name in [SEC_WEBSOCKET_EXTENSIONS, SEC_WEBSOCKET_PROTOCOL] {
        if let Some(value) = headers.get(&name) {
            answer.insert(name, value.clone());
        }
    }
    if let (Ok(agreement), Some(offered)) = (offer.verify(response.status(), &answer), deflate(*c, *d)) {
        let Some(agreed) = agreement.deflate else { return };
        assert!((8..=offered.server_max_window_bits).contains(&agreed.server_max_window_bits));
        assert!((8..=offered.client_max_window_bits).contains(&agreed.client_max_window_bits));
        assert!(agreed.server_no_context_takeover || !offered.server_no_context_takeover);
    }
}

fn headers(text: &[u8]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for line in text.split(|&byte| byte == b'\n') {
        let Some(colon) = line.iter().position(|&byte| byte == b':') else {
            continue;
        };
        let (name, value) = (&line[..colon], line[colon + 1..].trim_ascii());
        if let (Ok(name), Ok(value)) = (HeaderName::from_bytes(name), HeaderValue::from_bytes(value)) {
            headers.append(name, value);
        }
    }
    headers
}

fn deflate(flags: u8, windows: u8) -> Option<DeflateConfig> {
    (flags & 1 != 0).then(|| DeflateConfig {
        server_no_context_takeover: flags & 2 != 0,
        client_no_context_takeover: flags & 4 != 0,
        server_max_window_bits: 9 + windows % 7,
        client_max_window_bits: 9 + windows / 7 % 7,
        ..DeflateConfig::default()
    })
}
