//! Checks of names and of metadata that every kind has.

use k8s_openapi::api::core::v1::{ConfigMap, Secret};
use serde_json::Value;

use crate::kubernetes::object::{finalizers, meta_text};
use crate::kubernetes::refusal::FieldError;
use crate::kubernetes::resource::Builtin;
use crate::kubernetes::target::Target;

const LABEL: &str = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start \
    and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is \
    '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const SUBDOMAIN: &str = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and \
    must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is \
    '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";

/// Bytes of all annotations of an object.
const MOST_ANNOTATIONS: usize = 256 * 1024;
/// Those that need no domain.
const STANDARD_FINALIZERS: &[&str] = &["foregroundDeletion", "kubernetes", "orphan"];

/// Checks the metadata of an object that is to be made.
pub(super) fn check_new(target: &Target, object: &Value) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let name = meta_text(object, "name");
    let is_label = matches!(target.resource.builtin(), Some(Builtin::Service | Builtin::Namespace));
    if name.is_empty() {
        errors.push(FieldError::required("metadata.name", "name or generateName is required"));
    } else if let Err(why) = if is_label { check_label(name) } else { check_subdomain(name) } {
        errors.push(FieldError::invalid("metadata.name", name, why));
    }
    errors.extend(check(target, object));
    errors
}

/// Checks the metadata of any object.
pub(super) fn check(target: &Target, object: &Value) -> Vec<FieldError> {
    let mut errors = Vec::new();
    check_finalizers(target, object, &mut errors);
    let labels = object["metadata"]["labels"].as_object().into_iter().flatten();
    for (key, value) in labels {
        if !is_qualified(key) {
            let why = "name part must consist of alphanumeric characters, '-', '_' or '.'";
            errors.push(FieldError::invalid("metadata.labels", key.as_str(), why));
        }
        let value = value.as_str().unwrap_or_default();
        if !is_label_value(value) {
            let why = "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and \
                must start and end with an alphanumeric character";
            errors.push(FieldError::invalid("metadata.labels", value, why));
        }
    }
    let annotations = object["metadata"]["annotations"].as_object().into_iter().flatten();
    for (key, _) in annotations.filter(|(key, _)| !is_qualified(&key.to_lowercase())) {
        let why = "name part must consist of alphanumeric characters, '-', '_' or '.'";
        errors.push(FieldError::invalid("metadata.annotations", key.as_str(), why));
    }
    let annotations = object["metadata"]["annotations"].as_object().into_iter().flatten();
    let size: usize = annotations.map(|(key, value)| key.len() + value.as_str().unwrap_or_default().len()).sum();
    if size > MOST_ANNOTATIONS {
        errors.push(FieldError::too_long("metadata.annotations", MOST_ANNOTATIONS));
    }
    errors
}

fn check_finalizers(target: &Target, object: &Value, errors: &mut Vec<FieldError>) {
    for finalizer in finalizers(object).filter(|finalizer| !is_qualified(finalizer)) {
        let why = "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an \
            alphanumeric character";
        errors.push(FieldError::invalid("metadata.finalizers", finalizer, why));
    }
    let is_known = |name: &str| name.contains('/') || STANDARD_FINALIZERS.contains(&name);
    // Of custom resources the server only warns.
    let is_held = target.resource.builtin().is_some();
    for (place, finalizer) in finalizers(object).enumerate().filter(|(_, name)| is_held && !is_known(name)) {
        let why = "name is neither a standard finalizer name nor is it fully qualified";
        errors.push(FieldError::invalid(format!("metadata.finalizers[{place}]"), finalizer, why));
    }
}

/// Whether a text may be the value of a label.
pub(in crate::kubernetes) fn is_label_value(value: &str) -> bool {
    value.is_empty() || is_name(value)
}

/// Whether a text is a name of at most 63 characters, with or without a domain before it.
pub(super) fn is_qualified(text: &str) -> bool {
    match text.split_once('/') {
        Some((domain, name)) => check_subdomain(domain).is_ok() && is_name(name),
        None => is_name(text),
    }
}

fn is_name(text: &str) -> bool {
    let ends_well = |character: Option<char>| character.is_some_and(|character| character.is_ascii_alphanumeric());
    let is_good = |character: char| character.is_ascii_alphanumeric() || "-_.".contains(character);
    text.len() <= 63 && ends_well(text.chars().next()) && ends_well(text.chars().last()) && text.chars().all(is_good)
}

/// Checks a name of one part.
///
/// # Errors
///
/// What such a name must be.
pub(super) fn check_label(text: &str) -> Result<(), &'static str> {
    let is_good = |character: char| character.is_ascii_lowercase() || character.is_ascii_digit() || character == '-';
    if text.len() > 63 {
        return Err("must be no more than 63 characters");
    }
    let good = text.chars().all(is_good) && !text.is_empty() && !text.starts_with('-') && !text.ends_with('-');
    if good { Ok(()) } else { Err(LABEL) }
}

/// Checks a name of parts with dots between them.
///
/// # Errors
///
/// What such a name must be.
pub(super) fn check_subdomain(text: &str) -> Result<(), &'static str> {
    if text.len() > 253 {
        return Err("must be no more than 253 characters");
    }
    let is_part = |part: &str| {
        let is_good =
            |character: char| character.is_ascii_lowercase() || character.is_ascii_digit() || character == '-';
        !part.is_empty() && part.chars().all(is_good) && !part.starts_with('-') && !part.ends_with('-')
    };
    if text.split('.').all(is_part) { Ok(()) } else { Err(SUBDOMAIN) }
}

/// A Secret that says no type is opaque; texts are kept as bytes.
pub(super) fn fill_secret_defaults(secret: &mut Secret) {
    secret.type_.get_or_insert_with(|| "Opaque".to_owned());
    for (key, text) in secret.string_data.take().unwrap_or_default() {
        let bytes = k8s_openapi::ByteString(text.into_bytes());
        secret.data.get_or_insert_default().insert(key, bytes);
    }
}

/// Content that was said to be immutable stays.
pub(super) fn check_config_map(new: &ConfigMap, live: Option<&ConfigMap>, errors: &mut Vec<FieldError>) {
    let Some(live) = live.filter(|live| live.immutable == Some(true)) else { return };
    for (field, is_same) in [
        ("immutable", new.immutable == live.immutable),
        ("data", new.data == live.data),
        ("binaryData", new.binary_data == live.binary_data),
    ] {
        if !is_same {
            errors.push(FieldError::forbidden(field, IMMUTABLE));
        }
    }
}

/// As [`check_config_map`].
pub(super) fn check_secret(new: &Secret, live: Option<&Secret>, errors: &mut Vec<FieldError>) {
    let Some(live) = live else { return };
    if new.type_ != live.type_ {
        errors.push(FieldError::invalid("type", new.type_.clone().unwrap_or_default(), "field is immutable"));
    }
    if live.immutable == Some(true) && new.immutable != live.immutable {
        errors.push(FieldError::forbidden("immutable", IMMUTABLE));
    }
    if live.immutable == Some(true) && new.data != live.data {
        errors.push(FieldError::forbidden("data", IMMUTABLE));
    }
}

const IMMUTABLE: &str = "field is immutable when `immutable` is set";
