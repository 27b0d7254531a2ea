//! What an Ingress asks of the load balancer that it shares with its group (`ingress-alb.md` §5, §6).

use std::collections::BTreeMap;

use super::ports::{self, ListenerSettings};
use super::reading::Reading;
use crate::crd::IngressClassParamsSpec;
use crate::id::{IpAddressType, Scheme, SecurityGroupId, SubnetId};
use crate::model::Pairs;
use crate::problem::Problem;
use crate::spec::annotation::Annotation;
use crate::spec::annotation::ingress as annotation;
use crate::spec::service::SubnetName;

/// AWS's limit for names of load balancers.
const LONGEST_NAME: usize = 32;

/// What one Ingress says of the load balancer; what it does not say is for the others, or for the defaults.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct LoadBalancerSettings {
    /// The name.
    pub name: Option<String>,
    /// Whether it has public addresses.
    pub scheme: Option<Scheme>,
    /// Its address type.
    pub ip_address_type: Option<IpAddressType>,
    /// Its subnets.
    pub subnets: Option<Subnets>,
    /// Its security groups; an empty list: one that is made.
    pub security_groups: Option<Vec<SecurityGroupName>>,
    /// Whether the rules towards the targets are managed where its security groups are given.
    pub manage_backend_rules: Option<bool>,
    /// Its attributes.
    pub attributes: Pairs,
    /// Its attributes as the class says them; only those of the group's first member count.
    pub class_attributes: Pairs,
    /// Tags.
    pub tags: Pairs,
    /// The HTTPS port that every HTTP listener redirects to.
    pub ssl_redirect: Option<u16>,
    /// The ports that it listens on.
    pub listeners: BTreeMap<u16, ListenerSettings>,
}

/// The subnets that are asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subnets {
    /// As an annotation names them.
    Named(Vec<SubnetName>),
    /// As a class names them.
    OfClass(Vec<SubnetName>),
    /// As a class selects them: for each key the subnet has one of the values.
    Tagged(BTreeMap<String, Vec<String>>),
}

/// A security group as the annotation names it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum SecurityGroupName {
    /// By id.
    Id(SecurityGroupId),
    /// By its `Name` tag.
    NameTag(String),
}

/// Reads them. What cannot be read is noted as a problem and left out.
pub(super) fn read(reading: &mut Reading<'_>) -> LoadBalancerSettings {
    LoadBalancerSettings {
        name: name(reading),
        scheme: choice(reading, "scheme", |class| class.scheme.as_deref(), &annotation::SCHEME),
        ip_address_type: choice(
            reading,
            "ipAddressType",
            |class| class.ip_address_type.as_deref(),
            &annotation::IP_ADDRESS_TYPE,
        ),
        subnets: subnets(reading),
        security_groups: reading
            .annotations
            .list(&annotation::SECURITY_GROUPS)
            .map(|names| names.into_iter().map(security_group_name).collect()),
        manage_backend_rules: reading.annotations.boolean(&annotation::MANAGE_BACKEND_RULES),
        attributes: reading.annotations.map(&annotation::LOAD_BALANCER_ATTRIBUTES).unwrap_or_default(),
        class_attributes: reading
            .class()
            .load_balancer_attributes
            .iter()
            .map(|attribute| (attribute.key.clone(), attribute.value.clone()))
            .collect(),
        tags: tags(reading),
        ssl_redirect: ssl_redirect(reading),
        listeners: ports::read(reading),
    }
}

fn name(reading: &mut Reading<'_>) -> Option<String> {
    let of_class = reading.class().load_balancer_name.clone().filter(|name| !name.is_empty());
    let from_class = of_class.is_some();
    let name = of_class.or_else(|| reading.annotations.text(&annotation::LOAD_BALANCER_NAME))?;
    let wrong = if name.len() > LONGEST_NAME {
        format!("a load balancer's name has at most {LONGEST_NAME} characters; this one has {}", name.len())
    } else if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') {
        "a load balancer's name has only letters, digits and dashes".to_owned()
    } else if name.starts_with('-') || name.ends_with('-') || name.starts_with("internal-") {
        "a load balancer's name neither begins nor ends with a dash, nor begins with internal-".to_owned()
    } else {
        return Some(name);
    };
    match from_class {
        true => reading.refuse_class("loadBalancerName", &name, wrong, allowed(&annotation::LOAD_BALANCER_NAME)),
        false => reading.annotations.refuse(&annotation::LOAD_BALANCER_NAME, wrong, None),
    }
    None
}

