//! What EC2 holds now, for who watches it and is no caller.

use std::collections::BTreeMap;

use super::permissions::Direction;
use super::security_groups::SecurityGroup;
use super::store::Account;
use crate::observed::{ObservedPermission, ObservedSecurityGroup};

impl Account {
    /// The security groups by id.
    pub(crate) fn observe_security_groups(&self) -> BTreeMap<String, ObservedSecurityGroup> {
        self.security_groups.iter().map(|(id, group)| (id.clone(), group.observe())).collect()
    }
}

impl SecurityGroup {
    fn observe(&self) -> ObservedSecurityGroup {
        ObservedSecurityGroup {
            name: self.group_name.clone(),
            vpc_id: self.vpc_id.clone(),
            ingress: self.permissions(Direction::Ingress),
            egress: self.permissions(Direction::Egress),
            tags: self.tags.to_map(),
        }
    }

    fn permissions(&self, direction: Direction) -> Vec<ObservedPermission> {
        let rules = self.rules(direction).map(|rule| ObservedPermission {
            protocol: rule.traffic.protocol.clone(),
            ports: rule.traffic.ports,
            peer: rule.peer.text(),
            description: rule.description.clone(),
        });
        let mut permissions = rules.collect::<Vec<_>>();
        permissions.sort();
        permissions
    }
}
