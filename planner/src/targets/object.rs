//! TargetGroupBinding objects, read.

use std::str::FromStr;

use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::declared::{Declared, Group};
use super::object_ref;
use crate::crd::{NetworkingPeer, TargetGroupBinding, TargetGroupBindingSpec};
use crate::id::{
    IpProtocol, Knowable, ObjectName, Ref, SecurityGroupId, StackId, TargetGroupArn, TargetIpAddressType, UnknownValue,
    VpcId,
};
use crate::model::{Binding, NetworkingPort, NetworkingRule, Pairs, Peer, PortRef};
use crate::problem::Problem;

/// Reads an object that says everything, as generated ones do.
///
/// # Errors
///
/// Every value that cannot be read, and what a hand-made object may leave to its target group: its ARN and target type.
pub(crate) fn binding(object: &TargetGroupBinding) -> Result<Binding, Vec<Problem>> {
    let (declared, mut problems) = read(object);
    let missing = |field: &str| Problem::of(object_ref(&declared.name), "is not set").at(field);
    let target_group = match &declared.group {
        Group::Arn(arn) => Some(arn.clone()),
        Group::Name(_) | Group::Made(_) => None,
    };
    if target_group.is_none() {
        problems.push(missing("spec.targetGroupARN"));
    }
    if declared.target_type.is_none() {
        problems.push(missing("spec.targetType"));
    }
    match (target_group, declared.target_type) {
        (Some(target_group), Some(target_type)) if problems.is_empty() => Ok(Binding {
            name: declared.name,
            labels: StackId::from_labels(labels(object)).map(|stack| stack.labels()).unwrap_or_default(),
            target_group: Ref::Known(target_group),
            target_type,
            protocol: declared.protocol,
            service: declared.service,
            port: declared.port,
            ip_address_type: declared.ip_address_type.unwrap_or(TargetIpAddressType::Ipv4),
            vpc: declared.vpc,
            node_selector: declared.node_selector,
            networking: declared.networking,
            multi_cluster: declared.multi_cluster,
        }),
        _ => Err(problems),
    }
}

/// Reads an object; what cannot be read is left out and told.
pub(super) fn read(object: &TargetGroupBinding) -> (Declared, Vec<Problem>) {
    let name = ObjectName::of(&object.metadata);
    let spec = &object.spec;
    let mut reader = Reader { name: name.clone(), problems: Vec::new() };
    let group = group(object);
    if group == Group::Name(String::new()) {
        reader.note("spec.targetGroupARN", None, "neither targetGroupARN nor targetGroupName is set");
    }
    let declared = Declared {
        of: object.metadata.labels.as_ref().and_then(StackId::from_labels),
        group,
        target_type: reader.one_of("spec.targetType", spec.target_type.as_deref()),
        protocol: reader.one_of("spec.targetGroupProtocol", spec.target_group_protocol.as_deref()),
        service: spec.service_ref.name.clone(),
        port: reader.port("spec.serviceRef.port", &spec.service_ref.port).unwrap_or(PortRef::Name(String::new())),
        ip_address_type: reader.one_of("spec.ipAddressType", spec.ip_address_type.as_deref()),
        vpc: given(spec.vpc_id.as_deref()).map(VpcId::new),
        node_selector: spec.node_selector.clone(),
        networking: reader.networking(spec),
        multi_cluster: spec.multi_cluster_target_group,
        assumes_role: given(spec.iam_role_arn_to_assume.as_deref()).is_some(),
        name,
    };
    (declared, reader.problems)
}

/// The target group that an object names; the ARN comes before the name.
pub(super) fn group(object: &TargetGroupBinding) -> Group {
    match given(object.spec.target_group_arn.as_deref()) {
        Some(arn) => Group::Arn(TargetGroupArn::new(arn)),
        None => Group::Name(object.spec.target_group_name.clone().unwrap_or_default()),
    }
}

fn labels(object: &TargetGroupBinding) -> &Pairs {
    const NONE: &Pairs = &Pairs::new();
    object.metadata.labels.as_ref().unwrap_or(NONE)
}

fn given(text: Option<&str>) -> Option<&str> {
    text.filter(|text| !text.is_empty())
}

struct Reader {
    name: ObjectName,
    problems: Vec<Problem>,
}

impl Reader {
    fn note(&mut self, field: &str, value: Option<String>, message: impl Into<String>) {
        let problem = Problem::of(object_ref(&self.name), message).at(field);
        self.problems.push(Problem { value, ..problem });
    }

