//! Accounts from outside: who somebody is on every way, what cookies and tokens are worth, and who may not use them.

use madang_server::chat::{Label, Password};
use serde_json::{Value, json};

use crate::asked::{Answer, PAGE, PASSWORD, admin, ask, headers, page_with, sign_up};
use crate::database::TestDatabase;
use crate::http::{event, follow};
use crate::on_every_database;
use crate::running::{Client, HANDSHAKE, Running, get};
use crate::socketio::Talker;

on_every_database! {
    an_account_outlives_the_server
}

#[tokio::test]
async fn whoever_signs_up_is_signed_in_until_they_sign_out() {
    let server = Running::start().await;
    let credentials = json!({"name": " Kim ", "password": PASSWORD});
    let made = ask(server.addr, "POST", "/api/accounts", PAGE, credentials).await;
    let kim = json!({"name": "Kim", "role": "member", "rooms": []});
    assert_eq!((made.status, &made.body), (201, &kim));
    let cookie = made.header("set-cookie").unwrap();
    for part in ["HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=2592000"] {
        assert!(cookie.contains(part), "{part} in {cookie}");
    }
    assert!(!cookie.contains("Secure"), "{cookie}");
    let page = page_with(&made);
    let me = ask(server.addr, "GET", "/api/account", &page, Value::Null).await;
    assert_eq!((me.status, &me.body), (200, &kim));
    assert!(
        me.header("set-cookie")
            .unwrap()
            .starts_with(cookie.split(';').next().unwrap())
    );
    let out = ask(server.addr, "POST", "/api/sign-out", &page, json!({})).await;
    assert_eq!(out.status, 204);
    assert!(out.header("set-cookie").unwrap().contains("Max-Age=0"));
    for page in [&*page, PAGE] {
        let nobody = ask(server.addr, "GET", "/api/account", page, Value::Null).await;
        assert_eq!(nobody.code(), (401, "sign_in_required"));
    }
}

#[tokio::test]
async fn where_browsers_come_over_tls_cookies_go_over_nothing_else() {
    let server = Running::with(TestDatabase::sqlite(), |settings| settings.secure_cookies = true).await;
    let credentials = json!({"name": "Kim", "password": PASSWORD});
    let made = ask(server.addr, "POST", "/api/accounts", PAGE, credentials).await;
    assert!(made.header("set-cookie").unwrap().contains("Secure"), "{made:?}");
}

async fn an_account_outlives_the_server(database: TestDatabase) {
    let server = Running::on(database).await;
    let page = sign_up(server.addr, "김철수").await;
    let Running { back, database, .. } = server;
    assert!(back.close().await);
    let server = Running::on(database).await;
    let me = ask(server.addr, "GET", "/api/account", &page, Value::Null).await;
    assert_eq!(me.body["name"], "김철수");
    let credentials = json!({"name": "김철수", "password": PASSWORD});
    let signed_in = ask(server.addr, "POST", "/api/sign-in", PAGE, credentials).await;
    assert_eq!(signed_in.status, 200);
}

#[tokio::test]
async fn what_is_no_account_is_refused_with_its_code() {
    let server = Running::start().await;
    sign_up(server.addr, "Kim").await;
    let long = "n".repeat(41);
    let short = "p".repeat(Password::MIN_LEN - 1);
    let longest = "p".repeat(Password::MAX_LEN + 1);
    for (body, refused) in [
        (json!({"name": "Kim", "password": PASSWORD}), (409, "name_taken")),
        (
            json!({"name": "ｋＩＭ", "password": PASSWORD}),
            (409, "name_taken"),
        ),
        (json!({"name": "", "password": PASSWORD}), (400, "name_invalid")),
        (
            json!({"name": long, "password": PASSWORD}),
            (400, "name_too_long"),
        ),
        (
            json!({"name": "Lee", "password": short}),
            (400, "password_invalid"),
        ),
        (
            json!({"name": "Lee", "password": longest}),
            (400, "password_invalid"),
        ),
        (json!({"name": "Lee"}), (422, "bad_json")),
        (json!([]), (422, "bad_json")),
    ] {
        let answer = ask(server.addr, "POST", "/api/accounts", PAGE, body).await;
        assert_eq!(answer.code(), refused, "{answer:?}");
        assert!(answer.header("set-cookie").is_none());
    }
    for (name, password) in [("Kim", "wrong password"), ("Nobody", PASSWORD)] {
        let credentials = json!({"name": name, "password": password});
        let answer = ask(server.addr, "POST", "/api/sign-in", PAGE, credentials).await;
        assert_eq!(answer.code(), (403, "password_wrong"), "the same for both");
    }
}

