//! The simulator as a whole: all accounts, their time, and the way of one request through it.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use aws_smithy_runtime_api::client::http::SharedHttpClient;
use serde_json::Value;
use tokio::sync::{Mutex as AsyncMutex, watch};
use tokio::time::Instant;

use crate::clock::{Clock, Moment};
use crate::door::sdk::InProcess;
use crate::door::{Request, Response, Service};
use crate::ec2::Ec2;
use crate::elbv2::{self, AdmissionError, Described, ForcedHealth, ForcedLoadBalancerState, Recorded, Surroundings};
use crate::journal::{CallRecord, Journal, Violation};
use crate::lag::{LagKind, Past};
use crate::network::{LoadBalancerInterfaces, Network, RemoteEc2, Scope};
use crate::observed::Observed;
use crate::options::{AccountOptions, Options};
use crate::revision::Revision;
use crate::services::{self, KnownCertificates, Services};
use crate::throttle::Buckets;
use crate::wire::query::Call;
use crate::wire::{ApiError, Tree};

/// All accounts of one simulated AWS. Clones are handles to the same accounts.
#[derive(Clone)]
pub struct Simulator {
    inner: Arc<Inner>,
}

struct Inner {
    clock: Clock,
    account_options: AccountOptions,
    desks: Mutex<BTreeMap<Scope, Desk>>,
    load_balancing: Mutex<BTreeMap<Scope, Arc<AsyncMutex<Balancing>>>>,
    ec2: Ec2,
    remote: Option<RemoteEc2>,
    requests: AtomicU64,
    journal: Mutex<Journal>,
    revision: Revision,
    observed: Mutex<BTreeMap<Scope, Observation>>,
    services: Arc<Services>,
}

/// What one account in one Region is told, and how much it may still be asked.
struct Desk {
    options: AccountOptions,
    buckets: Buckets,
}

/// The load balancing of one account in one Region, and what reads that lag look at.
struct Balancing {
    present: elbv2::Store,
    past: Past<elbv2::Store>,
    /// Answers in the place of the model.
    recorded: Option<Recorded>,
}

/// What was observed, of which revision, and when: states follow from time too.
struct Observation {
    revision: u64,
    at: Instant,
    observed: Arc<Observed>,
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
        let (clock, revision) = (Clock::starting_at(options.start), Revision::default());
        let ec2 = Ec2::new(clock, revision.clone(), options.account.lag.clone());
        let inner = Inner {
            clock,
            account_options: options.account,
            desks: Mutex::default(),
            load_balancing: Mutex::default(),
            ec2,
            remote,
            requests: AtomicU64::new(0),
            journal: Mutex::new(Journal::new(options.calls_kept)),
            revision,
            observed: Mutex::default(),
            services: Arc::default(),
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
        let protocol = request.service.protocol();
        let call = protocol.parse(request.target.as_deref(), &request.body);
        let action = call.as_ref().map(|call| call.action.clone()).unwrap_or_default();
        let outcome = match call {
            Ok(call) => self.perform(&request, &call).await,
            Err(malformed) => Err(malformed),
        };
        let status = outcome.as_ref().map_or_else(|refusal| refusal.status, |_| 200);
        let body = protocol.document(&action, &outcome, &request_id).into_bytes();
        let error_type = protocol.error_type(&outcome);
        tracing::debug!(scope = %request.scope, action, status, request_id, "answered");
        self.journal().note(request, action, self.now().wall, outcome.err().as_ref());
        Response { status, body, content_type: protocol.content_type(), request_id: Some(request_id), error_type }
    }

    async fn perform(&self, request: &Request, call: &Call) -> Result<Value, ApiError> {
        self.admit_call(request, call)?;
        match request.service {
            Service::Ec2 | Service::ElasticLoadBalancing => {
                let Request { service, scope, .. } = request;
                let answer = match service {
                    Service::Ec2 => self.inner.ec2.handle(scope, &call.action, &call.params, self.now())?,
                    _ => self.balance(scope, call).await?,
                };
                if services::may_change_tags(*service, &call.action) {
                    services::note_tags(self, *service, scope, &call.params, &answer).await;
                }
                Ok(answer)
            }
            _ => services::handle(self, request, call).await,
        }
    }

    /// Refuses a call that comes too soon after others.
    fn admit_call(&self, request: &Request, call: &Call) -> Result<(), ApiError> {
        let now = self.now().instant;
        self.with_desk(&request.scope, |Desk { options, buckets }| {
            buckets.admit(&options.throttling, request.service, &call.action, &call.params, now)
        })
    }

