//! EC2 as far as load balancers stand on it: what is there, its tags, and security groups with their rules.
//!
//! The world itself (VPCs, subnets, instances) comes from an account description, or is built by calls.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::sync::{Arc, Mutex};

use serde_json::{Map, Value, json};

use self::permissions::Direction;
use self::request::DryRun;
use self::store::Account;
use crate::clock::{Clock, Moment};
use crate::lag::{Lag, LagKind, Past};
use crate::network::Scope;
use crate::revision::Revision;
use crate::service_model;
use crate::wire::{ApiError, Tree};

mod account_attributes;
pub(crate) mod addresses;
pub(crate) mod availability_zones;
mod build;
pub(crate) mod coip_pools;
mod describe;
mod error;
mod facts;
pub(crate) mod instances;
pub(crate) mod internet_gateways;
pub(crate) mod ipam_pools;
mod load_balancer_interfaces;
pub(crate) mod network_interfaces;
mod observed;
pub(crate) mod permissions;
pub(crate) mod prefix_lists;
pub(crate) mod quotas;
mod request;
pub(crate) mod route_tables;
mod security_group_rules;
pub(crate) mod security_groups;
pub(crate) mod store;
pub(crate) mod subnets;
pub(crate) mod tags;
pub(crate) mod vpc_peering_connections;
pub(crate) mod vpcs;

/// The EC2 of all accounts. Clones are handles to the same accounts.
#[derive(Clone, Debug)]
pub(crate) struct Ec2 {
    accounts: Arc<Mutex<BTreeMap<Scope, Held>>>,
    clock: Clock,
    revision: Revision,
    /// What an account begins with.
    lag: Lag,
}

/// One account in one Region, and what reads that lag look at.
#[derive(Debug)]
struct Held {
    present: Account,
    past: Past<Account>,
    lag: Lag,
}

/// An action: what it may do to the account.
#[derive(Clone, Copy)]
enum Action {
    Read(fn(&Account, &Tree) -> Result<Value, ApiError>),
    Write(fn(&mut Account, &Tree) -> Result<Value, ApiError>),
    /// A write that looks at the clock.
    Timed(fn(&mut Account, &Tree, Moment) -> Result<Value, ApiError>),
}

/// Every action there is.
const ACTIONS: &[(&str, Action)] = &[
    ("AuthorizeSecurityGroupEgress", Action::Write(|account, params| account.authorize(params, Direction::Egress))),
    ("AuthorizeSecurityGroupIngress", Action::Write(|account, params| account.authorize(params, Direction::Ingress))),
    ("CreateSecurityGroup", Action::Write(Account::create_security_group)),
    ("CreateTags", Action::Write(Account::create_tags)),
    ("DeleteSecurityGroup", Action::Write(Account::delete_security_group)),
    ("DeleteTags", Action::Write(Account::delete_tags)),
    ("DescribeAccountAttributes", Action::Read(Account::describe_account_attributes)),
    ("DescribeAddresses", Action::Read(Account::describe_addresses)),
    ("DescribeAvailabilityZones", Action::Read(Account::describe_availability_zones)),
    ("DescribeCoipPools", Action::Read(Account::describe_coip_pools)),
    ("DescribeInstances", Action::Read(Account::describe_instances)),
    ("DescribeInternetGateways", Action::Read(Account::describe_internet_gateways)),
    ("DescribeIpamPools", Action::Read(Account::describe_ipam_pools)),
    ("DescribeManagedPrefixLists", Action::Read(Account::describe_managed_prefix_lists)),
    ("DescribeNetworkInterfaces", Action::Read(Account::describe_network_interfaces)),
    ("DescribeRouteTables", Action::Read(Account::describe_route_tables)),
    ("DescribeSecurityGroupRules", Action::Read(Account::describe_security_group_rules)),
    ("DescribeSecurityGroups", Action::Read(Account::describe_security_groups)),
    ("DescribeSubnets", Action::Read(Account::describe_subnets)),
    ("DescribeTags", Action::Read(Account::describe_tags)),
    ("DescribeVpcPeeringConnections", Action::Read(Account::describe_vpc_peering_connections)),
    ("DescribeVpcs", Action::Read(Account::describe_vpcs)),
    ("GetCoipPoolUsage", Action::Read(Account::get_coip_pool_usage)),
    ("GetManagedPrefixListEntries", Action::Read(Account::get_managed_prefix_list_entries)),
    ("GetSecurityGroupsForVpc", Action::Read(Account::get_security_groups_for_vpc)),
    ("ModifySecurityGroupRules", Action::Write(Account::modify_security_group_rules)),
    ("RevokeSecurityGroupEgress", Action::Write(|account, params| account.revoke(params, Direction::Egress))),
    ("RevokeSecurityGroupIngress", Action::Write(|account, params| account.revoke(params, Direction::Ingress))),
    (
        "UpdateSecurityGroupRuleDescriptionsEgress",
        Action::Write(|account, params| account.update_descriptions(params, Direction::Egress)),
    ),
    (
        "UpdateSecurityGroupRuleDescriptionsIngress",
        Action::Write(|account, params| account.update_descriptions(params, Direction::Ingress)),
    ),
];

