//! Who goes where: what usually happens on a play, what was said otherwise, and whether that can be.

use std::fmt;

use super::play::{Moves, To, What};
use super::refused::Refused;

/// Where somebody was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum From {
    /// At bat.
    Bat,
    /// On first.
    First,
    /// On second.
    Second,
    /// On third.
    Third,
}

/// Everybody who moved or stayed, by where they were; `None`: nobody was there, or is still at bat.
pub(super) type Moved = [Option<To>; 4];

/// Where everybody goes on a play that moves somebody.
///
/// # Errors
/// It can't be.
pub(super) fn run(what: &What, moves: Moves, bases: [bool; 3]) -> Result<Moved, Refused> {
    let said = moves.by_base();
    for (from, to) in From::ALL.into_iter().zip(said) {
        if to.is_some() && !occupied(bases, from) {
            return Err(Refused::NobodyThere(from));
        }
    }
    if said[0].is_some() && !what.takes_the_batter() {
        return Err(Refused::MovesNotAllowed);
    }
    let usual = usual(what, bases, moves.is_empty())?;
    let mut moved = [None; 4];
    for from in From::ALL {
        let n = from.index();
        moved[n] = said[n].or(usual[n]);
    }
    check(moved)?;
    Ok(moved)
}

impl From {
    const ALL: [Self; 4] = [Self::Bat, Self::First, Self::Second, Self::Third];

    const fn index(self) -> usize {
        match self {
            Self::Bat => 0,
            Self::First => 1,
            Self::Second => 2,
            Self::Third => 3,
        }
    }
}

impl fmt::Display for From {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Bat => "at bat",
            Self::First => "on first",
            Self::Second => "on second",
            Self::Third => "on third",
        })
    }
}

fn occupied(bases: [bool; 3], from: From) -> bool {
    from == From::Bat || bases[from.index() - 1]
}

/// What usually happens; `alone`: nothing was said of anybody.
fn usual(what: &What, bases: [bool; 3], alone: bool) -> Result<Moved, Refused> {
    let mut usual = stay(bases);
    match what {
        What::Single => advance(&mut usual, 1, true),
        What::Double => advance(&mut usual, 2, true),
        What::Triple => advance(&mut usual, 3, true),
        What::HomeRun => advance(&mut usual, 4, true),
        What::Walk | What::HitByPitch | What::Error => force(&mut usual, bases),
        What::GroundOut | What::FlyOut | What::LineOut => usual[0] = Some(To::Out),
        What::SacrificeBunt => {
            advance(&mut usual, 1, false);
            usual[0] = Some(To::Out);
        }
        What::SacrificeFly => {
            usual[0] = Some(To::Out);
            usual[3] = Some(on(From::Third, bases, To::Home)?);
        }
        What::DoublePlay => {
            usual[0] = Some(To::Out);
            if alone {
                usual[1] = Some(on(From::First, bases, To::Out)?);
            }
        }
        What::FieldersChoice => {
            force(&mut usual, bases);
            if alone {
                usual[1] = Some(on(From::First, bases, To::Out)?);
            }
        }
        What::Steal if alone => usual[the_only(bases)?.index()] = Some(next(the_only(bases)?)),
        What::CaughtStealing | What::PickedOff if alone => {
            usual[the_only(bases)?.index()] = Some(To::Out);
        }
        What::WildPitch | What::PassedBall | What::Balk | What::ThrowingError if alone => {
            if bases == [false; 3] {
                return Err(Refused::MovesNeeded);
            }
            advance(&mut usual, 1, false);
        }
        _ => {}
    }
    Ok(usual)
}

fn stay(bases: [bool; 3]) -> Moved {
    let on = |from: From| occupied(bases, from).then(|| base(from.index()));
    [None, on(From::First), on(From::Second), on(From::Third)]
}

/// The base of a number; beyond third is home.
const fn base(number: usize) -> To {
    match number {
        0 | 1 => To::First,
        2 => To::Second,
        3 => To::Third,
        _ => To::Home,
    }
}

const fn next(from: From) -> To {
    base(from.index() + 1)
}

fn advance(moved: &mut Moved, bases: usize, batter: bool) {
    for from in From::ALL {
        let n = from.index();
        if moved[n].is_some() || (from == From::Bat && batter) {
            moved[n] = Some(base(n + bases));
        }
    }
}

/// The batter takes first, and whoever is in the way goes on.
fn force(moved: &mut Moved, bases: [bool; 3]) {
    for from in From::ALL.into_iter().take_while(|from| occupied(bases, *from)) {
        moved[from.index()] = Some(next(from));
    }
}

fn on(from: From, bases: [bool; 3], to: To) -> Result<To, Refused> {
    if occupied(bases, from) {
        Ok(to)
    } else {
        Err(Refused::NobodyThere(from))
    }
}

fn the_only(bases: [bool; 3]) -> Result<From, Refused> {
    match bases {
        [true, false, false] => Ok(From::First),
        [false, true, false] => Ok(From::Second),
        [false, false, true] => Ok(From::Third),
        _ => Err(Refused::MovesNeeded),
    }
}

/// Nobody goes back, and nobody passes or joins the one before him.
fn check(moved: Moved) -> Result<(), Refused> {
    let mut ahead: Option<To> = None;
    for from in From::ALL.into_iter().rev() {
        let Some(to) = moved[from.index()].filter(|to| *to != To::Out) else {
            continue;
        };
        if from != From::Bat && to < base(from.index()) {
            return Err(Refused::Backwards(from));
        }
        if ahead.is_some_and(|ahead| to >= ahead && !(to == To::Home && ahead == To::Home)) {
            return Err(Refused::Crossed(from));
        }
        ahead = Some(to);
    }
    Ok(())
}
