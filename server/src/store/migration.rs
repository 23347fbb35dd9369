//! The tables' history, one module a step. A step that has been released never changes.

mod m0001_messages;
mod m0002_positions;
mod m0003_market;
mod m0004_seats;
mod m0005_people;
mod m0006_messages;
mod m0007_market_listings;
mod m0008_editions;
mod m0009_index_and_markers;
mod m0010_name_keys;

use sea_orm_migration::{MigrationTrait, MigratorTrait, async_trait};

/// All steps in order.
pub(super) struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m0001_messages::Migration),
            Box::new(m0002_positions::Migration),
            Box::new(m0003_market::Migration),
            Box::new(m0004_seats::Migration),
            Box::new(m0005_people::Migration),
            Box::new(m0006_messages::Migration),
            Box::new(m0007_market_listings::Migration),
            Box::new(m0008_editions::Migration),
            Box::new(m0009_index_and_markers::Migration),
            Box::new(m0010_name_keys::Migration),
        ]
    }
}
