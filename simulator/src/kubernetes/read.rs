//! Gets and lists, of the present and of older states.

use std::borrow::Cow;
use std::ops::Bound;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::object::ObjectKey;
use super::refusal::{FieldError, Refusal};
use super::request::Query;
use super::resource::Rules;
use super::selector::Selector;
use super::state::State;
use super::store::Objects;
use super::target::Target;

/// One page of a list.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) version: u64,
    /// Where the next page begins; empty: this is the last.
    pub(crate) continue_token: String,
    /// How many objects come after this page, where that is known.
    pub(crate) remaining: Option<usize>,
    /// As they are kept.
    pub(crate) objects: Vec<Arc<Value>>,
}

/// What a continue token says.
#[derive(Debug, Serialize, Deserialize)]
struct Token {
    v: String,
    /// The version that the list shows; -1: the present one at each page.
    rv: i64,
    namespace: String,
    name: String,
}

impl State {
    /// One object, as of the version that the request asks for.
    pub(crate) fn read(&self, target: &Target, query: &Query) -> Result<Arc<Value>, Refusal> {
        let objects = self.objects_for(target, query)?.1;
        let found = objects.get(&target.key).ok_or_else(|| Refusal::not_found(&target.resource, target.name()))?;
        Ok(target.outward(Arc::clone(found)))
    }

    /// One page of the objects of a collection.
    pub(crate) fn list(&self, target: &Target, query: &Query, selector: &Selector) -> Result<Page, Refusal> {
        if query.send_initial_events.is_some() {
            let why = "sendInitialEvents is forbidden for list";
            return Err(list_options(target, &FieldError::forbidden("sendInitialEvents", why)));
        }
        if query.continue_token.is_empty() {
            let (version, objects) = self.objects_for(target, query)?;
            return Ok(page(target, query, selector, version, &objects, Bound::Unbounded));
        }
        let token = parse_token(&query.continue_token)?;
        if !query.resource_version.is_empty() && query.resource_version != "0" {
            let why = "specifying resource version is not allowed when using continue";
            return Err(Refusal::bad_request(why));
        }
        let start = Bound::Excluded(ObjectKey::new(&token.namespace, &token.name));
        let version = u64::try_from(token.rv).unwrap_or_else(|_| self.store.version());
        match self.store.as_of(target.resource.table, version) {
            Some(objects) => Ok(page(target, query, selector, version, &objects, start)),
            None => Err(Refusal::continue_expired(write_token(&Token { rv: -1, ..token }))),
        }
    }

    /// The objects of a resource, and the version in which they are: the present one, an older one that a replica is
    /// at, or exactly the one that is asked for.
    fn objects_for(&self, target: &Target, query: &Query) -> Result<(u64, Cow<'_, Objects>), Refusal> {
        let table = target.resource.table;
        let asked = parse_version(&query.resource_version)?;
        let present = self.store.version();
        let at = match (asked, query.resource_version_match.as_str()) {
            (None, "") => present,
            (None, _) => {
                let why = "resourceVersionMatch is forbidden unless resourceVersion is provided";
                return Err(list_options(target, &FieldError::forbidden("resourceVersionMatch", why)));
            }
            (Some(0), "Exact") => {
                let why = "resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\"";
                return Err(list_options(target, &FieldError::forbidden("resourceVersionMatch", why)));
            }
            (Some(exact), "Exact") if exact > present => return Err(Refusal::too_large_version(exact, present)),
            (Some(exact), "Exact") => exact,
            (Some(oldest), "" | "NotOlderThan") => {
                let seen = self.visible_version();
                if oldest > seen {
                    return Err(Refusal::too_large_version(oldest, seen));
                }
                seen
            }
            (Some(_), other) => {
                let supported = &["Exact", "NotOlderThan", ""];
                return Err(list_options(target, &FieldError::unsupported("resourceVersionMatch", other, supported)));
            }
        };
        match self.store.as_of(table, at) {
            Some(objects) => Ok((at, objects)),
            None => Err(Refusal::expired("The resourceVersion for the provided list is too old.")),
        }
    }
}

