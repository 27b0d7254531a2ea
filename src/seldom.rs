//! Lines in the log that would be a storm: what goes wrong for everything at once is told once a minute.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use tokio::time::Instant;

/// How often the same is told.
const EVERY: Duration = Duration::from_secs(60);

/// What was told, and when.
#[derive(Debug, Default)]
pub(crate) struct Seldom(Mutex<BTreeMap<String, Instant>>);

impl Seldom {
    /// Whether this is worth a line now; if so, it is not again for a minute.
    pub(crate) fn is_due(&self, what: &str) -> bool {
        let mut told = self.0.lock().expect("no thread panics while it holds what was told");
        told.retain(|_, when| when.elapsed() < EVERY);
        let is_due = !told.contains_key(what);
        if is_due {
            told.insert(what.to_owned(), Instant::now());
        }
        is_due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_same_is_told_once_a_minute() {
        let seldom = Seldom::default();
        assert!(seldom.is_due("no route") && seldom.is_due("refused"));
        assert!(!seldom.is_due("no route"));
        tokio::time::advance(EVERY).await;
        assert!(seldom.is_due("no route") && !seldom.is_due("no route"));
    }
}