#[tokio::test]
async fn after_five_wrong_passwords_for_a_name_an_address_waits_for_a_minute() {
    let server = Running::start().await;
    sign_up(server.addr, "Kim").await;
    sign_up(server.addr, "Lee").await;
    let try_as = async |name: &str, password: &str| {
        let credentials = json!({"name": name, "password": password});
        ask(server.addr, "POST", "/api/sign-in", PAGE, credentials).await
    };
    for _ in 0..5 {
        assert_eq!(
            try_as("Kim", "wrong password").await.code(),
            (403, "password_wrong")
        );
    }
    for _ in 0..5 {
        let nobody = try_as("Nobody", "wrong password").await;
        assert_eq!(nobody.code(), (403, "password_wrong"));
    }
    assert_eq!(try_as("Nobody", PASSWORD).await.code(), (429, "too_many_tries"));
    let waits = try_as("kim", PASSWORD).await;
    assert_eq!(waits.code(), (429, "too_many_tries"));
    let time = waits.body["retry_after_ms"].as_u64().unwrap();
    assert!((50_000..=60_000).contains(&time), "{time}");
    assert_eq!(
        waits.header("retry-after"),
        Some(&*time.div_ceil(1000).to_string())
    );
    assert_eq!(try_as("Lee", PASSWORD).await.status, 200, "others don't");
}

#[tokio::test]
async fn pages_of_other_origins_do_nothing_in_somebody_s_name() {
    let server = Running::start().await;
    let page = sign_up(server.addr, "Kim").await;
    let cookie = page.lines().last().unwrap();
    let message = json!({"name": "Kim", "text": "hello"});
    let post = async |headers: String| {
        ask(
            server.addr,
            "POST",
            "/api/rooms/lobby/messages",
            &headers,
            message.clone(),
        )
        .await
    };
    for origin in ["", "Origin: http://evil.example\r\n", "Origin: null\r\n"] {
        let refused = post(format!("{origin}{cookie}\r\n")).await;
        assert_eq!(refused.code(), (403, "origin_refused"), "{origin}");
    }
    assert_eq!(post(page.clone()).await.status, 201);
    // Reading is harmless: no page of another origin gets the answer.
    let read = ask(
        server.addr,
        "GET",
        "/api/account",
        &format!("{cookie}\r\n"),
        Value::Null,
    )
    .await;
    assert_eq!(read.status, 200);
    for path in ["/api/accounts", "/api/sign-in"] {
        let credentials = json!({"name": "Eve", "password": PASSWORD});
        let refused = ask(
            server.addr,
            "POST",
            path,
            "Origin: http://evil.example\r\n",
            credentials,
        )
        .await;
        assert_eq!(refused.code(), (403, "origin_refused"), "{path}");
    }
    for (path, status) in [("/ws/lobby", 403), ("/socket.io/?EIO=4&transport=websocket", 400)] {
        let handshake = format!("{HANDSHAKE}Origin: http://evil.example\r\n{cookie}\r\n");
        let refused = get(server.addr, path, &handshake).await;
        assert!(
            refused.starts_with(&format!("HTTP/1.1 {status}")),
            "{path}: {refused}"
        );
    }
}

#[tokio::test]
async fn pages_of_the_front_may_send_cookies() {
    let server = Running::start().await;
    let preflight = format!("{PAGE}Access-Control-Request-Method: PUT\r\n");
    for (method, path, headers) in [
        ("OPTIONS", "/api/rooms/lobby/roles/Kim", &*preflight),
        ("GET", "/api/account", PAGE),
        ("GET", "/socket.io/?EIO=4&transport=polling", PAGE),
    ] {
        let answer = ask(server.addr, method, path, headers, Value::Null).await;
        assert_eq!(
            answer.header("access-control-allow-credentials"),
            Some("true"),
            "{path}"
        );
        let origin = answer.header("access-control-allow-origin");
        assert_eq!(origin, Some("http://127.0.0.1:3001"), "{path}");
    }
    let foreign = ask(
        server.addr,
        "GET",
        "/api/account",
        "Origin: http://evil.example\r\n",
        Value::Null,
    )
    .await;
    assert_eq!(foreign.header("access-control-allow-origin"), None);
}

