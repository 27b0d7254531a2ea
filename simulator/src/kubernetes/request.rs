//! What a request asks for: its path, parameters and body.

use http::{HeaderMap, Method, header};
use hyper::body::Bytes;
use serde_json::Value;

use super::refusal::{FieldError, Refusal};

/// One request.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) method: Method,
    pub(crate) path: Path,
    pub(crate) query: Query,
    pub(crate) content_type: String,
    pub(crate) accept: String,
    pub(crate) user_agent: String,
    pub(crate) body: Bytes,
}

/// Where a request goes.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Path {
    /// `/api`, `/apis`, `/apis/GROUP`, `/apis/GROUP/VERSION`, `/version`, `/readyz` …: the segments.
    Document(Vec<String>),
    /// A collection or one of its objects.
    Objects(ObjectPath),
}

/// A collection, an object in it, or a part of that.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct ObjectPath {
    pub(crate) group: String,
    pub(crate) version: String,
    /// Empty: none, or all of them.
    pub(crate) namespace: String,
    pub(crate) plural: String,
    /// Empty: the collection.
    pub(crate) name: String,
    /// Empty: the object itself.
    pub(crate) subresource: String,
}

/// The parameters behind the question mark.
#[derive(Clone, Debug, Default)]
pub(crate) struct Query {
    pub(crate) label_selector: String,
    pub(crate) field_selector: String,
    pub(crate) limit: usize,
    pub(crate) continue_token: String,
    /// Empty: the most recent; `0`: any.
    pub(crate) resource_version: String,
    pub(crate) resource_version_match: String,
    pub(crate) watch: bool,
    pub(crate) allow_bookmarks: bool,
    pub(crate) send_initial_events: Option<bool>,
    pub(crate) timeout_seconds: Option<u64>,
    pub(crate) dry_run: bool,
    pub(crate) field_manager: String,
    pub(crate) force: Option<bool>,
    pub(crate) field_validation: String,
    pub(crate) grace_period_seconds: Option<i64>,
    pub(crate) propagation_policy: Option<String>,
}

impl Request {
    /// Reads what came over the wire.
    ///
    /// # Errors
    ///
    /// A parameter cannot be read.
    pub(crate) fn read(parts: &http::request::Parts, body: Bytes) -> Result<Self, Refusal> {
        Ok(Self {
            method: parts.method.clone(),
            path: Path::parse(parts.uri.path()),
            query: Query::parse(&parts.method, parts.uri.query().unwrap_or_default())?,
            content_type: text(&parts.headers, &header::CONTENT_TYPE),
            accept: text(&parts.headers, &header::ACCEPT),
            user_agent: text(&parts.headers, &header::USER_AGENT),
            body,
        })
    }

    /// The body as JSON.
    ///
    /// # Errors
    ///
    /// It is none.
    pub(crate) fn json(&self) -> Result<Value, Refusal> {
        serde_json::from_slice(&self.body).map_err(|error| {
            Refusal::bad_request(format!("the object provided is unrecognized (must be of type json): {error}"))
        })
    }

    /// The body as YAML, of which JSON is a part.
    ///
    /// # Errors
    ///
    /// It is none.
    pub(crate) fn yaml(&self) -> Result<Value, Refusal> {
        if let Ok(object) = serde_json::from_slice(&self.body) {
            return Ok(object);
        }
        let text = std::str::from_utf8(&self.body).map_err(|error| Refusal::bad_request(error.to_string()))?;
        serde_saphyr::from_str(text).map_err(|error| Refusal::bad_request(format!("error decoding YAML: {error}")))
    }

    /// Who writes: what the request says, else the first part of the client's name.
    pub(crate) fn manager(&self) -> String {
        if !self.query.field_manager.is_empty() {
            return self.query.field_manager.clone();
        }
        match self.user_agent.split('/').next() {
            Some(name) if !name.is_empty() => name.to_owned(),
            _ => "unknown".to_owned(),
        }
    }
}

fn text(headers: &HeaderMap, name: &header::HeaderName) -> String {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
}

/// What the parameters of a request are to the server.
fn options_of(method: &Method) -> &'static str {
    match *method {
        Method::POST => "CreateOptions",
        Method::PUT => "UpdateOptions",
        Method::PATCH => "PatchOptions",
        _ => "DeleteOptions",
    }
}

