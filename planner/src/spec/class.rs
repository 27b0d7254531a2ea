//! Which Services are ours.

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::core::v1::Service;

use super::annotation;
use crate::snapshot::{ClasslessServices, CloudController, Settings, Snapshot};

/// Our finalizer on Services (LBC's, so that either controller can take over).
pub const SERVICE_FINALIZER: &str = "service.k8s.aws/resources";
/// The finalizer of a cloud-controller-manager on its Services.
const CLOUD_CONTROLLER_FINALIZER: &str = "service.kubernetes.io/load-balancer-cleanup";
/// How long after its last renewal a cloud controller's Lease still counts.
const LEASE_COUNTS_FOR: SignedDuration = SignedDuration::from_mins(2);

/// Whose a Service is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ownership {
    /// Ours.
    Ours(Claim),
    /// It carries our finalizer, but is being deleted or no longer ours: everything it has is to go.
    Leaving,
    /// Somebody else's, or nobody's.
    NotOurs {
        /// Why.
        reason: String,
        /// The line that would make it ours, where there is one.
        hint: Option<String>,
    },
}

/// By what a Service is ours; it decides the default scheme.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Claim {
    /// It names our class.
    Class,
    /// Its annotations hand it to LBC.
    Annotation,
    /// It names no class, and no other controller takes such Services.
    Classless,
}

/// Decides whose a Service is (`service-nlb.md` §1.1, `decisions.md` "classless Services").
pub fn ownership(service: &Service, snapshot: &Snapshot) -> Ownership {
    match claim(service, &snapshot.settings, &snapshot.cloud_controller, snapshot.now) {
        Ok(_) if service.metadata.deletion_timestamp.is_some() => going(service, "it is being deleted", None),
        Ok(claim) => Ownership::Ours(claim),
        Err((reason, hint)) => going(service, &reason, hint),
    }
}

/// Whether a Service carries our finalizer.
pub fn has_finalizer(service: &Service) -> bool {
    carries(service, SERVICE_FINALIZER)
}

fn going(service: &Service, reason: &str, hint: Option<String>) -> Ownership {
    if has_finalizer(service) && is_kept(service) {
        // The class of a Service of type LoadBalancer cannot be edited: it is our own flag that has changed.
        let hint = Some("give --load-balancer-class the Service's class again, or delete the Service".to_owned());
        Ownership::NotOurs { reason: format!("{reason}, but it carries our finalizer; it is left as it is"), hint }
    } else if has_finalizer(service) {
        Ownership::Leaving
    } else {
        Ownership::NotOurs { reason: reason.to_owned(), hint }
    }
}

/// Whether only a flag of ours, and no edit of the object, can have made it somebody else's.
fn is_kept(service: &Service) -> bool {
    let spec = service.spec.as_ref();
    let is_load_balancer = spec.and_then(|spec| spec.type_.as_deref()) == Some("LoadBalancer");
    let has_class = spec.is_some_and(|spec| spec.load_balancer_class.is_some());
    service.metadata.deletion_timestamp.is_none() && is_load_balancer && has_class
}

fn claim(
    service: &Service,
    settings: &Settings,
    cloud_controller: &CloudController,
    now: Timestamp,
) -> Result<Claim, (String, Option<String>)> {
    let spec = service.spec.as_ref();
    if let Some(class) = spec.and_then(|spec| spec.load_balancer_class.as_deref()) {
        if class == settings.load_balancer_class {
            return Ok(Claim::Class);
        }
        return Err((format!("its class is {class:?}"), None));
    }
    let value = |key: &str| service.metadata.annotations.as_ref().and_then(|all| all.get(key)).map(String::as_str);
    let load_balancer_type = value(annotation::TYPE.key());
    let target_type = value(annotation::TARGET_TYPE.key());
    if matches!((load_balancer_type, target_type), (Some("nlb-ip"), _) | (Some("external"), Some("ip" | "instance"))) {
        return Ok(Claim::Annotation);
    }
    let kind = spec.and_then(|spec| spec.type_.as_deref()).unwrap_or("ClusterIP");
    if kind != "LoadBalancer" {
        return Err((format!("its type is {kind}"), Some("spec.type: LoadBalancer".to_owned())));
    }
    classless(service, load_balancer_type, settings, cloud_controller, now)
}

