//! Asks the API server once more before something is destroyed: the caches may be behind.

use k8s_openapi::api::core::v1::Service;
use k8s_openapi::api::networking::v1::Ingress;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::Api;
use northgate_planner::crd::TargetGroupBinding;
use northgate_planner::id::{Key, ObjectName, ObjectRef, StackId};
use northgate_planner::plan::Plan;
use northgate_planner::snapshot::Snapshot;

use super::error::ask;
use super::kind::Kind;
use super::watch::Watched;
use super::{Cluster, Error};

impl Cluster {
    /// Asks the API server whether the objects of a decision still say what was decided from. Of a group of Ingresses only
    /// those that leave it are asked for.
    ///
    /// # Errors
    ///
    /// [`Error::Stale`] when one does not, or is gone; or the API server could not be asked.
    pub(crate) async fn confirm(&self, snapshot: &Snapshot, plan: &Plan) -> Result<(), Error> {
        let objects = match &plan.key {
            Key::Stack(StackId::Service(_) | StackId::Ingress(_)) | Key::Binding(_) => &plan.objects,
            Key::Stack(StackId::Group(_)) => &plan.leaving,
            // They are decided from all objects at once; each of those is confirmed by its own key.
            Key::Rules(_) | Key::Cluster => return Ok(()),
        };
        for object in objects {
            if !self.still_says(snapshot, object).await? {
                return Err(Error::Stale { object: object.clone() });
            }
        }
        Ok(())
    }

    async fn still_says(&self, snapshot: &Snapshot, object: &ObjectRef) -> Result<bool, Error> {
        let name = object.name();
        Ok(match Kind::of(object) {
            Some(Kind::Service) => {
                let pair = self.read::<Service>(name).await?.zip(snapshot.services.get(name));
                pair.is_some_and(|(found, seen)| is_same(&found.metadata, &seen.metadata) && found.spec == seen.spec)
            }
            Some(Kind::Ingress) => {
                let pair = self.read::<Ingress>(name).await?.zip(snapshot.ingresses.get(name));
                pair.is_some_and(|(found, seen)| is_same(&found.metadata, &seen.metadata) && found.spec == seen.spec)
            }
            Some(Kind::Binding) => {
                let pair = self.read::<TargetGroupBinding>(name).await?.zip(snapshot.bindings.get(name));
                pair.is_some_and(|(found, seen)| {
                    is_same(&found.metadata, &seen.metadata)
                        && found.metadata.labels == seen.metadata.labels
                        && found.spec == seen.spec
                })
            }
            None => true,
        })
    }

    /// Reads one object, trimmed as the caches have it.
    async fn read<K>(&self, name: &ObjectName) -> Result<Option<K>, Error>
    where
        K: Watched + kube::Resource<Scope = kube::core::NamespaceResourceScope>,
    {
        let api: Api<K> = self.namespaced(name);
        let mut found = ask(|| format!("get {}/{name}", K::kind(&())), api.get_opt(&name.name)).await?;
        found.iter_mut().for_each(K::TRIM);
        Ok(found)
    }
}

/// Whether nothing that a decision reads has changed. Our finalizer may have: we put it on after the decision.
fn is_same(one: &ObjectMeta, other: &ObjectMeta) -> bool {
    one.uid == other.uid
        && one.deletion_timestamp.is_some() == other.deletion_timestamp.is_some()
        && one.annotations == other.annotations
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn metadata(object: Value) -> ObjectMeta {
        serde_json::from_value(object).unwrap()
    }

    #[test]
    fn an_object_is_the_same_while_it_says_the_same() {
        let seen = json!({ "uid": "u-1", "resourceVersion": "1", "annotations": { "a": "b" } });
        for (what, pointer, value, same) in [
            ("a version", "resourceVersion", json!("2"), true),
            ("our finalizer", "finalizers", json!(["ingress.k8s.aws/resources"]), true),
            ("a uid", "uid", json!("u-2"), false),
            ("an annotation", "annotations", json!({ "a": "c" }), false),
            ("a deletion", "deletionTimestamp", json!("2026-01-31T12:00:00Z"), false),
        ] {
            let mut found = seen.clone();
            found[pointer] = value;
            assert_eq!(is_same(&metadata(found), &metadata(seen.clone())), same, "{what}");
        }
    }
}