impl Path {
    fn parse(path: &str) -> Self {
        let segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
        let (group, version, rest) = match segments.as_slice() {
            ["api", version, rest @ ..] if !rest.is_empty() => ("", *version, rest),
            ["apis", group, version, rest @ ..] if !rest.is_empty() => (*group, *version, rest),
            other => return Self::Document(other.iter().map(|segment| (*segment).to_owned()).collect()),
        };
        let at = |namespace: &str, rest: &[&str]| {
            let segment = |place: usize| rest.get(place).copied().unwrap_or_default().to_owned();
            Self::Objects(ObjectPath {
                group: group.to_owned(),
                version: version.to_owned(),
                namespace: namespace.to_owned(),
                plural: segment(0),
                name: segment(1),
                subresource: rest[2.min(rest.len())..].join("/"),
            })
        };
        match rest {
            ["namespaces", _, "status" | "finalize"] => at("", rest),
            ["namespaces", namespace, rest @ ..] if !rest.is_empty() => at(namespace, rest),
            rest => at("", rest),
        }
    }
}

impl Query {
    fn parse(method: &Method, query: &str) -> Result<Self, Refusal> {
        let mut parsed = Self::default();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            let wrong = || Refusal::bad_request(format!("strconv: parsing \"{value}\": invalid syntax"));
            let flag = || matches!(&*value, "true" | "1" | "True" | "t" | "T");
            match &*name {
                "labelSelector" => parsed.label_selector = value.into_owned(),
                "fieldSelector" => parsed.field_selector = value.into_owned(),
                "limit" => parsed.limit = value.parse().map_err(|_| wrong())?,
                "continue" => parsed.continue_token = value.into_owned(),
                "resourceVersion" => parsed.resource_version = value.into_owned(),
                "resourceVersionMatch" => parsed.resource_version_match = value.into_owned(),
                "watch" => parsed.watch = flag(),
                "allowWatchBookmarks" => parsed.allow_bookmarks = flag(),
                "sendInitialEvents" => parsed.send_initial_events = Some(flag()),
                "timeoutSeconds" => parsed.timeout_seconds = Some(value.parse().map_err(|_| wrong())?),
                "dryRun" if value == "All" => parsed.dry_run = true,
                "dryRun" => {
                    let error = FieldError::unsupported("dryRun", vec![value.into_owned()], &["All"]);
                    return Err(Refusal::invalid_options(options_of(method), &error));
                }
                "fieldManager" => parsed.field_manager = value.into_owned(),
                "force" => parsed.force = Some(flag()),
                "fieldValidation" => parsed.field_validation = value.into_owned(),
                "gracePeriodSeconds" => parsed.grace_period_seconds = Some(value.parse().map_err(|_| wrong())?),
                "propagationPolicy" => parsed.propagation_policy = Some(value.into_owned()),
                _ => {}
            }
        }
        Ok(parsed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_say_what_they_name() {
        let objects = |group: &str, version: &str, namespace: &str, plural: &str, name: &str, subresource: &str| {
            Path::Objects(ObjectPath {
                group: group.into(),
                version: version.into(),
                namespace: namespace.into(),
                plural: plural.into(),
                name: name.into(),
                subresource: subresource.into(),
            })
        };
        for (path, parsed) in [
            ("/api/v1/services", objects("", "v1", "", "services", "", "")),
            ("/api/v1/namespaces/a/services/b/status", objects("", "v1", "a", "services", "b", "status")),
            ("/api/v1/namespaces", objects("", "v1", "", "namespaces", "", "")),
            ("/api/v1/namespaces/a", objects("", "v1", "", "namespaces", "a", "")),
            ("/api/v1/namespaces/a/finalize", objects("", "v1", "", "namespaces", "a", "finalize")),
            ("/apis/x.y/v1/namespaces/a/ws", objects("x.y", "v1", "a", "ws", "", "")),
            ("/apis/x.y/v1", Path::Document(vec!["apis".into(), "x.y".into(), "v1".into()])),
            ("/version", Path::Document(vec!["version".into()])),
        ] {
            assert_eq!(Path::parse(path), parsed, "{path}");
        }
    }
}
