//! What is shipped is enough: role and policy for all that the controller does, the custom resources for objects that are
//! there.

use std::collections::BTreeSet;
use std::fs;

use localstack_tests::bed::Bed;
use localstack_tests::setup;
use serde_json::{Value, json};

use crate::holdings::Holdings;
use crate::printed_plan::agreement;
use crate::service::{Service, event};

#[tokio::test]
async fn the_shipped_role_and_policy_are_enough_from_creation_to_deletion() {
    let bed = Bed::start().await.unwrap();
    let mut controller = bed.start_controller(&[]).await.unwrap();
    controller.ready().await.unwrap();
    let web = Service::new("web", &[80]).classless();
    web.apply(&bed).await;
    web.host_name(&bed).await;
    event(&bed, "web", "SuccessfullyReconciled", &[]).await;
    Holdings::standing(&bed, 1, 2).await;
    web.clone().annotated("aws-load-balancer-healthcheck-interval", "30").apply(&bed).await;
    agreement(&bed).await;
    web.delete_and_wait(&bed).await;
    let log = controller.log();
    assert!(!log.to_lowercase().contains("forbidden"), "{log}");
    let line = log.lines().find(|line| line.contains("CreateLoadBalancer"));
    let line = line.unwrap_or_else(|| panic!("no line about the load balancer: {log}"));
    // Object, call, reason and request id, on one line.
    for word in ["Service/default/web", "reason", "request_id"] {
        assert!(line.contains(word), "{word} is missing: {line}");
    }
    assert_allowed(&bed);
}

/// The shipped policy allows every call of the journal.
pub(crate) fn assert_allowed(bed: &Bed) {
    let allowed = allowed_actions();
    let journal = bed.proxy.journal();
    for call in journal.names() {
        assert!(allowed.contains(&call), "the shipped policy does not allow {call}");
    }
}

/// Every action that the shipped policy allows, whatever its conditions.
fn allowed_actions() -> BTreeSet<String> {
    let policy = fs::read_to_string(setup::checkout().join("deploy/iam/policy.json")).unwrap();
    let policy: Value = serde_json::from_str(&policy).unwrap();
    let statements = policy["Statement"].as_array().unwrap();
    let actions = statements.iter().flat_map(|statement| match &statement["Action"] {
        Value::Array(several) => several.clone(),
        one => vec![one.clone()],
    });
    actions.map(|action| action.as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn custom_resources_applied_over_lbcs_keep_its_objects_readable() {
    let bed = Bed::start().await.unwrap();
    let kubectl = bed.kubectl();
    // As in a cluster where LBC has worked: its definition, and an object stored under it.
    let definition = "customresourcedefinition/targetgroupbindings.elbv2.k8s.aws";
    kubectl.run(&["delete", definition, "--timeout=30s"]).await.unwrap();
    kubectl.apply(&lbc_definition().to_string()).await.unwrap();
    let established = ["wait", "--for=condition=Established", "--timeout=30s", definition];
    kubectl.run(&established).await.unwrap();
    let object = lbc_object(&bed);
    kubectl.run_with(&["create", "-f", "-"], &object.to_string()).await.unwrap();
    let status = json!({ "status": { "observedGeneration": 1 } }).to_string();
    let patch = ["patch", "targetgroupbinding", "k8s-default-web-0123456789", "--subresource=status", "--type=merge"];
    kubectl.run(&[&patch[..], &["--patch", &status]].concat()).await.unwrap();

    let crds = setup::checkout().join("crds");
    kubectl.run(&["apply", "-f", crds.to_str().unwrap()]).await.unwrap();
    kubectl.run(&established).await.unwrap();
    for version in ["v1beta1", "v1alpha1"] {
        let kind = format!("targetgroupbindings.{version}.elbv2.k8s.aws");
        let read = kubectl.get(&[&kind, "k8s-default-web-0123456789"]).await.unwrap();
        for part in ["labels", "annotations", "finalizers"] {
            assert_eq!(read["metadata"][part], object["metadata"][part], "{version}");
        }
        if version == "v1beta1" {
            assert_eq!(read["spec"], object["spec"]);
        }
        assert_eq!(read["spec"]["targetGroupARN"], object["spec"]["targetGroupARN"]);
        assert_eq!(read["status"]["observedGeneration"], 1, "{version}");
    }
    // It can still be written, and what may not change still may not.
    kubectl.run(&["label", "targetgroupbinding", "k8s-default-web-0123456789", "team=web"]).await.unwrap();
    let change = json!({ "spec": { "targetType": "ip" } }).to_string();
    let patch = ["patch", "targetgroupbinding", "k8s-default-web-0123456789", "--type=merge", "--patch", &change];
    let refused = kubectl.run(&patch).await.unwrap_err().to_string();
    assert!(refused.contains("targetType cannot be changed"), "{refused}");
}

/// A binding as LBC leaves it behind its Service.
fn lbc_object(bed: &Bed) -> Value {
    let arn =
        "arn:aws:elasticloadbalancing:us-west-2:111122223333:targetgroup/k8s-default-web-0123456789/0123456789abcdef";
    json!({
        "apiVersion": "elbv2.k8s.aws/v1beta1",
        "kind": "TargetGroupBinding",
        "metadata": {
            "name": "k8s-default-web-0123456789",
            "namespace": "default",
            "labels": { "service.k8s.aws/stack-namespace": "default", "service.k8s.aws/stack-name": "web" },
            "annotations": { "elbv2.k8s.aws/checkpoint": "abc/def", "elbv2.k8s.aws/checkpoint-timestamp": "1769860800" },
            "finalizers": ["elbv2.k8s.aws/resources"],
        },
        "spec": {
            "targetGroupARN": arn,
            "targetType": "instance",
            "targetGroupProtocol": "TCP",
            "ipAddressType": "ipv4",
            "vpcID": bed.world.vpc,
            "multiClusterTargetGroup": false,
            "serviceRef": { "name": "web", "port": 80 },
            "networking": { "ingress": [{
                "from": [{ "securityGroup": { "groupID": "sg-0123456789abcdef0" } }],
                "ports": [{ "port": 30_080, "protocol": "TCP" }],
            }] },
        },
    })
}

/// The definition with LBC's versions, and as loose as any schema it ever had.
fn lbc_definition() -> Value {
    let version = |name: &str, storage: bool| {
        let anything = json!({ "type": "object", "x-kubernetes-preserve-unknown-fields": true });
        let properties = json!({ "spec": anything, "status": anything });
        json!({
            "name": name,
            "served": true,
            "storage": storage,
            "subresources": { "status": {} },
            "schema": { "openAPIV3Schema": { "type": "object", "properties": properties } },
        })
    };
    json!({
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": { "name": "targetgroupbindings.elbv2.k8s.aws" },
        "spec": {
            "group": "elbv2.k8s.aws",
            "names": {
                "kind": "TargetGroupBinding",
                "listKind": "TargetGroupBindingList",
                "plural": "targetgroupbindings",
                "singular": "targetgroupbinding",
            },
            "scope": "Namespaced",
            "versions": [version("v1alpha1", false), version("v1beta1", true)],
        },
    })
}
