//! Finalizers: put on before the first write to AWS, taken off when nothing is left.

use std::fmt::Debug;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::api::{Patch, PatchParams};
use kube::{Api, Resource};
use northgate_planner::id::ObjectRef;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::error::{Error, ask};

/// Conflicts in a row before the pass is given up and begun again.
const ATTEMPTS: usize = 5;

/// What is to become of our finalizer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Finalizer {
    /// It is to be there.
    On,
    /// It is to be gone.
    Off,
}

/// Brings our finalizer on or off `object`, which was last seen with `seen`. Gives whether something was written.
///
/// # Errors
///
/// The API server refuses; or the object is another one by now, or going where the finalizer is to be put on.
pub(super) async fn set<K>(
    api: &Api<K>,
    object: &ObjectRef,
    seen: &ObjectMeta,
    finalizer: &str,
    wanted: Finalizer,
) -> Result<bool, Error>
where
    K: Resource<DynamicType = ()> + Clone + Debug + DeserializeOwned,
{
    let mut found = seen.clone();
    for _ in 1..ATTEMPTS {
        match patch(api, object, &found, finalizer, wanted).await {
            Err(conflict) if conflict.is_conflict() => {}
            Err(gone) if gone.is_not_found() && wanted == Finalizer::Off => return Ok(false),
            done => return done,
        }
        // Somebody wrote in between: the same question to the object as it is now.
        let now = ask(|| format!("get {object}"), api.get_opt(&object.name().name)).await?;
        match now {
            Some(now) if now.meta().uid == seen.uid => found = now.meta().clone(),
            _ if wanted == Finalizer::Off => return Ok(false),
            _ => return Err(Error::Stale { object: object.clone() }),
        }
    }
    patch(api, object, &found, finalizer, wanted).await
}

async fn patch<K>(
    api: &Api<K>,
    object: &ObjectRef,
    found: &ObjectMeta,
    finalizer: &str,
    wanted: Finalizer,
) -> Result<bool, Error>
where
    K: Resource<DynamicType = ()> + Clone + Debug + DeserializeOwned,
{
    let Some(body) = body(found, finalizer, wanted) else { return Ok(false) };
    if wanted == Finalizer::On && found.deletion_timestamp.is_some() {
        return Err(Error::Stale { object: object.clone() });
    }
    let what = || format!("patch the finalizers of {object}");
    ask(what, api.patch_metadata(&object.name().name, &PatchParams::default(), &Patch::Merge(&body))).await?;
    Ok(true)
}

/// The merge patch, guarded by the version that it was made for; `None`: nothing to do. A merge patch replaces the
/// whole list, so the finalizers of others are in it.
fn body(found: &ObjectMeta, finalizer: &str, wanted: Finalizer) -> Option<Value> {
    let mut finalizers = found.finalizers.clone().unwrap_or_default();
    let there = finalizers.iter().any(|name| name == finalizer);
    match wanted {
        Finalizer::On if !there => finalizers.push(finalizer.to_owned()),
        Finalizer::Off if there => finalizers.retain(|name| name != finalizer),
        Finalizer::On | Finalizer::Off => return None,
    }
    Some(json!({ "metadata": { "resourceVersion": found.resource_version, "finalizers": finalizers } }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn metadata(finalizers: &[&str]) -> ObjectMeta {
        ObjectMeta {
            resource_version: Some("7".to_owned()),
            finalizers: Some(finalizers.iter().map(ToString::to_string).collect()),
            ..ObjectMeta::default()
        }
    }

    #[test]
    fn only_ours_is_put_on_and_taken_off() {
        let with =
            |finalizers: &[&str]| Some(json!({ "metadata": { "resourceVersion": "7", "finalizers": finalizers } }));
        for (found, wanted, expected) in [
            (&["x/theirs"][..], Finalizer::On, with(&["x/theirs", "our/own"])),
            (&[][..], Finalizer::On, with(&["our/own"])),
            (&["our/own"][..], Finalizer::On, None),
            (&["x/theirs", "our/own", "y/theirs"][..], Finalizer::Off, with(&["x/theirs", "y/theirs"])),
            (&["our/own"][..], Finalizer::Off, with(&[])),
            (&["x/theirs"][..], Finalizer::Off, None),
        ] {
            assert_eq!(body(&metadata(found), "our/own", wanted), expected, "{found:?} {wanted:?}");
        }
    }
}
