//! Money that goes back: who is owed, and that it went.

use madang_server::seats::{self, Command, News, PaymentId, PaymentState, REFUNDS_LIMIT, Refused, Status};
use serde_json::{Value, json};

use crate::database::TestDatabase;
use crate::on_every_database;
use crate::running::Running;
use crate::seats_asking::{Answer, Asker, ask, operator, owe};

on_every_database! {
    money_that_is_owed_is_listed_and_settled_once
    what_is_not_owed_is_not_settled
    a_hold_that_was_paid_for_twice_is_refunded_when_both_are
    refunds_are_listed_in_pages
    what_is_owed_behind_a_page_is_found_from_the_start
    a_payment_is_settled_by_its_own_event_alone
}

/// A hold, and its payment.
async fn pays_for(kim: &Asker, place: &str) -> (Value, String) {
    let hold = kim.have("concert", &[place]).await;
    let payment = checks_out(kim, &hold).await;
    (hold, payment)
}

async fn checks_out(kim: &Asker, hold: &Value) -> String {
    let (status, checkout) = kim.act(hold, "checkout").await;
    assert_eq!(status, 200, "{checkout}");
    checkout["payment"].as_str().unwrap().to_owned()
}

/// The pretended provider's news.
async fn news(kim: &Asker, payment: &str, status: &str) -> Value {
    let path = format!("/demo-payments/{payment}");
    let (_, settled) = kim.post(&path, &json!({ "status": status })).await;
    settled["state"].clone()
}

async fn settles(server: &Running, headers: &str, payment: &str) -> Answer {
    let path = format!("/api/seats/payments/{payment}/refunded");
    ask(server.addr, "POST", &path, headers, "").await
}

async fn listed(server: &Running, headers: &str, query: &str) -> Value {
    let path = format!("/api/seats/refunds{query}");
    let (status, list) = ask(server.addr, "GET", &path, headers, "").await;
    assert_eq!(status, 200, "{list}");
    list
}

async fn money_that_is_owed_is_listed_and_settled_once(database: TestDatabase) {
    let server = Running::on(database).await;
    let other = Running::beside(&server).await;
    let headers = operator(server.addr).await;
    let kim = Asker::new(server.addr).await;
    let (hold, payment) = pays_for(&kim, "A-1").await;
    assert_eq!(
        listed(&server, &headers, "").await,
        json!({"refunds": [], "next": null})
    );
    server.time_passes(121).await;
    assert_eq!(news(&kim, &payment, "succeeded").await, "refund_due");

    let list = listed(&server, &headers, "").await;
    let owed = &list["refunds"][0];
    assert_eq!(
        (&owed["payment"], &owed["hold"], &owed["event"], &owed["holder"]),
        (
            &json!(payment),
            &hold["hold"],
            &json!("concert"),
            &json!(kim.sender)
        )
    );
    assert_eq!(
        (&owed["amount"], &owed["currency"], &owed["state"]),
        (&json!(110_000), &json!("KRW"), &json!("refund_due"))
    );
    assert_eq!(owed.get("refunded_at"), None);
    assert!(owed["due_at"].as_i64().unwrap() >= hold["now"].as_i64().unwrap());

    // Many say so at once, at two servers.
    let there = operator(other.addr).await;
    let settle = (0..6).map(|n| match n % 2 {
        0 => settles(&server, &headers, &payment),
        _ => settles(&other, &there, &payment),
    });
    let answers = futures_util::future::join_all(settle).await;
    for (status, answer) in &answers {
        assert_eq!((*status, answer), (200, &answers[0].1));
    }
    let settled = &answers[0].1;
    assert_eq!(settled["state"], "refunded");
    assert!(settled["refunded_at"].as_i64() >= settled["due_at"].as_i64());
    assert_eq!(kim.state_of(&hold).await, "refunded");
    assert_eq!(kim.at(other.addr).state_of(&hold).await, "refunded");
    assert_eq!(listed(&server, &headers, "").await["refunds"], json!([]));
    assert_eq!(
        listed(&server, &headers, "?state=refunded").await["refunds"],
        json!([settled])
    );

    // What the provider says again changes nothing, nor what the holder does.
    assert_eq!(
        news(&kim, &payment, "succeeded").await,
        "refund_due",
        "as it was told"
    );
    assert_eq!(news(&kim, &payment, "failed").await, "refunded");
    assert_eq!(kim.state_of(&hold).await, "refunded");
    assert_eq!(kim.act(&hold, "confirm").await.1["code"], "hold_expired");
    kim.have("concert", &["A-1"]).await;
}

