//! What the crate's unit tests start from: an empty cluster with its settings.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::id::{ClusterName, Region, VpcId};
use crate::snapshot::{CloudController, Settings, Snapshot};

/// An empty cluster `demo` in `vpc-1`, where everything is known.
pub(crate) fn snapshot() -> Snapshot {
    Snapshot {
        now: "2026-01-31T12:00:00Z".parse().unwrap(),
        settings: Arc::new(Settings::new(ClusterName::new("demo"), VpcId::new("vpc-1"), Region::new("us-west-2"))),
        services: BTreeMap::new(),
        bindings: BTreeMap::new(),
        wanted_bindings: BTreeMap::new(),
        endpoint_slices: Some(BTreeMap::new()),
        nodes: Some(BTreeMap::new()),
        pods: Some(BTreeMap::new()),
        cloud_controller: CloudController::Absent,
        lingering: std::collections::BTreeSet::new(),
        files_alone: false,
    }
}