/// A Service of type LoadBalancer that names neither a class nor LBC.
fn classless(
    service: &Service,
    load_balancer_type: Option<&str>,
    settings: &Settings,
    cloud_controller: &CloudController,
    now: Timestamp,
) -> Result<Claim, (String, Option<String>)> {
    let our_class = Some(format!("spec.loadBalancerClass: {}", settings.load_balancer_class));
    match load_balancer_type {
        Some("external") => {
            return Err((
                "its annotation aws-load-balancer-type is \"external\", but no target type is given".to_owned(),
                Some(format!("{}: {}", annotation::TARGET_TYPE.key(), settings.default_target_type)),
            ));
        }
        Some(other) => {
            return Err((
                format!("its annotation aws-load-balancer-type names another implementation, {other:?}"),
                Some(format!("{}: external", annotation::TYPE.key())),
            ));
        }
        None => {}
    }
    // Given up only by a change of the object itself, never by a Lease or a flag.
    if has_finalizer(service) {
        return Ok(Claim::Classless);
    }
    if carries(service, CLOUD_CONTROLLER_FINALIZER) {
        return Err(("a cloud controller has put its finalizer on it".to_owned(), None));
    }
    if has_address(service) {
        return Err(("its status already has an address that is not of our making".to_owned(), None));
    }
    match (settings.classless_services, cloud_controller) {
        (ClasslessServices::True, _)
        | (ClasslessServices::Auto, CloudController::NotAsked | CloudController::Absent) => Ok(Claim::Classless),
        (ClasslessServices::False, _) => {
            Err(("it names no class, and --classless-services is false".to_owned(), our_class))
        }
        (ClasslessServices::Auto, CloudController::Renewed(at)) if now.duration_since(*at) > LEASE_COUNTS_FOR => {
            Ok(Claim::Classless)
        }
        (ClasslessServices::Auto, CloudController::Renewed(_)) => {
            Err(("it names no class, and a cloud-controller-manager is at work in this cluster".to_owned(), our_class))
        }
        (ClasslessServices::Auto, CloudController::Unreadable(why)) => Err((
            format!(
                "it names no class, and whether a cloud-controller-manager is at work could not be read \
                 (Lease kube-system/cloud-controller-manager: {why})"
            ),
            our_class,
        )),
    }
}

fn carries(service: &Service, finalizer: &str) -> bool {
    service.metadata.finalizers.as_ref().is_some_and(|all| all.iter().any(|name| name == finalizer))
}

