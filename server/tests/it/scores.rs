//! Matches: looked at by everybody, told by who has signed in, found again after a restart.

use std::time::Duration;

use madang_server::back::{MATCHES_LIMIT, ScoresSettings};
use madang_server::scores::{Script, Speed, TRIES};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, timeout};

use crate::database::TestDatabase;
use crate::on_every_database;
use crate::running::{PASSWORD, PATIENCE, Running, scores};

on_every_database! { after_a_restart_matches_are_as_they_were }

/// An answer: status, head in small letters, body.
struct Answer {
    status: u16,
    head: String,
    body: String,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    fn header(&self, name: &str) -> Option<&str> {
        let line = self
            .head
            .lines()
            .find_map(|line| line.strip_prefix(&format!("{name}: ")));
        line.map(str::trim)
    }

    fn etag(&self) -> String {
        self.header("etag").expect("a tag").to_owned()
    }
}

impl Running {
    async fn ask(&self, method: &str, path: &str, headers: &str, body: &str) -> Answer {
        let mut stream = TcpStream::connect(self.addr).await.unwrap();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nContent-Length: {}\r\n{headers}\r\n{body}",
            self.addr,
            body.len()
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        let read = timeout(PATIENCE, stream.read_to_string(&mut answer)).await;
        read.expect("an answer in time").unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let (first, rest) = head.split_once("\r\n").unwrap();
        Answer {
            status: first.split(' ').nth(1).unwrap().parse().unwrap(),
            head: rest.to_owned(),
            body: body.to_owned(),
        }
    }

    async fn look(&self, path: &str, known: &str) -> Answer {
        let known = if known.is_empty() {
            String::new()
        } else {
            format!("If-None-Match: {known}\r\n")
        };
        self.ask("GET", &format!("/api/scores/{path}"), &known, "").await
    }

    async fn post(&self, path: &str, headers: &str, body: &Value) -> Answer {
        let headers = format!("Content-Type: application/json\r\n{headers}");
        self.ask("POST", &format!("/api/scores{path}"), &headers, &body.to_string())
            .await
    }

    /// The header of an operator.
    async fn sign_in(&self) -> String {
        let answer = self.post("/sign-in", "", &json!({"password": PASSWORD})).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        format!(
            "Authorization: Bearer {}\r\n",
            answer.json()["token"].as_str().unwrap()
        )
    }

    async fn tell(&self, operator: &str, id: &str, plays: &[&str]) {
        for what in plays {
            let answer = self
                .post(&format!("/{id}/plays"), operator, &json!({"what": what}))
                .await;
            assert_eq!(answer.status, 201, "{what}: {}", answer.body);
        }
    }
}

/// A match to open.
fn new(id: &str) -> Value {
    json!({"match": id, "away": {"ko": "제비", "en": "Swallows"}, "home": "Magpies"})
}

/// A back with an operator and a match `a` that has begun.
async fn begun() -> (Running, String) {
    begun_on(TestDatabase::sqlite()).await
}

async fn begun_on(database: TestDatabase) -> (Running, String) {
    let running = Running::on(database).await;
    let operator = running.sign_in().await;
    assert_eq!(running.post("", &operator, &new("a")).await.status, 201);
    running.tell(&operator, "a", &["start"]).await;
    (running, operator)
}

#[tokio::test]
async fn a_match_is_told_and_looked_at() {
    let (running, operator) = begun().await;
    running.tell(&operator, "a", &["single", "home_run"]).await;
    let answer = running.look("a", "").await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(answer.header("poll-after"), Some("5"));
    assert_eq!(answer.header("cache-control"), Some("no-cache"));
    let snapshot = answer.json();
    assert_eq!(snapshot["board"]["away"]["runs"], 2);
    assert_eq!(snapshot["board"]["away"]["name"]["ko"], "제비");
    assert_eq!(snapshot["offset"], 4);
    let whats: Vec<_> = snapshot["plays"]
        .as_array()
        .unwrap()
        .iter()
        .map(|play| &play["what"])
        .collect();
    assert_eq!(whats, ["open", "start", "single", "home_run"]);
    let age: u64 = answer.header("data-age").unwrap().parse().unwrap();
    assert!(age < PATIENCE.as_millis() as u64, "{age}");
    assert_eq!(
        answer.etag(),
        format!("\"{}.4\"", snapshot["epoch"].as_str().unwrap())
    );
}

