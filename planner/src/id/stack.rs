//! One load balancer and all that belongs to it: its key, and how tags, labels and finalizers name it.

use std::collections::BTreeMap;
use std::fmt;

use super::{ObjectName, ObjectRef};

const SERVICE_PREFIX: &str = "service.k8s.aws";
const INGRESS_PREFIX: &str = "ingress.k8s.aws";

/// One load balancer and all that belongs to it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StackId {
    /// A Service of type LoadBalancer.
    Service(ObjectName),
    /// An Ingress that names no group: it is alone in its own.
    Ingress(ObjectName),
    /// Ingresses that name this group. They may be in several namespaces.
    Group(String),
}

impl StackId {
    /// The value of the stack's tag: `<namespace>/<name>`, or the name of the group.
    pub fn tag_value(&self) -> String {
        match self {
            Self::Service(name) | Self::Ingress(name) => name.to_string(),
            Self::Group(name) => name.clone(),
        }
    }

    /// The key of the tag that names the stack.
    pub fn stack_tag(&self) -> String {
        format!("{}/stack", self.prefix())
    }

    /// The key of the tag that names a resource inside the stack.
    pub fn resource_tag(&self) -> String {
        format!("{}/resource", self.prefix())
    }

    /// The stack that tags name; `None`: they name none of ours.
    pub fn from_tags(tags: &BTreeMap<String, String>) -> Option<Self> {
        let of = |prefix: &str| tags.get(&format!("{prefix}/stack"));
        if let Some(value) = of(SERVICE_PREFIX) {
            return Some(Self::Service(object_name(value)?));
        }
        let value = of(INGRESS_PREFIX)?;
        Some(object_name(value).map_or_else(|| Self::Group(value.clone()), Self::Ingress))
    }

    /// The labels of the stack's TargetGroupBindings: the only link from such an object back to its stack.
    pub fn labels(&self) -> BTreeMap<String, String> {
        let prefix = self.prefix();
        match self {
            Self::Service(name) | Self::Ingress(name) => BTreeMap::from([
                (format!("{prefix}/stack-namespace"), name.namespace.clone()),
                (format!("{prefix}/stack-name"), name.name.clone()),
            ]),
            Self::Group(name) => BTreeMap::from([(format!("{prefix}/stack"), name.clone())]),
        }
    }

    /// The stack that labels name; `None`: the object was made by hand.
    pub fn from_labels(labels: &BTreeMap<String, String>) -> Option<Self> {
        let label = |prefix: &str, name: &str| labels.get(&format!("{prefix}/{name}"));
        let object = |prefix: &str| {
            Some(ObjectName::new(label(prefix, "stack-namespace")?.clone(), label(prefix, "stack-name")?.clone()))
        };
        object(SERVICE_PREFIX)
            .map(Self::Service)
            .or_else(|| object(INGRESS_PREFIX).map(Self::Ingress))
            .or_else(|| label(INGRESS_PREFIX, "stack").cloned().map(Self::Group))
    }

    /// Whether labels name this stack.
    pub fn is_named_by(&self, labels: &BTreeMap<String, String>) -> bool {
        self.labels().iter().all(|(label, value)| labels.get(label) == Some(value))
    }

    /// The finalizer by which an object holds on to the stack (LBC's, so that either controller can take over).
    pub fn finalizer(&self) -> String {
        match self {
            Self::Service(_) | Self::Ingress(_) => format!("{}/resources", self.prefix()),
            Self::Group(name) => format!("{GROUP_FINALIZER_PREFIX}{name}"),
        }
    }

    /// The stack that a finalizer of an Ingress holds on to; `None`: the finalizer is none of ours.
    pub fn from_ingress_finalizer(finalizer: &str, ingress: &ObjectName) -> Option<Self> {
        match finalizer.strip_prefix(GROUP_FINALIZER_PREFIX) {
            Some(group) if !group.is_empty() => Some(Self::Group(group.to_owned())),
            Some(_) => None,
            None => {
                let own = Self::Ingress(ingress.clone());
                (own.finalizer() == finalizer).then_some(own)
            }
        }
    }

    /// What the stack is made of, as messages name it: the object, or the group.
    pub fn object(&self) -> ObjectRef {
        match self {
            Self::Service(name) => ObjectRef::new("Service", name),
            Self::Ingress(name) => ObjectRef::new("Ingress", name),
            Self::Group(name) => ObjectRef::new("IngressGroup", &ObjectName::new("", name)),
        }
    }

    /// The namespaced name of the object that owns the stack; a group has no single owner.
    pub fn owner(&self) -> Option<&ObjectName> {
        match self {
            Self::Service(name) | Self::Ingress(name) => Some(name),
            Self::Group(_) => None,
        }
    }

    fn prefix(&self) -> &'static str {
        match self {
            Self::Service(_) => SERVICE_PREFIX,
            Self::Ingress(_) | Self::Group(_) => INGRESS_PREFIX,
        }
    }
}

const GROUP_FINALIZER_PREFIX: &str = "group.ingress.k8s.aws/";

fn object_name(value: &str) -> Option<ObjectName> {
    let (namespace, name) = value.split_once('/')?;
    Some(ObjectName::new(namespace, name))
}

impl fmt::Display for StackId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Service(name) => write!(f, "service/{name}"),
            Self::Ingress(name) => write!(f, "ingress/{name}"),
            Self::Group(name) => write!(f, "group/{name}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stacks() -> [StackId; 3] {
        let web = ObjectName::new("default", "web");
        [StackId::Service(web.clone()), StackId::Ingress(web), StackId::Group("shop".to_owned())]
    }

    #[test]
    fn tags_labels_and_finalizers_lead_back_to_the_stack() {
        for stack in stacks() {
            let tags = BTreeMap::from([(stack.stack_tag(), stack.tag_value())]);
            assert_eq!(StackId::from_tags(&tags), Some(stack.clone()));
            assert_eq!(StackId::from_labels(&stack.labels()), Some(stack.clone()));
            assert!(stack.is_named_by(&stack.labels()));
            assert!(stacks().iter().filter(|other| other.is_named_by(&stack.labels())).count() == 1, "{stack}");
            let of_ingress = StackId::from_ingress_finalizer(&stack.finalizer(), &ObjectName::new("default", "web"));
            assert_eq!(of_ingress, Some(stack.clone()).filter(|stack| !matches!(stack, StackId::Service(_))));
        }
        assert_eq!(StackId::from_tags(&BTreeMap::new()), None);
        assert_eq!(StackId::from_ingress_finalizer("group.ingress.k8s.aws/", &ObjectName::new("a", "b")), None);
    }

    #[test]
    fn the_words_are_those_of_the_contract() {
        let [service, ingress, group] = stacks();
        assert_eq!(service.finalizer(), "service.k8s.aws/resources");
        assert_eq!(ingress.finalizer(), "ingress.k8s.aws/resources");
        assert_eq!(group.finalizer(), "group.ingress.k8s.aws/shop");
        assert_eq!(
            (ingress.stack_tag().as_str(), ingress.tag_value().as_str()),
            ("ingress.k8s.aws/stack", "default/web")
        );
        assert_eq!((group.resource_tag().as_str(), group.tag_value().as_str()), ("ingress.k8s.aws/resource", "shop"));
        assert_eq!(group.object().to_string(), "IngressGroup/shop");
        assert!(group.labels().contains_key("ingress.k8s.aws/stack"));
    }
}
