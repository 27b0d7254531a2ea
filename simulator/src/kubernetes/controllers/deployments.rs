//! Deployments to Pods. Pods of an old template go as those of the new one become ready, within the Deployment's bounds.

use std::collections::BTreeMap;

use k8s_openapi::api::apps::v1::{
    Deployment, DeploymentCondition, DeploymentSpec, DeploymentStatus, RollingUpdateDeployment,
};
use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use tokio::time::Instant;

use super::hand::{owned_by, owns};
use super::{Controller, Hand, pod};
use crate::kubernetes::target::Part;

/// The label that tells Pods of different templates apart.
const HASH: &str = "pod-template-hash";

pub(super) struct Deployments;

impl Controller for Deployments {
    fn look(&mut self, hand: &mut Hand<'_>) -> Option<Instant> {
        let pods = hand.all::<Pod>();
        for deployment in hand.all::<Deployment>() {
            if deployment.metadata.deletion_timestamp.is_some() {
                continue;
            }
            let is_live = |pod: &&Pod| !pod::is_going(pod) && !pod::has_ended(pod);
            let own = pods.iter().filter(|pod| owns(&deployment.metadata, &pod.metadata)).filter(is_live);
            roll(hand, &deployment, &own.collect::<Vec<_>>());
            report(hand, &deployment);
        }
        None
    }
}

/// Makes what is missing, and deletes what is too much.
fn roll(hand: &mut Hand<'_>, deployment: &Deployment, pods: &[&Pod]) {
    let spec = deployment.spec.clone().unwrap_or_default();
    let hash = template_hash(&spec);
    let (mut new, old): (Vec<&Pod>, Vec<&Pod>) = pods.iter().partition(|pod| hash_of(pod) == hash);
    let wanted = count(spec.replicas);
    let Bounds { most, fewest_ready } = bounds(&spec, wanted);
    let may_begin =
        spec.strategy.as_ref().and_then(|strategy| strategy.type_.as_deref()) != Some("Recreate") || old.is_empty();
    if may_begin {
        let made = wanted.saturating_sub(new.len()).min(most.saturating_sub(pods.len()));
        (0..made).for_each(|_| hand.create(&pod_of(deployment, &spec, &hash)));
    }
    // Whoever is not ready, and came last, is missed least.
    new.sort_by_key(|pod| (!pod::is_ready(pod), pod.metadata.creation_timestamp.clone()));
    let surplus = new.iter().rev().take(new.len().saturating_sub(wanted));
    surplus.for_each(|pod| hand.delete::<Pod>(&pod.metadata, None));
    let ready = pods.iter().filter(|pod| pod::is_ready(pod)).count();
    let mut spare = ready.saturating_sub(fewest_ready);
    for pod in old {
        if pod::is_ready(pod) && may_begin {
            if spare == 0 {
                continue;
            }
            spare -= 1;
        }
        hand.delete::<Pod>(&pod.metadata, None);
    }
}

struct Bounds {
    /// Pods at once.
    most: usize,
    fewest_ready: usize,
}

fn bounds(spec: &DeploymentSpec, wanted: usize) -> Bounds {
    let rolling = spec.strategy.as_ref().and_then(|strategy| strategy.rolling_update.clone());
    let RollingUpdateDeployment { max_surge, max_unavailable } = rolling.unwrap_or_default();
    let surge = share(max_surge.as_ref(), wanted, usize::div_ceil);
    let unavailable = share(max_unavailable.as_ref(), wanted, |part, whole| part / whole);
    // With neither nothing could ever be replaced.
    let unavailable = if surge == 0 { unavailable.max(1) } else { unavailable };
    Bounds { most: wanted + surge, fewest_ready: wanted.saturating_sub(unavailable) }
}

/// A number, or a part of a hundred that is made a whole number by `divide`.
fn share(given: Option<&IntOrString>, whole: usize, divide: impl Fn(usize, usize) -> usize) -> usize {
    match given {
        None => 0,
        Some(IntOrString::Int(number)) => count(Some(*number)),
        Some(IntOrString::String(text)) => {
            let percent = text.trim_end_matches('%').parse::<usize>().unwrap_or_default();
            divide(percent * whole, 100)
        }
    }
}

