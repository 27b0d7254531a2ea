//! What the API server would hold after `kubectl apply`, found out by a dry run there: nothing is stored.

use kube::api::{DynamicObject, Patch, PatchParams};
use kube::core::{ApiResource, GroupVersionKind};
use kube::{Api, Client};
use northgate_planner::crd::IngressClassParams;
use serde_json::{Map, Value, json};

use super::error::{Error, ask};

const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";
/// Kinds without a namespace among those that a plan is made of.
const OF_THE_CLUSTER: [&str; 4] = ["IngressClass", "IngressClassParams", "Namespace", "Node"];
/// The field manager of `kubectl apply --server-side`.
const MANAGER: &str = "kubectl";

/// The API server would not take an object.
#[derive(Debug, thiserror::Error)]
#[error("{kind} {name}: the API server refuses it: {message}")]
pub struct Refused {
    kind: String,
    name: String,
    message: String,
}

impl Refused {
    pub(super) fn new(object: &Value, message: String) -> Self {
        let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
        Self { kind: text("/kind"), name: text("/metadata/name"), message }
    }
}

/// Applies an object as kubectl would: by three-way merge where the live object was last applied so, else by server-side
/// apply.
///
/// # Errors
///
/// Outer: the API server could not be asked. Inner: it would refuse the object.
pub async fn dry_run_apply(client: &Client, object: &Value) -> Result<Result<Value, Refused>, Error> {
    let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
    let (kind, name, namespace) = (text("/kind"), text("/metadata/name"), text("/metadata/namespace"));
    let api_version = text("/apiVersion");
    let (group, version) = api_version.split_once('/').unwrap_or(("", &api_version));
    let resource = match kind.as_str() {
        // Its plural cannot be guessed.
        "IngressClassParams" => ApiResource::erase::<IngressClassParams>(&()),
        _ => ApiResource::from_gvk(&GroupVersionKind::gvk(group, version, &kind)),
    };
    let objects: Api<DynamicObject> = match (kind.as_str(), namespace.as_str()) {
        (kind, _) if OF_THE_CLUSTER.contains(&kind) => Api::all_with(client.clone(), &resource),
        (_, "") => Api::default_namespaced_with(client.clone(), &resource),
        (_, namespace) => Api::namespaced_with(client.clone(), namespace, &resource),
    };
    let what = || format!("plan {kind} {name}");
    let live = ask(what, objects.get_opt(&name)).await?;
    let last_applied = live
        .as_ref()
        .and_then(|live| live.metadata.annotations.as_ref()?.get(LAST_APPLIED))
        .and_then(|text| serde_json::from_str::<Value>(text).ok());
    let params = PatchParams { dry_run: true, ..PatchParams::default() };
    let applied = match last_applied {
        Some(last) => {
            let patch = Patch::Merge(three_way(&last, object));
            ask(what, objects.patch(&name, &params, &patch)).await
        }
        None => {
            let params = PatchParams { force: true, field_manager: Some(MANAGER.to_owned()), ..params };
            ask(what, objects.patch(&name, &params, &Patch::Apply(object))).await
        }
    };
    match applied {
        Ok(applied) => {
            let mut applied = json!(applied);
            forget_made_up(&mut applied, object, &live.map_or(Value::Null, |live| json!(live)));
            Ok(Ok(applied))
        }
        // Invalid, forbidden by a policy, or of an unknown kind: about this object only.
        Err(Error::Refused { status, .. }) if [400, 404, 409, 422].contains(&status.code) => {
            Ok(Err(Refused::new(object, status.message)))
        }
        Err(error) => Err(error),
    }
}