    fn one_of<T: FromStr<Err = UnknownValue>>(&mut self, field: &str, text: Option<&str>) -> Option<T> {
        match given(text)?.parse() {
            Ok(value) => Some(value),
            Err(UnknownValue { value, allowed }) => {
                self.note(field, Some(value), format!("is none of {}", allowed.join(", ")));
                None
            }
        }
    }

    fn port(&mut self, field: &str, port: &IntOrString) -> Option<PortRef> {
        match port {
            IntOrString::String(name) => Some(PortRef::Name(name.clone())),
            IntOrString::Int(number) => match u16::try_from(*number) {
                Ok(number) => Some(PortRef::Number(Knowable::Known(number))),
                Err(_) => {
                    self.note(field, Some(number.to_string()), "is not a port: 1 to 65535");
                    None
                }
            },
        }
    }

    fn networking(&mut self, spec: &TargetGroupBindingSpec) -> Option<Vec<NetworkingRule>> {
        let networking = spec.networking.as_ref()?;
        let mut rules = Vec::new();
        for (index, rule) in networking.ingress.iter().enumerate() {
            let at = format!("spec.networking.ingress[{index}]");
            let from = rule.from.iter().enumerate();
            let from = from.filter_map(|(index, peer)| self.peer(&format!("{at}.from[{index}]"), peer)).collect();
            let mut ports = Vec::new();
            for (index, port) in rule.ports.iter().enumerate() {
                let at = format!("{at}.ports[{index}]");
                let protocol = self.protocol(&format!("{at}.protocol"), port.protocol.as_deref());
                let number = port.port.as_ref().map(|port| self.port(&format!("{at}.port"), port));
                if let (Some(protocol), None | Some(Some(_))) = (protocol, &number) {
                    ports.push(NetworkingPort { protocol, port: number.flatten() });
                }
            }
            rules.push(NetworkingRule { from, ports });
        }
        Some(rules)
    }

    fn peer(&mut self, at: &str, peer: &NetworkingPeer) -> Option<Peer> {
        match (&peer.ip_block, &peer.security_group) {
            (Some(block), None) => match block.cidr.parse() {
                Ok(cidr) => Some(Peer::Cidr(cidr)),
                Err(_) => {
                    self.note(&format!("{at}.ipBlock.cidr"), Some(block.cidr.clone()), "is not a CIDR");
                    None
                }
            },
            (None, Some(group)) => Some(Peer::SecurityGroup(Ref::Known(SecurityGroupId::new(&group.group_id)))),
            (Some(_), Some(_)) | (None, None) => {
                self.note(at, None, "has to be exactly one of ipBlock and securityGroup");
                None
            }
        }
    }