    /// Carries out a call of Elastic Load Balancing; a read that lags looks at an earlier state, at that state's time.
    async fn balance(&self, scope: &Scope, call: &Call) -> Result<Value, ApiError> {
        let balancing = self.load_balancing(scope);
        let mut balancing = balancing.lock().await;
        // Quotas are no answers about resources: they are as the description has them.
        let is_resource = call.action != "DescribeAccountLimits";
        if let Some(recorded) = balancing.recorded.as_ref().filter(|_| is_resource) {
            return recorded.answer(&call.action, &call.params);
        }
        // The moment after the wait for the lock: time never runs backwards in a store.
        let now = self.now();
        let (network, Call { action, params }) = (self.network(), call);
        let lag = &balancing.present.options().lag;
        let lag = LagKind::of_load_balancing(action).map_or(Duration::ZERO, |kind| lag.of(kind));
        let earlier = if lag.is_zero() { None } else { balancing.past.ago(lag, now) };
        if let Some((store, then)) = earlier {
            return elbv2::handle(&mut elbv2::Store::clone(&store), network, action, params, then).await;
        }
        let answer = elbv2::handle(&mut balancing.present, network, action, params, now).await;
        if answer.is_ok() && !action.starts_with("Describe") {
            self.note_change(&mut balancing, now);
        }
        answer
    }

    /// The accounts and Regions that were asked about so far, sorted.
    pub fn scopes(&self) -> Vec<Scope> {
        self.balancings().keys().cloned().collect()
    }

    /// What an account is told.
    pub async fn options(&self, scope: &Scope) -> AccountOptions {
        self.with_desk(scope, |desk| desk.options.clone())
    }

    /// Tells one account something else from now on.
    pub async fn set_options(&self, scope: &Scope, options: AccountOptions) {
        let balancing = self.load_balancing(scope);
        let mut balancing = balancing.lock().await;
        let Balancing { present, past, .. } = &mut *balancing;
        present.set_options(options.clone());
        past.look_back(options.lag.longest(), present, self.now());
        self.note_change(&mut balancing, self.now());
        self.inner.ec2.set_lag(scope, options.lag.clone());
        self.with_desk(scope, |desk| desk.options = options);
    }

    /// The requests so far that AWS's service model does not allow. A program that uses AWS rightly makes none.
    pub fn violations(&self) -> Vec<Violation> {
        self.journal().violations()
    }

    /// The calls after the one with this number, oldest first, as far back as they are kept; 0 for all of them.
    pub fn calls_after(&self, number: u64) -> Vec<Arc<CallRecord>> {
        self.journal().calls_after(number)
    }

    /// A number that grows when a call, a control or a description changes any account. What time alone changes (a load
    /// balancer becomes active, a target healthy) does not count.
    pub fn revision(&self) -> u64 {
        self.inner.revision.get()
    }