#[tokio::test]
async fn who_knows_it_already_is_sent_nothing() {
    let (running, operator) = begun().await;
    let tag = running.look("a", "").await.etag();
    for known in [tag.clone(), format!("W/{tag}")] {
        let answer = running.look("a", &known).await;
        assert_eq!((answer.status, answer.body.as_str()), (304, ""));
        assert_eq!(answer.etag(), tag);
        assert!(answer.header("poll-after").is_some() && answer.header("data-age").is_some());
    }
    running.tell(&operator, "a", &["ball"]).await;
    assert_eq!(running.look("a", &tag).await.status, 200);
}

#[tokio::test]
async fn who_waits_is_told_at_once_or_that_the_time_is_over() {
    let (running, operator) = begun().await;
    let tag = running.look("a", "").await.etag();
    let began = Instant::now();
    let answer = running.look("a?wait=1s", &tag).await;
    assert_eq!((answer.status, answer.header("poll-after")), (304, Some("0")));
    assert!(began.elapsed() >= Duration::from_secs(1));

    let (answer, ()) = tokio::join!(running.look("a?wait=60s", &tag), async {
        sleep(Duration::from_millis(100)).await;
        running.tell(&operator, "a", &["strike"]).await;
    });
    assert_eq!(
        (answer.status, &answer.json()["board"]["strikes"]),
        (200, &json!(1))
    );

    let late = running.look("a?wait=60s", &tag).await;
    assert_eq!(late.status, 200, "there was news before it asked");
    assert_eq!(
        running.look("a?wait=61", &tag).await.json()["code"],
        "wait_invalid"
    );
}

#[tokio::test]
async fn those_who_wait_are_let_go_when_the_server_stops() {
    let (running, _) = begun().await;
    let tag = running.look("a", "").await.etag();
    let addr = running.addr;
    let waiting = tokio::spawn(async move {
        crate::running::get(
            addr,
            "/api/scores/a?wait=60s",
            &format!("If-None-Match: {tag}\r\n"),
        )
        .await
    });
    sleep(Duration::from_millis(200)).await;
    assert!(running.back.close().await);
    assert!(waiting.await.unwrap().starts_with("HTTP/1.1 304"));
}

#[tokio::test]
async fn every_play_is_a_message_of_its_room() {
    let (running, operator) = begun().await;
    let mut viewer = running.join("scores-a", "viewer").await;
    running.tell(&operator, "a", &["single"]).await;
    let message = viewer.expect("message").await;
    assert_eq!(
        (&message["author"], &message["offset"]),
        (&json!("scores"), &json!(3))
    );
    let told: Value = serde_json::from_str(message["text"].as_str().unwrap()).unwrap();
    assert_eq!(told["play"], json!({"what": "single"}));
    assert_eq!(told["board"], running.look("a", "").await.json()["board"]);

    let answer = running
        .ask("GET", "/api/rooms/scores-a/messages?after=0", "", "")
        .await;
    let messages = answer.json()["messages"].as_array().unwrap().clone();
    assert_eq!(messages.len(), 3);
    assert_eq!(messages[2]["text"], message["text"]);
    viewer.send("c1", "a home run for my team").await;
    viewer.refused("room_read_only").await;
}

#[tokio::test]
async fn a_play_that_can_not_have_happened_is_refused() {
    let (running, operator) = begun().await;
    let tag = running.look("a", "").await.etag();
    for (body, status, code) in [
        (json!({"what": "double_play"}), 409, "base_empty"),
        (json!({"what": "start"}), 409, "match_started"),
        (
            json!({"what": "open", "away": "a", "home": "b"}),
            409,
            "match_not_over",
        ),
        (json!({"what": "dance"}), 422, "bad_json"),
        (json!({"what": "note", "text": "x".repeat(201)}), 422, "bad_json"),
    ] {
        let answer = running.post("/a/plays", &operator, &body).await;
        assert_eq!(
            (answer.status, &answer.json()["code"]),
            (status, &json!(code)),
            "{body}"
        );
    }
    assert_eq!(running.look("a", &tag).await.status, 304);
    let nowhere = running
        .post("/b/plays", &operator, &json!({"what": "ball"}))
        .await;
    assert_eq!(
        (nowhere.status, &nowhere.json()["code"]),
        (404, &json!("match_not_found"))
    );
}

