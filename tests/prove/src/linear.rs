//! Linearizability (Herlihy and Wing) of every place: is there one order of its operations, each between its
//! invocation and its return, that explains every answer?
//!
//! The search is Wing and Gong's with Lowe's memory of what has been tried. Places are independent objects, so each
//! is searched by itself. An operation that changes nothing is put first whenever it can be: that takes nothing from
//! the others.

use std::collections::{BTreeSet, HashSet};
use std::fmt;

use crate::history::Operation;
use crate::register::{Register, Step, by_place};

/// A place whose answers no order explains.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotLinearizable {
    /// Which.
    pub place: String,
    /// The longest order that was found, by the operations' keys.
    pub explained: Vec<String>,
    /// How the place is then.
    pub then: Register,
    /// The operations of which one had to be next.
    pub stuck: Vec<(String, Step)>,
}

/// Looks for an order of the operations of each place.
///
/// # Errors
/// Every place that has none.
pub fn check(operations: &[Operation]) -> Result<(), Vec<NotLinearizable>> {
    let failed: Vec<_> = by_place(operations)
        .into_iter()
        .filter_map(|(place, steps)| Search::new(operations, steps).run(place))
        .collect();
    if failed.is_empty() { Ok(()) } else { Err(failed) }
}

struct Search<'a> {
    /// In the order of their invocations.
    steps: Vec<Timed<'a>>,
    /// States of the search that lead nowhere.
    tried: HashSet<(Done, Register)>,
    /// The farthest that it got.
    best: (Vec<usize>, Done, Register),
}

struct Timed<'a> {
    key: &'a str,
    invoked: u64,
    returned: u64,
    step: Step,
}

/// Which steps have their place in the order: all before `first`, and some behind.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Done {
    first: usize,
    behind: BTreeSet<usize>,
}

impl Done {
    fn add(&mut self, n: usize) {
        self.behind.insert(n);
        while self.behind.remove(&self.first) {
            self.first += 1;
        }
    }

    fn has(&self, n: usize) -> bool {
        n < self.first || self.behind.contains(&n)
    }
}

impl<'a> Search<'a> {
    fn new(operations: &'a [Operation], steps: Vec<(usize, Step)>) -> Self {
        let mut steps: Vec<_> = steps
            .into_iter()
            .map(|(n, step)| Timed {
                key: &operations[n].key,
                invoked: operations[n].invoked,
                returned: operations[n].returned,
                step,
            })
            .collect();
        steps.sort_by_key(|step| step.invoked);
        Self {
            steps,
            tried: HashSet::new(),
            best: Default::default(),
        }
    }

    /// What no order explains, if so it is.
    fn run(mut self, place: &str) -> Option<NotLinearizable> {
        // Each entry: where the search stands, and the order that led there.
        let mut open = vec![(Done::default(), Register::default(), Vec::new())];
        while let Some((mut done, register, mut order)) = open.pop() {
            self.add_those_that_change_nothing(&mut done, &register, &mut order);
            if order.len() == self.steps.len() {
                return None;
            }
            if !self.tried.insert((done.clone(), register.clone())) {
                continue;
            }
            if order.len() >= self.best.0.len() {
                self.best = (order.clone(), done.clone(), register.clone());
            }
            // The one that was invoked first is tried first: it goes on the stack last.
            for n in self.next(&done).into_iter().rev() {
                if let Some(after) = register.after(&self.steps[n].step) {
                    let mut with = done.clone();
                    with.add(n);
                    let mut order = order.clone();
                    order.push(n);
                    open.push((with, after, order));
                }
            }
        }
        let (order, done, then) = &self.best;
        Some(NotLinearizable {
            place: place.to_owned(),
            explained: order.iter().map(|n| self.steps[*n].key.to_owned()).collect(),
            then: then.clone(),
            stuck: self
                .next(done)
                .into_iter()
                .map(|n| (self.steps[n].key.to_owned(), self.steps[n].step.clone()))
                .collect(),
        })
    }

    fn add_those_that_change_nothing(&self, done: &mut Done, register: &Register, order: &mut Vec<usize>) {
        loop {
            let fits = |n: &usize| {
                let step = &self.steps[*n].step;
                !step.changes() && register.after(step).is_some()
            };
            let before = order.len();
            for n in self.next(done).into_iter().filter(fits) {
                done.add(n);
                order.push(n);
            }
            if order.len() == before {
                return;
            }
        }
    }

