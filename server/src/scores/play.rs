//! What happened on the field, as one JSON object: in the API, in the room, in a file.

use serde::{Deserialize, Serialize};

use super::words::Words;

/// One play.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Play {
    /// What happened.
    #[serde(flatten)]
    pub what: What,
    /// Where runners went, if it isn't what usually happens.
    #[serde(default, skip_serializing_if = "Moves::is_empty")]
    pub moves: Moves,
    /// What is said of it; without it a page says what happened in its own words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<Words>,
}

/// What can happen. The JSON field `what` has the name in snake case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum What {
    /// A match is announced: the first play of each.
    Open {
        /// Who bats first.
        away: Words,
        /// Who bats last.
        home: Words,
    },
    /// It begins.
    Start,
    /// A pitch outside; the fourth is a walk.
    Ball,
    /// A strike, called or swung at; the third is an out.
    Strike,
    /// A foul: a strike, but never the third.
    Foul,
    /// Everybody goes one base on.
    Single,
    /// Everybody goes two bases on.
    Double,
    /// Everybody goes three bases on.
    Triple,
    /// Everybody comes home.
    HomeRun,
    /// The batter is sent to first on purpose; who is in the way goes on.
    Walk,
    /// The same after being hit.
    HitByPitch,
    /// The batter reaches first by a mistake of the field; who is in the way goes on.
    Error,
    /// The batter is out at first.
    GroundOut,
    /// A ball caught high.
    FlyOut,
    /// A ball caught low.
    LineOut,
    /// The batter is out, everybody else goes one base on.
    SacrificeBunt,
    /// The batter is out, the runner on third comes home.
    SacrificeFly,
    /// The batter and the runner on first are out.
    DoublePlay,
    /// The batter is safe at first, because the runner from there was put out.
    FieldersChoice,
    /// A runner takes a base.
    Steal,
    /// A runner is out trying.
    CaughtStealing,
    /// A runner is out before he could return.
    PickedOff,
    /// Runners go on because a pitch went wild.
    WildPitch,
    /// Runners go on because it wasn't caught.
    PassedBall,
    /// Runners go on because the pitcher broke a rule.
    Balk,
    /// Runners go on by a mistake of the field.
    ThrowingError,
    /// Nothing happened that counts: something to read.
    Note,
    /// The match ends here, whatever the score.
    End,
    /// The last play that counts doesn't.
    Undo,
}

/// Where runners went: those not named do what usually happens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Moves {
    /// Who was at bat.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub batter: Option<To>,
    /// Who was on first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first: Option<To>,
    /// Who was on second.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub second: Option<To>,
    /// Who was on third.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub third: Option<To>,
}

/// Where somebody ends up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum To {
    /// On first.
    First,
    /// On second.
    Second,
    /// On third.
    Third,
    /// A run.
    Home,
    /// Out.
    Out,
}

impl Moves {
    /// Whether nobody is named.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// By where they were: at bat, on first, second, third.
    pub(super) fn by_base(self) -> [Option<To>; 4] {
        [self.batter, self.first, self.second, self.third]
    }
}

impl From<What> for Play {
    fn from(what: What) -> Self {
        Self {
            what,
            moves: Moves::default(),
            text: None,
        }
    }
}

impl What {
    /// Its name in JSON.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Open { .. } => "open",
            Self::Start => "start",
            Self::Ball => "ball",
            Self::Strike => "strike",
            Self::Foul => "foul",
            Self::Single => "single",
            Self::Double => "double",
            Self::Triple => "triple",
            Self::HomeRun => "home_run",
            Self::Walk => "walk",
            Self::HitByPitch => "hit_by_pitch",
            Self::Error => "error",
            Self::GroundOut => "ground_out",
            Self::FlyOut => "fly_out",
            Self::LineOut => "line_out",
            Self::SacrificeBunt => "sacrifice_bunt",
            Self::SacrificeFly => "sacrifice_fly",
            Self::DoublePlay => "double_play",
            Self::FieldersChoice => "fielders_choice",
            Self::Steal => "steal",
            Self::CaughtStealing => "caught_stealing",
            Self::PickedOff => "picked_off",
            Self::WildPitch => "wild_pitch",
            Self::PassedBall => "passed_ball",
            Self::Balk => "balk",
            Self::ThrowingError => "throwing_error",
            Self::Note => "note",
            Self::End => "end",
            Self::Undo => "undo",
        }
    }

    /// Whether it ends what the batter was there for.
    pub(super) fn takes_the_batter(&self) -> bool {
        self.is_hit()
            || self.puts_the_batter_out()
            || matches!(
                self,
                Self::Walk | Self::HitByPitch | Self::Error | Self::FieldersChoice
            )
    }

    pub(super) fn is_hit(&self) -> bool {
        matches!(self, Self::Single | Self::Double | Self::Triple | Self::HomeRun)
    }

    pub(super) fn is_error(&self) -> bool {
        matches!(self, Self::Error | Self::ThrowingError)
    }

    /// Whether a third out by it takes its runs away: the batter was out before first, or a runner who had to go on
    /// was.
    pub(super) fn forces(&self) -> bool {
        self.puts_the_batter_out() || matches!(self, Self::FieldersChoice)
    }

    fn puts_the_batter_out(&self) -> bool {
        matches!(
            self,
            Self::GroundOut
                | Self::FlyOut
                | Self::LineOut
                | Self::SacrificeBunt
                | Self::SacrificeFly
                | Self::DoublePlay
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_play_is_one_object() {
        for json in [
            r#"{"what":"ball"}"#,
            r#"{"what":"open","away":{"ko":"제비","en":"Swallows"},"home":"까치"}"#,
            r#"{"what":"double","moves":{"first":"third","third":"home"},"text":"우중간"}"#,
        ] {
            let play: Play = serde_json::from_str(json).unwrap();
            assert_eq!(serde_json::to_string(&play).unwrap(), json);
        }
        for wrong in [
            "{}",
            r#"{"what":"dance"}"#,
            r#"{"what":"open","home":"a"}"#,
            r#"{"what":"single","moves":{"fourth":"home"}}"#,
            r#"{"what":"single","moves":{"first":"moon"}}"#,
            r#"{"what":"note","text":""}"#,
        ] {
            assert!(serde_json::from_str::<Play>(wrong).is_err(), "{wrong}");
        }
    }
}
