//! Which objects a list or a watch is about: label selectors and field selectors.

use serde_json::Value;

use super::admission::is_label_value;
use super::refusal::Refusal;
use super::resource::{Builtin, Resource};

/// What objects must satisfy.
#[derive(Clone, Debug, Default)]
pub(crate) struct Selector {
    labels: Vec<Requirement>,
    fields: Vec<FieldRequirement>,
}

#[derive(Clone, Debug, PartialEq)]
struct Requirement {
    key: String,
    operator: Operator,
}

#[derive(Clone, Debug, PartialEq)]
enum Operator {
    In(Vec<String>),
    NotIn(Vec<String>),
    Exists,
    DoesNotExist,
    GreaterThan(i64),
    LessThan(i64),
}

#[derive(Clone, Debug, PartialEq)]
struct FieldRequirement {
    path: Vec<String>,
    value: String,
    is_equal: bool,
}

impl Selector {
    /// Reads the two selectors of a request.
    ///
    /// # Errors
    ///
    /// A selector cannot be read, or names a field by which the resource cannot be selected.
    pub(crate) fn parse(resource: &Resource, labels: &str, fields: &str) -> Result<Self, Refusal> {
        Ok(Self {
            labels: parse_labels(labels)
                .map_err(|why| Refusal::bad_request(format!("unable to parse requirement: {why}")))?,
            fields: parse_fields(resource, fields).map_err(Refusal::bad_request)?,
        })
    }

    /// Whether an object (as it is kept) is meant.
    pub(crate) fn matches(&self, object: &Value) -> bool {
        self.labels.iter().all(|requirement| requirement.holds(&object["metadata"]["labels"]))
            && self.fields.iter().all(|requirement| requirement.holds(object))
    }

    /// Whether every object is meant.
    pub(crate) fn is_empty(&self) -> bool {
        self.labels.is_empty() && self.fields.is_empty()
    }
}

impl Requirement {
    fn holds(&self, labels: &Value) -> bool {
        let value = labels[&self.key].as_str();
        let number = || value.and_then(|value| value.parse::<i64>().ok());
        match &self.operator {
            Operator::In(values) => value.is_some_and(|value| values.iter().any(|wanted| wanted == value)),
            Operator::NotIn(values) => value.is_none_or(|value| values.iter().all(|unwanted| unwanted != value)),
            Operator::Exists => value.is_some(),
            Operator::DoesNotExist => value.is_none(),
            Operator::GreaterThan(least) => number().is_some_and(|number| number > *least),
            Operator::LessThan(most) => number().is_some_and(|number| number < *most),
        }
    }
}

impl FieldRequirement {
    fn holds(&self, object: &Value) -> bool {
        let found = self.path.iter().fold(object, |value, field| &value[field.as_str()]);
        let is_same = match found {
            Value::Null => self.value.is_empty() || self.value == "false",
            Value::String(text) => *text == self.value,
            Value::Bool(flag) => flag.to_string() == self.value,
            Value::Number(number) => number.to_string() == self.value,
            Value::Array(_) | Value::Object(_) => false,
        };
        is_same == self.is_equal
    }
}

/// Reads `a=b,c!=d,e in (f,g),h,!i`.
fn parse_labels(text: &str) -> Result<Vec<Requirement>, String> {
    split(text).into_iter().map(parse_requirement).collect()
}

/// Splits at the commas that are not in brackets.
fn split(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut depth, mut start) = (0_usize, 0);
    for (place, character) in text.char_indices() {
        match character {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                parts.push(text[start..place].trim());
                start = place + 1;
            }
            _ => {}
        }
    }
    parts.push(text[start..].trim());
    parts.retain(|part| !part.is_empty());
    parts
}

fn parse_requirement(text: &str) -> Result<Requirement, String> {
    let requirement = |key: &str, operator| {
        let key = checked_key(key.trim())?;
        if let Operator::In(values) | Operator::NotIn(values) = &operator {
            check_values(&key, values)?;
        }
        Ok(Requirement { key, operator })
    };
    let one = |value: &str| vec![value.trim().to_owned()];
    if let Some(key) = text.strip_prefix('!') {
        return requirement(key, Operator::DoesNotExist);
    }
    if let Some((key, value)) = text.split_once("!=") {
        return requirement(key, Operator::NotIn(one(value)));
    }
    if let Some((key, value)) = text.split_once("==").or_else(|| text.split_once('=')) {
        return requirement(key, Operator::In(one(value)));
    }
    let number = |value: &str| value.trim().parse::<i64>().map_err(|why| why.to_string());
    if let Some((key, value)) = text.split_once('>') {
        return requirement(key, Operator::GreaterThan(number(value)?));
    }
    if let Some((key, value)) = text.split_once('<') {
        return requirement(key, Operator::LessThan(number(value)?));
    }
    let mut words = text.splitn(3, char::is_whitespace);
    let (key, word, rest) = (words.next().unwrap_or_default(), words.next(), words.next().unwrap_or_default());
    let values = || {
        let inner = rest.trim().strip_prefix('(').and_then(|rest| rest.strip_suffix(')'));
        let inner = inner.ok_or_else(|| format!("found '{rest}', expected: '('"))?;
        Ok::<_, String>(inner.split(',').map(|value| value.trim().to_owned()).collect())
    };
    match word {
        None => requirement(key, Operator::Exists),
        Some("in") => requirement(key, Operator::In(values()?)),
        Some("notin") => requirement(key, Operator::NotIn(values()?)),
        Some(other) => Err(format!("found '{other}', expected: in, notin, =, ==, !=, gt, lt")),
    }
}

