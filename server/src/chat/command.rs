//! What a client says: JSON text in, a [`Command`] with sound values out.

use madang_hub::{Epoch, Position};
use serde::Deserialize;

use super::change::Change;
use super::code::{Code, Refusal};
use super::values::{ClientId, Name, Room, Session, Text};

/// Most messages that one `history` may ask for.
pub const HISTORY_LIMIT: u64 = 200;

/// How many messages a `history` without a limit asks for.
pub const HISTORY_DEFAULT: u64 = 50;

/// A client's command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Step in, under a name, as the session of an earlier connection or a new one.
    Join {
        /// The name to be known by.
        name: Name,
        /// Which session to go on with.
        session: Option<Session>,
        /// What was read already.
        since: Option<Position>,
    },
    /// Say something, or change what was said: the commands `send`, `edit`, `delete` and `react`.
    Send {
        /// The client's own id of it.
        client_id: ClientId,
        /// What.
        change: Change,
    },
    /// Everything up to here has been read.
    Read {
        /// The last that was.
        offset: u64,
    },
    /// Read what was said.
    History(Range),
    /// Began to type, or stopped.
    Typing {
        /// Whether typing goes on.
        active: bool,
    },
}

/// The largest offset that may be asked for: the largest whole number that every program which reads JSON can hold.
pub const MAX_OFFSET: u64 = (1 << 53) - 1;

/// Most messages of one batch.
pub const BATCH_LIMIT: usize = 100;

/// Rooms whose unread messages may be asked for at once: more than a list shows.
pub const UNREAD_ROOMS: usize = 50;

/// Which part of the history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    /// Where it lies.
    pub place: Place,
    /// Of which life of the room's numbers; of the present one, if nothing is said.
    pub epoch: Option<Epoch>,
    /// At most so many messages; 1 to [`HISTORY_LIMIT`].
    pub limit: u64,
}

/// Where a part of the history lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// At the end.
    Newest,
    /// Directly after an offset.
    After(i64),
    /// Directly before an offset.
    Before(i64),
    /// Half before an offset, the rest from there on.
    Around(i64),
}

impl Range {
    /// The part after an offset, before one, around one, or at the end; [`HISTORY_DEFAULT`] messages if nothing is said.
    ///
    /// # Errors
    /// [`Code::HistoryInvalid`].
    pub fn new(
        after: Option<u64>,
        before: Option<u64>,
        around: Option<u64>,
        epoch: Option<Epoch>,
        limit: Option<u64>,
    ) -> Result<Self, Code> {
        let limit = limit.unwrap_or(HISTORY_DEFAULT);
        let offset = |offset: u64| match offset {
            0..=MAX_OFFSET => Ok(offset.cast_signed()),
            _ => Err(Code::HistoryInvalid),
        };
        let place = match (after, before, around) {
            (None, None, None) => Place::Newest,
            (Some(after), None, None) => Place::After(offset(after)?),
            (None, Some(before), None) => Place::Before(offset(before)?),
            (None, None, Some(around)) => Place::Around(offset(around)?),
            _ => return Err(Code::HistoryInvalid),
        };
        if !(1..=HISTORY_LIMIT).contains(&limit) {
            return Err(Code::HistoryInvalid);
        }
        Ok(Self { place, epoch, limit })
    }
}

impl Command {
    /// Reads one text message. Fields that a command doesn't know are ignored.
    ///
    /// # Errors
    /// A [`Refusal`] whose code tells the first thing that is wrong.
    pub fn parse(json: &str) -> Result<Self, Refusal> {
        let mut fields: Fields = serde_json::from_str(json).map_err(Refusal::bad_json)?;
        let kind = fields.kind.take();
        fields.command(kind.as_deref().unwrap_or_default())
    }
}

/// The fields of every command: one pass over the text, and no tree of values in between.
#[derive(Debug, Default, Deserialize)]
pub struct Fields {
    #[serde(rename = "type")]
    kind: Option<String>,
    /// Of a `join` where the address doesn't say it.
    room: Option<String>,
    name: Option<String>,
    session: Option<String>,
    epoch: Option<String>,
    client_id: Option<String>,
    text: Option<String>,
    after: Option<u64>,
    before: Option<u64>,
    around: Option<u64>,
    limit: Option<u64>,
    active: Option<bool>,
    reply_to: Option<u64>,
    target: Option<u64>,
    emoji: Option<String>,
    on: Option<bool>,
    offset: Option<u64>,
}

impl Fields {
    /// The command of this type.
    ///
    /// # Errors
    /// A [`Refusal`] whose code tells the first thing that is wrong.
    pub fn command(self, kind: &str) -> Result<Command, Refusal> {
        match kind {
            "join" => Ok(self.join()?),
            "send" | "edit" | "delete" | "react" => self.send(kind),
            "read" => match self.offset {
                Some(offset) if offset <= MAX_OFFSET => Ok(Command::Read { offset }),
                Some(_) => Err(Code::HistoryInvalid.into()),
                None => Err(missing("offset")),
            },
            "history" => Ok(Command::History(self.range()?)),
            "typing" => match self.active {
                Some(active) => Ok(Command::Typing { active }),
                None => Err(missing("active")),
            },
            _ => Err(Code::UnknownType.into()),
        }
    }