#[tokio::test]
async fn a_play_that_is_sent_twice_is_told_once() {
    let (running, operator) = begun().await;
    let seen = format!("{operator}If-Match: {}\r\n", running.look("a", "").await.etag());
    let first = running.post("/a/plays", &seen, &json!({"what": "ball"})).await;
    let second = running.post("/a/plays", &seen, &json!({"what": "ball"})).await;
    assert_eq!((first.status, second.status), (201, 412));
    assert_eq!(second.json()["code"], "match_moved_on");
    assert_eq!(running.look("a", "").await.json()["board"]["balls"], 1);
}

#[tokio::test]
async fn only_who_has_signed_in_tells_plays() {
    let (running, _) = begun().await;
    for operator in ["", "Authorization: Bearer AAAAAAAAAAAAAAAAAAAAAA\r\n"] {
        for (path, body) in [("/a/plays", json!({"what": "ball"})), ("", new("b"))] {
            let answer = running.post(path, operator, &body).await;
            assert_eq!(
                (answer.status, &answer.json()["code"]),
                (401, &json!("sign_in_needed"))
            );
            assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
        }
    }
    for _ in 0..TRIES {
        let answer = running.post("/sign-in", "", &json!({"password": "guess"})).await;
        assert_eq!(
            (answer.status, &answer.json()["code"]),
            (403, &json!("password_wrong"))
        );
    }
    let answer = running.post("/sign-in", "", &json!({"password": PASSWORD})).await;
    assert_eq!(
        (answer.status, &answer.json()["code"]),
        (429, &json!("too_many_tries"))
    );
    let seconds: u64 = answer.header("retry-after").unwrap().parse().unwrap();
    assert!((50..=60).contains(&seconds), "{seconds}");
}

#[tokio::test]
async fn matches_are_listed_and_follow_each_other() {
    let (running, operator) = begun().await;
    let again = running.post("", &operator, &new("a")).await;
    assert_eq!(
        (again.status, &again.json()["code"]),
        (409, &json!("match_not_over"))
    );
    let wrong = running.post("", &operator, &new("A b")).await;
    assert_eq!(
        (wrong.status, &wrong.json()["code"]),
        (400, &json!("match_id_invalid"))
    );
    running.tell(&operator, "a", &["home_run", "end"]).await;
    assert_eq!(running.look("a", "").await.header("poll-after"), Some("60"));
    let next = running.post("", &operator, &new("a")).await;
    assert_eq!(
        (next.status, &next.json()["board"]["away"]["runs"]),
        (201, &json!(0))
    );
    assert_eq!(next.json()["offset"], 5);
    running.post("", &operator, &new("0")).await;
    let list = running.ask("GET", "/api/scores", "", "").await.json();
    let ids: Vec<_> = list["matches"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["match"])
        .collect();
    assert_eq!(ids, ["0", "a"]);
}

#[tokio::test]
async fn there_are_so_many_matches() {
    let running = Running::start().await;
    let operator = running.sign_in().await;
    for n in 0..MATCHES_LIMIT {
        assert_eq!(
            running.post("", &operator, &new(&n.to_string())).await.status,
            201
        );
    }
    let answer = running.post("", &operator, &new("more")).await;
    assert_eq!(
        (answer.status, &answer.json()["code"]),
        (409, &json!("too_many_matches"))
    );
}

async fn after_a_restart_matches_are_as_they_were(database: TestDatabase) {
    let (running, operator) = begun_on(database).await;
    let many: Vec<_> = std::iter::repeat_n("foul", 250).collect();
    running.tell(&operator, "a", &many).await;
    running
        .tell(&operator, "a", &["single", "double", "undo", "end"])
        .await;
    running.post("", &operator, &new("a")).await;
    running.tell(&operator, "a", &["start", "walk"]).await;
    let before = running.look("a", "").await;
    let Running { back, database, .. } = running;
    assert!(back.close().await);

    let running = Running::on(database).await;
    let after = running.look("a", &before.etag()).await;
    assert_eq!(after.status, 304, "its position holds on");
    let shown = before.json();
    assert_eq!(running.look("a", "").await.json(), shown);
    assert_eq!(
        shown["plays"].as_array().unwrap().len(),
        3,
        "those of the match before aren't its own"
    );
    let operator = running.sign_in().await;
    running.tell(&operator, "a", &["undo"]).await;
    assert_eq!(
        running.look("a", "").await.json()["board"]["bases"],
        json!([false, false, false])
    );
}

