//! How the laboratory publishes: as the server itself, in rooms that only the server writes.

use std::sync::Arc;

use super::app::App;
use super::rooms::{OpenRoom, Saying};
use crate::chat::{Name, Room};
use crate::lab::Announce;

/// Who the laboratory's events are from.
const AUTHOR: &str = "lab";

/// Publishes what a run makes.
pub(super) fn announce(app: Arc<App>) -> Announce {
    Arc::new(move |room, text| {
        let (app, room) = (app.clone(), room.to_owned());
        Box::pin(async move {
            if let Err(reason) = say(&app, &room, &text).await {
                tracing::error!(room, reason, "an event of the laboratory isn't published");
            }
        })
    })
}

async fn say(app: &App, room: &str, text: &str) -> Result<(), String> {
    let room: Room = room.parse().map_err(|code| format!("{code}"))?;
    let author: Name = AUTHOR.parse().map_err(|code| format!("{code}"))?;
    let room: Arc<OpenRoom> = app.rooms.open(&room).await.map_err(|error| error.to_string())?;
    let saying = Saying {
        author: &author,
        client_id: AUTHOR,
        text,
        sender: None,
    };
    room.announce(saying)
        .await
        .map_err(|refusal| refusal.code.to_string())?;
    Ok(())
}
