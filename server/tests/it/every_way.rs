//! One room, every way: what is said by any of them is heard by all of them, once, in order, and never by who said it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::database::TestDatabase;
use crate::deeds::{Deed, what};
use crate::on_every_database;
use crate::running::{PATIENCE, Running};
use crate::ways::{Person, Way, request};

on_every_database! {
    twenty_people_by_every_way_miss_nothing_though_their_lines_break
}

#[tokio::test]
async fn what_is_said_by_one_way_is_heard_by_each() {
    let server = Running::start().await;
    for by in Way::ALL {
        let room = format!("{by:?}");
        let mut speaker = Person::come(server.addr, &room, by, "speaker").await;
        let mut readers = Vec::new();
        for way in Way::ALL {
            readers.push(Person::come(server.addr, &room, way, &format!("{way:?}")).await);
        }
        speaker.say("c1", "one").await;
        speaker.say("c1", "one").await;
        speaker.say("c2", "two").await;
        let deeds = [
            Deed::Edit(1, "one, edited".to_owned()),
            Deed::React(2, "👍", true),
            Deed::React(2, "👍", false),
            Deed::Delete(1),
        ];
        for (deed, n) in deeds.iter().zip(3..) {
            // Once, though it is done twice.
            for _ in 0..2 {
                assert!(speaker.act(&format!("c{n}"), deed).await);
            }
        }
        for reader in &mut readers {
            let all = async {
                while reader.heard.len() < 6 {
                    reader.listen(Duration::from_millis(50)).await;
                }
            };
            tokio::time::timeout(PATIENCE, all).await.expect("all in time");
            reader.listen(Duration::from_millis(20)).await;
            let heard: Vec<_> = reader
                .heard
                .iter()
                .map(|(offset, _, what)| (*offset, &**what))
                .collect();
            let expected = [
                (1, r#"message null null null "c1""#),
                (2, r#"message null null null "c2""#),
                (3, r#"edit 1 null null "c3""#),
                (4, r#"reaction 2 "👍" true "c4""#),
                (5, r#"reaction 2 "👍" false "c5""#),
                (6, r#"delete 1 null null "c6""#),
            ];
            assert_eq!(heard, expected, "{by:?} to {:?}", reader.way);
        }
        speaker.listen(Duration::from_millis(20)).await;
        assert!(speaker.heard.is_empty(), "{by:?}: {:?}", speaker.heard);
    }
}

async fn twenty_people_by_every_way_miss_nothing_though_their_lines_break(database: TestDatabase) {
    const PEOPLE: usize = 20;
    const EACH: u64 = 30;
    let seed = std::env::var("MADANG_TEST_SEED")
        .ok()
        .and_then(|seed| seed.parse().ok());
    let seed: u64 = seed.unwrap_or_else(|| getrandom::u64().unwrap());
    println!("MADANG_TEST_SEED={seed}");
    let server = Running::on(database).await;
    let mut people = Vec::new();
    for n in 0..PEOPLE {
        let way = Way::ALL[n % Way::ALL.len()];
        people.push(Person::come(server.addr, "yard", way, &format!("person{n}")).await);
    }
    let talking: Vec<_> = people
        .into_iter()
        .zip(1..)
        .map(|(person, n)| tokio::spawn(talk(person, EACH, Dice(seed ^ (n << 32)))))
        .collect();
    let mut people = Vec::new();
    for person in talking {
        people.push(person.await.unwrap());
    }
    let log = log(&server).await;
    let all: BTreeSet<u64> = (1..=log.len() as u64).collect();
    assert_eq!(all, log.keys().copied().collect());
    for kind in ["message", "edit", "delete", "reaction"] {
        assert!(log.values().any(|(_, what)| what.starts_with(kind)), "no {kind}");
    }
    for person in &mut people {
        let rest = async {
            while person.known().len() < all.len() {
                person.listen(Duration::from_millis(50)).await;
            }
        };
        let in_time = tokio::time::timeout(PATIENCE, rest).await;
        let missing: Vec<_> = all.difference(&person.known()).copied().collect();
        assert!(in_time.is_ok(), "{:?} misses {missing:?}", person.way);
        assert_eq!(person.known(), all, "{:?}", person.way);
        let ways: BTreeSet<Way> = person
            .heard
            .iter()
            .map(|(_, author, _)| Way::ALL[author[6..].parse::<usize>().unwrap() % Way::ALL.len()])
            .collect();
        assert_eq!(ways.len(), Way::ALL.len(), "every pair of ways");
        for (offset, author, what) in &person.heard {
            assert_eq!(log[offset], (author.clone(), what.clone()), "{:?}", person.way);
        }
    }
}

/// The log as the history has it: who did what at which offset.
async fn log(server: &Running) -> BTreeMap<u64, (String, String)> {
    let mut log = BTreeMap::new();
    let mut path = "/api/rooms/yard/messages?after=0&limit=200".to_owned();
    loop {
        let (status, page) = request(server.addr, "GET", &path, None).await;
        assert_eq!(status, 200, "{page}");
        for entry in page["messages"].as_array().unwrap() {
            let author = entry["author"].as_str().unwrap().to_owned();
            log.insert(entry["offset"].as_u64().unwrap(), (author, what(entry)));
        }
        if page["more"] == false {
            return log;
        }
        let epoch = page["epoch"].as_str().unwrap();
        path = format!(
            "/api/rooms/yard/messages?after={}&epoch={epoch}&limit=200",
            page["offset"]
        );
    }
}

/// What to do next: mostly to say something, now and then to change what was said.
fn next(person: &Person, own: &mut Vec<String>, n: u64, dice: &mut Dice) -> Deed {
    let message = |(_, _, what): &&(u64, String, String)| what.starts_with("message");
    let others: Vec<u64> = person
        .heard
        .iter()
        .filter(message)
        .map(|(offset, ..)| *offset)
        .collect();
    match (dice.roll(8), own.last(), others.last()) {
        (0 | 1, Some(mine), _) => Deed::Edit(person.said[mine], format!("edited {n}")),
        (2, Some(_), _) => Deed::Delete(person.said[&own.pop().unwrap()]),
        (3, _, Some(theirs)) => Deed::React(*theirs, "🎉", dice.roll(3) > 0),
        _ => Deed::Say(format!("{} says {n}", person.name)),
    }
}

/// Does so many things, while the line breaks now and then: between two of them, or between one and its acknowledgement.
async fn talk(mut person: Person, each: u64, mut dice: Dice) -> Person {
    let mut own = Vec::new();
    for n in 0..each {
        let client_id = format!("c{n}");
        let deed = next(&person, &mut own, n, &mut dice);
        match dice.roll(10) {
            0 => {
                person.break_off();
                tokio::time::sleep(Duration::from_millis(dice.roll(30))).await;
                person.connect().await;
            }
            1 => {
                person.act_and_break_off(&client_id, &deed).await;
                tokio::time::sleep(Duration::from_millis(dice.roll(30))).await;
                person.connect().await;
            }
            _ => {}
        }
        let done = person.act(&client_id, &deed).await;
        assert!(
            done || matches!(deed, Deed::React(..)),
            "only others' messages may be gone"
        );
        if let Deed::Say(_) = deed {
            own.push(client_id);
        }
        person.listen(Duration::from_millis(dice.roll(20))).await;
    }
    person
}

/// SplitMix64: the same seed, the same throws.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % sides
    }
}
