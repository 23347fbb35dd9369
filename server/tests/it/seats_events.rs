//! Events of one's own: added, changed, closed, and their places blocked.

use madang_server::seats::{BLOCK_LIMIT, Description, EVENTS_LIMIT, Refused};
use sea_orm::{ConnectionTrait as _, Database};
use serde_json::{Value, json};

use crate::database::TestDatabase;
use crate::on_every_database;
use crate::running::{Client, Running};
use crate::seats_asking::{Answer, Asker, ask, operator};

on_every_database! {
    an_event_that_somebody_describes_is_sold_everywhere
    blocked_places_are_nobody_s_and_everybody_is_told
    what_is_given_back_is_offered_to_who_waits
    a_closed_event_sells_nothing_more
    an_event_that_has_begun_is_closed
    what_an_event_is_called_and_when_it_is_changes_for_everybody
    what_was_blocked_before_there_was_a_log_of_it_is_in_the_log
}

/// The example that the documentation shows.
const RECITAL: &str = include_str!("../../events/spring-recital.json");

/// Whoever has signed in.
struct Organiser<'a> {
    server: &'a Running,
    headers: String,
}

impl<'a> Organiser<'a> {
    async fn of(server: &'a Running) -> Self {
        let operator = operator(server.addr).await;
        let headers = format!("{operator}Content-Type: application/json\r\n");
        Self { server, headers }
    }

    async fn asks(&self, method: &str, path: &str, body: &str) -> Answer {
        let path = format!("/api/seats{path}");
        ask(self.server.addr, method, &path, &self.headers, body).await
    }

    async fn adds(&self, description: &str) -> Answer {
        self.asks("POST", "/events", description).await
    }

    async fn changes(&self, event: &str, change: &Value) -> Answer {
        self.asks("PATCH", &format!("/events/{event}"), &change.to_string())
            .await
    }

    /// `block` or `unblock`.
    async fn does(&self, what: &str, event: &str, places: &[&str]) -> Answer {
        let body = json!({ "places": places }).to_string();
        self.asks("POST", &format!("/events/{event}/{what}"), &body).await
    }

    async fn log(&self, event: &str) -> Vec<Value> {
        let (status, log) = self.asks("GET", &format!("/events/{event}/audit"), "").await;
        assert_eq!(status, 200, "{log}");
        log["entries"].as_array().unwrap().clone()
    }

    async fn log_and_tables_agree(&self, event: &str) {
        let event = self.server.event(event).await;
        let differences = self.server.store.compare_seats(&event).await.unwrap();
        assert_eq!(differences, Vec::<String>::new());
    }
}

/// What the next message that is of this kind tells.
async fn told(room: &mut Client, field: &str) -> Value {
    loop {
        let message = room.until("message").await;
        let told: Value = serde_json::from_str(message["text"].as_str().unwrap()).unwrap();
        if told.get(field).is_some() {
            return told[field].clone();
        }
    }
}

fn refused(answer: &Answer) -> (u16, &str) {
    (answer.0, answer.1["code"].as_str().unwrap_or_default())
}

async fn an_event_that_somebody_describes_is_sold_everywhere(database: TestDatabase) {
    let server = Running::on(database).await;
    let other = Running::beside(&server).await;
    let organiser = Organiser::of(&server).await;
    let (status, listed) = organiser.adds(RECITAL).await;
    assert_eq!(status, 201, "{listed}");
    assert_eq!(
        (&listed["event"], &listed["places"], &listed["free"]),
        (&json!("spring-recital"), &json!(74), &json!(70))
    );
    assert_eq!(listed["title"]["ko"], "봄 독주회");
    assert_eq!(refused(&organiser.adds(RECITAL).await), (409, "event_exists"));

    let kim = Asker::new(other.addr).await;
    let (status, map) = kim.get("/events/spring-recital").await;
    assert_eq!((status, &map["closed"]), (200, &json!(false)));
    assert_eq!(
        (&map["hold_seconds"], &map["payment"]),
        (&json!(180), &json!(true))
    );
    let seats = map["sections"][1]["seats"].as_array().unwrap();
    assert_eq!(seats.iter().filter(|seat| seat["state"] == "blocked").count(), 4);
    let hold = kim.have("spring-recital", &["A-1", "D-6"]).await;
    assert_eq!(hold["amount"], 110_000);
    let answer = kim.hold("spring-recital", &["D-5", "D-7"]).await;
    assert_eq!(answer.1["places"], json!(["D-7"]), "{answer:?}");
    let (_, list) = kim.at(server.addr).get("/events").await;
    let ids: Vec<_> = list["events"]
        .as_array()
        .unwrap()
        .iter()
        .map(|event| &event["event"])
        .collect();
    assert_eq!(ids, ["concert", "premiere", "spring-recital", "table"]);
    let log = organiser.log("spring-recital").await;
    let first: Vec<_> = log[..4]
        .iter()
        .map(|entry| (entry["place"].as_str().unwrap(), entry["what"].as_str().unwrap()))
        .collect();
    assert_eq!(
        first,
        [
            ("D-7", "blocked"),
            ("D-8", "blocked"),
            ("D-9", "blocked"),
            ("D-10", "blocked")
        ]
    );
    assert_eq!(
        (&log[0]["who"], &log[0]["why"]),
        (&json!("A".repeat(22)), &json!("description"))
    );
    organiser.log_and_tables_agree("spring-recital").await;
}

