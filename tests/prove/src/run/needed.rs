//! What must have happened in a run: without it the run proves nothing.

use std::sync::PoisonError;

use super::{Yard, faults};
use crate::history::{Answer, Command, Operation};

/// A payment was made when its hold was surely over.
pub(super) const LATE: &str = "paid too late";

impl Yard {
    /// What hasn't happened yet.
    pub(super) fn lacks(&self) -> Vec<&'static str> {
        let history = self.history.lock().unwrap_or_else(PoisonError::into_inner);
        let faults = self.faults.lock().unwrap_or_else(PoisonError::into_inner);
        let any = |is: &dyn Fn(&Operation) -> bool| history.iter().any(is);
        let done =
            |is: fn(&Command) -> bool| any(&|one| is(&one.command) && matches!(one.answer, Answer::Done(_)));
        let refused =
            |code: &str| any(&|one| matches!(&one.answer, Answer::Refused { code: why, .. } if why == code));
        // Whatever it was answered: a program that sells it all the same is found out by that.
        let late = faults.contains_key(LATE);
        let needed = [
            (
                done(|command| matches!(command, Command::Hold { .. })),
                "no hold was given",
            ),
            (
                done(|command| matches!(command, Command::Confirm { .. } | Command::Pay { .. })),
                "nothing was sold",
            ),
            (!self.plan.payments || late, "no payment was late"),
            (
                done(|command| matches!(command, Command::Release { .. })),
                "nothing was given back",
            ),
            (refused("seats_taken"), "nobody was too late for a seat"),
            (late || refused("hold_expired"), "no hold was over"),
            (refused("hold_unknown"), "nobody tried what isn't theirs"),
            (
                faults.contains_key(faults::REFUSED),
                "no second owner was refused",
            ),
            (
                !self.plan.kills || faults.contains_key(faults::KILLED),
                "no server was killed",
            ),
        ];
        let lacks = needed.into_iter().filter(|(happened, _)| !happened);
        lacks.map(|(_, lack)| lack).collect()
    }
}
