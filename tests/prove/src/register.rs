//! One place as its users see it, and what each answer says of it.

use std::collections::BTreeMap;

use crate::history::{Answer, Command, Operation, State};

/// A place: a register with an owner and a time.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub enum Register {
    /// Nobody's.
    #[default]
    Free,
    /// Somebody's until a time of the database's clock.
    Held {
        /// By which hold.
        hold: String,
        /// Whose.
        holder: String,
        /// Until when, in milliseconds.
        until: u64,
    },
    /// Somebody's for good.
    Sold {
        /// By which hold.
        hold: String,
        /// Whose.
        holder: String,
    },
}

/// What one operation says of one place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// It was free at `now`, and is the hold's since.
    Take {
        /// Which hold.
        hold: String,
        /// Whose.
        holder: String,
        /// When it took effect.
        now: u64,
        /// Until when it holds.
        until: u64,
    },
    /// The hold had it at `now`, and has it until later.
    Extend {
        /// Which hold.
        hold: String,
        /// Whose.
        holder: String,
        /// When it took effect.
        now: u64,
        /// Until when it holds.
        until: u64,
    },
    /// The hold had it at `now`, and doesn't any more.
    Release {
        /// Which hold.
        hold: String,
        /// Whose.
        holder: String,
        /// When it took effect.
        now: u64,
    },
    /// The hold had it at `now`, and owns it since.
    Confirm {
        /// Which hold.
        hold: String,
        /// Whose.
        holder: String,
        /// When it took effect.
        now: u64,
    },
    /// The hold didn't have it at `now`, or owned it already.
    RefundDue {
        /// Which hold.
        hold: String,
        /// When that was decided.
        now: u64,
    },
    /// Somebody had it, or had had it until just then.
    Refused,
    /// It was so at `now`.
    Read {
        /// How.
        state: State,
        /// When.
        now: u64,
    },
}

impl Register {
    /// How it is after the step; `None` if the step can't happen now.
    pub fn after(&self, step: &Step) -> Option<Self> {
        match step {
            Step::Take {
                hold,
                holder,
                now,
                until,
            } => self.is_free(*now).then(|| Self::Held {
                hold: hold.clone(),
                holder: holder.clone(),
                until: *until,
            }),
            Step::Extend {
                hold,
                holder,
                now,
                until,
            } => self.is_held_by(hold, holder, *now).then(|| Self::Held {
                hold: hold.clone(),
                holder: holder.clone(),
                until: *until,
            }),
            Step::Release { hold, holder, now } => self.is_held_by(hold, holder, *now).then_some(Self::Free),
            Step::Confirm { hold, holder, now } => self.is_held_by(hold, holder, *now).then(|| Self::Sold {
                hold: hold.clone(),
                holder: holder.clone(),
            }),
            Step::RefundDue { hold, now } => {
                let has = matches!(self, Self::Held { hold: by, until, .. } if by == hold && until > now);
                (!has).then(|| self.clone())
            }
            // A refusal doesn't say when it was decided, so one that had run out just before will do.
            Step::Refused => (*self != Self::Free).then(|| self.clone()),
            Step::Read { state, now } => self.looks(state, *now).then(|| self.clone()),
        }
    }

    fn is_free(&self, now: u64) -> bool {
        match self {
            Self::Free => true,
            Self::Held { until, .. } => *until <= now,
            Self::Sold { .. } => false,
        }
    }

    fn is_held_by(&self, by: &str, whose: &str, now: u64) -> bool {
        matches!(self, Self::Held { hold, holder, until } if hold == by && holder == whose && *until > now)
    }

    fn looks(&self, state: &State, now: u64) -> bool {
        match (self, state) {
            (_, State::Free) => self.is_free(now),
            (
                Self::Held { hold, holder, until },
                State::Held {
                    holder: whose,
                    hold: by,
                    until: at,
                },
            ) => {
                let is_that_one = by.as_ref().is_none_or(|by| by == hold) && at.is_none_or(|at| at == *until);
                *until > now && holder == whose && is_that_one
            }
            (
                Self::Sold { hold, holder },
                State::Sold {
                    holder: whose,
                    hold: by,
                },
            ) => holder == whose && by.as_ref().is_none_or(|by| by == hold),
            _ => false,
        }
    }
}