async fn blocked_places_are_nobody_s_and_everybody_is_told(database: TestDatabase) {
    let server = Running::on(database).await;
    let other = Running::beside(&server).await;
    let organiser = Organiser::of(&server).await;
    let kim = Asker::new(other.addr).await;
    let mut room = other.join("seats-premiere", "Lee").await;
    let blocks = async |places: &[&str]| organiser.does("block", "premiere", places).await;

    assert_eq!(
        blocks(&["A-2", "A-1", "A-2"]).await,
        (200, json!({"places": ["A-1", "A-2"]}))
    );
    let places = told(&mut room, "places").await;
    assert_eq!(
        (&places[0]["place"], &places[0]["state"]),
        (&json!("A-1"), &json!("blocked"))
    );
    assert_eq!(places[0].get("holder"), None);
    let seen = kim.place("premiere", "A-1").await;
    assert_eq!(
        (&seen["state"], &seen["holder"], &seen["hold"], &seen["version"]),
        (&json!("blocked"), &Value::Null, &Value::Null, &json!(1))
    );
    let answer = kim.hold("premiere", &["A-1"]).await;
    assert_eq!(refused(&answer), (409, "seats_taken"));
    assert_eq!(blocks(&["A-1"]).await, (200, json!({"places": []})), "it is");

    // What somebody holds or has isn't blocked, nor is what is named with it.
    let hold = kim.have("premiere", &["A-3"]).await;
    let answer = blocks(&["A-3", "A-4"]).await;
    assert_eq!(
        (refused(&answer), &answer.1["places"]),
        ((409, "seats_taken"), &json!(["A-3"]))
    );
    assert_eq!(kim.place("premiere", "A-4").await["state"], "free");
    assert_eq!(kim.act(&hold, "confirm").await.0, 200);
    assert_eq!(refused(&blocks(&["A-3"]).await), (409, "seats_taken"));
    let answer = organiser.does("unblock", "premiere", &["A-1", "A-3"]).await;
    assert_eq!(answer, (200, json!({"places": ["A-1"]})));
    assert_eq!(kim.place("premiere", "A-3").await["state"], "sold");
    kim.have("premiere", &["A-1"]).await;
    assert_eq!(refused(&blocks(&["A-1"]).await), (409, "seats_taken"));

    assert_eq!(refused(&blocks(&["Z-1"]).await), (404, "place_unknown"));
    assert_eq!(refused(&blocks(&[]).await), (400, "seats_invalid"));
    assert_eq!(
        refused(&organiser.does("block", "none", &["A-1"]).await),
        (404, "event_unknown")
    );
    let log = organiser.log("premiere").await;
    let told: Vec<_> = log
        .iter()
        .filter(|entry| entry["place"] == "A-1")
        .map(|entry| (entry["what"].as_str().unwrap(), entry["why"].as_str().unwrap()))
        .collect();
    assert_eq!(
        told,
        [("blocked", "block"), ("unblocked", "unblock"), ("held", "hold")]
    );
    organiser.log_and_tables_agree("premiere").await;

    // A table, in a slot.
    let (_, map) = kim.get("/events/table").await;
    let (date, slot) = (
        map["dates"][1].as_str().unwrap(),
        format!("T1@{}T18:00", map["dates"][1].as_str().unwrap()),
    );
    assert_eq!(
        organiser.does("block", "table", &[&slot]).await,
        (200, json!({"places": [slot]}))
    );
    let (_, map) = kim
        .at(server.addr)
        .get(&format!("/events/table?date={date}"))
        .await;
    assert_eq!(
        (&map["taken"][0]["place"], &map["taken"][0]["state"]),
        (&json!(slot), &json!("blocked"))
    );
}

