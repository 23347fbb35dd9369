//! Reservation from outside: holding, buying, giving back, looking, being told.

use serde_json::{Value, json};

use crate::database::TestDatabase;
use crate::on_every_database;
use crate::running::Running;
use crate::seats_asking::{Asker, ask, key};

on_every_database! {
    seats_are_held_and_bought
    of_two_who_want_the_same_seat_one_gets_it
    of_many_who_want_the_same_seats_each_seat_has_one_owner
    all_places_are_held_or_none
    a_hold_is_extended_once
    nobody_does_anything_with_another_s_hold
    the_same_key_is_the_same_command
    one_person_holds_so_many_places
    after_a_restart_places_are_as_they_were
}

async fn seats_are_held_and_bought(database: TestDatabase) {
    let server = Running::on(database).await;
    let kim = Asker::new(server.addr).await;
    let hold = kim.have("premiere", &["A-2", "A-1"]).await;
    assert_eq!(hold["places"], json!(["A-1", "A-2"]));
    assert_eq!(
        (&hold["state"], &hold["extended"]),
        (&json!("held"), &json!(false))
    );
    assert_eq!(hold["versions"], json!({"A-1": 1, "A-2": 1}));
    assert_eq!(
        hold["expires_at"].as_i64().unwrap() - hold["now"].as_i64().unwrap(),
        120_000
    );
    let place = kim.place("premiere", "A-1").await;
    assert_eq!(
        (&place["state"], &place["holder"], &place["hold"], &place["until"]),
        (
            &json!("held"),
            &json!(kim.sender),
            &hold["hold"],
            &hold["expires_at"]
        )
    );
    let (status, sold) = kim.act(&hold, "confirm").await;
    assert_eq!((status, &sold["state"]), (200, &json!("sold")), "{sold}");
    assert_eq!(sold["versions"], json!({"A-1": 2, "A-2": 2}));
    let (status, again) = kim.act(&hold, "confirm").await;
    assert_eq!((status, &again["versions"]), (200, &sold["versions"]));
    assert_eq!(kim.act(&hold, "release").await.1["code"], "hold_sold");
    let place = kim.place("premiere", "A-2").await;
    assert_eq!((&place["state"], &place["version"]), (&json!("sold"), &json!(2)));

    let other = kim.have("premiere", &["A-3"]).await;
    let (status, released) = kim.act(&other, "release").await;
    assert_eq!((status, &released["state"]), (200, &json!("released")));
    let place = kim.place("premiere", "A-3").await;
    assert_eq!(
        (&place["state"], &place["holder"], &place["version"]),
        (&json!("free"), &Value::Null, &json!(2))
    );
    let (status, gone) = kim.act(&other, "confirm").await;
    assert_eq!((status, &gone["code"]), (410, &json!("hold_expired")));

    let (_, mine) = kim.get("/holds").await;
    let states: Vec<_> = mine["holds"]
        .as_array()
        .unwrap()
        .iter()
        .map(|hold| hold["state"].clone())
        .collect();
    assert_eq!(states.len(), 2);
    assert!(states.contains(&json!("sold")) && states.contains(&json!("released")));
}

async fn of_two_who_want_the_same_seat_one_gets_it(database: TestDatabase) {
    let server = Running::on(database).await;
    let (kim, lee) = (Asker::new(server.addr).await, Asker::new(server.addr).await);
    let (one, two) = tokio::join!(kim.hold("premiere", &["A-5"]), lee.hold("premiere", &["A-5"]));
    let mut statuses = [one.0, two.0];
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409], "{one:?} {two:?}");
    let refused = if one.0 == 409 { one.1 } else { two.1 };
    assert_eq!(
        (&refused["code"], &refused["places"]),
        (&json!("seats_taken"), &json!(["A-5"]))
    );
}

