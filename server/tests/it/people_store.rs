//! The store keeps accounts, and order in rooms, alike on every database.

use madang_server::store::{
    Draft, Effect, Moderating, ModerationEntry, Reported, SIGN_INS_LIMIT, SlowTurn, StoredAccount,
    StoredReport, StoredSignIn, StoredToken,
};
use sea_orm::{ConnectionTrait, Database};

use crate::database::TestDatabase;
use crate::on_every_database;

on_every_database! {
    a_name_has_one_account
    a_sign_in_holds_until_it_is_over_or_ended
    what_was_proved_with_an_old_password_comes_to_nothing
    an_account_has_so_many_tokens_and_takes_them_back
    tokens_at_the_same_time_are_no_more_than_may_be
    what_stands_for_an_account_is_told_from_what_doesn_t
    what_moderators_do_holds_and_is_logged_in_order
    moderators_at_the_same_time_get_numbers_without_a_gap
    one_room_holds_so_many_sanctions
    a_message_is_reported_once_by_each_and_waits_until_looked_at
    names_of_before_are_found_by_what_is_seen_of_them
    in_slow_mode_one_of_two_at_the_same_time_gets_the_turn
    a_step_that_was_cut_off_is_gone_on_with
}

const NOW: i64 = 1_795_000_000_000;
const PASSWORD: &str = "$argon2id$...";

async fn a_name_has_one_account(database: TestDatabase) {
    let store = database.store().await;
    assert!(store.create_account(&account(1, "Kim", "kim")).await.unwrap());
    assert!(!store.create_account(&account(2, "KIM", "kim")).await.unwrap());
    assert!(store.create_account(&account(2, "Kím", "kím")).await.unwrap());
    let kim = store.account_named("kim").await.unwrap().unwrap();
    assert_eq!(kim, account(1, "Kim", "kim"));
    assert_eq!(store.account_named("Kim").await.unwrap(), None);
    let both = store.accounts(&[2, 1, 7]).await.unwrap();
    assert_eq!(both.len(), 2);
}

async fn a_sign_in_holds_until_it_is_over_or_ended(database: TestDatabase) {
    let store = database.store().await;
    store.create_account(&account(1, "Kim", "kim")).await.unwrap();
    assert!(
        store
            .sign_in(&sign_in("one", NOW + 5), PASSWORD, NOW)
            .await
            .unwrap()
    );
    assert!(
        store
            .sign_in(&sign_in("two", NOW + 9), PASSWORD, NOW)
            .await
            .unwrap()
    );
    let whose = async |hash: &str, now| {
        store
            .signed_in(hash, now)
            .await
            .unwrap()
            .map(|(account, _)| account.id)
    };
    assert_eq!(whose("one", NOW + 4).await, Some(1));
    assert_eq!(whose("one", NOW + 5).await, None);
    assert_eq!(whose("three", NOW).await, None);
    store.extend_sign_in("one", NOW + 7).await.unwrap();
    assert_eq!(whose("one", NOW + 5).await, Some(1));
    store.sign_out("one").await.unwrap();
    assert_eq!(whose("one", NOW).await, None);
    assert!(
        store
            .sign_in(&sign_in("three", NOW + 9), PASSWORD, NOW)
            .await
            .unwrap()
    );
    let set = store.set_password(1, Some(PASSWORD), "other", "three").await;
    assert!(set.unwrap());
    assert_eq!(
        (whose("two", NOW).await, whose("three", NOW).await),
        (None, Some(1))
    );
    assert_eq!(
        store.account_named("kim").await.unwrap().unwrap().password,
        "other"
    );

    for n in 1..=SIGN_INS_LIMIT {
        let sign_in = sign_in(&format!("n{n}"), NOW + 10 + i64::try_from(n).unwrap());
        assert!(store.sign_in(&sign_in, "other", NOW).await.unwrap());
    }
    assert_eq!(whose("three", NOW).await, None, "the oldest made place");
    assert_eq!(whose("n1", NOW).await, Some(1));
}

