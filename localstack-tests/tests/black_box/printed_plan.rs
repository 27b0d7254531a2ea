//! What `northgate plan` printed, and the law: the writes that are made are the steps that were printed.

use std::collections::BTreeSet;

use localstack_tests::bed::Bed;
use localstack_tests::proxy::Call;
use localstack_tests::until;
use serde_json::{Map, Value, json};

use crate::holdings::Holdings;
use crate::service::{GLANCE, LIMIT, bindings};

/// A finished `northgate plan`.
#[derive(Debug)]
pub(crate) struct Printed {
    pub(crate) exit_code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// Runs `northgate plan ARGS`.
pub(crate) async fn plan(bed: &Bed, args: &[&str]) -> Printed {
    let output = bed.northgate(&[&["plan"], args].concat()).await.unwrap();
    Printed {
        exit_code: output.status.code().expect("it was not killed"),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// Runs `northgate plan --output=json ARGS`: the exit code and the document.
pub(crate) async fn plan_json(bed: &Bed, args: &[&str]) -> (i32, Value) {
    let printed = plan(bed, &[&["--output=json"], args].concat()).await;
    let document = serde_json::from_str(&printed.stdout).unwrap_or_else(|error| panic!("{error}: {printed:#?}"));
    (printed.exit_code, document)
}

/// Waits until there is nothing to do and nothing to wait for; returns that plan.
pub(crate) async fn agreement(bed: &Bed) -> Value {
    until("empty plan", LIMIT, GLANCE, async || {
        let (code, document) = plan_json(bed, &["--check"]).await;
        let outcomes: Vec<&Value> = entries(&document).iter().map(|entry| &entry["outcome"]).collect();
        let in_sync = code == 0 && outcomes.iter().all(|outcome| **outcome == "in-sync");
        if in_sync { Ok(document.clone()) } else { Err(format!("exit code {code}: {document:#}")) }
    })
    .await
    .unwrap()
}

/// The entries of a plan.
pub(crate) fn entries(document: &Value) -> &[Value] {
    document["entries"].as_array().expect("a plan has entries")
}

/// The entry of a key.
pub(crate) fn entry<'a>(document: &'a Value, key: &str) -> &'a Value {
    let found = entries(document).iter().find(|entry| entry["key"] == key);
    found.unwrap_or_else(|| panic!("no entry {key}: {document:#}"))
}

/// The changes of an entry, in order, waits left out.
pub(crate) fn changes(entry: &Value) -> Vec<&Value> {
    let steps = entry["steps"].as_array().expect("an entry has steps");
    steps.iter().filter_map(|step| step.get("change")).collect()
}

/// The changes of all entries.
pub(crate) fn all_changes(document: &Value) -> Vec<&Value> {
    entries(document).iter().flat_map(changes).collect()
}

/// The one change with this call.
pub(crate) fn change<'a>(document: &'a Value, call: &str) -> &'a Value {
    let mut found = all_changes(document).into_iter().filter(|change| change["call"] == call);
    match (found.next(), found.next()) {
        (Some(change), None) => change,
        _ => panic!("not one {call}: {document:#}"),
    }
}

/// Calls that are made at the same time where several follow each other: which of them comes by first says nothing.
const TOGETHER: [&str; 2] = ["elasticloadbalancing:AddTags", "elasticloadbalancing:CreateRule"];

/// The law: the writes that came by are the plan's change steps with the ids resolved, each entry's in its order, and the
/// writes to Kubernetes are seen in its objects. `holdings` is where ids are looked up.
pub(crate) async fn assert_law(bed: &Bed, plan: &Value, holdings: &Holdings, writes: &[Call]) {
    assert_law_of(bed, entries(plan).iter(), holdings, writes).await;
}

/// The law for a plan of several stacks. All share the worker rules, and their bindings become known one after the
/// other: rules may be opened in several steps, but what is open in the end is what was printed, and nothing that was
/// open before is closed meanwhile unless that was printed.
pub(crate) async fn assert_law_of_several(
    bed: &Bed,
    plan: &Value,
    before: &Holdings,
    after: &Holdings,
    writes: &[Call],
) {
    let (of_rules, others): (Vec<&Value>, Vec<&Value>) =
        entries(plan).iter().partition(|entry| entry["key"].as_str().is_some_and(|key| key.starts_with("rules/")));
    let known = if after.load_balancers.len() < before.load_balancers.len() { before } else { after };
    let mut rest = writes.to_vec();
    for entry in of_rules {
        let group = entry["key"].as_str().and_then(|key| key.strip_prefix("rules/")).expect("a key is text");
        let printed = |verb: &str| -> BTreeSet<String> {
            let calls = changes(entry)
                .into_iter()
                .filter(|change| change["call"].as_str().is_some_and(|call| call.contains(verb)));
            calls.flat_map(|change| rules_in(&as_texts(resolved(&change["request"], entry, known)))).collect()
        };
        let open_before = before.rules_of(group);
        let kept: BTreeSet<String> = open_before.difference(&printed("Revoke")).cloned().collect();
        assert_eq!(after.rules_of(group), &kept | &printed("Authorize"), "what is open in the end was printed");
        let (of_group, others): (Vec<Call>, Vec<Call>) =
            rest.into_iter().partition(|call| call.params["GroupId"] == group);
        let closed: BTreeSet<String> = of_group
            .iter()
            .filter(|call| call.action.starts_with("Revoke"))
            .flat_map(|call| rules_in(&as_planned(call)))
            .collect();
        let closed_of_before: BTreeSet<String> = closed.intersection(&open_before).cloned().collect();
        assert!(closed_of_before.is_subset(&printed("Revoke")), "closed and not printed: {closed_of_before:?}");
        rest = others;
    }
    assert_law_of(bed, others.into_iter(), known, &rest).await;
}

