//! Attributes of load balancers, target groups and listeners: describe and modify.
//!
//! Every resource holds its full set from the start, so that what is read back is what AWS shows.

mod catalogue;
mod combinations;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::placement::invalid_configuration;
use super::store::Store;
use crate::wire::ApiError;
use crate::wire::constraint::{List, Text};

pub(super) use self::catalogue::{
    DELETION_PROTECTION, DEREGISTRATION_DELAY, of_listener, of_load_balancer, of_target_group,
};

/// Attributes by key.
pub(super) type Attributes = BTreeMap<String, String>;

/// The attributes that one kind of resource has.
pub(super) struct Catalogue {
    /// How AWS's texts call an attribute of this kind: `Load balancer`.
    kind: &'static str,
    /// What the resource is called when it does not have a key that others of its kind have.
    owner: String,
    attributes: Vec<Attribute>,
    /// Keys that other resources of the kind have.
    foreign: Vec<&'static str>,
}

/// One attribute: its key, its default and what it may be.
#[derive(Clone, Copy)]
pub(super) struct Attribute {
    key: &'static str,
    default: &'static str,
    allowed: Allowed,
}

#[derive(Clone, Copy)]
enum Allowed {
    Flag,
    OneOf(&'static [&'static str]),
    Number(i64, i64),
    OffOrNumber(i64, i64),
    /// Zero switches off.
    ZeroOrNumber(i64, i64),
    Text,
    /// What an HTTP header can have. Source: Application Load Balancer guide, "HTTP header modification".
    HeaderValue,
    /// The default alone: AWS shows it and does not let it be changed.
    Fixed,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct OfLoadBalancer {
    load_balancer_arn: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct OfTargetGroup {
    target_group_arn: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct OfListener {
    listener_arn: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct ModifyLoadBalancer {
    load_balancer_arn: String,
    attributes: List<AttributeRequest, 1, 20>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct ModifyTargetGroup {
    target_group_arn: String,
    attributes: List<AttributeRequest, 1, 100>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct ModifyListener {
    listener_arn: String,
    attributes: List<AttributeRequest, 1, 100>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct AttributeRequest {
    key: Text<1, 256>,
    value: Option<Text<0, 1024>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct AttributesResult {
    attributes: Vec<Pair>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Pair {
    key: String,
    value: String,
}

/// `DescribeLoadBalancerAttributes`.
pub(crate) fn describe_load_balancer(store: &Store, request: OfLoadBalancer) -> Result<AttributesResult, ApiError> {
    Ok(result(&store.load_balancer(&request.load_balancer_arn)?.attributes))
}

/// `DescribeTargetGroupAttributes`.
pub(crate) fn describe_target_group(store: &Store, request: OfTargetGroup) -> Result<AttributesResult, ApiError> {
    Ok(result(&store.target_group(&request.target_group_arn)?.attributes))
}

/// `DescribeListenerAttributes`.
pub(crate) fn describe_listener(store: &Store, request: OfListener) -> Result<AttributesResult, ApiError> {
    Ok(result(&store.listener(&request.listener_arn)?.attributes))
}

/// `ModifyLoadBalancerAttributes`: all or nothing; the answer is all attributes.
pub(crate) fn modify_load_balancer(
    store: &mut Store,
    request: ModifyLoadBalancer,
) -> Result<AttributesResult, ApiError> {
    let load_balancer = store.load_balancer_mut(&request.load_balancer_arn)?;
    let before = &load_balancer.attributes;
    let settings = &load_balancer.settings;
    let catalogue = of_load_balancer(settings.family, settings.scheme);
    let changed = catalogue.apply(before, pairs(request.attributes)?)?;
    combinations::check_load_balancer(before, &changed)?;
    load_balancer.attributes = changed;
    Ok(result(&load_balancer.attributes))
}

/// `ModifyTargetGroupAttributes`: all or nothing; the answer is all attributes.
pub(crate) fn modify_target_group(store: &mut Store, request: ModifyTargetGroup) -> Result<AttributesResult, ApiError> {
    let group = store.target_group_mut(&request.target_group_arn)?;
    let changed = group.settings.catalogue().apply(&group.attributes, pairs(request.attributes)?)?;
    combinations::check_target_group(&changed)?;
    group.attributes = changed;
    Ok(result(&group.attributes))
}

/// `ModifyListenerAttributes`: all or nothing; the answer is all attributes.
pub(crate) fn modify_listener(store: &mut Store, request: ModifyListener) -> Result<AttributesResult, ApiError> {
    let listener = store.listener_mut(&request.listener_arn)?;
    let changed = of_listener(listener.protocol).apply(&listener.attributes, pairs(request.attributes)?)?;
    listener.attributes = changed;
    Ok(result(&listener.attributes))
}

impl Catalogue {
    /// What a new resource has.
    pub(super) fn defaults(&self) -> Attributes {
        self.attributes.iter().map(|attribute| (attribute.key.to_owned(), attribute.default.to_owned())).collect()
    }

    /// What a resource has whose catalogue is this one now: the defaults, but for values that fit here too.
    pub(super) fn carried_over(&self, standing: &Attributes) -> Attributes {
        let mut attributes = self.defaults();
        for (key, value) in &mut attributes {
            if let Some(kept) = standing.get(key) {
                value.clone_from(kept);
            }
        }
        attributes
    }

    /// The attributes with some of them changed, if AWS takes every change.
    pub(super) fn apply(&self, current: &Attributes, changes: Attributes) -> Result<Attributes, ApiError> {
        let mut attributes = current.clone();
        for (key, value) in changes {
            self.find(&key)?.check(self.kind, &value)?;
            attributes.insert(key, value);
        }
        Ok(attributes)
    }

    fn find(&self, key: &str) -> Result<&Attribute, ApiError> {
        let known = self.attributes.iter().find(|attribute| attribute.key == key);
        known.ok_or_else(|| {
            let (kind, owner) = (self.kind, &self.owner);
            if self.foreign.contains(&key) {
                return invalid_configuration(format!("{kind} attribute key '{key}' is not supported on {owner}"));
            }
            ApiError::validation(format!("{kind} attribute key '{key}' is not recognized"))
        })
    }
}

impl Attribute {
    fn check(&self, kind: &str, value: &str) -> Result<(), ApiError> {
        let number = |min, max| value.parse::<i64>().is_ok_and(|number| (min..=max).contains(&number));
        let (fits, allowed) = match self.allowed {
            Allowed::Flag => (matches!(value, "true" | "false"), "true, false".to_owned()),
            Allowed::OneOf(values) => (values.contains(&value), values.join(", ")),
            Allowed::Number(min, max) => (number(min, max), format!("{min}-{max}")),
            Allowed::OffOrNumber(min, max) => (value == "off" || number(min, max), format!("off, {min}-{max}")),
            Allowed::ZeroOrNumber(min, max) => (value == "0" || number(min, max), format!("0, {min}-{max}")),
            Allowed::Text => (true, String::new()),
            Allowed::HeaderValue => {
                (value.chars().all(is_header_character), "letters, digits and punctuation".to_owned())
            }
            Allowed::Fixed if value == self.default => (true, String::new()),
            Allowed::Fixed => {
                let message = format!("{kind} attribute '{}' cannot be changed from '{}'", self.key, self.default);
                return Err(invalid_configuration(message));
            }
        };
        if fits {
            return Ok(());
        }
        Err(ApiError::validation(format!(
            "{kind} attribute value '{value}' of the key '{}' is not valid; allowed: {allowed}",
            self.key
        )))
    }
}

fn is_header_character(c: char) -> bool {
    c.is_ascii_alphanumeric() || "_ :;.,\\/'?!(){}[]@<>=-+*#&`|~^%\"".contains(c)
}

fn pairs<const MAX: i64>(list: List<AttributeRequest, 1, MAX>) -> Result<Attributes, ApiError> {
    let mut pairs = Attributes::new();
    for attribute in list.into_vec() {
        let key = attribute.key.into_string();
        if pairs.insert(key.clone(), attribute.value.map(Text::into_string).unwrap_or_default()).is_some() {
            return Err(ApiError::validation(format!("Attribute key '{key}' was specified more than once")));
        }
    }
    Ok(pairs)
}

fn result(attributes: &Attributes) -> AttributesResult {
    let pair = |(key, value): (&String, &String)| Pair { key: key.clone(), value: value.clone() };
    AttributesResult { attributes: attributes.iter().map(pair).collect() }
}
