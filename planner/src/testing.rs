//! What the crate's unit tests start from: an empty cluster with its settings.

pub(crate) mod account;
pub(crate) mod ingress;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::id::{ClusterName, Region, VpcId};
use crate::snapshot::{CloudController, Settings, Snapshot};

/// An empty cluster `demo` in `vpc-1`, where everything is known.
pub(crate) fn snapshot() -> Snapshot {
    let settings = Arc::new(Settings::new(ClusterName::new("demo"), VpcId::new("vpc-1"), Region::new("us-west-2")));
    Snapshot {
        endpoint_slices: Some(BTreeMap::new()),
        nodes: Some(BTreeMap::new()),
        pods: Some(BTreeMap::new()),
        cloud_controller: CloudController::Absent,
        ..Snapshot::empty(&settings, "2026-01-31T12:00:00Z".parse().unwrap())
    }
}