    /// The room that a `join` names.
    ///
    /// # Errors
    /// [`Code::RoomInvalid`] if that is none.
    pub fn room(&self) -> Result<Room, Code> {
        self.room.as_deref().unwrap_or_default().parse()
    }

    fn join(self) -> Result<Command, Code> {
        let name = self.name.as_deref().unwrap_or_default().parse()?;
        let session = self.session.as_deref().map(str::parse).transpose()?;
        let since = match (self.after, self.epoch()?) {
            (None, _) => None,
            (Some(offset), Some(epoch)) => Some(Position { offset, epoch }),
            (Some(_), None) => return Err(Code::HistoryInvalid),
        };
        Ok(Command::Join { name, session, since })
    }

    fn send(mut self, kind: &str) -> Result<Command, Refusal> {
        let client_id = ClientId::new(self.client_id.take().unwrap_or_default())?;
        match self.change(kind) {
            Ok(change) => Ok(Command::Send { client_id, change }),
            Err(refusal) => Err(refusal.about(client_id)),
        }
    }

    fn change(self, kind: &str) -> Result<Change, Refusal> {
        let text = |text: Option<String>| Ok::<_, Refusal>(Text::new(text.ok_or_else(|| missing("text"))?)?);
        if kind == "send" {
            let reply_to = self.reply_to.map(message_at).transpose()?;
            let text = text(self.text)?;
            return Ok(Change::Say { text, reply_to });
        }
        let target = message_at(self.target.ok_or_else(|| missing("target"))?)?;
        match kind {
            "edit" => Ok(Change::Edit {
                target,
                text: text(self.text)?,
            }),
            "delete" => Ok(Change::Delete { target }),
            _ => {
                let emoji = self.emoji.ok_or_else(|| missing("emoji"))?.parse()?;
                let on = self.on.ok_or_else(|| missing("on"))?;
                Ok(Change::React { target, emoji, on })
            }
        }
    }

    fn range(&self) -> Result<Range, Code> {
        Range::new(self.after, self.before, self.around, self.epoch()?, self.limit)
    }

    fn epoch(&self) -> Result<Option<Epoch>, Code> {
        let epoch = self.epoch.as_deref().map(str::parse);
        epoch.transpose().map_err(|_| Code::HistoryInvalid)
    }
}

/// An offset at which there may be a message.
///
/// # Errors
/// [`Code::MessageUnknown`]: none has such an offset.
pub fn message_at(offset: u64) -> Result<i64, Code> {
    match offset {
        1..=MAX_OFFSET => Ok(offset.cast_signed()),
        _ => Err(Code::MessageUnknown),
    }
}