/// As when an operator resets a password while a guess at it is being looked at.
async fn what_was_proved_with_an_old_password_comes_to_nothing(database: TestDatabase) {
    let store = database.store().await;
    store.create_account(&account(1, "Kim", "kim")).await.unwrap();
    assert!(store.set_password(1, None, "reset", "").await.unwrap());
    assert!(
        !store
            .sign_in(&sign_in("one", NOW + 5), PASSWORD, NOW)
            .await
            .unwrap()
    );
    assert_eq!(store.signed_in("one", NOW).await.unwrap(), None);
    assert!(
        store
            .sign_in(&sign_in("two", NOW + 5), "reset", NOW)
            .await
            .unwrap()
    );
    let set = async |proved, password| store.set_password(1, proved, password, "").await.unwrap();
    assert!(!set(Some(PASSWORD), "mine").await);
    assert!(store.signed_in("two", NOW).await.unwrap().is_some());
    let password = store.account_named("kim").await.unwrap().unwrap().password;
    assert_eq!(password, "reset");
    assert!(set(Some("reset"), "new").await);
    assert!(
        set(Some("reset"), "new").await,
        "the same again, as after a lost connection"
    );
    assert!(!store.set_password(2, None, "new", "").await.unwrap(), "nobody's");
    let nobody = StoredSignIn {
        account: 2,
        ..sign_in("three", NOW + 5)
    };
    assert!(!store.sign_in(&nobody, "new", NOW).await.unwrap());
}

async fn an_account_has_so_many_tokens_and_takes_them_back(database: TestDatabase) {
    let store = database.store().await;
    store.create_account(&account(1, "Kim", "kim")).await.unwrap();
    assert!(store.add_token(&token("a", 1), 2).await.unwrap());
    assert!(store.add_token(&token("b", 1), 2).await.unwrap());
    assert!(!store.add_token(&token("c", 1), 2).await.unwrap());
    let used = async || store.tokens(1).await.unwrap()[1].last_used_at;
    assert_eq!(used().await, None);
    for (now, noted) in [(NOW, NOW), (NOW + 59, NOW), (NOW + 60, NOW + 60)] {
        assert_eq!(store.token_owner("a", now, 60).await.unwrap().unwrap().id, 1);
        assert_eq!(used().await, Some(noted));
    }
    assert!(!store.remove_token(2, "id-a").await.unwrap(), "another's");
    assert!(store.remove_token(1, "id-a").await.unwrap());
    assert!(store.token_owner("a", NOW, 60).await.unwrap().is_none());
    assert_eq!(store.tokens(1).await.unwrap().len(), 1);
}

async fn tokens_at_the_same_time_are_no_more_than_may_be(database: TestDatabase) {
    let store = database.store().await;
    store.create_account(&account(1, "Kim", "kim")).await.unwrap();
    let ids: Vec<String> = (0..12).map(|n| format!("t{n}")).collect();
    let tokens: Vec<_> = ids.iter().map(|id| token(id, 1)).collect();
    let given = futures_util::future::join_all(tokens.iter().map(|token| store.add_token(token, 3))).await;
    let given = given.into_iter().filter(|given| *given.as_ref().unwrap()).count();
    assert_eq!((given, store.tokens(1).await.unwrap().len()), (3, 3));
    // The same again, as after a lost connection, is the same token.
    let there = store.tokens(1).await.unwrap().remove(0);
    assert!(store.add_token(&there, 3).await.unwrap());
    assert_eq!(store.tokens(1).await.unwrap().len(), 3);
}

async fn what_stands_for_an_account_is_told_from_what_doesn_t(database: TestDatabase) {
    let store = database.store().await;
    store.create_account(&account(1, "Kim", "kim")).await.unwrap();
    assert!(
        store
            .sign_in(&sign_in("one", NOW + 5), PASSWORD, NOW)
            .await
            .unwrap()
    );
    store.add_token(&token("two", 1), 9).await.unwrap();
    let hold = async |now| {
        let asked = ["one", "two", "three"].map(str::to_owned).to_vec();
        let hold = store.still_hold(asked, now).await.unwrap();
        let mut hold: Vec<_> = hold
            .into_iter()
            .map(|(hash, role)| format!("{hash} {role}"))
            .collect();
        hold.sort();
        hold
    };
    assert_eq!(hold(NOW + 4).await, ["one member", "two member"]);
    assert_eq!(hold(NOW + 5).await, ["two member"], "it is over");
    store.remove_token(1, "id-two").await.unwrap();
    assert_eq!(hold(NOW).await, ["one member"]);
    store.set_account_role("kim", "admin").await.unwrap();
    assert_eq!(hold(NOW).await, ["one admin"]);
    assert!(store.still_hold(Vec::new(), NOW).await.unwrap().is_empty());
}

