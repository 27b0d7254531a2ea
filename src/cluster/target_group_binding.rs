//! Writes of TargetGroupBinding objects.

use kube::api::{ApiResource, DeleteParams, DynamicObject, Patch, PatchParams, PostParams, Preconditions};
use kube::{Api, Client};
use northgate_planner::crd::TargetGroupBinding;
use northgate_planner::id::{ObjectName, ObjectRef, Uid};
use northgate_planner::plan::KubeChange;
use serde_json::Value;

use super::error::{Error, ask};

/// The object as the API server holds it after a write: enough to know our own write when the watch tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Written {
    /// Its uid.
    pub(crate) uid: Uid,
    /// The generation of its spec.
    pub(crate) generation: i64,
}

/// Carries out a write whose references are all known; `seen` is the uid under which the object was last seen.
/// Nothing is given back for an object that is gone.
///
/// # Errors
///
/// The API server refuses; an object of that name exists and says something else; or it changed since it was read.
pub(super) async fn write(
    client: &Client,
    change: &KubeChange,
    seen: Option<String>,
) -> Result<Option<Written>, Error> {
    let name = change.name();
    let object = ObjectRef::new("TargetGroupBinding", name);
    let resource = ApiResource::erase::<TargetGroupBinding>(&());
    let api: Api<DynamicObject> = Api::namespaced_with(client.clone(), &name.namespace, &resource);
    let what = || format!("{} {object}", change.verb());
    match change {
        KubeChange::Create(create) => self::create(&api, &object, &create.object).await.map(Some),
        KubeChange::Patch(patch) => {
            let patched = ask(what, api.patch(&name.name, &PatchParams::default(), &Patch::Merge(&patch.patch))).await;
            match patched {
                Err(conflict) if conflict.is_conflict() => Err(Error::Stale { object }),
                patched => patched.map(|patched| Some(written(&patched))),
            }
        }
        KubeChange::Delete(_) => {
            let preconditions = seen.map(|uid| Preconditions { uid: Some(uid), ..Preconditions::default() });
            let params = DeleteParams { preconditions, ..DeleteParams::default() };
            match ask(what, api.delete(&name.name, &params)).await {
                Err(gone) if gone.is_not_found() => Ok(None),
                Err(other) if other.is_conflict() => Err(Error::Stale { object }),
                deleted => deleted.map(|deleted| deleted.left().as_ref().map(written)),
            }
        }
    }
}

/// Makes an object. One that is there already and says the same was made by a create whose answer was lost.
async fn create(api: &Api<DynamicObject>, object: &ObjectRef, wanted: &Value) -> Result<Written, Error> {
    let what = || format!("create {object}");
    let body: DynamicObject =
        serde_json::from_value(wanted.clone()).map_err(|source| Error::Json { what: what(), source })?;
    let found = match ask(what, api.create(&PostParams::default(), &body)).await {
        Err(there) if there.is_already_exists() => {
            let ObjectName { name, .. } = object.name();
            ask(|| format!("get {object}"), api.get_opt(name)).await?
        }
        created => return created.map(|created| written(&created)),
    };
    match found {
        Some(found) if found.metadata.deletion_timestamp.is_none() && says(&found, wanted) => Ok(written(&found)),
        _ => Err(Error::Exists { object: object.clone() }),
    }
}

/// Whether an object has the spec and the labels that are wanted.
fn says(found: &DynamicObject, wanted: &Value) -> bool {
    let labels = serde_json::json!(found.metadata.labels);
    contains(&found.data["spec"], &wanted["spec"]) && contains(&labels, &wanted["metadata"]["labels"])
}

/// Whether everything in `wanted` is in `found`: the API server may add defaults, and others their labels.
fn contains(found: &Value, wanted: &Value) -> bool {
    match (found, wanted) {
        (Value::Object(found), Value::Object(wanted)) => {
            wanted.iter().all(|(key, wanted)| found.get(key).is_some_and(|found| contains(found, wanted)))
        }
        (Value::Array(found), Value::Array(wanted)) => {
            found.len() == wanted.len() && found.iter().zip(wanted).all(|(found, wanted)| contains(found, wanted))
        }
        (_, Value::Null) => true,
        (found, wanted) => found == wanted,
    }
}

fn written(object: &DynamicObject) -> Written {
    Written {
        uid: Uid::new(object.metadata.uid.clone().unwrap_or_default()),
        generation: object.metadata.generation.unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn there(spec: Value, labels: Value) -> DynamicObject {
        serde_json::from_value(json!({
            "apiVersion": "elbv2.k8s.aws/v1beta1", "kind": "TargetGroupBinding",
            "metadata": { "name": "b", "namespace": "default", "labels": labels }, "spec": spec
        }))
        .unwrap()
    }

    #[test]
    fn an_object_that_says_the_same_is_ours() {
        let wanted = json!({
            "metadata": { "labels": { "service.k8s.aws/stack-name": "web" } },
            "spec": { "targetGroupARN": "arn:1", "networking": { "ingress": [{ "ports": [{ "port": 80 }] }] } }
        });
        let same = json!({
            "targetGroupARN": "arn:1", "defaulted": true,
            "networking": { "ingress": [{ "ports": [{ "port": 80, "protocol": "TCP" }] }] }
        });
        let labels = json!({ "service.k8s.aws/stack-name": "web", "team": "shop" });
        assert!(says(&there(same.clone(), labels.clone()), &wanted));

        let mut other = same.clone();
        other["targetGroupARN"] = json!("arn:2");
        assert!(!says(&there(other, labels.clone()), &wanted));
        let mut more = same.clone();
        more["networking"]["ingress"] = json!([{ "ports": [{ "port": 80 }] }, { "ports": [{ "port": 81 }] }]);
        assert!(!says(&there(more, labels), &wanted));
        assert!(!says(&there(same, json!({})), &wanted));
    }
}
