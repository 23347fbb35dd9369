//! Operations as tests tell them.

use std::ops::Range;

use crate::history::{Answer, Command, Hold, Operation, Place, State};

/// A hold of places that was given: invoked and returned, and from when until when it holds.
pub(crate) fn take<const N: usize>(
    key: &str,
    holder: &str,
    hold: &str,
    places: [&str; N],
    (invoked, returned): (u64, u64),
    time: Range<u64>,
) -> Operation {
    let versions = places
        .iter()
        .map(|place| ((*place).to_owned(), time.start))
        .collect();
    Operation {
        key: key.to_owned(),
        holder: holder.to_owned(),
        command: Command::Hold {
            places: places.map(str::to_owned).to_vec(),
        },
        invoked,
        returned,
        answer: Answer::Done(Hold {
            hold: hold.to_owned(),
            versions,
            until: time.end,
            now: time.start,
        }),
    }
}

/// A hold that was confirmed at some time of the database.
pub(crate) fn sell<const N: usize>(
    key: &str,
    holder: &str,
    hold: &str,
    places: [&str; N],
    times: (u64, u64),
    now: u64,
) -> Operation {
    Operation {
        command: Command::Confirm {
            hold: hold.to_owned(),
        },
        ..take(key, holder, hold, places, times, now..now)
    }
}

/// A hold that wasn't given, since these places were taken.
pub(crate) fn refused<const N: usize>(
    key: &str,
    holder: &str,
    places: [&str; N],
    invoked: u64,
    returned: u64,
) -> Operation {
    let places = places.map(str::to_owned).to_vec();
    Operation {
        key: key.to_owned(),
        holder: holder.to_owned(),
        command: Command::Hold {
            places: places.clone(),
        },
        invoked,
        returned,
        answer: Answer::Refused {
            code: "seats_taken".to_owned(),
            places,
        },
    }
}

/// A look at all places.
pub(crate) fn map<const N: usize>(
    key: &str,
    places: [(&str, State); N],
    (invoked, returned): (u64, u64),
    now: u64,
) -> Operation {
    let places = places.map(|(place, state)| Place {
        place: place.to_owned(),
        state,
    });
    Operation {
        key: key.to_owned(),
        holder: "reader".to_owned(),
        command: Command::Map,
        invoked,
        returned,
        answer: Answer::Places {
            now,
            places: places.to_vec(),
        },
    }
}
