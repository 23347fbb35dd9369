//! Somebody who asks for seats over HTTP.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use madang_server::config::DatabaseUrl;
use madang_server::seats::{Event, PaymentId, Rules, Shape, samples};
use sea_orm::{ConnectionTrait as _, Database};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use crate::running::{PASSWORD, PATIENCE};

/// A person with a session, and a fresh key for each command unless one is given.
#[derive(Clone)]
pub struct Asker {
    pub addr: SocketAddr,
    pub sender: String,
    session: String,
}

/// Status and body.
pub type Answer = (u16, Value);

impl Asker {
    pub async fn new(addr: SocketAddr) -> Self {
        let (status, made) = ask(addr, "POST", "/api/sessions", "", "").await;
        assert_eq!(status, 201, "{made}");
        let text = |field: &str| made[field].as_str().unwrap().to_owned();
        Self {
            addr,
            sender: text("sender"),
            session: text("session"),
        }
    }

    /// The same person elsewhere.
    pub fn at(&self, addr: SocketAddr) -> Self {
        Self { addr, ..self.clone() }
    }

    /// The header line that says who they are.
    pub fn header(&self) -> String {
        format!("Authorization: Bearer {}\r\n", self.session)
    }

    pub async fn get(&self, path: &str) -> Answer {
        ask(self.addr, "GET", &format!("/api/seats{path}"), &self.header(), "").await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.post_as(&key(), path, body).await
    }

    pub async fn post_as(&self, key: &str, path: &str, body: &Value) -> Answer {
        let body = if body.is_null() {
            String::new()
        } else {
            body.to_string()
        };
        let headers = format!(
            "Authorization: Bearer {}\r\nIdempotency-Key: {key}\r\nContent-Type: application/json\r\n",
            self.session
        );
        ask(self.addr, "POST", &format!("/api/seats{path}"), &headers, &body).await
    }

    /// Asks for seats.
    pub async fn hold(&self, event: &str, places: &[&str]) -> Answer {
        self.post(&format!("/events/{event}/holds"), &json!({"places": places}))
            .await
    }

    /// Asks for seats that must be had, and returns the hold.
    pub async fn have(&self, event: &str, places: &[&str]) -> Value {
        let (status, hold) = self.hold(event, places).await;
        assert_eq!(status, 201, "{hold}");
        hold
    }

    /// Does something with a hold.
    pub async fn act(&self, hold: &Value, act: &str) -> Answer {
        self.post(
            &format!("/holds/{}/{act}", hold["hold"].as_str().unwrap()),
            &Value::Null,
        )
        .await
    }

    pub async fn wait(&self, event: &str, section: &str, count: u32) -> Answer {
        let wish = json!({"section": section, "count": count});
        self.post(&format!("/events/{event}/waiting"), &wish).await
    }

    /// Their first place in a waiting list, as it is now.
    pub async fn waiting(&self) -> Value {
        self.get("/waiting").await.1["waiting"][0].clone()
    }

    /// Where one of their holds is.
    pub async fn state_of(&self, hold: &Value) -> Value {
        let (_, mine) = self.get("/holds").await;
        let holds = mine["holds"].as_array().unwrap();
        let is_it = |other: &&Value| other["hold"] == hold["hold"];
        holds.iter().find(is_it).unwrap()["state"].clone()
    }

    /// Looks at a place until it is in a state.
    pub async fn until(&self, event: &str, place: &str, state: &str) -> Value {
        let seen = async {
            loop {
                let seen = self.place(event, place).await;
                if seen["state"] == state {
                    return seen;
                }
                sleep(Duration::from_millis(20)).await;
            }
        };
        timeout(PATIENCE, seen).await.expect("that state in time")
    }

    /// A place as the database has it.
    pub async fn place(&self, event: &str, place: &str) -> Value {
        let (status, seen) = self.get(&format!("/events/{event}/places/{place}")).await;
        assert_eq!(status, 200, "{seen}");
        seen
    }
}

/// An event whose seats, ten in one row, are sold by these rules.
pub fn event(id: &str, rules: Rules, price: i64) -> Event {
    let [_, premiere, _] = &*samples(0) else {
        panic!("three samples")
    };
    let mut about = premiere.about().clone();
    about.rules = rules;
    about.starts_at = i64::MAX / 2;
    if let Shape::Seats(sections) = &mut about.shape {
        sections[0].price = price;
    }
    Event::new(id.parse().unwrap(), about, premiere.spots().to_vec()).unwrap()
}

/// Holds of a second, offers of a minute.
pub const BRIEF: Rules = Rules {
    hold_seconds: 1,
    offer_seconds: 60,
    hold_limit: 6,
    payment: false,
};

/// Writes payments of the concert that are owed back into a database, each made at one of these times, in milliseconds, and returns their ids.
pub async fn owe(database: &DatabaseUrl, made_at: impl Iterator<Item = i64>) -> Vec<String> {
    let nobody_s = "AAAAAAAAAAAAAAAAAAAAAQ";
    let (ids, rows): (Vec<_>, Vec<_>) = (1_u128..)
        .zip(made_at)
        .map(|(n, at)| {
            let id = PaymentId::new(n << 64).to_string();
            let row = format!("('{id}', '{nobody_s}', 'concert', '{nobody_s}', 110000, 'refund_due', {at})");
            (id, row)
        })
        .unzip();
    let fill = format!(
        "INSERT INTO seat_payments (payment, hold, event, holder, amount, state, created_at) VALUES {}",
        rows.join(", ")
    );
    by_hand(database, &fill).await;
    ids
}

/// Does something to a database behind the program's back.
pub async fn by_hand(database: &DatabaseUrl, statement: &str) {
    let hand = Database::connect(database.as_str()).await.unwrap();
    hand.execute_unprepared(statement).await.unwrap();
    hand.close().await.unwrap();
}

/// A key that nobody has had.
pub fn key() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    format!("k{}", COUNT.fetch_add(1, Ordering::Relaxed))
}

/// The header of an operator.
pub async fn operator(addr: SocketAddr) -> String {
    let body = json!({"password": PASSWORD}).to_string();
    let headers = "Content-Type: application/json\r\n";
    let (status, answer) = ask(addr, "POST", "/api/scores/sign-in", headers, &body).await;
    assert_eq!(status, 200, "{answer}");
    format!("Authorization: Bearer {}\r\n", answer["token"].as_str().unwrap())
}

/// The status and the JSON of an answer.
pub async fn ask(addr: SocketAddr, method: &str, path: &str, headers: &str, body: &str) -> Answer {
    let mut stream = TcpStream::connect(addr).await.unwrap();
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: {addr}\r\nConnection: close\r\nContent-Length: {}\r\n{headers}\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    let read = timeout(PATIENCE, stream.read_to_string(&mut answer)).await;
    read.expect("an answer in time").unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, serde_json::from_str(body).unwrap_or(Value::Null))
}
