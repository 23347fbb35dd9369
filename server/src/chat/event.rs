//! What the server says, and its JSON.

use serde::Serialize;
use serde_json::value::RawValue;

use super::code::Refusal;
use super::reading::Reader;

/// One message from the server.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Event<'a> {
    /// The answer to `join`: every message after `offset` will follow by itself.
    Welcome {
        /// The room stepped into.
        room: &'a str,
        /// The name to be known by, trimmed.
        name: &'a str,
        /// The session's secret.
        session: String,
        /// Its public id.
        sender: String,
        /// Offset of the newest message; 0 when there is none.
        offset: u64,
        /// Which life of the room's numbers that is.
        epoch: String,
        /// The account that the connection is signed in to.
        account: Option<&'a str>,
        /// What they may do here.
        role: &'static str,
        /// Whether what was missed since the position that was named follows by itself.
        #[serde(skip_serializing_if = "Option::is_none")]
        recovered: Option<bool>,
        /// Who is here, each name once, own included.
        members: Vec<&'a str>,
        /// Up to where they have read; 0 if nothing.
        read: u64,
        /// Up to where the others have.
        readers: Vec<Reader<'a>>,
    },
    /// Somebody else said something.
    Message(Message<'a>),
    /// A message has another text.
    Edit {
        /// The entry's place in the room.
        offset: i64,
        /// The message, by its offset.
        target: i64,
        /// What it says now.
        text: &'a str,
        /// Whom it speaks to now.
        #[serde(skip_serializing_if = "Option::is_none")]
        mentions: Option<&'a RawValue>,
        /// Who edited it.
        author: &'a str,
        /// Their own id of it.
        client_id: &'a str,
        /// When it was stored, in milliseconds since 1970-01-01 UTC.
        at: i64,
    },
    /// A message was taken back.
    Delete {
        /// The entry's place in the room.
        offset: i64,
        /// The message, by its offset.
        target: i64,
        /// Who deleted it.
        author: &'a str,
        /// Their own id of it.
        client_id: &'a str,
        /// When it was stored, in milliseconds since 1970-01-01 UTC.
        at: i64,
    },
    /// Somebody reacts to a message, or doesn't any more.
    Reaction {
        /// The entry's place in the room.
        offset: i64,
        /// The message, by its offset.
        target: i64,
        /// With what.
        emoji: &'a str,
        /// Whether the reaction is there from now on.
        on: bool,
        /// Who.
        author: &'a str,
        /// Their own id of it.
        client_id: &'a str,
        /// When it was stored, in milliseconds since 1970-01-01 UTC.
        at: i64,
    },
    /// Somebody has read up to here.
    Read {
        /// Who.
        name: &'a str,
        /// The last that they have read.
        offset: u64,
    },
    /// What was sent is stored.
    Ack {
        /// The sender's own id of it.
        client_id: &'a str,
        /// Its place in the room.
        offset: u64,
        /// Which life of the room's numbers that is.
        epoch: String,
        /// When it was stored, in milliseconds since 1970-01-01 UTC.
        at: i64,
        /// It had been stored before, by an earlier send.
        duplicate: bool,
        /// There was nothing to change, and nothing is stored: `offset` and `at` are those of the message.
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        unchanged: bool,
    },
    /// The answer to `history`.
    History {
        /// Ascending.
        messages: &'a [Line],
        /// As it was asked.
        #[serde(skip_serializing_if = "Option::is_none")]
        after: Option<i64>,
        /// As it was asked.
        #[serde(skip_serializing_if = "Option::is_none")]
        before: Option<i64>,
        /// As it was asked.
        #[serde(skip_serializing_if = "Option::is_none")]
        around: Option<i64>,
        /// Which life of the room's numbers that is.
        epoch: String,
        /// Whether there are further entries in that direction; around an offset, older ones.
        more: bool,
        /// Around an offset: whether there are newer ones.
        #[serde(skip_serializing_if = "Option::is_none")]
        more_after: Option<bool>,
    },
    /// Somebody began to type, still types, or stopped.
    Typing {
        /// Who.
        name: &'a str,
        /// Whether typing goes on.
        active: bool,
    },
    /// The first connection of a name stepped in.
    Joined {
        /// Who.
        name: &'a str,
    },
    /// The last connection of a name left.
    Left {
        /// Who.
        name: &'a str,
    },
    /// Somebody keeps order here: what holds from now on.
    Moderated {
        /// What was done.
        action: &'a str,
        /// To whom, if to anybody.
        #[serde(skip_serializing_if = "Option::is_none")]
        name: Option<&'a str>,
        /// Until when, in milliseconds since 1970-01-01 UTC, if it has an end.
        #[serde(skip_serializing_if = "Option::is_none")]
        until: Option<i64>,
        /// Of slow mode: how long everybody waits between two messages.
        #[serde(skip_serializing_if = "Option::is_none")]
        seconds: Option<u64>,
        /// Of a role: which, or none any more.
        #[serde(skip_serializing_if = "Option::is_none")]
        role: Option<Option<&'static str>>,
    },
    /// So many messages of a room were left out, since this reader was too slow for them.
    Skipped {
        /// How many.
        count: u64,
    },
    /// A command was refused; the connection goes on unless a close follows.
    Error {
        /// For programs.
        code: &'static str,
        /// For people.
        message: String,
        /// The message it is about, if it is about one.
        #[serde(skip_serializing_if = "Option::is_none")]
        client_id: Option<&'a str>,
        /// When the same may be tried again, in milliseconds from now.
        #[serde(skip_serializing_if = "Option::is_none")]
        retry_after_ms: Option<u64>,
    },
}

