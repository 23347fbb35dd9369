//! Time that is up, and what becomes of it: first come, first served.

use madang_server::seats::WAITING_LIMIT;
use sea_orm::{ConnectionTrait as _, Database};
use serde_json::{Value, json};

use crate::database::TestDatabase;
use crate::on_every_database;
use crate::running::Running;
use crate::seats_asking::{Asker, BRIEF, event};

on_every_database! {
    a_hold_is_over_when_the_database_s_clock_says_so
    what_becomes_free_is_offered_to_who_has_waited_longest
    an_offer_that_nobody_takes_goes_to_the_next
    who_leaves_gives_their_offer_to_the_next
}

const ALL: [[&str; 5]; 2] = [
    ["A-1", "A-2", "A-3", "A-4", "A-5"],
    ["A-6", "A-7", "A-8", "A-9", "A-10"],
];

async fn askers<const N: usize>(server: &Running) -> [Asker; N] {
    let mut askers = Vec::new();
    for _ in 0..N {
        askers.push(Asker::new(server.addr).await);
    }
    askers.try_into().ok().unwrap()
}

/// The hold that somebody was offered.
async fn offered(asker: &Asker) -> Value {
    let waiting = asker.waiting().await;
    assert_eq!(
        (&waiting["state"], &waiting["place"]),
        (&json!("offered"), &json!(0)),
        "{waiting}"
    );
    let (_, mine) = asker.get("/holds").await;
    let hold = mine["holds"][0].clone();
    assert_eq!(
        (&hold["hold"], &hold["state"]),
        (&waiting["hold"], &json!("offered"))
    );
    hold
}

async fn a_hold_is_over_when_the_database_s_clock_says_so(database: TestDatabase) {
    let server = Running::on(database).await;
    server
        .store
        .add_seat_event(&event("brief", BRIEF, 0))
        .await
        .unwrap();
    let [kim, lee] = askers(&server).await;
    let hold = kim.have("brief", &["A-1", "A-2"]).await;
    let free = kim.until("brief", "A-1", "free").await;
    assert!(free["now"].as_i64() >= hold["expires_at"].as_i64(), "not before");
    assert_eq!((&free["holder"], &free["hold"]), (&Value::Null, &Value::Null));
    for act in ["confirm", "extend", "release", "checkout"] {
        let (status, refused) = kim.act(&hold, act).await;
        assert_eq!((status, &refused["code"]), (410, &json!("hold_expired")), "{act}");
    }
    let (_, mine) = kim.get("/holds").await;
    assert_eq!(mine["holds"][0]["state"], "expired");
    let others = lee.have("brief", &["A-1"]).await;
    assert_eq!(others["versions"], json!({"A-1": 3}), "held, expired, held");
    assert_eq!(kim.act(&hold, "confirm").await.0, 410, "another's now");
    let event = server.event("brief").await;
    assert_eq!(
        server.store.compare_seats(&event).await.unwrap(),
        Vec::<String>::new()
    );
}

async fn what_becomes_free_is_offered_to_who_has_waited_longest(database: TestDatabase) {
    let server = Running::on(database).await;
    let [kim, lee, first, second, third, passer] = askers(&server).await;
    let one = kim.have("premiere", &ALL[0]).await;
    lee.have("premiere", &ALL[1]).await;
    for (n, (asker, count)) in [(&first, 3), (&second, 1), (&third, 1)].into_iter().enumerate() {
        let (status, waiting) = asker.wait("premiere", "main", count).await;
        assert_eq!((status, &waiting["state"]), (201, &json!("waiting")), "{waiting}");
        assert_eq!(waiting["place"], n + 1);
    }
    assert_eq!(
        first.wait("premiere", "main", 1).await.1["code"],
        "already_waiting"
    );
    assert_eq!(kim.act(&one, "release").await.0, 200);
    let hold = offered(&first).await;
    assert_eq!(hold["places"], json!(["A-1", "A-2", "A-3"]), "side by side");
    let left = hold["expires_at"].as_i64().unwrap() - hold["now"].as_i64().unwrap();
    assert!(left <= 60_000, "{left}");
    assert_eq!(offered(&second).await["places"], json!(["A-4"]));
    assert_eq!(offered(&third).await["places"], json!(["A-5"]));
    let (status, refused) = passer.hold("premiere", &["A-1"]).await;
    assert_eq!(
        (status, &refused["code"], &refused["places"]),
        (409, &json!("others_wait"), &json!(["A-1"]))
    );
    let (_, refused) = passer.hold("premiere", &["A-1", "A-6"]).await;
    assert_eq!(refused["code"], "seats_taken");
    let (status, sold) = first.act(&hold, "confirm").await;
    assert_eq!((status, &sold["state"]), (200, &json!("sold")));
    assert_eq!(first.waiting().await["state"], "taken");
    // Whoever waits where there is something is offered it at once.
    let two = offered(&second).await;
    assert_eq!(second.act(&two, "release").await.0, 200);
    assert_eq!(second.waiting().await["state"], "passed");
    let (status, waiting) = passer.wait("premiere", "main", 1).await;
    assert_eq!((status, &waiting["state"]), (201, &json!("offered")));
    assert_eq!(offered(&passer).await["places"], json!(["A-4"]));
    let event = server.event("premiere").await;
    assert_eq!(
        server.store.compare_seats(&event).await.unwrap(),
        Vec::<String>::new()
    );
}