async fn what_moderators_do_holds_and_is_logged_in_order(database: TestDatabase) {
    let store = database.store().await;
    assert_eq!(store.moderation_number().await.unwrap(), 0);
    assert_eq!(store.moderation("lobby", NOW).await.unwrap().number, 0);
    let mute = |until| entry("lobby", "mute", Some("Kim"), until);
    assert_eq!(
        store
            .moderate(&mute(Some(NOW + 5)), &sanction("mute", 9))
            .await
            .unwrap(),
        Moderating::Done(1)
    );
    let muted = async |now| store.moderation("lobby", now).await.unwrap().sanctions.len();
    assert_eq!((muted(NOW + 4).await, muted(NOW + 5).await), (1, 0));
    assert_eq!(
        store.moderate(&mute(None), &sanction("mute", 9)).await.unwrap(),
        Moderating::Done(2)
    );
    assert_eq!(muted(NOW + 5).await, 1, "in place of the one before");
    let ban = entry("lobby", "ban", Some("Kim"), None);
    store.moderate(&ban, &sanction("ban", 9)).await.unwrap();
    let holds = store.moderation("lobby", NOW).await.unwrap();
    let kinds: Vec<_> = holds.sanctions.iter().map(|sanction| &*sanction.kind).collect();
    assert_eq!((kinds, holds.number), (vec!["ban", "mute"], 3));
    assert_eq!(holds.sanctions[0].sender.as_deref(), Some("s"));

    let unmute = entry("lobby", "unmute", Some("Kim"), None);
    let lift = Effect::Lift {
        kind: "mute",
        name_key: "kim".to_owned(),
    };
    assert_eq!(store.moderate(&unmute, &lift).await.unwrap(), Moderating::Done(4));
    assert_eq!(store.moderate(&unmute, &lift).await.unwrap(), Moderating::Nothing);
    assert_eq!(muted(NOW).await, 1, "the ban goes on");

    store.create_account(&account(7, "Lee", "lee")).await.unwrap();
    for effect in [
        Effect::Slow(30),
        Effect::Words(r#"["darn"]"#.to_owned()),
        Effect::Slow(10),
        Effect::Slow(20),
        Effect::Slow(10),
        Effect::Moderator(7, true),
    ] {
        let other = entry("other", "slow", None, None);
        assert!(matches!(
            store.moderate(&other, &effect).await.unwrap(),
            Moderating::Done(_)
        ));
    }
    let other = store.moderation("other", NOW).await.unwrap();
    assert_eq!(
        (other.slow_seconds, &*other.words, &*other.moderators),
        (10, r#"["darn"]"#, &[7_i64][..])
    );
    assert_eq!(
        store.roles_of(7).await.unwrap(),
        [("other".to_owned(), "moderator".to_owned())]
    );
    let entry = entry("other", "role", Some("Lee"), None);
    store
        .moderate(&entry, &Effect::Moderator(7, false))
        .await
        .unwrap();
    assert!(store.roles_of(7).await.unwrap().is_empty());

    assert_eq!(store.moderation_number().await.unwrap(), 11);
    let numbers =
        |entries: Vec<ModerationEntry>| entries.iter().map(|entry| entry.number).collect::<Vec<_>>();
    assert_eq!(
        numbers(store.moderation_entries("lobby", 1).await.unwrap()),
        [2, 3, 4]
    );
    assert_eq!(
        numbers(store.moderation_log("lobby", None, 2).await.unwrap()),
        [4, 3]
    );
    assert_eq!(
        numbers(store.moderation_log("lobby", Some(3), 9).await.unwrap()),
        [2, 1]
    );
    assert_eq!(store.moderated_after(4).await.unwrap(), ["other"]);
    assert_eq!(store.moderated_after(11).await.unwrap(), Vec::<String>::new());
}

/// Two stores stand for two processes.
async fn moderators_at_the_same_time_get_numbers_without_a_gap(database: TestDatabase) {
    const EACH: usize = 5;
    let stores = [database.store().await, database.store().await];
    let tasks = [0, 1, 2, 3].map(|n: usize| {
        let store = stores[n % 2].clone();
        tokio::spawn(async move {
            let mut numbers = Vec::new();
            for seconds in (1..).take(EACH) {
                let entry = entry(&format!("room{n}"), "slow", None, None);
                match store.moderate(&entry, &Effect::Slow(seconds)).await.unwrap() {
                    Moderating::Done(number) => numbers.push(number),
                    other => panic!("{other:?}"),
                }
            }
            numbers
        })
    });
    let mut all = Vec::new();
    for task in tasks {
        all.extend(task.await.unwrap());
    }
    all.sort_unstable();
    assert_eq!(all, (1..=4 * EACH as i64).collect::<Vec<_>>());
}

async fn one_room_holds_so_many_sanctions(database: TestDatabase) {
    let store = database.store().await;
    let mute = async |name: &str, at| {
        let entry = ModerationEntry {
            at,
            ..entry("lobby", "mute", Some(name), Some(NOW + 5))
        };
        store
            .moderate(&entry, &named(sanction("mute", 2), name))
            .await
            .unwrap()
    };
    assert_eq!(mute("a", NOW).await, Moderating::Done(1));
    assert_eq!(mute("b", NOW).await, Moderating::Done(2));
    assert_eq!(mute("c", NOW).await, Moderating::TooMany);
    assert_eq!(
        mute("b", NOW).await,
        Moderating::Done(3),
        "in place of the one before"
    );
    assert_eq!(
        mute("c", NOW + 5).await,
        Moderating::Done(4),
        "the others are over"
    );
}

async fn a_message_is_reported_once_by_each_and_waits_until_looked_at(database: TestDatabase) {
    let store = database.store().await;
    for client_id in ["c1", "c2"] {
        store.append(&draft("lobby", client_id)).await.unwrap();
    }
    let report = async |id, offset, reporter| store.report(&report(id, offset, reporter), 2).await.unwrap();
    assert_eq!(report(1, 1, "@7").await, Reported::New(1));
    assert_eq!(report(2, 1, "@7").await, Reported::Before(1));
    assert_eq!(report(3, 9, "@7").await, Reported::NoSuchMessage);
    assert_eq!(report(4, 2, "@8").await, Reported::New(4));
    assert_eq!(report(5, 1, "@8").await, Reported::TooMany);
    let waiting = store.reports("lobby", 9).await.unwrap();
    let shown = waiting
        .iter()
        .map(|(report, message)| (report.id, message.as_ref().unwrap().offset));
    assert_eq!(shown.collect::<Vec<_>>(), [(4, 2), (1, 1)]);
    let resolve = entry("lobby", "resolve", None, None);
    assert_eq!(
        store.moderate(&resolve, &Effect::Resolve(1)).await.unwrap(),
        Moderating::Done(1)
    );
    assert_eq!(
        store.moderate(&resolve, &Effect::Resolve(1)).await.unwrap(),
        Moderating::Nothing
    );
    assert_eq!(report(5, 1, "@8").await, Reported::New(5));
    assert_eq!(
        store.last_sender("lobby", "Kim", None).await.unwrap().as_deref(),
        Some("s-c2")
    );
    assert_eq!(store.last_sender("lobby", "Lee", None).await.unwrap(), None);
}

async fn names_of_before_are_found_by_what_is_seen_of_them(database: TestDatabase) {
    let store = database.store().await;
    for (id, name, key) in [
        (1, "Kim \u{2600}\u{fe0f}", "kim \u{2600}\u{fe0f}"),
        (2, "Lee\u{200b}", "lee\u{200b}"),
        (3, "Lee", "lee"),
    ] {
        assert!(store.create_account(&account(id, name, key)).await.unwrap());
    }
    let ban = entry("lobby", "ban", Some("Park\u{200b}"), None);
    let banned = named(sanction("ban", 9), "park\u{200b}");
    store.moderate(&ban, &banned).await.unwrap();
    store.close().await.unwrap();
    let hand = Database::connect(database.url().as_str()).await.unwrap();
    hand.execute_unprepared("DELETE FROM seaql_migrations WHERE version = 'm0010_name_keys'")
        .await
        .unwrap();
    hand.close().await.unwrap();
    let store = database.store().await;
    let whose = async |key: &str| store.account_named(key).await.unwrap().map(|account| account.id);
    assert_eq!(whose("kim \u{2600}").await, Some(1));
    assert_eq!(
        (whose("lee").await, whose("lee\u{200b}").await),
        (Some(3), Some(2))
    );
    let sanctions = store.moderation("lobby", NOW).await.unwrap().sanctions;
    assert_eq!(sanctions[0].name_key, "park");
}

async fn in_slow_mode_one_of_two_at_the_same_time_gets_the_turn(database: TestDatabase) {
    let store = database.store().await;
    let turn = |client_id: &str, at| SlowTurn {
        room: "lobby".to_owned(),
        name_key: "kim".to_owned(),
        client_id: client_id.to_owned(),
        at,
    };
    assert_eq!(store.slow_turn("lobby", "kim").await.unwrap(), None);
    assert!(store.take_slow_turn(None, &turn("c1", NOW)).await.unwrap());
    assert!(!store.take_slow_turn(None, &turn("c2", NOW)).await.unwrap());
    let last = store.slow_turn("lobby", "kim").await.unwrap();
    assert_eq!(last, Some(turn("c1", NOW)));
    assert!(
        store
            .take_slow_turn(last.as_ref(), &turn("c3", NOW + 9))
            .await
            .unwrap()
    );
    assert!(
        !store
            .take_slow_turn(last.as_ref(), &turn("c4", NOW + 9))
            .await
            .unwrap()
    );
    let slow = entry("lobby", "slow", None, None);
    store.moderate(&slow, &Effect::Slow(5)).await.unwrap();
    assert_eq!(store.slow_turn("lobby", "kim").await.unwrap(), None, "a new pace");
}

async fn a_step_that_was_cut_off_is_gone_on_with(database: TestDatabase) {
    let store = database.store().await;
    store.create_account(&account(1, "Kim", "kim")).await.unwrap();
    store.close().await.unwrap();
    let hand = Database::connect(database.url().as_str()).await.unwrap();
    for cut_off in [
        "DROP TABLE slow_turns",
        "DROP TABLE reports",
        "DELETE FROM seaql_migrations WHERE version = 'm0005_people'",
    ] {
        hand.execute_unprepared(cut_off).await.unwrap();
    }
    hand.close().await.unwrap();
    let store = database.store().await;
    assert!(store.account_named("kim").await.unwrap().is_some());
    assert!(!store.create_account(&account(2, "kim", "kim")).await.unwrap());
    assert!(store.reports("lobby", 1).await.unwrap().is_empty());
}

fn account(id: i64, name: &str, name_key: &str) -> StoredAccount {
    StoredAccount {
        id,
        name: name.to_owned(),
        name_key: name_key.to_owned(),
        password: PASSWORD.to_owned(),
        role: "member".to_owned(),
        created_at: NOW,
    }
}

fn sign_in(hash: &str, expires_at: i64) -> StoredSignIn {
    StoredSignIn {
        token_hash: hash.to_owned(),
        account: 1,
        expires_at,
    }
}

fn token(hash: &str, account: i64) -> StoredToken {
    StoredToken {
        token_hash: hash.to_owned(),
        id: format!("id-{hash}"),
        account,
        label: "bot".to_owned(),
        created_at: NOW + i64::from(hash.as_bytes()[0]),
        last_used_at: None,
    }
}

fn entry(room: &str, action: &str, name: Option<&str>, until: Option<i64>) -> ModerationEntry {
    ModerationEntry {
        number: 0,
        room: room.to_owned(),
        action: action.to_owned(),
        name: name.map(str::to_owned),
        by_name: "Park".to_owned(),
        reason: "spam".to_owned(),
        at: NOW,
        until,
        detail: None,
    }
}

fn sanction(kind: &'static str, limit: u64) -> Effect {
    Effect::Sanction {
        kind,
        account: None,
        sender: Some("s".to_owned()),
        name_key: "kim".to_owned(),
        limit,
    }
}

fn named(effect: Effect, name: &str) -> Effect {
    match effect {
        Effect::Sanction {
            kind,
            account,
            sender,
            limit,
            ..
        } => Effect::Sanction {
            kind,
            account,
            sender,
            limit,
            name_key: name.to_owned(),
        },
        other => other,
    }
}

fn report(id: i64, offset: i64, reporter: &str) -> StoredReport {
    StoredReport {
        id,
        room: "lobby".to_owned(),
        offset,
        reporter: reporter.to_owned(),
        by_name: None,
        reason: "spam".to_owned(),
        at: NOW + id,
        resolved: None,
    }
}

fn draft(room: &str, client_id: &str) -> Draft {
    Draft {
        room: room.to_owned(),
        author: "Kim".to_owned(),
        client_id: client_id.to_owned(),
        sender: format!("s-{client_id}"),
        text: "hello".to_owned(),
        at: NOW,
        epoch: 7,
        ..Draft::default()
    }
}