impl Step {
    /// Whether the place is another one afterwards.
    pub fn changes(&self) -> bool {
        !matches!(self, Self::RefundDue { .. } | Self::Refused | Self::Read { .. })
    }
}

/// What each operation says of each place that it speaks of: the number of the operation, and the step.
pub fn by_place(operations: &[Operation]) -> BTreeMap<&str, Vec<(usize, Step)>> {
    let mut steps: BTreeMap<&str, Vec<(usize, Step)>> = BTreeMap::new();
    for (n, operation) in operations.iter().enumerate() {
        match &operation.answer {
            Answer::Done(done) => {
                let (hold, holder, now) = (&done.hold, &operation.holder, done.now);
                for place in done.versions.keys() {
                    let (hold, holder, until) = (hold.clone(), holder.clone(), done.until);
                    let step = match operation.command {
                        Command::Hold { .. } => Step::Take {
                            hold,
                            holder,
                            now,
                            until,
                        },
                        Command::Extend { .. } => Step::Extend {
                            hold,
                            holder,
                            now,
                            until,
                        },
                        Command::Release { .. } => Step::Release { hold, holder, now },
                        Command::Confirm { .. } | Command::Pay { .. } => Step::Confirm { hold, holder, now },
                        Command::Checkout { .. } | Command::Read { .. } | Command::Map => continue,
                    };
                    steps.entry(place).or_default().push((n, step));
                }
            }
            Answer::ToPay { .. } => {}
            Answer::RefundDue { now } => {
                let Command::Pay { hold, places, .. } = &operation.command else {
                    continue;
                };
                for place in places {
                    let (hold, now) = (hold.clone(), *now);
                    let step = Step::RefundDue { hold, now };
                    steps.entry(place).or_default().push((n, step));
                }
            }
            Answer::Refused { places, .. } => {
                for place in places {
                    steps.entry(place).or_default().push((n, Step::Refused));
                }
            }
            Answer::Places { now, places } => {
                for place in places {
                    let (state, now) = (place.state.clone(), *now);
                    let read = Step::Read { state, now };
                    steps.entry(&place.place).or_default().push((n, read));
                }
            }
        }
    }
    steps
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hold_ends_by_itself_and_only_its_holder_may_end_or_confirm_it_before() {
        let take = |hold: &str, now| Step::Take {
            hold: hold.into(),
            holder: "kim".into(),
            now,
            until: now + 10,
        };
        let held = Register::Free.after(&take("h1", 0)).unwrap();
        assert_eq!(held.after(&take("h2", 9)), None);
        assert!(held.after(&take("h2", 10)).is_some());
        let confirm = |hold: &str, holder: &str, now| Step::Confirm {
            hold: hold.into(),
            holder: holder.into(),
            now,
        };
        assert_eq!(held.after(&confirm("h1", "lee", 5)), None);
        assert_eq!(held.after(&confirm("h2", "kim", 5)), None);
        assert_eq!(held.after(&confirm("h1", "kim", 10)), None, "too late");
        let sold = held.after(&confirm("h1", "kim", 9)).unwrap();
        assert_eq!(sold.after(&take("h2", 1000)), None);
        assert_eq!(
            sold.after(&Step::Read {
                state: State::Free,
                now: 1000
            }),
            None
        );
        assert_eq!(sold.after(&Step::Refused), Some(sold.clone()));
        assert_eq!(Register::Free.after(&Step::Refused), None);
        let back = |hold: &str, now| Step::RefundDue {
            hold: hold.into(),
            now,
        };
        assert_eq!(held.after(&back("h1", 9)), None, "it was in time");
        assert_eq!(held.after(&back("h1", 10)), Some(held.clone()));
        assert_eq!(held.after(&back("h2", 9)), Some(held));
        assert_eq!(sold.after(&back("h1", 9)), Some(sold), "paid for twice");
    }
}
