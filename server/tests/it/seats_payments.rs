//! Payments: in time, late, twice, out of order, and not by whoever likes.

use std::collections::BTreeSet;
use std::time::{SystemTime, UNIX_EPOCH};

use madang_server::seats::Secret;
use serde_json::{Value, json};

use crate::database::TestDatabase;
use crate::on_every_database;
use crate::running::{PAYMENT_SECRET, Running};
use crate::seats_asking::{Answer, Asker, ask};

on_every_database! {
    what_costs_something_is_paid_for
    a_late_success_is_refunded_and_takes_nobody_s_place
    news_counts_once_whenever_and_however_often_it_comes
    a_hold_is_sold_for_one_payment_and_any_other_is_refunded
}

/// A payment provider.
struct Provider<'a>(&'a Running);

impl Provider<'_> {
    async fn says(&self, id: &str, payment: &Value, status: &str, amount: i64) -> Answer {
        timeless(self.tells(id, payment, status, amount).await)
    }

    /// The same, with the time at which it was taken.
    async fn tells(&self, id: &str, payment: &Value, status: &str, amount: i64) -> Answer {
        let news = json!({"id": id, "payment": payment, "status": status, "amount": amount});
        self.sends(&news.to_string(), PAYMENT_SECRET, seconds()).await
    }

    async fn sends(&self, body: &str, secret: &str, at: u64) -> Answer {
        let secret: Secret = secret.parse().unwrap();
        let headers = format!(
            "Content-Type: application/json\r\nMadang-Signature: {}\r\n",
            secret.sign(at, body.as_bytes())
        );
        ask(self.0.addr, "POST", "/api/seats/payments", &headers, body).await
    }
}

fn seconds() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

/// An answer without when it was taken, which it must say.
fn timeless((status, mut answer): Answer) -> Answer {
    if status == 200 {
        let at = answer.as_object_mut().and_then(|answer| answer.remove("at"));
        assert!(
            at.is_some_and(|at| at.as_i64().is_some_and(|at| at > 0)),
            "{answer}"
        );
    }
    (status, answer)
}

fn is(state: &str, duplicate: bool) -> Answer {
    (200, json!({"state": state, "duplicate": duplicate}))
}

async fn pay(asker: &Asker, hold: &Value) -> Value {
    let (status, checkout) = asker.act(hold, "checkout").await;
    assert_eq!(
        (status, &checkout["state"]),
        (200, &json!("pending")),
        "{checkout}"
    );
    assert_eq!(checkout["amount"], hold["amount"]);
    checkout["payment"].clone()
}

async fn what_costs_something_is_paid_for(database: TestDatabase) {
    let server = Running::on(database).await;
    let (kim, lee) = (Asker::new(server.addr).await, Asker::new(server.addr).await);
    let hold = kim.have("concert", &["A-1", "E-1"]).await;
    assert_eq!(
        (&hold["amount"], &hold["currency"]),
        (&json!(198_000), &json!("KRW"))
    );
    let (status, refused) = kim.act(&hold, "confirm").await;
    assert_eq!((status, &refused["code"]), (409, &json!("payment_required")));
    assert_eq!(lee.act(&hold, "checkout").await.0, 404);
    let payment = pay(&kim, &hold).await;
    assert_eq!(pay(&kim, &hold).await, payment, "there is one to pay");
    let pretend = format!("/demo-payments/{}", payment.as_str().unwrap());
    assert_eq!(
        timeless(kim.post(&pretend, &json!({"status": "succeeded"})).await),
        is("sold", false)
    );
    assert_eq!(
        timeless(kim.post(&pretend, &json!({"status": "succeeded"})).await),
        is("sold", true)
    );
    assert_eq!(kim.place("concert", "E-1").await["state"], "sold");
    assert_eq!(kim.act(&hold, "confirm").await.0, 200, "it is");
    assert_eq!(kim.act(&hold, "checkout").await.1["code"], "hold_sold");
    let free = kim.have("premiere", &["A-1"]).await;
    assert_eq!(kim.act(&free, "checkout").await.1["code"], "payment_not_needed");
}