fn checked_key(key: &str) -> Result<String, String> {
    let is_good = |character: char| character.is_ascii_alphanumeric() || "-_./".contains(character);
    let good = !key.is_empty() && key.chars().all(is_good);
    if good { Ok(key.to_owned()) } else { Err(format!("<nil>: Invalid value: \"{key}\"")) }
}

fn check_values(key: &str, values: &[String]) -> Result<(), String> {
    match values.iter().position(|value| !is_label_value(value)) {
        None => Ok(()),
        Some(place) => Err(format!(
            "values[{place}][{key}]: Invalid value: \"{}\": a valid label must be an empty string or consist of \
             alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
            values[place]
        )),
    }
}

/// Reads `metadata.name=web,spec.type!=ClusterIP`.
fn parse_fields(resource: &Resource, text: &str) -> Result<Vec<FieldRequirement>, String> {
    let parse = |part: &str| {
        let (field, value, is_equal) = if let Some((field, value)) = part.split_once("!=") {
            (field, value, false)
        } else if let Some((field, value)) = part.split_once("==").or_else(|| part.split_once('=')) {
            (field, value, true)
        } else {
            return Err(format!("invalid selector: '{part}'; can't understand '{part}'"));
        };
        if !is_selectable(resource, field) {
            return Err(match has_fields(resource) {
                true => format!("field label not supported: {field}"),
                false => {
                    format!("\"{field}\" is not a known field selector: only \"metadata.name\", \"metadata.namespace\"")
                }
            });
        }
        let field = match field {
            "name" if resource.builtin() == Some(Builtin::Namespace) => "metadata.name",
            field => kept_as(resource, field),
        };
        let path = field.split('.').map(str::to_owned).collect();
        Ok(FieldRequirement { path, value: value.to_owned(), is_equal })
    };
    split(text).into_iter().map(parse).collect()
}

/// Whether objects are selected by more than their names.
fn has_fields(resource: &Resource) -> bool {
    use Builtin::{Event, Namespace, Node, Pod, Secret, Service};
    matches!(resource.builtin(), Some(Pod | Service | Node | Namespace | Secret | Event))
}

fn is_selectable(resource: &Resource, field: &str) -> bool {
    let of_kind: &[&str] = match resource.builtin() {
        Some(Builtin::Pod) => &[
            "spec.nodeName",
            "spec.restartPolicy",
            "spec.schedulerName",
            "spec.serviceAccountName",
            "spec.hostNetwork",
            "status.phase",
            "status.podIP",
            "status.nominatedNodeName",
        ],
        Some(Builtin::Service) => &["spec.clusterIP", "spec.type"],
        Some(Builtin::Node) => &["spec.unschedulable"],
        Some(Builtin::Namespace) => &["status.phase", "name"],
        Some(Builtin::Secret) => &["type"],
        Some(Builtin::Event) if resource.group.is_empty() => &[
            "involvedObject.kind",
            "involvedObject.namespace",
            "involvedObject.name",
            "involvedObject.uid",
            "involvedObject.apiVersion",
            "reason",
            "reportingComponent",
            "type",
        ],
        Some(Builtin::Event) => &[
            "regarding.kind",
            "regarding.namespace",
            "regarding.name",
            "regarding.uid",
            "regarding.apiVersion",
            "reason",
            "reportingController",
            "type",
        ],
        _ => &[],
    };
    matches!(field, "metadata.name" | "metadata.namespace") || of_kind.contains(&field)
}

/// Events are kept as the core group has them.
fn kept_as<'f>(resource: &Resource, field: &'f str) -> &'f str {
    if resource.builtin() != Some(Builtin::Event) {
        return field;
    }
    match field {
        "regarding.kind" => "involvedObject.kind",
        "regarding.namespace" => "involvedObject.namespace",
        "regarding.name" => "involvedObject.name",
        "regarding.uid" => "involvedObject.uid",
        "regarding.apiVersion" => "involvedObject.apiVersion",
        "reportingController" => "reportingComponent",
        field => field,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn labels_are_selected_as_kubectl_says() {
        let object = json!({ "metadata": { "labels": { "app": "web", "tier": "1" } } });
        for (selector, matches) in [
            ("", true),
            ("app=web", true),
            ("app==web,tier=1", true),
            ("app!=web", false),
            ("other!=web", true),
            ("app in (api, web)", true),
            ("app notin (api,web)", false),
            ("other notin (api)", true),
            ("app", true),
            ("!app", false),
            ("!other", true),
            ("tier>0,tier<2", true),
            ("tier>1", false),
        ] {
            let selector = Selector { labels: parse_labels(selector).unwrap(), fields: Vec::new() };
            assert_eq!(selector.matches(&object), matches, "{:?}", selector.labels);
        }
        assert!(parse_labels("app in web").is_err());
        assert!(parse_labels("a b c").is_err());
    }
}
