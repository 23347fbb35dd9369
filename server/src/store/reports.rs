//! The repository of reports: what people find wrong in a room.

use sea_orm::sea_query::Expr;
use sea_orm::{
    ColumnTrait, DatabaseTransaction, DbErr, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter,
    QueryOrder, QuerySelect,
};

use super::entity::message::Kind;
use super::entity::{message, report};
use super::{Store, StoreError, StoredMessage, is_there};

/// A report as stored.
pub type StoredReport = report::Model;

/// What became of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reported {
    /// It waits for a moderator, under this number.
    New(i64),
    /// The same person has reported this message before, under this number.
    Before(i64),
    /// There is no such message; edits and reactions are none.
    NoSuchMessage,
    /// The message has been taken back.
    Deleted,
    /// As many reports wait as may.
    TooMany,
}

impl Store {
    /// Stores a report, unless the same person has reported the message before, or `limit` reports wait in its room.
    ///
    /// # Errors
    /// Any [`StoreError`].
    pub async fn report(&self, new: &StoredReport, limit: u64) -> Result<Reported, StoreError> {
        self.retrying(|| async {
            let about = (new.room.clone(), new.offset);
            let message = message::Entity::find_by_id(about).one(&self.reader).await?;
            match message.filter(|message| message.kind == Kind::Message) {
                None => return Ok(Reported::NoSuchMessage),
                Some(message) if message.deleted => return Ok(Reported::Deleted),
                Some(_) => {}
            }
            if waiting(&new.room).count(&self.reader).await? >= limit {
                return Ok(Reported::TooMany);
            }
            let row = new.clone().into_active_model();
            match report::Entity::insert(row)
                .exec_without_returning(&self.writer)
                .await
            {
                Ok(_) => Ok(Reported::New(new.id)),
                Err(error) if is_there(&error) => {
                    let before = report::Entity::find()
                        .filter(report::Column::Room.eq(&new.room))
                        .filter(report::Column::Offset.eq(new.offset))
                        .filter(report::Column::Reporter.eq(&new.reporter))
                        .one(&self.writer)
                        .await?;
                    before
                        .map(|before| match before.id {
                            // This very report, where the connection was lost over its commit.
                            id if id == new.id => Reported::New(id),
                            id => Reported::Before(id),
                        })
                        .ok_or(error)
                }
                Err(error) => Err(error),
            }
        })
        .await
    }

    /// A room's reports that nobody has looked at, the newest first, each with the message that it is about.
    ///
    /// # Errors
    /// Any [`StoreError`].
    pub async fn reports(
        &self,
        room: &str,
        limit: u64,
    ) -> Result<Vec<(StoredReport, Option<StoredMessage>)>, StoreError> {
        self.retrying(|| async {
            let reports = waiting(room)
                .order_by_desc(report::Column::At)
                .order_by_desc(report::Column::Id)
                .limit(limit)
                .all(&self.reader)
                .await?;
            let offsets = reports.iter().map(|report| report.offset);
            let messages = message::Entity::find()
                .filter(message::Column::Room.eq(room))
                .filter(message::Column::Offset.is_in(offsets))
                .all(&self.reader)
                .await?;
            let of = |offset: i64| messages.iter().find(|message| message.offset == offset).cloned();
            Ok(reports
                .into_iter()
                .map(|report| {
                    let message = of(report.offset);
                    (report, message)
                })
                .collect())
        })
        .await
    }
}

/// Notes that a report has been looked at; 0 if none waits under this number.
pub(super) async fn resolve(
    room: &str,
    report: i64,
    number: i64,
    transaction: &DatabaseTransaction,
) -> Result<u64, DbErr> {
    let resolved = report::Entity::update_many()
        .col_expr(report::Column::Resolved, Expr::value(number))
        .filter(report::Column::Id.eq(report))
        .filter(report::Column::Room.eq(room))
        .filter(report::Column::Resolved.is_null());
    Ok(resolved.exec(transaction).await?.rows_affected)
}

fn waiting(room: &str) -> sea_orm::Select<report::Entity> {
    report::Entity::find()
        .filter(report::Column::Room.eq(room))
        .filter(report::Column::Resolved.is_null())
}
