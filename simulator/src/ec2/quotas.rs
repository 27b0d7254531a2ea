//! EC2's quotas that the simulator enforces, by the names that an account description uses.

use std::collections::BTreeMap;

/// The quotas of one account. Source: Amazon VPC quotas, defaults.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Quotas {
    /// Rules per security group, in each direction and address family.
    pub(super) rules_per_group: u32,
    /// Security groups per Region.
    pub(super) security_groups: u32,
    /// Security groups per network interface.
    pub(super) groups_per_interface: u32,
    /// Elastic IP addresses per Region.
    pub(super) elastic_ips: u32,
}

impl Default for Quotas {
    fn default() -> Self {
        Quotas { rules_per_group: 60, security_groups: 2500, groups_per_interface: 5, elastic_ips: 5 }
    }
}

impl Quotas {
    /// Takes those that are EC2's out of a list of overrides.
    pub(crate) fn take(&mut self, overrides: &mut BTreeMap<String, u64>) {
        for (name, value) in self.named() {
            if let Some(wanted) = overrides.remove(name) {
                *value = u32::try_from(wanted).unwrap_or(u32::MAX);
            }
        }
    }

    /// Those that are not AWS's defaults.
    pub(crate) fn overrides(mut self) -> BTreeMap<String, u64> {
        let mut defaults = Quotas::default();
        let changed =
            self.named().into_iter().zip(defaults.named()).filter(|((_, value), (_, default))| value != default);
        changed.map(|((name, value), _)| (name.to_owned(), u64::from(*value))).collect()
    }

    fn named(&mut self) -> [(&'static str, &mut u32); 4] {
        [
            ("rules-per-security-group", &mut self.rules_per_group),
            ("security-groups-per-region", &mut self.security_groups),
            ("security-groups-per-network-interface", &mut self.groups_per_interface),
            ("elastic-ips", &mut self.elastic_ips),
        ]
    }
}