/// Two servers on one database, sixty people, ten seats.
async fn of_many_who_want_the_same_seats_each_seat_has_one_owner(database: TestDatabase) {
    let server = Running::on(database).await;
    let other = Running::beside(&server).await;
    let addrs = [server.addr, other.addr];
    let mut tasks = Vec::new();
    for n in 0..60_usize {
        tasks.push(tokio::spawn(async move {
            let asker = Asker::new(addrs[n % 2]).await;
            let first = format!("A-{}", n % 10 + 1);
            let second = format!("A-{}", (n / 10 + n) % 10 + 1);
            let (status, hold) = asker.hold("premiere", &[&first, &second]).await;
            if status != 201 {
                assert_eq!((status, &hold["code"]), (409, &json!("seats_taken")), "{hold}");
                return Vec::new();
            }
            let (status, sold) = asker.act(&hold, "confirm").await;
            assert_eq!(status, 200, "{sold}");
            let places = sold["places"].as_array().unwrap();
            places
                .iter()
                .map(|place| (place.as_str().unwrap().to_owned(), asker.sender.clone()))
                .collect()
        }));
    }
    let mut owners = std::collections::BTreeMap::new();
    for task in tasks {
        for (place, owner) in task.await.unwrap() {
            assert_eq!(
                owners.insert(place.clone(), owner),
                None,
                "{place} has two owners"
            );
        }
    }
    let kim = Asker::new(server.addr).await;
    for n in 1..=10 {
        let place = format!("A-{n}");
        let seen = kim.place("premiere", &place).await;
        assert_eq!(
            seen["holder"].as_str(),
            owners.get(&place).map(String::as_str),
            "{place}"
        );
    }
    assert!(!owners.is_empty());
    let event = server.event("premiere").await;
    assert_eq!(
        server.store.compare_seats(&event).await.unwrap(),
        Vec::<String>::new()
    );
}

async fn all_places_are_held_or_none(database: TestDatabase) {
    let server = Running::on(database).await;
    let (kim, lee) = (Asker::new(server.addr).await, Asker::new(server.addr).await);
    kim.have("premiere", &["A-2"]).await;
    let (status, refused) = lee.hold("premiere", &["A-1", "A-2", "A-3"]).await;
    assert_eq!((status, &refused["places"]), (409, &json!(["A-2"])));
    for place in ["A-1", "A-3"] {
        assert_eq!(lee.place("premiere", place).await["state"], "free");
        assert_eq!(lee.place("premiere", place).await["version"], 0);
    }
    assert_eq!(lee.get("/holds").await.1["holds"], json!([]));
    let (status, refused) = lee.hold("concert", &["A-1", "I-7"]).await;
    assert_eq!(
        (status, &refused["places"]),
        (409, &json!(["I-7"])),
        "it isn't for sale"
    );
    assert_eq!(lee.place("concert", "I-7").await["state"], "blocked");
}

async fn a_hold_is_extended_once(database: TestDatabase) {
    let server = Running::on(database).await;
    let kim = Asker::new(server.addr).await;
    let hold = kim.have("premiere", &["A-1"]).await;
    tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    let (status, extended) = kim.act(&hold, "extend").await;
    assert_eq!((status, &extended["extended"]), (200, &json!(true)), "{extended}");
    assert!(extended["expires_at"].as_i64() > hold["expires_at"].as_i64());
    assert_eq!(extended["versions"], json!({"A-1": 2}));
    let (status, refused) = kim.act(&hold, "extend").await;
    assert_eq!((status, &refused["code"]), (409, &json!("already_extended")));
    assert_eq!(
        kim.place("premiere", "A-1").await["until"],
        extended["expires_at"]
    );
    assert_eq!(kim.act(&hold, "confirm").await.0, 200);
    assert_eq!(kim.act(&hold, "extend").await.1["code"], "hold_sold");
}

async fn nobody_does_anything_with_another_s_hold(database: TestDatabase) {
    let server = Running::on(database).await;
    let (kim, lee) = (Asker::new(server.addr).await, Asker::new(server.addr).await);
    let hold = kim.have("premiere", &["A-1"]).await;
    for act in ["extend", "release", "confirm", "checkout"] {
        let (status, refused) = lee.act(&hold, act).await;
        assert_eq!((status, &refused["code"]), (404, &json!("hold_unknown")), "{act}");
    }
    let place = kim.place("premiere", "A-1").await;
    assert_eq!(
        (&place["holder"], &place["version"]),
        (&json!(kim.sender), &json!(1))
    );
}

