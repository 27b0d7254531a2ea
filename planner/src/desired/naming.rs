//! Names of resources, with their hashes (`service-nlb.md` §3.2, `ingress-alb.md` §5.2, §8.2). They are for creation only: nothing compares them.

use sha2::{Digest as _, Sha256};

use crate::id::{
    ClusterName, HealthCheckProtocol, KNOWN_AFTER_APPLY, Knowable, ObjectName, Protocol, ProtocolVersion, Scheme,
    StackId, TargetType, Uid,
};
use crate::model::PortRef;
use crate::planted::{Bug, planted};

/// The name of a Service's load balancer.
pub(super) fn load_balancer(cluster: &ClusterName, service: &ObjectName, uid: Option<&Uid>, scheme: Scheme) -> String {
    let hash = uid.map(|uid| hash(&[cluster.as_str(), uid.as_str(), scheme.as_str()]));
    resource(service, hash)
}

/// The name of a Service's front-end security group.
pub(super) fn managed_security_group(cluster: &ClusterName, service: &ObjectName, uid: Option<&Uid>) -> String {
    let hash = uid.map(|uid| hash(&[cluster.as_str(), &service.name, &service.namespace, uid.as_str()]));
    resource(service, hash)
}

/// What the name of a target group hashes.
pub(super) struct TargetGroupName<'a> {
    pub(super) cluster: &'a ClusterName,
    pub(super) service: &'a ObjectName,
    pub(super) uid: Option<&'a Uid>,
    pub(super) target_group_port: &'a Knowable<u16>,
    pub(super) service_port: u16,
    pub(super) target_type: TargetType,
    pub(super) protocol: Protocol,
    pub(super) health_check_protocol: HealthCheckProtocol,
    pub(super) health_check_interval: u16,
}

/// The name of a target group, and of its TargetGroupBinding.
pub(super) fn target_group(name: &TargetGroupName<'_>) -> String {
    let hash = match (name.uid, name.target_group_port.known()) {
        (Some(uid), Some(port)) => Some(hash(&[
            name.cluster.as_str(),
            uid.as_str(),
            &port.to_string(),
            &name.service_port.to_string(),
            name.target_type.as_str(),
            name.protocol.as_str(),
            name.health_check_protocol.as_str(),
            &name.health_check_interval.to_string(),
        ])),
        _ => None,
    };
    resource(name.service, hash)
}

/// The name of the load balancer of a group of Ingresses.
pub(super) fn group_load_balancer(cluster: &ClusterName, group: &StackId, scheme: Scheme) -> String {
    of_group(group, &hash(&[cluster.as_str(), &group.tag_value(), scheme.as_str()]))
}

/// The name of the front-end security group of a group of Ingresses.
pub(super) fn group_security_group(cluster: &ClusterName, group: &StackId) -> String {
    of_group(group, &hash(&[cluster.as_str(), &group.tag_value()]))
}

fn of_group(group: &StackId, hash: &str) -> String {
    match group {
        StackId::Group(name) => format!("k8s-{}-{hash}", alphanumeric(name, 17)),
        StackId::Ingress(name) | StackId::Service(name) => resource(name, Some(hash.to_owned())),
    }
}

/// What the name of a target group of an Ingress hashes.
pub(super) struct BackendName<'a> {
    pub(super) cluster: &'a ClusterName,
    pub(super) group: &'a StackId,
    pub(super) ingress: &'a ObjectName,
    pub(super) service: &'a ObjectName,
    pub(super) uid: Option<&'a Uid>,
    /// The port as the Ingress writes it.
    pub(super) port: &'a PortRef,
    pub(super) target_group_port: &'a Knowable<u16>,
    pub(super) target_type: TargetType,
    pub(super) protocol: Protocol,
    pub(super) protocol_version: ProtocolVersion,
}

/// The name of a target group of an Ingress, and of its TargetGroupBinding. The Service's name is not hashed: its uid is.
pub(super) fn backend_target_group(name: &BackendName<'_>) -> String {
    let hash = match (name.uid, name.target_group_port.known()) {
        (Some(uid), Some(port)) => Some(hash(&[
            name.cluster.as_str(),
            &name.group.tag_value(),
            &name.ingress.namespace,
            &name.ingress.name,
            uid.as_str(),
            &name.port.to_string(),
            &port.to_string(),
            name.target_type.as_str(),
            name.protocol.as_str(),
            name.protocol_version.as_str(),
        ])),
        _ => None,
    };
    resource(name.service, hash)
}

