//! The front: pages in the visitor's language, under a policy that lets nothing foreign run.

use std::net::SocketAddr;
use std::num::NonZeroUsize;

use madang_server::front::Front;
use madang_server::listener::{ConnectionLimits, Listener};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::running::get;

#[tokio::test]
async fn pages_know_the_back_and_the_language() {
    let (_front, addr) = open();
    for path in ["/", "/chat", "/market", "/seats", "/scores", "/lab", "/account"] {
        let page = get(addr, path, "Accept-Language: ko-KR,ko;q=0.9,en;q=0.5\r\n").await;
        assert!(page.starts_with("HTTP/1.1 200"), "{page}");
        assert!(page.contains("content-type: text/html; charset=utf-8"), "{page}");
        assert!(page.contains(r#"<html lang="ko""#), "{page}");
        assert!(page.contains("127.0.0.1:3999"), "{page}");
    }
    let chosen = get(
        addr,
        "/chat?lang=en",
        "Accept-Language: ko\r\nCookie: lang=ko\r\n",
    )
    .await;
    assert!(
        chosen.contains(r#"<html lang="en""#) && chosen.contains("set-cookie: lang=en"),
        "{chosen}"
    );
    let remembered = get(addr, "/chat", "Cookie: lang=ko\r\n").await;
    assert!(
        remembered.contains(r#"<html lang="ko""#) && !remembered.contains("set-cookie"),
        "{remembered}"
    );
}

#[tokio::test]
async fn a_language_that_is_said_twice_or_wrong_still_shows_the_page() {
    let (_front, addr) = open();
    for (path, language) in [
        ("/?lang=ko&lang=en", "ko"),
        ("/?lang=tlh&lang=ko", "ko"),
        ("/?lang=tlh", "en"),
        ("/?lang", "en"),
        ("/?lang=%FF&=&&a", "en"),
    ] {
        let page = get(addr, path, "Cookie: lang=en\r\n").await;
        assert!(page.starts_with("HTTP/1.1 200"), "{path}: {page}");
        assert!(
            page.contains(&format!(r#"<html lang="{language}""#)),
            "{path}: {page}"
        );
    }
}

#[tokio::test]
async fn where_nothing_is_a_page_says_so_and_leads_on() {
    let (_front, addr) = open();
    for path in ["/nothing", "/chat/", "/scores/operator/none"] {
        let page = get(addr, path, "Accept-Language: ko\r\n").await;
        assert!(page.starts_with("HTTP/1.1 404"), "{path}: {page}");
        assert!(
            page.contains("content-type: text/html; charset=utf-8"),
            "{path}: {page}"
        );
        assert!(page.contains(r#"<html lang="ko""#), "{path}: {page}");
        for way in [r#"href="/""#, r#"href="/chat""#, r#"href="/assets/style.css?"#] {
            assert!(page.contains(way), "{path}: no {way} in {page}");
        }
    }
}

#[tokio::test]
async fn pages_are_sent_compressed_to_those_who_can_read_that() {
    let (_front, addr) = open();
    let stream = TcpStream::connect(addr).await.unwrap();
    let compressed = answer(stream, "Accept-Encoding: gzip, br\r\n").await;
    let plain = answer(TcpStream::connect(addr).await.unwrap(), "").await;
    let head = String::from_utf8_lossy(&compressed[..compressed.len().min(1000)]);
    assert!(head.contains("content-encoding: gzip"), "{head}");
    assert!(head.contains("accept-encoding"), "caches keep them apart: {head}");
    assert!(
        compressed.len() * 2 < plain.len(),
        "{} of {}",
        compressed.len(),
        plain.len()
    );
}

async fn answer(mut stream: TcpStream, headers: &str) -> Vec<u8> {
    let request = format!("GET /lab HTTP/1.1\r\nHost: a\r\nConnection: close\r\n{headers}\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn every_answer_has_the_strict_policy() {
    let (_front, addr) = open();
    for path in ["/", "/chat?room=%3Cscript%3E", "/assets/none.js", "/none"] {
        let answer = get(addr, path, "").await;
        let policy = answer
            .lines()
            .find_map(|line| line.strip_prefix("content-security-policy: "))
            .unwrap();
        assert_eq!(
            policy,
            "default-src 'none'; script-src 'self' http://127.0.0.1:3999/socket.io/socket.io.min.js; style-src 'self'; img-src 'self'; font-src 'self'; \
             connect-src 'self' ws://127.0.0.1:3999 http://127.0.0.1:3999; base-uri 'none'; form-action 'self'; \
             frame-ancestors 'none'"
        );
        assert!(answer.contains("x-content-type-options: nosniff"), "{answer}");
        let (_, body) = answer.split_once("\r\n\r\n").unwrap();
        for inline in ["<script>", " style=", " onclick=", " onload="] {
            assert!(
                !body.contains(inline),
                "{path} has {inline}, which the policy forbids"
            );
        }
    }
}

#[tokio::test]
async fn only_the_laboratory_may_connect_to_other_ports_of_the_back() {
    let (_front, addr) = open();
    let answer = get(addr, "/lab", "").await;
    let connect =
        "connect-src 'self' ws://127.0.0.1:3999 http://127.0.0.1:3999 ws://127.0.0.1:* http://127.0.0.1:*; ";
    assert!(answer.contains(connect), "{answer}");
    assert_eq!(answer.matches("content-security-policy: ").count(), 1, "{answer}");
}

#[tokio::test]
async fn what_is_not_there_is_404() {
    let (front, addr) = open();
    for path in [
        "/none",
        "/assets/none.js",
        "/assets/../Cargo.toml",
        "/assets/%2e%2e/package.json",
    ] {
        assert!(get(addr, path, "").await.starts_with("HTTP/1.1 404"), "{path}");
    }
    front.close().await;
    assert!(TcpStream::connect(addr).await.is_err(), "closed");
}

fn open() -> (Front, SocketAddr) {
    let listener = Listener::bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let limits = ConnectionLimits {
        total: NonZeroUsize::new(100).unwrap(),
        per_address: None,
    };
    let front = Front::open(listener, "ws://127.0.0.1:3999", limits).unwrap();
    let addr = front.addr();
    (front, addr)
}
