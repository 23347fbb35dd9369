//! One connection's conversation: which command is allowed when.

use std::time::Duration;

use super::code::{Code, Refusal};
use super::command::Command;

/// How long a connection may wait with its `join`: far more than a page needs on a bad line, and short enough that
/// idle strangers don't fill the server.
pub const JOIN_TIME: Duration = Duration::from_secs(10);

/// Where one connection stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Visit {
    /// It has not joined.
    Outside,
    /// It has.
    Inside,
}

impl Visit {
    /// Reads one text message in the light of what came before it. A `join` leads [inside](Self::Inside) when it has
    /// been carried out, which the store may be unable to do.
    ///
    /// # Errors
    /// What the client is to be told; nothing has changed.
    pub fn receive(self, json: &str) -> Result<Command, Refusal> {
        self.allow(Command::parse(json)?)
    }

    /// The same for a command that has been read.
    ///
    /// # Errors
    /// What the client is to be told; nothing has changed.
    pub fn allow(self, command: Command) -> Result<Command, Refusal> {
        match (self, command) {
            (Self::Inside, Command::Join { .. }) => Err(Code::AlreadyJoined.into()),
            (Self::Outside, Command::Send { client_id, .. }) => {
                Err(Refusal::from(Code::JoinExpected).about(client_id))
            }
            (Self::Outside, Command::History(_) | Command::Typing { .. } | Command::Read { .. }) => {
                Err(Code::JoinExpected.into())
            }
            (_, command) => Ok(command),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn join_comes_first_and_once() {
        let code = |visit: Visit, json: &str| visit.receive(json).map_err(|refusal| refusal.code);
        let join = r#"{"type":"join","name":"Kim"}"#;
        let visit = Visit::Outside;
        assert_eq!(code(visit, r#"{"type":"history"}"#), Err(Code::JoinExpected));
        assert_eq!(
            code(visit, r#"{"type":"typing","active":true}"#),
            Err(Code::JoinExpected)
        );
        let send = r#"{"type":"send","client_id":"c","text":"a"}"#;
        assert_eq!(code(visit, send), Err(Code::JoinExpected));
        assert!(visit.receive(send).unwrap_err().client_id.is_some());
        assert!(code(visit, join).is_ok());
        let visit = Visit::Inside;
        assert_eq!(code(visit, join), Err(Code::AlreadyJoined));
        assert!(code(visit, send).is_ok());
    }
}