/// The name of the security group that all load balancers of a cluster share.
pub(crate) fn backend_security_group(cluster: &ClusterName) -> String {
    format!("k8s-traffic-{}-{}", alphanumeric(cluster.as_str(), 232), hash(&[cluster.as_str()]))
}

/// `k8s-<namespace:8>-<name:8>-<hash:10>`; the hash needs what only the API server can give.
fn resource(object: &ObjectName, hash: Option<String>) -> String {
    let hash = hash.as_deref().unwrap_or(KNOWN_AFTER_APPLY);
    let length = if planted(Bug::NameTooLong) { 32 } else { 8 };
    format!("k8s-{}-{}-{hash}", alphanumeric(&object.namespace, length), alphanumeric(&object.name, length))
}

/// The first `length` ASCII letters and digits.
fn alphanumeric(text: &str, length: usize) -> String {
    text.chars().filter(char::is_ascii_alphanumeric).take(length).collect()
}

/// The first ten hexadecimal digits of the SHA-256 of the parts, joined without separators.
fn hash(parts: &[&str]) -> String {
    let digest = Sha256::digest(parts.concat());
    digest.iter().take(5).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn service(namespace: &str, name: &str) -> ObjectName {
        ObjectName::new(namespace, name)
    }

    #[test]
    fn load_balancers_are_named_as_in_the_contract() {
        let uid = "bdca2bd0-bfc6-449a-88a3-03451f05f18c";
        for (cluster, object, uid, scheme, expected) in [
            ("", service("foo", "bar"), "", Scheme::InternetFacing, "k8s-foo-bar-e053368fb2"),
            (
                "my-cluster",
                service("default", "nlb-ip-svc-tls"),
                uid,
                Scheme::Internal,
                "k8s-default-nlbipsvc-6b0ba8ff70",
            ),
            (
                "my-cluster",
                service("default", "nlb-ip-svc-tls"),
                uid,
                Scheme::InternetFacing,
                "k8s-default-nlbipsvc-4d831c6ca6",
            ),
            (
                "my-cluster",
                service("app", "tcpudp-protocol"),
                "2dc098f0-ae33-4378-af7b-83e2a0424495",
                Scheme::InternetFacing,
                "k8s-app-tcpudppr-2af705447d",
            ),
        ] {
            assert_eq!(load_balancer(&ClusterName::new(cluster), &object, Some(&Uid::new(uid)), scheme), expected);
        }
    }

    #[test]
    fn security_groups_are_named_as_in_the_contract() {
        let cluster = ClusterName::new("my-cluster");
        for (object, uid, expected) in [
            (
                service("default", "nlb-ip-svc-tls"),
                "bdca2bd0-bfc6-449a-88a3-03451f05f18c",
                "k8s-default-nlbipsvc-1da4b78715",
            ),
            (service("app", "tcpudp-protocol"), "2dc098f0-ae33-4378-af7b-83e2a0424495", "k8s-app-tcpudppr-06a9156bf8"),
            (service("app", "traffic-local"), "2dc098f0-ae33-4378-af7b-83e2a0424495", "k8s-app-trafficl-7b81fc143c"),
        ] {
            assert_eq!(managed_security_group(&cluster, &object, Some(&Uid::new(uid))), expected);
        }
        assert_eq!(backend_security_group(&ClusterName::new("testCluster")), "k8s-traffic-testCluster-411a1bcdb1");
    }

    #[test]
    fn target_groups_are_named_as_in_the_contract() {
        use HealthCheckProtocol::{Http, Tcp};
        let tls = service("default", "nlb-ip-svc-tls");
        for (object, uid, port, service_port, target_type, protocol, check, expected) in [
            (
                &tls,
                "bdca2bd0-bfc6-449a-88a3-03451f05f18c",
                80,
                80,
                TargetType::Ip,
                Protocol::Tcp,
                Tcp,
                "k8s-default-nlbipsvc-d4818dcd51",
            ),
            (
                &service("app", "traffic-local"),
                "2dc098f0-ae33-4378-af7b-83e2a0424495",
                31223,
                80,
                TargetType::Instance,
                Protocol::Udp,
                Http,
                "k8s-app-trafficl-5f852f95c2",
            ),
            (
                &service("app", "tcpudp-protocol"),
                "2dc098f0-ae33-4378-af7b-83e2a0424495",
                31223,
                80,
                TargetType::Instance,
                Protocol::TcpUdp,
                Tcp,
                "k8s-app-tcpudppr-2213a0d759",
            ),
            (
                &tls,
                "7ab4be33-11c2-4a7b-b655-7add8affab36",
                8883,
                83,
                TargetType::Ip,
                Protocol::Tcp,
                Http,
                "k8s-default-nlbipsvc-77ea0c7734",
            ),
        ] {
            let name = TargetGroupName {
                cluster: &ClusterName::new("my-cluster"),
                service: object,
                uid: Some(&Uid::new(uid)),
                target_group_port: &Knowable::Known(port),
                service_port,
                target_type,
                protocol,
                health_check_protocol: check,
                health_check_interval: 10,
            };
            assert_eq!(target_group(&name), expected);
        }
    }

    #[test]
    fn load_balancers_of_ingresses_are_named_as_in_the_contract() {
        let ingress = |namespace: &str, name: &str| StackId::Ingress(service(namespace, name));
        for (cluster, group, scheme, expected) in [
            ("", ingress("awesome-ns", "ing-1"), Scheme::InternetFacing, "k8s-awesomen-ing1-43b698093c"),
            ("", StackId::Group("explicit-group".to_owned()), Scheme::Internal, "k8s-explicitgroup-5bf9e53c23"),
            ("cluster-dummy", ingress("ns-1", "ing-1"), Scheme::Internal, "k8s-ns1-ing1-b7e914000d"),
            ("cluster-dummy", ingress("ns-1", "ing-1"), Scheme::InternetFacing, "k8s-ns1-ing1-159dd7a143"),
        ] {
            assert_eq!(group_load_balancer(&ClusterName::new(cluster), &group, scheme), expected);
        }
        let group = ingress("ns-1", "ing-1");
        assert_eq!(group_security_group(&ClusterName::new("cluster-dummy"), &group), "k8s-ns1-ing1-bd83176788");
    }

    #[test]
    fn target_groups_of_ingresses_are_named_as_in_the_contract() {
        use Protocol::{Http, Https};
        use TargetType::{Instance, Ip};
        let by_name = |name: &str| PortRef::Name(name.to_owned());
        let number = PortRef::Number(Knowable::Known(80));
        let (name, dummy) = (service("ns-1", "name-1"), service("ns-1", "ing-1"));
        let none = StackId::Group(String::new());
        let group = StackId::Ingress(dummy.clone());
        for (cluster, group, ingress, svc, uid, port, target_port, kind, protocol, expected) in [
            ("", &none, &name, "name-1", "my-uuid", by_name("http"), 8080, Ip, Http, "k8s-ns1-name1-2c37289a00"),
            ("", &none, &name, "name-1", "my-uuid", number, 8080, Ip, Http, "k8s-ns1-name1-ab859e54b5"),
            ("", &none, &name, "name-1", "my-uuid", by_name("http"), 8080, Instance, Http, "k8s-ns1-name1-f4adfdc175"),
            ("", &none, &name, "name-1", "my-uuid", by_name("http"), 8080, Ip, Https, "k8s-ns1-name1-22fbce26a7"),
            (
                "cluster-dummy",
                &group,
                &dummy,
                "svc-1",
                "",
                by_name("http"),
                32768,
                Instance,
                Http,
                "k8s-ns1-svc1-9889425938",
            ),
            (
                "cluster-dummy",
                &group,
                &dummy,
                "svc-3",
                "",
                by_name("https"),
                8443,
                Ip,
                Https,
                "k8s-ns1-svc3-bf42870fba",
            ),
        ] {
            let found = backend_target_group(&BackendName {
                cluster: &ClusterName::new(cluster),
                group,
                ingress,
                service: &service("ns-1", svc),
                uid: Some(&Uid::new(uid)),
                port: &port,
                target_group_port: &Knowable::Known(target_port),
                target_type: kind,
                protocol,
                protocol_version: ProtocolVersion::Http1,
            });
            assert_eq!(found, expected);
        }
    }

    #[test]
    fn a_name_says_what_only_the_api_server_can_give() {
        let name = load_balancer(&ClusterName::new("demo"), &service("default", "web"), None, Scheme::Internal);
        assert_eq!(name, "k8s-default-web-(known after apply)");
    }
}
