//! The forms of the values that requests and answers have, for the description: what `chat::values` checks, as patterns.

use utoipa::{IntoParams, ToSchema};

/// A text of a form.
macro_rules! form {
    ($name:ident, $description:literal, $pattern:expr, $example:literal) => {
        #[doc = $description]
        pub(super) struct $name;

        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
                use utoipa::openapi::schema::{ObjectBuilder, SchemaType, Type};
                ObjectBuilder::new()
                    .schema_type(SchemaType::Type(Type::String))
                    .description(Some($description))
                    .pattern(Some($pattern))
                    .examples([$example])
                    .into()
            }
        }

        impl utoipa::ToSchema for $name {
            fn name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }
        }
    };
}

pub(super) use form;

form!(
    Epoch,
    "One life of a room's numbers.",
    "^[0-9a-f]{16}$",
    "0123456789abcdef"
);
form!(
    Session,
    "A secret: whoever has it is this session.",
    "^[A-Za-z0-9_-]{21}[AQgw]$",
    "AAAAAAAAAAAAAAAAAAAAAQ"
);
form!(
    Sender,
    "The public id of a session.",
    "^[A-Za-z0-9_-]{21}[AQgw]$",
    "AAAAAAAAAAAAAAAAAAAAAg"
);
form!(
    ClientId,
    "A client's own id of a message.",
    "^[A-Za-z0-9_-]{1,64}$",
    "c1"
);
form!(
    EventId,
    "A position: `{epoch}.{offset}`.",
    r"^([0-9a-f]{16}\.[0-9]{1,15})?$",
    "0123456789abcdef.0"
);
form!(Emoji, "One emoji.", "^[\u{1f300}-\u{1f5ff}]$", "👍");
form!(
    Question,
    "Words, or the beginning of one.",
    "^[A-Za-z0-9 .+-]{0,63}[A-Za-z0-9]$",
    "hello"
);
form!(
    Rooms,
    "Rooms, with commas between them.",
    "^[A-Za-z0-9_-]{1,64}(,[A-Za-z0-9_-]{1,64}){0,9}$",
    "lobby,yard"
);
form!(
    Password,
    "8 to 200 characters.",
    r"^[\s\S]{8,200}$",
    "correct horse"
);
form!(Wait, "Seconds.", "^[0-5]?[0-9]s?$", "1s");
form!(
    Interval,
    "How long a bar lasts.",
    "^(1s|5s|1m|5m|15m|1h|1D)$",
    "1m"
);
form!(Way, "How a page is connected.", "^[a-z-]{1,32}$", "websocket");
// White space is spelled out, since `\s` is not the same everywhere.
form!(
    Text,
    "1 to 4,000 characters, not only white space, no NUL.",
    r"^(?=[^\x00]{1,4000}$)[^\x00]*[^\x00\x09-\x0d\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000][^\x00]*$",
    "Hello!"
);
form!(
    Name,
    "1 to 40 characters, white space round them not counted, no control characters.",
    r"^[\x20\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]*[^\x00-\x20\x7f-\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000](?:[^\x00-\x1f\x7f-\x9f]{0,38}[^\x00-\x20\x7f-\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000])?[\x20\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]*$",
    "Kim"
);

/// The room of an address.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[allow(dead_code, reason = "it only describes")]
pub(super) struct RoomParam {
    /// 1 to 64 letters or digits of any script, `-` or `_`. It need not be made.
    #[param(
        min_length = 1,
        max_length = 64,
        pattern = r"^[\p{L}\p{Nd}_-]+$",
        example = "lobby"
    )]
    room: String,
}

/// A message.
#[derive(ToSchema)]
#[allow(dead_code, reason = "it only describes")]
pub(super) struct Message {
    /// Its place in the room, from 1, without a gap.
    offset: u64,
    /// Who wrote it.
    author: String,
    /// The author's own id of it.
    client_id: String,
    /// What it says.
    text: String,
    /// When it was stored, in milliseconds since 1970-01-01 UTC.
    at: i64,
    /// The message that it answers, by its offset.
    reply_to: Option<u64>,
    /// Whom it speaks to.
    mentions: Option<Vec<String>>,
    /// Offset of the newest entry that changed it, reactions included.
    version: Option<u64>,
    /// When its text was changed last.
    edited_at: Option<i64>,
    /// It has been taken back, and its text with it.
    deleted: Option<bool>,
    /// What others react to it with, now.
    reactions: Option<Vec<Reactions>>,
}

/// Reactions to a message with the same emoji.
#[derive(ToSchema)]
#[allow(dead_code, reason = "it only describes")]
pub(super) struct Reactions {
    /// The emoji.
    emoji: String,
    /// Who was first.
    #[schema(max_items = 20)]
    names: Vec<String>,
    /// How many they are.
    count: u64,
}

/// An entry of a room's log: a message as it is now, if it has no `kind`, or what changed one.
#[derive(ToSchema)]
#[schema(title = "Entry")]
#[allow(dead_code, reason = "it only describes")]
pub(super) struct Entry {
    /// `edit`, `delete` or `reaction`; a message has none.
    kind: Option<Kind>,
    /// Its place in the room, from 1, without a gap.
    offset: u64,
    /// Who wrote it.
    author: String,
    /// The author's own id of it.
    client_id: String,
    /// When it was stored, in milliseconds since 1970-01-01 UTC.
    at: i64,
    /// The message that it changes, by its offset.
    target: Option<u64>,
    /// What a message says; of an edit, what the message says that it changed.
    text: Option<String>,
    /// Of a reaction.
    emoji: Option<String>,
    /// Whether the reaction is there from then on.
    on: Option<bool>,
    /// The message that it answers, by its offset.
    reply_to: Option<u64>,
    /// Whom it speaks to.
    mentions: Option<Vec<String>>,
    /// Offset of the newest entry that changed the message, reactions included.
    version: Option<u64>,
    /// When its text was changed last.
    edited_at: Option<i64>,
    /// It has been taken back, and its text with it.
    deleted: Option<bool>,
    /// What others react to it with, now.
    reactions: Option<Vec<Reactions>>,
}

/// What an entry is that is no message.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
#[allow(dead_code, reason = "it only describes")]
pub(super) enum Kind {
    Edit,
    Delete,
    Reaction,
}

/// One event of a stream.
#[derive(ToSchema)]
#[allow(dead_code, reason = "it only describes")]
pub(super) struct StreamEvent {
    /// `position`, `message`, `moderated`, `lost`, `skipped` or `error`; a comment has none.
    event: Option<String>,
    /// JSON.
    data: Option<String>,
    /// The position, for `Last-Event-ID`.
    id: Option<String>,
    /// How many milliseconds to wait before connecting again.
    retry: Option<u64>,
}