/// What a field of a class may be: the same as the annotation.
pub(super) fn allowed(annotation: &'static Annotation) -> String {
    format!("allowed: {}", annotation.allowed())
}

/// What the class says, else what the annotation says.
fn choice<T: std::str::FromStr<Err = crate::id::UnknownValue>>(
    reading: &mut Reading<'_>,
    field: &str,
    of_class: impl Fn(&IngressClassParamsSpec) -> Option<&str>,
    annotation: &'static Annotation,
) -> Option<T> {
    let Some(text) = of_class(reading.class()).map(str::to_owned) else {
        return reading.annotations.choice(annotation);
    };
    let parsed = text.parse::<T>();
    if parsed.is_err() {
        reading.refuse_class(field, &text, "this value is unknown", allowed(annotation));
    }
    parsed.ok()
}

fn subnets(reading: &mut Reading<'_>) -> Option<Subnets> {
    if let Some(selector) = &reading.class().subnets {
        if let Some(ids) = &selector.ids {
            return Some(Subnets::OfClass(ids.iter().map(|id| SubnetName::Id(SubnetId::new(id.clone()))).collect()));
        }
        return selector.tags.clone().map(Subnets::Tagged);
    }
    let names = reading.annotations.list(&annotation::SUBNETS)?;
    if names.is_empty() {
        let hint = "name at least one subnet, or take the annotation away to have them discovered".to_owned();
        reading.annotations.refuse(&annotation::SUBNETS, "no subnet is named", Some(hint));
        return None;
    }
    let subnet = |name: String| match name.starts_with("subnet-") {
        true => SubnetName::Id(SubnetId::new(name)),
        false => SubnetName::NameTag(name),
    };
    Some(Subnets::Named(names.into_iter().map(subnet).collect()))
}

fn security_group_name(name: String) -> SecurityGroupName {
    match name.starts_with("sg-") {
        true => SecurityGroupName::Id(SecurityGroupId::new(name)),
        false => SecurityGroupName::NameTag(name),
    }
}

/// The class's tags come before the annotation's, key by key. Tags that are managed elsewhere are refused.
fn tags(reading: &mut Reading<'_>) -> Pairs {
    let mut tags = reading.annotations.map(&annotation::TAGS).unwrap_or_default();
    let managed = &reading.settings.external_managed_tags;
    for key in tags.keys().filter(|key| managed.contains(*key)).cloned().collect::<Vec<_>>() {
        reading.annotations.refuse(&annotation::TAGS, managed_elsewhere(&key), Some(format!("take {key:?} out of it")));
    }
    let of_class = reading.class_tags();
    for key in of_class.keys().filter(|key| managed.contains(*key)) {
        reading.refuse_class("tags", key, managed_elsewhere(key), format!("take {key:?} out of it"));
    }
    tags.extend(of_class);
    tags
}

/// Why a tag is refused.
pub(super) fn managed_elsewhere(key: &str) -> String {
    format!("the tag {key:?} is managed elsewhere (--external-managed-tags)")
}

/// The class's port comes before the annotation. LBC drops the redirect of the whole group when the class's is no number;
/// here that is a problem (`decisions.md`, Ingress 5).
fn ssl_redirect(reading: &mut Reading<'_>) -> Option<u16> {
    let Some(text) = reading.class().ssl_redirect_port.clone().filter(|text| !text.is_empty()) else {
        let port = reading.annotations.int32(&annotation::SSL_REDIRECT, 1..=65535)?;
        return u16::try_from(port).ok();
    };
    let port = text.parse::<u16>().ok().filter(|port| *port != 0);
    if port.is_none() {
        reading.refuse_class("sslRedirectPort", &text, "a port is 1 to 65535", allowed(&annotation::SSL_REDIRECT));
    }
    port
}

/// What is wrong with a setting on which the members of a group disagree.
pub(super) fn disagreement(annotation: &'static Annotation, value: String, other: &str, others: String) -> Problem {
    Problem::general(format!("{other} says {others:?}, and Ingresses that share a load balancer must agree"))
        .at(format!("metadata.annotations[{}]", annotation.key()))
        .value(value)
        .hint("make them agree, or take the setting away from one of them; until then that of the older Ingress holds")
}
