//! The market over a WebSocket at `/market`: JSON texts both ways.

use std::sync::Arc;

use madang_ws::{CloseCode, Message, WebSocket};

use super::command::Command;
use super::event::Event;
use super::refused::Refused;
use super::viewer::Viewer;
use crate::back::app::App;
use crate::back::conversation::new_session;
use crate::back::limits::{Caller, Manners};
use crate::back::metrics::Way;
use crate::back::rooms::{Seat, hub_session};
use crate::chat::{Closing, Code, Refusal, Written};

/// One connection from its beginning to its end.
pub(in crate::back) async fn serve(mut ws: WebSocket, caller: Caller, app: Arc<App>) {
    let connected = app.metrics.connected(Way::WebSocket);
    let membership = app
        .market
        .hub()
        .enter(hub_session(new_session().sender()), ws.sender().recipient());
    let mut viewer = Viewer::new(app.market.clone(), Seat::WebSocket(membership));
    let mut manners = Manners::default();
    let closing = loop {
        tokio::select! {
            biased;
            () = app.stop.cancelled() => break Some(Closing::Stopping),
            received = ws.recv() => match received {
                // Boxed: a connection that waits keeps no room for the handling of its next message.
                Some(Ok(received)) => {
                    let Err(refused) = Box::pin(message(&mut viewer, &received, caller, &app)).await else {
                        continue;
                    };
                    viewer.say(Event::from(&refused).write());
                    if matches!(&refused, Refused::Common(refusal) if manners.are_lost(refusal)) {
                        break Some(Closing::RateLimited);
                    }
                }
                Some(Err(error)) => {
                    tracing::debug!(code = error.code(), "connection failed");
                    break None;
                }
                None => break None,
            },
        }
    };
    drop(viewer);
    if let Some(closing) = closing
        && let Some(code) = CloseCode::new(closing.code())
    {
        // How the connection fails on its way out is of no interest any more.
        let _ = ws.close(code, closing.reason()).await;
    }
    drop(connected);
}

/// A message arrived; the next one is read when this one has been answered.
async fn message(viewer: &mut Viewer, received: &Message, caller: Caller, app: &App) -> Result<(), Refused> {
    app.admit(caller, received.len())?;
    let Message::Text(json) = received else {
        return Err(Refusal::from(Code::NotText).into());
    };
    viewer.carry_out(Command::parse(json)?, &mut say).await
}

/// The hub sends it: it must come before what happens next.
fn say(seat: &Seat, answer: Written) {
    if let Seat::WebSocket(membership) = seat {
        membership.send(Message::from(answer.json).into());
    }
}

impl Viewer {
    fn say(&self, answer: Written) {
        say(self.seat(), answer);
    }
}
