//! The places that connections take: of all, and of those of one address.

use std::collections::HashMap;
use std::net::IpAddr;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::OwnedSemaphorePermit;

/// How many connections each address has. Addresses without any are forgotten.
#[derive(Debug)]
pub(super) struct Addresses {
    limit: Option<NonZeroUsize>,
    counts: Mutex<HashMap<IpAddr, usize>>,
}

/// A connection's place; dropping it makes room.
#[derive(Debug)]
pub(super) struct Place {
    addresses: Arc<Addresses>,
    ip: IpAddr,
    _permit: OwnedSemaphorePermit,
}

impl Addresses {
    pub(super) fn new(limit: Option<NonZeroUsize>) -> Self {
        Self {
            limit,
            counts: Mutex::default(),
        }
    }

    /// Takes a place for a connection that holds one of all already, which it gets back if its address has too many.
    pub(super) fn enter(
        self: &Arc<Self>,
        ip: IpAddr,
        permit: OwnedSemaphorePermit,
    ) -> Result<Place, OwnedSemaphorePermit> {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(ip).or_default();
        if self.limit.is_some_and(|limit| *count >= limit.get()) {
            return Err(permit);
        }
        *count += 1;
        Ok(Place {
            addresses: self.clone(),
            ip,
            _permit: permit,
        })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut counts = self
            .addresses
            .counts
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(&self.ip) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.ip);
            }
        }
    }
}
