//! What a run reads of an account, kept as an account description: planning from it gives the same plan.
//!
//! A record holds the answers and the questions. What was never asked is unknown in it, not empty: [`Answered`] refuses
//! such questions when somebody plans from the record.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::context::{
    AfterDeserializationInterceptorContextRef, BeforeSerializationInterceptorContextRef,
};
use aws_smithy_runtime_api::client::interceptors::{Intercept, dyn_dispatch_hint};
use aws_smithy_runtime_api::client::orchestrator::Metadata;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;
use jiff::Timestamp;
use northgate_planner::id::{AccountId, Region, VpcId};
use serde::Serialize;
use serde_json::{Map, Value};

use self::question::Questions;

mod certificate;
mod load_balancing;
mod network;
mod question;
mod rule;

/// Keeps every answer that the clients of one connection get. Clones share what they keep.
#[derive(Debug, Clone, Default)]
pub struct Record {
    kept: Arc<Mutex<Kept>>,
}

/// What a record says beside the answers.
#[derive(Debug, Clone, Copy)]
pub struct Occasion<'a> {
    /// The time of the plan.
    pub now: Timestamp,
    /// The account; `None`: nobody said.
    pub account: Option<&'a AccountId>,
    /// The Region.
    pub region: &'a Region,
    /// The cluster's VPC.
    pub vpc: &'a VpcId,
}

#[derive(Debug, Default)]
struct Kept {
    questions: BTreeSet<String>,
    /// By the description's list, then by id.
    elements: BTreeMap<&'static str, BTreeMap<String, Map<String, Value>>>,
    /// What had been listed and was gone when more of it was asked.
    gone: BTreeSet<String>,
}

/// A part of an answer: members of one element of the description.
struct Element {
    list: &'static str,
    id: String,
    members: Map<String, Value>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Description<'a> {
    now: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    account_id: Option<&'a str>,
    region: &'a str,
    vpc_id: &'a str,
    #[serde(flatten)]
    lists: BTreeMap<&'static str, Vec<&'a Map<String, Value>>>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    quotas: BTreeMap<&'a str, &'a Value>,
    recorded: &'a BTreeSet<String>,
}

/// The part of a description that is no list: quotas by their names.
const QUOTAS: &str = "quotas";

fn quota<'a>((name, members): (&'a String, &'a Map<String, Value>)) -> Option<(&'a str, &'a Value)> {
    Some((name, members.get("Max")?))
}

/// An operation whose answers no description has a place for.
#[derive(Debug, thiserror::Error)]
#[error("answers of {0} cannot be recorded")]
struct NotRecorded(String);

impl Record {
    /// The account description, as JSON.
    pub fn description(&self, occasion: Occasion<'_>) -> String {
        let kept = self.lock();
        let owner =
            |element: &Map<String, Value>| element.get("LoadBalancerArn").and_then(Value::as_str).map(str::to_owned);
        let mut lists = BTreeMap::new();
        for (list, elements) in kept.elements.iter().filter(|(list, _)| **list != QUOTAS) {
            let there = elements.iter().filter(|(id, element)| {
                !kept.gone.contains(*id) && !owner(element).is_some_and(|owner| kept.gone.contains(&owner))
            });
            lists.insert(*list, there.map(|(_, element)| element).collect());
        }
        let description = Description {
            now: occasion.now.to_string(),
            account_id: occasion.account.map(AccountId::as_str),
            region: occasion.region.as_str(),
            vpc_id: occasion.vpc.as_str(),
            lists,
            quotas: kept.elements.get(QUOTAS).into_iter().flatten().filter_map(quota).collect(),
            recorded: &kept.questions,
        };
        let mut json = serde_json::to_string_pretty(&description).expect("every map of a description has text keys");
        json.push('\n');
        json
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().expect("no thread panics while it keeps an answer")
    }
}

impl Kept {
    fn keep(&mut self, asked: &Questions, elements: Vec<Element>) {
        for id in &asked.named {
            self.gone.remove(id);
        }
        self.questions.extend(asked.each.iter().cloned());
        for Element { list, id, members } in elements {
            self.elements.entry(list).or_default().entry(id).or_default().extend(members);
        }
    }

    /// A refusal ends the run, unless it says that what was named is gone, or the call is repeated.
    fn refused(&mut self, asked: &Questions) {
        if let [id] = asked.named.as_slice() {
            self.gone.insert(id.clone());
        }
        self.questions.extend(asked.each.iter().cloned());
    }
}

#[dyn_dispatch_hint]
impl Intercept for Record {
    fn name(&self) -> &'static str {
        "Record"
    }

    /// The answer comes without the question.
    fn read_before_serialization(
        &self,
        context: &BeforeSerializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let asked = question::of(context.input()).ok_or_else(|| not_recorded(config))?;
        config.interceptor_state().store_put(asked);
        Ok(())
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let asked = config.load::<Questions>().ok_or_else(|| not_recorded(config))?;
        match context.output_or_error() {
            Ok(output) => {
                let elements = load_balancing::elements(asked, output);
                let elements = elements.or_else(|| network::elements(output));
                let elements = elements.or_else(|| certificate::elements(output));
                self.lock().keep(asked, elements.ok_or_else(|| not_recorded(config))?);
            }
            Err(error) if error.is_operation_error() => self.lock().refused(asked),
            Err(_) => {}
        }
        Ok(())
    }
}