async fn a_late_success_is_refunded_and_takes_nobody_s_place(database: TestDatabase) {
    let server = Running::on(database).await;
    let provider = Provider(&server);
    let (kim, lee) = (Asker::new(server.addr).await, Asker::new(server.addr).await);
    let hold = kim.have("concert", &["A-1", "A-2"]).await;
    let payment = pay(&kim, &hold).await;
    server.time_passes(121).await;
    let others = lee.have("concert", &["A-1"]).await;
    let amount = hold["amount"].as_i64().unwrap();
    assert_eq!(
        provider.says("late", &payment, "succeeded", amount).await,
        is("refund_due", false)
    );
    assert_eq!(
        provider.says("late", &payment, "succeeded", amount).await,
        is("refund_due", true)
    );
    assert_eq!(
        provider.says("later", &payment, "succeeded", amount).await,
        is("refund_due", false)
    );
    assert_eq!(kim.state_of(&hold).await, "refund_due");
    assert_eq!(
        lee.place("concert", "A-1").await["hold"],
        others["hold"],
        "another's place isn't touched"
    );
    assert_eq!(lee.state_of(&others).await, "held");
    assert_eq!(
        lee.place("concert", "A-2").await["state"],
        "free",
        "nor what nobody has taken"
    );
    assert_eq!(kim.act(&hold, "confirm").await.1["code"], "hold_expired");

    let released = kim.have("concert", &["A-5"]).await;
    let payment = pay(&kim, &released).await;
    assert_eq!(kim.act(&released, "release").await.0, 200);
    assert_eq!(
        provider.says("back", &payment, "succeeded", 110_000).await,
        is("refund_due", false)
    );
    assert_eq!(kim.place("concert", "A-5").await["state"], "free");
}

async fn news_counts_once_whenever_and_however_often_it_comes(database: TestDatabase) {
    let server = Running::on(database).await;
    let other = Running::beside(&server).await;
    let (here, there) = (Provider(&server), Provider(&other));
    let kim = Asker::new(server.addr).await;
    let hold = kim.have("concert", &["A-1"]).await;
    let payment = pay(&kim, &hold).await;
    // A failure first, and the same many at once, at two servers.
    assert_eq!(
        here.says("e1", &payment, "failed", 110_000).await,
        is("failed", false)
    );
    let news = (0..8).map(|n| {
        let provider = if n % 2 == 0 { &here } else { &there };
        provider.tells("e2", &payment, "succeeded", 110_000)
    });
    let answers = futures_util::future::join_all(news).await;
    let taken = answers.iter().map(|(_, answer)| answer["at"].to_string());
    assert_eq!(taken.collect::<BTreeSet<_>>().len(), 1, "{answers:?}");
    let answers: Vec<_> = answers.into_iter().map(timeless).collect();
    let first = answers
        .iter()
        .filter(|answer| **answer == is("sold", false))
        .count();
    let again = answers
        .iter()
        .filter(|answer| **answer == is("sold", true))
        .count();
    assert_eq!((first, again), (1, 7), "{answers:?}");
    // Out of order: what has succeeded stays so.
    assert_eq!(
        there.says("e0", &payment, "failed", 110_000).await,
        is("sold", false)
    );
    assert_eq!(
        here.says("e1", &payment, "failed", 110_000).await,
        is("failed", true),
        "as it was told"
    );
    let (status, refused) = here.says("e2", &payment, "failed", 110_000).await;
    assert_eq!((status, &refused["code"]), (409, &json!("idempotency_mismatch")));
    let seen = kim.place("concert", "A-1").await;
    assert_eq!(
        (&seen["state"], &seen["version"]),
        (&json!("sold"), &json!(2)),
        "sold once"
    );
    let event = server.event("concert").await;
    assert_eq!(
        server.store.compare_seats(&event).await.unwrap(),
        Vec::<String>::new()
    );
}

