//! Whoever signs out, gets another password or has a token taken back isn't the account any more: on every way, and at every server.

use std::time::{Duration, Instant};

use madang_ws::Message;
use serde_json::{Value, json};

use crate::asked::{PAGE, PASSWORD, ask, headers, page_with, sign_up};
use crate::database::TestDatabase;
use crate::on_every_database;
use crate::running::{Client, Running};
use crate::sent_away::{Endings, SIGNED_OUT, on_every_way};
use crate::socketio::Talker;

/// Within this it acts where it is done.
const HERE: Duration = Duration::from_secs(1);

/// Within this it acts at other servers: they look once a second.
const ELSEWHERE: Duration = Duration::from_secs(2);

on_every_database! {
    whoever_signs_out_is_the_account_no_more_on_every_way
    another_password_ends_what_came_by_other_sign_ins
    a_token_that_is_taken_back_ends_what_came_by_it
    what_is_ended_at_another_server_ends_here_too
}

async fn whoever_signs_out_is_the_account_no_more_on_every_way(database: TestDatabase) {
    let server = Running::on(database).await;
    let mut lee = server.join("lobby", "Lee").await;
    let page = sign_up(server.addr, "Kim").await;
    let phone = sign_in(&server, "Kim").await;
    let mut elsewhere = come(&server, &phone).await;
    assert_eq!(lee.expect("joined").await["name"], "Kim");
    let endings = on_every_way(server.addr, "lobby", "Kim", &page, SIGNED_OUT).await;
    let begun = Instant::now();
    let out = ask(server.addr, "POST", "/api/sign-out", &page, json!({})).await;
    assert_eq!(out.status, 204);
    end_within(endings, begun, HERE).await;
    // Another sign-in of the same account goes on.
    still_there(&mut elsewhere, "c1").await;
    assert_eq!(lee.until("message").await["author"], "Kim");
    ask(server.addr, "POST", "/api/sign-out", &phone, json!({})).await;
    assert_eq!(elsewhere.closed().await.code.as_u16(), 4401);
    assert_eq!(
        lee.until("left").await["name"],
        "Kim",
        "without waiting whether they come back"
    );
    let mut guest = Client::connect_with(server.addr, "/ws/lobby", headers(&page)).await;
    guest.say(&json!({"type": "join", "name": "Kim"})).await;
    guest.refused("name_reserved").await;
    assert_eq!(guest.join("Park").await["role"], "guest");
}

async fn another_password_ends_what_came_by_other_sign_ins(database: TestDatabase) {
    let server = Running::on(database).await;
    let page = sign_up(server.addr, "Kim").await;
    let stolen = sign_in(&server, "Kim").await;
    let bot = token(&server, &page).await.0;
    let mut here = come(&server, &page).await;
    let mut program = come(&server, &bot).await;
    let mut lee = come_as(&server, &sign_up(server.addr, "Lee").await, "Lee").await;
    let endings = on_every_way(server.addr, "lobby", "Kim", &stolen, SIGNED_OUT).await;
    let begun = Instant::now();
    let body = json!({"password": PASSWORD, "new_password": "battery staple"});
    let changed = ask(server.addr, "POST", "/api/account/password", &page, body).await;
    assert_eq!(changed.status, 204, "{changed:?}");
    end_within(endings, begun, HERE).await;
    for (client, id) in [(&mut here, "c1"), (&mut program, "c2"), (&mut lee, "c3")] {
        still_there(client, id).await;
    }
}

async fn a_token_that_is_taken_back_ends_what_came_by_it(database: TestDatabase) {
    let server = Running::on(database).await;
    let page = sign_up(server.addr, "Kim").await;
    let (bot, id) = token(&server, &page).await;
    let other_bot = token(&server, &page).await.0;
    let mut here = come(&server, &page).await;
    let mut other = come(&server, &other_bot).await;
    let endings = on_every_way(server.addr, "lobby", "Kim", &bot, SIGNED_OUT).await;
    let begun = Instant::now();
    let path = format!("/api/account/tokens/{id}");
    assert_eq!(
        ask(server.addr, "DELETE", &path, &page, Value::Null).await.status,
        204
    );
    end_within(endings, begun, HERE).await;
    still_there(&mut here, "c1").await;
    still_there(&mut other, "c2").await;
}