    /// The steps that may come next: those invoked before any that is left has returned.
    fn next(&self, done: &Done) -> Vec<usize> {
        let mut next = Vec::new();
        let mut returned = u64::MAX;
        for n in done.first..self.steps.len() {
            let step = &self.steps[n];
            if step.invoked > returned {
                break;
            }
            if !done.has(n) {
                returned = returned.min(step.returned);
                next.push(n);
            }
        }
        next.retain(|n| self.steps[*n].invoked <= returned);
        next
    }
}

impl fmt::Display for NotLinearizable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let last = self.explained.iter().rev().take(5).rev().cloned();
        write!(
            f,
            "{}: no order explains the answers. {} operations can be explained, the last of them {}; then it is {:?}, and none of these can come next: ",
            self.place,
            self.explained.len(),
            last.collect::<Vec<_>>().join(", "),
            self.then,
        )?;
        for (key, step) in &self.stuck {
            write!(f, "{key} {step:?}; ")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::State;
    use crate::told::{map, refused, sell, take};

    #[test]
    fn operations_at_the_same_time_may_have_happened_in_either_order() {
        // Sent together; the one that returned last was first.
        let history = [
            refused("r", "lee", ["A-1"], 0, 5),
            take("t", "kim", "h1", ["A-1"], (0, 10), 1..100),
        ];
        assert_eq!(check(&history), Ok(()));
        // Refused before anybody had asked for the place.
        let history = [
            refused("r", "lee", ["A-1"], 0, 5),
            take("t", "kim", "h1", ["A-1"], (6, 10), 1..100),
        ];
        let failed = check(&history).unwrap_err();
        assert_eq!((failed[0].place.as_str(), failed[0].stuck.len()), ("A-1", 1));
    }

    #[test]
    fn two_owners_have_no_order() {
        let history = [
            take("t1", "kim", "h1", ["A-1", "A-2"], (0, 10), 1..100),
            take("t2", "lee", "h2", ["A-1"], (2, 9), 1..100),
        ];
        let failed = check(&history).unwrap_err();
        assert_eq!(failed.len(), 1);
        assert_eq!(failed[0].place, "A-1");
        assert!(failed[0].to_string().contains("h2"), "{}", failed[0]);
    }

    #[test]
    fn what_has_run_out_is_free_by_the_database_clock_alone() {
        let late = |now| {
            [
                take("t1", "kim", "h1", ["A-1"], (0, 1), 1..100),
                take("t2", "lee", "h2", ["A-1"], (2, 3), now..now + 100),
            ]
        };
        assert!(check(&late(99)).is_err());
        assert_eq!(check(&late(100)), Ok(()));
        // Sold after its time.
        let mut history = late(100).to_vec();
        history.push(sell("s1", "kim", "h1", ["A-1"], (4, 5), 101));
        assert!(check(&history).is_err());
        history.pop();
        history.push(sell("s2", "lee", "h2", ["A-1"], (4, 5), 101));
        assert_eq!(check(&history), Ok(()));
    }

    #[test]
    fn a_read_sees_what_was_there_at_some_moment_of_it() {
        let held = State::Held {
            holder: "kim".into(),
            hold: None,
            until: Some(100),
        };
        let history = |read: State, invoked| {
            [
                take("t1", "kim", "h1", ["A-1"], (0, 10), 1..100),
                map("m", [("A-1", read)], (invoked, 12), 2),
            ]
        };
        assert_eq!(check(&history(State::Free, 9)), Ok(()));
        assert_eq!(check(&history(held.clone(), 9)), Ok(()));
        assert!(check(&history(State::Free, 11)).is_err(), "a stale read");
        assert_eq!(check(&history(held, 11)), Ok(()));
    }

    #[test]
    fn many_that_want_the_same_at_once_are_no_trouble() {
        let mut history = vec![take("t", "kim", "h", ["A-1"], (0, 2000), 1..10_000)];
        history.extend((0..1000).map(|n| refused(&format!("r{n}"), "lee", ["A-1"], n, 2000 + n)));
        // And many one behind the other.
        for n in 0..500 {
            let (time, hold) = (3000 + n * 10, format!("h{n}"));
            let now = 10_000 + n * 100;
            history.push(take(
                &hold,
                "kim",
                &hold,
                ["A-1"],
                (time, time + 25),
                now..now + 100,
            ));
        }
        assert_eq!(check(&history), Ok(()));
    }
}
