//! The match that the program plays by itself, so that there is one to see.

use super::script::{Script, ScriptError};

impl Script {
    /// Nine innings of two teams that don't exist.
    ///
    /// # Errors
    /// None, if the tests passed.
    pub fn sample() -> Result<Self, ScriptError> {
        Self::read(include_str!("../../replays/yard.jsonl"))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use crate::scores::{Match, Script, Status, What};

    #[test]
    fn the_sample_is_a_whole_match_of_nine_innings() {
        let script = Script::sample().unwrap();
        let mut game = Match::default();
        for play in script.plays() {
            game.apply(play.clone()).unwrap();
        }
        let board = game.board().unwrap();
        assert_eq!((board.status, board.inning), (Status::Final, 9));
        assert_eq!((board.away.runs, board.home.runs), (5, 6));
    }

    #[test]
    fn the_sample_says_what_happened_every_five_to_ten_seconds() {
        let script = Script::sample().unwrap();
        for (n, play) in script.plays().enumerate() {
            let pause = script.line(n).unwrap().pause;
            let pitch = matches!(play.what, What::Ball | What::Strike | What::Foul);
            assert!(pitch || play.text.is_some() || n == 0, "{play:?} has no text");
            assert!(
                n == 0 || (5..=10).map(Duration::from_secs).any(|allowed| pause == allowed),
                "{play:?}"
            );
        }
    }
}