fn count(number: Option<i32>) -> usize {
    number.and_then(|number| usize::try_from(number).ok()).unwrap_or_default()
}

fn hash_of(pod: &Pod) -> &str {
    pod.metadata.labels.as_ref().and_then(|labels| labels.get(HASH)).map_or("", String::as_str)
}

/// FNV-1a of the template, in letters that make no words, as in a cluster.
fn template_hash(spec: &DeploymentSpec) -> String {
    const LETTERS: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";
    let text = serde_json::to_vec(&spec.template).expect("objects are JSON");
    let hash = text.iter().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193));
    hash.to_string().bytes().map(|digit| char::from(LETTERS[usize::from(digit) % LETTERS.len()])).collect()
}

fn pod_of(deployment: &Deployment, spec: &DeploymentSpec, hash: &str) -> Pod {
    let template = spec.template.metadata.clone().unwrap_or_default();
    let mut labels: BTreeMap<String, String> = template.labels.unwrap_or_default();
    labels.insert(HASH.to_owned(), hash.to_owned());
    let name = deployment.metadata.name.clone().unwrap_or_default();
    let metadata = ObjectMeta {
        generate_name: Some(format!("{name}-{hash}-")),
        namespace: deployment.metadata.namespace.clone(),
        labels: Some(labels),
        annotations: template.annotations,
        owner_references: Some(vec![owned_by(deployment)]),
        ..ObjectMeta::default()
    };
    Pod { metadata, spec: spec.template.spec.clone(), status: None }
}

/// Writes how many Pods there are now.
fn report(hand: &mut Hand<'_>, deployment: &Deployment) {
    let pods = hand.all::<Pod>();
    let own = pods.iter().filter(|pod| owns(&deployment.metadata, &pod.metadata));
    let (going, own): (Vec<&Pod>, Vec<&Pod>) =
        own.filter(|pod| !pod::has_ended(pod)).partition(|pod| pod::is_going(pod));
    let spec = deployment.spec.clone().unwrap_or_default();
    let hash = template_hash(&spec);
    let number = |pods: usize| i32::try_from(pods).ok();
    let (wanted, ready) = (count(spec.replicas), own.iter().filter(|pod| pod::is_ready(pod)).count());
    let shown = |count: usize| number(count).filter(|count| *count > 0);
    let is_available = ready >= bounds(&spec, wanted).fewest_ready;
    let time = hand.time();
    hand.edit(Part::Status, &deployment.metadata, |live: &mut Deployment| {
        let before = live.status.take().unwrap_or_default();
        live.status = Some(DeploymentStatus {
            observed_generation: deployment.metadata.generation,
            replicas: shown(own.len()),
            updated_replicas: shown(own.iter().filter(|pod| hash_of(pod) == hash).count()),
            ready_replicas: shown(ready),
            available_replicas: shown(ready),
            unavailable_replicas: shown(wanted.saturating_sub(ready)),
            terminating_replicas: shown(going.len()),
            conditions: Some(vec![available(is_available, before.conditions, &time)]),
            ..before
        });
    });
}

fn available(
    holds: bool,
    before: Option<Vec<DeploymentCondition>>,
    time: &k8s_openapi::apimachinery::pkg::apis::meta::v1::Time,
) -> DeploymentCondition {
    let (status, reason, message) = match holds {
        true => ("True", "MinimumReplicasAvailable", "Deployment has minimum availability."),
        false => ("False", "MinimumReplicasUnavailable", "Deployment does not have minimum availability."),
    };
    let before = before.into_iter().flatten().find(|found| found.type_ == "Available" && found.status == status);
    before.unwrap_or_else(|| DeploymentCondition {
        type_: "Available".to_owned(),
        status: status.to_owned(),
        reason: Some(reason.to_owned()),
        message: Some(message.to_owned()),
        last_transition_time: Some(time.clone()),
        last_update_time: Some(time.clone()),
    })
}
