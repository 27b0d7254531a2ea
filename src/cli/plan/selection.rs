//! What of a cluster is planned.

use northgate_planner::id::{ObjectName, StackId};
use northgate_planner::plan::Plan;
use northgate_planner::snapshot::Snapshot;
use northgate_planner::spec::ingress::{self, group};

/// What a person named on the command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::cli) enum Named {
    Service(String),
    Ingress(String),
    Group(String),
    Binding(String),
}

/// Which keys a run plans.
pub(in crate::cli) struct Selection<'a> {
    pub(in crate::cli) names: &'a [Named],
    /// `-n`.
    pub(in crate::cli) namespace: Option<&'a str>,
    /// Where a name on the command line is, unless `-n` says.
    pub(in crate::cli) default_namespace: &'a str,
    /// The objects come from files: every Service among them was given by a person, and is told of.
    pub(in crate::cli) by_files: bool,
}

impl Selection<'_> {
    fn in_namespace(&self, name: &ObjectName) -> bool {
        self.namespace.is_none_or(|namespace| name.namespace == namespace)
    }

    /// Whether nothing narrows it: only then is what all objects share looked at for its own sake.
    pub(in crate::cli) fn is_everything(&self) -> bool {
        self.names.is_empty() && self.namespace.is_none()
    }

    /// The first name on the command line that no object has: a slip worth telling.
    pub(in crate::cli) fn missing(&self, snapshot: &Snapshot) -> Option<(&'static str, ObjectName)> {
        self.names.iter().find_map(|named| {
            let (kind, name, there) = match named {
                Named::Service(name) => {
                    let name = self.full(name);
                    let there = snapshot.services.contains_key(&name);
                    ("Service", name, there)
                }
                Named::Ingress(name) => {
                    let name = self.full(name);
                    let there = snapshot.ingresses.contains_key(&name);
                    ("Ingress", name, there)
                }
                Named::Group(name) => {
                    let there = ingress::groups(snapshot).contains(&StackId::Group(name.clone()));
                    ("Ingress of group", ObjectName::new("", name), there)
                }
                Named::Binding(name) => {
                    let name = self.full(name);
                    let there = snapshot.bindings.contains_key(&name);
                    ("TargetGroupBinding", name, there)
                }
            };
            (!there).then_some((kind, name))
        })
    }

    pub(in crate::cli) fn names_service(&self, name: &ObjectName) -> bool {
        self.full(&name.name) == *name && self.names.contains(&Named::Service(name.name.clone()))
    }

    pub(in crate::cli) fn takes_service(&self, name: &ObjectName) -> bool {
        if self.names.is_empty() { self.in_namespace(name) } else { self.names_service(name) }
    }

    /// A group is planned as a whole: when it is named, or one of its Ingresses is named or in the namespace.
    pub(in crate::cli) fn takes_group(&self, id: &StackId, snapshot: &Snapshot) -> bool {
        if let StackId::Group(name) = id
            && self.names.contains(&Named::Group(name.clone()))
        {
            return true;
        }
        let mut ingresses =
            snapshot.ingresses.iter().filter(|(_, ingress)| group::groups_of(ingress, snapshot).contains(id));
        ingresses.any(|(name, _)| match self.names {
            [] => self.in_namespace(name),
            names => self.full(&name.name) == *name && names.contains(&Named::Ingress(name.name.clone())),
        })
    }

    /// A binding is planned with the stack that it belongs to, or when it is named itself.
    pub(in crate::cli) fn takes_binding(&self, name: &ObjectName, plans: &[Plan]) -> bool {
        if plans.iter().any(|plan| plan.bindings.iter().any(|binding| binding.name == *name)) {
            return true;
        }
        match self.names {
            [] => self.in_namespace(name),
            names => self.full(&name.name) == *name && names.contains(&Named::Binding(name.name.clone())),
        }
    }

    /// A name as the command line means it.
    fn full(&self, name: &str) -> ObjectName {
        ObjectName::new(self.namespace.unwrap_or(self.default_namespace), name)
    }
}