async fn what_is_not_owed_is_not_settled(database: TestDatabase) {
    let server = Running::on(database).await;
    let headers = operator(server.addr).await;
    let kim = Asker::new(server.addr).await;
    let is_refused = async |payment: &str, status: u16, code: &str| {
        let answer = settles(&server, &headers, payment).await;
        assert_eq!((answer.0, &answer.1["code"]), (status, &json!(code)));
    };
    let (hold, payment) = pays_for(&kim, "A-1").await;
    is_refused(&payment, 409, "refund_not_due").await;
    assert_eq!(news(&kim, &payment, "failed").await, "failed");
    is_refused(&payment, 409, "refund_not_due").await;
    let again = checks_out(&kim, &hold).await;
    assert_eq!(news(&kim, &again, "succeeded").await, "sold");
    is_refused(&again, 409, "refund_not_due").await;
    assert_eq!(kim.state_of(&hold).await, "sold");
    is_refused(&PaymentId::new(7).to_string(), 404, "payment_unknown").await;
    is_refused("nonsense", 404, "payment_unknown").await;

    let (_, late) = pays_for(&kim, "A-2").await;
    server.time_passes(121).await;
    assert_eq!(news(&kim, &late, "succeeded").await, "refund_due");
    let answer = settles(&server, "", &late).await;
    assert_eq!((answer.0, &answer.1["code"]), (401, &json!("sign_in_needed")));
    let (status, _) = kim.get("/refunds").await;
    assert_eq!(status, 401, "a session is none");
    assert_eq!(listed(&server, &headers, "").await["refunds"][0]["payment"], late);
}

async fn a_hold_that_was_paid_for_twice_is_refunded_when_both_are(database: TestDatabase) {
    let server = Running::on(database).await;
    let headers = operator(server.addr).await;
    let kim = Asker::new(server.addr).await;
    let (hold, first) = pays_for(&kim, "A-1").await;
    assert_eq!(news(&kim, &first, "failed").await, "failed");
    let second = checks_out(&kim, &hold).await;
    server.time_passes(121).await;
    for payment in [&first, &second] {
        assert_eq!(news(&kim, payment, "succeeded").await, "refund_due");
    }
    assert_eq!(settles(&server, &headers, &second).await.0, 200);
    assert_eq!(kim.state_of(&hold).await, "refund_due", "of the first");
    assert_eq!(settles(&server, &headers, &first).await.0, 200);
    assert_eq!(kim.state_of(&hold).await, "refunded");

    // Of one that is sold the second payment goes back, and its places stay.
    let (hold, first) = pays_for(&kim, "A-2").await;
    assert_eq!(news(&kim, &first, "failed").await, "failed");
    let second = checks_out(&kim, &hold).await;
    assert_eq!(news(&kim, &second, "succeeded").await, "sold");
    assert_eq!(news(&kim, &first, "succeeded").await, "refund_due");
    assert_eq!(settles(&server, &headers, &first).await.0, 200);
    assert_eq!(kim.state_of(&hold).await, "sold");
    assert_eq!(kim.place("concert", "A-2").await["state"], "sold");
}

async fn refunds_are_listed_in_pages(database: TestDatabase) {
    let server = Running::on(database).await;
    let headers = operator(server.addr).await;
    // Three at a time are of the same moment.
    let made_at = (0..=i64::try_from(REFUNDS_LIMIT).unwrap()).map(|n| n / 3);
    let mut ids = owe(server.database.url(), made_at).await;
    ids.sort();

    let first = listed(&server, &headers, "").await;
    let next = first["next"].as_str().unwrap().to_owned();
    // It is settled meanwhile, and what comes behind it is found all the same.
    assert_eq!(settles(&server, &headers, &next).await.0, 200);
    let second = listed(&server, &headers, &format!("?after={next}")).await;
    assert_eq!(second["next"], Value::Null);
    let mut told = [payments(&first), payments(&second)].concat();
    assert_eq!((payments(&first).len(), told.len()), (100, 101));
    told.sort();
    assert_eq!(told, ids);

    // A full page has none behind it if there is no more.
    let rest = listed(&server, &headers, "").await;
    assert_eq!((payments(&rest).len(), &rest["next"]), (100, &Value::Null));

    for (query, status, code) in [
        ("?state=sold", 400, "seats_invalid"),
        ("?after=nonsense", 404, "payment_unknown"),
        ("?after=AAAAAAAAAAAAAAAAAAAAAA", 404, "payment_unknown"),
    ] {
        let path = format!("/api/seats/refunds{query}");
        let answer = ask(server.addr, "GET", &path, &headers, "").await;
        assert_eq!((answer.0, &answer.1["code"]), (status, &json!(code)), "{query}");
    }
}

