//! The simulator as a whole: all accounts, their time, and the way of one request through it.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use aws_smithy_runtime_api::client::http::SharedHttpClient;
use serde_json::Value;
use tokio::sync::Mutex as AsyncMutex;

use crate::clock::{Clock, Moment};
use crate::door::sdk::InProcess;
use crate::door::{Request, Response, Service};
use crate::ec2::Ec2;
use crate::elbv2::{self, ForcedHealth};
use crate::network::{Network, RemoteEc2, Scope};
use crate::options::{AccountOptions, Options};
use crate::wire::query::{self, Call};
use crate::wire::{ApiError, xml};

/// All accounts of one simulated AWS. Clones are handles to the same accounts.
#[derive(Clone)]
pub struct Simulator {
    inner: Arc<Inner>,
}

struct Inner {
    clock: Clock,
    account_options: AccountOptions,
    load_balancing: Mutex<BTreeMap<Scope, Arc<AsyncMutex<elbv2::Store>>>>,
    ec2: Ec2,
    remote: Option<RemoteEc2>,
    requests: AtomicU64,
}

impl Simulator {
    /// A simulator whose load balancers stand on its own EC2.
    pub fn new(options: Options) -> Self {
        Self::over(options, None)
    }

    /// A simulator whose load balancers stand on the EC2 of another endpoint.
    pub fn with_remote_ec2(options: Options, ec2: RemoteEc2) -> Self {
        Self::over(options, Some(ec2))
    }

    fn over(options: Options, remote: Option<RemoteEc2>) -> Self {
        let inner = Inner {
            clock: Clock::starting_at(options.start),
            account_options: options.account,
            load_balancing: Mutex::default(),
            ec2: Ec2::default(),
            remote,
            requests: AtomicU64::new(0),
        };
        Self { inner: Arc::new(inner) }
    }

    /// An HTTP client for the AWS SDK that ends in this simulator: no socket, and any clock that tokio has.
    pub fn connector(&self) -> SharedHttpClient {
        SharedHttpClient::new(InProcess::new(self.clone()))
    }

    /// Carries out one request.
    pub async fn handle(&self, request: Request) -> Response {
        let request_id = self.next_request_id();
        let dialect = request.service.dialect();
        let call = query::parse(&request.body);
        let action = call.as_ref().map(|call| call.action.clone()).unwrap_or_default();
        let outcome = match call {
            Ok(call) => self.perform(&request, &call).await,
            Err(malformed) => Err(malformed),
        };
        let (status, body) = match outcome {
            Ok(members) => (200, xml::answer(dialect, &action, &members, &request_id)),
            Err(refusal) => (refusal.status, xml::error(dialect, &refusal, &request_id)),
        };
        tracing::debug!(scope = %request.scope, action, status, request_id, "answered");
        Response { status, body: body.into_bytes(), content_type: "text/xml", request_id: Some(request_id) }
    }

    async fn perform(&self, request: &Request, call: &Call) -> Result<Value, ApiError> {
        match request.service {
            Service::Ec2 => self.inner.ec2.handle(&request.scope, &call.action, &call.params, self.now()),
            Service::ElasticLoadBalancing => {
                let store = self.load_balancing(&request.scope);
                let mut store = store.lock().await;
                // The moment after the wait for the lock: time never runs backwards in a store.
                elbv2::handle(&mut store, self.network(), &call.action, &call.params, self.now()).await
            }
        }
    }

    /// What an account is told.
    pub async fn options(&self, scope: &Scope) -> AccountOptions {
        self.load_balancing(scope).lock().await.options().clone()
    }

    /// Tells one account something else from now on.
    pub async fn set_options(&self, scope: &Scope, options: AccountOptions) {
        self.load_balancing(scope).lock().await.set_options(options);
    }

    /// Fixes the health of a target, or frees it.
    ///
    /// # Errors
    /// A sentence, when the target group does not exist.
    pub async fn force_target_health(&self, scope: &Scope, forced: ForcedHealth) -> Result<(), String> {
        let outcome = self.load_balancing(scope).lock().await.force_health(forced);
        outcome.map_err(|refusal| refusal.message)
    }

    /// The load balancing of one account in one Region; the lock is held for one request at a time.
    pub(crate) fn load_balancing(&self, scope: &Scope) -> Arc<AsyncMutex<elbv2::Store>> {
        let store = || elbv2::Store::new(scope.clone(), self.inner.account_options.clone());
        let mut stores = self.stores();
        Arc::clone(stores.entry(scope.clone()).or_insert_with(|| Arc::new(AsyncMutex::new(store()))))
    }

    /// The EC2 of all accounts.
    pub(crate) fn ec2(&self) -> &Ec2 {
        &self.inner.ec2
    }

    pub(crate) fn now(&self) -> Moment {
        self.inner.clock.now()
    }

    pub(crate) fn network(&self) -> &dyn Network {
        match &self.inner.remote {
            Some(remote) => remote,
            None => &self.inner.ec2,
        }
    }

    fn stores(&self) -> MutexGuard<'_, BTreeMap<Scope, Arc<AsyncMutex<elbv2::Store>>>> {
        self.inner.load_balancing.lock().expect("no thread panics while it holds the map of stores")
    }

    /// Ids in the form of AWS's, counted, so that a run can be repeated.
    fn next_request_id(&self) -> String {
        let number = self.inner.requests.fetch_add(1, Ordering::Relaxed) + 1;
        format!("00000000-0000-4000-8000-{number:012x}")
    }
}

impl fmt::Debug for Simulator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Simulator").finish_non_exhaustive()
    }
}