pub(in crate::cli) fn named(text: &str) -> Result<Named, String> {
    match text.split_once('/') {
        Some(("service" | "services" | "svc", name)) => Ok(Named::Service(name.to_owned())),
        Some(("ingress" | "ingresses" | "ing", name)) => Ok(Named::Ingress(name.to_owned())),
        Some(("group", name)) => Ok(Named::Group(name.to_owned())),
        Some(("binding" | "targetgroupbinding", name)) => Ok(Named::Binding(name.to_owned())),
        _ => Err(format!("{text:?} is none of service/NAME, ingress/NAME, group/NAME, binding/NAME")),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use jiff::Timestamp;
    use northgate_planner::id::{ClusterName, Region, VpcId};
    use northgate_planner::snapshot::Settings;
    use serde_json::json;

    use super::*;

    fn selection<'a>(names: &'a [Named], namespace: Option<&'a str>) -> Selection<'a> {
        Selection { names, namespace, default_namespace: "shop", by_files: false }
    }

    #[test]
    fn a_name_is_in_the_namespace_of_n_else_in_the_default_one() {
        let names = [named("service/web").unwrap()];
        let (here, there) = (ObjectName::new("shop", "web"), ObjectName::new("default", "web"));
        for (namespace, takes_here, takes_there) in [(None, true, false), (Some("default"), false, true)] {
            let selection = selection(&names, namespace);
            assert_eq!((selection.takes_service(&here), selection.takes_service(&there)), (takes_here, takes_there));
            assert!(!selection.is_everything());
        }
    }

    #[test]
    fn without_names_the_namespace_narrows_and_only_without_both_it_is_everything() {
        let other = ObjectName::new("other", "web");
        for (namespace, takes, everything) in [(None, true, true), (Some("shop"), false, false)] {
            let selection = selection(&[], namespace);
            assert_eq!((selection.takes_service(&other), selection.is_everything()), (takes, everything));
        }
    }

    #[test]
    fn a_group_is_planned_as_a_whole_by_its_name_or_one_of_its_ingresses() {
        let settings = Settings::new(ClusterName::new("demo"), VpcId::new("vpc-1"), Region::new("us-west-2"));
        let mut snapshot = Snapshot::empty(&Arc::new(settings), Timestamp::UNIX_EPOCH);
        for (namespace, name, group) in [("shop", "door", "front"), ("other", "gate", "front"), ("shop", "alone", "")] {
            let mut annotations = json!({ "kubernetes.io/ingress.class": "alb" });
            if !group.is_empty() {
                annotations["alb.ingress.kubernetes.io/group.name"] = json!(group);
            }
            let object = json!({ "metadata": { "namespace": namespace, "name": name, "annotations": annotations } });
            let name = ObjectName::new(namespace, name);
            snapshot.ingresses.insert(name, Arc::new(serde_json::from_value(object).unwrap()));
        }
        let (front, alone) = (StackId::Group("front".to_owned()), StackId::Ingress(ObjectName::new("shop", "alone")));
        for (names, namespace, takes_front, takes_alone) in [
            (&[][..], None, true, true),
            (&[], Some("other"), true, false),
            (&["group/front"], None, true, false),
            (&["ingress/door"], None, true, false),
            (&["ing/gate"], Some("other"), true, false),
            (&["ingress/alone"], None, false, true),
            (&["service/door"], None, false, false),
        ] {
            let parsed = names.iter().map(|text| named(text).unwrap()).collect::<Vec<_>>();
            let selection = selection(&parsed, namespace);
            let takes = (selection.takes_group(&front, &snapshot), selection.takes_group(&alone, &snapshot));
            assert_eq!(takes, (takes_front, takes_alone), "{names:?} {namespace:?}");
        }
        let missing = |text| {
            selection(&[named(text).unwrap()], None).missing(&snapshot).map(|(kind, name)| format!("{kind} {name}"))
        };
        assert_eq!(missing("group/front"), None);
        assert_eq!(missing("group/back").unwrap(), "Ingress of group back");
        assert_eq!(missing("ingress/gate").unwrap(), "Ingress shop/gate");
    }

    #[test]
    fn what_is_no_name_of_ours_is_told() {
        let message = "\"web\" is none of service/NAME, ingress/NAME, group/NAME, binding/NAME";
        assert_eq!(named("web").unwrap_err(), message);
    }
}