async fn a_hold_is_sold_for_one_payment_and_any_other_is_refunded(database: TestDatabase) {
    let server = Running::on(database).await;
    let provider = Provider(&server);
    let kim = Asker::new(server.addr).await;
    let hold = kim.have("concert", &["A-1"]).await;
    let first = pay(&kim, &hold).await;
    assert_eq!(
        provider.says("f1", &first, "failed", 110_000).await,
        is("failed", false)
    );
    let second = pay(&kim, &hold).await;
    assert_ne!(first, second);
    assert_eq!(
        provider.says("s2", &second, "succeeded", 110_000).await,
        is("sold", false)
    );
    assert_eq!(
        provider.says("s1", &first, "succeeded", 110_000).await,
        is("refund_due", false)
    );
    assert_eq!(kim.state_of(&hold).await, "sold");

    // Somebody paid another amount than was asked for.
    let hold = kim.have("concert", &["A-2"]).await;
    let payment = pay(&kim, &hold).await;
    assert_eq!(
        provider.says("w1", &payment, "succeeded", 1).await,
        is("refund_due", false)
    );
    assert_eq!(kim.state_of(&hold).await, "refund_due");
    assert_eq!(kim.place("concert", "A-2").await["state"], "free");
}

#[tokio::test]
async fn only_the_provider_s_news_is_taken() {
    let server = Running::start().await;
    let provider = Provider(&server);
    let kim = Asker::new(server.addr).await;
    let hold = kim.have("concert", &["A-1"]).await;
    let payment = pay(&kim, &hold).await;
    let body = json!({"id": "e", "payment": payment, "status": "succeeded", "amount": 110_000}).to_string();
    let refused =
        |answer: Answer| assert_eq!((answer.0, &answer.1["code"]), (401, &json!("signature_invalid")));
    refused(provider.sends(&body, "somebody else's secret", seconds()).await);
    refused(provider.sends(&body, PAYMENT_SECRET, seconds() - 400).await);
    refused(provider.sends(&body, PAYMENT_SECRET, seconds() + 400).await);
    refused(ask(server.addr, "POST", "/api/seats/payments", "", &body).await);
    let headers = "Madang-Signature: t=1,v1=00\r\n";
    refused(ask(server.addr, "POST", "/api/seats/payments", headers, &body).await);
    assert_eq!(kim.place("concert", "A-1").await["state"], "held");

    for (wrong, status, code) in [
        ("nonsense".to_owned(), 400, "bad_json"),
        (body.replace("succeeded", "perhaps"), 400, "bad_json"),
        (body.replace("\"e\"", "\"\""), 400, "seats_invalid"),
        (
            body.replace("\"e\"", &format!("\"{}\"", "e".repeat(65))),
            400,
            "seats_invalid",
        ),
        (
            body.replace(payment.as_str().unwrap(), "AAAAAAAAAAAAAAAAAAAAAA"),
            404,
            "payment_unknown",
        ),
    ] {
        let answer = provider.sends(&wrong, PAYMENT_SECRET, seconds()).await;
        assert_eq!((answer.0, &answer.1["code"]), (status, &json!(code)), "{wrong}");
    }
    assert_eq!(
        timeless(provider.sends(&body, PAYMENT_SECRET, seconds()).await),
        is("sold", false)
    );
}

#[tokio::test]
async fn with_a_secret_nobody_pretends_to_be_the_provider() {
    let server = Running::with(TestDatabase::sqlite(), |settings| {
        settings.seats.payment_secret = "a secret of the provider".parse().unwrap();
    })
    .await;
    let kim = Asker::new(server.addr).await;
    let hold = kim.have("concert", &["A-1"]).await;
    let payment = pay(&kim, &hold).await;
    let pretend = format!("/demo-payments/{}", payment.as_str().unwrap());
    let (status, refused) = kim.post(&pretend, &json!({"status": "succeeded"})).await;
    assert_eq!((status, &refused["code"]), (404, &json!("payment_unknown")));
    let body = json!({"id": "e", "payment": payment, "status": "succeeded", "amount": 110_000}).to_string();
    let provider = Provider(&server);
    assert_eq!(provider.sends(&body, PAYMENT_SECRET, seconds()).await.0, 401);
    assert_eq!(
        timeless(provider.sends(&body, "a secret of the provider", seconds()).await),
        is("sold", false)
    );
}
