//! Order in a room from outside: who is muted or banned notices at once, on every way, and so do the others.

use std::time::Instant;

use madang_server::chat::{LONGEST_SLOW, REASON_LEN};
use serde_json::{Value, json};

use crate::asked::{PAGE, admin, ask, headers, moderate, sign_up};
use crate::database::TestDatabase;
use crate::http::{event, follow};
use crate::on_every_database;
use crate::running::{Client, Running};
use crate::sent_away::{BANNED, on_every_way, requests_are_refused};
use crate::socketio::Talker;

on_every_database! {
    whoever_is_banned_is_gone_at_once_on_every_way
    a_ban_outlives_the_server
    a_banned_account_that_signs_out_is_not_back_with_the_same_session
}

async fn whoever_is_banned_is_gone_at_once_on_every_way(database: TestDatabase) {
    let server = Running::on(database).await;
    let boss = admin(server.addr, &server.store, "Boss").await;
    let mut lee = server.join("lobby", "Lee").await;
    let mut stream = follow(&server, "/api/rooms/lobby/events", "").await;
    event(&mut stream).await.unwrap();
    let mut endings = on_every_way(server.addr, "lobby", "Kim", "", BANNED).await;
    let mut elsewhere = server.join("other", "Kim").await;
    let before = server.back.hub().stats().members;

    let action = json!({"action": "ban", "name": "Kim", "seconds": 3600, "reason": "spam"});
    let begun = Instant::now();
    let done = moderate(server.addr, &boss, "lobby", action).await;
    assert_eq!(done.status, 200, "{done:?}");
    while let Some(ended) = endings.join_next().await {
        println!("{} after {:?}", ended.unwrap(), begun.elapsed());
    }
    let until = done.body["until"].as_i64().unwrap();
    assert_eq!(until - done.body["at"].as_i64().unwrap(), 3_600_000);
    let told = json!({"type": "moderated", "action": "ban", "name": "Kim", "until": until});
    assert_eq!(lee.until("moderated").await, told);
    assert_eq!(
        lee.until("left").await["name"],
        "Kim",
        "without waiting whether they come back"
    );
    let (kind, id, data) = event(&mut stream).await.unwrap();
    assert_eq!((&*kind, &*id, &data["action"]), ("moderated", "", &json!("ban")));

    requests_are_refused(server.addr, "lobby", "Kim").await;
    assert!(server.back.hub().stats().members < before);
    elsewhere.send("c1", "only there").await;
    elsewhere.expect("ack").await;
}

#[tokio::test]
async fn whoever_is_banned_cannot_come_back_until_it_is_over() {
    let server = Running::start().await;
    let boss = admin(server.addr, &server.store, "Boss").await;
    let mut kim = server.connect("/ws/lobby").await;
    let session = kim.join("Kim").await["session"].clone();
    let ban = json!({"action": "ban", "name": "Kim", "seconds": 3600});
    assert_eq!(moderate(server.addr, &boss, "lobby", ban).await.status, 200);
    kim.closed().await;
    for join in [
        json!({"type": "join", "name": "Kim"}),
        json!({"type": "join", "name": "kim"}),
        json!({"type": "join", "name": "Other", "session": session}),
    ] {
        let mut again = server.connect("/ws/lobby").await;
        again.say(&join).await;
        let error = again.refused("banned").await;
        let time = error["retry_after_ms"].as_u64().unwrap();
        assert!((3_500_000..=3_600_000).contains(&time), "{error}");
        assert_eq!(again.closed().await.code.as_u16(), 4403);
    }
    let mut talker = Talker::connect(&server).await;
    let answer = talker.ask("join", &json!({"room": "lobby", "name": "Kim"})).await;
    assert_eq!(answer["code"], "banned");
    let unban = json!({"action": "unban", "name": "KIM"});
    assert_eq!(
        moderate(server.addr, &boss, "lobby", unban.clone()).await.status,
        200
    );
    server.join("lobby", "Kim").await;
    let nothing = moderate(server.addr, &boss, "lobby", unban).await;
    assert_eq!(nothing.code(), (404, "person_unknown"));

    let ever = json!({"action": "ban", "name": "Kim"});
    assert_eq!(
        moderate(server.addr, &boss, "lobby", ever).await.body["until"],
        Value::Null
    );
    let mut again = server.connect("/ws/lobby").await;
    again.say(&json!({"type": "join", "name": "Kim"})).await;
    assert!(again.refused("banned").await.get("retry_after_ms").is_none());
}