/// An entry of the log as JSON.
#[derive(Clone, Debug, Serialize)]
#[serde(transparent)]
pub struct Line {
    /// Its place in the room.
    #[serde(skip)]
    pub offset: u64,
    /// The whole of it.
    pub json: Box<RawValue>,
}

/// A stored message.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Message<'a> {
    /// Its place in the room, from 1.
    pub offset: i64,
    /// Who wrote it.
    pub author: &'a str,
    /// The author's own id of it.
    pub client_id: &'a str,
    /// What it says.
    pub text: &'a str,
    /// When it was stored, in milliseconds since 1970-01-01 UTC.
    pub at: i64,
    /// The message that it answers, by its offset.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<i64>,
    /// Whom it speaks to: a list of names.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mentions: Option<&'a RawValue>,
    /// Offset of the newest entry that changed it, reactions included.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<i64>,
    /// When its text was changed last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub edited_at: Option<i64>,
    /// It has been taken back, and its text with it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub deleted: bool,
    /// What others have reacted with: a list of emojis, the first names and how many.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reactions: Option<&'a RawValue>,
}

impl Event<'_> {
    /// Its `type`.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Welcome { .. } => "welcome",
            Self::Message(_) => "message",
            Self::Edit { .. } => "edit",
            Self::Delete { .. } => "delete",
            Self::Reaction { .. } => "reaction",
            Self::Read { .. } => "read",
            Self::Ack { .. } => "ack",
            Self::History { .. } => "history",
            Self::Typing { .. } => "typing",
            Self::Joined { .. } => "joined",
            Self::Left { .. } => "left",
            Self::Moderated { .. } => "moderated",
            Self::Skipped { .. } => "skipped",
            Self::Error { .. } => "error",
        }
    }

    /// The event as the text of one message.
    pub fn write(&self) -> Written {
        Written {
            name: self.name(),
            // Fails only for maps with keys other than text, of which there are none.
            json: serde_json::to_string(self).unwrap_or_default(),
        }
    }
}

/// An event as JSON, written once for whichever way it goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// Its `type`.
    pub name: &'static str,
    /// The whole of it.
    pub json: String,
}

