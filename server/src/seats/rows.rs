//! Seats of a row as people write them: `1-4, 5-12`, where a comma is an aisle.

/// Numbers of seats, in the groups between which one walks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Row(Vec<(i32, i32)>);

/// The highest number of a seat: four digits still fit on a seat's plate.
pub(super) const SEAT_NUMBER: i32 = 9999;

impl Row {
    /// Reads groups, each a number or two with a dash between, ascending.
    ///
    /// # Errors
    /// What is wrong with it, and what to do.
    pub(super) fn read(text: &str) -> Result<Self, String> {
        let mut groups: Vec<(i32, i32)> = Vec::new();
        for group in text.split(',').map(str::trim) {
            let (first, last) = group.split_once('-').unwrap_or((group, group));
            let (Some(first), Some(last)) = (number(first), number(last)) else {
                return Err(format!(
                    "`{group}` isn't a seat's number from 1 to {SEAT_NUMBER}, nor two with a dash between: write seats like 1-4, 5-12"
                ));
            };
            if last < first || groups.last().is_some_and(|(_, before)| *before >= first) {
                return Err(format!("`{group}` isn't behind what comes before: numbers go up"));
            }
            groups.push((first, last));
        }
        Ok(Self(groups))
    }

    /// How many seats there are.
    pub(super) fn len(&self) -> usize {
        let seats = |(first, last): &(i32, i32)| usize::try_from(last - first + 1).unwrap_or_default();
        self.0.iter().map(seats).sum()
    }

    /// Every seat's number, and how many aisles come before it.
    pub(super) fn seats(&self) -> impl Iterator<Item = (i32, i32)> {
        (0..)
            .zip(&self.0)
            .flat_map(|(aisles, (first, last))| (*first..=*last).map(move |number| (number, aisles)))
    }

    /// Whether a seat is among them.
    pub(super) fn has(&self, number: i32) -> bool {
        self.0
            .iter()
            .any(|(first, last)| (*first..=*last).contains(&number))
    }
}

fn number(text: &str) -> Option<i32> {
    let text = text.trim();
    let digits = text.bytes().all(|b| b.is_ascii_digit());
    let number = digits.then(|| text.parse().ok()).flatten()?;
    (1..=SEAT_NUMBER).contains(&number).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_groups_of_seats_with_aisles_between() {
        let row = Row::read("1-3, 5 ,7-8").unwrap();
        assert_eq!(
            row.seats().collect::<Vec<_>>(),
            [(1, 0), (2, 0), (3, 0), (5, 1), (7, 2), (8, 2)]
        );
        assert_eq!(row.len(), 6);
        assert!(row.has(5) && !row.has(4));
        assert_eq!(Row::read("1-9999").unwrap().len(), 9999);
    }

    #[test]
    fn what_is_no_row_is_said() {
        for wrong in ["", "a", "1-", "-4", "0", "10000", "1,,2", "+1", "1 2", "1-2-3"] {
            assert!(Row::read(wrong).unwrap_err().contains("1-4, 5-12"), "{wrong}");
        }
        for wrong in ["4-1", "1-4, 4-5", "5, 3"] {
            assert!(Row::read(wrong).unwrap_err().contains("numbers go up"), "{wrong}");
        }
    }
}
