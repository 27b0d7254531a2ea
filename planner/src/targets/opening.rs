//! What a binding's networking asks of the security groups of its targets: ingress rules.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::id::{IpProtocol, Knowable};
use crate::model::{IngressRule, NetworkingRule, Peer, PortRef, RuleProtocol, TargetId};

/// The description of the rules that we keep in worker security groups: it alone says that a rule is ours
/// (`service-nlb.md` §3.17).
pub(crate) const SHARED_DESCRIPTION: &str = "elbv2.k8s.aws/targetGroupBinding=shared";

/// Every port.
const ALL: (u16, u16) = (0, 65535);

/// Targets that need the same rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Opening {
    /// The rules, sorted.
    pub(crate) rules: Vec<IngressRule>,
    /// The targets. Shared, because the bindings of a cluster have mostly the same nodes.
    pub(crate) targets: Arc<BTreeSet<TargetId>>,
}

/// The rules that a target needs; `None`: a port is not known, or a name is not one of the pod's ports.
pub(super) fn rules(networking: &[NetworkingRule], number: impl Fn(&str) -> Option<u16>) -> Option<Vec<IngressRule>> {
    collect(networking, |port| {
        match port {
            PortRef::Number(port) => port.known(),
            PortRef::Name(name) => number(name),
        }
        .map(|port| (port, port))
    })
}

/// All that a binding may need, whatever its targets turn out to be: ports that cannot be told are all ports.
pub(crate) fn at_most(networking: &[NetworkingRule]) -> Vec<IngressRule> {
    let widest = collect(networking, |port| match port {
        PortRef::Number(Knowable::Known(port)) => Some((*port, *port)),
        PortRef::Number(Knowable::After(_)) | PortRef::Name(_) => Some(ALL),
    });
    widest.unwrap_or_default()
}

/// Whether any of the ports is this number, or may be: a name is the pod's to tell, and no number is every port.
pub(super) fn names_port(networking: &[NetworkingRule], number: u16) -> bool {
    networking.iter().any(|rule| {
        rule.ports.is_empty()
            || rule.ports.iter().any(|port| match &port.port {
                Some(PortRef::Number(Knowable::Known(port))) => *port == number || *port == 0,
                Some(PortRef::Number(Knowable::After(_)) | PortRef::Name(_)) | None => true,
            })
    })
}

/// Whether there is traffic that both rules let in.
pub(crate) fn overlap(one: &IngressRule, other: &IngressRule) -> bool {
    one.protocol == other.protocol
        && one.peer == other.peer
        && match (one.from_port.known(), one.to_port.known(), other.from_port.known(), other.to_port.known()) {
            (Some(from), Some(to), Some(other_from), Some(other_to)) => from <= other_to && other_from <= to,
            // A port that is not known yet may be any.
            _ => true,
        }
}

fn collect(networking: &[NetworkingRule], span: impl Fn(&PortRef) -> Option<(u16, u16)>) -> Option<Vec<IngressRule>> {
    let mut rules = BTreeSet::new();
    for rule in networking {
        let mut spans = Vec::new();
        for port in &rule.ports {
            let (from, to) = match &port.port {
                Some(port) => span(port)?,
                None => ALL,
            };
            spans.push((port.protocol, from, to));
        }
        if rule.ports.is_empty() {
            // As the CRD says; LBC writes no rule at all (`deploy-and-targets.md` §8.3.22).
            spans.push((IpProtocol::Tcp, ALL.0, ALL.1));
        }
        for peer in &rule.from {
            for (protocol, from, to) in &spans {
                rules.insert(IngressRule {
                    protocol: RuleProtocol::Ip(*protocol),
                    from_port: Knowable::Known(i32::from(*from)),
                    to_port: Knowable::Known(i32::from(*to)),
                    peer: canonical(peer),
                    description: SHARED_DESCRIPTION.to_owned(),
                });
            }
        }
    }
    Some(rules.into_iter().collect())
}

/// EC2 cuts the host part off a CIDR.
fn canonical(peer: &Peer) -> Peer {
    match peer {
        Peer::Cidr(cidr) => Peer::Cidr(cidr.trunc()),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::NetworkingPort;
    use crate::targets::fixture::{ports, rule, security_group};

    fn networking(ports: Vec<NetworkingPort>) -> Vec<NetworkingRule> {
        vec![NetworkingRule { from: vec![security_group("sg-lb")], ports }]
    }

    #[test]
    fn every_peer_may_reach_every_port() {
        let networking = vec![NetworkingRule {
            from: vec![security_group("sg-lb"), Peer::Cidr("10.0.0.1/24".parse().unwrap())],
            ports: ports(&[80, 443]),
        }];
        let found = rules(&networking, |_| None).unwrap();
        assert_eq!(found.len(), 4);
        assert!(found.contains(&rule(80, 80, security_group("sg-lb"))));
        assert!(found.contains(&rule(443, 443, Peer::Cidr("10.0.0.0/24".parse().unwrap()))), "{found:?}");
    }

    #[test]
    fn no_port_is_all_ports_and_no_list_is_all_of_tcp() {
        let any_udp = NetworkingPort { protocol: IpProtocol::Udp, port: None };
        let found = rules(&networking(vec![any_udp]), |_| None).unwrap();
        assert_eq!((found[0].protocol.to_string().as_str(), found[0].to_port.known()), ("udp", Some(65535)));
        let found = rules(&networking(Vec::new()), |_| None).unwrap();
        assert_eq!(found, [rule(0, 65535, security_group("sg-lb"))]);
    }

    #[test]
    fn a_name_is_a_number_or_the_rules_are_not_known() {
        let named = vec![NetworkingPort { protocol: IpProtocol::Tcp, port: Some(PortRef::Name("http".into())) }];
        let networking = networking(named);
        assert_eq!(rules(&networking, |_| Some(8080)).unwrap(), [rule(8080, 8080, security_group("sg-lb"))]);
        assert_eq!(rules(&networking, |_| None), None);
        assert_eq!(at_most(&networking), [rule(0, 65535, security_group("sg-lb"))]);
    }

    #[test]
    fn a_node_port_that_is_not_assigned_yet_leaves_the_rules_open() {
        let after = PortRef::Number(Knowable::After("spec.ports[0].nodePort".into()));
        let networking = networking(vec![NetworkingPort { protocol: IpProtocol::Tcp, port: Some(after) }]);
        assert_eq!(rules(&networking, |_| None), None);
    }
}
