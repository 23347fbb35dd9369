//! RFC 7692 §5 and §7.1: the negotiation of permessage-deflate.

use crate::handshake::{accept, extensions, request};
use http::StatusCode;
use http::header::{HeaderValue, SEC_WEBSOCKET_EXTENSIONS};
use madang_ws::proto::DeflateConfig;
use madang_ws::proto::handshake::{Acceptor, Mismatch, Offer};

#[test]
fn rfc_7692_section_7_1_an_offer_with_a_wrong_parameter_is_declined() {
    for wrong in [
        "permessage-deflate; unknown",
        "permessage-deflate; server_no_context_takeover=1",
        "permessage-deflate; client_no_context_takeover; client_no_context_takeover",
        "permessage-deflate; server_max_window_bits",
        "permessage-deflate; server_max_window_bits=7",
        "permessage-deflate; server_max_window_bits=16",
        "permessage-deflate; server_max_window_bits=010",
        "permessage-deflate; client_max_window_bits=+9",
        "permessage-deflate; client_max_window_bits=9; client_max_window_bits=9",
    ] {
        assert_eq!(extensions(DeflateConfig::default(), wrong), Ok(None), "{wrong}");
    }
}

#[test]
fn rfc_7692_section_7_1_an_answer_grants_what_the_offer_asked_for() {
    let config = DeflateConfig {
        server_no_context_takeover: false,
        client_no_context_takeover: false,
        ..DeflateConfig::default()
    };
    for (offer, answer) in [
        ("permessage-deflate", "permessage-deflate"),
        (
            "permessage-deflate; server_no_context_takeover",
            "permessage-deflate; server_no_context_takeover",
        ),
        (
            "permessage-deflate; client_no_context_takeover",
            "permessage-deflate; client_no_context_takeover",
        ),
        (
            "permessage-deflate; server_max_window_bits=10",
            "permessage-deflate; server_max_window_bits=10",
        ),
        (
            "permessage-deflate; client_max_window_bits=10",
            "permessage-deflate; client_max_window_bits=10",
        ),
        ("permessage-deflate; client_max_window_bits", "permessage-deflate"),
    ] {
        assert_eq!(extensions(config, offer), Ok(Some(answer.to_owned())), "{offer}");
    }
}

#[test]
fn rfc_7692_section_7_1_2_2_a_client_is_told_a_window_only_if_it_offered_one() {
    let config = DeflateConfig {
        client_max_window_bits: 9,
        ..DeflateConfig::default()
    };
    let told = |offer| {
        extensions(config, offer)
            .expect("well-formed")
            .expect("accepted")
            .contains("client_max_window_bits=9")
    };
    assert!(told("permessage-deflate; client_max_window_bits"));
    assert!(told("permessage-deflate; client_max_window_bits=12"));
    assert!(!told("permessage-deflate"));
}

#[test]
fn rfc_7692_section_7_1_a_client_refuses_an_answer_that_is_none_to_its_offer() {
    let offered = DeflateConfig {
        server_max_window_bits: 12,
        client_max_window_bits: 12,
        ..DeflateConfig::default()
    };
    let verify = |answer: &'static str| {
        let offer = Offer::new(vec![], Some(offered));
        let mut headers = request();
        offer.write(&mut headers);
        let (_, response) = accept(&Acceptor::default(), &headers).expect("a good request");
        let mut headers = response.headers().clone();
        headers.insert(SEC_WEBSOCKET_EXTENSIONS, HeaderValue::from_static(answer));
        offer
            .verify(StatusCode::SWITCHING_PROTOCOLS, &headers)
            .map(|agreement| agreement.deflate)
    };
    let good = "permessage-deflate; server_no_context_takeover; server_max_window_bits=12; client_max_window_bits=11";
    let agreed = verify(good).expect("an answer to the offer").expect("accepted");
    assert_eq!(
        (agreed.server_max_window_bits, agreed.client_max_window_bits),
        (12, 11)
    );
    for wrong in [
        "permessage-deflate; server_max_window_bits=12",
        "permessage-deflate; server_no_context_takeover",
        "permessage-deflate; server_no_context_takeover; server_max_window_bits=13",
        "permessage-deflate; server_no_context_takeover; server_max_window_bits",
        "permessage-deflate; server_no_context_takeover; server_max_window_bits=12; client_max_window_bits",
        "permessage-deflate; server_no_context_takeover; server_max_window_bits=12; client_max_window_bits=13",
        "permessage-deflate; server_no_context_takeover; server_max_window_bits=12; unknown",
        "permessage-deflate; server_no_context_takeover; server_max_window_bits=12, permessage-deflate",
        "permessage-bzip2",
    ] {
        assert_eq!(verify(wrong), Err(Mismatch::Extensions), "{wrong}");
    }
}
