//! Tables as somebody writes them down, and when they can be had.

use serde::Deserialize;

use super::PLACES_LIMIT;
use super::description::{Wrong, name, within};
use super::event::{Opening, Spot};
use crate::whole;

/// Days ahead for which a table can be had: a year.
pub const DAYS_LIMIT: u16 = 366;

/// People at one table: a banquet's.
pub const PARTY_LIMIT: i32 = 1000;

/// When tables can be had.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Hours {
    opens: String,
    closes: String,
    #[serde(deserialize_with = "whole::number")]
    slot_minutes: u16,
    #[serde(deserialize_with = "whole::number")]
    stay_slots: u16,
    #[serde(deserialize_with = "whole::number")]
    days: u16,
}

/// A table.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TableRow {
    table: String,
    #[serde(deserialize_with = "whole::number")]
    min: i32,
    #[serde(deserialize_with = "whole::number")]
    max: i32,
    #[serde(default)]
    accessible: bool,
}

impl Hours {
    pub(super) fn opening(
        self,
        tables: usize,
        hold_limit: u32,
        utc_offset_minutes: i16,
    ) -> Result<Opening, Wrong> {
        let opens = minute("opening.opens", &self.opens)?;
        let closes = minute("opening.closes", &self.closes)?;
        let slot_minutes = within("opening.slot_minutes", self.slot_minutes, 5..=24 * 60)?;
        // Whoever names a table names it in each slot of their stay.
        let stay = u16::try_from(hold_limit).unwrap_or(u16::MAX);
        let stay_slots = within("opening.stay_slots", self.stay_slots, 1..=stay)?;
        let days = within("opening.days", self.days, 1..=DAYS_LIMIT)?;
        let slots = closes.saturating_sub(opens) / slot_minutes;
        if slots == 0 {
            return Err(Wrong::new(
                "opening.closes",
                "no slot fits between when it opens and when it closes",
            ));
        }
        if tables * usize::from(slots) * usize::from(days) > PLACES_LIMIT {
            return Err(Wrong::new(
                "opening.days",
                format!("tables, slots of a day and days make more than {PLACES_LIMIT} places"),
            ));
        }
        Ok(Opening {
            slot_minutes,
            stay_slots,
            opens,
            closes,
            days,
            utc_offset_minutes,
        })
    }
}

impl TableRow {
    pub(super) fn spot(self, n: i32, at: impl Fn(i32) -> (i32, i32)) -> Result<Spot, Wrong> {
        let path = |field: &str| format!("tables[{n}].{field}");
        let id = name(&path("table"), self.table)?;
        let min = within(&path("min"), self.min, 1..=PARTY_LIMIT)?;
        let max = within(&path("max"), self.max, min..=PARTY_LIMIT)?;
        let (x, y) = at(n);
        Ok(Spot {
            id: id
                .parse()
                .map_err(|_| Wrong::new(path("table"), "can't be a place"))?,
            section: String::new(),
            row: id,
            number: n + 1,
            x,
            y,
            accessible: self.accessible,
            blocked: false,
            min,
            max,
        })
    }
}

/// A time of day: `17:00`, and `24:00` at its end.
fn minute(path: &str, text: &str) -> Result<u16, Wrong> {
    let read = || {
        let (hour, minute) = text.split_once(':')?;
        let digits = |text: &str| {
            let two = text.len() == 2 && text.bytes().all(|b| b.is_ascii_digit());
            two.then(|| text.parse::<u16>().ok()).flatten()
        };
        let (hour, minute) = (digits(hour)?, digits(minute)?);
        let all = hour * 60 + minute;
        (minute < 60 && all <= 24 * 60).then_some(all)
    };
    read().ok_or_else(|| Wrong::new(path, format!("`{text}` isn't a time of day like 17:00")))
}
