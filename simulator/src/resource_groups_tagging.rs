//! Resource Groups Tagging: an index over the tags of all services, which may lag behind them.
//!
//! Changes are noted as they happen, each with the moment from which on the index shows it.

use std::collections::{BTreeMap, VecDeque};

use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::time::Instant;

use crate::clock::Moment;
use crate::tags::Tags;
use crate::wire::{self, ApiError, Tree};

pub(crate) mod change;
mod resources;

/// The index of one account in one Region.
#[derive(Debug, Default)]
pub(crate) struct Index {
    /// What is shown: every resource that has tags, or once had, by ARN.
    shown: BTreeMap<String, Tags>,
    /// What was last noted, shown already or not.
    noted: BTreeMap<String, Tags>,
    /// What is to be shown, in the order in which it happened; without tags the resource is gone.
    due: VecDeque<(Instant, String, Option<Tags>)>,
}

/// Reads a request.
fn read<Q: DeserializeOwned>(params: &Tree) -> Result<Q, ApiError> {
    wire::request_or(params, "InvalidParameterException")
}

impl Index {
    /// Carries out one action that only reads.
    pub(crate) fn handle(&mut self, action: &str, params: &Tree, now: Moment) -> Result<Value, ApiError> {
        self.settle(now.instant);
        match action {
            "GetResources" => self.get_resources(params, now),
            "GetTagKeys" => self.get_tag_keys(params),
            "GetTagValues" => self.get_tag_values(params),
            _ => Err(ApiError::invalid_action("Resource Groups Tagging", action)),
        }
    }

    /// Notes that a resource has these tags, to be shown from then on. One that never had any is not in the index.
    pub(crate) fn note(&mut self, arn: &str, tags: Tags, from: Instant) {
        let known = self.noted.get(arn);
        if known == Some(&tags) || known.is_none() && tags.is_empty() {
            return;
        }
        self.noted.insert(arn.to_owned(), tags.clone());
        self.due.push_back((from, arn.to_owned(), Some(tags)));
    }

    /// Notes that a resource has gone, and with a load balancer or listener what was a part of it.
    pub(crate) fn note_gone(&mut self, arn: &str, from: Instant) {
        let part = path(arn).map(|path| format!("/{path}/"));
        let gone = |other: &str| other == arn || part.as_ref().is_some_and(|part| other.contains(part));
        let gone: Vec<String> = self.noted.keys().filter(|other| gone(other)).cloned().collect();
        for arn in gone {
            self.noted.remove(&arn);
            self.due.push_back((from, arn, None));
        }
    }

    /// Notes the present tags of all resources of a service.
    pub(crate) fn note_all(&mut self, service: &str, present: BTreeMap<String, Tags>, from: Instant) {
        let of_service = |arn: &&String| arn.split(':').nth(2) == Some(service);
        let gone: Vec<String> =
            self.noted.keys().filter(of_service).filter(|arn| !present.contains_key(*arn)).cloned().collect();
        for arn in gone {
            self.noted.remove(&arn);
            self.due.push_back((from, arn, None));
        }
        for (arn, tags) in present {
            self.note(&arn, tags, from);
        }
    }

    fn settle(&mut self, now: Instant) {
        // A lag that was made shorter meanwhile must not show an older change after a newer one.
        while self.due.front().is_some_and(|(from, ..)| *from <= now) {
            match self.due.pop_front() {
                Some((_, arn, Some(tags))) => drop(self.shown.insert(arn, tags)),
                Some((_, arn, None)) => drop(self.shown.remove(&arn)),
                None => break,
            }
        }
    }
}

/// `net/NAME/ID` of a load balancer, `net/NAME/ID/ID` of a listener: what the ARNs of their parts contain.
fn path(arn: &str) -> Option<&str> {
    let (kind, path) = arn.splitn(6, ':').nth(5)?.split_once('/')?;
    matches!(kind, "loadbalancer" | "listener").then_some(path)
}