const SCRIPT: &str = r#"
{"what":"open","away":"Swallows","home":"Magpies"}
{"after":0,"what":"start"}
{"after":0,"what":"home_run"}
{"after":600,"what":"end"}
"#;

fn playing(script: &str) -> ScoresSettings {
    ScoresSettings {
        replay: Some(Script::read(script).unwrap()),
        speed: Speed::new(60).unwrap(),
        ..scores()
    }
}

/// Looks until it sees what it is looking for.
async fn until(running: &Running, sees: impl Fn(&Value) -> bool) -> Value {
    let search = async {
        loop {
            let answer = running.look("yard", "").await;
            if answer.status == 200 && sees(&answer.json()) {
                return answer.json();
            }
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(PATIENCE, search).await.expect("it comes in time")
}

#[tokio::test]
async fn a_file_is_played_by_nobody_else_and_goes_on_after_a_restart() {
    let running = Running::telling(TestDatabase::sqlite(), playing(SCRIPT)).await;
    let shown = until(&running, |match_| match_["offset"] == 3).await;
    assert_eq!(
        (&shown["board"]["status"], &shown["board"]["away"]["runs"]),
        (&json!("live"), &json!(1))
    );
    let operator = running.sign_in().await;
    for (path, body) in [("/yard/plays", json!({"what": "ball"})), ("", new("yard"))] {
        let answer = running.post(path, &operator, &body).await;
        assert_eq!(
            (answer.status, &answer.json()["code"]),
            (409, &json!("match_replayed"))
        );
    }
    let Running { back, database, .. } = running;
    assert!(back.close().await);

    // The rest of it is due in ten seconds, so what is there now is what was there before.
    let running = Running::telling(database, playing(SCRIPT)).await;
    let again = until(&running, |_| true).await;
    assert_eq!(again, shown);
    assert!(running.back.close().await, "nothing waits for the next play");
}

#[tokio::test]
async fn a_file_that_has_changed_ends_the_match_and_begins_its_own() {
    let running = Running::telling(TestDatabase::sqlite(), playing(SCRIPT)).await;
    until(&running, |match_| match_["offset"] == 3).await;
    let Running { back, database, .. } = running;
    assert!(back.close().await);
    let other = SCRIPT.replace("Swallows", "Larks");
    let running = Running::telling(database, playing(&other)).await;
    let shown = until(&running, |match_| {
        match_["board"]["away"]["name"] == "Larks" && match_["offset"] == 7
    })
    .await;
    assert_eq!(shown["board"]["away"]["runs"], 1);
}

#[tokio::test]
async fn when_a_match_is_over_the_next_begins_as_soon_as_somebody_looks() {
    let short = SCRIPT.replace("600", "0");
    let running = Running::telling(TestDatabase::sqlite(), playing(&short)).await;
    until(&running, |match_| match_["board"]["status"] == "final").await;
    // It rests for a second at this speed, and then somebody has looked already.
    let shown = until(&running, |match_| match_["offset"].as_u64() > Some(4)).await;
    assert!(
        shown["offset"].as_u64() <= Some(8),
        "one match, not many: {shown}"
    );
}

#[tokio::test]
async fn whoever_starts_the_program_after_the_end_of_a_match_sees_the_next_at_once() {
    // At this speed nothing but a start begins the next within a minute.
    let settings = ScoresSettings {
        speed: Speed::NORMAL,
        ..playing(&SCRIPT.replace("600", "0"))
    };
    let running = Running::telling(TestDatabase::sqlite(), settings.clone()).await;
    until(&running, |match_| match_["board"]["status"] == "final").await;
    let Running { back, database, .. } = running;
    assert!(back.close().await);
    let running = Running::telling(database, settings).await;
    until(&running, |match_| match_["offset"] == 8).await;
}
