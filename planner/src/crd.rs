//! The custom resources: TargetGroupBinding and IngressClassParams, the types behind `crds/`.

mod ingress_class_params;
mod schema;
mod target_group_binding;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{CustomResourceDefinition, JSONSchemaProps};
use kube::CustomResourceExt as _;

pub use ingress_class_params::{
    Attribute, IngressClassParams, IngressClassParamsSpec, IngressGroup, IpamConfiguration, ListenerAttributes,
    MinimumLoadBalancerCapacity, SubnetSelector, Tag,
};
pub use target_group_binding::{
    IpBlock, NetworkingIngressRule, NetworkingPeer, NetworkingPort, SecurityGroup, ServiceReference,
    TargetGroupBinding, TargetGroupBindingNetworking, TargetGroupBindingSpec, TargetGroupBindingStatus,
};

/// The version of TargetGroupBinding before `v1beta1`: clusters that began with it name it in `status.storedVersions`.
const OLD_VERSION: &str = "v1alpha1";

/// The definitions as they are applied to a cluster: TargetGroupBinding, then IngressClassParams.
///
/// They take the place of the AWS Load Balancer Controller's own: same names, versions and storage version, so objects
/// that are already stored stay readable. What its webhooks ask of one object alone is asked by the schemas.
pub fn custom_resource_definitions() -> Vec<CustomResourceDefinition> {
    vec![target_group_bindings(), ingress_class_params()]
}

fn target_group_bindings() -> CustomResourceDefinition {
    let mut definition = TargetGroupBinding::crd();
    schema::roots(&mut definition).for_each(tidy);
    // Both versions have the one full schema. Nothing converts between them, and a smaller one would silently drop
    // fields of every object that is written through the old version.
    let mut old = definition.spec.versions.clone();
    for version in &mut old {
        OLD_VERSION.clone_into(&mut version.name);
        version.storage = false;
    }
    definition.spec.versions.splice(0..0, old);
    definition
}

fn ingress_class_params() -> CustomResourceDefinition {
    let mut definition = ingress_class_params::definition();
    for root in schema::roots(&mut definition) {
        tidy(root);
        root.required = None;
    }
    definition
}