async fn a_banned_account_that_signs_out_is_not_back_with_the_same_session(database: TestDatabase) {
    let server = Running::on(database).await;
    let boss = admin(server.addr, &server.store, "Boss").await;
    // A guest had the name before somebody took it.
    let mut guest = server.connect("/ws/lobby").await;
    let guest_s = guest.join("Kim").await["session"].clone();
    guest.send("c1", "I was here first").await;
    guest.expect("ack").await;
    let kim = sign_up(server.addr, "Kim").await;
    let lee = sign_up(server.addr, "Lee").await;
    let mut tab = Client::connect_with(server.addr, "/ws/lobby", headers(&kim)).await;
    let kim_s = tab.join("Kim").await["session"].clone();
    let mut phone = Client::connect_with(server.addr, "/ws/lobby", headers(&lee)).await;
    let lee_s = phone.join("Lee").await["session"].clone();
    phone.send("c2", "bye").await;
    phone.until("ack").await;
    drop(phone);
    for name in ["Kim", "lee"] {
        let ban = json!({"action": "ban", "name": name});
        assert_eq!(moderate(server.addr, &boss, "lobby", ban).await.status, 200);
    }
    assert_eq!(tab.closed().await.code.as_u16(), 4403);
    let join = async |name: &str, session: &Value| {
        let mut client = server.connect("/ws/lobby").await;
        client
            .say(&json!({"type": "join", "name": name, "session": session}))
            .await;
        client.next().await
    };
    // Of one who was here, and of one who has said something.
    for session in [&kim_s, &lee_s] {
        assert_eq!(join("Park", session).await["code"], "banned");
        let bearer = format!("Authorization: Bearer {}\r\n", session.as_str().unwrap());
        let path = "/api/rooms/lobby/messages";
        let read = ask(server.addr, "GET", path, &bearer, Value::Null).await;
        assert_eq!(read.code(), (403, "banned"));
    }
    assert_eq!(join("Choi", &guest_s).await["type"], "welcome", "somebody else");
    assert_eq!(join("Choi", &Value::Null).await["type"], "welcome");
    let unban = json!({"action": "unban", "name": "Kim"});
    assert_eq!(moderate(server.addr, &boss, "lobby", unban).await.status, 200);
    assert_eq!(join("Park", &kim_s).await["type"], "welcome");
}

#[tokio::test]
async fn a_banned_account_is_banned_on_every_device() {
    let server = Running::start().await;
    let boss = admin(server.addr, &server.store, "Boss").await;
    let page = sign_up(server.addr, "Kim").await;
    let mut tab = Client::connect_with(server.addr, "/ws/lobby", headers(&page)).await;
    tab.join("Kim").await;
    let mut phone = Talker::connect_with(&server, headers(&page)).await;
    phone.ask("join", &json!({"room": "lobby", "name": "Kim"})).await;
    let ban = json!({"action": "ban", "name": "kim", "seconds": 60});
    moderate(server.addr, &boss, "lobby", ban).await;
    assert_eq!(tab.closed().await.code.as_u16(), 4403);
    assert!(phone.ended().await.contains(&"41".to_owned()));
    let read = ask(
        server.addr,
        "GET",
        "/api/rooms/lobby/messages",
        &page,
        Value::Null,
    )
    .await;
    assert_eq!(read.code(), (403, "banned"));
    // Rooms are open: whoever says nothing of themselves reads as everybody may.
    let read = ask(server.addr, "GET", "/api/rooms/lobby/messages", "", Value::Null).await;
    assert_eq!(read.status, 200);
}

async fn a_ban_outlives_the_server(database: TestDatabase) {
    let server = Running::on(database).await;
    let boss = admin(server.addr, &server.store, "Boss").await;
    let ban = json!({"action": "ban", "name": "Kim"});
    assert_eq!(moderate(server.addr, &boss, "lobby", ban).await.status, 200);
    let Running { back, database, .. } = server;
    assert!(back.close().await);
    let server = Running::on(database).await;
    requests_are_refused(server.addr, "lobby", "Kim").await;
    server.join("lobby", "Lee").await;
}

