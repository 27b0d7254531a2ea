//! What the server says when it does not do what was asked: `Status` objects, with the API server's own words.

use serde_json::{Map, Value, json};

use super::resource::Resource;

/// A failure, as it is answered.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Refusal {
    pub(crate) code: u16,
    reason: &'static str,
    message: String,
    details: Map<String, Value>,
    /// The token with which an expired list can be continued, inconsistently.
    continuation: Option<String>,
}

/// One thing that is wrong with an object.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct FieldError {
    kind: FieldErrorKind,
    field: String,
    value: Value,
    detail: String,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum FieldErrorKind {
    Required,
    Invalid,
    Unsupported,
    Duplicate,
    Forbidden,
    Type,
    TooLong,
    TooMany,
}

impl Refusal {
    fn new(code: u16, reason: &'static str, message: impl Into<String>) -> Self {
        Self { code, reason, message: message.into(), details: Map::new(), continuation: None }
    }

    fn about(mut self, resource: &Resource, name: &str) -> Self {
        self.details.insert("name".to_owned(), json!(name));
        if !resource.group.is_empty() {
            self.details.insert("group".to_owned(), json!(resource.group));
        }
        self.details.insert("kind".to_owned(), json!(resource.plural));
        self
    }

    pub(crate) fn not_found(resource: &Resource, name: &str) -> Self {
        let message = format!("{} \"{name}\" not found", resource.qualified());
        Self::new(404, "NotFound", message).about(resource, name)
    }

    pub(crate) fn already_exists(resource: &Resource, name: &str) -> Self {
        let message = format!("{} \"{name}\" already exists", resource.qualified());
        Self::new(409, "AlreadyExists", message).about(resource, name)
    }

    /// The group of a path is served, the resource is none of it.
    pub(crate) fn unknown_resource() -> Self {
        Self::new(404, "NotFound", "the server could not find the requested resource")
    }

    /// Somebody else wrote in between.
    pub(crate) fn modified(resource: &Resource, name: &str) -> Self {
        Self::conflict(
            resource,
            name,
            "the object has been modified; please apply your changes to the latest version and try again",
        )
    }

    pub(crate) fn conflict(resource: &Resource, name: &str, why: &str) -> Self {
        let message = format!("Operation cannot be fulfilled on {} \"{name}\": {why}", resource.qualified());
        Self::new(409, "Conflict", message).about(resource, name)
    }

    /// Fields that a server-side apply would take from other managers: who holds which.
    pub(crate) fn apply_conflict(conflicts: &[(String, Vec<String>)]) -> Self {
        let all = || conflicts.iter().flat_map(|(who, fields)| fields.iter().map(move |field| (who, field)));
        let message = match all().collect::<Vec<_>>().as_slice() {
            [(who, field)] => format!("Apply failed with 1 conflict: conflict with {who}: {field}"),
            many => {
                let lines = conflicts.iter().flat_map(|(who, fields)| {
                    let fields = fields.iter().map(|field| format!("- {field}"));
                    [format!("conflicts with {who}:")].into_iter().chain(fields)
                });
                let lines: Vec<String> = lines.collect();
                format!("Apply failed with {} conflicts: {}", many.len(), lines.join("\n"))
            }
        };
        let causes: Vec<Value> = all()
            .map(|(who, field)| {
                json!({ "reason": "FieldManagerConflict", "message": format!("conflict with {who}"), "field": field })
            })
            .collect();
        let mut refusal = Self::new(409, "Conflict", message);
        refusal.details.insert("causes".to_owned(), Value::Array(causes));
        refusal
    }

    pub(crate) fn forbidden(resource: &Resource, name: &str, why: &str) -> Self {
        let message = format!("{} \"{name}\" is forbidden: {why}", resource.qualified());
        Self::new(403, "Forbidden", message).about(resource, name)
    }

    /// Nothing is made in a namespace that is going.
    pub(crate) fn terminating(resource: &Resource, name: &str, namespace: &str) -> Self {
        let why = format!("unable to create new content in namespace {namespace} because it is being terminated");
        let mut refusal = Self::forbidden(resource, name, &why);
        let cause = json!({
            "reason": "NamespaceTerminating",
            "message": format!("namespace {namespace} is being terminated"),
            "field": "metadata.namespace",
        });
        refusal.details.insert("causes".to_owned(), json!([cause]));
        refusal
    }