async fn what_is_given_back_is_offered_to_who_waits(database: TestDatabase) {
    let server = Running::on(database).await;
    let organiser = Organiser::of(&server).await;
    let all: Vec<_> = (1..=10).map(|n| format!("A-{n}")).collect();
    let all: Vec<_> = all.iter().map(String::as_str).collect();
    assert_eq!(organiser.does("block", "premiere", &all).await.0, 200);
    let lee = Asker::new(server.addr).await;
    assert_eq!(lee.wait("premiere", "main", 2).await.1["state"], "waiting");
    assert_eq!(
        organiser.does("unblock", "premiere", &["A-5", "A-6"]).await.0,
        200
    );
    assert_eq!(lee.waiting().await["state"], "offered");
    let (_, mine) = lee.get("/holds").await;
    assert_eq!(mine["holds"][0]["places"], json!(["A-5", "A-6"]));
    organiser.log_and_tables_agree("premiere").await;
}

async fn a_closed_event_sells_nothing_more(database: TestDatabase) {
    let server = Running::on(database).await;
    let other = Running::beside(&server).await;
    let organiser = Organiser::of(&server).await;
    let (kim, lee) = (Asker::new(other.addr).await, Asker::new(other.addr).await);
    let hold = kim.have("premiere", &["A-1", "A-2"]).await;
    let rest: Vec<_> = (3..=10).map(|n| format!("A-{n}")).collect();
    let rest: Vec<_> = rest.iter().map(String::as_str).collect();
    organiser.does("block", "premiere", &rest).await;
    assert_eq!(lee.wait("premiere", "main", 1).await.0, 201);
    let mut room = other.join("seats-premiere", "Lee").await;

    let (status, listed) = organiser.changes("premiere", &json!({"closed": true})).await;
    assert_eq!((status, &listed["closed"]), (200, &json!(true)));
    // At once at the other server too, which hasn't heard of it yet.
    assert_eq!(
        refused(&kim.hold("premiere", &["A-3"]).await),
        (409, "event_closed")
    );
    assert_eq!(
        refused(&kim.wait("premiere", "main", 1).await),
        (409, "event_closed")
    );
    assert_eq!(told(&mut room, "event").await, "premiere");
    assert_eq!(kim.get("/events/premiere").await.1["closed"], true);
    // What is held may be had or given back, and nobody is offered it.
    assert_eq!(kim.act(&hold, "release").await.0, 200);
    assert_eq!(lee.waiting().await["state"], "waiting");

    assert_eq!(
        organiser.changes("premiere", &json!({"closed": false})).await.0,
        200
    );
    assert_eq!(lee.waiting().await["state"], "offered");
    let hold = kim.have("premiere", &["A-2"]).await;
    organiser.changes("premiere", &json!({"closed": true})).await;
    assert_eq!(kim.act(&hold, "extend").await.0, 200);
    assert_eq!(kim.act(&hold, "confirm").await.1["state"], "sold");
}

async fn an_event_that_has_begun_is_closed(database: TestDatabase) {
    let server = Running::on(database).await;
    let organiser = Organiser::of(&server).await;
    let (kim, lee) = (Asker::new(server.addr).await, Asker::new(server.addr).await);
    let hold = kim.have("premiere", &["A-1"]).await;
    let rest: Vec<_> = (2..=10).map(|n| format!("A-{n}")).collect();
    let rest: Vec<_> = rest.iter().map(String::as_str).collect();
    organiser.does("block", "premiere", &rest).await;
    assert_eq!(lee.wait("premiere", "main", 1).await.0, 201);
    let begun = json!({"starts_at": "2026-01-01T19:30:00+09:00"});
    let (status, listed) = organiser.changes("premiere", &begun).await;
    assert_eq!((status, &listed["closed"]), (200, &json!(true)));
    assert_eq!(
        refused(&lee.hold("premiere", &["A-2"]).await),
        (409, "event_closed")
    );
    assert_eq!(kim.get("/events/premiere").await.1["closed"], true);
    organiser.does("unblock", "premiere", &["A-3"]).await;
    assert_eq!(
        lee.waiting().await["state"],
        "waiting",
        "nobody is offered anything"
    );
    assert_eq!(
        kim.act(&hold, "confirm").await.1["state"],
        "sold",
        "it was held before"
    );
}

