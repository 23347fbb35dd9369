//! The pulse: tells what other processes did, and what nobody could say; writes down what is over, and lets it be offered.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::Office;
use crate::back::app::App;
use crate::store::{Beat, StoreError};

/// How often it looks: a change elsewhere is told so soon, within the time that people take to notice. One small question to the database each time.
const BEAT: Duration = Duration::from_millis(100);

/// How long the database is given when it fails.
const AGAIN: Duration = Duration::from_secs(2);

/// For how long somebody who asks again with the same key is told the same again.
const KEPT: Duration = Duration::from_secs(24 * 60 * 60);

/// How often what is older is forgotten.
const FORGET: Duration = Duration::from_secs(10 * 60);

/// Looks after all events until the server stops. Nothing that anybody is told rests on it: it only tells sooner.
pub(in crate::back) async fn tend(app: Arc<App>) {
    let stop = app.stop.clone();
    stop.run_until_cancelled_owned(tend_on(&app)).await;
}

async fn tend_on(app: &App) {
    let mut forgotten = Instant::now();
    loop {
        if let Err(error) = beat(app, &mut forgotten).await {
            tracing::warn!(%error, "reservation waits for the database");
            sleep(AGAIN).await;
        }
        tokio::select! {
            () = sleep(BEAT) => {}
            () = app.seats.news.notified() => {}
        }
    }
}

async fn beat(app: &App, forgotten: &mut Instant) -> Result<(), StoreError> {
    app.seats.all(app).await?;
    for beat in app.store.seat_beats().await? {
        if forgotten.elapsed() >= FORGET {
            *forgotten = Instant::now();
            app.store
                .forget_seat_commands(beat.now - i64::try_from(KEPT.as_millis()).unwrap_or(i64::MAX))
                .await?;
        }
        if let Ok(office) = app.seats.find(app, &beat.event).await? {
            tend_to(app, &office, &beat).await?;
        }
    }
    Ok(())
}

async fn tend_to(app: &App, office: &Office, beat: &Beat) -> Result<(), StoreError> {
    if beat.is_stale {
        let changes = office.sweep().await?;
        app.metrics.seats_changed(&changes);
    }
    if beat.edition != office.event().edition() {
        office.renew().await?;
    }
    if beat.is_stale || beat.sequence != office.told() {
        office.catch_up().await?;
    }
    Ok(())
}
