//! Namespaces: they are active until they are deleted, and kept until they are empty.

use k8s_openapi::api::core::v1::{Namespace, NamespaceSpec, NamespaceStatus};

use crate::kubernetes::target::Part;

/// Who lets a namespace go: the controller that empties it.
pub(in crate::kubernetes) const KEEPER: &str = "kubernetes";

/// Completes a Namespace.
pub(super) fn admit(namespace: &mut Namespace, live: Option<&Namespace>, part: Part) {
    match live {
        None => {
            let finalizers = namespace.spec.take().and_then(|spec| spec.finalizers).unwrap_or_default();
            let others = finalizers.into_iter().filter(|name| name != KEEPER);
            let finalizers = others.chain([KEEPER.to_owned()]).collect();
            namespace.spec = Some(NamespaceSpec { finalizers: Some(finalizers) });
            namespace.status = Some(NamespaceStatus { phase: Some("Active".to_owned()), conditions: None });
        }
        Some(live) if part == Part::Main => namespace.spec.clone_from(&live.spec),
        Some(_) => {}
    }
    let name = namespace.metadata.name.clone().unwrap_or_default();
    namespace.metadata.labels.get_or_insert_default().insert("kubernetes.io/metadata.name".to_owned(), name);
}
