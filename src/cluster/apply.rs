//! What `kubectl apply --server-side` and `kubectl delete` do with one object.

use kube::api::{DeleteParams, DynamicObject, Patch, PatchParams};
use kube::core::GroupVersionKind;
use kube::discovery::{Scope, pinned_kind};
use kube::{Api, Client};
use serde_json::{Value, json};

use super::dry_run::Refused;
use super::error::{Error, ask};

/// The field manager of `kubectl apply --server-side`.
const MANAGER: &str = "kubectl";

/// What became of an object.
#[derive(Debug)]
pub enum Applied {
    /// It was made, as the API server keeps it.
    Created(Box<Value>),
    /// It was changed.
    Configured(Box<Value>),
    /// It is as it was.
    Unchanged(Box<Value>),
    /// The API server knows no such kind.
    UnknownKind,
    /// The API server would not take it.
    Refused(Refused),
}

/// Applies an object.
///
/// # Errors
///
/// The API server could not be asked.
pub async fn apply(client: &Client, object: &Value) -> Result<Applied, Error> {
    let what = || format!("apply {}", named(object));
    let Some(objects) = way(client, object).await? else { return Ok(Applied::UnknownKind) };
    let name = text(object, "/metadata/name");
    let before = ask(what, objects.get_opt(name)).await?;
    let params = PatchParams::apply(MANAGER).force();
    match ask(what, objects.patch(name, &params, &Patch::Apply(object))).await {
        Ok(after) => {
            let is_same = before.as_ref().map(|before| &before.metadata.resource_version)
                == Some(&after.metadata.resource_version);
            let object = Box::new(json!(after));
            Ok(match before {
                None => Applied::Created(object),
                Some(_) if is_same => Applied::Unchanged(object),
                Some(_) => Applied::Configured(object),
            })
        }
        Err(Error::Refused { status, .. }) if [400, 403, 404, 409, 422].contains(&status.code) => {
            Ok(Applied::Refused(Refused::new(object, status.message)))
        }
        Err(error) => Err(error),
    }
}

/// Deletes an object; gives whether there was one.
///
/// # Errors
///
/// The API server could not be asked, or refuses.
pub async fn delete(client: &Client, object: &Value) -> Result<bool, Error> {
    let what = || format!("delete {}", named(object));
    let Some(objects) = way(client, object).await? else { return Ok(false) };
    match ask(what, objects.delete(text(object, "/metadata/name"), &DeleteParams::default())).await {
        Ok(_) => Ok(true),
        Err(Error::Refused { status, .. }) if status.code == 404 => Ok(false),
        Err(error) => Err(error),
    }
}

/// Where objects of this one's kind are; `None`: the API server does not know the kind.
async fn way(client: &Client, object: &Value) -> Result<Option<Api<DynamicObject>>, Error> {
    let api_version = text(object, "/apiVersion");
    let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
    let kind = GroupVersionKind::gvk(group, version, text(object, "/kind"));
    let (resource, capabilities) = match ask(|| format!("look up {}", kind.kind), pinned_kind(client, &kind)).await {
        Ok(found) => found,
        Err(Error::Refused { status, .. }) if status.code == 404 => return Ok(None),
        Err(Error::Unreachable { source, .. }) if matches!(*source, kube::Error::Discovery(_)) => return Ok(None),
        Err(error) => return Err(error),
    };
    Ok(Some(match (capabilities.scope, text(object, "/metadata/namespace")) {
        (Scope::Cluster, _) => Api::all_with(client.clone(), &resource),
        (Scope::Namespaced, "") => Api::default_namespaced_with(client.clone(), &resource),
        (Scope::Namespaced, namespace) => Api::namespaced_with(client.clone(), namespace, &resource),
    }))
}

fn named(object: &Value) -> String {
    format!("{} {}", text(object, "/kind"), text(object, "/metadata/name"))
}

fn text<'o>(object: &'o Value, pointer: &str) -> &'o str {
    object.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}