    /// Hears of every new [`Simulator::revision`].
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.inner.revision.subscribe()
    }

    /// The present state of an account. Asked again at the same revision and the same moment it costs nothing.
    ///
    /// # Errors
    /// A sentence, when the simulator stands on the EC2 of another endpoint and that cannot be asked.
    pub async fn observe(&self, scope: &Scope) -> Result<Arc<Observed>, String> {
        let balancing = self.load_balancing(scope);
        let balancing = balancing.lock().await;
        let (now, revision) = (self.now(), self.revision());
        let fresh = |last: &&Observation| last.revision == revision && last.at == now.instant;
        if let Some(last) = self.observed().get(scope).filter(fresh) {
            return Ok(Arc::clone(&last.observed));
        }
        let observed = balancing.present.observe(self.network(), now).await;
        let mut observed = observed.map_err(|refusal| refusal.message)?;
        observed.security_groups = self.inner.ec2.with_account(scope, |account| account.observe_security_groups());
        let observed = Arc::new(observed);
        let observation = Observation { revision, at: now.instant, observed: Arc::clone(&observed) };
        self.observed().insert(scope.clone(), observation);
        Ok(observed)
    }

    /// Fixes the health of a target, or frees it.
    ///
    /// # Errors
    /// A sentence, when the target group does not exist.
    pub async fn force_target_health(&self, scope: &Scope, forced: ForcedHealth) -> Result<(), String> {
        let balancing = self.load_balancing(scope);
        let mut balancing = balancing.lock().await;
        balancing.present.force_health(forced).map_err(|refusal| refusal.message)?;
        self.note_change(&mut balancing, self.now());
        Ok(())
    }

    /// Carries out an operation of Elastic Load Balancing for the account itself: never throttled, never late.
    pub(crate) async fn ask_load_balancing(
        &self,
        scope: &Scope,
        action: &str,
        params: &Tree,
    ) -> Result<Value, ApiError> {
        let balancing = self.load_balancing(scope);
        let mut balancing = balancing.lock().await;
        let now = self.now();
        let answer = elbv2::handle(&mut balancing.present, self.network(), action, params, now).await;
        if answer.is_ok() && !action.starts_with("Describe") {
            self.note_change(&mut balancing, now);
        }
        answer
    }

    /// Takes in what a description says about load balancing. Gives the interfaces that its load balancers have.
    pub(crate) async fn admit(
        &self,
        scope: &Scope,
        described: Described,
        surroundings: &(dyn Surroundings + Sync),
    ) -> Result<Vec<LoadBalancerInterfaces>, AdmissionError> {
        let balancing = self.load_balancing(scope);
        let mut balancing = balancing.lock().await;
        let now = self.now();
        let interfaces = balancing.present.admit(described, surroundings, now)?;
        self.note_change(&mut balancing, now);
        Ok(interfaces)
    }

    /// From now on load balancing answers what was recorded, and can only be read.
    pub(crate) async fn replay(&self, scope: &Scope, recorded: Recorded) {
        let balancing = self.load_balancing(scope);
        let mut balancing = balancing.lock().await;
        balancing.recorded = Some(recorded);
        self.note_change(&mut balancing, self.now());
    }

    fn note_change(&self, balancing: &mut Balancing, now: Moment) {
        let Balancing { present, past, .. } = balancing;
        past.record(present.options().lag.longest(), present, now);
        self.inner.revision.grow();
    }

    /// Fixes the state of a load balancer, or frees it.
    ///
    /// # Errors
    /// A sentence, when the load balancer does not exist.
    pub async fn force_load_balancer_state(
        &self,
        scope: &Scope,
        forced: ForcedLoadBalancerState,
    ) -> Result<(), String> {
        let balancing = self.load_balancing(scope);
        let mut balancing = balancing.lock().await;
        balancing.present.force_state(forced).map_err(|refusal| refusal.message)?;
        self.note_change(&mut balancing, self.now());
        Ok(())
    }

    /// The load balancing of one account in one Region; the lock is held for one request at a time.
    fn load_balancing(&self, scope: &Scope) -> Arc<AsyncMutex<Balancing>> {
        let new = || {
            let present = self.new_store(scope);
            let past = Past::beginning(present.options().lag.longest(), &present, self.now());
            Arc::new(AsyncMutex::new(Balancing { present, past, recorded: None }))
        };
        Arc::clone(self.balancings().entry(scope.clone()).or_insert_with(new))
    }

    /// An empty account. Its listeners ask for certificates where its network is: what another endpoint has of them is
    /// not asked, and every well-formed ARN will do.
    fn new_store(&self, scope: &Scope) -> elbv2::Store {
        let store = elbv2::Store::new(scope.clone(), self.inner.account_options.clone());
        if self.inner.remote.is_some() {
            return store;
        }
        let (services, clock) = (Arc::clone(&self.inner.services), self.inner.clock);
        store.with_certificates(Arc::new(KnownCertificates { services, clock }))
    }

    fn balancings(&self) -> MutexGuard<'_, BTreeMap<Scope, Arc<AsyncMutex<Balancing>>>> {
        self.inner.load_balancing.lock().expect("no thread panics while it holds the map of stores")
    }

    fn with_desk<T>(&self, scope: &Scope, look: impl FnOnce(&mut Desk) -> T) -> T {
        let new = || Desk { options: self.inner.account_options.clone(), buckets: Buckets::default() };
        let mut desks = self.inner.desks.lock().expect("no thread panics while it holds the desks");
        look(desks.entry(scope.clone()).or_insert_with(new))
    }

    /// The other services of all accounts.
    pub(crate) fn services(&self) -> &Services {
        &self.inner.services
    }

    /// One of the other services has changed an account.
    pub(crate) fn note_service_change(&self) {
        self.inner.revision.grow();
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

    fn journal(&self) -> MutexGuard<'_, Journal> {
        self.inner.journal.lock().expect("no thread panics while it holds the journal")
    }

    fn observed(&self) -> MutexGuard<'_, BTreeMap<Scope, Observation>> {
        self.inner.observed.lock().expect("no thread panics while it holds what was observed")
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