impl Written {
    /// The whole of it, as a value within other JSON.
    pub fn into_value(self) -> Box<RawValue> {
        RawValue::from_string(self.json).unwrap_or_default()
    }

    /// The same without its `type`, which comes first: for where the name of an event is elsewhere.
    pub fn body(&self) -> Box<RawValue> {
        let fields = self.json.split_once(',').map_or("}", |(_, fields)| fields);
        RawValue::from_string(format!("{{{fields}")).unwrap_or_default()
    }

    /// The same as an entry of a list: a message without its `type`, anything else with a `kind` in its place.
    pub fn item(&self) -> Box<RawValue> {
        if self.name == "message" {
            return self.body();
        }
        let rest = self.json.strip_prefix(r#"{"type":"#).unwrap_or_default();
        RawValue::from_string(format!(r#"{{"kind":{rest}"#)).unwrap_or_default()
    }
}

impl<'a> From<&'a Refusal> for Event<'a> {
    fn from(refusal: &'a Refusal) -> Self {
        Self::Error {
            code: refusal.code.as_str(),
            message: refusal.detail.clone().unwrap_or_else(|| refusal.code.message()),
            client_id: refusal.client_id.as_ref().map(super::ClientId::as_str),
            retry_after_ms: refusal
                .retry_after
                .map(|time| u64::try_from(time.as_millis()).unwrap_or(u64::MAX)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::{ClientId, Code};

    #[test]
    fn is_written_as_documented() {
        let message = Message {
            offset: 43,
            author: "Kim",
            client_id: "c1",
            text: "<b>\"안녕\"</b>",
            at: 9,
            ..Message::default()
        };
        let raw = |json| serde_json::from_str::<&RawValue>(json).unwrap();
        let changed = Message {
            text: "hi @Lee",
            reply_to: Some(7),
            mentions: Some(raw(r#"["Lee"]"#)),
            version: Some(50),
            edited_at: Some(10),
            reactions: Some(raw(r#"[{"emoji":"👍","names":["Lee"],"count":1}]"#)),
            ..message
        };
        let deleted = Message {
            text: "",
            version: Some(51),
            deleted: true,
            ..message
        };
        for (event, json) in [
            (
                Event::Welcome {
                    room: "lobby",
                    name: "Kim",
                    session: "s".to_owned(),
                    sender: "p".to_owned(),
                    offset: 42,
                    epoch: "e".to_owned(),
                    account: None,
                    role: "guest",
                    recovered: None,
                    members: vec!["Kim", "Lee"],
                    read: 40,
                    readers: vec![Reader {
                        name: "Lee",
                        offset: 42,
                    }],
                },
                r#"{"type":"welcome","room":"lobby","name":"Kim","session":"s","sender":"p","offset":42,"epoch":"e","account":null,"role":"guest","members":["Kim","Lee"],"read":40,"readers":[{"name":"Lee","offset":42}]}"#,
            ),
            (
                Event::Message(message),
                r#"{"type":"message","offset":43,"author":"Kim","client_id":"c1","text":"<b>\"안녕\"</b>","at":9}"#,
            ),
            (
                Event::Message(changed),
                r#"{"type":"message","offset":43,"author":"Kim","client_id":"c1","text":"hi @Lee","at":9,"reply_to":7,"mentions":["Lee"],"version":50,"edited_at":10,"reactions":[{"emoji":"👍","names":["Lee"],"count":1}]}"#,
            ),
            (
                Event::Message(deleted),
                r#"{"type":"message","offset":43,"author":"Kim","client_id":"c1","text":"","at":9,"version":51,"deleted":true}"#,
            ),
            (
                Event::Edit {
                    offset: 44,
                    target: 43,
                    text: "a",
                    mentions: None,
                    author: "Kim",
                    client_id: "c2",
                    at: 10,
                },
                r#"{"type":"edit","offset":44,"target":43,"text":"a","author":"Kim","client_id":"c2","at":10}"#,
            ),
            (
                Event::Delete {
                    offset: 45,
                    target: 43,
                    author: "Kim",
                    client_id: "c3",
                    at: 11,
                },
                r#"{"type":"delete","offset":45,"target":43,"author":"Kim","client_id":"c3","at":11}"#,
            ),
            (
                Event::Reaction {
                    offset: 46,
                    target: 43,
                    emoji: "👍",
                    on: true,
                    author: "Lee",
                    client_id: "c4",
                    at: 12,
                },
                r#"{"type":"reaction","offset":46,"target":43,"emoji":"👍","on":true,"author":"Lee","client_id":"c4","at":12}"#,
            ),
            (
                Event::Read {
                    name: "Lee",
                    offset: 46,
                },
                r#"{"type":"read","name":"Lee","offset":46}"#,
            ),
            (
                Event::Ack {
                    client_id: "c1",
                    offset: 43,
                    epoch: "e".to_owned(),
                    at: 9,
                    duplicate: false,
                    unchanged: false,
                },
                r#"{"type":"ack","client_id":"c1","offset":43,"epoch":"e","at":9,"duplicate":false}"#,
            ),
            (
                Event::Ack {
                    client_id: "c1",
                    offset: 43,
                    epoch: "e".to_owned(),
                    at: 9,
                    duplicate: false,
                    unchanged: true,
                },
                r#"{"type":"ack","client_id":"c1","offset":43,"epoch":"e","at":9,"duplicate":false,"unchanged":true}"#,
            ),
            (
                Event::History {
                    messages: &[Line {
                        offset: 43,
                        json: serde_json::value::to_raw_value(&message).unwrap(),
                    }],
                    after: Some(42),
                    before: None,
                    around: None,
                    epoch: "e".to_owned(),
                    more: true,
                    more_after: None,
                },
                r#"{"type":"history","messages":[{"offset":43,"author":"Kim","client_id":"c1","text":"<b>\"안녕\"</b>","at":9}],"after":42,"epoch":"e","more":true}"#,
            ),
            (
                Event::Typing {
                    name: "Lee",
                    active: true,
                },
                r#"{"type":"typing","name":"Lee","active":true}"#,
            ),
            (Event::Joined { name: "Lee" }, r#"{"type":"joined","name":"Lee"}"#),
            (Event::Left { name: "Lee" }, r#"{"type":"left","name":"Lee"}"#),
            (
                Event::Moderated {
                    action: "ban",
                    name: Some("Lee"),
                    until: Some(9),
                    seconds: None,
                    role: None,
                },
                r#"{"type":"moderated","action":"ban","name":"Lee","until":9}"#,
            ),
            (
                Event::Moderated {
                    action: "role",
                    name: Some("Lee"),
                    until: None,
                    seconds: None,
                    role: Some(None),
                },
                r#"{"type":"moderated","action":"role","name":"Lee","role":null}"#,
            ),
            (Event::Skipped { count: 3 }, r#"{"type":"skipped","count":3}"#),
        ] {
            let written = event.write();
            assert_eq!(written.json, json);
            let rest = &written.body().get()[1..].to_owned();
            assert_eq!(format!(r#"{{"type":"{}",{rest}"#, written.name), json);
            let item = if written.name == "message" {
                written.body().get().to_owned()
            } else {
                json.replacen("type", "kind", 1)
            };
            assert_eq!(written.item().get(), item);
            assert_eq!(written.into_value().get(), json);
        }
    }

    #[test]
    fn an_error_names_its_message_when_there_is_one() {
        let refusal = Refusal::from(Code::TextEmpty).about(ClientId::new("c1".to_owned()).unwrap());
        assert_eq!(
            Event::from(&refusal).write().json,
            r#"{"type":"error","code":"text_empty","message":"the text must have a visible character","client_id":"c1"}"#
        );
        assert!(
            !Event::from(&Refusal::from(Code::NotText))
                .write()
                .json
                .contains("client_id")
        );
    }
}
