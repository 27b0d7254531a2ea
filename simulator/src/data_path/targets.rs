//! Where targets are reached.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

/// Where targets are reached: the loopback address for each target's id and port.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Vec<TargetAddress>", into = "Vec<TargetAddress>")]
pub struct TargetTable {
    addresses: BTreeMap<(String, u16), SocketAddr>,
}

/// One entry of a [`TargetTable`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TargetAddress {
    /// The id that the target is registered with: an address of a node or a pod, or the id of an instance.
    pub target: String,
    /// The port that it is registered with.
    pub port: u16,
    /// Where it is reached.
    pub address: SocketAddr,
}

impl TargetTable {
    pub(super) fn get(&self, target: &str, port: u16) -> Option<SocketAddr> {
        self.addresses.get(&(target.to_owned(), port)).copied()
    }
}

impl FromIterator<TargetAddress> for TargetTable {
    fn from_iter<I: IntoIterator<Item = TargetAddress>>(addresses: I) -> Self {
        let entry = |entry: TargetAddress| ((entry.target, entry.port), entry.address);
        Self { addresses: addresses.into_iter().map(entry).collect() }
    }
}

impl From<Vec<TargetAddress>> for TargetTable {
    fn from(addresses: Vec<TargetAddress>) -> Self {
        addresses.into_iter().collect()
    }
}

impl From<TargetTable> for Vec<TargetAddress> {
    fn from(table: TargetTable) -> Self {
        let entry = |((target, port), address)| TargetAddress { target, port, address };
        table.addresses.into_iter().map(entry).collect()
    }
}