async fn an_offer_that_nobody_takes_goes_to_the_next(database: TestDatabase) {
    let server = Running::on(database).await;
    let [kim, lee, first, second] = askers(&server).await;
    let hold = kim.have("premiere", &ALL[0]).await;
    let last = lee.have("premiere", &ALL[1]).await;
    assert_eq!(kim.act(&hold, "confirm").await.0, 200);
    for asker in [&first, &second] {
        assert_eq!(asker.wait("premiere", "main", 5).await.0, 201);
    }
    assert_eq!(lee.act(&last, "release").await.0, 200);
    let mine = first.waiting().await;
    assert_eq!(mine["state"], "offered");
    server.time_passes(61).await;
    // Nobody asks for anything now: the program itself gives it on.
    let next = async {
        while second.waiting().await["state"] == "waiting" {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(crate::running::PATIENCE, next)
        .await
        .expect("an offer in time");
    let passed = first.waiting().await;
    assert_eq!(
        (&passed["state"], &passed["waiting"]),
        (&json!("passed"), &mine["waiting"])
    );
    assert_eq!(second.waiting().await["state"], "offered");
    let log = server
        .store
        .seat_log(&"premiere".parse().unwrap(), 0, 500)
        .await
        .unwrap();
    let offers: Vec<_> = log
        .iter()
        .filter(|entry| entry.change.what.as_str() == "offered")
        .collect();
    assert_eq!(
        offers[0].change.who.to_string(),
        first.sender,
        "the first came first"
    );
    assert_eq!(offers[5].change.who.to_string(), second.sender);
}

async fn who_leaves_gives_their_offer_to_the_next(database: TestDatabase) {
    let server = Running::on(database).await;
    let [kim, lee, first, second] = askers(&server).await;
    kim.have("premiere", &ALL[0]).await;
    let hold = lee.have("premiere", &ALL[1]).await;
    let (_, waiting) = first.wait("premiere", "main", 6).await;
    second.wait("premiere", "main", 2).await;
    assert_eq!(lee.act(&hold, "release").await.0, 200);
    assert_eq!(
        second.waiting().await["place"],
        2,
        "the first wants more than there is"
    );
    let leave = format!("/waiting/{}/leave", waiting["waiting"].as_str().unwrap());
    assert_eq!(
        second.post(&leave, &Value::Null).await.1["code"],
        "waiting_unknown",
        "another's"
    );
    let (status, left) = first.post(&leave, &Value::Null).await;
    assert_eq!(
        (status, &left["state"], &left["place"]),
        (200, &json!("left"), &json!(0))
    );
    let hold = offered(&second).await;
    assert_eq!(hold["places"], json!(["A-6", "A-7"]));
    let mine = second.waiting().await;
    let leave = format!("/waiting/{}/leave", mine["waiting"].as_str().unwrap());
    assert_eq!(second.post(&leave, &Value::Null).await.1["state"], "left");
    assert_eq!(second.act(&hold, "confirm").await.0, 410);
    assert_eq!(second.place("premiere", "A-6").await["state"], "free");
}

#[tokio::test]
async fn who_holds_as_much_as_one_may_is_passed_over() {
    let server = Running::start().await;
    let [kim, lee, next] = askers(&server).await;
    let hold = kim.have("premiere", &ALL[0]).await;
    lee.have("premiere", &ALL[1]).await;
    lee.wait("premiere", "main", 2).await;
    next.wait("premiere", "main", 1).await;
    assert_eq!(kim.act(&hold, "release").await.0, 200);
    assert_eq!(
        lee.waiting().await["state"],
        "passed",
        "five and two are more than six"
    );
    assert_eq!(offered(&next).await["places"], json!(["A-1"]));
}

#[tokio::test]
async fn so_many_wait_and_no_more() {
    let server = Running::start().await;
    let [kim, lee, next] = askers(&server).await;
    kim.have("premiere", &ALL[0]).await;
    lee.have("premiere", &ALL[1]).await;
    let hand = Database::connect(server.database.url().as_str()).await.unwrap();
    hand.execute_unprepared(&format!(
        "INSERT INTO seat_waiting (waiting, event, number, section, party, holder, state, created_at) \
         WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < {}) \
         SELECT 'w' || n, 'premiere', n, 'main', 6, 'h' || n, 'waiting', 0 FROM n",
        WAITING_LIMIT - 1
    ))
    .await
    .unwrap();
    let (status, waiting) = next.wait("premiere", "main", 1).await;
    assert_eq!((status, &waiting["place"]), (201, &json!(WAITING_LIMIT)));
    let (status, refused) = kim.wait("premiere", "main", 1).await;
    assert_eq!((status, &refused["code"]), (409, &json!("waiting_full")));
    hand.close().await.unwrap();
}
