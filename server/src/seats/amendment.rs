//! What may change of an event that is sold already.

use super::description::{Wrong, start, title};
use super::event::{About, Bilingual};

/// What an organiser changes; what isn't named stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Amendment {
    title: Option<Bilingual>,
    venue: Option<Bilingual>,
    starts_at: Option<i64>,
    closed: Option<bool>,
}

impl Amendment {
    /// Checks what somebody wrote. `starts_at` is a time with its offset, as in a description.
    ///
    /// # Errors
    /// Which field isn't what it should be, and why; or that none is there.
    pub fn new(
        title_now: Option<Bilingual>,
        venue: Option<Bilingual>,
        starts_at: Option<&str>,
        closed: Option<bool>,
    ) -> Result<Self, Wrong> {
        let amendment = Self {
            title: title_now.map(|words| title("title", words)).transpose()?,
            venue: venue.map(|words| title("venue", words)).transpose()?,
            starts_at: starts_at.map(start).transpose()?.map(|(at, _)| at),
            closed,
        };
        match amendment == Self::default() {
            true => Err(Wrong::new(
                "",
                "name what changes: title, venue, starts_at or closed",
            )),
            false => Ok(amendment),
        }
    }

    /// What is known of an event since.
    pub fn apply(&self, about: &About) -> About {
        let Self {
            title,
            venue,
            starts_at,
            closed,
        } = self.clone();
        About {
            title: title.unwrap_or_else(|| about.title.clone()),
            venue: venue.unwrap_or_else(|| about.venue.clone()),
            starts_at: starts_at.unwrap_or(about.starts_at),
            closed: closed.unwrap_or(about.closed),
            ..about.clone()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seats::samples;

    #[test]
    fn what_is_named_changes_and_all_else_stays() {
        let before = samples(0)[0].about().clone();
        let words = Bilingual {
            en: "Spring".to_owned(),
            ko: "봄".to_owned(),
        };
        let renamed = Amendment::new(Some(words.clone()), None, None, None).unwrap();
        let after = renamed.apply(&before);
        assert_eq!(after.title, words);
        assert_eq!(
            About {
                title: before.title.clone(),
                ..after
            },
            before
        );
        let moved = Amendment::new(None, None, Some("2027-03-20T19:30:00+09:00"), Some(true)).unwrap();
        let after = moved.apply(&before);
        assert_eq!((after.starts_at, after.closed), (1_805_538_600_000, true));
        assert_eq!(after.title, before.title);
    }

    #[test]
    fn nothing_and_nonsense_are_no_amendment() {
        let wrong = |title, at| Amendment::new(title, None, at, None).unwrap_err().to_string();
        assert!(wrong(None, None).contains("name what changes"));
        let blank = Bilingual {
            en: " ".to_owned(),
            ko: "봄".to_owned(),
        };
        assert!(wrong(Some(blank), None).starts_with("title.en: "));
        assert!(wrong(None, Some("tomorrow")).starts_with("starts_at: "));
    }
}
