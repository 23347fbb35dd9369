//! What must hold whatever the order.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::history::{Answer, Command, Operation, State};

/// Something that must never be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Broken {
    /// Sold to somebody who never held it by that hold.
    SoldUnheld {
        /// The operation's key.
        key: String,
    },
    /// Confirmed, extended or released when its time was over.
    TooLate {
        /// The operation's key.
        key: String,
    },
    /// Changed by somebody whose hold it isn't.
    NotTheirs {
        /// The operation's key.
        key: String,
    },
    /// One holder had more places at once than anybody may.
    OverLimit {
        /// The operation's key.
        key: String,
        /// Places then.
        places: usize,
    },
    /// A map has other places than the event.
    Capacity {
        /// The map's key.
        key: String,
        /// Places on it.
        places: usize,
    },
    /// One key has two answers, or two operations.
    TwoEffects {
        /// The key.
        key: String,
    },
    /// What a place is at the end isn't what its changes made it.
    End {
        /// Which.
        place: String,
        /// How it is.
        is: State,
    },
}

/// What a run promises.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    /// Places of the event.
    pub capacity: usize,
    /// Places that one holder may hold at once.
    pub hold_limit: usize,
}

/// Checks all of them.
///
/// # Errors
/// Everything that is broken.
pub fn check(operations: &[Operation], rules: Rules) -> Result<(), Vec<Broken>> {
    let mut broken = Vec::new();
    broken.extend(two_effects(operations));
    broken.extend(holds(operations));
    broken.extend(limits(operations, rules.hold_limit));
    broken.extend(capacity(operations, rules.capacity));
    broken.extend(end(operations));
    if broken.is_empty() { Ok(()) } else { Err(broken) }
}

/// Each key was answered once: the runner writes another line where a repeat was answered differently.
fn two_effects(operations: &[Operation]) -> Vec<Broken> {
    let (mut seen, mut broken) = (BTreeSet::new(), Vec::new());
    for operation in operations {
        if !seen.insert(&operation.key) {
            broken.push(Broken::TwoEffects {
                key: operation.key.clone(),
            });
        }
    }
    broken
}

/// Every change of a hold is its holder's, and in time.
fn holds(operations: &[Operation]) -> Vec<Broken> {
    let mut holders: BTreeMap<&str, &str> = BTreeMap::new();
    // The latest time that a hold has ever been given.
    let mut untils: BTreeMap<&str, u64> = BTreeMap::new();
    for operation in operations {
        if let (Command::Hold { .. } | Command::Extend { .. }, Some(hold)) =
            (&operation.command, operation.done())
        {
            if matches!(operation.command, Command::Hold { .. }) {
                holders.insert(&hold.hold, &operation.holder);
            }
            let until = untils.entry(&hold.hold).or_default();
            *until = hold.until.max(*until);
        }
    }
    let mut broken = Vec::new();
    for operation in operations {
        let Some(hold) = operation.done() else { continue };
        let key = || operation.key.clone();
        if matches!(operation.command, Command::Hold { .. }) {
            continue;
        }
        match holders.get(hold.hold.as_str()) {
            None => broken.push(Broken::SoldUnheld { key: key() }),
            Some(holder) if *holder != operation.holder => broken.push(Broken::NotTheirs { key: key() }),
            Some(_) => {}
        }
        // An extension's own time doesn't make it be in time, but it is checked place by place.
        if untils
            .get(hold.hold.as_str())
            .is_some_and(|until| hold.now >= *until)
        {
            broken.push(Broken::TooLate { key: key() });
        }
    }
    broken
}

/// Places that somebody surely had at once: held before another was asked for, and neither over nor given up until it was given.
fn limits(operations: &[Operation], limit: usize) -> Vec<Broken> {
    let mut ended: BTreeMap<&str, u64> = BTreeMap::new();
    for operation in operations {
        if let (Command::Release { .. } | Command::Confirm { .. } | Command::Pay { .. }, Some(hold)) =
            (&operation.command, operation.done())
        {
            ended.insert(&hold.hold, operation.invoked);
        }
    }
    let mut given: BTreeMap<&str, Vec<&Operation>> = BTreeMap::new();
    for operation in operations {
        if matches!(operation.command, Command::Hold { .. }) && operation.done().is_some() {
            given.entry(&operation.holder).or_default().push(operation);
        }
    }
    let mut broken = Vec::new();
    for holds in given.values() {
        for operation in holds {
            let Some(hold) = operation.done() else { continue };
            let others = holds.iter().filter(|other| {
                let Some(held) = other.done() else { return false };
                let begun = other.returned < operation.invoked;
                let goes_on = held.until > hold.now;
                let kept = ended
                    .get(held.hold.as_str())
                    .is_none_or(|at| *at > operation.returned);
                begun && goes_on && kept
            });
            let places = hold.versions.len()
                + others
                    .filter_map(|other| other.done())
                    .map(|held| held.versions.len())
                    .sum::<usize>();
            if places > limit {
                broken.push(Broken::OverLimit {
                    key: operation.key.clone(),
                    places,
                });
            }
        }
    }
    broken
}

