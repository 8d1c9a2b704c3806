use std::num::NonZeroU32;
use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How many requests there may be at once. One more is told to come back rather than to wait: what waits keeps memory,
/// and is answered when nobody wants to know any more.
#[derive(Clone, Debug)]
pub struct Places(Arc<Semaphore>);

/// A request that is under way, until it is dropped.
#[derive(Debug)]
pub struct Place(#[expect(dead_code, reason = "held, not read")] OwnedSemaphorePermit);

impl Places {
    /// At most `most` at once.
    pub fn new(most: NonZeroU32) -> Self {
        let most = usize::try_from(most.get()).unwrap_or(usize::MAX);
        Self(Arc::new(Semaphore::new(most.min(Semaphore::MAX_PERMITS))))
    }

    /// A place, if there is one.
    pub fn take(&self) -> Option<Place> {
        Arc::clone(&self.0).try_acquire_owned().ok().map(Place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_as_many_places_as_were_told_and_they_come_back() {
        let places = Places::new(NonZeroU32::new(2).unwrap());
        let (one, two) = (places.take().unwrap(), places.take().unwrap());
        assert!(places.take().is_none());
        drop(one);
        let three = places.take().unwrap();
        assert!(places.clone().take().is_none());
        drop((two, three));
        assert!(places.take().is_some());
    }
}
