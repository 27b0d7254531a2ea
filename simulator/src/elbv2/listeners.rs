//! Listeners: create, describe, modify, delete.

mod certificates;
mod mutual_authentication;
mod security;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub(crate) use self::certificates::{add, describe as describe_certificates, remove};
pub(crate) use self::mutual_authentication::{Mode, MutualAuthentication, Request as MutualAuthenticationRequest};
use self::security::SecurityRequest;
pub(crate) use self::security::{CertificateRequest, Security};
use super::actions::{ActionDescription, ActionList, Actions, Listening, Source};
use super::arn::Resource;
use super::load_balancers::LoadBalancer;
use super::paging::{PageSize, Paging};
use super::placement::invalid_configuration;
use super::protocol::{Family, Protocol};
use super::quotas::Quota;
use super::rules::DefaultRule;
use super::settings::check_datagrams;
use super::store::{Store, by_arn};
use super::tags::{self, TagList, Tags};
use super::{Done, attributes};
use crate::clock::Moment;
use crate::wire::ApiError;
use crate::wire::constraint::{Int, List};

/// A listener.
#[derive(Clone, Debug)]
pub(crate) struct Listener {
    pub(crate) arn: String,
    pub(crate) load_balancer_arn: String,
    pub(crate) port: i64,
    pub(crate) protocol: Protocol,
    /// Of HTTPS and TLS listeners, and only of them.
    pub(super) security: Option<Security>,
    pub(crate) actions: Actions,
    pub(super) attributes: BTreeMap<String, String>,
    pub(super) default_rule: DefaultRule,
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
    ssl_policy: Option<String>,
    certificates: Option<List<CertificateRequest, 1, 1>>,
    default_actions: ActionList,
    alpn_policy: Option<List<String, 1, 1>>,
    tags: Option<TagList>,
    mutual_authentication: Option<mutual_authentication::Request>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct ModifyListener {
    listener_arn: String,
    protocol: Option<Protocol>,
    port: Option<Port>,
    ssl_policy: Option<String>,
    certificates: Option<List<CertificateRequest, 1, 1>>,
    default_actions: Option<ActionList>,
    alpn_policy: Option<List<String, 1, 1>>,
    mutual_authentication: Option<mutual_authentication::Request>,
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
    certificates: Option<Vec<security::CertificateDescription>>,
    ssl_policy: Option<String>,
    default_actions: Vec<ActionDescription>,
    alpn_policy: Option<[String; 1]>,
    mutual_authentication: Option<MutualAuthentication>,
}

/// `CreateListener`: the same port with the same settings is the same listener.
pub(crate) fn create(store: &mut Store, request: CreateListener, now: Moment) -> Result<ListenersResult, ApiError> {
    let tags = tags::of_new_resource(request.tags)?;
    let owner = store.load_balancer(&request.load_balancer_arn)?.clone();
    let protocol = request.protocol.ok_or_else(|| ApiError::validation("A listener protocol must be specified"))?;
    let port = request.port.ok_or_else(|| ApiError::validation("A listener port must be specified"))?.get();
    check_protocol(owner.family(), protocol)?;
    let security = SecurityRequest {
        policy: request.ssl_policy,
        certificates: request.certificates.map(List::into_vec),
        alpn: request.alpn_policy.map(List::into_vec),
        mutual_authentication: request.mutual_authentication,
    };
    let (listener_id, rule_id) = (store.names.id(), store.names.id());
    let arn = store.names.listener(&owner.arn, &listener_id);
    let default_rule = DefaultRule { arn: store.names.rule(&arn, &rule_id), tags: Tags::new() };
    let listener = Listener {
        arn,
        load_balancer_arn: owner.arn.clone(),
        port,
        protocol,
        security: Security::changed(None, security, store, protocol)?,
        actions: Actions::read(request.default_actions, Source::Call { standing: None })?,
        attributes: attributes::of_listener(protocol).defaults(),
        default_rule,
        tags,
    };
    listener.check(store)?;
    if let Some(existing) = store.listeners_of(&owner.arn).find(|existing| existing.port == port) {
        let same = (existing.protocol, &existing.actions) == (protocol, &listener.actions)
            && Security::same_settings(existing.security.as_ref(), listener.security.as_ref());
        if !same {
            return Err(duplicate(&owner.arn));
        }
        return Ok(ListenersResult { listeners: vec![existing.describe()], next_marker: None });
    }
    let quota = match owner.family() {
        Family::Application => Quota::ListenersPerApplicationLoadBalancer,
        Family::Network => Quota::ListenersPerNetworkLoadBalancer,
    };
    store.options().quotas.check(quota, store.listeners_of(&owner.arn).count() + 1)?;
    store.put_listener(listener, now)
}

/// `ModifyListener`: what is not given stays.
pub(crate) fn modify(store: &mut Store, request: ModifyListener, now: Moment) -> Result<ListenersResult, ApiError> {
    let standing = store.listener(&request.listener_arn)?;
    let mut listener = standing.clone();
    if let Some(port) = request.port.filter(|port| port.get() != standing.port) {
        standing.check_leaves_port(store)?;
        listener.port = port.get();
    }
    if let Some(protocol) = request.protocol.filter(|protocol| *protocol != standing.protocol) {
        check_protocol(store.load_balancer(&standing.load_balancer_arn)?.family(), protocol)?;
        listener.protocol = protocol;
        listener.attributes = attributes::of_listener(protocol).carried_over(&standing.attributes);
    }
    let security = SecurityRequest {
        policy: request.ssl_policy,
        certificates: request.certificates.map(List::into_vec),
        alpn: request.alpn_policy.map(List::into_vec),
        mutual_authentication: request.mutual_authentication,
    };
    listener.security = Security::changed(standing.security.as_ref(), security, store, listener.protocol)?;
    if let Some(actions) = request.default_actions {
        listener.actions = Actions::read(actions, Source::Call { standing: Some(&standing.actions) })?;
    }
    listener.check(store)?;
    for rule in store.rules_of(&listener.arn) {
        let owner = store.load_balancer(&listener.load_balancer_arn)?;
        rule.actions.check(store, owner, listener.listening())?;
    }
    let taken = |other: &Listener| other.port == listener.port && other.arn != listener.arn;
    if store.listeners_of(&listener.load_balancer_arn).any(taken) {
        return Err(duplicate(&listener.load_balancer_arn));
    }
    store.put_listener(listener, now)
}

/// `DescribeListeners`: of one load balancer, or those named.
pub(crate) fn describe(store: &Store, request: DescribeListeners) -> Result<ListenersResult, ApiError> {
    let found = match (&request.load_balancer_arn, request.listener_arns.as_deref()) {
        (Some(arn), None) => {
            store.load_balancer(arn)?;
            store.listeners_of(arn).map(|listener| (listener.arn.clone(), listener)).collect()
        }
        (None, Some(arns)) if !arns.is_empty() => by_arn(&store.listeners, arns, Resource::Listener)?,
        _ => {
            return Err(ApiError::validation("You must specify either listener ARNs or a load balancer ARN"));
        }
    };
    let (page, next_marker) = Paging { marker: request.marker, size: request.page_size }.page(found)?;
    Ok(ListenersResult { listeners: page.into_iter().map(Listener::describe).collect(), next_marker })
}

/// `DeleteListener`: its rules go with it.
pub(crate) fn delete(store: &mut Store, request: DeleteListener, now: Moment) -> Result<Done, ApiError> {
    let listener = store.listener(&request.listener_arn)?;
    listener.check_leaves_port(store)?;
    let arn = listener.arn.clone();
    store.listeners.remove(&arn);
    store.rules.retain(|_, rule| rule.listener_arn != arn);
    store.settle_usage(now);
    Ok(Done {})
}

impl Listener {
    /// What the actions depend on.
    pub(crate) fn listening(&self) -> Listening {
        Listening { protocol: self.protocol, port: self.port }
    }

