//! Listeners: create, describe, modify, delete.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::actions::{ActionDescription, ActionList, Actions};
use super::arn::Resource;
use super::paging::{PageSize, Paging};
use super::protocol::Protocol;
use super::quotas::Quota;
use super::rules::Rule;
use super::settings::check_udp;
use super::store::{Store, select};
use super::tags::{self, TagList, Tags};
use super::targets::check_targets_of_load_balancer;
use super::{Done, attributes, not_modelled};
use crate::clock::Moment;
use crate::wire::ApiError;
use crate::wire::constraint::Int;

/// A listener of a network load balancer.
#[derive(Clone, Debug)]
pub(crate) struct Listener {
    pub(super) arn: String,
    pub(super) load_balancer_arn: String,
    pub(super) port: i64,
    pub(super) protocol: Protocol,
    pub(super) actions: Actions,
    pub(super) attributes: BTreeMap<String, String>,
    pub(super) default_rule: Rule,
    pub(super) tags: Tags,
}

/// The port of a listener or a target.
pub(crate) type Port = Int<1, 65535>;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct CreateListener {
    load_balancer_arn: String,
    protocol: Option<Protocol>,
    port: Option<Port>,
    default_actions: ActionList,
    tags: Option<TagList>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct ModifyListener {
    listener_arn: String,
    protocol: Option<Protocol>,
    port: Option<Port>,
    default_actions: Option<ActionList>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct DescribeListeners {
    load_balancer_arn: Option<String>,
    listener_arns: Option<Vec<String>>,
    marker: Option<String>,
    page_size: Option<PageSize>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct DeleteListener {
    listener_arn: String,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ListenersResult {
    listeners: Vec<Description>,
    next_marker: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Description {
    listener_arn: String,
    load_balancer_arn: String,
    port: i64,
    protocol: Protocol,
    default_actions: Vec<ActionDescription>,
}

/// `CreateListener`: the same port with the same settings is the same listener.
pub(crate) fn create(store: &mut Store, request: CreateListener, now: Moment) -> Result<ListenersResult, ApiError> {
    let tags = tags::of_new_resource(request.tags)?;
    let owner = store.load_balancer(&request.load_balancer_arn)?.clone();
    let protocol = request.protocol.ok_or_else(|| ApiError::validation("A listener protocol must be specified"))?;
    let port = request.port.ok_or_else(|| ApiError::validation("A listener port must be specified"))?.get();
    let (listener_id, rule_id) = (store.names.id(), store.names.id());
    let arn = store.names.listener(&owner.arn, &listener_id);
    let default_rule = Rule { arn: store.names.rule(&arn, &rule_id), tags: Tags::new() };
    let listener = Listener {
        arn,
        load_balancer_arn: owner.arn.clone(),
        port,
        protocol,
        actions: Actions::read(request.default_actions)?,
        attributes: attributes::of_listener(protocol).defaults(),
        default_rule,
        tags,
    };
    listener.check(store)?;
    if let Some(existing) = store.listeners_of(&owner.arn).find(|existing| existing.port == port) {
        if (existing.protocol, &existing.actions) != (protocol, &listener.actions) {
            return Err(duplicate(&owner.arn));
        }
        return Ok(ListenersResult { listeners: vec![existing.describe()], next_marker: None });
    }
    let count = store.listeners_of(&owner.arn).count() + 1;
    store.options().quotas.check(Quota::ListenersPerNetworkLoadBalancer, count)?;
    store.put(listener, now)
}

/// `ModifyListener`: what is not given stays.
pub(crate) fn modify(store: &mut Store, request: ModifyListener, now: Moment) -> Result<ListenersResult, ApiError> {
    let mut listener = store.listener(&request.listener_arn)?.clone();
    if let Some(port) = request.port {
        listener.port = port.get();
    }
    if let Some(protocol) = request.protocol.filter(|protocol| *protocol != listener.protocol) {
        listener.protocol = protocol;
        listener.attributes = attributes::of_listener(protocol).defaults();
    }
    if let Some(actions) = request.default_actions {
        listener.actions = Actions::read(actions)?;
    }
    listener.check(store)?;
    let taken = |other: &Listener| other.port == listener.port && other.arn != listener.arn;
    if store.listeners_of(&listener.load_balancer_arn).any(taken) {
        return Err(duplicate(&listener.load_balancer_arn));
    }
    store.put(listener, now)
}

/// `DescribeListeners`: of one load balancer, or those named.
pub(crate) fn describe(store: &Store, request: DescribeListeners) -> Result<ListenersResult, ApiError> {
    let found = match (&request.load_balancer_arn, request.listener_arns.as_deref()) {
        (Some(arn), None) => {
            store.load_balancer(arn)?;
            store.listeners_of(arn).map(|listener| (listener.arn.clone(), listener)).collect()
        }
        (None, Some(arns)) if !arns.is_empty() => {
            arns.iter().try_for_each(|arn| Resource::Listener.check(arn))?;
            select(&store.listeners, arns, |listener| &listener.arn, Resource::Listener)?
        }
        _ => {
            return Err(ApiError::validation("You must specify either listener ARNs or a load balancer ARN"));
        }
    };
    let (page, next_marker) = Paging { marker: request.marker, size: request.page_size }.page(found)?;
    Ok(ListenersResult { listeners: page.into_iter().map(Listener::describe).collect(), next_marker })
}

/// `DeleteListener`.
pub(crate) fn delete(store: &mut Store, request: DeleteListener, now: Moment) -> Result<Done, ApiError> {
    store.listener(&request.listener_arn)?;
    store.listeners.remove(&request.listener_arn);
    store.settle_usage(now);
    Ok(Done {})
}

impl Listener {
    fn check(&self, store: &Store) -> Result<(), ApiError> {
        let owner = store.load_balancer(&self.load_balancer_arn)?;
        check_protocol(self.protocol)?;
        check_udp(self.protocol, owner.settings.ip_address_type, owner.settings.source_nat_prefix)?;
        self.actions.check(store, owner, self.protocol)
    }

    fn describe(&self) -> Description {
        Description {
            listener_arn: self.arn.clone(),
            load_balancer_arn: self.load_balancer_arn.clone(),
            port: self.port,
            protocol: self.protocol,
            default_actions: self.actions.describe(),
        }
    }
}

impl Store {
    /// Puts a listener in its place, unless its load balancer would have too many targets with it.
    fn put(&mut self, listener: Listener, now: Moment) -> Result<ListenersResult, ApiError> {
        let description = listener.describe();
        let (arn, owner) = (listener.arn.clone(), listener.load_balancer_arn.clone());
        let before = self.listeners.insert(arn.clone(), listener);
        if let Err(refusal) = check_targets_of_load_balancer(self, &owner) {
            match before {
                Some(before) => self.listeners.insert(arn, before),
                None => self.listeners.remove(&arn),
            };
            return Err(refusal);
        }
        self.settle_usage(now);
        Ok(ListenersResult { listeners: vec![description], next_marker: None })
    }
}

fn check_protocol(protocol: Protocol) -> Result<(), ApiError> {
    match protocol {
        Protocol::Tcp | Protocol::Udp | Protocol::TcpUdp => Ok(()),
        Protocol::Tls => Err(not_modelled("certificates, which a listener with the protocol TLS needs")),
        Protocol::Quic | Protocol::TcpQuic => Err(not_modelled(&format!("the protocol {protocol}"))),
        Protocol::Http | Protocol::Https | Protocol::Geneve => {
            Err(ApiError::validation(format!("Listener protocol '{protocol}' must be one of 'TLS, TCP, TCP_UDP, UDP'")))
        }
    }
}

fn duplicate(load_balancer: &str) -> ApiError {
    let message = format!("A listener already exists on this port for this load balancer '{load_balancer}'");
    ApiError::new("DuplicateListener", message)
}
