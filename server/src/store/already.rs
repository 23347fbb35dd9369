//! Whether what a moderator wants holds already.

use sea_orm::{ColumnTrait, DatabaseTransaction, DbErr, EntityTrait, PaginatorTrait, QueryFilter};

use super::entity::{room_role, room_setting, sanction};
use super::moderation::{Effect, ModerationEntry};

impl Effect {
    /// Whether the room is already as this would make it. An end is told from now on, so whatever has one is another each time.
    pub(super) async fn holds(
        &self,
        entry: &ModerationEntry,
        transaction: &DatabaseTransaction,
    ) -> Result<bool, DbErr> {
        let room = &*entry.room;
        let setting = room_setting::Entity::find_by_id(room);
        Ok(match self {
            Self::Sanction { .. } if entry.until.is_some() => false,
            Self::Sanction {
                kind,
                account,
                sender,
                name_key,
                limit: _,
            } => {
                let same = sanction::Entity::find()
                    .filter(sanction::Column::Room.eq(room))
                    .filter(sanction::Column::Kind.eq(*kind))
                    .filter(sanction::Column::NameKey.eq(name_key))
                    .filter(sanction::Column::Until.is_null())
                    .all(transaction)
                    .await?;
                same.iter().any(|held| {
                    (held.account, &held.sender, &held.reason) == (*account, sender, &entry.reason)
                })
            }
            Self::Slow(seconds) => {
                let held = setting.one(transaction).await?;
                held.map_or(0, |held| held.slow_seconds) == *seconds
            }
            Self::Words(words) => {
                let held = setting.one(transaction).await?;
                held.map_or_else(|| "[]".to_owned(), |held| held.words) == *words
            }
            Self::Moderator(account, moderator) => {
                let role = room_role::Entity::find_by_id((room.to_owned(), *account));
                (role.count(transaction).await? > 0) == *moderator
            }
            // What isn't there to be ended is something else than what is done already.
            Self::Lift { .. } | Self::Resolve(_) => false,
        })
    }
}
