//! A play as it is told: in the room with all that a page needs, in a list with less.

use serde::{Deserialize, Serialize};

use super::board::{Board, Half};
use super::game::Match;
use super::play::{Play, What};
use super::refused::Refused;
use super::words::Words;

/// The text of a message in a match's room. Whoever reads it needs neither the rules nor the plays before it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// What happened.
    pub play: Play,
    /// In which inning.
    pub inning: usize,
    /// In which half of it.
    pub half: Half,
    /// What a page shows since.
    pub board: Board,
}

/// A play in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Line {
    /// Its place in the room.
    pub offset: u64,
    /// When it was told, in milliseconds since 1970-01-01 UTC.
    pub at: i64,
    /// What happened: the `what` of the play.
    pub what: &'static str,
    /// What is said of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<Words>,
    /// In which inning.
    pub inning: usize,
    /// In which half of it.
    pub half: Half,
    /// The visitors' runs after it.
    pub away: u16,
    /// The home team's.
    pub home: u16,
}

impl Match {
    /// Takes a play, and returns how it is told.
    ///
    /// # Errors
    /// It can't have happened now; nothing has changed.
    pub fn tell(&mut self, play: Play) -> Result<Told, Refused> {
        let opens = matches!(play.what, What::Open { .. });
        let before = self.board().filter(|_| !opens);
        self.apply(play.clone())?;
        let board = self.board().ok_or(Refused::NotOpened)?;
        let when = before.as_ref().unwrap_or(&board);
        Ok(Told {
            play,
            inning: when.inning,
            half: when.half,
            board,
        })
    }
}

impl Told {
    /// In a list.
    pub fn line(&self, offset: u64, at: i64) -> Line {
        Line {
            offset,
            at,
            what: self.play.what.name(),
            text: self.play.text.clone(),
            inning: self.inning,
            half: self.half,
            away: self.board.away.runs,
            home: self.board.home.runs,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scores::Script;

    #[test]
    fn a_play_is_told_with_when_it_happened_and_what_the_board_shows_since() {
        let mut game = Match::default();
        let plays: Vec<_> = Script::sample().unwrap().plays().cloned().collect();
        let told: Vec<_> = plays
            .iter()
            .map(|play| game.tell(play.clone()).unwrap())
            .collect();
        let outs: Vec<_> = told.iter().filter(|told| told.board.half != told.half).collect();
        assert_eq!(
            outs.len(),
            17,
            "each half but the last ends with a play of its own"
        );
        let last = told.last().unwrap();
        assert_eq!((last.inning, last.half), (9, Half::Bottom));
        let line = last.line(7, 1);
        assert_eq!((line.what, line.away, line.home), ("sacrifice_fly", 5, 6));
        let json = serde_json::to_string(last).unwrap();
        assert_eq!(&serde_json::from_str::<Told>(&json).unwrap(), last);
    }

    #[test]
    fn every_play_has_the_name_that_it_has_in_json() {
        for play in Script::sample().unwrap().plays() {
            assert_eq!(serde_json::to_value(play).unwrap()["what"], play.what.name());
        }
        for name in [
            "walk",
            "picked_off",
            "fielders_choice",
            "throwing_error",
            "undo",
            "passed_ball",
        ] {
            let play: Play = serde_json::from_value(serde_json::json!({ "what": name })).unwrap();
            assert_eq!(play.what.name(), name);
        }
    }
}