    fn check(&self, store: &Store) -> Result<(), ApiError> {
        let owner = store.load_balancer(&self.load_balancer_arn)?;
        check_quic(owner, self.protocol)?;
        check_datagrams(self.protocol, owner.settings.ip_address_type, owner.settings.source_nat_prefix)?;
        self.actions.check(store, owner, self.listening())?;
        if let Some(security) = &self.security {
            security.check(store, self)?;
        }
        Ok(())
    }

    /// Refuses to give up a port while the load balancer is a target on it.
    fn check_leaves_port(&self, store: &Store) -> Result<(), ApiError> {
        match store.group_with_target_load_balancer(&self.load_balancer_arn) {
            Some((group, port)) if port == self.port => {
                let target = &self.load_balancer_arn;
                Err(ApiError::new(
                    "ResourceInUse",
                    format!(
                        "Listener port '{port}' is in use by registered target '{target}' in target group '{group}' \
                         and cannot be removed."
                    ),
                ))
            }
            _ => Ok(()),
        }
    }

    fn describe(&self) -> Description {
        let security = self.security.as_ref();
        Description {
            listener_arn: self.arn.clone(),
            load_balancer_arn: self.load_balancer_arn.clone(),
            port: self.port,
            protocol: self.protocol,
            certificates: security.map(Security::describe_default),
            ssl_policy: security.map(|security| security.policy.clone()),
            default_actions: self.actions.describe(),
            alpn_policy: security.and_then(|security| security.alpn.clone()).map(|policy| [policy]),
            mutual_authentication: security.and_then(|security| security.mutual_authentication.clone()),
        }
    }
}

impl Store {
    /// Puts a listener in its place, unless its load balancer would have too much with it.
    fn put_listener(&mut self, listener: Listener, now: Moment) -> Result<ListenersResult, ApiError> {
        let description = listener.describe();
        let (arn, owner) = (listener.arn.clone(), listener.load_balancer_arn.clone());
        let before = self.listeners.insert(arn.clone(), listener);
        if let Err(refusal) = self.check_load_balancer(&owner) {
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

fn check_protocol(family: Family, protocol: Protocol) -> Result<(), ApiError> {
    let (fits, allowed) = match family {
        Family::Application => (protocol.is_http(), "HTTPS, HTTP"),
        Family::Network => {
            (!protocol.is_http() && protocol != Protocol::Geneve, "TLS, TCP, TCP_UDP, UDP, QUIC, TCP_QUIC")
        }
    };
    if fits {
        return Ok(());
    }
    Err(ApiError::validation(format!("Listener protocol '{protocol}' must be one of '{allowed}'")))
}

/// Source: Network Load Balancer guide, "Create a Network Load Balancer": no security groups with QUIC.
fn check_quic(owner: &LoadBalancer, protocol: Protocol) -> Result<(), ApiError> {
    if protocol.carries_quic() && !owner.settings.security_groups.is_empty() {
        return Err(invalid_configuration(format!(
            "A load balancer with security groups cannot have '{protocol}' listeners"
        )));
    }
    Ok(())
}

fn duplicate(load_balancer: &str) -> ApiError {
    let message = format!("A listener already exists on this port for this load balancer '{load_balancer}'");
    ApiError::new("DuplicateListener", message)
}
