//! The AWS account: reads it, changes it, and is the only user of the SDK.
//!
//! - `connection`: Region, credentials, endpoints, limits; `read_only`: the second lock on the dry run
//! - `record`: what was read, as an account description
//! - `observe`: what is there, and whose it is; `listing`: where each stack begins to look
//! - `lookup`: the facts that a decision asks for
//! - `apply`: one write
//! - `poll`: load balancers that are waited for; `network`: who and where we are
//! - `describe`, `from_sdk`, `to_sdk`: the SDK's calls and types
//! - `measure`: what calls come to, counted and timed
//! - `tags`, `cache`: what need not be asked again
//! - `error`: what can go wrong, and how to go on

use std::future::Future;
use std::sync::Arc;

use northgate_planner::actual::{Actual, Scope};
use northgate_planner::facts::{Facts, Needs};
use northgate_planner::id::{ClusterName, VpcId};
use northgate_planner::plan::{AwsChange, Resolved};

use self::connection::Clients;
use self::listing::Once;
use self::lookup::FactCache;
use self::tags::TagCache;

mod apply;
mod cache;
mod connection;
mod describe;
mod error;
mod from_sdk;
mod listing;
mod lookup;
mod measure;
mod network;
mod observe;
mod poll;
mod read_only;
mod record;
mod tags;
mod to_sdk;
mod whole;

pub use self::connection::{ConnectOptions, Connection};
pub use self::error::{AwsError, Call, Class};
pub use self::record::{Occasion, Record};

/// Sees an account.
pub trait Read {
    /// What there is of a scope, and whose it is.
    ///
    /// # Errors
    ///
    /// What AWS says; never an incomplete answer.
    fn observe(&self, scope: &Scope) -> impl Future<Output = Result<Actual, AwsError>> + Send;

    /// The facts that a decision asks for; at most ten minutes old.
    ///
    /// # Errors
    ///
    /// What AWS says; never an incomplete answer.
    fn lookup(&self, needs: &Needs) -> impl Future<Output = Result<Facts, AwsError>> + Send;
}

/// Changes an account.
pub trait Write {
    /// Makes one change.
    ///
    /// # Errors
    ///
    /// What AWS says. Whether a change was made after [`Class::Transient`] only the next look can tell.
    fn perform(&self, change: &Resolved<AwsChange>) -> impl Future<Output = Result<Performed, AwsError>> + Send;
}

/// What a change came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Performed {
    /// The ARN or id of what was made.
    pub physical_id: Option<String>,
    /// The host name of a load balancer that was made.
    pub dns_name: Option<String>,
    /// The id that AWS's support asks for.
    pub request_id: Option<String>,
}

/// One account in one Region, as one cluster in one VPC sees it. Clones share their caches.
#[derive(Debug, Clone)]
pub struct Account {
    inner: Arc<Inner>,
}

/// The same for reading only: it has no way to write, and its clients refuse to. It is a look at one moment: what all its
/// passes list, it lists once.
#[derive(Debug, Clone)]
pub struct ReadOnlyAccount {
    account: Account,
}

#[derive(Debug)]
struct Inner {
    clients: Clients,
    cluster_name: ClusterName,
    vpc: VpcId,
    tags: TagCache,
    facts: FactCache,
    /// `None`: what others change in between is seen.
    once: Option<Once>,
}

impl Account {
    fn new(clients: Clients, cluster_name: ClusterName, vpc: VpcId) -> Self {
        Self { inner: Arc::new(Inner::new(clients, cluster_name, vpc, None)) }
    }

    /// Drops what is known of subnets, zones, route tables and the VPC: for an object that is refused because of them, and
    /// is to be looked at again after somebody has mended them.
    pub fn forget_network(&self) {
        self.inner.facts.forget_network();
    }

    /// Drops what is known of the rules of workers' security groups: for a pass that looks for what others changed.
    pub fn forget_worker_rules(&self) {
        self.inner.facts.forget_worker_rules();
    }
}

impl Inner {
    fn new(clients: Clients, cluster_name: ClusterName, vpc: VpcId, once: Option<Once>) -> Self {
        Self { clients, cluster_name, vpc, tags: TagCache::default(), facts: FactCache::default(), once }
    }
}

impl Read for Account {
    async fn observe(&self, scope: &Scope) -> Result<Actual, AwsError> {
        observe::observe(&self.inner, scope).await
    }

    async fn lookup(&self, needs: &Needs) -> Result<Facts, AwsError> {
        lookup::lookup(&self.inner, needs).await
    }
}

impl Write for Account {
    async fn perform(&self, change: &Resolved<AwsChange>) -> Result<Performed, AwsError> {
        apply::perform(&self.inner, change).await
    }
}

impl ReadOnlyAccount {
    fn new(clients: Clients, cluster_name: ClusterName, vpc: VpcId) -> Self {
        let inner = Inner::new(clients, cluster_name, vpc, Some(Once::default()));
        Self { account: Account { inner: Arc::new(inner) } }
    }
}

impl Read for ReadOnlyAccount {
    async fn observe(&self, scope: &Scope) -> Result<Actual, AwsError> {
        self.account.observe(scope).await
    }

    async fn lookup(&self, needs: &Needs) -> Result<Facts, AwsError> {
        self.account.lookup(needs).await
    }
}

#[cfg(test)]
mod tests;
