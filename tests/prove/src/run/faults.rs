//! What goes wrong: servers are killed in the middle of something, the database's server ends and comes back, and a
//! program that knows no rules writes into the tables.

use std::fs;
use std::sync::Arc;
use std::time::Duration;

use fastrand::Rng;
use madang_server::config::DatabaseUrl;
use madang_server::store::StoreError;
use sea_orm::{ConnectionTrait, Database, DatabaseConnection, DbBackend, SqlErr, Statement};
use tokio::time::sleep;

use super::nodes::Nodes;
use super::{EVENT, RunError, Yard};

/// What the database does with a second owner.
pub(super) const REFUSED: &str = "second owner refused by the database";

/// A server died in the middle of whatever it did.
pub(super) const KILLED: &str = "server killed";

/// How often something goes wrong, on the average.
const EVERY: Duration = Duration::from_millis(700);

/// Lets things go wrong until the run is over, and gives back the servers.
pub(super) async fn happen(yard: Arc<Yard>, mut nodes: Nodes) -> Result<Nodes, RunError> {
    let mut rng = Rng::with_seed(yard.plan.seed ^ 0x5eed);
    let rogue = connect(&yard.plan.database).await?;
    let mut rounds = 0_u32;
    while !yard.is_over() {
        sleep(EVERY.mul_f64(0.5 + rng.f64())).await;
        rounds += 1;
        write_a_second_owner(&yard, &rogue).await;
        if yard.plan.kills {
            if rounds.is_multiple_of(8) && end_the_database(&yard)? {
                yard.count("database ended");
            } else {
                yard.count(KILLED);
                nodes.kill(rng.usize(0..nodes.len())).await?;
            }
        }
    }
    nodes.are_up().await?;
    Ok(nodes)
}

/// A claim of a place that is sold, as a program without our rules might write it. The database must not take it.
async fn write_a_second_owner(yard: &Yard, rogue: &DatabaseConnection) {
    let second = format!(
        "INSERT INTO seat_claims (hold, place, event, holder, state) \
         SELECT '{}', place, event, 'rogueAAAAAAAAAAAAAAAAA', 'sold' FROM seat_claims \
         WHERE event = '{EVENT}' AND state = 'sold' LIMIT 1",
        rogue_hold(yard)
    );
    match rogue.execute_unprepared(&second).await {
        Ok(done) if done.rows_affected() > 0 => yard.count("second owner taken by the database"),
        // There was nothing to claim.
        Ok(_) => {}
        Err(error) if matches!(error.sql_err(), Some(SqlErr::UniqueConstraintViolation(_))) => {
            yard.count(REFUSED);
        }
        // The database was away.
        Err(_) => {}
    }
}

/// An id as the program makes them, so that it can read the row: 128 bits end with `A`, `Q`, `g` or `w`.
fn rogue_hold(yard: &Yard) -> String {
    format!("{:A>21}A", yard.key(yard.plan.clients).replace('-', ""))
}

/// Asks the database's server to end; whoever runs it starts it again.
fn end_the_database(yard: &Yard) -> Result<bool, RunError> {
    let Some(file) = &yard.plan.database_pid else {
        return Ok(false);
    };
    let pid = fs::read_to_string(file)?;
    let ended = std::process::Command::new("kill")
        .args([format!("-{}", yard.plan.database_signal).as_str(), pid.trim()])
        .status()?;
    Ok(ended.success())
}

/// Places that have two owners in the tables, in words.
pub(super) async fn owners(database: &DatabaseUrl) -> Result<Vec<String>, RunError> {
    let hand = connect(database).await?;
    let query = format!(
        "SELECT place FROM seat_claims WHERE event = '{EVENT}' AND state IN ('held', 'sold') \
         GROUP BY place HAVING COUNT(*) > 1"
    );
    let backend: DbBackend = hand.get_database_backend();
    let rows = hand.query_all_raw(Statement::from_string(backend, query)).await;
    let rows = rows.map_err(StoreError::from)?;
    let name = |row: sea_orm::QueryResult| row.try_get::<String>("", "place").map_err(StoreError::from);
    let places: Result<Vec<_>, _> = rows.into_iter().map(name).collect();
    let places = places?;
    Ok(places
        .into_iter()
        .map(|place| format!("{place} has two owners in the tables"))
        .collect())
}

async fn connect(database: &DatabaseUrl) -> Result<DatabaseConnection, RunError> {
    Ok(Database::connect(database.as_str())
        .await
        .map_err(StoreError::from)?)
}
