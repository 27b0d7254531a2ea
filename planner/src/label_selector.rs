//! Label selectors, as Kubernetes matches with them.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, LabelSelectorRequirement};

/// Whether a selector matches an object with these labels.
pub(crate) fn selects(selector: &LabelSelector, labels: Option<&BTreeMap<String, String>>) -> bool {
    let nothing = BTreeMap::new();
    let labels = labels.unwrap_or(&nothing);
    let exactly = selector.match_labels.iter().flatten().all(|(key, value)| labels.get(key) == Some(value));
    exactly && selector.match_expressions.iter().flatten().all(|requirement| holds(requirement, labels))
}

fn holds(requirement: &LabelSelectorRequirement, labels: &BTreeMap<String, String>) -> bool {
    let LabelSelectorRequirement { key, operator, values } = requirement;
    let is_one = |value: &String| values.iter().flatten().any(|allowed| allowed == value);
    match (operator.as_str(), labels.get(key)) {
        ("In", Some(value)) => is_one(value),
        ("NotIn", value) => !value.is_some_and(is_one),
        ("Exists", value) => value.is_some(),
        ("DoesNotExist", value) => value.is_none(),
        // Refused before it comes to this; to match nothing is then the safe side.
        _ => false,
    }
}

/// What is wrong with a selector, in sentences.
pub(crate) fn problems(selector: &LabelSelector) -> Vec<String> {
    let expressions = selector.match_expressions.iter().flatten();
    expressions
        .filter_map(|LabelSelectorRequirement { key, operator, values }| {
            let given = values.as_ref().is_some_and(|values| !values.is_empty());
            match operator.as_str() {
                "In" | "NotIn" if !given => Some(format!("{key}: operator {operator} needs values")),
                "Exists" | "DoesNotExist" if given => Some(format!("{key}: operator {operator} takes no values")),
                "In" | "NotIn" | "Exists" | "DoesNotExist" => None,
                other => Some(format!("{key}: operator {other:?} is none of In, NotIn, Exists, DoesNotExist")),
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn a_selector_that_cannot_match_says_why() {
        let selector = |operator: &str, values: Value| {
            let requirement = json!({ "key": "zone", "operator": operator, "values": values });
            serde_json::from_value::<LabelSelector>(json!({ "matchExpressions": [requirement] })).unwrap()
        };
        assert_eq!(problems(&selector("In", json!(["a"]))), [""; 0]);
        assert_eq!(problems(&selector("In", json!([]))), ["zone: operator In needs values"]);
        assert_eq!(problems(&selector("Exists", json!(["a"]))), ["zone: operator Exists takes no values"]);
        assert!(problems(&selector("Gt", json!(["1"])))[0].contains("is none of In"));
    }
}
