//! A match of baseball: the fold of its plays.

use super::board::{Board, Half, Side, Status};
use super::play::{Play, To, What};
use super::refused::Refused;
use super::runners::{self, Moved};
use super::words::Words;

/// Innings of a match that isn't tied.
pub const REGULAR_INNINGS: usize = 9;

/// A match that is tied after this inning is drawn, as leagues in Korea and Japan have had it.
pub const LAST_INNING: usize = 12;

/// Plays of one match, undone ones included: six times what nine innings have, and a bound for what is kept of it.
pub const PLAYS_LIMIT: usize = 2000;

/// A match. New, it waits for its first play, which opens it; one that is over may be followed by the next.
#[derive(Clone, Debug, Default)]
pub struct Match {
    teams: Option<[Words; 2]>,
    now: State,
    /// Each play that counts, with what it was played on.
    steps: Vec<(State, Play)>,
    /// Plays since it was opened, undone ones included.
    taken: usize,
}

/// All that plays change. The visitors' figures come first.
#[derive(Clone, Copy, Debug, Default)]
struct State {
    status: Option<Status>,
    /// Halves that are over.
    halves: usize,
    outs: u8,
    balls: u8,
    strikes: u8,
    bases: [bool; 3],
    line: [[u16; LAST_INNING]; 2],
    hits: [u16; 2],
    errors: [u16; 2],
}

impl Match {
    /// Takes a play.
    ///
    /// # Errors
    /// It can't have happened now; nothing has changed.
    pub fn apply(&mut self, play: Play) -> Result<(), Refused> {
        let over = self.now.status == Some(Status::Final);
        if let What::Open { away, home } = &play.what {
            if self.teams.is_some() && !over {
                return Err(Refused::AlreadyOpened);
            }
            if !play.moves.is_empty() {
                return Err(Refused::MovesNotAllowed);
            }
            let now = State {
                status: Some(Status::Scheduled),
                ..State::default()
            };
            *self = Self {
                teams: Some([away.clone(), home.clone()]),
                now,
                steps: vec![(now, play)],
                taken: 1,
            };
            return Ok(());
        }
        if self.teams.is_none() {
            return Err(Refused::NotOpened);
        }
        // The end may always be told.
        if self.taken >= PLAYS_LIMIT && play.what != What::End {
            return Err(Refused::TooManyPlays);
        }
        if play.what == What::Undo {
            if !play.moves.is_empty() {
                return Err(Refused::MovesNotAllowed);
            }
            // What opened it stays.
            let (before, _) = self
                .steps
                .pop_if(|(_, last)| !matches!(last.what, What::Open { .. }))
                .ok_or(Refused::NothingToUndo)?;
            self.now = before;
        } else {
            let before = self.now;
            self.now = before.after(&play)?;
            self.steps.push((before, play));
        }
        self.taken += 1;
        Ok(())
    }

    /// What a page shows; `None` before it is opened.
    pub fn board(&self) -> Option<Board> {
        let [away, home] = self.teams.as_ref()?;
        let now = &self.now;
        Some(Board {
            status: now.status?,
            inning: now.inning(),
            half: now.half(),
            outs: now.outs,
            balls: now.balls,
            strikes: now.strikes,
            bases: now.bases,
            away: now.side(0, away),
            home: now.side(1, home),
        })
    }

    /// Whether it is over; a match that was never opened is not.
    pub fn is_over(&self) -> bool {
        self.now.status == Some(Status::Final)
    }

    /// The plays that count, the opening first.
    pub fn plays(&self) -> impl DoubleEndedIterator<Item = &Play> + ExactSizeIterator {
        self.steps.iter().map(|(_, play)| play)
    }
}