async fn what_an_event_is_called_and_when_it_is_changes_for_everybody(database: TestDatabase) {
    let server = Running::on(database).await;
    let other = Running::beside(&server).await;
    let organiser = Organiser::of(&server).await;
    let kim = Asker::new(other.addr).await;
    assert_eq!(kim.get("/events/premiere").await.0, 200);
    let mut room = other.join("seats-premiere", "Lee").await;
    let title = json!({"en": "Second showing", "ko": "앙코르 상영"});
    let change = json!({"title": title, "starts_at": "2027-03-20T19:30:00+09:00"});
    let (status, listed) = organiser.changes("premiere", &change).await;
    let changed = (&title, &json!(1_805_538_600_000_i64));
    assert_eq!((status, (&listed["title"], &listed["starts_at"])), (200, changed));
    assert_eq!(told(&mut room, "event").await, "premiere");
    let (_, map) = kim.get("/events/premiere").await;
    assert_eq!((&map["title"], &map["starts_at"]), changed);
    assert_eq!(map["venue"]["en"], "Little Yard", "that stays");
    // A server that starts knows it as it is, and what was done before isn't told again.
    let third = Running::beside(&server).await;
    assert_eq!(kim.at(third.addr).get("/events/premiere").await.1["title"], title);
    assert_eq!(organiser.changes("premiere", &change).await.0, 200);
    kim.have("premiere", &["A-1"]).await;
    let message = room.until("message").await;
    assert!(message["text"].as_str().unwrap().contains("A-1"), "{message}");
}

/// An older program kept in the places what an event was described with, and nothing else knew it.
async fn what_was_blocked_before_there_was_a_log_of_it_is_in_the_log(database: TestDatabase) {
    let store = database.store().await;
    store.seat_events().await.unwrap();
    let hand = Database::connect(database.url().as_str()).await.unwrap();
    hand.execute_unprepared("UPDATE seat_places SET blocked = NOT blocked WHERE place = 'A-4'")
        .await
        .unwrap();
    hand.close().await.unwrap();
    let server = Running::on(database).await;
    let organiser = Organiser::of(&server).await;
    let kim = Asker::new(server.addr).await;
    assert_eq!(kim.place("premiere", "A-4").await["state"], "blocked");
    assert_eq!(
        kim.place("concert", "I-7").await["state"],
        "blocked",
        "as the sample is described"
    );
    assert_eq!(
        refused(&kim.hold("premiere", &["A-4"]).await),
        (409, "seats_taken")
    );
    assert_eq!(organiser.log("premiere").await[0]["why"], "description");
    assert_eq!(
        organiser.does("unblock", "premiere", &["A-4"]).await.1["places"],
        json!(["A-4"])
    );
    kim.have("premiere", &["A-4"]).await;
    organiser.log_and_tables_agree("premiere").await;
    organiser.log_and_tables_agree("concert").await;
}

