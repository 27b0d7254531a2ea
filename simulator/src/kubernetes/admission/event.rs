//! Events: what those of the newer group must say, and that nothing but their series changes.

use k8s_openapi::api::core::v1::Event;
use serde_json::Value;

use super::metadata::is_qualified;
use crate::kubernetes::refusal::FieldError;

/// Characters of an Event's text.
const LONGEST_NOTE: usize = 1024;

/// Checks an Event that is written through `events.k8s.io`. The fields are named as the core group has them.
pub(super) fn admit(event: &Event, live: Option<&Event>, errors: &mut Vec<FieldError>) {
    let Some(live) = live else {
        check(event, errors);
        return;
    };
    let text = |text: &Option<String>| Value::from(text.clone().unwrap_or_default());
    for (field, value, is_same) in [
        ("involvedObject", Value::Null, event.involved_object == live.involved_object),
        ("reason", text(&event.reason), event.reason == live.reason),
        ("message", text(&event.message), event.message == live.message),
        ("type", text(&event.type_), event.type_ == live.type_),
        ("eventTime", Value::Null, event.event_time == live.event_time),
        ("action", text(&event.action), event.action == live.action),
        ("related", Value::Null, event.related == live.related),
        (
            "reportingController",
            text(&event.reporting_component),
            event.reporting_component == live.reporting_component,
        ),
        ("reportingInstance", text(&event.reporting_instance), event.reporting_instance == live.reporting_instance),
    ] {
        if !is_same {
            errors.push(FieldError::invalid(field, value, "field is immutable"));
        }
    }
}

fn check(event: &Event, errors: &mut Vec<FieldError>) {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    if event.event_time.is_none() {
        errors.push(FieldError::required("eventTime", ""));
    }
    for (field, value) in [
        ("reportingController", text(&event.reporting_component)),
        ("reportingInstance", text(&event.reporting_instance)),
        ("action", text(&event.action)),
        ("reason", text(&event.reason)),
    ] {
        if value.is_empty() {
            errors.push(FieldError::required(field, ""));
        } else if field == "reportingController" && !is_qualified(&value) {
            errors.push(FieldError::invalid(field, value, "must be a qualified name"));
        }
    }
    let kind = text(&event.type_);
    if !matches!(kind.as_str(), "Normal" | "Warning") {
        errors.push(FieldError::invalid("type", "", format!("has invalid value: {kind}")));
    }
    if text(&event.message).len() > LONGEST_NOTE {
        errors.push(FieldError::invalid("message", "", format!("can have at most {LONGEST_NOTE} characters")));
    }
}
