//! Tables by slot and party.

use madang_server::seats::WaitingId;
use serde_json::{Value, json};

use crate::database::TestDatabase;
use crate::on_every_database;
use crate::running::Running;
use crate::seats_asking::{Answer, Asker, by_hand};

on_every_database! {
    the_smallest_table_that_fits_is_booked_for_as_long_as_people_stay
    of_many_who_want_the_last_table_one_gets_it
    a_slot_that_has_begun_is_waited_for_no_more
}

/// The slots of tomorrow, which are all there whatever the hour.
async fn slots(asker: &Asker) -> Vec<String> {
    let (_, map) = asker.get("/events/table").await;
    let tomorrow = map["dates"].as_array().unwrap()[1].as_str().unwrap().to_owned();
    let (status, map) = asker.get(&format!("/events/table?date={tomorrow}")).await;
    assert_eq!((status, &map["date"]), (200, &json!(tomorrow)));
    let slots = map["slots"].as_array().unwrap();
    slots
        .iter()
        .map(|slot| slot.as_str().unwrap().to_owned())
        .collect()
}

async fn book(asker: &Asker, slot: &str, party: u32) -> Answer {
    asker
        .post("/events/table/holds", &json!({"slot": slot, "party": party}))
        .await
}

async fn the_smallest_table_that_fits_is_booked_for_as_long_as_people_stay(database: TestDatabase) {
    let server = Running::on(database).await;
    let kim = Asker::new(server.addr).await;
    let slots = slots(&kim).await;
    assert_eq!(slots.len(), 5);
    let (status, hold) = book(&kim, &slots[1], 2).await;
    let at = |table: &str, slot: &str| format!("{table}@{slot}");
    assert_eq!(
        (status, &hold["places"]),
        (201, &json!([at("T1", &slots[1]), at("T1", &slots[2])])),
        "{hold}"
    );
    assert_eq!(kim.act(&hold, "confirm").await.0, 200);
    let (_, next) = book(&kim, &slots[2], 2).await;
    assert_eq!(
        next["places"][0],
        at("T2", &slots[2]),
        "the first is taken for an hour more"
    );
    let (_, later) = book(&kim, &slots[3], 1).await;
    assert_eq!(later["places"][0], at("T1", &slots[3]), "then it's free");
    let (_, large) = book(&kim, &slots[4], 7).await;
    assert_eq!(large["places"], json!([at("T10", &slots[4])]), "then it closes");

    let date = &slots[0][..10];
    let (_, map) = kim.get(&format!("/events/table?date={date}")).await;
    let taken: Vec<_> = map["taken"].as_array().unwrap().iter().collect();
    assert_eq!(taken.len(), 7);
    let sold = taken
        .iter()
        .find(|taken| taken["place"] == at("T1", &slots[1]))
        .unwrap();
    assert_eq!(
        (&sold["state"], &sold["holder"]),
        (&json!("sold"), &json!(kim.sender))
    );
    let seen = kim.place("table", &at("T1", &slots[1])).await;
    assert_eq!(seen["state"], "sold");
    assert_eq!(kim.place("table", &at("T3", &slots[1])).await["state"], "free");
}

async fn of_many_who_want_the_last_table_one_gets_it(database: TestDatabase) {
    let server = Running::on(database).await;
    let kim = Asker::new(server.addr).await;
    let slots = slots(&kim).await;
    let mut tasks = Vec::new();
    for n in 0..12_usize {
        let asker = Asker::new(server.addr).await;
        let slot = slots[1 + n % 2].clone();
        tasks.push(async move { book(&asker, &slot, 8).await });
    }
    let answers = futures_util::future::join_all(tasks).await;
    let won: Vec<_> = answers.iter().filter(|(status, _)| *status == 201).collect();
    assert_eq!(
        won.len(),
        1,
        "there is one table for eight, and the two times overlap"
    );
    for (_, refused) in answers.iter().filter(|(status, _)| *status != 201) {
        assert_eq!(refused["code"], "table_unavailable");
    }
    // Whoever waits for that table is offered it when it's given back.
    let lee = Asker::new(server.addr).await;
    let (status, waiting) = lee.wait("table", &slots[1], 8).await;
    assert_eq!(
        (status, &waiting["state"], &waiting["place"]),
        (201, &json!("waiting"), &json!(1))
    );
}

