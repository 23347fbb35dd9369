//! Where memory ends and the database begins, and where a message is stored by one hand and told by another: nothing gets lost there, doubled or echoed.

use madang_server::store::Draft;
use sea_orm::{ConnectionTrait as _, Database};
use serde_json::json;
use tokio::time::timeout;

use crate::database::TestDatabase;
use crate::http::{event, follow, offsets, read, say};
use crate::running::{PATIENCE, Running, get};
use crate::socketio::Talker;
use crate::ways::request;

#[tokio::test]
async fn what_another_hand_stored_is_no_echo_to_its_sender_by_whichever_way() {
    let server = Running::start().await;
    let epoch = say(&server, "lobby", "one").await["epoch"].clone();
    let epoch = u64::from_str_radix(epoch.as_str().unwrap(), 16).unwrap();
    let mut lee = server.join("lobby", "Lee").await;
    let mut kim = Talker::connect(&server).await;
    let welcome = kim.ask("join", &json!({"room": "lobby", "name": "Kim"})).await;
    let mut plain = server.connect("/ws/lobby").await;
    plain
        .say(&json!({"type": "join", "name": "Kim", "session": welcome["session"]}))
        .await;
    plain.expect("welcome").await;
    // As when the answer to a commit gets lost.
    let lost = Draft {
        room: "lobby".to_owned(),
        author: "Kim".to_owned(),
        client_id: "lost".to_owned(),
        sender: welcome["sender"].as_str().unwrap().to_owned(),
        text: "two".to_owned(),
        at: 1,
        epoch: epoch.cast_signed(),
        ..Draft::default()
    };
    assert_eq!(server.store.append(&lost).await.unwrap().offset, 2);
    say(&server, "lobby", "three").await;
    assert_eq!(lee.until("message").await["offset"], 2);
    assert_eq!(lee.expect("message").await["offset"], 3);
    assert_eq!(plain.expect("message").await["offset"], 3);
    assert_eq!(kim.expect("message").await["offset"], 3);
}

#[tokio::test]
async fn who_waits_behind_deleted_messages_waits_no_longer_than_they_want() {
    let server = Running::start().await;
    let epoch = say(&server, "lobby", "one").await["epoch"].clone();
    say(&server, "lobby", "two").await;
    say(&server, "lobby", "three").await;
    let Running { back, database, .. } = server;
    assert!(back.close().await);
    delete_from_two(&database).await;
    let server = Running::on(database).await;
    let query = format!("after=1&epoch={}&wait=1", epoch.as_str().unwrap());
    let (status, nothing) = timeout(PATIENCE, read(&server, "lobby", &query))
        .await
        .expect("an answer in time");
    assert_eq!(
        (status, offsets(&nothing), &nothing["offset"]),
        (200, vec![], &json!(3))
    );
    assert_eq!(say(&server, "lobby", "four").await["offset"], 4);
    let (_, news) = read(&server, "lobby", &query).await;
    assert_eq!(offsets(&news), [4]);
}

async fn delete_from_two(database: &TestDatabase) {
    let hand = Database::connect(database.url().as_str()).await.unwrap();
    hand.execute_unprepared("DELETE FROM messages WHERE seq >= 2")
        .await
        .unwrap();
    hand.close().await.unwrap();
}

#[tokio::test]
async fn the_tag_of_part_of_the_news_is_not_that_of_all() {
    let server = Running::start().await;
    let epoch = say(&server, "lobby", "one").await["epoch"].clone();
    say(&server, "lobby", "two").await;
    let path = "/api/rooms/lobby/messages?limit=1";
    let tag_of = |answer: &str| {
        let tag = answer.lines().find_map(|line| line.strip_prefix("etag: "));
        tag.unwrap_or_else(|| panic!("{answer}")).to_owned()
    };
    let first = get(server.addr, &format!("{path}&after=0"), "").await;
    let known = format!("If-None-Match: {}\r\n", tag_of(&first));
    let rest = format!("{path}&after=1&epoch={}", epoch.as_str().unwrap());
    let second = get(server.addr, &rest, &known).await;
    assert!(second.starts_with("HTTP/1.1 200"), "{second}");
    assert!(second.contains("two"), "{second}");
    let known = format!("If-None-Match: {}\r\n", tag_of(&second));
    let none = get(server.addr, &rest, &known).await;
    assert!(none.starts_with("HTTP/1.1 304"), "{none}");
}

#[tokio::test]
async fn a_stream_says_from_where_a_lost_position_can_be_read_on() {
    let server = Running::start().await;
    say(&server, "lobby", "one").await;
    let Running { back, database, .. } = server;
    assert!(back.close().await);
    // Nothing is in memory, all in the database.
    let server = Running::on(database).await;
    let lost = "Last-Event-ID: 00000000000000ff.1\r\n";
    let mut stream = follow(&server, "/api/rooms/lobby/events", lost).await;
    assert_eq!(event(&mut stream).await.unwrap().0, "position");
    let (name, _, data) = event(&mut stream).await.unwrap();
    assert_eq!(
        (name.as_str(), &data["offset"], &data["oldest"]),
        ("lost", &json!(1), &json!(0))
    );
    let (status, all) = read(&server, "lobby", "after=0").await;
    assert_eq!((status, offsets(&all)), (200, vec![1]));
}

#[tokio::test(flavor = "multi_thread")]
async fn streams_that_read_back_while_much_is_said_have_no_hole_and_no_overlap() {
    const BEFORE: u64 = 450;
    const MEANWHILE: u64 = 150;
    let server = Running::start().await;
    let batch = |from: u64, to: u64| {
        let messages: Vec<_> = (from..=to)
            .map(|n| json!({"client_id": format!("c{n}"), "text": format!("{n}")}))
            .collect();
        json!({"name": "Kim", "messages": messages})
    };
    let path = "/api/rooms/lobby/messages/batch";
    for n in (0..BEFORE).step_by(50) {
        let (status, said) = request(server.addr, "POST", path, Some(batch(n + 1, n + 50))).await;
        assert_eq!(status, 200, "{said}");
    }
    let (_, here) = read(&server, "lobby", "limit=1").await;
    let epoch = here["epoch"].as_str().unwrap().to_owned();
    let Running { back, database, .. } = server;
    assert!(back.close().await);
    let server = Running::on(database).await;

    let saying = async {
        for n in BEFORE..BEFORE + MEANWHILE {
            let (status, said) = request(server.addr, "POST", path, Some(batch(n + 1, n + 1))).await;
            assert_eq!(status, 200, "{said}");
        }
    };
    let following = (0..24).map(|n| {
        let (server, epoch) = (&server, &epoch);
        async move {
            tokio::time::sleep(std::time::Duration::from_millis(n * 40)).await;
            let after = n * 19 % BEFORE;
            let path = format!("/api/rooms/lobby/events?after={after}&epoch={epoch}");
            let mut stream = follow(server, &path, "").await;
            assert_eq!(event(&mut stream).await.unwrap().2["offset"], after);
            for offset in after + 1..=BEFORE + MEANWHILE {
                let (name, id, message) = event(&mut stream).await.unwrap();
                assert_eq!((name.as_str(), &message["offset"]), ("message", &json!(offset)));
                assert_eq!(id, format!("{epoch}.{offset}"));
                assert_eq!(message["text"], format!("{offset}"));
            }
        }
    });
    tokio::join!(saying, futures_util::future::join_all(following));
}
