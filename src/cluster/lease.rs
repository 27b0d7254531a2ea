//! Whether another cloud controller is at work: the Lease `kube-system/cloud-controller-manager`.

use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use k8s_openapi::api::coordination::v1::Lease;
use kube::{Api, Client};
use northgate_planner::snapshot::CloudController;

use super::error::ask;
use crate::error_chain::one_line;

/// How often the Lease is read again: for so long both controllers may take a new Service when the other one starts.
const READ_EVERY: Duration = Duration::from_secs(10);

/// Reads the Lease. What cannot be read is said, not guessed.
pub(super) async fn read(client: &Client) -> CloudController {
    let leases: Api<Lease> = Api::namespaced(client.clone(), "kube-system");
    let what = || "get Lease/kube-system/cloud-controller-manager".to_owned();
    match ask(what, leases.get_opt("cloud-controller-manager")).await {
        Ok(lease) => judge(lease),
        Err(error) => CloudController::Unreadable(one_line(&error)),
    }
}

/// One that was never renewed says nothing.
fn judge(lease: Option<Lease>) -> CloudController {
    match lease.and_then(|lease| lease.spec).and_then(|spec| spec.renew_time) {
        Some(renewed) => CloudController::Renewed(renewed.0),
        None => CloudController::Absent,
    }
}

/// What the Lease last said.
#[derive(Debug)]
pub(super) struct Seen(Mutex<CloudController>);

impl Default for Seen {
    fn default() -> Self {
        Self(Mutex::new(CloudController::Unreadable("it has not been read yet".to_owned())))
    }
}

impl Seen {
    pub(super) fn get(&self) -> CloudController {
        self.lock().clone()
    }

    /// Reads the Lease now.
    pub(super) async fn refresh(&self, client: &Client) {
        let found = read(client).await;
        *self.lock() = found;
    }

    /// Reads the Lease again and again, for ever.
    pub(super) async fn keep_fresh(&self, client: &Client) {
        loop {
            tokio::time::sleep(READ_EVERY).await;
            self.refresh(client).await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, CloudController> {
        self.0.lock().expect("no thread panics while it holds the value")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_lease_counts_by_its_last_renewal() {
        let lease = |spec| serde_json::from_value(json!({ "metadata": {}, "spec": spec })).unwrap();
        let renewed = lease(json!({ "holderIdentity": "ccm", "renewTime": "2026-01-31T12:00:00.000000Z" }));
        assert_eq!(judge(Some(renewed)), CloudController::Renewed("2026-01-31T12:00:00Z".parse().unwrap()));
        assert_eq!(judge(Some(lease(json!({ "holderIdentity": "ccm" })))), CloudController::Absent);
        assert_eq!(judge(None), CloudController::Absent);
    }
}