#[tokio::test]
async fn whoever_is_muted_reads_on_and_says_nothing() {
    let server = Running::start().await;
    let boss = admin(server.addr, &server.store, "Boss").await;
    let mut kim = server.join("lobby", "Kim").await;
    let mut talker = Talker::join(&server, "lobby", "Kim").await;
    let mut lee = server.join("lobby", "Lee").await;
    kim.expect("joined").await;
    let mute = json!({"action": "mute", "name": "Kim", "seconds": 60, "reason": "loud"});
    assert_eq!(moderate(server.addr, &boss, "lobby", mute).await.status, 200);
    assert_eq!(kim.expect("moderated").await["action"], "mute");
    assert_eq!(lee.expect("moderated").await["name"], "Kim");
    kim.send("c1", "hello").await;
    let error = kim.refused("muted").await;
    assert_eq!(error["client_id"], "c1");
    assert!(
        (50_000..=60_000).contains(&error["retry_after_ms"].as_u64().unwrap()),
        "{error}"
    );
    assert_eq!(talker.send("c2", "hello").await["code"], "muted");
    let post = json!({"name": "Kim", "text": "hello"});
    let posted = ask(server.addr, "POST", "/api/rooms/lobby/messages", "", post).await;
    assert_eq!(posted.code(), (403, "muted"));
    assert!(posted.header("retry-after").is_some());
    let batch = json!({"name": "Kim", "messages": [{"client_id": "c3", "text": "hello"}]});
    let posted = ask(server.addr, "POST", "/api/rooms/lobby/messages/batch", "", batch).await;
    assert_eq!(posted.body["results"][0]["code"], "muted");
    kim.say(&json!({"type": "typing", "active": true})).await;
    lee.send("c4", "what?").await;
    lee.expect("ack").await;
    assert_eq!(kim.expect("message").await["text"], "what?");
    lee.heard_nothing_more().await;
    let unmute = json!({"action": "unmute", "name": "Kim"});
    assert_eq!(moderate(server.addr, &boss, "lobby", unmute).await.status, 200);
    kim.expect("moderated").await;
    kim.send("c1", "hello").await;
    kim.expect("ack").await;
}

#[tokio::test]
async fn everything_that_moderators_do_at_once_is_told() {
    const AT_ONCE: u64 = 40;
    let server = Running::start().await;
    let boss = admin(server.addr, &server.store, "Boss").await;
    let mut kim = server.join("lobby", "Kim").await;
    let paces = (1..=AT_ONCE).map(|seconds| {
        let slow = json!({"action": "slow", "seconds": seconds});
        moderate(server.addr, &boss, "lobby", slow)
    });
    for answer in futures_util::future::join_all(paces).await {
        assert_eq!(answer.status, 200);
    }
    let mut told = Vec::new();
    for _ in 0..AT_ONCE {
        told.push(kim.expect("moderated").await["seconds"].as_u64().unwrap());
    }
    told.sort_unstable();
    assert_eq!(told, (1..=AT_ONCE).collect::<Vec<_>>());
}

#[tokio::test]
async fn words_that_a_room_does_not_want_are_kept_out() {
    let server = Running::start().await;
    let boss = admin(server.addr, &server.store, "Boss").await;
    let mut kim = server.join("lobby", "Kim").await;
    let words = json!({"action": "words", "words": ["Darn", "바보"]});
    assert_eq!(moderate(server.addr, &boss, "lobby", words).await.status, 200);
    let heard = kim.expect("moderated").await;
    assert_eq!(
        heard,
        json!({"type": "moderated", "action": "words"}),
        "not which"
    );
    for text in ["DARN it", "이 바보야"] {
        kim.send("c1", text).await;
        assert_eq!(kim.refused("word_filtered").await["client_id"], "c1");
        let post = json!({"name": "Kim", "text": text});
        let posted = ask(server.addr, "POST", "/api/rooms/lobby/messages", "", post).await;
        assert_eq!(posted.code(), (400, "word_filtered"));
    }
    kim.send("c1", "darned").await;
    kim.expect("ack").await;
}

#[tokio::test]
async fn a_report_is_about_a_message_that_is_there() {
    let server = Running::start().await;
    let mut kim = server.join("lobby", "Kim").await;
    kim.send("c1", "one").await;
    kim.expect("ack").await;
    for change in [
        json!({"type": "edit", "client_id": "c2", "target": 1, "text": "two"}),
        json!({"type": "react", "client_id": "c3", "target": 1, "emoji": "👍", "on": true}),
        json!({"type": "delete", "client_id": "c4", "target": 1}),
    ] {
        kim.say(&change).await;
        kim.expect("ack").await;
    }
    for (offset, refused) in [
        (1, (410, "message_deleted")),
        (2, (404, "message_unknown")),
        (3, (404, "message_unknown")),
        (4, (404, "message_unknown")),
    ] {
        let report = json!({"offset": offset, "reason": "advertising"});
        let answer = ask(server.addr, "POST", "/api/rooms/lobby/reports", "", report).await;
        assert_eq!(answer.code(), refused, "{offset}");
    }
}

