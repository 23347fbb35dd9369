//! Orders over several places are one step each: all of a hold's places or none, at one moment.

use std::collections::BTreeMap;
use std::fmt;

use crate::history::{Answer, Command, Hold, Operation, State};

/// Something that was seen or done in part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotAtomic {
    /// A map showed some of a hold's places as its own, and others not.
    Torn {
        /// The map's key.
        map: String,
        /// The hold.
        hold: String,
        /// Places shown as its own.
        seen: usize,
        /// Places that it has.
        of: usize,
    },
    /// A hold was made of fewer or other places than were asked for.
    Partial {
        /// The operation's key.
        key: String,
    },
    /// These changed their places in an order that contradicts itself: each before the next on some place, or by the clients' clocks.
    Cycle {
        /// The operations' keys.
        keys: Vec<String>,
    },
}

/// Checks that no operation was seen, or took effect, in part.
///
/// # Errors
/// Everything that was.
pub fn check(operations: &[Operation]) -> Result<(), Vec<NotAtomic>> {
    let mut failed = partial(operations);
    failed.extend(torn(operations));
    failed.extend(cycle(operations));
    if failed.is_empty() { Ok(()) } else { Err(failed) }
}

fn partial(operations: &[Operation]) -> Vec<NotAtomic> {
    let is_partial = |operation: &&Operation| match (&operation.command, operation.done()) {
        (Command::Hold { places }, Some(hold)) => {
            places.len() != hold.versions.len()
                || places.iter().any(|place| !hold.versions.contains_key(place))
        }
        _ => false,
    };
    let partial = operations.iter().filter(is_partial);
    partial
        .map(|operation| NotAtomic::Partial {
            key: operation.key.clone(),
        })
        .collect()
}

fn torn(operations: &[Operation]) -> Vec<NotAtomic> {
    // A map doesn't say which hold it is, but whose, and until when.
    let mut known: BTreeMap<(&str, u64), &Hold> = BTreeMap::new();
    for operation in operations {
        if let (Command::Hold { .. } | Command::Extend { .. }, Some(hold)) =
            (&operation.command, operation.done())
        {
            known.insert((&operation.holder, hold.until), hold);
        }
    }
    let mut failed = Vec::new();
    for operation in operations {
        let (Command::Map, Answer::Places { places, .. }) = (&operation.command, &operation.answer) else {
            continue;
        };
        let mut seen: BTreeMap<(&str, u64), usize> = BTreeMap::new();
        for place in places {
            if let State::Held {
                holder,
                until: Some(until),
                ..
            } = &place.state
            {
                *seen.entry((holder, *until)).or_default() += 1;
            }
        }
        failed.extend(seen.into_iter().filter_map(|(which, seen)| {
            let hold = known.get(&which)?;
            let of = hold.versions.len();
            (seen != of).then(|| NotAtomic::Torn {
                map: operation.key.clone(),
                hold: hold.hold.clone(),
                seen,
                of,
            })
        }));
    }
    failed
}

/// Each place counts its changes, so their order is known; orders of all places together must have no cycle.
fn cycle(operations: &[Operation]) -> Option<NotAtomic> {
    let mut changes: BTreeMap<&str, Vec<(u64, usize)>> = BTreeMap::new();
    for (n, operation) in operations.iter().enumerate() {
        for (place, version) in operation.done().into_iter().flat_map(|hold| &hold.versions) {
            changes.entry(place).or_default().push((*version, n));
        }
    }
    let mut before: Vec<Vec<usize>> = vec![Vec::new(); operations.len()];
    for changes in changes.values_mut() {
        changes.sort_unstable();
        for pair in changes.windows(2) {
            let [(earlier, first), (later, second)] = pair else {
                continue;
            };
            if earlier == later {
                // Two changes of the same number: one of them was lost.
                return Some(cycle_of(operations, &[*first, *second]));
            }
            before[*second].push(*first);
        }
    }
    find_cycle(operations, &before).map(|cycle| cycle_of(operations, &cycle))
}