#[tokio::test]
async fn a_token_acts_for_its_account_until_it_is_taken_back() {
    let server = Running::start().await;
    let page = sign_up(server.addr, "Kim").await;
    let tokens = "/api/account/tokens";
    for label in ["", "a\nb", &"l".repeat(Label::MAX_LEN + 1)] {
        let refused = ask(server.addr, "POST", tokens, &page, json!({"label": label})).await;
        assert_eq!(refused.code(), (400, "label_invalid"), "{label:?}");
    }
    let made = ask(server.addr, "POST", tokens, &page, json!({"label": "bot"})).await;
    assert_eq!(made.status, 201, "{made:?}");
    let token = made.body["token"].as_str().unwrap();
    assert!(token.starts_with("mdg_"), "{token}");
    let program = format!("Authorization: Bearer {token}\r\n");
    // No `Origin` is needed: no browser sends it by itself.
    let said = ask(
        server.addr,
        "POST",
        "/api/rooms/lobby/messages",
        &program,
        json!({"name": "kim", "text": "hello"}),
    )
    .await;
    assert_eq!(said.status, 201, "{said:?}");
    let newest = server.store.newest("lobby", 1).await.unwrap();
    assert_eq!(newest.messages[0].author, "Kim", "as the account is written");
    let other = json!({"name": "Lee", "text": "hello"});
    let refused = ask(server.addr, "POST", "/api/rooms/lobby/messages", &program, other).await;
    assert_eq!(refused.code(), (403, "name_reserved"));
    let mut bot = Client::connect_with(server.addr, "/ws/lobby", headers(&program)).await;
    assert_eq!(bot.join("Kim").await["account"], "Kim");

    let list = ask(server.addr, "GET", tokens, &page, Value::Null).await;
    let listed = &list.body["tokens"][0];
    assert_eq!(
        (&listed["label"], &listed["id"]),
        (&json!("bot"), &made.body["id"])
    );
    assert!(listed["last_used_at"].is_i64(), "{list:?}");
    assert!(!list.body.to_string().contains(token), "it isn't shown again");
    let path = format!("{tokens}/{}", made.body["id"].as_str().unwrap());
    let lee = sign_up(server.addr, "Lee").await;
    let another_s = ask(server.addr, "DELETE", &path, &lee, Value::Null).await;
    assert_eq!(another_s.code(), (404, "token_not_found"));
    assert_eq!(
        ask(server.addr, "DELETE", &path, &page, Value::Null).await.status,
        204
    );
    for program in [&*program, "Authorization: Bearer mdg_x\r\n"] {
        for path in ["/api/account", "/api/rooms/lobby/messages"] {
            let unknown = ask(server.addr, "GET", path, program, Value::Null).await;
            assert_eq!(unknown.code(), (401, "token_unknown"));
        }
        let handshake = get(server.addr, "/ws/lobby", &format!("{HANDSHAKE}{program}")).await;
        assert!(handshake.starts_with("HTTP/1.1 401"), "{handshake}");
    }
}