impl Ec2 {
    /// No accounts yet; what changes them grows the revision.
    pub(crate) fn new(clock: Clock, revision: Revision, lag: Lag) -> Self {
        Self { accounts: Arc::default(), clock, revision, lag }
    }

    /// Carries out one call. A call that fails, and a dry run, change nothing.
    pub(crate) fn handle(&self, scope: &Scope, action: &str, params: &Tree, now: Moment) -> Result<Value, ApiError> {
        let Some((name, action)) = ACTIONS.iter().chain(build::ACTIONS).find(|(name, _)| *name == action) else {
            return Err(ApiError::invalid_action("EC2", action));
        };
        let (params, dry_run) = request::without_dry_run(params)?;
        let answer = match action {
            Action::Read(read) => {
                let earlier = LagKind::of_ec2(name).and_then(|kind| self.earlier(scope, kind, now));
                match earlier {
                    Some(account) => dry_run.outcome(read(&account, &params)),
                    None => self.with_account(scope, |account| dry_run.outcome(read(account, &params))),
                }
            }
            Action::Write(write) => self.write(scope, dry_run, |account| write(account, &params)),
            Action::Timed(write) => self.write(scope, dry_run, |account| write(account, &params, now)),
        };
        Ok(service_model::EC2.on_the_wire(name, answer?).unwrap_or_else(|| json!({ "return": true })))
    }

    /// Changes an account, or leaves it as it is when the change fails or is not meant.
    fn write(
        &self,
        scope: &Scope,
        dry_run: DryRun,
        write: impl FnOnce(&mut Account) -> Result<Value, ApiError>,
    ) -> Result<Value, ApiError> {
        self.with_account(scope, |account| {
            let mut changed = account.clone();
            let answer = dry_run.outcome(write(&mut changed))?;
            changed.changes += 1;
            *account = changed;
            Ok(answer)
        })
    }

    /// Looks at or changes one account, which is there from the first look on. What was to vanish by now has vanished.
    pub(crate) fn with_account<T>(&self, scope: &Scope, look: impl FnOnce(&mut Account) -> T) -> T {
        let now = self.clock.now();
        self.with_held(scope, |held| {
            let before = held.present.changes;
            held.present.settle(now.instant);
            let answer = look(&mut held.present);
            if held.present.changes != before {
                held.past.record(held.lag.longest(), &held.present, now);
                self.revision.grow();
            }
            answer
        })
    }

    /// Tells how old the state is that reads answer from.
    pub(crate) fn set_lag(&self, scope: &Scope, lag: Lag) {
        let now = self.clock.now();
        self.with_held(scope, |held| {
            held.past.look_back(lag.longest(), &held.present, now);
            held.lag = lag;
        });
    }

    /// The account as reads of this kind see it, when that is not the present.
    fn earlier(&self, scope: &Scope, kind: LagKind, now: Moment) -> Option<Account> {
        self.with_held(scope, |held| {
            let lag = held.lag.of(kind);
            let (account, then) = if lag.is_zero() { None } else { held.past.ago(lag, now) }?;
            let mut account = Account::clone(&account);
            account.settle(then.instant);
            Some(account)
        })
    }

    fn with_held<T>(&self, scope: &Scope, look: impl FnOnce(&mut Held) -> T) -> T {
        let mut accounts = self.accounts.lock().expect("no thread panics while it holds the accounts");
        let new = || {
            let present = Account::untouched(scope.clone());
            Held {
                past: Past::beginning(self.lag.longest(), &present, self.clock.now()),
                present,
                lag: self.lag.clone(),
            }
        };
        look(accounts.entry(scope.clone()).or_insert_with(new))
    }
}

/// Members of AWS's structures that are only kept and shown again.
pub(crate) type Members = Map<String, Value>;

/// The state of a resource that can be used.
fn available() -> String {
    "available".to_owned()
}

/// Values as texts, for a filter.
fn texts<T: Display>(values: impl IntoIterator<Item = T>) -> Vec<String> {
    values.into_iter().map(|value| value.to_string()).collect()
}