#[tokio::test]
async fn only_who_has_signed_in_organises() {
    let server = Running::start().await;
    let json = "Content-Type: application/json\r\n";
    for (method, path, body) in [
        ("POST", "/api/seats/events", RECITAL),
        ("PATCH", "/api/seats/events/premiere", r#"{"closed":true}"#),
        (
            "POST",
            "/api/seats/events/premiere/block",
            r#"{"places":["A-1"]}"#,
        ),
        (
            "POST",
            "/api/seats/events/premiere/unblock",
            r#"{"places":["A-1"]}"#,
        ),
    ] {
        let answer = ask(server.addr, method, path, json, body).await;
        assert_eq!(refused(&answer), (401, "sign_in_needed"), "{method} {path}");
    }
    let kim = Asker::new(server.addr).await;
    assert_eq!(kim.get("/events/spring-recital").await.0, 404);
    assert_eq!(kim.get("/events/premiere").await.1["closed"], false);
}

#[tokio::test]
async fn what_is_wrong_with_a_request_is_said() {
    let server = Running::start().await;
    let organiser = Organiser::of(&server).await;
    for (wrong, status, code, said) in [
        (
            RECITAL.replace("13-16", "13-"),
            400,
            "seats_invalid",
            "sections[0].rows[0].seats",
        ),
        (
            RECITAL.replace("70000", "\"70000\""),
            422,
            "bad_json",
            "sections[0].price",
        ),
        (
            RECITAL.replace("\"price\"", "\"prize\""),
            422,
            "bad_json",
            "prize",
        ),
        ("{".to_owned(), 400, "bad_json", "line 1"),
    ] {
        let answer = organiser.adds(&wrong).await;
        assert_eq!(refused(&answer), (status, code), "{answer:?}");
        assert!(answer.1["message"].as_str().unwrap().contains(said), "{answer:?}");
    }
    for (wrong, status, code) in [
        (json!({}), 400, "seats_invalid"),
        (json!({"starts_at": "tomorrow"}), 400, "seats_invalid"),
        (json!({"title": {"en": "", "ko": ""}}), 400, "seats_invalid"),
        (json!({"close": true}), 422, "bad_json"),
    ] {
        assert_eq!(
            refused(&organiser.changes("premiere", &wrong).await),
            (status, code),
            "{wrong}"
        );
    }
    // As large as it may be, and a byte more.
    let padded = |bytes: usize| format!("{RECITAL}{}", " ".repeat(bytes - RECITAL.len()));
    assert_eq!(
        refused(&organiser.adds(&padded(1024 * 1024 + 1)).await),
        (413, "bad_json")
    );
    assert_eq!(organiser.adds(&padded(1024 * 1024)).await.0, 201);
}

#[tokio::test]
async fn so_many_places_are_blocked_at_once() {
    let server = Running::start().await;
    let organiser = Organiser::of(&server).await;
    let long = RECITAL.replace(
        "1-4, 5-12, 13-16\" },\n        { \"row\": \"B\"",
        "1-1200\" },\n        { \"row\": \"B\"",
    );
    assert_eq!(organiser.adds(&long).await.1["places"], 74 - 16 + 1200);
    let named: Vec<_> = (1..=BLOCK_LIMIT + 1).map(|n| format!("A-{n}")).collect();
    let named: Vec<_> = named.iter().map(String::as_str).collect();
    let answer = organiser.does("block", "spring-recital", &named).await;
    assert_eq!(refused(&answer), (400, "seats_invalid"));
    let (status, blocked) = organiser.does("block", "spring-recital", &named[1..]).await;
    assert_eq!(
        (status, blocked["places"].as_array().unwrap().len()),
        (200, BLOCK_LIMIT)
    );
    let (_, back) = organiser.does("unblock", "spring-recital", &named[1..]).await;
    assert_eq!(back["places"].as_array().unwrap().len(), BLOCK_LIMIT);
    organiser.log_and_tables_agree("spring-recital").await;
}

#[tokio::test]
async fn there_are_so_many_events_and_no_more() {
    let database = TestDatabase::sqlite();
    let store = database.store().await;
    let samples = store.seat_events().await.unwrap().len() as u64;
    let hand = Database::connect(database.url().as_str()).await.unwrap();
    let fill = format!(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {}) \
         INSERT INTO seat_events (event, about, sequence, hash, edition) \
         SELECT 'e' || i, about, 0, hash, 0 FROM n, seat_events WHERE event = 'table'",
        EVENTS_LIMIT - samples - 1
    );
    hand.execute_unprepared(&fill).await.unwrap();
    hand.close().await.unwrap();
    let recital = Description::read(RECITAL).unwrap();
    assert_eq!(store.found_seat_event(&recital).await.unwrap(), Ok(()));
    let kitchen = Description::read(include_str!("../../events/noodle-kitchen.json")).unwrap();
    let refused = store.found_seat_event(&kitchen).await.unwrap();
    assert_eq!(refused, Err(Refused::TooManyEvents));
}
