//! What of a cluster is planned.

use northgate_planner::id::ObjectName;
use northgate_planner::plan::Plan;
use northgate_planner::snapshot::Snapshot;

/// What a person named on the command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Named {
    Service(String),
    Binding(String),
}

/// Which keys a run plans.
pub(super) struct Selection<'a> {
    pub(super) names: &'a [Named],
    /// `-n`.
    pub(super) namespace: Option<&'a str>,
    /// Where a name on the command line is, unless `-n` says.
    pub(super) default_namespace: &'a str,
    /// The objects come from files: every Service among them was given by a person, and is told of.
    pub(super) by_files: bool,
}

impl Selection<'_> {
    fn in_namespace(&self, name: &ObjectName) -> bool {
        self.namespace.is_none_or(|namespace| name.namespace == namespace)
    }

    /// Whether nothing narrows it: only then is what all objects share looked at for its own sake.
    pub(super) fn is_everything(&self) -> bool {
        self.names.is_empty() && self.namespace.is_none()
    }

    /// The first name on the command line that no object has: a slip worth telling.
    pub(super) fn missing(&self, snapshot: &Snapshot) -> Option<(&'static str, ObjectName)> {
        self.names.iter().find_map(|named| {
            let (kind, name, there) = match named {
                Named::Service(name) => {
                    let name = self.full(name);
                    let there = snapshot.services.contains_key(&name);
                    ("Service", name, there)
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

    pub(super) fn names_service(&self, name: &ObjectName) -> bool {
        self.full(&name.name) == *name && self.names.contains(&Named::Service(name.name.clone()))
    }

    pub(super) fn takes_service(&self, name: &ObjectName) -> bool {
        if self.names.is_empty() { self.in_namespace(name) } else { self.names_service(name) }
    }

    /// A binding is planned with the stack that it belongs to, or when it is named itself.
    pub(super) fn takes_binding(&self, name: &ObjectName, plans: &[Plan]) -> bool {
        if self.names.is_empty() {
            return self.in_namespace(name);
        }
        let of_stack = plans.iter().any(|plan| plan.bindings.iter().any(|binding| binding.name == *name));
        of_stack || self.full(&name.name) == *name && self.names.contains(&Named::Binding(name.name.clone()))
    }

    /// A name as the command line means it.
    fn full(&self, name: &str) -> ObjectName {
        ObjectName::new(self.namespace.unwrap_or(self.default_namespace), name)
    }
}

pub(super) fn named(text: &str) -> Result<Named, String> {
    match text.split_once('/') {
        Some(("service" | "services" | "svc", name)) => Ok(Named::Service(name.to_owned())),
        Some(("binding" | "targetgroupbinding", name)) => Ok(Named::Binding(name.to_owned())),
        Some(("ingress" | "group", _)) => Err("Ingresses are not supported yet".to_owned()),
        _ => Err(format!("{text:?} is neither service/NAME nor binding/NAME")),
    }
}

#[cfg(test)]
mod tests {
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
    fn what_is_no_name_of_ours_is_told() {
        for (text, message) in [
            ("web", "\"web\" is neither service/NAME nor binding/NAME"),
            ("ingress/web", "Ingresses are not supported yet"),
        ] {
            assert_eq!(named(text).unwrap_err(), message);
        }
    }
}
