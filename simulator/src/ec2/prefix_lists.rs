//! Managed prefix lists, as far as security group rules count them.

use serde::Deserialize;

/// A managed prefix list. Only rules look at it: it cannot be described.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct PrefixList {
    pub(crate) prefix_list_id: String,
    /// `IPv4` or `IPv6`
    #[serde(default)]
    address_family: Option<String>,
    #[serde(default)]
    max_entries: Option<u32>,
}

impl PrefixList {
    /// For how many IPv4 and IPv6 rules a reference to it counts: its maximum of entries, whatever it holds.
    pub(super) fn weight(&self) -> (u32, u32) {
        let entries = self.max_entries.unwrap_or(1);
        if self.address_family.as_deref() == Some("IPv6") { (0, entries) } else { (entries, 0) }
    }
}