fn missing(field: &str) -> Refusal {
    Refusal::bad_json(format_args!("`{field}` is missing"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_each_command() {
        let range = |place, limit| {
            Ok(Command::History(Range {
                place,
                epoch: None,
                limit,
            }))
        };
        assert_eq!(
            Command::parse(r#"{"type":"join","name":" Kim ","session":"AAAAAAAAAAAAAAAAAAAAAQ"}"#),
            Ok(Command::Join {
                name: "Kim".parse().unwrap(),
                session: Some(Session::new(1)),
                since: None,
            })
        );
        assert!(matches!(
            Command::parse(r#"{"name":"\uae40","type":"join","new":[{}]}"#),
            Ok(Command::Join { name, session: None, .. }) if name.as_str() == "김"
        ));
        assert!(matches!(
            Command::parse(r#"{"type":"send","client_id":"c1","text":"안녕\n"}"#),
            Ok(Command::Send { change: Change::Say { text, reply_to: None }, .. }) if text.as_str() == "안녕\n"
        ));
        let changes = [
            (
                r#"{"type":"send","client_id":"c1","text":"a","reply_to":7}"#,
                Change::Say {
                    text: Text::new("a".to_owned()).unwrap(),
                    reply_to: Some(7),
                },
            ),
            (
                r#"{"type":"edit","client_id":"c1","target":7,"text":"a"}"#,
                Change::Edit {
                    target: 7,
                    text: Text::new("a".to_owned()).unwrap(),
                },
            ),
            (
                r#"{"type":"delete","client_id":"c1","target":7}"#,
                Change::Delete { target: 7 },
            ),
            (
                r#"{"type":"react","client_id":"c1","target":7,"emoji":"👍","on":false}"#,
                Change::React {
                    target: 7,
                    emoji: "👍".parse().unwrap(),
                    on: false,
                },
            ),
        ];
        for (json, change) in changes {
            let client_id = ClientId::new("c1".to_owned()).unwrap();
            assert_eq!(Command::parse(json), Ok(Command::Send { client_id, change }));
        }
        assert_eq!(
            Command::parse(r#"{"type":"read","offset":7}"#),
            Ok(Command::Read { offset: 7 })
        );
        assert_eq!(Command::parse(r#"{"type":"history"}"#), range(Place::Newest, 50));
        assert_eq!(
            Command::parse(r#"{"type":"history","around":7}"#),
            range(Place::Around(7), 50)
        );
        assert_eq!(
            Command::parse(r#"{"type":"history","after":0,"limit":200}"#),
            range(Place::After(0), 200)
        );
        assert_eq!(
            Command::parse(r#"{"type":"history","before":7,"after":null,"limit":1}"#),
            range(Place::Before(7), 1)
        );
        assert_eq!(
            Command::parse(r#"{"type":"typing","active":true}"#),
            Ok(Command::Typing { active: true })
        );
    }

    #[test]
    fn refuses_each_mistake_with_its_code() {
        let long_name = format!(r#"{{"type":"join","name":"{}"}}"#, "n".repeat(41));
        let long_text = format!(
            r#"{{"type":"send","client_id":"c","text":"{}"}}"#,
            "t".repeat(4001)
        );
        let deep = format!(r#"{{"type":"join","x":{}}}"#, "[".repeat(10_000));
        for (json, code) in [
            ("", Code::BadJson),
            ("hello", Code::BadJson),
            ("[]", Code::BadJson),
            ("null", Code::BadJson),
            (r#"{"type":"join""#, Code::BadJson),
            (r#"{"type":"join","name":"\ud800"}"#, Code::BadJson),
            (r#"{"type":"join","name":"a"} {}"#, Code::BadJson),
            (r#"{"type":"join","type":"send"}"#, Code::BadJson),
            (r#"{"type":7}"#, Code::BadJson),
            (&deep, Code::BadJson),
            ("{}", Code::UnknownType),
            (r#"{"type":"dance"}"#, Code::UnknownType),
            (r#"{"type":"join"}"#, Code::NameInvalid),
            (r#"{"type":"join","name":"  "}"#, Code::NameInvalid),
            (&long_name, Code::NameTooLong),
            (
                r#"{"type":"join","name":"a","session":"guess"}"#,
                Code::SessionInvalid,
            ),
            (r#"{"type":"send","text":"a"}"#, Code::ClientIdInvalid),
            (
                r#"{"type":"send","client_id":"a b","text":"a"}"#,
                Code::ClientIdInvalid,
            ),
            (r#"{"type":"send","client_id":"c"}"#, Code::BadJson),
            (r#"{"type":"send","client_id":"c","text":5}"#, Code::BadJson),
            (r#"{"type":"send","client_id":"c","text":" "}"#, Code::TextEmpty),
            (
                r#"{"type":"send","client_id":"c","text":"\u0000"}"#,
                Code::TextInvalid,
            ),
            (&long_text, Code::TextTooLong),
            (
                r#"{"type":"send","client_id":"c","text":"a","reply_to":0}"#,
                Code::MessageUnknown,
            ),
            (r#"{"type":"edit","client_id":"c","text":"a"}"#, Code::BadJson),
            (r#"{"type":"edit","client_id":"c","target":1}"#, Code::BadJson),
            (
                r#"{"type":"edit","client_id":"c","target":1,"text":" "}"#,
                Code::TextEmpty,
            ),
            (r#"{"type":"edit","target":1,"text":"a"}"#, Code::ClientIdInvalid),
            (
                r#"{"type":"delete","client_id":"c","target":9007199254740992}"#,
                Code::MessageUnknown,
            ),
            (
                r#"{"type":"react","client_id":"c","target":1,"emoji":"a","on":true}"#,
                Code::EmojiInvalid,
            ),
            (
                r#"{"type":"react","client_id":"c","target":1,"emoji":"👍"}"#,
                Code::BadJson,
            ),
            (r#"{"type":"read"}"#, Code::BadJson),
            (
                r#"{"type":"read","offset":9007199254740992}"#,
                Code::HistoryInvalid,
            ),
            (
                r#"{"type":"history","around":1,"before":2}"#,
                Code::HistoryInvalid,
            ),
            (r#"{"type":"history","limit":0}"#, Code::HistoryInvalid),
            (r#"{"type":"history","limit":201}"#, Code::HistoryInvalid),
            (r#"{"type":"history","after":1,"before":2}"#, Code::HistoryInvalid),
            (
                r#"{"type":"history","after":9223372036854775808}"#,
                Code::HistoryInvalid,
            ),
            (r#"{"type":"history","after":-1}"#, Code::BadJson),
            (r#"{"type":"history","after":1.5}"#, Code::BadJson),
            (r#"{"type":"typing"}"#, Code::BadJson),
            (r#"{"type":"typing","active":"yes"}"#, Code::BadJson),
        ] {
            let refusal = Command::parse(json).unwrap_err();
            assert_eq!(refusal.code, code, "{}", &json[..json.len().min(80)]);
        }
    }

    #[test]
    fn a_refused_send_says_which() {
        let refusal = Command::parse(r#"{"type":"send","client_id":"c7","text":""}"#).unwrap_err();
        assert_eq!(refusal.client_id.as_ref().map(ClientId::as_str), Some("c7"));
    }
}