impl State {
    /// What a play makes of it.
    fn after(mut self, play: &Play) -> Result<Self, Refused> {
        let what = &play.what;
        if self.status == Some(Status::Final) {
            return Err(Refused::Over);
        }
        let moves_nobody = matches!(
            what,
            What::Note | What::End | What::Start | What::Ball | What::Strike | What::Foul
        );
        if moves_nobody && !play.moves.is_empty() {
            return Err(Refused::MovesNotAllowed);
        }
        let live = self.status == Some(Status::Live);
        match what {
            What::Note => return Ok(self),
            What::End => {
                self.end();
                return Ok(self);
            }
            What::Start if live => return Err(Refused::AlreadyStarted),
            What::Start => {
                self.status = Some(Status::Live);
                return Ok(self);
            }
            _ if !live => return Err(Refused::NotStarted),
            What::Ball if self.balls < 3 => self.balls += 1,
            What::Strike if self.strikes < 2 => self.strikes += 1,
            What::Foul => self.strikes = 2.min(self.strikes + 1),
            What::Strike => self.move_all(&What::LineOut, [Some(To::Out), None, None, None])?,
            What::Ball => self.run(&What::Walk, play)?,
            _ => self.run(what, play)?,
        }
        Ok(self)
    }

    fn run(&mut self, what: &What, play: &Play) -> Result<(), Refused> {
        let moved = runners::run(what, play.moves, self.bases)?;
        self.move_all(what, moved)
    }

    /// Counts what happened to everybody. Who isn't among them stays.
    fn move_all(&mut self, what: &What, moved: Moved) -> Result<(), Refused> {
        let count =
            |to| u8::try_from(moved.iter().filter(|one| **one == Some(to)).count()).unwrap_or(u8::MAX);
        let (outs, mut runs) = (self.outs + count(To::Out), u16::from(count(To::Home)));
        if outs > 3 {
            return Err(Refused::TooManyOuts);
        }
        if outs == 3 && what.forces() {
            runs = 0;
        }
        if self.may_be_the_last_half() && self.half() == Half::Bottom && *what != What::HomeRun {
            // The run that decides it is the last.
            runs = runs.min(self.runs(0) - self.runs(1) + 1);
        }
        let (batting, fielding) = self.sides();
        self.line[batting][self.inning() - 1] += runs;
        self.hits[batting] += u16::from(what.is_hit());
        self.errors[fielding] += u16::from(what.is_error());
        self.outs = outs;
        if what.takes_the_batter() {
            (self.balls, self.strikes) = (0, 0);
        }
        for (base, to) in [To::First, To::Second, To::Third].into_iter().enumerate() {
            let came = moved.contains(&Some(to));
            let stayed = self.bases[base] && moved[base + 1].is_none();
            self.bases[base] = came || stayed;
        }
        if self.may_be_the_last_half() && self.half() == Half::Bottom && self.runs(1) > self.runs(0) {
            self.end();
        } else if outs == 3 {
            self.change_sides();
        }
        Ok(())
    }

    fn change_sides(&mut self) {
        let (decided, half) = (self.runs(0) != self.runs(1), self.half());
        let home_leads = self.runs(1) > self.runs(0);
        let over = self.may_be_the_last_half()
            && match half {
                Half::Top => home_leads,
                Half::Bottom => decided || self.inning() == LAST_INNING,
            };
        if over {
            self.end();
        } else {
            self.halves += 1;
            self.clear();
        }
    }

    fn end(&mut self) {
        self.status = Some(Status::Final);
        self.clear();
    }

    fn clear(&mut self) {
        (self.outs, self.balls, self.strikes, self.bases) = (0, 0, 0, [false; 3]);
    }

    fn inning(&self) -> usize {
        self.halves / 2 + 1
    }

    fn half(&self) -> Half {
        if self.halves.is_multiple_of(2) {
            Half::Top
        } else {
            Half::Bottom
        }
    }

    fn may_be_the_last_half(&self) -> bool {
        self.inning() >= REGULAR_INNINGS
    }

    /// Who bats, who doesn't.
    fn sides(&self) -> (usize, usize) {
        match self.half() {
            Half::Top => (0, 1),
            Half::Bottom => (1, 0),
        }
    }

    fn runs(&self, side: usize) -> u16 {
        self.line[side].iter().sum()
    }

    fn side(&self, side: usize, name: &Words) -> Side {
        // The visitors have begun the inning that is on, the home team when its half is.
        let begun = match self.status {
            Some(Status::Scheduled) | None => 0,
            _ => (self.halves + 2 - side) / 2,
        };
        Side {
            name: name.clone(),
            line: self.line[side][..begun].to_vec(),
            runs: self.runs(side),
            hits: self.hits[side],
            errors: self.errors[side],
        }
    }
}