#[tokio::test]
async fn a_report_waits_for_a_moderator() {
    let server = Running::start().await;
    let boss = admin(server.addr, &server.store, "Boss").await;
    let mut kim = server.join("lobby", "Kim").await;
    kim.send("c1", "buy my stuff").await;
    kim.expect("ack").await;
    let path = "/api/rooms/lobby/reports";
    let lee = sign_up(server.addr, "Lee").await;
    let report = json!({"offset": 1, "reason": "advertising"});
    let first = ask(server.addr, "POST", path, &lee, report.clone()).await;
    let again = ask(server.addr, "POST", path, &lee, report.clone()).await;
    let guest = ask(server.addr, "POST", path, "", report).await;
    assert_eq!((first.status, again.status, guest.status), (201, 200, 201));
    assert_eq!(first.body, again.body);
    for (body, refused) in [
        (json!({"offset": 9, "reason": "x"}), (404, "message_unknown")),
        (json!({"offset": 1, "reason": " "}), (400, "report_invalid")),
        (
            json!({"offset": 1, "reason": "r".repeat(REASON_LEN + 1)}),
            (400, "report_invalid"),
        ),
        (json!({"offset": -1, "reason": "x"}), (422, "bad_json")),
        (
            json!({"offset": 1, "reason": "x", "session": "x"}),
            (400, "session_invalid"),
        ),
    ] {
        let answer = ask(server.addr, "POST", path, "", body).await;
        assert_eq!(answer.code(), refused, "{answer:?}");
    }
    let order = async || {
        ask(
            server.addr,
            "GET",
            "/api/rooms/lobby/moderation",
            &boss,
            Value::Null,
        )
        .await
        .body
    };
    let reports = order().await["reports"].clone();
    assert_eq!(reports.as_array().unwrap().len(), 2);
    let of_lee = reports
        .as_array()
        .unwrap()
        .iter()
        .find(|report| report["by"] == "Lee")
        .unwrap();
    assert_eq!(
        (
            &of_lee["offset"],
            &of_lee["author"],
            &of_lee["text"],
            &of_lee["reason"]
        ),
        (
            &json!(1),
            &json!("Kim"),
            &json!("buy my stuff"),
            &json!("advertising")
        )
    );
    let resolve = json!({"action": "resolve", "report": of_lee["id"]});
    assert_eq!(
        moderate(server.addr, &boss, "lobby", resolve.clone())
            .await
            .status,
        200
    );
    let again = moderate(server.addr, &boss, "lobby", resolve).await;
    assert_eq!(again.code(), (400, "moderation_invalid"));
    assert_eq!(order().await["reports"].as_array().unwrap().len(), 1);
    kim.heard_nothing_more().await;
}

#[tokio::test]
async fn moderators_see_what_holds_and_how_it_came_about() {
    let server = Running::start().await;
    let boss = admin(server.addr, &server.store, "Boss").await;
    let kim = sign_up(server.addr, "Kim").await;
    let role = json!({"role": "moderator"});
    ask(server.addr, "PUT", "/api/rooms/lobby/roles/Kim", &boss, role).await;
    for action in [
        json!({"action": "mute", "name": "Lee", "seconds": 60, "reason": "loud"}),
        json!({"action": "ban", "name": "Park"}),
        json!({"action": "slow", "seconds": 5}),
        json!({"action": "words", "words": ["darn"]}),
    ] {
        let done = moderate(server.addr, &kim, "lobby", action.clone()).await;
        assert_eq!(done.status, 200, "{action} {done:?}");
    }
    let order = ask(
        server.addr,
        "GET",
        "/api/rooms/lobby/moderation",
        &kim,
        Value::Null,
    )
    .await
    .body;
    let [ban, mute] = &order["sanctions"].as_array().unwrap()[..] else {
        panic!("{order}")
    };
    assert_eq!(
        (&ban["kind"], &ban["name"], &ban["until"]),
        (&json!("ban"), &json!("Park"), &Value::Null)
    );
    assert_eq!(
        (&mute["by"], &mute["reason"], &mute["account"]),
        (&json!("Kim"), &json!("loud"), &json!(false))
    );
    assert_eq!(order["settings"], json!({"slow_seconds": 5, "words": ["darn"]}));
    assert_eq!(order["moderators"], json!(["Kim"]));
    let log = order["log"].as_array().unwrap();
    let actions: Vec<_> = log
        .iter()
        .map(|entry| entry["action"].as_str().unwrap())
        .collect();
    assert_eq!(actions, ["words", "slow", "ban", "mute", "role"]);
    assert_eq!(
        (&log[4]["by"], &log[4]["detail"]),
        (&json!("Boss"), &json!("moderator"))
    );
    let path = format!("/api/rooms/lobby/moderation?before={}", log[3]["id"]);
    let older = ask(server.addr, "GET", &path, &kim, Value::Null).await.body;
    assert_eq!(older["log"].as_array().unwrap().len(), 1);
    let other = ask(
        server.addr,
        "GET",
        "/api/rooms/other/moderation",
        &kim,
        Value::Null,
    )
    .await;
    assert_eq!(other.code(), (403, "not_allowed"), "only where they keep order");
}