    pub(crate) fn invalid(resource: &Resource, name: &str, errors: &[FieldError]) -> Self {
        let words: Vec<String> = errors.iter().map(|error| format!("{}: {}", error.field, error.body())).collect();
        let words = match words.as_slice() {
            [one] => one.clone(),
            all => format!("[{}]", all.join(", ")),
        };
        let message = format!("{} \"{name}\" is invalid: {words}", resource.qualified_kind());
        let mut refusal = Self::new(422, "Invalid", message).about(resource, name);
        refusal.details.insert("kind".to_owned(), json!(resource.kind));
        let causes: Vec<Value> = errors.iter().map(FieldError::cause).collect();
        refusal.details.insert("causes".to_owned(), Value::Array(causes));
        refusal
    }

    /// What is wrong with the parameters of a request: `kind` says which (`PatchOptions`).
    pub(crate) fn invalid_options(kind: &str, error: &FieldError) -> Self {
        let message = format!("{kind}.meta.k8s.io \"\" is invalid: {}: {}", error.field, error.body());
        let mut refusal = Self::new(422, "Invalid", message);
        refusal.details.insert("group".to_owned(), json!("meta.k8s.io"));
        refusal.details.insert("kind".to_owned(), json!(kind));
        refusal.details.insert("causes".to_owned(), json!([error.cause()]));
        refusal
    }

    /// An object that says it is of another kind than its path.
    pub(crate) fn wrong_kind(resource: &Resource, name: &str, found: &str) -> Self {
        let claimed = Resource { kind: found.to_owned(), ..resource.clone() };
        let error = FieldError::invalid("kind", found, format!("must be {}", resource.kind));
        Self::invalid(&claimed, name, &[error])
    }

    pub(crate) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(400, "BadRequest", message)
    }

    /// An object that has another name than its path.
    pub(crate) fn other_name(found: &str, asked: &str) -> Self {
        Self::bad_request(format!("the name of the object ({found}) does not match the name on the URL ({asked})"))
    }

    /// A JSON patch that does not fit the object; the server does not say how.
    pub(crate) fn unprocessable() -> Self {
        Self::new(422, "Invalid", "the server rejected our request due to an error in our request")
    }

    pub(crate) fn method_not_allowed() -> Self {
        Self::new(405, "MethodNotAllowed", "the server does not allow this method on the requested resource")
    }

    pub(crate) fn unsupported_media_type(message: impl Into<String>) -> Self {
        Self::new(415, "UnsupportedMediaType", message)
    }

    pub(crate) fn not_acceptable() -> Self {
        Self::new(406, "NotAcceptable", "only the following media types are accepted: application/json")
    }

    /// A version that is not kept any more.
    pub(crate) fn expired(message: impl Into<String>) -> Self {
        Self::new(410, "Expired", message)
    }

    /// A list whose pages would not fit together any more; `token` goes on all the same.
    pub(crate) fn continue_expired(token: String) -> Self {
        let message = "The provided continue parameter is too old to display a consistent list result. You can start a \
            new list without the continue parameter, or use the continue token in this response to retrieve the \
            remainder of the results. Continuing with the provided token results in an inconsistent list - objects that \
            were created, modified, or deleted between the time the first chunk was returned and now may show up in the \
            list.";
        Self { continuation: Some(token), ..Self::expired(message) }
    }

    /// A version that this server has not seen yet.
    pub(crate) fn too_large_version(asked: u64, current: u64) -> Self {
        let message = format!("Timeout: Too large resource version: {asked}, current: {current}");
        let mut refusal = Self::new(504, "Timeout", message);
        let cause = json!({ "reason": "ResourceVersionTooLarge", "message": "Too large resource version" });
        refusal.details.insert("causes".to_owned(), json!([cause]));
        refusal.details.insert("retryAfterSeconds".to_owned(), json!(1));
        refusal
    }

    pub(crate) fn internal(message: impl std::fmt::Display) -> Self {
        Self::new(500, "InternalError", format!("Internal error occurred: {message}"))
    }

    /// A failure that the server did not expect, and so gives no reason for.
    pub(crate) fn unexpected(message: &str) -> Self {
        Self::new(500, "", message)
    }

    /// Why, in the server's words.
    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    /// The `Status` object.
    pub(crate) fn status(&self) -> Value {
        let Self { code, reason, message, details, continuation } = self;
        let mut status = json!({
            "kind": "Status", "apiVersion": "v1", "metadata": {},
            "status": "Failure", "message": message, "reason": reason, "code": code,
        });
        if let Some(token) = continuation {
            status["metadata"]["continue"] = json!(token);
        }
        if !details.is_empty() {
            status["details"] = Value::Object(details.clone());
        }
        status
    }
}

