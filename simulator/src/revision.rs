//! A number that grows with every change of any account, and those who wait for it.

use std::sync::Arc;

use tokio::sync::watch;

/// Counts changes. Clones count the same ones.
#[derive(Clone, Debug)]
pub(crate) struct Revision {
    sender: Arc<watch::Sender<u64>>,
}

impl Default for Revision {
    fn default() -> Self {
        Self { sender: Arc::new(watch::Sender::new(0)) }
    }
}

impl Revision {
    pub(crate) fn grow(&self) {
        self.sender.send_modify(|revision| *revision += 1);
    }

    pub(crate) fn get(&self) -> u64 {
        *self.sender.borrow()
    }

    pub(crate) fn subscribe(&self) -> watch::Receiver<u64> {
        self.sender.subscribe()
    }
}