/// Takes away what the API server makes up now, and makes up anew when the object is applied: the uid of an object that is
/// not there yet, and node ports that are neither given nor allotted already. `live` is null for an object that is not there.
fn forget_made_up(applied: &mut Value, given: &Value, live: &Value) {
    if let Some(metadata) = applied["metadata"].as_object_mut().filter(|_| live.is_null()) {
        metadata.remove("uid");
    }
    if applied["kind"] != "Service" {
        return;
    }
    let ports = |object: &Value| object["spec"]["ports"].as_array().cloned().unwrap_or_default();
    let known = ports(given).into_iter().chain(ports(live)).map(|port| port["nodePort"].clone()).collect::<Vec<_>>();
    for port in applied["spec"]["ports"].as_array_mut().into_iter().flatten().filter_map(Value::as_object_mut) {
        if port.get("nodePort").is_some_and(|number| !known.contains(number)) {
            port.remove("nodePort");
        }
    }
    let health = |object: &Value| object["spec"]["healthCheckNodePort"].clone();
    let known = [health(given), health(live)];
    if let Some(spec) = applied["spec"].as_object_mut()
        && spec.get("healthCheckNodePort").is_some_and(|number| !known.contains(number))
    {
        spec.remove("healthCheckNodePort");
    }
}

/// A JSON merge patch: what was applied before and is not any more goes, everything given is set. Lists are given whole;
/// the API server keeps what it allocated for a Service's ports.
fn three_way(last: &Value, given: &Value) -> Value {
    match (last, given) {
        (Value::Object(last), Value::Object(given)) => {
            let mut patch = Map::new();
            for field in last.keys().filter(|field| !given.contains_key(*field)) {
                patch.insert(field.clone(), Value::Null);
            }
            for (field, value) in given {
                let merged = last.get(field).map_or_else(|| value.clone(), |last| three_way(last, value));
                patch.insert(field.clone(), merged);
            }
            Value::Object(patch)
        }
        (_, given) => given.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_made_up_for_a_new_object_is_not_known() {
        let given = json!({ "spec": { "ports": [{ "port": 80 }, { "port": 81, "nodePort": 30081 }] } });
        let mut applied = json!({
            "kind": "Service",
            "metadata": { "name": "web", "uid": "made-up" },
            "spec": {
                "ports": [{ "port": 80, "nodePort": 31999 }, { "port": 81, "nodePort": 30081 }],
                "healthCheckNodePort": 32000,
            },
        });
        forget_made_up(&mut applied, &given, &Value::Null);
        let expected = json!({ "kind": "Service", "metadata": { "name": "web" }, "spec": given["spec"] });
        assert_eq!(applied, expected);
    }

    #[test]
    fn a_port_that_is_allotted_to_an_object_that_is_there_is_not_known_either() {
        let given = json!({ "spec": { "type": "LoadBalancer", "ports": [{ "port": 80 }, { "port": 81 }] } });
        let live = json!({ "metadata": { "uid": "u-1" }, "spec": { "type": "ClusterIP", "ports": [{ "port": 80 }] } });
        let made_up = json!({
            "kind": "Service",
            "metadata": { "uid": "u-1" },
            "spec": {
                "type": "LoadBalancer",
                "ports": [{ "port": 80, "nodePort": 31999 }, { "port": 81, "nodePort": 30081 }],
                "healthCheckNodePort": 32000,
            },
        });
        let mut applied = made_up.clone();
        forget_made_up(&mut applied, &given, &live);
        assert_eq!(applied, json!({ "kind": "Service", "metadata": { "uid": "u-1" }, "spec": given["spec"] }));

        let mut live = live;
        live["spec"]["ports"][0]["nodePort"] = json!(31999);
        live["spec"]["healthCheckNodePort"] = json!(32000);
        let mut applied = made_up.clone();
        forget_made_up(&mut applied, &given, &live);
        let mut expected = made_up;
        expected["spec"]["ports"][1].as_object_mut().unwrap().remove("nodePort");
        assert_eq!(applied, expected, "what is allotted stays allotted");
    }

    #[test]
    fn what_is_given_no_more_is_taken_away_and_the_rest_is_left() {
        let last = json!({ "metadata": { "annotations": { "a": "1", "b": "2" } }, "spec": { "type": "LoadBalancer" } });
        let given = json!({ "metadata": { "annotations": { "a": "3" } }, "spec": { "ports": [{ "port": 80 }] } });
        let expected = json!({
            "metadata": { "annotations": { "a": "3", "b": null } },
            "spec": { "type": null, "ports": [{ "port": 80 }] }
        });
        assert_eq!(three_way(&last, &given), expected);
    }
}
