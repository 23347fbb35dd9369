//! Who asks for seats, and with which key.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use http::request::Parts;

use super::gate::bearer;
use super::problem::Problem;
use crate::back::app::App;
use crate::chat::{Sender, Session};
use crate::seats::{Key, Refused};

/// Whoever shows a session: `Authorization: Bearer SESSION`.
pub(in crate::back) struct Holder(pub(super) Sender);

/// Their own id of what they ask for: `Idempotency-Key`.
pub(in crate::back) struct Once(pub(super) Key);

impl FromRequestParts<Arc<App>> for Holder {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &Arc<App>) -> Result<Self, Problem> {
        let session: Option<Session> = bearer(&parts.headers).and_then(|shown| shown.parse().ok());
        Ok(Self(session.ok_or(Refused::SessionNeeded)?.sender()))
    }
}

impl FromRequestParts<Arc<App>> for Once {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &Arc<App>) -> Result<Self, Problem> {
        let key = parts.headers.get("idempotency-key");
        let key = key.and_then(|key| key.to_str().ok()).unwrap_or_default();
        Ok(Self(key.parse()?))
    }
}
