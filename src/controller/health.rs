//! The health endpoints: `/healthz` says that the process runs, `/readyz` what it still misses.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};

use hyper::StatusCode;
use tokio::task::JoinSet;
use tracing::info;

use super::error::Error;
use super::http::{self, Answer, text};

/// The health endpoints, from before there is a controller until this is dropped.
pub struct Probes {
    missing: Arc<Mutex<Missing>>,
    /// The server; it ends with the set.
    _server: JoinSet<()>,
}

/// Says what keeps the controller from working, a line each.
type Missing = Arc<dyn Fn() -> Vec<String> + Send + Sync>;

impl Probes {
    /// Answers probes at an address: not ready yet.
    ///
    /// # Errors
    ///
    /// The address cannot be had.
    pub async fn serve(address: SocketAddr) -> Result<Self, Error> {
        let missing: Arc<Mutex<Missing>> = Arc::new(Mutex::new(lacks("the controller is starting".to_owned())));
        let asked = Arc::clone(&missing);
        let answer = move |path: &str| {
            let missing = Arc::clone(&lock(&asked));
            answer(path, || missing())
        };
        let (address, serving) = http::serve(address, "--health-probe-bind-addr", answer).await?;
        info!(%address, "probes are answered");
        let mut server = JoinSet::new();
        server.spawn(serving);
        Ok(Self { missing, _server: server })
    }

    /// What is missing before there is a controller.
    pub fn set_missing(&self, what: String) {
        *lock(&self.missing) = lacks(what);
    }

    /// From here on `missing` is asked.
    pub(super) fn ask(&self, missing: impl Fn() -> Vec<String> + Send + Sync + 'static) {
        *lock(&self.missing) = Arc::new(missing);
    }
}

fn lacks(what: String) -> Missing {
    Arc::new(move || vec![what.clone()])
}

fn lock(missing: &Mutex<Missing>) -> MutexGuard<'_, Missing> {
    missing.lock().expect("no thread panics while it holds what is missing")
}

/// Answers a probe.
fn answer(path: &str, missing: impl Fn() -> Vec<String>) -> Option<Answer> {
    let ok = || text(StatusCode::OK, "ok".to_owned());
    match path {
        "/healthz" => Some(ok()),
        "/readyz" => Some(match missing().as_slice() {
            [] => ok(),
            missing => text(StatusCode::SERVICE_UNAVAILABLE, missing.join("\n")),
        }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt as _;

    use super::*;

    async fn asked(path: &str, missing: &[&str]) -> Option<(u16, String)> {
        let answer = answer(path, || missing.iter().map(ToString::to_string).collect())?;
        let status = answer.status().as_u16();
        let body = answer.into_body().collect().await.unwrap().to_bytes();
        Some((status, String::from_utf8(body.to_vec()).unwrap()))
    }

    #[tokio::test]
    async fn readiness_says_what_is_missing_and_health_does_not_ask() {
        let ok = Some((200, "ok\n".to_owned()));
        assert_eq!(asked("/healthz", &["pods"]).await, ok);
        assert_eq!(asked("/readyz", &[]).await, ok);
        assert_eq!(
            asked("/readyz", &["pods are not listed yet", "AWS has not been asked yet"]).await,
            Some((503, "pods are not listed yet\nAWS has not been asked yet\n".to_owned()))
        );
        assert_eq!(asked("/metrics", &[]).await, None);
    }
}
