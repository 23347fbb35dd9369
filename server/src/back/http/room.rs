//! The room that an address names, and who asks.

use std::sync::Arc;

use axum::RequestPartsExt as _;
use axum::extract::{FromRequestParts, RawPathParams};
use http::request::Parts;

use super::problem::Problem;
use crate::back::app::App;
use crate::back::rooms::{OpenRoom, unavailable};
use crate::chat::{Code, Emoji, Room, message_at};

/// The message of `/api/rooms/{room}/messages/{offset}/…`.
pub(super) struct AtOffset(pub(super) i64);

/// The message and the reaction of `…/{offset}/reactions/{emoji}`.
pub(super) struct With(pub(super) i64, pub(super) Emoji);

/// The room of `/api/rooms/{room}/…`.
pub(super) struct InRoom(pub(super) Arc<OpenRoom>);

impl FromRequestParts<Arc<App>> for InRoom {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Problem> {
        let name: Room = part(parts, "room").await.ok_or(Code::RoomInvalid)?.parse()?;
        match app.rooms.open(&name).await {
            Ok(room) => Ok(Self(room)),
            Err(error) => Err(unavailable(&error).into()),
        }
    }
}

impl FromRequestParts<Arc<App>> for AtOffset {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &Arc<App>) -> Result<Self, Problem> {
        let offset = part(parts, "offset").await.and_then(|offset| offset.parse().ok());
        Ok(Self(message_at(offset.ok_or(Code::MessageUnknown)?)?))
    }
}

impl FromRequestParts<Arc<App>> for With {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Problem> {
        let AtOffset(target) = AtOffset::from_request_parts(parts, app).await?;
        let emoji = part(parts, "emoji").await.ok_or(Code::EmojiInvalid)?;
        Ok(Self(target, emoji.parse()?))
    }
}

/// A part of the address; `None` if it isn't there, or no text.
async fn part(parts: &mut Parts, name: &str) -> Option<String> {
    let all = parts.extract::<RawPathParams>().await.ok()?;
    let found = all.iter().find(|(key, _)| *key == name);
    found.map(|(_, value)| value.to_owned())
}