/// Refuses what was not asked when the account was recorded.
#[derive(Debug, Clone)]
pub(super) struct Answered {
    questions: Arc<BTreeSet<String>>,
}

/// A question that a record does not answer.
#[derive(Debug, thiserror::Error)]
#[error(
    "the recorded account does not say: {question}; record it again with these objects, or complete it by hand and take \
     `recorded` out of it"
)]
struct NotAsked {
    question: String,
}

impl Answered {
    pub(super) fn new(questions: impl IntoIterator<Item = String>) -> Self {
        Self { questions: Arc::new(questions.into_iter().collect()) }
    }
}

#[dyn_dispatch_hint]
impl Intercept for Answered {
    fn name(&self) -> &'static str {
        "Answered"
    }

    fn read_before_serialization(
        &self,
        context: &BeforeSerializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let asked = question::of(context.input()).ok_or_else(|| not_recorded(config))?;
        match asked.each.into_iter().find(|question| !self.questions.contains(question)) {
            None => Ok(()),
            Some(question) => Err(NotAsked { question }.into()),
        }
    }
}

fn not_recorded(config: &ConfigBag) -> BoxError {
    NotRecorded(config.load::<Metadata>().map_or("an operation without a name", Metadata::name).to_owned()).into()
}

/// The members of a JSON object, without those that an answer left out.
fn members<const N: usize>(members: [(&str, Value); N]) -> Map<String, Value> {
    let given = members.into_iter().filter(|(_, value)| !value.is_null());
    given.map(|(key, value)| (key.to_owned(), value)).collect()
}

fn object<const N: usize>(given: [(&str, Value); N]) -> Value {
    Value::Object(members(given))
}

/// A list, each item as `show` has it; a list that an answer left out stays out.
fn list<T>(items: Option<&[T]>, show: impl Fn(&T) -> Value) -> Value {
    items.map_or(Value::Null, |items| items.iter().map(show).collect())
}

/// AWS's word for one of several values.
fn word(word: Option<&str>) -> Value {
    word.into()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn asked(operation: &str, id: &str) -> Questions {
        Questions { each: vec![format!("{operation} {id}")], named: vec![id.to_owned()] }
    }

    fn element(list: &'static str, id: &str, given: Value) -> Element {
        Element { list, id: id.to_owned(), members: given.as_object().cloned().unwrap() }
    }

    fn description(record: &Record) -> Value {
        let (region, vpc) = (Region::new("us-west-2"), VpcId::new("vpc-1"));
        let occasion = Occasion { now: Timestamp::UNIX_EPOCH, account: None, region: &region, vpc: &vpc };
        serde_json::from_str(&record.description(occasion)).unwrap()
    }

    #[test]
    fn what_several_answers_say_of_one_thing_is_one_element() {
        let record = Record::default();
        let everything = Questions { each: vec!["list".to_owned()], named: Vec::new() };
        record
            .lock()
            .keep(&everything, vec![element("targetGroups", "a", json!({ "TargetGroupArn": "a", "Port": 80 }))]);
        record.lock().keep(&asked("tags", "a"), vec![element("targetGroups", "a", json!({ "Tags": [] }))]);
        let expected = json!({
            "now": "1970-01-01T00:00:00Z", "region": "us-west-2", "vpcId": "vpc-1",
            "targetGroups": [{ "TargetGroupArn": "a", "Port": 80, "Tags": [] }],
            "recorded": ["list", "tags a"],
        });
        assert_eq!(description(&record), expected);
    }

    #[test]
    fn what_had_gone_when_more_of_it_was_asked_is_in_no_record() {
        let record = Record::default();
        let everything = Questions { each: vec!["list".to_owned()], named: Vec::new() };
        let listener = element("listeners", "l", json!({ "ListenerArn": "l", "LoadBalancerArn": "a" }));
        let load_balancers = ["a", "b"].map(|arn| element("loadBalancers", arn, json!({ "LoadBalancerArn": arn })));
        record.lock().keep(&everything, load_balancers.into_iter().chain([listener]).collect());
        let both =
            Questions { each: vec!["tags a".to_owned(), "tags b".to_owned()], named: vec!["a".into(), "b".into()] };
        record.lock().refused(&both);
        assert_eq!(description(&record)["loadBalancers"].as_array().unwrap().len(), 2, "one of both, who knows which");
        record.lock().refused(&asked("tags", "a"));
        record.lock().refused(&asked("tags", "b"));
        record.lock().keep(&asked("tags", "b"), vec![element("loadBalancers", "b", json!({ "Tags": [] }))]);
        let described = description(&record);
        assert_eq!(described["loadBalancers"], json!([{ "LoadBalancerArn": "b", "Tags": [] }]), "b was only throttled");
        assert_eq!(described["listeners"], json!([]));
        assert_eq!(described["recorded"], json!(["list", "tags a", "tags b"]), "that it is gone is known");
    }
}
