//! Namespaces that are going: they are emptied, and kept until they are empty.

use k8s_openapi::api::core::v1::Namespace;
use tokio::time::Instant;

use super::{Controller, Hand};
use crate::kubernetes::admission::KEEPER;
use crate::kubernetes::object::{is_going, meta_text};
use crate::kubernetes::target::Part;

pub(super) struct Namespaces;

impl Controller for Namespaces {
    fn look(&mut self, hand: &mut Hand<'_>) -> Option<Instant> {
        let going = hand.all::<Namespace>().into_iter().filter(|one| one.metadata.deletion_timestamp.is_some());
        for namespace in going {
            let name = namespace.metadata.name.clone().unwrap_or_default();
            let mut is_empty = true;
            for (resource, object) in hand.everything() {
                if !name.is_empty() && meta_text(&object, "namespace") == name {
                    is_empty = false;
                    if !is_going(&object) {
                        hand.delete_any(&resource, &object);
                    }
                }
            }
            if is_empty {
                hand.edit(Part::Finalize, &namespace.metadata, |namespace: &mut Namespace| {
                    let keepers = namespace.spec.get_or_insert_default().finalizers.get_or_insert_default();
                    keepers.retain(|keeper| keeper != KEEPER);
                });
            }
        }
        None
    }
}
