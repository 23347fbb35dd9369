//! The pulse: tells what other processes did, and what nobody could say; writes down what is over, and lets it be offered.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::Office;
use crate::back::app::App;
use crate::store::{Beat, Store, StoreError};

/// How often it looks: a change elsewhere is told so soon, within the time that people take to notice. One small question to the database each time.
const BEAT: Duration = Duration::from_millis(100);

/// How long the database is given when it fails.
const AGAIN: Duration = Duration::from_secs(2);

/// For how long somebody who asks again with the same key is told the same again.
const KEPT: Duration = Duration::from_secs(24 * 60 * 60);

/// How often what is older is forgotten.
const FORGET: Duration = Duration::from_secs(10 * 60);

/// Answers that are forgotten at once, after which commands have their turn: a statement that deletes a whole day's would keep an SQLite file from everybody.
const FORGET_ANSWERS: u64 = 500;

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
    let beats = app.store.seat_beats().await?;
    for beat in &beats {
        if let Ok(office) = app.seats.find(app, &beat.event).await? {
            tend_to(app, &office, beat).await?;
        }
    }
    match beats.first() {
        Some(beat) => forget(&app.store, beat.now, forgotten).await,
        None => Ok(()),
    }
}

/// Forgets some of what is too old, if it's time to. Until nothing is left of it, it stays so: the rest goes with the next beats.
async fn forget(store: &Store, now: i64, forgotten: &mut Instant) -> Result<(), StoreError> {
    if forgotten.elapsed() < FORGET {
        return Ok(());
    }
    let before = now - i64::try_from(KEPT.as_millis()).unwrap_or(i64::MAX);
    if store.forget_seat_commands(before, FORGET_ANSWERS).await? < FORGET_ANSWERS {
        *forgotten = Instant::now();
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

#[cfg(test)]
mod tests {
    use sea_orm::{ConnectionTrait as _, Database, DatabaseConnection, Statement};

    use super::*;

    async fn count(hand: &DatabaseConnection) -> i64 {
        let count = "SELECT COUNT(*) AS n FROM seat_commands";
        let row = hand
            .query_one_raw(Statement::from_string(hand.get_database_backend(), count))
            .await;
        row.unwrap().unwrap().try_get("", "n").unwrap()
    }

    #[tokio::test]
    async fn old_answers_are_forgotten_so_many_with_each_beat() {
        let directory = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", directory.path().join("test.db").display());
        let store = Store::open(&url.parse().unwrap()).await.unwrap();
        let hand = Database::connect(&url).await.unwrap();
        let now = store.seat_clock().await.unwrap();
        let rows: Vec<_> = (0..=FORGET_ANSWERS)
            .map(|n| format!("('kim', 'k{n}', '', '', {})", n % 2))
            .chain([format!("('kim', 'new', '', '', {})", now)])
            .collect();
        let fill = format!(
            "INSERT INTO seat_commands (holder, idempotency_key, hash, answer, at) VALUES {}",
            rows.join(", ")
        );
        hand.execute_unprepared(&fill).await.unwrap();

        let mut forgotten = Instant::now();
        forget(&store, now, &mut forgotten).await.unwrap();
        assert_eq!(count(&hand).await, rows.len() as i64, "it isn't time yet");
        tokio::time::pause();
        tokio::time::advance(FORGET).await;
        tokio::time::resume();
        forget(&store, now, &mut forgotten).await.unwrap();
        assert_eq!(count(&hand).await, 2);
        forget(&store, now, &mut forgotten).await.unwrap();
        assert_eq!(count(&hand).await, 1, "what is new stays");
        assert!(forgotten.elapsed() < FORGET, "all that was old is gone");
    }
}