fn has_address(service: &Service) -> bool {
    service
        .status
        .as_ref()
        .and_then(|status| status.load_balancer.as_ref())
        .and_then(|balancer| balancer.ingress.as_ref())
        .is_some_and(|ingress| !ingress.is_empty())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;

    use super::*;
    use crate::testing;

    fn service(change: impl FnOnce(&mut serde_json::Value)) -> Service {
        let mut object = json!({
            "metadata": { "name": "web", "namespace": "default", "uid": "u-1", "annotations": {} },
            "spec": { "type": "LoadBalancer", "ports": [{ "port": 80, "nodePort": 31000 }] }
        });
        change(&mut object);
        serde_json::from_value(object).unwrap()
    }

    fn decide(service: &Service, change: impl FnOnce(&mut Settings), cloud_controller: CloudController) -> Ownership {
        let mut snapshot = testing::snapshot();
        change(Arc::make_mut(&mut snapshot.settings));
        snapshot.cloud_controller = cloud_controller;
        ownership(service, &snapshot)
    }

    fn reason(ownership: Ownership) -> String {
        match ownership {
            Ownership::NotOurs { reason, .. } => reason,
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn a_class_decides_before_anything_else() {
        let ours = service(|object| object["spec"]["loadBalancerClass"] = json!("service.k8s.aws/nlb"));
        assert_eq!(decide(&ours, |_| {}, CloudController::Absent), Ownership::Ours(Claim::Class));
        let other = service(|object| {
            object["spec"]["loadBalancerClass"] = json!("example.com/lb");
            object["metadata"]["annotations"][annotation::TYPE.key()] = json!("nlb-ip");
        });
        assert_eq!(reason(decide(&other, |_| {}, CloudController::Absent)), "its class is \"example.com/lb\"");
    }

    #[test]
    fn annotations_hand_over_in_every_mode() {
        for (kind, target_type, ours) in [
            (Some("nlb-ip"), None, true),
            (Some("external"), Some("ip"), true),
            (Some("external"), Some("instance"), true),
            (Some("external"), None, false),
            (Some("external"), Some("nodes"), false),
            (Some("nlb"), Some("ip"), false),
            (Some("elb"), None, false),
        ] {
            let service = service(|object| {
                for (key, value) in [(annotation::TYPE.key(), kind), (annotation::TARGET_TYPE.key(), target_type)] {
                    if let Some(value) = value {
                        object["metadata"]["annotations"][key] = json!(value);
                    }
                }
            });
            let found = decide(&service, |s| s.classless_services = ClasslessServices::False, CloudController::Absent);
            assert_eq!(found == Ownership::Ours(Claim::Annotation), ours, "{kind:?} {target_type:?}: {found:?}");
        }
    }

    #[test]
    fn a_classless_service_is_ours_unless_another_cloud_controller_is_at_work() {
        let plain = service(|_| {});
        let now = testing::snapshot().now;
        let fresh = CloudController::Renewed(now - SignedDuration::from_secs(119));
        let stale = CloudController::Renewed(now - SignedDuration::from_secs(121));
        assert_eq!(decide(&plain, |_| {}, CloudController::NotAsked), Ownership::Ours(Claim::Classless));
        assert_eq!(decide(&plain, |_| {}, CloudController::Absent), Ownership::Ours(Claim::Classless));
        assert_eq!(decide(&plain, |_| {}, stale), Ownership::Ours(Claim::Classless));
        assert!(reason(decide(&plain, |_| {}, fresh.clone())).contains("cloud-controller-manager is at work"));
        assert!(reason(decide(&plain, |_| {}, CloudController::Unreadable("forbidden".into()))).contains("forbidden"));
        let always = |settings: &mut Settings| settings.classless_services = ClasslessServices::True;
        assert_eq!(decide(&plain, always, fresh), Ownership::Ours(Claim::Classless));
    }

    #[test]
    fn what_carries_our_finalizer_is_not_given_up_by_a_lease_or_a_flag() {
        let held = service(|object| object["metadata"]["finalizers"] = json!([SERVICE_FINALIZER]));
        let fresh = CloudController::Renewed(testing::snapshot().now);
        assert_eq!(decide(&held, |_| {}, fresh), Ownership::Ours(Claim::Classless));
        let never = |settings: &mut Settings| settings.classless_services = ClasslessServices::False;
        assert_eq!(decide(&held, never, CloudController::Absent), Ownership::Ours(Claim::Classless));
    }

    #[test]
    fn a_changed_class_flag_gives_nothing_up() {
        let held = service(|object| {
            object["spec"]["loadBalancerClass"] = json!("service.k8s.aws/nlb");
            object["metadata"]["finalizers"] = json!([SERVICE_FINALIZER]);
        });
        let other = |settings: &mut Settings| settings.load_balancer_class = "example.com/nlb".to_owned();
        assert!(reason(decide(&held, other, CloudController::Absent)).contains("left as it is"));
    }

    #[test]
    fn another_controllers_marks_keep_us_away() {
        let theirs = service(|object| object["metadata"]["finalizers"] = json!([CLOUD_CONTROLLER_FINALIZER]));
        assert!(reason(decide(&theirs, |_| {}, CloudController::Absent)).contains("finalizer"));
        let served =
            service(|object| object["status"] = json!({ "loadBalancer": { "ingress": [{ "hostname": "x" }] } }));
        assert!(reason(decide(&served, |_| {}, CloudController::Absent)).contains("status"));
    }

    #[test]
    fn an_object_that_goes_leaves_only_when_it_has_our_finalizer() {
        let gone = |finalizers: &[&str]| {
            service(|object| {
                object["metadata"]["deletionTimestamp"] = json!("2026-01-31T12:00:00Z");
                object["metadata"]["finalizers"] = json!(finalizers);
            })
        };
        assert_eq!(decide(&gone(&[SERVICE_FINALIZER]), |_| {}, CloudController::Absent), Ownership::Leaving);
        assert_eq!(reason(decide(&gone(&[]), |_| {}, CloudController::Absent)), "it is being deleted");
        let node_port = service(|object| {
            object["spec"]["type"] = json!("NodePort");
            object["metadata"]["finalizers"] = json!([SERVICE_FINALIZER]);
        });
        assert_eq!(decide(&node_port, |_| {}, CloudController::Absent), Ownership::Leaving);
    }
}
