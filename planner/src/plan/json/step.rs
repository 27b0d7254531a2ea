//! Steps, changes and waits as JSON objects.

use serde::ser::{Serialize, SerializeMap as _, SerializeStruct as _, Serializer};

use crate::id::{Key, ResourceKey, ResourceKind, StackId};
use crate::plan::{Change, Held, Resource, Step, Wait};

impl Serialize for Step {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut step = serializer.serialize_map(Some(1))?;
        match self {
            Self::Change(change) => step.serialize_entry("change", change)?,
            Self::Wait(wait) => step.serialize_entry("wait", wait)?,
        }
        step.end()
    }
}

impl Serialize for Change {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { resource, write, fields, impact, reason } = self;
        let mut change = serializer.serialize_struct("Change", 7)?;
        change.serialize_field("resource", resource)?;
        change.serialize_field("action", &self.action())?;
        change.serialize_field("call", &self.call())?;
        change.serialize_field("request", &write.request())?;
        change.serialize_field("fields", fields)?;
        change.serialize_field("impact", impact)?;
        change.serialize_field("reason", reason)?;
        change.end()
    }
}

impl Serialize for Resource {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { key, physical_id, retiring } = self;
        let mut resource = serializer.serialize_map(None)?;
        resource.serialize_entry("type", key.kind.cloud_formation_type())?;
        resource.serialize_entry("id", &key.id)?;
        if let Some(id) = physical_id {
            resource.serialize_entry(physical_id_member(key.kind), id)?;
        }
        if *retiring {
            resource.serialize_entry("generation", "retiring")?;
        }
        resource.end()
    }
}

impl Serialize for ResourceKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { kind, id } = self;
        let mut resource = serializer.serialize_struct("ResourceKey", 2)?;
        resource.serialize_field("type", kind.cloud_formation_type())?;
        resource.serialize_field("id", id)?;
        resource.end()
    }
}

impl Serialize for Wait {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { reason, resource, entry, message } = self;
        let mut wait = serializer.serialize_map(None)?;
        wait.serialize_entry("for", reason)?;
        if let Some(resource) = resource {
            wait.serialize_entry("resource", resource)?;
        }
        if let Some(entry) = entry {
            wait.serialize_entry("entry", entry)?;
        }
        wait.serialize_entry("message", message)?;
        wait.end()
    }
}

impl Serialize for Held {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { change, why, acknowledge } = self;
        let mut held = serializer.serialize_map(None)?;
        held.serialize_entry("change", change)?;
        held.serialize_entry("why", why)?;
        if let Some(acknowledge) = acknowledge {
            held.serialize_entry("acknowledge", acknowledge)?;
        }
        held.end()
    }
}

impl Serialize for Key {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl Serialize for StackId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// ELBv2 names its resources by ARN only; everything else has an id.
fn physical_id_member(kind: ResourceKind) -> &'static str {
    match kind {
        ResourceKind::TargetGroup
        | ResourceKind::LoadBalancer
        | ResourceKind::Listener
        | ResourceKind::ListenerRule => "arn",
        ResourceKind::SecurityGroup | ResourceKind::TargetGroupBinding => "physicalId",
    }
}