async fn the_same_key_is_the_same_command(database: TestDatabase) {
    let server = Running::on(database).await;
    let (kim, lee) = (Asker::new(server.addr).await, Asker::new(server.addr).await);
    let (path, body) = ("/events/premiere/holds", json!({"places": ["A-1"]}));
    let key = key();
    let first = kim.post_as(&key, path, &body).await;
    assert_eq!(first.0, 201);
    let hold = format!("/holds/{}/release", first.1["hold"].as_str().unwrap());
    assert_eq!(kim.post(&hold, &Value::Null).await.0, 200);
    assert_eq!(
        kim.post_as(&key, path, &body).await,
        first,
        "the same answer, word by word"
    );
    assert_eq!(
        kim.place("premiere", "A-1").await["state"],
        "free",
        "and no other effect"
    );

    let (status, refused) = kim.post_as(&key, path, &json!({"places": ["A-2"]})).await;
    assert_eq!((status, &refused["code"]), (409, &json!("idempotency_mismatch")));
    let (status, _) = kim.post_as(&key, &hold, &Value::Null).await;
    assert_eq!(status, 409, "a key of one command is none of another");
    assert_eq!(
        lee.post_as(&key, path, &body).await.0,
        201,
        "another's key is another"
    );

    // What was refused is refused again, though it could be done now.
    let (status, taken) = kim.post_as("again", path, &body).await;
    assert_eq!(status, 409);
    let (_, holds) = lee.get("/holds").await;
    assert_eq!(lee.act(&holds["holds"][0], "release").await.0, 200);
    assert_eq!(kim.post_as("again", path, &body).await, (409, taken));

    // The same, many at once: one effect.
    let many = (0..8).map(|_| kim.post_as("once", path, &body));
    let answers = futures_util::future::join_all(many).await;
    assert!(
        answers
            .iter()
            .all(|answer| *answer == answers[0] && answer.0 == 201),
        "{answers:?}"
    );
    assert_eq!(kim.place("premiere", "A-1").await["hold"], answers[0].1["hold"]);
}

async fn one_person_holds_so_many_places(database: TestDatabase) {
    let server = Running::on(database).await;
    let kim = Asker::new(server.addr).await;
    let hold = kim.have("premiere", &["A-1", "A-2", "A-3", "A-4"]).await;
    let (status, refused) = kim.hold("premiere", &["A-5", "A-6", "A-7"]).await;
    assert_eq!(
        (status, &refused["code"], &refused["limit"]),
        (409, &json!("hold_limit"), &json!(6))
    );
    kim.have("premiere", &["A-5", "A-6"]).await;
    assert_eq!(kim.hold("premiere", &["A-7"]).await.1["code"], "hold_limit");
    kim.have("concert", &["A-1"]).await;
    assert_eq!(kim.act(&hold, "confirm").await.0, 200);
    kim.have("premiere", &["A-7"]).await;
    let seven: Vec<_> = (1..=7).map(|n| format!("B-{n}")).collect();
    let seven: Vec<_> = seven.iter().map(String::as_str).collect();
    assert_eq!(kim.hold("concert", &seven).await.1["code"], "hold_limit");
}

async fn after_a_restart_places_are_as_they_were(database: TestDatabase) {
    let server = Running::on(database).await;
    let kim = Asker::new(server.addr).await;
    let hold = kim.have("premiere", &["A-1", "A-2"]).await;
    let sold = kim.have("premiere", &["A-3"]).await;
    assert_eq!(kim.act(&sold, "confirm").await.0, 200);
    let Running { back, database, .. } = server;
    assert!(back.close().await);
    let server = Running::on(database).await;
    let kim = kim.at(server.addr);
    let (_, map) = kim.get("/events/premiere").await;
    let states: Vec<_> = map["sections"][0]["seats"].as_array().unwrap()[..4]
        .iter()
        .map(|seat| (seat["state"].clone(), seat["version"].clone()))
        .collect();
    let like = |state: &str, version: i64| (json!(state), json!(version));
    assert_eq!(
        states,
        [like("held", 1), like("held", 1), like("sold", 2), like("free", 0)]
    );
    let (status, confirmed) = kim.act(&hold, "confirm").await;
    assert_eq!(
        (status, &confirmed["versions"]),
        (200, &json!({"A-1": 2, "A-2": 2}))
    );
    let event = server.event("premiere").await;
    assert_eq!(
        server.store.compare_seats(&event).await.unwrap(),
        Vec::<String>::new()
    );
}

