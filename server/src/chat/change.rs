//! What somebody does to a room's log: says something, or changes what was said.

use super::code::Code;
use super::emoji::Emoji;
use super::person::Role;
use super::values::Text;

/// What somebody does to a room's log. Each becomes an entry of it, with an offset of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Says something.
    Say {
        /// What.
        text: Text,
        /// The message that it answers, by its offset.
        reply_to: Option<i64>,
    },
    /// Gives a message another text.
    Edit {
        /// The message, by its offset.
        target: i64,
        /// What it says from now on.
        text: Text,
    },
    /// Takes a message back. Its place in the log stays, without its text.
    Delete {
        /// The message, by its offset.
        target: i64,
    },
    /// Reacts to a message, or not any more.
    React {
        /// The message, by its offset.
        target: i64,
        /// With what.
        emoji: Emoji,
        /// Whether the reaction is there from now on.
        on: bool,
    },
}

/// Different emojis that one message may have: a row or two beneath it.
pub const REACTIONS_LIMIT: usize = 20;

/// Names that are listed of those who reacted with the same emoji: as many as a hint shows.
pub const REACTION_NAMES: usize = 20;

impl Change {
    /// The message that must be there for it.
    pub fn about(&self) -> Option<i64> {
        match self {
            Self::Say { reply_to, .. } => *reply_to,
            Self::Edit { target, .. } | Self::Delete { target } | Self::React { target, .. } => Some(*target),
        }
    }

    /// The text that it puts into the room.
    pub fn text(&self) -> Option<&Text> {
        match self {
            Self::Say { text, .. } | Self::Edit { text, .. } => Some(text),
            Self::Delete { .. } | Self::React { .. } => None,
        }
    }

    /// Whether somebody may do it who has written the message, or hasn't, and is what they are in the room.
    ///
    /// # Errors
    /// [`Code::NotYours`].
    pub fn allowed(&self, is_author: bool, role: Role) -> Result<(), Code> {
        let allowed = match self {
            Self::Say { .. } | Self::React { .. } => true,
            Self::Edit { .. } => is_author,
            Self::Delete { .. } => is_author || role >= Role::Moderator,
        };
        allowed.then_some(()).ok_or(Code::NotYours)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn authors_change_what_is_theirs_and_moderators_take_away_what_is_not() {
        let text = Text::new("a".to_owned()).unwrap();
        let edit = Change::Edit {
            target: 1,
            text: text.clone(),
        };
        let delete = Change::Delete { target: 1 };
        let react = Change::React {
            target: 1,
            emoji: "👍".parse().unwrap(),
            on: true,
        };
        let say = Change::Say {
            text,
            reply_to: Some(1),
        };
        for role in Role::ALL {
            assert_eq!(edit.allowed(true, role), Ok(()));
            assert_eq!(edit.allowed(false, role), Err(Code::NotYours), "{role:?}");
            assert_eq!(delete.allowed(true, role), Ok(()));
            assert_eq!(
                delete.allowed(false, role).is_ok(),
                role >= Role::Moderator,
                "{role:?}"
            );
            assert_eq!(react.allowed(false, role), Ok(()));
            assert_eq!(say.allowed(false, role), Ok(()));
        }
    }
}
