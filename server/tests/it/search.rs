//! Search and pages around a message, over HTTP and WebSocket.

use serde_json::{Value, json};

use crate::running::{Client, Running};
use crate::ways::request;

#[tokio::test]
async fn messages_are_found_by_words_the_newest_first_as_they_are_now() {
    let server = Running::start().await;
    let mut kim = server.join("lobby", "Kim").await;
    for n in 1..=5 {
        kim.send(&format!("c{n}"), &format!("Lunch number {n} 점심시간입니다"))
            .await;
        kim.expect("ack").await;
    }
    change(
        &mut kim,
        json!({"type": "edit", "client_id": "e", "target": 2, "text": "dinner"}),
    )
    .await;
    change(&mut kim, json!({"type": "delete", "client_id": "d", "target": 3})).await;
    change(
        &mut kim,
        json!({"type": "react", "client_id": "r", "target": 4, "emoji": "🍜", "on": true}),
    )
    .await;
    let found = search(&server, "q=lunch").await;
    assert_eq!((offsets(&found), &found["more"]), (vec![5, 4, 1], &json!(false)));
    assert_eq!(found["messages"][1]["reactions"][0]["emoji"], "🍜");
    assert_eq!(offsets(&search(&server, "q=%EC%A0%90%EC%8B%AC").await), [5, 4, 1]);
    assert_eq!(offsets(&search(&server, "q=lunch+number+4").await), [4]);
    assert_eq!(offsets(&search(&server, "q=DIN").await), [2]);
    let page = search(&server, "q=lunch&limit=2").await;
    assert_eq!((offsets(&page), &page["more"]), (vec![5, 4], &json!(true)));
    let page = search(&server, "q=lunch&limit=2&before=4").await;
    assert_eq!((offsets(&page), &page["more"]), (vec![1], &json!(false)));
    for (query, code) in [
        ("", "search_invalid"),
        ("?q=%20", "search_invalid"),
        (&*format!("?q={}", "a".repeat(201)), "search_invalid"),
        ("?q=a&limit=0", "history_invalid"),
        ("?q=a&before=9007199254740992", "history_invalid"),
    ] {
        let (status, problem) = request(
            server.addr,
            "GET",
            &format!("/api/rooms/lobby/search{query}"),
            None,
        )
        .await;
        assert_eq!((status, &problem["code"]), (400, &json!(code)), "{query}");
    }
    let (status, nothing) = request(server.addr, "GET", "/api/rooms/lab-1/search?q=a", None).await;
    assert_eq!((status, nothing), (200, json!({"messages": [], "more": false})));
}

#[tokio::test]
async fn a_page_around_a_message_says_what_is_on_both_sides() {
    let server = Running::start().await;
    let mut kim = server.join("lobby", "Kim").await;
    for n in 1..=9 {
        kim.send(&format!("c{n}"), "hello").await;
        kim.expect("ack").await;
    }
    for (around, limit, expected, more, more_after) in [
        (5, 4, vec![3, 4, 5, 6], true, true),
        (5, 1, vec![5], true, true),
        (1, 4, vec![1, 2], false, true),
        (0, 4, vec![1, 2], false, true),
        (9, 4, vec![7, 8, 9], true, false),
        (99, 4, vec![7, 8, 9], true, false),
        (5, 50, (1..=9).collect(), false, false),
    ] {
        kim.say(&json!({"type": "history", "around": around, "limit": limit}))
            .await;
        let page = kim.expect("history").await;
        let path = format!("/api/rooms/lobby/messages?around={around}&limit={limit}");
        let (_, over_http) = request(server.addr, "GET", &path, None).await;
        assert_eq!(page["around"], around);
        assert_eq!(
            over_http["offset"],
            *expected.last().unwrap(),
            "to go on from there"
        );
        for page in [page, over_http] {
            let sides = (&page["more"], &page["more_after"]);
            assert_eq!(
                (offsets(&page), sides),
                (expected.clone(), (&json!(more), &json!(more_after))),
                "{around} {limit}"
            );
        }
    }
    let (status, _) = request(
        server.addr,
        "GET",
        "/api/rooms/lobby/messages?around=1&after=0",
        None,
    )
    .await;
    assert_eq!(status, 400);
}

async fn change(client: &mut Client, command: Value) {
    client.say(&command).await;
    client.expect("ack").await;
}

async fn search(server: &Running, query: &str) -> Value {
    let (status, found) = request(
        server.addr,
        "GET",
        &format!("/api/rooms/lobby/search?{query}"),
        None,
    )
    .await;
    assert_eq!(status, 200, "{found}");
    found
}

fn offsets(page: &Value) -> Vec<u64> {
    let messages = page["messages"].as_array().unwrap();
    messages
        .iter()
        .map(|message| message["offset"].as_u64().unwrap())
        .collect()
}
