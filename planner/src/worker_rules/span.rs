//! One rule per protocol and source group, as the AWS Load Balancer Controller writes them.

use std::collections::{BTreeMap, BTreeSet};

use crate::id::Knowable;
use crate::model::{IngressRule, Peer};

/// Joins the rules of each source group into one from the lowest to the highest port; CIDRs stay as they are
/// (`service-nlb.md` §3.17).
pub(super) fn join(rules: BTreeSet<IngressRule>) -> Vec<IngressRule> {
    let (mut joined, mut spans) = (BTreeSet::new(), BTreeMap::new());
    for rule in rules {
        match (&rule.peer, rule.from_port.known(), rule.to_port.known()) {
            (Peer::SecurityGroup(_), Some(from), Some(to)) => {
                let key = (rule.protocol.clone(), rule.peer.clone(), rule.description.clone());
                // Port 0 stands for every port.
                let (from, to) = if (from, to) == (0, 0) { (0, 65535) } else { (from, to) };
                let (lowest, highest) = spans.entry(key).or_insert((from, to));
                *lowest = from.min(*lowest);
                *highest = to.max(*highest);
            }
            _ => {
                joined.insert(rule);
            }
        }
    }
    for ((protocol, peer, description), (from, to)) in spans {
        let (from_port, to_port) = (Knowable::Known(from), Knowable::Known(to));
        joined.insert(IngressRule { protocol, from_port, to_port, peer, description });
    }
    joined.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::IpProtocol;
    use crate::model::RuleProtocol;
    use crate::targets::fixture::{rule, security_group};

    fn joined(rules: &[IngressRule]) -> Vec<IngressRule> {
        join(rules.iter().cloned().collect())
    }

    #[test]
    fn one_span_per_source_group() {
        let (a, b) = (security_group("sg-a"), security_group("sg-b"));
        let rules = [rule(31000, 31000, a.clone()), rule(30000, 30000, a.clone()), rule(80, 80, b.clone())];
        assert_eq!(joined(&rules), [rule(80, 80, b), rule(30000, 31000, a)]);
    }

    #[test]
    fn protocols_are_not_mixed() {
        let a = security_group("sg-a");
        let udp = IngressRule { protocol: RuleProtocol::Ip(IpProtocol::Udp), ..rule(53, 53, a.clone()) };
        assert_eq!(joined(&[rule(80, 80, a.clone()), udp.clone()]), [rule(80, 80, a), udp]);
    }

    #[test]
    fn port_zero_is_every_port() {
        let a = security_group("sg-a");
        assert_eq!(joined(&[rule(0, 0, a.clone()), rule(80, 80, a.clone())]), [rule(0, 65535, a)]);
    }

    #[test]
    fn addresses_keep_one_rule_per_port() {
        let cidr = Peer::Cidr("10.0.0.0/8".parse().unwrap());
        let rules = [rule(80, 80, cidr.clone()), rule(443, 443, cidr)];
        assert_eq!(joined(&rules), rules);
    }
}
