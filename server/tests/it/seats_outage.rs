//! The database goes away in the middle of commands: sent again with their keys, each has one effect.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::json;

use crate::cut::Cut;
use crate::database::TestDatabase;
use crate::running::Running;
use crate::seats_asking::{Answer, Asker};

#[tokio::test(flavor = "multi_thread")]
async fn on_mysql() {
    if let Some(database) = TestDatabase::mysql().await {
        sent_again_each_command_has_one_effect(database).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn on_postgres() {
    if let Some(database) = TestDatabase::postgres().await {
        sent_again_each_command_has_one_effect(database).await;
    }
}

async fn sent_again_each_command_has_one_effect(database: TestDatabase) {
    let (line, through) = Cut::before(database.url()).await;
    let server = Running::on(database.reached_by(through)).await;
    let mut askers = Vec::new();
    for _ in 0..10 {
        askers.push(Asker::new(server.addr).await);
    }
    let all = |key: &'static str| {
        let holds = askers.iter().zip(1..).map(move |(asker, n)| async move {
            let body = json!({"places": [format!("A-{n}")]});
            asker.post_as(key, "/events/premiere/holds", &body).await
        });
        join_all(holds)
    };
    let (first, ()) = tokio::join!(all("k"), line.cut());
    for (status, answer) in &first {
        match status {
            201 => assert_eq!(answer["state"], "held"),
            _ => assert_eq!(
                (*status, &answer["code"]),
                (503, &json!("store_unavailable")),
                "{answer}"
            ),
        }
    }
    line.mend().await;
    while !server.get("/readyz", "").await.starts_with("HTTP/1.1 200") {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let mut second: Vec<Answer> = all("k").await;
    while second.iter().any(|(status, _)| *status == 503) {
        second = all("k").await;
    }
    for (n, (first, second)) in first.iter().zip(&second).enumerate() {
        assert_eq!(
            (second.0, &second.1["state"]),
            (201, &json!("held")),
            "{}",
            second.1
        );
        if first.0 == 201 {
            assert_eq!(first, second, "what was answered stays answered");
        }
        let place = askers[n].place("premiere", &format!("A-{}", n + 1)).await;
        assert_eq!(
            (&place["hold"], &place["version"]),
            (&second.1["hold"], &json!(1)),
            "once"
        );
    }
    let event = server.event("premiere").await;
    assert_eq!(
        server.store.compare_seats(&event).await.unwrap(),
        Vec::<String>::new()
    );
}