fn capacity(operations: &[Operation], capacity: usize) -> Vec<Broken> {
    let mut broken = Vec::new();
    for operation in operations {
        let (Command::Map, Answer::Places { places, .. }) = (&operation.command, &operation.answer) else {
            continue;
        };
        let names: BTreeSet<_> = places.iter().map(|place| &place.place).collect();
        if places.len() != capacity || names.len() != capacity {
            broken.push(Broken::Capacity {
                key: operation.key.clone(),
                places: names.len(),
            });
        }
    }
    broken
}

/// The last map, made when nobody asked for anything any more, shows what was sold, and to whom.
fn end(operations: &[Operation]) -> Vec<Broken> {
    let mut owners: BTreeMap<&str, &str> = BTreeMap::new();
    for operation in operations {
        if let (Command::Confirm { .. } | Command::Pay { .. }, Some(hold)) =
            (&operation.command, operation.done())
        {
            owners.extend(
                hold.versions
                    .keys()
                    .map(|place| (place.as_str(), operation.holder.as_str())),
            );
        }
    }
    let last = operations
        .iter()
        .filter(|operation| matches!(operation.command, Command::Map))
        .max_by_key(|operation| operation.invoked);
    let Some(Answer::Places { places, .. }) = last.map(|last| &last.answer) else {
        return Vec::new();
    };
    let wrong = places.iter().filter(|place| match &place.state {
        State::Sold { holder, .. } => owners.get(place.place.as_str()) != Some(&holder.as_str()),
        State::Free | State::Held { .. } => owners.contains_key(place.place.as_str()),
    });
    wrong
        .map(|place| Broken::End {
            place: place.place.clone(),
            is: place.state.clone(),
        })
        .collect()
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SoldUnheld { key } => write!(f, "{key} changed what nobody held"),
            Self::TooLate { key } => write!(f, "{key} took effect when its hold was over"),
            Self::NotTheirs { key } => write!(f, "{key} changed somebody else's hold"),
            Self::OverLimit { key, places } => write!(f, "with {key} one holder has {places} places"),
            Self::Capacity { key, places } => write!(f, "the map {key} has {places} places"),
            Self::TwoEffects { key } => write!(f, "{key} was answered in two ways"),
            Self::End { place, is } => write!(f, "at the end {place} is {is:?}, which nobody was told"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::told::{map, sell, take};

    const RULES: Rules = Rules {
        capacity: 2,
        hold_limit: 2,
    };

    #[test]
    fn a_sound_run_breaks_nothing() {
        let sold = State::Sold {
            holder: "kim".into(),
            hold: None,
        };
        let history = [
            take("t1", "kim", "h1", ["A-1"], (0, 1), 0..50),
            sell("s1", "kim", "h1", ["A-1"], (2, 3), 49),
            map("m", [("A-1", sold), ("A-2", State::Free)], (5, 6), 60),
        ];
        assert_eq!(check(&history, RULES), Ok(()));
    }

    #[test]
    fn each_rule_is_noticed_when_it_is_broken() {
        let t1 = || take("t1", "kim", "h1", ["A-1"], (0, 1), 0..50);
        let all = |state: State| [("A-1", state), ("A-2", State::Free)];
        let sold_to = |holder: &str| State::Sold {
            holder: holder.into(),
            hold: None,
        };
        let key = |key: &str| key.to_owned();
        for (history, broken) in [
            (
                vec![sell("s", "kim", "h9", ["A-1"], (2, 3), 5)],
                Broken::SoldUnheld { key: key("s") },
            ),
            (
                vec![t1(), sell("s", "kim", "h1", ["A-1"], (2, 3), 50)],
                Broken::TooLate { key: key("s") },
            ),
            (
                vec![t1(), sell("s", "lee", "h1", ["A-1"], (2, 3), 5)],
                Broken::NotTheirs { key: key("s") },
            ),
            (
                vec![t1(), take("t2", "kim", "h2", ["A-2", "A-3"], (2, 3), 5..50)],
                Broken::OverLimit {
                    key: key("t2"),
                    places: 3,
                },
            ),
            (
                vec![map("m", [("A-1", State::Free)], (0, 1), 1)],
                Broken::Capacity {
                    key: key("m"),
                    places: 1,
                },
            ),
            (vec![t1(), t1()], Broken::TwoEffects { key: key("t1") }),
            (
                vec![
                    t1(),
                    sell("s", "kim", "h1", ["A-1"], (2, 3), 5),
                    map("m", all(State::Free), (5, 6), 60),
                ],
                Broken::End {
                    place: key("A-1"),
                    is: State::Free,
                },
            ),
            (
                vec![t1(), map("m", all(sold_to("lee")), (5, 6), 60)],
                Broken::End {
                    place: key("A-1"),
                    is: sold_to("lee"),
                },
            ),
        ] {
            assert_eq!(check(&history, RULES), Err(vec![broken]));
        }
    }
}