/// The rules in a request to open or close, as [`Holdings::rules_of`] writes them.
fn rules_in(request: &Value) -> Vec<String> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let permissions = request["IpPermissions"].as_array().into_iter().flatten();
    let of_permission = |permission: &Value| {
        let what = [&permission["IpProtocol"], &permission["FromPort"], &permission["ToPort"]].map(text);
        let groups = permission["UserIdGroupPairs"].as_array().cloned().unwrap_or_default();
        let ranges = permission["IpRanges"].as_array().cloned().unwrap_or_default();
        let sources =
            groups.iter().map(|group| text(&group["GroupId"])).chain(ranges.iter().map(|range| text(&range["CidrIp"])));
        sources.map(|source| format!("{} {}-{} from {source}", what[0], what[1], what[2])).collect::<Vec<_>>()
    };
    permissions.flat_map(of_permission).collect()
}

async fn assert_law_of(bed: &Bed, entries: impl Iterator<Item = &Value>, holdings: &Holdings, writes: &[Call]) {
    let mut unexplained: Vec<(usize, String, Value)> =
        writes.iter().map(|call| (call.number, call.name(), as_planned(call))).collect();
    for entry in entries {
        // The last call that came by, and the one before those that go together with it.
        let (mut last, mut before, mut previous) = (0, 0, "");
        for change in changes(entry) {
            let call = change["call"].as_str().expect("a change has a call");
            if call != previous || !TOGETHER.contains(&call) {
                before = last;
            }
            previous = call;
            let request = resolved(&change["request"], entry, holdings);
            if let Some(verb) = call.strip_prefix("kubernetes:") {
                assert_written(bed, verb, &request).await;
                continue;
            }
            let request = as_texts(request);
            let made = unexplained
                .iter()
                .position(|(number, name, made)| *number > before && name == call && *made == request);
            let Some(made) = made else {
                panic!(
                    "printed and not made (in order) in {}: {call} {request:#}\nmade: {unexplained:#?}",
                    entry["key"]
                );
            };
            last = last.max(unexplained.remove(made).0);
        }
    }
    assert!(unexplained.is_empty(), "made and not printed: {unexplained:#?}");
}

/// A request as the plan has it: EC2's wire names are not its field names, and the plan's are those of the fields.
fn as_planned(call: &Call) -> Value {
    if call.service == "ec2" { with_field_names(&call.params) } else { call.params.clone() }
}

fn with_field_names(params: &Value) -> Value {
    match params {
        Value::Object(fields) => {
            let named = |name: &String| match name.as_str() {
                "GroupDescription" => "Description".to_owned(),
                "TagSpecification" => "TagSpecifications".to_owned(),
                "Tag" => "Tags".to_owned(),
                "ResourceId" => "Resources".to_owned(),
                "Groups" => "UserIdGroupPairs".to_owned(),
                _ => name.clone(),
            };
            fields.iter().map(|(name, value)| (named(name), with_field_names(value))).collect()
        }
        Value::Array(items) => items.iter().map(with_field_names).collect(),
        leaf => leaf.clone(),
    }
}

/// On the wire everything is text.
fn as_texts(request: Value) -> Value {
    match request {
        Value::Object(fields) => {
            fields.into_iter().map(|(name, value)| (name, as_texts(value))).collect::<Map<_, _>>().into()
        }
        Value::Array(items) => items.into_iter().map(as_texts).collect(),
        Value::String(text) => json!(text),
        other => json!(other.to_string()),
    }
}

/// Puts what is there in the place of every `{"ref": "TYPE/ID"}`.
fn resolved(request: &Value, entry: &Value, holdings: &Holdings) -> Value {
    match request {
        Value::Object(fields) => match fields.get("ref").and_then(Value::as_str) {
            Some(reference) => {
                let (kind, id) = reference.split_once('/').expect("a reference is TYPE/ID");
                let key = entry.get("of").unwrap_or(&entry["key"]).as_str().expect("a key is text");
                let stack = key.strip_prefix("service/").unwrap_or_default();
                let found = holdings.physical_id(kind, id, stack);
                json!(found.unwrap_or_else(|| panic!("nothing is {reference} of {key}: {holdings:#?}")))
            }
            None => fields.iter().map(|(name, value)| (name.clone(), resolved(value, entry, holdings))).collect(),
        },
        Value::Array(items) => items.iter().map(|item| resolved(item, entry, holdings)).collect(),
        leaf => leaf.clone(),
    }
}

/// A write to Kubernetes that was printed has been made: the object holds what was sent, or is gone.
async fn assert_written(bed: &Bed, verb: &str, request: &Value) {
    let found = bindings(bed).await;
    let name = |object: &Value| (object["metadata"]["namespace"].clone(), object["metadata"]["name"].clone());
    let there = found.iter().find(|object| name(object) == name(request));
    match (verb.split_whitespace().next(), there) {
        (Some("create" | "patch"), Some(there)) => {
            assert!(holds(there, request), "{there:#} does not hold {request:#}");
        }
        (Some("delete"), None) => {}
        _ => panic!("printed and not done: {verb} {request:#}; there is {there:#?}"),
    }
}

/// Whether an object has all that another one says; what that one says is null is not there.
fn holds(object: &Value, said: &Value) -> bool {
    match (object, said) {
        (Value::Object(fields), Value::Object(said)) => said.iter().all(|(name, said)| match fields.get(name) {
            Some(field) => holds(field, said),
            None => said.is_null(),
        }),
        (Value::Array(items), Value::Array(said)) => {
            items.len() == said.len() && items.iter().zip(said).all(|(item, said)| holds(item, said))
        }
        (leaf, said) => leaf == said,
    }
}