/// Looks for an operation that comes, by the places' orders, before another that had returned before it was invoked.
fn find_cycle(operations: &[Operation], before: &[Vec<usize>]) -> Option<Vec<usize>> {
    /// Of an operation: not looked at, being looked at, done with.
    #[derive(Clone, Copy, PartialEq)]
    enum Mark {
        New,
        Open,
        Done,
    }
    let mut marks = vec![Mark::New; operations.len()];
    // The latest invocation among an operation and all that come before it, and whose that is.
    let mut latest: Vec<(u64, usize)> = operations
        .iter()
        .enumerate()
        .map(|(n, one)| (one.invoked, n))
        .collect();
    for start in 0..operations.len() {
        let mut path = vec![(start, 0)];
        while let Some((n, next)) = path.pop() {
            if next == 0 && marks[n] == Mark::New {
                marks[n] = Mark::Open;
            }
            match before[n].get(next) {
                Some(&earlier) => {
                    path.push((n, next + 1));
                    match marks[earlier] {
                        Mark::Open => {
                            let from = path.iter().position(|(one, _)| *one == earlier)?;
                            return Some(path[from..].iter().map(|(one, _)| *one).collect());
                        }
                        Mark::New => path.push((earlier, 0)),
                        Mark::Done => {}
                    }
                }
                None => {
                    marks[n] = Mark::Done;
                    let newest = before[n].iter().map(|earlier| latest[*earlier]).max();
                    if let Some((invoked, whose)) = newest {
                        if invoked > operations[n].returned {
                            return Some(vec![n, whose]);
                        }
                        latest[n] = latest[n].max((invoked, whose));
                    }
                }
            }
        }
    }
    None
}

fn cycle_of(operations: &[Operation], cycle: &[usize]) -> NotAtomic {
    NotAtomic::Cycle {
        keys: cycle.iter().map(|n| operations[*n].key.clone()).collect(),
    }
}

impl fmt::Display for NotAtomic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Torn { map, hold, seen, of } => {
                write!(
                    f,
                    "the map {map} shows {seen} of the {of} places of the hold {hold}"
                )
            }
            Self::Partial { key } => write!(f, "{key} was given other places than it asked for"),
            Self::Cycle { keys } => write!(
                f,
                "no order of these is the same for all places: {}",
                keys.join(", ")
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::told::{map, take};

    #[test]
    fn a_hold_is_seen_whole_or_not_at_all() {
        let held = || State::Held {
            holder: "kim".into(),
            hold: None,
            until: Some(100),
        };
        let history = |second: State| {
            [
                take("t", "kim", "h", ["A-1", "A-2"], (0, 9), 1..100),
                map("m", [("A-1", held()), ("A-2", second)], (3, 5), 2),
            ]
        };
        assert_eq!(check(&history(held())), Ok(()));
        let torn = check(&history(State::Free)).unwrap_err();
        assert!(
            matches!(&torn[..], [NotAtomic::Torn { seen: 1, of: 2, .. }]),
            "{torn:?}"
        );
    }

    #[test]
    fn what_was_asked_for_is_what_is_given() {
        let mut one = take("t", "kim", "h", ["A-1", "A-2"], (0, 9), 1..100);
        one.command = Command::Hold {
            places: vec!["A-1".into(), "A-2".into(), "A-3".into()],
        };
        assert_eq!(
            check(&[one]).unwrap_err(),
            [NotAtomic::Partial { key: "t".into() }]
        );
    }

    #[test]
    fn orders_of_places_must_not_contradict_each_other() {
        let history = |versions: [[u64; 2]; 2], times: [(u64, u64); 2]| {
            [0, 1].map(|n| {
                let mut one = take(
                    ["a", "b"][n],
                    "kim",
                    ["h1", "h2"][n],
                    ["A-1", "A-2"],
                    times[n],
                    1..100,
                );
                if let Answer::Done(hold) = &mut one.answer {
                    for (version, number) in hold.versions.values_mut().zip(versions[n]) {
                        *version = number;
                    }
                }
                one
            })
        };
        assert_eq!(cycle(&history([[1, 1], [2, 2]], [(0, 9), (0, 9)])), None);
        assert!(cycle(&history([[1, 2], [2, 1]], [(0, 9), (0, 9)])).is_some());
        assert!(
            cycle(&history([[1, 1], [1, 2]], [(0, 9), (0, 9)])).is_some(),
            "the same number twice"
        );
        // Behind the other on both places, though it had returned before the other was invoked.
        assert!(cycle(&history([[2, 2], [1, 1]], [(0, 3), (5, 9)])).is_some());
    }
}