    fn protocol(&mut self, field: &str, text: Option<&str>) -> Option<IpProtocol> {
        match given(text) {
            None | Some("TCP") => Some(IpProtocol::Tcp),
            Some("UDP") => Some(IpProtocol::Udp),
            Some(other) => {
                self.note(field, Some(other.to_owned()), "is none of TCP, UDP");
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::id::{Protocol, TargetType};
    use crate::targets::fixture;

    type Mutation = fn(&mut Value);

    fn reading(change: Mutation) -> (Declared, Vec<String>) {
        let (declared, problems) = read(&fixture::object(change));
        (declared, problems.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn a_generated_object_reads_as_the_binding_it_was_made_of() {
        let generated = fixture::object(|object| {
            object["metadata"]["labels"] = json!({
                "service.k8s.aws/stack-namespace": "default", "service.k8s.aws/stack-name": "web", "team": "a"
            });
        });
        let binding = binding(&generated).unwrap();
        assert_eq!(binding, fixture::binding(), "labels that are not ours are not part of it");
        assert_eq!(read(&generated).0.of, Some(StackId::Service(ObjectName::new("default", "web"))));
    }

    #[test]
    fn what_is_not_said_is_left_open() {
        let (declared, problems) = reading(|object| {
            object["spec"] = json!({ "serviceRef": { "name": "web", "port": "http" }, "targetGroupName": "mine" });
        });
        assert_eq!(problems, [""; 0]);
        assert_eq!(declared.group, Group::Name("mine".into()));
        assert_eq!((declared.target_type, declared.protocol, declared.ip_address_type), (None, None, None));
        assert_eq!(declared.port, PortRef::Name("http".into()));
        assert_eq!((declared.networking, declared.of), (None, None));
    }

    #[test]
    fn an_object_that_leaves_something_open_is_no_generated_one() {
        let open = fixture::object(|object| {
            object["spec"] = json!({ "serviceRef": { "name": "web", "port": 80 }, "targetGroupName": "mine" });
        });
        let problems = binding(&open).unwrap_err().iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(problems, ["spec.targetGroupARN: is not set", "spec.targetType: is not set"]);
    }

    #[test]
    fn the_arn_comes_before_the_name_and_empty_texts_say_nothing() {
        let (declared, _) = reading(|object| object["spec"]["targetGroupName"] = json!("other"));
        assert_eq!(declared.group.name(), "k8s-default-web");
        let (declared, problems) = reading(|object| {
            object["spec"]["targetGroupARN"] = json!("");
            object["spec"]["targetGroupName"] = json!("other");
            object["spec"]["ipAddressType"] = json!("");
        });
        assert_eq!((declared.group, declared.ip_address_type), (Group::Name("other".into()), None));
        assert_eq!(problems, [""; 0]);
    }

    #[test]
    fn networking_is_read_in_full() {
        let (declared, problems) = reading(|object| {
            object["spec"]["networking"] = json!({ "ingress": [{
                "from": [{ "securityGroup": { "groupID": "sg-lb" } }, { "ipBlock": { "cidr": "2001:db8::/64" } }],
                "ports": [{ "port": 31000 }, { "protocol": "UDP", "port": "dns" }, { "protocol": "TCP" }]
            }] });
        });
        assert_eq!(problems, [""; 0]);
        let rule = &declared.networking.unwrap()[0];
        assert_eq!(rule.from, [fixture::security_group("sg-lb"), Peer::Cidr("2001:db8::/64".parse().unwrap())]);
        let port = |protocol, port| NetworkingPort { protocol, port };
        assert_eq!(
            rule.ports,
            [
                port(IpProtocol::Tcp, Some(PortRef::Number(Knowable::Known(31000)))),
                port(IpProtocol::Udp, Some(PortRef::Name("dns".into()))),
                port(IpProtocol::Tcp, None),
            ]
        );
        let (declared, _) = reading(|object| object["spec"]["networking"] = json!({}));
        assert_eq!(declared.networking, Some(Vec::new()), "set and empty is not the same as not set");
    }

    #[test]
    fn each_mistake_is_told_where_it_is() {
        let cases: &[(Mutation, &str)] = &[
            (
                |o| o["spec"]["targetGroupARN"] = Value::Null,
                "spec.targetGroupARN: neither targetGroupARN nor targetGroupName is set",
            ),
            (|o| o["spec"]["targetType"] = json!("lambda"), "spec.targetType: \"lambda\": is none of instance, ip"),
            (
                |o| o["spec"]["targetGroupProtocol"] = json!("GENEVE"),
                "spec.targetGroupProtocol: \"GENEVE\": is none of TCP",
            ),
            (
                |o| o["spec"]["ipAddressType"] = json!("dualstack"),
                "spec.ipAddressType: \"dualstack\": is none of ipv4, ipv6",
            ),
            (|o| o["spec"]["serviceRef"]["port"] = json!(70_000), "spec.serviceRef.port: \"70000\": is not a port"),
            (
                |o| o["spec"]["networking"]["ingress"][0]["from"] = json!([{ "ipBlock": { "cidr": "10.0.0.0" } }]),
                "spec.networking.ingress[0].from[0].ipBlock.cidr: \"10.0.0.0\": is not a CIDR",
            ),
            (
                |o| o["spec"]["networking"]["ingress"][0]["from"] = json!([{}]),
                "spec.networking.ingress[0].from[0]: has to be exactly one of",
            ),
            (
                |o| o["spec"]["networking"]["ingress"][0]["ports"] = json!([{ "protocol": "SCTP", "port": 1 }]),
                "spec.networking.ingress[0].ports[0].protocol: \"SCTP\": is none of TCP, UDP",
            ),
            (
                |o| o["spec"]["networking"]["ingress"][0]["ports"] = json!([{ "port": -1 }]),
                "spec.networking.ingress[0].ports[0].port: \"-1\": is not a port",
            ),
        ];
        for (change, sentence) in cases {
            let (_, problems) = reading(*change);
            assert_eq!(problems.len(), 1, "{problems:?}");
            assert!(problems[0].starts_with(sentence), "{problems:?} should start with {sentence}");
        }
        let (declared, _) = reading(|_| {});
        assert_eq!((declared.target_type, declared.protocol), (Some(TargetType::Instance), Some(Protocol::Tcp)));
    }
}