#[tokio::test]
async fn a_token_makes_no_tokens_and_changes_no_password() {
    let server = Running::start().await;
    let page = sign_up(server.addr, "Kim").await;
    let tokens = "/api/account/tokens";
    let made = ask(server.addr, "POST", tokens, &page, json!({"label": "bot"})).await;
    let program = format!(
        "Authorization: Bearer {}\r\n",
        made.body["token"].as_str().unwrap()
    );
    let its_own = format!("{tokens}/{}", made.body["id"].as_str().unwrap());
    let change = json!({"password": PASSWORD, "new_password": "battery staple"});
    for (method, path, body) in [
        ("POST", tokens, json!({"label": "another"})),
        ("GET", tokens, Value::Null),
        ("DELETE", &*its_own, Value::Null),
        ("POST", "/api/account/password", change),
    ] {
        // With the cookie beside it, it is the token that counts.
        for lines in [&*program, &*format!("{page}{program}")] {
            let refused = ask(server.addr, method, path, lines, body.clone()).await;
            assert_eq!(refused.code(), (403, "token_not_enough"), "{method} {path}");
        }
    }
    let me = ask(server.addr, "GET", "/api/account", &program, Value::Null).await;
    assert_eq!(me.status, 200);
    let list = ask(server.addr, "GET", tokens, &page, Value::Null).await;
    assert_eq!(list.body["tokens"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn another_password_ends_the_other_sign_ins() {
    let server = Running::start().await;
    let here = sign_up(server.addr, "Kim").await;
    let credentials = json!({"name": "Kim", "password": PASSWORD});
    let elsewhere = page_with(&ask(server.addr, "POST", "/api/sign-in", PAGE, credentials).await);
    let change = async |page: &str, old: &str, new: &str| {
        let body = json!({"password": old, "new_password": new});
        ask(server.addr, "POST", "/api/account/password", page, body).await
    };
    assert_eq!(
        change(PAGE, PASSWORD, "battery staple").await.code(),
        (401, "sign_in_required")
    );
    assert_eq!(
        change(&here, "wrong password", "battery staple").await.code(),
        (403, "password_wrong")
    );
    assert_eq!(
        change(&here, PASSWORD, "short").await.code(),
        (400, "password_invalid")
    );
    assert_eq!(change(&here, PASSWORD, "battery staple").await.status, 204);
    let me = async |page: &str| {
        ask(server.addr, "GET", "/api/account", page, Value::Null)
            .await
            .status
    };
    assert_eq!((me(&here).await, me(&elsewhere).await), (200, 401));
    let sign_in = async |password: &str| {
        let credentials = json!({"name": "Kim", "password": password});
        ask(server.addr, "POST", "/api/sign-in", PAGE, credentials)
            .await
            .status
    };
    assert_eq!(
        (sign_in(PASSWORD).await, sign_in("battery staple").await),
        (403, 200)
    );
}

#[tokio::test]
async fn a_name_is_its_account_s_alone_on_every_way() {
    let server = Running::start().await;
    sign_up(server.addr, "Kim").await;
    let lee = sign_up(server.addr, "Lee").await;
    for name in ["Kim", "kim", " KIM ", "Ｋｉｍ"] {
        for page in ["", &*lee] {
            let mut client = Client::connect_with(server.addr, "/ws/lobby", headers(page)).await;
            client.say(&json!({"type": "join", "name": name})).await;
            client.refused("name_reserved").await;
            let mut talker = Talker::connect_with(&server, headers(page)).await;
            let answer = talker.ask("join", &json!({"room": "lobby", "name": name})).await;
            assert_eq!(answer["code"], "name_reserved");
            for (method, path, body) in [
                ("POST", "messages".to_owned(), json!({"name": name, "text": "a"})),
                (
                    "POST",
                    "messages/batch".to_owned(),
                    json!({"name": name, "messages": [{"client_id": "c", "text": "a"}]}),
                ),
                ("GET", format!("messages?name={}", encoded(name)), Value::Null),
                ("GET", format!("events?name={}", encoded(name)), Value::Null),
            ] {
                let path = format!("/api/rooms/lobby/{path}");
                let answer = ask(server.addr, method, &path, page, body).await;
                assert_eq!(answer.code(), (403, "name_reserved"), "{path} {name}");
            }
        }
    }
    // A guest may try another name.
    let mut client = server.connect("/ws/lobby").await;
    client.say(&json!({"type": "join", "name": "Kim"})).await;
    client.refused("name_reserved").await;
    let welcome = client.join("Park").await;
    assert_eq!(
        (&welcome["account"], &welcome["role"]),
        (&Value::Null, &json!("guest"))
    );
}

#[tokio::test]
async fn an_account_is_one_person_on_all_devices() {
    let server = Running::start().await;
    let page = sign_up(server.addr, "Kim").await;
    let mut lee = server.join("lobby", "Lee").await;
    let mut tab = Client::connect_with(server.addr, "/ws/lobby", headers(&page)).await;
    let welcome = tab.join("kim").await;
    assert_eq!(
        (&welcome["name"], &welcome["account"], &welcome["role"]),
        (&json!("Kim"), &json!("Kim"), &json!("member"))
    );
    let mut phone = Talker::connect_with(&server, headers(&page)).await;
    let welcome = phone.ask("join", &json!({"room": "lobby", "name": "Kim"})).await;
    assert_eq!(
        (&welcome["account"], &welcome["members"]),
        (&json!("Kim"), &json!(["Kim", "Lee"]))
    );
    assert_eq!(lee.expect("joined").await["name"], "Kim");
    tab.send("c1", "from the tab").await;
    tab.expect("ack").await;
    assert_eq!(
        phone.expect("message").await["author"],
        "Kim",
        "sessions are apart"
    );
    assert_eq!(lee.expect("message").await["author"], "Kim");
    tab.ws.close(madang_ws::CloseCode::NORMAL, "").await.unwrap();
    phone.send("c2", "still here").await;
    assert_eq!(
        lee.expect("message").await["text"],
        "still here",
        "nobody has left"
    );
}

#[tokio::test]
async fn a_guest_keeps_their_name_until_they_go_though_somebody_takes_it() {
    let server = Running::start().await;
    let mut guest = server.join("lobby", "Kim").await;
    let page = sign_up(server.addr, "Kim").await;
    guest.send("c1", "I was here first").await;
    guest.expect("ack").await;
    let mut again = server.connect("/ws/lobby").await;
    again.say(&json!({"type": "join", "name": "Kim"})).await;
    again.refused("name_reserved").await;
    let mut owner = Client::connect_with(server.addr, "/ws/lobby", headers(&page)).await;
    assert_eq!(owner.join("Kim").await["role"], "member");
}

#[tokio::test]
async fn an_admin_makes_moderators() {
    let server = Running::start().await;
    let boss = admin(server.addr, &server.store, "Boss").await;
    let kim = sign_up(server.addr, "Kim").await;
    let put = async |page: &str, name: &str, role: Value| {
        let path = format!("/api/rooms/lobby/roles/{name}");
        ask(server.addr, "PUT", &path, page, json!({"role": role})).await
    };
    let mut tab = Client::connect_with(server.addr, "/ws/lobby", headers(&kim)).await;
    assert_eq!(tab.join("Kim").await["role"], "member");
    assert_eq!(
        put(PAGE, "Kim", json!("moderator")).await.code(),
        (401, "sign_in_required")
    );
    assert_eq!(
        put(&kim, "Kim", json!("moderator")).await.code(),
        (403, "not_allowed")
    );
    assert_eq!(
        put(&boss, "Nobody", json!("moderator")).await.code(),
        (404, "person_unknown")
    );
    assert_eq!(
        put(&boss, "Kim", json!("king")).await.code(),
        (400, "moderation_invalid")
    );
    let made = put(&boss, "kim", json!("moderator")).await;
    assert_eq!((made.status, &made.body["name"]), (200, &json!("Kim")));
    assert_eq!(
        tab.expect("moderated").await,
        json!({"type": "moderated", "action": "role", "name": "Kim", "role": "moderator"})
    );
    let me = ask(server.addr, "GET", "/api/account", &kim, Value::Null).await;
    assert_eq!(me.body["rooms"], json!([{"room": "lobby", "role": "moderator"}]));
    let mut tab = Client::connect_with(server.addr, "/ws/lobby", headers(&kim)).await;
    assert_eq!(tab.join("Kim").await["role"], "moderator");
    let mut elsewhere = Client::connect_with(server.addr, "/ws/other", headers(&kim)).await;
    assert_eq!(elsewhere.join("Kim").await["role"], "member");
    assert_eq!(put(&boss, "Kim", Value::Null).await.status, 200);
    assert_eq!(tab.until("moderated").await["role"], Value::Null);
}

#[tokio::test]
async fn a_stream_and_a_poll_know_whose_they_are() {
    let server = Running::start().await;
    let page = sign_up(server.addr, "Kim").await;
    let mut lee = server.join("lobby", "Lee").await;
    let mut stream = follow(&server, "/api/rooms/lobby/events?name=Kim", &page).await;
    assert_eq!(event(&mut stream).await.unwrap().0, "position");
    assert_eq!(lee.expect("joined").await["name"], "Kim");
    let session = ask(server.addr, "POST", "/api/sessions", "", Value::Null).await;
    let bearer = format!(
        "Authorization: Bearer {}\r\n",
        session.body["session"].as_str().unwrap()
    );
    let guest: Answer = ask(
        server.addr,
        "GET",
        "/api/rooms/lobby/messages?name=Park",
        &bearer,
        Value::Null,
    )
    .await;
    assert_eq!(guest.status, 200);
    assert_eq!(lee.expect("joined").await["name"], "Park");
}

fn encoded(name: &str) -> String {
    name.bytes().map(|byte| format!("%{byte:02x}")).collect()
}