impl FieldError {
    fn new(kind: FieldErrorKind, field: impl Into<String>, value: Value, detail: impl Into<String>) -> Self {
        Self { kind, field: field.into(), value, detail: detail.into() }
    }

    pub(crate) fn required(field: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::new(FieldErrorKind::Required, field, Value::Null, detail)
    }

    pub(crate) fn invalid(field: impl Into<String>, value: impl Into<Value>, detail: impl Into<String>) -> Self {
        Self::new(FieldErrorKind::Invalid, field, value.into(), detail)
    }

    /// A value that is none of those which are supported.
    pub(crate) fn unsupported(field: impl Into<String>, value: impl Into<Value>, supported: &[&str]) -> Self {
        let supported: Vec<String> = supported.iter().map(|value| format!("\"{value}\"")).collect();
        let detail = format!("supported values: {}", supported.join(", "));
        Self::new(FieldErrorKind::Unsupported, field, value.into(), detail)
    }

    pub(crate) fn duplicate(field: impl Into<String>, value: impl Into<Value>) -> Self {
        Self::new(FieldErrorKind::Duplicate, field, value.into(), "")
    }

    pub(crate) fn forbidden(field: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::new(FieldErrorKind::Forbidden, field, Value::Null, detail)
    }

    /// A text of more bytes than `most`.
    pub(crate) fn too_long(field: impl Into<String>, most: usize) -> Self {
        Self::new(FieldErrorKind::TooLong, field, Value::Null, format!("may not be more than {most} bytes"))
    }

    /// A list of more entries than `most`.
    pub(crate) fn too_many(field: impl Into<String>, count: usize, most: usize) -> Self {
        let unit = if most == 1 { "item" } else { "items" };
        Self::new(FieldErrorKind::TooMany, field, json!(count), format!("must have at most {most} {unit}"))
    }

    /// Which field.
    pub(crate) fn field(&self) -> &str {
        &self.field
    }

    /// Whether it is about a field that is not there.
    pub(crate) fn is_required(&self) -> bool {
        self.kind == FieldErrorKind::Required
    }

    /// A value of another type than the schema's.
    pub(crate) fn wrong_type(field: impl Into<String>, value: impl Into<Value>, detail: impl Into<String>) -> Self {
        Self::new(FieldErrorKind::Type, field, value.into(), detail)
    }

    fn body(&self) -> String {
        let Self { kind, value, detail, field: _ } = self;
        let (words, shows_value) = match kind {
            FieldErrorKind::Required => ("Required value", false),
            FieldErrorKind::Forbidden => ("Forbidden", false),
            FieldErrorKind::Duplicate => ("Duplicate value", true),
            FieldErrorKind::TooLong => ("Too long", false),
            FieldErrorKind::TooMany => ("Too many", true),
            FieldErrorKind::Unsupported => ("Unsupported value", true),
            FieldErrorKind::Invalid | FieldErrorKind::Type => ("Invalid value", true),
        };
        let value = if shows_value { format!(": {value}") } else { String::new() };
        let detail = if detail.is_empty() { String::new() } else { format!(": {detail}") };
        format!("{words}{value}{detail}")
    }

    fn cause(&self) -> Value {
        let reason = match self.kind {
            FieldErrorKind::Required => "FieldValueRequired",
            FieldErrorKind::Invalid => "FieldValueInvalid",
            FieldErrorKind::Unsupported => "FieldValueNotSupported",
            FieldErrorKind::Duplicate => "FieldValueDuplicate",
            FieldErrorKind::Forbidden => "FieldValueForbidden",
            FieldErrorKind::Type => "FieldValueTypeInvalid",
            FieldErrorKind::TooLong => "FieldValueTooLong",
            FieldErrorKind::TooMany => "FieldValueTooMany",
        };
        json!({ "reason": reason, "message": self.body(), "field": self.field })
    }
}