#[tokio::test]
async fn the_map_and_its_room_go_together() {
    let server = Running::start().await;
    let kim = Asker::new(server.addr).await;
    let mut room = server.join("seats-premiere", "Lee").await;
    let (_, map) = kim.get("/events/premiere").await;
    assert_eq!(map["hold_limit"], 6);
    let hold = kim.have("premiere", &["A-1"]).await;
    let message = room.until("message").await;
    let told: Value = serde_json::from_str(message["text"].as_str().unwrap()).unwrap();
    assert_eq!(
        told,
        json!({
            "places": [{"place": "A-1", "state": "held", "holder": kim.sender, "until": hold["expires_at"], "version": 1}],
            "free": {"main": 9},
        })
    );
    assert_eq!(message["offset"], map["position"]["offset"].as_i64().unwrap() + 1);
    let (_, map) = kim.get("/events/premiere").await;
    assert_eq!(map["position"]["offset"], message["offset"]);
    let seat = &map["sections"][0]["seats"][0];
    assert_eq!(
        (&seat["state"], &seat["holder"]),
        (&json!("held"), &json!(kim.sender))
    );
    let (status, refused) = crate::ways::request(
        server.addr,
        "POST",
        "/api/rooms/seats-premiere/messages",
        Some(json!({"name": "Lee", "text": "free seats"})),
    )
    .await;
    assert_eq!((status, &refused["code"]), (403, &json!("room_read_only")));
}

#[tokio::test]
async fn the_last_hundred_holds_are_listed() {
    let server = Running::start().await;
    let kim = Asker::new(server.addr).await;
    let mut last = Value::Null;
    for _ in 0..101 {
        last = kim.have("premiere", &["A-1"]).await;
        assert_eq!(kim.act(&last, "release").await.0, 200);
    }
    let (_, mine) = kim.get("/holds").await;
    let holds = mine["holds"].as_array().unwrap();
    assert_eq!(holds.len(), 100);
    assert!(
        holds.iter().any(|hold| hold["hold"] == last["hold"]),
        "the newest are"
    );
}

#[tokio::test]
async fn events_are_listed_and_looked_at() {
    let server = Running::start().await;
    let (status, list) = ask(server.addr, "GET", "/api/seats/events", "", "").await;
    assert_eq!(status, 200);
    let events = list["events"].as_array().unwrap();
    let ids: Vec<_> = events
        .iter()
        .map(|event| event["event"].as_str().unwrap())
        .collect();
    assert_eq!(ids, ["concert", "premiere", "table"]);
    assert_eq!(
        (&events[0]["mode"], &events[2]["mode"]),
        (&json!("seats"), &json!("tables"))
    );
    assert_eq!(
        (&events[0]["places"], &events[0]["free"]),
        (&json!(208), &json!(204))
    );
    let (_, map) = ask(server.addr, "GET", "/api/seats/events/concert", "", "").await;
    assert_eq!(map["sections"][0]["currency"], "KRW");
    assert_eq!(map["payment"], true);
    let known = format!(
        "If-None-Match: \"{}.{}.4\"\r\n",
        map["position"]["epoch"].as_str().unwrap(),
        map["position"]["offset"]
    );
    assert_eq!(
        ask(server.addr, "GET", "/api/seats/events/concert", &known, "")
            .await
            .0,
        304
    );
    Asker::new(server.addr).await.have("concert", &["A-1"]).await;
    assert_eq!(
        ask(server.addr, "GET", "/api/seats/events/concert", &known, "")
            .await
            .0,
        200
    );
}