async fn what_is_ended_at_another_server_ends_here_too(database: TestDatabase) {
    let here = Running::on(database).await;
    let there = Running::beside(&here).await;
    let page = sign_up(there.addr, "Kim").await;
    let stolen = sign_in(&there, "Kim").await;
    let (bot, id) = token(&there, &page).await;
    let mut stays = come(&here, &page).await;

    let endings = on_every_way(here.addr, "lobby", "Kim", &bot, SIGNED_OUT).await;
    let path = format!("/api/account/tokens/{id}");
    let begun = Instant::now();
    ask(there.addr, "DELETE", &path, &page, Value::Null).await;
    end_within(endings, begun, ELSEWHERE).await;

    let endings = on_every_way(here.addr, "lobby", "Kim", &stolen, SIGNED_OUT).await;
    let body = json!({"password": PASSWORD, "new_password": "battery staple"});
    let begun = Instant::now();
    ask(there.addr, "POST", "/api/account/password", &page, body).await;
    end_within(endings, begun, ELSEWHERE).await;
    still_there(&mut stays, "c1").await;

    let begun = Instant::now();
    ask(there.addr, "POST", "/api/sign-out", &page, json!({})).await;
    stays.until("error").await;
    assert!(begun.elapsed() < ELSEWHERE, "{:?}", begun.elapsed());
}

#[tokio::test]
async fn whoever_has_not_joined_yet_is_sent_away_too() {
    let server = Running::start().await;
    let page = sign_up(server.addr, "Kim").await;
    let mut plain = Client::connect_with(server.addr, "/ws/lobby", headers(&page)).await;
    let mut talker = Talker::connect_with(&server, headers(&page)).await;
    // The server has both.
    plain.say(&json!({"type": "history"})).await;
    plain.refused("join_expected").await;
    talker.ask("history", &json!({})).await;
    ask(server.addr, "POST", "/api/sign-out", &page, json!({})).await;
    plain.refused("signed_out").await;
    assert_eq!(plain.closed().await.code.as_u16(), 4401);
    let packets = talker.ended().await;
    assert!(
        packets[0].starts_with(r#"42["error",{"code":"signed_out""#),
        "{packets:?}"
    );
}

/// A session of Engine.IO outlives the sockets in it, and its handshake said who it is.
#[tokio::test]
async fn another_socket_of_the_same_session_is_the_account_no_more_either() {
    let server = Running::start().await;
    let page = sign_up(server.addr, "Kim").await;
    let mut talker = Talker::connect_with(&server, headers(&page)).await;
    talker.ask("join", &json!({"room": "lobby", "name": "Kim"})).await;
    talker.ws.send("41").await.unwrap();
    let mut lee = server.connect("/ws/lobby").await;
    while lee.join("Lee").await["members"] != json!(["Lee"]) {
        lee = server.connect("/ws/lobby").await;
    }
    ask(server.addr, "POST", "/api/sign-out", &page, json!({})).await;
    talker.ws.send("40").await.unwrap();
    let join = json!(["join", {"room": "lobby", "name": "Kim"}]);
    talker.ws.send(Message::from(format!("420{join}"))).await.unwrap();
    let packets = talker.ended().await;
    assert!(
        !packets.iter().any(|packet| packet.contains("welcome")),
        "{packets:?}"
    );
    assert!(
        packets.iter().any(|packet| packet.contains("signed_out")),
        "{packets:?}"
    );
}

/// Signs in once more, and returns the header lines of that page.
async fn sign_in(server: &Running, name: &str) -> String {
    let credentials = json!({"name": name, "password": PASSWORD});
    page_with(&ask(server.addr, "POST", "/api/sign-in", PAGE, credentials).await)
}

/// A new token as header lines, and its id.
async fn token(server: &Running, page: &str) -> (String, String) {
    let made = ask(
        server.addr,
        "POST",
        "/api/account/tokens",
        page,
        json!({"label": "bot"}),
    )
    .await;
    let text = |field: &str| made.body[field].as_str().unwrap().to_owned();
    (format!("Authorization: Bearer {}\r\n", text("token")), text("id"))
}

async fn come(server: &Running, lines: &str) -> Client {
    come_as(server, lines, "Kim").await
}

async fn come_as(server: &Running, lines: &str, name: &str) -> Client {
    let mut client = Client::connect_with(server.addr, "/ws/lobby", headers(lines)).await;
    assert_eq!(client.join(name).await["account"], name);
    client
}

async fn still_there(client: &mut Client, client_id: &str) {
    client.send(client_id, "still here").await;
    client.until("ack").await;
}

async fn end_within(mut endings: Endings, begun: Instant, bound: Duration) {
    while let Some(ended) = endings.join_next().await {
        let (way, time) = (ended.unwrap(), begun.elapsed());
        assert!(time < bound, "{way} after {time:?}");
    }
}
