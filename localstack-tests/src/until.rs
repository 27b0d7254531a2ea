//! Waiting for what comes by itself, with a limit and a sentence.

use std::time::{Duration, Instant};

use crate::Error;

/// Looks every `pause` until `look` gives a value.
///
/// `look` answers `Ok(value)` or, as `Err`, what it saw instead; the last of those is in the error, which reads
/// "no WHAT within N s".
pub async fn until<T>(
    what: &str,
    limit: Duration,
    pause: Duration,
    mut look: impl AsyncFnMut() -> Result<T, String>,
) -> Result<T, Error> {
    let start = Instant::now();
    loop {
        match look().await {
            Ok(value) => return Ok(value),
            Err(state) if start.elapsed() >= limit => {
                return Err(Error::TimedOut { what: format!("no {what}"), seconds: limit.as_secs(), state });
            }
            Err(_) => tokio::time::sleep(pause).await,
        }
    }
}