#[tokio::test]
async fn order_is_kept_by_those_who_may_among_those_who_may_less() {
    let server = Running::start().await;
    let boss = admin(server.addr, &server.store, "Boss").await;
    let [kim, park, lee] = [
        sign_up(server.addr, "Kim").await,
        sign_up(server.addr, "Park").await,
        sign_up(server.addr, "Lee").await,
    ];
    for name in ["Kim", "Park"] {
        let path = format!("/api/rooms/lobby/roles/{name}");
        ask(server.addr, "PUT", &path, &boss, json!({"role": "moderator"})).await;
    }
    let _ = park;
    let ban = |name: &str| json!({"action": "ban", "name": name});
    for (page, room, name, refused) in [
        (PAGE, "lobby", "guest", (401, "sign_in_required")),
        (&*lee, "lobby", "guest", (403, "not_allowed")),
        (&*kim, "other", "guest", (403, "not_allowed")),
        (&*kim, "lobby", "Park", (403, "not_allowed")),
        (&*kim, "lobby", "Kim", (403, "not_allowed")),
        (&*kim, "lobby", "Boss", (403, "not_allowed")),
        (&*boss, "lobby", "Boss", (403, "not_allowed")),
        (&*boss, "lab-1", "guest", (403, "room_read_only")),
        (&*boss, "scores-yard", "guest", (403, "room_read_only")),
    ] {
        let answer = moderate(server.addr, page, room, ban(name)).await;
        assert_eq!(answer.code(), refused, "{room} {name}");
    }
    for (page, name) in [(&kim, "guest"), (&kim, "Lee"), (&boss, "Park")] {
        assert_eq!(
            moderate(server.addr, page, "lobby", ban(name)).await.status,
            200,
            "{name}"
        );
    }
}

#[tokio::test]
async fn what_is_no_action_is_refused_with_its_code() {
    let server = Running::start().await;
    let boss = admin(server.addr, &server.store, "Boss").await;
    let many: Vec<_> = (0..=200).map(|n| format!("w{n}")).collect();
    for (action, refused) in [
        (json!({"action": "dance"}), (400, "moderation_invalid")),
        (json!({}), (422, "bad_json")),
        (json!({"action": "mute"}), (400, "moderation_invalid")),
        (json!({"action": "mute", "name": " "}), (400, "name_invalid")),
        (
            json!({"action": "mute", "name": "Kim", "seconds": 0}),
            (400, "moderation_invalid"),
        ),
        (
            json!({"action": "ban", "name": "Kim", "seconds": 31_622_401}),
            (400, "moderation_invalid"),
        ),
        (
            json!({"action": "ban", "name": "Kim", "seconds": -1}),
            (422, "bad_json"),
        ),
        (
            json!({"action": "ban", "name": "Kim", "reason": "r".repeat(REASON_LEN + 1)}),
            (400, "moderation_invalid"),
        ),
        (json!({"action": "slow"}), (400, "moderation_invalid")),
        (
            json!({"action": "slow", "seconds": LONGEST_SLOW.as_secs() + 1}),
            (400, "moderation_invalid"),
        ),
        (json!({"action": "words"}), (400, "moderation_invalid")),
        (
            json!({"action": "words", "words": many}),
            (400, "moderation_invalid"),
        ),
        (
            json!({"action": "words", "words": [""]}),
            (400, "moderation_invalid"),
        ),
        (json!({"action": "resolve"}), (400, "moderation_invalid")),
        (
            json!({"action": "resolve", "report": 7}),
            (400, "moderation_invalid"),
        ),
        (
            json!({"action": "unmute", "name": "Kim"}),
            (404, "person_unknown"),
        ),
    ] {
        let answer = moderate(server.addr, &boss, "lobby", action.clone()).await;
        assert_eq!(answer.code(), refused, "{action}");
    }
    let log = server.store.moderation_log("lobby", None, 9).await.unwrap();
    assert!(log.is_empty(), "{log:?}");
}
