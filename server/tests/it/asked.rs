//! Requests of people who are signed in, and of pages that ask in their names.

use std::net::SocketAddr;

use http::{HeaderMap, HeaderName};
use madang_server::back::add_account;
use madang_server::chat::Password;
use madang_server::store::Store;
use serde_json::{Value, json};
use tokio::net::TcpStream;

use crate::running;

/// The page of the front, which may use the back.
pub const PAGE: &str = "Origin: http://127.0.0.1:3001\r\n";

/// What accounts of tests have.
pub const PASSWORD: &str = "correct horse";

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    /// Lower case, as they came.
    pub head: String,
    pub body: Value,
}

impl Answer {
    /// The value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines();
        lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }

    /// The code of why it wasn't carried out.
    pub fn code(&self) -> (u16, &str) {
        (self.status, self.body["code"].as_str().unwrap_or_default())
    }
}

/// Asks, with further header lines, and with a body of JSON unless it is null.
pub async fn ask(addr: SocketAddr, method: &str, path: &str, headers: &str, body: Value) -> Answer {
    let body = if body.is_null() {
        String::new()
    } else {
        body.to_string()
    };
    let headers = format!(
        "Content-Type: application/json\r\nContent-Length: {}\r\n{headers}",
        body.len()
    );
    let stream = TcpStream::connect(addr).await.unwrap();
    let answer = running::request(stream, method, path, &headers, &body).await;
    let (head, body) = answer
        .split_once("\r\n\r\n")
        .unwrap_or_else(|| panic!("{answer}"));
    Answer {
        status: head[9..12].parse().unwrap(),
        head: head.to_owned(),
        body: serde_json::from_str(body).unwrap_or(Value::Null),
    }
}

/// Header lines, for a handshake.
pub fn headers(lines: &str) -> HeaderMap {
    let pairs = lines.lines().filter_map(|line| line.split_once(": "));
    let parsed = pairs.map(|(name, value)| (name.parse::<HeaderName>().unwrap(), value.parse().unwrap()));
    parsed.collect()
}

/// Signs somebody up, and returns the header lines of a page that is signed in.
pub async fn sign_up(addr: SocketAddr, name: &str) -> String {
    let credentials = json!({"name": name, "password": PASSWORD});
    let answer = ask(addr, "POST", "/api/accounts", PAGE, credentials).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    page_with(&answer)
}

/// The header lines of a page that has the cookie which an answer set.
pub fn page_with(answer: &Answer) -> String {
    let cookie = answer
        .header("set-cookie")
        .unwrap_or_else(|| panic!("{answer:?}"));
    format!("{PAGE}Cookie: {}\r\n", cookie.split(';').next().unwrap())
}

/// Signs in somebody who may do everything, as `madang account add NAME --admin` does.
pub async fn admin(addr: SocketAddr, store: &Store, name: &str) -> String {
    let password = Password::new(PASSWORD.to_owned()).unwrap();
    add_account(store, &name.parse().unwrap(), &password, true)
        .await
        .unwrap();
    let credentials = json!({"name": name, "password": PASSWORD});
    let answer = ask(addr, "POST", "/api/sign-in", PAGE, credentials).await;
    assert_eq!((answer.status, &answer.body["role"]), (200, &json!("admin")));
    page_with(&answer)
}

/// Does something about order in a room, as a page that is signed in.
pub async fn moderate(addr: SocketAddr, page: &str, room: &str, action: Value) -> Answer {
    ask(
        addr,
        "POST",
        &format!("/api/rooms/{room}/moderation"),
        page,
        action,
    )
    .await
}