async fn what_is_owed_behind_a_page_is_found_from_the_start(database: TestDatabase) {
    let server = Running::on(database).await;
    let headers = operator(server.addr).await;
    let kim = Asker::new(server.addr).await;
    let (_, oldest) = pays_for(&kim, "A-1").await;
    let later = i64::MAX / 2;
    let others = owe(server.database.url(), (0..=REFUNDS_LIMIT).map(|_| later)).await;
    let all = async || {
        let mut all = Vec::new();
        let mut page = listed(&server, &headers, "").await;
        loop {
            all.extend(payments(&page));
            let Some(next) = page["next"].as_str() else {
                return all;
            };
            page = listed(&server, &headers, &format!("?after={next}")).await;
        }
    };

    let first = listed(&server, &headers, "").await;
    let next = first["next"].as_str().unwrap().to_owned();
    // It was made before all of them, and is owed when the first of them were told.
    server.time_passes(121).await;
    assert_eq!(news(&kim, &oldest, "succeeded").await, "refund_due");
    let rest = listed(&server, &headers, &format!("?after={next}")).await;
    assert_eq!((payments(&rest).len(), &rest["next"]), (1, &Value::Null));
    for settled in &payments(&first)[..2] {
        assert_eq!(settles(&server, &headers, settled).await.0, 200);
    }
    let owed = all().await;
    assert_eq!((owed.len(), &owed[0]), (others.len() - 2 + 1, &oldest));
    assert_eq!(settles(&server, &headers, &oldest).await.0, 200);
    assert_eq!(all().await, owed[1..]);
}

async fn a_payment_is_settled_by_its_own_event_alone(database: TestDatabase) {
    let server = Running::on(database).await;
    let kim = Asker::new(server.addr).await;
    let (hold, payment) = pays_for(&kim, "A-1").await;
    server.time_passes(121).await;
    assert_eq!(news(&kim, &payment, "succeeded").await, "refund_due");
    let id: PaymentId = payment.parse().unwrap();
    let (own, other) = (server.event("concert").await, server.event("premiere").await);
    let refused = server.store.settle_refund(&other, id).await.unwrap();
    assert_eq!(refused, Err(Refused::PaymentUnknown));
    let told = News {
        id: "of another".to_owned(),
        payment: id,
        status: Status::Failed,
        amount: 110_000,
    };
    let refused = server.store.settle_payment(&other, &told).await.unwrap();
    assert_eq!(refused, Err(Refused::PaymentUnknown));
    // Nor is its hold there.
    let (holder, key) = (kim.sender.parse().unwrap(), "k".parse().unwrap());
    let release = Command::Release(hold["hold"].as_str().unwrap().parse().unwrap());
    let told = server.store.carry_out(&other, holder, &key, &release).await;
    let unknown = seats::Answer::Refused(Refused::HoldUnknown);
    assert_eq!(told.unwrap().answer, unknown);
    assert_eq!(kim.state_of(&hold).await, "refund_due");

    let settled = server.store.settle_refund(&own, id).await.unwrap().unwrap();
    assert_eq!(settled.state, PaymentState::Refunded);
    let again = server.store.settle_refund(&own, id).await.unwrap();
    assert_eq!(again, Ok(settled), "as it was");
}

fn payments(page: &Value) -> Vec<String> {
    let refunds = page["refunds"].as_array().unwrap().iter();
    refunds
        .map(|refund| refund["payment"].as_str().unwrap().to_owned())
        .collect()
}
