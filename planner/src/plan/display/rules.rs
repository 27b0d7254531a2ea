//! Ingress rules in words, and the ones that open a port to everybody.

use crate::id::{IpProtocol, Knowable};
use crate::model::{IngressRule, Peer, RuleProtocol};

/// The ports that are expected to be open to everybody.
const WEB_PORTS: [i32; 4] = [80, 443, 8080, 8443];

/// All rules in one line: `tcp 80, tcp 443 from 10.0.0.0/8; tcp 22 from sg-1`.
pub(super) fn summary(rules: &[IngressRule]) -> String {
    let mut peers_by_ports: Vec<(String, Vec<String>)> = Vec::new();
    for rule in rules {
        let (ports, peer) = (ports(rule), rule.peer.to_string());
        match peers_by_ports.iter_mut().find(|(known, _)| *known == ports) {
            Some((_, peers)) => peers.push(peer),
            None => peers_by_ports.push((ports, vec![peer])),
        }
    }
    let mut groups: Vec<(Vec<String>, Vec<String>)> = Vec::new();
    for (ports, peers) in peers_by_ports {
        match groups.iter_mut().find(|(_, known)| *known == peers) {
            Some((all_ports, _)) => all_ports.push(ports),
            None => groups.push((vec![ports], peers)),
        }
    }
    let groups = groups.iter().map(|(ports, peers)| format!("{} from {}", ports.join(", "), peers.join(", ")));
    groups.collect::<Vec<_>>().join("; ")
}

/// Whether a rule lets everybody in on more than a web port.
pub(super) fn is_exposure(rule: &IngressRule) -> bool {
    let to_everybody = matches!(&rule.peer, Peer::Cidr(cidr) if cidr.prefix_len() == 0);
    let web_only = match (&rule.from_port, &rule.to_port) {
        (Knowable::Known(from), Knowable::Known(to)) => from == to && WEB_PORTS.contains(from),
        _ => false,
    };
    let has_ports = match &rule.protocol {
        RuleProtocol::Ip(IpProtocol::Tcp | IpProtocol::Udp) => true,
        RuleProtocol::Other(protocol) => protocol == "-1",
    };
    to_everybody && !web_only && has_ports
}

fn ports(rule: &IngressRule) -> String {
    let IngressRule { protocol, from_port, to_port, peer: _, description: _ } = rule;
    match (protocol, from_port, to_port) {
        (RuleProtocol::Other(all), _, _) if all == "-1" => "all traffic".to_owned(),
        (RuleProtocol::Other(protocol), Knowable::Known(-1), _) => protocol.clone(),
        (_, from, to) if from == to => format!("{protocol} {from}"),
        (_, from, to) => format!("{protocol} {from}-{to}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(protocol: &str, from: i32, to: i32, cidr: &str) -> IngressRule {
        IngressRule {
            protocol: protocol.parse().map_or_else(|_| RuleProtocol::Other(protocol.to_owned()), RuleProtocol::Ip),
            from_port: Knowable::Known(from),
            to_port: Knowable::Known(to),
            peer: Peer::Cidr(cidr.parse().unwrap()),
            description: String::new(),
        }
    }

    #[test]
    fn rules_with_the_same_peers_are_told_together() {
        let rules = [
            rule("tcp", 80, 80, "10.0.0.0/8"),
            rule("tcp", 80, 80, "192.168.0.0/16"),
            rule("tcp", 443, 443, "10.0.0.0/8"),
            rule("tcp", 443, 443, "192.168.0.0/16"),
            rule("udp", 30000, 32767, "10.1.0.0/16"),
        ];
        assert_eq!(
            summary(&rules),
            "tcp 80, tcp 443 from 10.0.0.0/8, 192.168.0.0/16; udp 30000-32767 from 10.1.0.0/16"
        );
    }

    #[test]
    fn only_a_port_that_is_no_web_port_and_open_to_everybody_is_exposed() {
        let cases = [
            (rule("tcp", 5432, 5432, "0.0.0.0/0"), true),
            (rule("tcp", 5432, 5432, "::/0"), true),
            (rule("udp", 53, 53, "0.0.0.0/0"), true),
            (rule("tcp", 80, 443, "0.0.0.0/0"), true),
            (rule("-1", -1, -1, "0.0.0.0/0"), true),
            (rule("tcp", 443, 443, "0.0.0.0/0"), false),
            (rule("tcp", 8443, 8443, "::/0"), false),
            (rule("tcp", 5432, 5432, "10.0.0.0/8"), false),
            (rule("icmp", 3, 4, "0.0.0.0/0"), false),
        ];
        for (rule, exposed) in cases {
            assert_eq!(is_exposure(&rule), exposed, "{rule:?}");
        }
    }
}
