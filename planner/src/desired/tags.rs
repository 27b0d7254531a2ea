//! Tags of AWS resources (`deploy-and-targets.md` §1.1).

use crate::actual::{BACKEND_SECURITY_GROUP, CLUSTER_TAG, SHARED_RESOURCE_TAG};
use crate::id::{ClusterName, StackId};
use crate::model::Pairs;
use crate::snapshot::Settings;

/// Tags of a resource of a stack: those that track it win over all others.
pub(super) fn of_resource(others: &Pairs, cluster: &ClusterName, stack: &StackId, resource_id: &str) -> Pairs {
    let mut tags = others.clone();
    tags.insert(CLUSTER_TAG.to_owned(), cluster.to_string());
    tags.insert(stack.stack_tag(), stack.tag_value());
    tags.insert(stack.resource_tag(), resource_id.to_owned());
    tags
}

/// Tags of an object with `--default-tags`, which come first unless a feature gate says otherwise.
pub(super) fn with_defaults(of_object: &Pairs, settings: &Settings) -> Pairs {
    let (mut tags, first) = match settings.gates.default_tags_low_priority {
        true => (settings.default_tags.clone(), of_object),
        false => (of_object.clone(), &settings.default_tags),
    };
    tags.extend(first.iter().map(|(key, value)| (key.clone(), value.clone())));
    tags
}

/// Tags of the shared backend security group.
pub(crate) fn backend(default_tags: &Pairs, cluster: &ClusterName) -> Pairs {
    let mut tags = default_tags.clone();
    tags.insert(CLUSTER_TAG.to_owned(), cluster.to_string());
    tags.insert(SHARED_RESOURCE_TAG.to_owned(), BACKEND_SECURITY_GROUP.to_owned());
    tags
}
