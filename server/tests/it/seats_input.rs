//! What is no command, or of nobody.

use std::num::NonZeroU32;

use serde_json::{Value, json};

use crate::database::TestDatabase;
use crate::running::Running;
use crate::seats_asking::{Asker, ask, key};

#[tokio::test]
async fn what_is_no_command_is_refused_with_its_reason() {
    let server = Running::start().await;
    let kim = Asker::new(server.addr).await;
    let holds = "/events/premiere/holds";
    for (path, body, status, code) in [
        (holds, json!({}), 400, "seats_invalid"),
        (holds, json!({"places": []}), 400, "seats_invalid"),
        (
            holds,
            json!({"places": ["A-1"], "slot": "2026-12-01T18:00", "party": 2}),
            400,
            "seats_invalid",
        ),
        (holds, json!({"places": ["A-11"]}), 404, "place_unknown"),
        (holds, json!({"places": ["A 1"]}), 404, "place_unknown"),
        (
            holds,
            json!({"places": ["A-1@2026-12-01T18:00"]}),
            404,
            "place_unknown",
        ),
        (holds, json!({"places": "A-1"}), 422, "bad_json"),
        (
            holds,
            json!({"slot": "2026-12-01T18:00", "party": -1}),
            422,
            "bad_json",
        ),
        (
            "/events/nowhere/holds",
            json!({"places": ["A-1"]}),
            404,
            "event_unknown",
        ),
        (
            "/events/No%20where/holds",
            json!({"places": ["A-1"]}),
            404,
            "event_unknown",
        ),
        (
            "/events/%FF/holds",
            json!({"places": ["A-1"]}),
            404,
            "event_unknown",
        ),
        (
            "/events/premiere/waiting",
            json!({"section": "R", "count": 1}),
            404,
            "section_unknown",
        ),
        (
            "/events/premiere/waiting",
            json!({"section": "main", "count": 0}),
            400,
            "seats_invalid",
        ),
        (
            "/events/premiere/waiting",
            json!({"section": "main", "count": 7}),
            400,
            "seats_invalid",
        ),
        (
            "/events/premiere/waiting",
            json!({"section": "main"}),
            422,
            "bad_json",
        ),
        ("/holds/nothing/confirm", Value::Null, 404, "hold_unknown"),
        (
            "/holds/AAAAAAAAAAAAAAAAAAAAAA/confirm",
            Value::Null,
            404,
            "hold_unknown",
        ),
        (
            "/waiting/AAAAAAAAAAAAAAAAAAAAAA/leave",
            Value::Null,
            404,
            "waiting_unknown",
        ),
        (
            "/demo-payments/AAAAAAAAAAAAAAAAAAAAAA",
            json!({"status": "failed"}),
            404,
            "payment_unknown",
        ),
        ("/demo-payments/x", json!({"status": "perhaps"}), 422, "bad_json"),
    ] {
        let answer = kim.post(path, &body).await;
        assert_eq!(
            (answer.0, &answer.1["code"]),
            (status, &json!(code)),
            "{path} {body}: {}",
            answer.1
        );
    }
    for (path, code) in [
        ("/events/nowhere", "event_unknown"),
        ("/events/nowhere/places/A-1", "event_unknown"),
        ("/events/premiere/places/B-1", "place_unknown"),
        ("/events/premiere/places/%FF", "event_unknown"),
    ] {
        let answer = kim.get(path).await;
        assert_eq!((answer.0, &answer.1["code"]), (404, &json!(code)), "{path}");
    }
    assert_eq!(
        kim.place("premiere", "A-1").await["version"],
        0,
        "nothing has changed"
    );
}