/// A version in a request; `None`: not given.
///
/// # Errors
///
/// It is no number.
pub(crate) fn parse_version(text: &str) -> Result<Option<u64>, Refusal> {
    if text.is_empty() {
        return Ok(None);
    }
    let wrong = |_| Refusal::bad_request(format!("resourceVersion: Invalid value: \"{text}\": must be a number"));
    text.parse().map(Some).map_err(wrong)
}

/// What is wrong with the parameters of a list or a watch.
pub(crate) fn list_options(target: &Target, error: &FieldError) -> Refusal {
    let mut resource = target.resource.as_ref().clone();
    resource.kind = "ListOptions".to_owned();
    resource.group = "meta.k8s.io".to_owned();
    Refusal::invalid(&resource, "", std::slice::from_ref(error))
}

fn page(
    target: &Target,
    query: &Query,
    selector: &Selector,
    version: u64,
    objects: &Objects,
    start: Bound<ObjectKey>,
) -> Page {
    let namespace = &target.key.namespace;
    let first = match start {
        Bound::Unbounded if !namespace.is_empty() => Bound::Included(ObjectKey::new(namespace, "")),
        start => start,
    };
    let mut rest = objects
        .range((first, Bound::Unbounded))
        .take_while(|(key, _)| namespace.is_empty() || key.namespace == *namespace)
        .filter(|(_, object)| selector.matches(object));
    let limit = if query.limit == 0 { usize::MAX } else { query.limit };
    let taken: Vec<(&ObjectKey, &Arc<Value>)> = rest.by_ref().take(limit).collect();
    let left = rest.count();
    let continue_token = match taken.last() {
        Some((key, _)) if left > 0 => {
            let rv = i64::try_from(version).unwrap_or(-1);
            write_token(&Token {
                v: "meta.k8s.io/v1".to_owned(),
                rv,
                namespace: key.namespace.clone(),
                name: key.name.clone(),
            })
        }
        _ => String::new(),
    };
    // With a selector the server does not know how many are left.
    let remaining = (left > 0 && selector.is_empty()).then_some(left);
    Page {
        version,
        continue_token,
        remaining,
        objects: taken.into_iter().map(|(_, object)| Arc::clone(object)).collect(),
    }
}

fn write_token(token: &Token) -> String {
    let json = serde_json::to_vec(token).expect("a token is JSON");
    // Opaque to clients; hexadecimal needs no table.
    json.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn parse_token(text: &str) -> Result<Token, Refusal> {
    let invalid = || Refusal::bad_request("invalid continue token: continue key is not valid: illegal base64 data");
    let digits = text.as_bytes();
    let bytes: Option<Vec<u8>> =
        digits.chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect();
    serde_json::from_slice(&bytes.ok_or_else(invalid)?).map_err(|_| invalid())
}

impl Page {
    /// The list as JSON: objects of built-in kinds do not say in it what they are.
    pub(crate) fn json(self, target: &Target) -> Result<Vec<u8>, serde_json::Error> {
        let Self { version, continue_token, remaining, objects } = self;
        let objects: Vec<Arc<Value>> = objects.into_iter().map(|object| target.outward(object)).collect();
        let says_kind = target.resource.rules == Rules::Custom || target.is_partial;
        let (kind, api_version) = target.list_type();
        serde_json::to_vec(&List {
            kind,
            api_version,
            metadata: ListMeta {
                resource_version: version.to_string(),
                continue_token: (!continue_token.is_empty()).then_some(continue_token),
                remaining_item_count: remaining,
            },
            items: objects.iter().map(|object| Item { object, says_kind }).collect(),
        })
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct List<'l> {
    kind: String,
    api_version: &'l str,
    metadata: ListMeta,
    items: Vec<Item<'l>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ListMeta {
    resource_version: String,
    #[serde(rename = "continue", skip_serializing_if = "Option::is_none")]
    continue_token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    remaining_item_count: Option<usize>,
}

struct Item<'l> {
    object: &'l Value,
    says_kind: bool,
}

impl Serialize for Item<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let fields = self.object.as_object().into_iter().flatten();
        serializer
            .collect_map(fields.filter(|(name, _)| self.says_kind || !matches!(name.as_str(), "apiVersion" | "kind")))
    }
}
