//! One room, every way: what is said by any of them is heard by all of them, once, in order, and never by who said it.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::database::TestDatabase;
use crate::on_every_database;
use crate::running::{PATIENCE, Running};
use crate::ways::{Person, Way};

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
        for reader in &mut readers {
            let both = async {
                while reader.heard.len() < 2 {
                    reader.listen(Duration::from_millis(50)).await;
                }
            };
            tokio::time::timeout(PATIENCE, both).await.expect("both in time");
            reader.listen(Duration::from_millis(20)).await;
            let heard: Vec<_> = reader.heard.iter().map(|(offset, _)| *offset).collect();
            assert_eq!(heard, [1, 2], "{by:?} to {:?}", reader.way);
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
    let all: BTreeSet<u64> = (1..=PEOPLE as u64 * EACH).collect();
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
            .map(|(_, author)| Way::ALL[author[6..].parse::<usize>().unwrap() % Way::ALL.len()])
            .collect();
        assert_eq!(ways.len(), Way::ALL.len(), "every pair of ways");
    }
}

/// Says so many things, while the line breaks now and then: between two messages, or between a message and its acknowledgement.
async fn talk(mut person: Person, each: u64, mut dice: Dice) -> Person {
    for n in 0..each {
        let (client_id, text) = (format!("c{n}"), format!("{} says {n}", person.name));
        match dice.roll(10) {
            0 => {
                person.break_off();
                tokio::time::sleep(Duration::from_millis(dice.roll(30))).await;
                person.connect().await;
            }
            1 => {
                person.say_and_break_off(&client_id, &text).await;
                tokio::time::sleep(Duration::from_millis(dice.roll(30))).await;
                person.connect().await;
            }
            _ => {}
        }
        person.say(&client_id, &text).await;
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
