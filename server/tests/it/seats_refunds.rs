//! Money that goes back: who is owed, and that it went.

use madang_server::seats::{PaymentId, REFUNDS_LIMIT};
use sea_orm::{ConnectionTrait as _, Database};
use serde_json::{Value, json};

use crate::database::TestDatabase;
use crate::on_every_database;
use crate::running::Running;
use crate::seats_asking::{Answer, Asker, ask, operator};

on_every_database! {
    money_that_is_owed_is_listed_and_settled_once
    what_is_not_owed_is_not_settled
    a_hold_that_was_paid_for_twice_is_refunded_when_both_are
    refunds_are_listed_in_pages
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

async fn state_of(kim: &Asker, hold: &Value) -> Value {
    let (_, mine) = kim.get("/holds").await;
    let holds = mine["holds"].as_array().unwrap();
    holds.iter().find(|other| other["hold"] == hold["hold"]).unwrap()["state"].clone()
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
    assert_eq!(state_of(&kim, &hold).await, "refunded");
    assert_eq!(state_of(&kim.at(other.addr), &hold).await, "refunded");
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
    assert_eq!(state_of(&kim, &hold).await, "refunded");
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
    assert_eq!(state_of(&kim, &hold).await, "sold");
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
    assert_eq!(state_of(&kim, &hold).await, "refund_due", "of the first");
    assert_eq!(settles(&server, &headers, &first).await.0, 200);
    assert_eq!(state_of(&kim, &hold).await, "refunded");

    // Of one that is sold the second payment goes back, and its places stay.
    let (hold, first) = pays_for(&kim, "A-2").await;
    assert_eq!(news(&kim, &first, "failed").await, "failed");
    let second = checks_out(&kim, &hold).await;
    assert_eq!(news(&kim, &second, "succeeded").await, "sold");
    assert_eq!(news(&kim, &first, "succeeded").await, "refund_due");
    assert_eq!(settles(&server, &headers, &first).await.0, 200);
    assert_eq!(state_of(&kim, &hold).await, "sold");
    assert_eq!(kim.place("concert", "A-2").await["state"], "sold");
}

async fn refunds_are_listed_in_pages(database: TestDatabase) {
    let server = Running::on(database).await;
    let headers = operator(server.addr).await;
    let kim = Asker::new(server.addr).await;
    let (hold, _) = pays_for(&kim, "A-1").await;
    let hand = Database::connect(server.database.url().as_str()).await.unwrap();
    let ids: Vec<_> = (1..=u128::from(REFUNDS_LIMIT) + 1)
        .map(|n| PaymentId::new(n << 64).to_string())
        .collect();
    // Three at a time are of the same moment.
    let rows: Vec<_> = (0..)
        .zip(&ids)
        .map(|(n, id)| {
            let hold = hold["hold"].as_str().unwrap();
            format!(
                "('{id}', '{hold}', 'concert', '{}', 1, 'refund_due', {})",
                kim.sender,
                n / 3
            )
        })
        .collect();
    let fill = format!(
        "INSERT INTO seat_payments (payment, hold, event, holder, amount, state, created_at) VALUES {}",
        rows.join(", ")
    );
    hand.execute_unprepared(&fill).await.unwrap();
    hand.close().await.unwrap();

    let first = listed(&server, &headers, "").await;
    let next = first["next"].as_str().unwrap().to_owned();
    // It is settled meanwhile, and what comes behind it is found all the same.
    assert_eq!(settles(&server, &headers, &next).await.0, 200);
    let second = listed(&server, &headers, &format!("?after={next}")).await;
    assert_eq!(second["next"], Value::Null);
    let mut told: Vec<_> = [&first, &second]
        .into_iter()
        .flat_map(|page| page["refunds"].as_array().unwrap())
        .map(|refund| refund["payment"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(
        (first["refunds"].as_array().unwrap().len(), told.len()),
        (100, 101)
    );
    told.sort();
    let mut ids = ids;
    ids.sort();
    assert_eq!(told, ids);

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