fn tidy(root: &mut JSONSchemaProps) {
    root.title = None;
    schema::forbid_null(root);
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn schemas() -> Vec<(String, Value)> {
        custom_resource_definitions()
            .into_iter()
            .flat_map(|definition| {
                let kind = definition.spec.names.kind;
                definition.spec.versions.into_iter().map(move |version| {
                    let schema = version.schema.and_then(|schema| schema.open_api_v3_schema).unwrap();
                    (format!("{kind} {}", version.name), serde_json::to_value(schema).unwrap())
                })
            })
            .collect()
    }

    /// Calls `visit` with every object inside a schema and the path to it.
    fn walk(path: &str, value: &Value, visit: &mut impl FnMut(&str, &serde_json::Map<String, Value>)) {
        match value {
            Value::Object(fields) => {
                visit(path, fields);
                for (name, field) in fields {
                    walk(&format!("{path}.{name}"), field, visit);
                }
            }
            Value::Array(items) => items.iter().for_each(|item| walk(path, item, visit)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }

    #[test]
    fn the_definitions_take_the_place_of_those_of_lbc() {
        let versions = |definition: &CustomResourceDefinition| {
            let versions = definition.spec.versions.iter();
            versions.map(|version| (version.name.clone(), version.served, version.storage)).collect::<Vec<_>>()
        };
        let [bindings, params] = &custom_resource_definitions()[..] else { panic!("two definitions") };
        assert_eq!(bindings.metadata.name.as_deref(), Some("targetgroupbindings.elbv2.k8s.aws"));
        assert_eq!(bindings.spec.scope, "Namespaced");
        assert_eq!(versions(bindings), [("v1alpha1".to_owned(), true, false), ("v1beta1".to_owned(), true, true)]);
        assert!(bindings.spec.versions.iter().all(|version| version.subresources.is_some()));
        assert_eq!(params.metadata.name.as_deref(), Some("ingressclassparams.elbv2.k8s.aws"));
        assert_eq!(params.spec.scope, "Cluster");
        assert_eq!(versions(params), [("v1beta1".to_owned(), true, true)]);
    }

    #[test]
    fn the_schemas_are_structural_without_null_and_without_defaults() {
        for (name, schema) in schemas() {
            walk(&name, &schema, &mut |path, fields| {
                // The fields of an object are no keywords.
                if path.ends_with(".properties") {
                    return;
                }
                for keyword in ["nullable", "$ref", "title", "default", "oneOf", "anyOf", "allOf", "not"] {
                    assert!(!fields.contains_key(keyword), "{path} has {keyword}");
                }
            });
        }
    }

    #[test]
    fn only_what_an_object_cannot_do_without_is_required() {
        let mut required = std::collections::BTreeMap::new();
        for (name, schema) in schemas() {
            walk(&name, &schema, &mut |path, fields| {
                if let Some(fields) = fields.get("required").filter(|_| path.starts_with("TargetGroupBinding v1beta1"))
                {
                    required.insert(path.replace(".properties", "").replace(".items", "[]"), fields.clone());
                }
            });
        }
        let spec = "TargetGroupBinding v1beta1.spec";
        let expected = [
            ("TargetGroupBinding v1beta1".to_owned(), json!(["spec"])),
            (spec.to_owned(), json!(["serviceRef"])),
            (format!("{spec}.networking.ingress[]"), json!(["from", "ports"])),
            (format!("{spec}.networking.ingress[].from[].ipBlock"), json!(["cidr"])),
            (format!("{spec}.networking.ingress[].from[].securityGroup"), json!(["groupID"])),
            (format!("{spec}.nodeSelector.matchExpressions[]"), json!(["key", "operator"])),
            (format!("{spec}.serviceRef"), json!(["name", "port"])),
            (
                "TargetGroupBinding v1beta1.status.conditions[]".to_owned(),
                json!(["lastTransitionTime", "message", "reason", "status", "type"]),
            ),
        ];
        assert_eq!(required, expected.into_iter().collect());
    }

    #[test]
    fn objects_of_lbc_read_and_write_unchanged() {
        let generated = json!({
            "apiVersion": "elbv2.k8s.aws/v1beta1",
            "kind": "TargetGroupBinding",
            "metadata": { "name": "k8s-default-web-4d9ba0ef51", "namespace": "default" },
            "spec": {
                "ipAddressType": "ipv4",
                "multiClusterTargetGroup": true,
                "networking": { "ingress": [{
                    "from": [{ "securityGroup": { "groupID": "sg-1" } }, { "ipBlock": { "cidr": "10.0.0.0/8" } }],
                    "ports": [{ "port": 31000, "protocol": "TCP" }, { "port": "http" }, {}],
                }] },
                "nodeSelector": { "matchLabels": { "pool": "web" } },
                "serviceRef": { "name": "web", "port": 80 },
                "targetGroupARN": "arn:aws:elasticloadbalancing:us-west-2:111122223333:targetgroup/web/1",
                "targetGroupName": "web",
                "targetGroupProtocol": "TCP",
                "targetType": "instance",
                "vpcID": "vpc-01234567",
                "iamRoleArnToAssume": "arn:aws:iam::444455556666:role/web",
                "assumeRoleExternalId": "web",
            },
            "status": { "observedGeneration": 1, "conditions": [{
                "type": "Ready", "status": "False", "reason": "FailedCleanup", "message": "denied",
                "lastTransitionTime": "2026-01-01T00:00:00Z",
            }] },
        });
        let read: TargetGroupBinding = serde_json::from_value(generated.clone()).unwrap();
        assert_eq!(serde_json::to_value(&read).unwrap(), generated);
    }

    #[test]
    fn a_value_that_we_do_not_know_leaves_the_object_readable() {
        let newer = json!({
            "metadata": { "name": "web" },
            "spec": { "serviceRef": { "name": "web", "port": "http" }, "targetType": "alb", "networking": {}, "new": 1 },
        });
        let read: TargetGroupBinding = serde_json::from_value(newer).unwrap();
        assert_eq!(read.spec.target_type.as_deref(), Some("alb"));
        assert!(!read.spec.multi_cluster_target_group);
    }

    #[test]
    fn params_without_a_spec_are_params_without_settings() {
        let read: IngressClassParams = serde_json::from_value(json!({ "metadata": { "name": "alb" } })).unwrap();
        assert_eq!(read.spec, IngressClassParamsSpec::default());
    }
}
