//! The client's files over HTTP: what Node's server answers, byte for byte where it matters.
#![allow(clippy::unwrap_used)]
#![cfg(feature = "server")]

use bytes::Bytes;
use http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, IF_NONE_MATCH, VARY,
};
use http::{HeaderMap, HeaderName, Response, StatusCode};
use madang_socketio::ClientFiles;
use std::io::Read;

fn script() -> String {
    "function connect(address) { return address }\n".repeat(1_000)
}

fn files() -> ClientFiles {
    ClientFiles::new("4.8.3")
        .with("socket.io.js", script())
        .with("socket.io.js.map", "{}")
}

fn respond(name: &str, headers: &[(HeaderName, &str)]) -> Option<Response<Bytes>> {
    let headers: HeaderMap = headers
        .iter()
        .map(|(name, value)| (name.clone(), value.parse().unwrap()))
        .collect();
    files().respond(name, &headers)
}

#[test]
fn a_file_comes_with_the_headers_of_nodes_server() {
    let response = respond("socket.io.js", &[]).unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.headers()[CACHE_CONTROL], "public, max-age=0");
    assert_eq!(
        response.headers()[CONTENT_TYPE],
        "application/javascript; charset=utf-8"
    );
    assert_eq!(response.headers()[ETAG], "\"4.8.3\"");
    assert_eq!(response.headers()[VARY], "Accept-Encoding");
    assert!(!response.headers().contains_key(CONTENT_ENCODING));
    assert_eq!(response.body(), &script());

    let map = respond("socket.io.js.map", &[]).unwrap();
    assert_eq!(map.headers()[CONTENT_TYPE], "application/json; charset=utf-8");
}

#[test]
fn what_is_no_file_is_left_to_others() {
    for name in [
        "",
        "socket.io.min.js",
        "../socket.io.js",
        "socket.io.js/",
        "SOCKET.IO.JS",
    ] {
        assert!(respond(name, &[]).is_none(), "{name}");
    }
}

#[test]
fn a_browser_that_has_the_version_gets_it_not_again() {
    for (tag, known) in [
        ("\"4.8.3\"", true),
        ("W/\"4.8.3\"", true),
        ("\"4.8.1\", W/\"4.8.3\"", true),
        ("\"4.8.1\"", false),
        ("4.8.3", false),
        ("", false),
    ] {
        let response = respond("socket.io.js", &[(IF_NONE_MATCH, tag), (ACCEPT_ENCODING, "br")]).unwrap();
        assert_eq!(response.status() == StatusCode::NOT_MODIFIED, known, "{tag}");
        assert_eq!(response.body().is_empty(), known, "{tag}");
        assert_eq!(response.headers()[ETAG], "\"4.8.3\"");
    }
}

#[test]
fn it_goes_out_compressed_as_the_client_likes_it() {
    for (accept, coding) in [
        ("gzip, deflate, br, zstd", "br"),
        ("gzip, deflate", "gzip"),
        ("deflate", "deflate"),
        ("DEFLATE;q=0.1", "deflate"),
        ("br;q=0.2, gzip;q=0.8", "gzip"),
        ("br;q=0, *", "gzip"),
        ("identity;q=0.5, gzip;q=0.5", "gzip"),
        ("identity, gzip;q=0.5", ""),
        ("br;q=0", ""),
        ("gzip;q=x", ""),
        ("zstd", ""),
        ("", ""),
    ] {
        let response = respond("socket.io.js", &[(ACCEPT_ENCODING, accept)]).unwrap();
        let header = response.headers().get(CONTENT_ENCODING);
        assert_eq!(
            header.map_or("", |value| value.to_str().unwrap()),
            coding,
            "{accept}"
        );
        let body = response.body().as_ref();
        let mut plain = String::new();
        match coding {
            "br" => brotli::Decompressor::new(body, 4096)
                .read_to_string(&mut plain)
                .unwrap(),
            "gzip" => flate2::read::GzDecoder::new(body)
                .read_to_string(&mut plain)
                .unwrap(),
            "deflate" => flate2::read::ZlibDecoder::new(body)
                .read_to_string(&mut plain)
                .unwrap(),
            _ => {
                plain = String::from_utf8(body.to_vec()).unwrap();
                0
            }
        };
        assert_eq!(plain, script(), "{accept}");
        assert_eq!(body.len() < plain.len() / 2, !coding.is_empty(), "{accept}");
    }
}

#[test]
fn a_file_is_compressed_once() {
    let files = files();
    let mut headers = HeaderMap::new();
    headers.insert(ACCEPT_ENCODING, "gzip".parse().unwrap());
    let bodies = [(); 2].map(|()| {
        files
            .clone()
            .respond("socket.io.js", &headers)
            .unwrap()
            .into_body()
    });
    assert_eq!(bodies[0].as_ptr(), bodies[1].as_ptr());
}