#[tokio::test]
async fn a_command_says_who_asks_and_has_a_key() {
    let server = Running::start().await;
    let kim = Asker::new(server.addr).await;
    let path = "/api/seats/events/premiere/holds";
    let body = json!({"places": ["A-1"]}).to_string();
    for authorization in [
        "",
        "Authorization: Bearer x\r\n",
        "Authorization: Basic AAAA\r\n",
        "Authorization: Bearer\r\n",
    ] {
        let headers = format!("Content-Type: application/json\r\nIdempotency-Key: k\r\n{authorization}");
        let (status, refused) = ask(server.addr, "POST", path, &headers, &body).await;
        assert_eq!(
            (status, &refused["code"]),
            (401, &json!("session_needed")),
            "{authorization}"
        );
        assert_eq!(
            ask(server.addr, "GET", "/api/seats/holds", authorization, "")
                .await
                .0,
            401
        );
    }
    for key in ["", "a b", "열쇠", &"k".repeat(65)] {
        let (status, refused) = kim
            .post_as(key, "/events/premiere/holds", &json!({"places": ["A-1"]}))
            .await;
        assert_eq!(
            (status, &refused["code"]),
            (400, &json!("idempotency_key_invalid")),
            "{key}"
        );
    }
    assert_eq!(kim.place("premiere", "A-1").await["state"], "free");
}

#[tokio::test]
async fn an_address_holds_so_many_places_whoever_asks() {
    let server = Running::with(TestDatabase::sqlite(), |settings| {
        settings.seats.per_address = NonZeroU32::new(4);
    })
    .await;
    let (kim, lee) = (Asker::new(server.addr).await, Asker::new(server.addr).await);
    let hold = kim.have("premiere", &["A-1", "A-2"]).await;
    let key = key();
    let last = json!({"places": ["A-3"]});
    let (status, again) = kim.post_as(&key, "/events/premiere/holds", &last).await;
    assert_eq!(status, 201);
    // What somebody else has, and the same again, are no places more.
    assert_eq!(lee.hold("premiere", &["A-1"]).await.1["code"], "seats_taken");
    assert_eq!(
        kim.post_as(&key, "/events/premiere/holds", &last).await,
        (201, again.clone())
    );
    lee.have("premiere", &["A-4"]).await;
    // Held again and again, a place is kept from others as well.
    assert_eq!(kim.act(&hold, "release").await.0, 200);
    for asker in [&kim, &lee, &Asker::new(server.addr).await] {
        let (status, refused) = asker.hold("premiere", &["A-5"]).await;
        assert_eq!((status, &refused["code"]), (429, &json!("rate_limited")));
        let time = refused["retry_after_ms"].as_u64().unwrap();
        assert!((590_000..=600_000).contains(&time), "{time} ms");
    }
    // Nor is what was told before refused since.
    assert_eq!(
        kim.post_as(&key, "/events/premiere/holds", &last).await,
        (201, again)
    );
    assert_eq!(
        server.metric("madang_rate_limited_total{limit=\"seats\"}").await,
        3
    );
}

#[tokio::test]
async fn an_address_waits_for_so_many_places_whoever_asks() {
    let server = Running::with(TestDatabase::sqlite(), |settings| {
        settings.seats.per_address = NonZeroU32::new(6);
    })
    .await;
    let (kim, lee) = (Asker::new(server.addr).await, Asker::new(server.addr).await);
    let key = key();
    let two = json!({"section": "main", "count": 2});
    // There are enough, so they are offered at once.
    let (status, first) = kim.post_as(&key, "/events/premiere/waiting", &two).await;
    assert_eq!((status, &first["state"]), (201, &json!("offered")));
    assert_eq!(kim.wait("premiere", "nowhere", 2).await.0, 404);
    assert_eq!(lee.wait("premiere", "main", 4).await.1["state"], "offered");
    for (status, answer) in [
        lee.wait("concert", "R", 1).await,
        lee.hold("concert", &["A-1"]).await,
        Asker::new(server.addr).await.wait("premiere", "main", 1).await,
    ] {
        assert_eq!((status, &answer["code"]), (429, &json!("rate_limited")));
    }
    assert_eq!(
        kim.post_as(&key, "/events/premiere/waiting", &two).await,
        (201, first)
    );
}
