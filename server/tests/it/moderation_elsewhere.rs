//! Order across processes: two servers on one database, of which one is told what to do. What each knows of the other, it reads from the database.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::asked::{admin, ask, moderate};
use crate::database::TestDatabase;
use crate::on_every_database;
use crate::running::Running;
use crate::sent_away::{BANNED, on_every_way, requests_are_refused};

/// Within this, what a moderator does acts everywhere.
const A_SECOND: Duration = Duration::from_secs(1);

on_every_database! {
    whoever_is_banned_at_another_server_is_gone_within_a_second_on_every_way
    whoever_is_muted_at_another_server_says_nothing_within_a_second
    in_slow_mode_all_servers_share_the_turns
}

async fn whoever_is_banned_at_another_server_is_gone_within_a_second_on_every_way(database: TestDatabase) {
    let (here, there) = two_servers(database).await;
    let boss = admin(there.addr, &there.store, "Boss").await;
    let mut lee = here.join("lobby", "Lee").await;
    let mut endings = on_every_way(here.addr, "lobby", "Kim", "", BANNED).await;
    let done = moderate(
        there.addr,
        &boss,
        "lobby",
        json!({"action": "ban", "name": "Kim"}),
    )
    .await;
    assert_eq!(done.status, 200, "{done:?}");
    let begun = Instant::now();
    while let Some(ended) = endings.join_next().await {
        let (way, time) = (ended.unwrap(), begun.elapsed());
        assert!(time < A_SECOND, "{way} after {time:?}");
    }
    requests_are_refused(here.addr, "lobby", "Kim").await;
    let heard = lee.until("moderated").await;
    assert_eq!(
        heard,
        json!({"type": "moderated", "action": "ban", "name": "Kim"})
    );
    moderate(
        there.addr,
        &boss,
        "lobby",
        json!({"action": "unban", "name": "Kim"}),
    )
    .await;
    assert_eq!(lee.until("moderated").await["action"], "unban");
    here.join("lobby", "Kim").await;
    let mut words = here.join("lobby", "words").await;
    moderate(
        there.addr,
        &boss,
        "lobby",
        json!({"action": "words", "words": ["darn"]}),
    )
    .await;
    assert_eq!(words.until("moderated").await["action"], "words");
    words.send("c1", "darn").await;
    words.refused("word_filtered").await;
}

async fn whoever_is_muted_at_another_server_says_nothing_within_a_second(database: TestDatabase) {
    let (here, there) = two_servers(database).await;
    let boss = admin(there.addr, &there.store, "Boss").await;
    let mut kim = here.join("lobby", "Kim").await;
    moderate(
        there.addr,
        &boss,
        "lobby",
        json!({"action": "mute", "name": "Kim"}),
    )
    .await;
    let begun = Instant::now();
    assert_eq!(kim.expect("moderated").await["action"], "mute");
    assert!(begun.elapsed() < A_SECOND, "{:?}", begun.elapsed());
    kim.send("c1", "hello").await;
    assert!(
        kim.refused("muted").await.get("retry_after_ms").is_none(),
        "for ever"
    );
}

async fn in_slow_mode_all_servers_share_the_turns(database: TestDatabase) {
    let (here, there) = two_servers(database).await;
    let boss = admin(there.addr, &there.store, "Boss").await;
    let mut kim = here.connect("/ws/lobby").await;
    let session = kim.join("Kim").await["session"].clone();
    moderate(
        there.addr,
        &boss,
        "lobby",
        json!({"action": "slow", "seconds": 600}),
    )
    .await;
    kim.expect("moderated").await;
    kim.send("c1", "one").await;
    kim.expect("ack").await;
    let post = json!({"name": "Kim", "session": session, "text": "two"});
    let posted = ask(there.addr, "POST", "/api/rooms/lobby/messages", "", post).await;
    assert_eq!(posted.code(), (429, "slow_mode"));
}

async fn two_servers(database: TestDatabase) -> (Running, Running) {
    let beside = database.beside();
    (Running::on(database).await, Running::on(beside).await)
}
