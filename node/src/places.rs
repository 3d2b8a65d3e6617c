//! Places that all share, and some in reserve for those who may deliver: a crowd of clients keeps nobody from taking
//! a machine back.

use tokio::sync::{AcquireError, Semaphore, SemaphorePermit};

/// A number of places.
#[derive(Debug)]
pub(crate) struct Places {
    open: Semaphore,
    reserved: Semaphore,
    sizes: [usize; 2],
}

impl Places {
    /// So many for all, and so many beside them in reserve.
    pub(crate) fn new(open: usize, reserved: usize) -> Self {
        Self {
            open: Semaphore::new(open),
            reserved: Semaphore::new(reserved),
            sizes: [open, reserved],
        }
    }

    /// Takes a place that is free. Whether the reserve may be touched is asked only when nothing else is free.
    pub(crate) fn try_take(&self, delivers: impl FnOnce() -> bool) -> Option<SemaphorePermit<'_>> {
        let open = self.open.try_acquire().ok();
        open.or_else(|| {
            delivers()
                .then(|| self.reserved.try_acquire().ok())
                .flatten()
        })
    }

    /// Waits for so many places, all open ones or all from the reserve.
    pub(crate) async fn take(&self, count: u32, delivers: bool) -> SemaphorePermit<'_> {
        let taken = tokio::select! {
            biased;
            open = self.open.acquire_many(count) => open,
            reserved = self.reserved.acquire_many(count), if delivers => reserved,
        };
        held(taken)
    }

    /// Waits until nobody holds a place any more, and keeps all of them.
    pub(crate) async fn take_all(&self) -> [SemaphorePermit<'_>; 2] {
        let [open, reserved] = self
            .sizes
            .map(|size| u32::try_from(size).expect("the limits bound it"));
        [
            held(self.open.acquire_many(open).await),
            held(self.reserved.acquire_many(reserved).await),
        ]
    }
}

fn held(taken: Result<SemaphorePermit<'_>, AcquireError>) -> SemaphorePermit<'_> {
    taken.expect("nobody closes it")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reserve_is_for_those_who_deliver_and_has_an_end() {
        let places = Places::new(2, 1);
        let open = [(); 2].map(|()| places.try_take(|| panic!("there is an open one")));
        assert!(open.iter().all(Option::is_some));
        assert!(places.try_take(|| false).is_none());
        let reserved = places.try_take(|| true);
        assert!(reserved.is_some() && places.try_take(|| true).is_none());
        drop(reserved);
        assert!(places.try_take(|| true).is_some());
    }

    #[tokio::test]
    async fn who_delivers_does_not_wait_behind_a_crowd() {
        let places = Places::new(1, 1);
        let _worked_on = places.take(1, false).await;
        let crowd: Vec<_> = (0..100).map(|_| places.take(1, false)).collect();
        let crowd = futures_of(crowd);
        tokio::select! {
            biased;
            () = crowd => panic!("there was no place for it"),
            _operator = places.take(1, true) => {}
        }
    }

    /// All of them, each polled.
    async fn futures_of(waiting: Vec<impl Future>) {
        let mut waiting: Vec<_> = waiting.into_iter().map(Box::pin).collect();
        std::future::poll_fn(|context| {
            let mut ready = waiting.iter_mut().map(|one| one.as_mut().poll(context));
            match ready.all(|one| one.is_pending()) {
                true => std::task::Poll::Pending,
                false => std::task::Poll::Ready(()),
            }
        })
        .await;
    }

    #[tokio::test]
    async fn all_places_can_be_had_when_nobody_holds_one() {
        let places = Places::new(3, 2);
        drop([places.try_take(|| true), places.try_take(|| true)]);
        let _all = places.take_all().await;
        assert!(places.try_take(|| true).is_none());
    }
}