#[tokio::test]
async fn a_table_that_is_given_back_is_offered_to_who_waits_for_that_time() {
    let server = Running::start().await;
    let (kim, lee) = (Asker::new(server.addr).await, Asker::new(server.addr).await);
    let slots = slots(&kim).await;
    let (_, hold) = book(&kim, &slots[1], 8).await;
    assert_eq!(lee.wait("table", &slots[1], 8).await.1["state"], "waiting");
    assert_eq!(kim.act(&hold, "release").await.0, 200);
    let waiting = lee.waiting().await;
    assert_eq!(waiting["state"], "offered");
    let (_, mine) = lee.get("/holds").await;
    assert_eq!(mine["holds"][0]["places"], hold["places"]);
    assert_eq!(lee.act(&mine["holds"][0], "confirm").await.0, 200);
}

#[tokio::test]
async fn what_is_told_of_tables_is_told_by_slot() {
    let server = Running::start().await;
    let kim = Asker::new(server.addr).await;
    let slots = slots(&kim).await;
    let mut room = server.join("seats-table", "Lee").await;
    let (_, hold) = book(&kim, &slots[0], 2).await;
    let message = room.until("message").await;
    let told: Value = serde_json::from_str(message["text"].as_str().unwrap()).unwrap();
    assert_eq!(told["places"][0]["place"], hold["places"][0]);
    assert_eq!(told["free"], json!({&slots[0]: 9, &slots[1]: 9}));
}

#[tokio::test]
async fn what_cannot_be_booked_is_not() {
    let server = Running::start().await;
    let kim = Asker::new(server.addr).await;
    let slots = slots(&kim).await;
    for (slot, party, status, code) in [
        (slots[0].replace(":00", ":30"), 2, 409, "table_unavailable"),
        ("2020-01-01T18:00".to_owned(), 2, 409, "table_unavailable"),
        ("2099-01-01T18:00".to_owned(), 2, 409, "table_unavailable"),
        (slots[0].clone(), 0, 400, "seats_invalid"),
        (slots[0].clone(), 9, 400, "seats_invalid"),
        ("tomorrow".to_owned(), 2, 400, "seats_invalid"),
    ] {
        let answer = book(&kim, &slot, party).await;
        assert_eq!(
            (answer.0, &answer.1["code"]),
            (status, &json!(code)),
            "{slot} {party}"
        );
    }
    let (status, refused) = kim.get("/events/table?date=2026-02-30").await;
    assert_eq!((status, &refused["code"]), (400, &json!("seats_invalid")));
    let (status, map) = kim.get("/events/table?date=2099-01-01").await;
    assert_eq!((status, &map["slots"]), (200, &json!([])));
    let (_, refused) = kim
        .post("/events/premiere/holds", &json!({"slot": slots[0], "party": 2}))
        .await;
    assert_eq!(refused["code"], "seats_invalid", "that one has seats");
}

async fn a_slot_that_has_begun_is_waited_for_no_more(database: TestDatabase) {
    let server = Running::on(database).await;
    let (kim, lee) = (Asker::new(server.addr).await, Asker::new(server.addr).await);
    for (n, asker) in (1_u128..).zip([&kim, &lee]) {
        let waiting = format!(
            "INSERT INTO seat_waiting (waiting, event, number, section, party, holder, state, hold, created_at) \
             VALUES ('{}', 'table', {n}, '2020-01-01T18:00', 2, '{}', 'waiting', NULL, 0)",
            WaitingId::new(n),
            asker.sender
        );
        by_hand(server.database.url(), &waiting).await;
    }
    // As soon as anything is to be offered at all.
    let slots = slots(&kim).await;
    let (status, hold) = book(&kim, &slots[0], 2).await;
    assert_eq!(status, 201, "{hold}");
    assert_eq!(kim.act(&hold, "release").await.0, 200);
    for asker in [&kim, &lee] {
        let waiting = asker.waiting().await;
        assert_eq!(
            (&waiting["state"], &waiting["hold"]),
            (&json!("passed"), &Value::Null)
        );
    }
}
