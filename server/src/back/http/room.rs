//! The room that an address names, and who asks.

use std::sync::Arc;

use axum::RequestPartsExt as _;
use axum::extract::{FromRequestParts, Path};
use http::request::Parts;

use super::problem::Problem;
use crate::back::app::App;
use crate::back::rooms::{OpenRoom, unavailable};
use crate::chat::{Code, Room};

/// The room of `/api/rooms/{room}/…`.
pub(super) struct InRoom(pub(super) Arc<OpenRoom>);

impl FromRequestParts<Arc<App>> for InRoom {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Problem> {
        let Path(name) = parts
            .extract::<Path<String>>()
            .await
            .map_err(|_| Code::RoomInvalid)?;
        let name: Room = name.parse()?;
        match app.rooms.open(&name).await {
            Ok(room) => Ok(Self(room)),
            Err(error) => Err(unavailable(&error).into()),
        }
    }
}
