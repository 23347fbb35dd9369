//! Names that look the same are the same, whatever stands between their letters that nobody sees.

use sea_orm_migration::prelude::*;

use crate::chat::{Name, NameKey};

/// Makes the keys of names anew, in `accounts` and in `sanctions`.
pub(super) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m0010_name_keys"
    }
}

/// Rows that are read at once.
const ROWS: u64 = 1000;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in ["accounts", "sanctions"] {
            let mut last = i64::MIN;
            while let Some(next) = renew(manager, table, last).await? {
                last = next;
            }
        }
        Ok(())
    }

    /// They are right for most names either way.
    async fn down(&self, _: &SchemaManager) -> Result<(), DbErr> {
        Ok(())
    }
}

/// Makes the keys of the rows behind `last` anew, some of them, and returns which of them was the last; `None` if there are no more.
async fn renew(manager: &SchemaManager<'_>, table: &'static str, last: i64) -> Result<Option<i64>, DbErr> {
    let connection = manager.get_connection();
    let (id, name, key) = (Alias::new("id"), Alias::new("name"), Alias::new("name_key"));
    let rows = Query::select()
        .columns([id.clone(), name, key.clone()])
        .from(Alias::new(table))
        .and_where(Expr::col(id.clone()).gt(last))
        .order_by(id.clone(), Order::Asc)
        .limit(ROWS)
        .to_owned();
    let mut next = None;
    for row in connection.query_all(&rows).await? {
        let number: i64 = row.try_get("", "id")?;
        next = Some(number);
        let (name, before): (String, String) = (row.try_get("", "name")?, row.try_get("", "name_key")?);
        let Some(name) = Name::stored(&name) else { continue };
        let now = NameKey::of(&name);
        if now.as_str() == before {
            continue;
        }
        if table == "accounts" {
            // Somebody has the name already that it looks like: theirs it stays, and an operator has to tell the two apart.
            let taken = Query::select()
                .column(id.clone())
                .from(Alias::new(table))
                .and_where(Expr::col(key.clone()).eq(now.as_str()))
                .to_owned();
            if connection.query_one(&taken).await?.is_some() {
                continue;
            }
        }
        let update = Query::update()
            .table(Alias::new(table))
            .value(key.clone(), now.as_str())
            .and_where(Expr::col(id.clone()).eq(number))
            .to_owned();
        connection.execute(&update).await?;
    }
    Ok(next)
}
