//! The forms of the values that requests and answers have, for the description: what `chat::values` checks, as patterns.

use std::borrow::Cow;

use utoipa::openapi::schema::{ObjectBuilder, SchemaType, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{IntoParams, PartialSchema, ToSchema};

/// A text of a form.
macro_rules! form {
    ($name:ident, $description:literal, $pattern:expr, $example:literal) => {
        #[doc = $description]
        pub(super) struct $name;

        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                ObjectBuilder::new()
                    .schema_type(SchemaType::Type(Type::String))
                    .description(Some($description))
                    .pattern(Some($pattern))
                    .examples([$example])
                    .into()
            }
        }

        impl ToSchema for $name {
            fn name() -> Cow<'static, str> {
                stringify!($name).into()
            }
        }
    };
}

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
form!(Wait, "Seconds.", "^[0-5]?[0-9]s?$", "1s");
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
}

/// One event of a stream.
#[derive(ToSchema)]
#[allow(dead_code, reason = "it only describes")]
pub(super) struct StreamEvent {
    /// `position`, `message`, `lost`, `skipped` or `error`; a comment has none.
    event: Option<String>,
    /// JSON.
    data: Option<String>,
    /// The position, for `Last-Event-ID`.
    id: Option<String>,
    /// How many milliseconds to wait before connecting again.
    retry: Option<u64>,
}
