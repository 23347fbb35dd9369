//! Finding messages by their words.

use super::history::{Excerpt, HISTORY_BYTES, line_of_row, shorten};
use super::open::OpenRoom;
use crate::chat::Question;
use crate::store::StoreError;

impl OpenRoom {
    /// The newest messages before an offset that have all the words, the newest first. What is kept in memory alone isn't found.
    ///
    /// # Errors
    /// The store failed.
    pub(in crate::back) async fn search(
        &self,
        question: &Question,
        before: Option<i64>,
        limit: u64,
    ) -> Result<Excerpt, StoreError> {
        let position = self.history().position();
        let before = before.unwrap_or(i64::MAX).min(position.offset.cast_signed() + 1);
        let mut page = match self.store() {
            Some(store) => store.search(self.name(), question, before, limit).await?,
            None => crate::store::Page::default(),
        };
        shorten(&mut page, false, HISTORY_BYTES);
        Ok(Excerpt {
            messages: page.messages.iter().map(line_of_row).collect(),
            position,
            more: page.more,
            more_after: None,
        })
    }
}
