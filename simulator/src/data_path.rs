//! What load balancers do with traffic: each listener of an active load balancer is a port on loopback.
//!
//! It reads the simulated state and nothing else, each time a client comes, so that it is a witness of what listeners,
//! rules and targets mean. It is a stand-in for tests and demonstrations:
//! - A TLS or HTTPS listener ends TLS where the account has the keys of its certificates (`ImportCertificate`, or a
//!   description with `PrivateKey`); else it is spoken to in the clear, as targets always are. UDP is not carried.
//! - There is one port for all zones, and cross-zone load balancing does not matter. Targets in zones that are not enabled
//!   are `unused`, and get nothing.
//! - Targets are reached at loopback addresses that the caller gives.
//!
//! Modules in reading order: `targets` (where they are), `condition` and `rule` (which rule takes a request, and what it does
//! with it), `decision` (the same for who only asks), `rotation` and `stickiness` (whose turn it is, and who stays), `tls`,
//! `tcp` and `http` (network and application load balancers at work).

mod condition;
mod decision;
mod http;
mod rotation;
mod rule;
mod stickiness;
mod targets;
mod tcp;
mod tls;

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use serde::Serialize;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::AbortHandle;

use self::condition::Seen;
pub use self::decision::{Asked, Decision, ListenerRules};
use self::http::Versions;
use self::rotation::Rotation;
use self::rule::Rule;
pub use self::targets::{TargetAddress, TargetTable};
pub(crate) use self::tls::certified;
use crate::network::Scope;
use crate::observed::{Observed, ObservedListener, ObservedLoadBalancer, ObservedTarget};
use crate::simulator::Simulator;

/// How often is looked whether a load balancer that is provisioning has become active: time alone is no change.
const PROVISIONING: Duration = Duration::from_millis(50);

/// The data path of all load balancers of a simulator. Clones are handles to the same one; with the last of them it
/// ends: ports close, connections that are open go on.
#[derive(Clone)]
pub struct DataPath {
    path: Arc<Path>,
    _running: Arc<Running>,
}

/// A listener of an active load balancer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct OpenListener {
    /// The account.
    pub account: String,
    /// The Region.
    pub region: String,
    /// The load balancer's name.
    pub load_balancer: String,
    /// The host name that its clients use.
    pub dns_name: String,
    /// The listener's ARN.
    pub listener_arn: String,
    /// The listener's protocol.
    pub protocol: String,
    /// The listener's port.
    pub port: u16,
    /// Where it is reached; none when it is not opened.
    pub address: Option<SocketAddr>,
    /// Whether it is spoken to with TLS.
    pub tls: bool,
    /// What differs from the load balancer that it stands for, or why it is not opened.
    pub note: Option<&'static str>,
}

struct Path {
    simulator: Simulator,
    tables: Mutex<BTreeMap<Scope, TargetTable>>,
    ports: Mutex<BTreeMap<String, Port>>,
    open: watch::Sender<Vec<OpenListener>>,
    rotation: Mutex<Rotation>,
}

/// A port that is open for a listener, until it is dropped.
struct Port {
    protocol: String,
    address: SocketAddr,
    accepting: AbortHandle,
}

/// Follows the simulated state, until it is dropped.
struct Running {
    path: Arc<Path>,
    following: AbortHandle,
}

/// A client's way in: a listener as it is now, and all that it may lead to.
struct Way {
    scope: Scope,
    listener_arn: String,
    observed: Arc<Observed>,
}

impl DataPath {
    /// Opens the listeners of a simulator's load balancers, those to come too.
    pub fn serve(simulator: &Simulator) -> Self {
        let path = Arc::new(Path {
            simulator: simulator.clone(),
            tables: Mutex::default(),
            ports: Mutex::default(),
            open: watch::Sender::default(),
            rotation: Mutex::default(),
        });
        let following = tokio::spawn(Arc::clone(&path).follow()).abort_handle();
        Self { _running: Arc::new(Running { path: Arc::clone(&path), following }), path }
    }

    /// Says where the targets of an account are reached from now on.
    pub fn set_targets(&self, scope: &Scope, table: TargetTable) {
        self.path.tables().insert(scope.clone(), table);
    }

    /// The listeners of all active load balancers, sorted by ARN.
    pub fn listeners(&self) -> Vec<OpenListener> {
        self.path.open.borrow().clone()
    }

    /// Hears of every change of [`DataPath::listeners`].
    pub fn changes(&self) -> watch::Receiver<Vec<OpenListener>> {
        self.path.open.subscribe()
    }

    /// Where a port of a load balancer is reached; waits until it is open.
    pub async fn address(&self, dns_name: &str, port: u16) -> SocketAddr {
        let mut changes = self.changes();
        loop {
            let open = changes.borrow_and_update().clone();
            let mut these = open.iter().filter(|open| open.dns_name == dns_name && open.port == port);
            if let Some(address) = these.find_map(|open| open.address) {
                return address;
            }
            changes.changed().await.expect("the handle keeps the sender");
        }
    }
}

impl Path {
    async fn follow(self: Arc<Self>) {
        let mut changes = self.simulator.changes();
        loop {
            changes.mark_unchanged();
            let provisioning = self.settle().await;
            tokio::select! {
                changed = changes.changed() => changed.expect("the path keeps the simulator"),
                () = tokio::time::sleep(PROVISIONING), if provisioning => {}
            }
        }
    }

    /// Opens and closes what has changed. Gives whether a load balancer is still provisioning.
    async fn settle(self: &Arc<Self>) -> bool {
        let (mut open, mut provisioning) = (Vec::new(), false);
        for scope in self.simulator.scopes() {
            let observed = match self.simulator.observe(&scope).await {
                Ok(observed) => observed,
                Err(sentence) => {
                    tracing::warn!(%scope, sentence, "listeners are left as they are");
                    open.extend(self.open.borrow().iter().filter(|open| scope.is_of(open)).cloned());
                    continue;
                }
            };
            for (arn, listener) in &observed.listeners {
                let Some(owner) = observed.load_balancers.get(&listener.load_balancer_arn) else { continue };
                provisioning |= owner.state == "provisioning";
                if matches!(owner.state.as_str(), "active" | "active_impaired") {
                    open.push(self.open(&scope, arn, listener, owner).await);
                }
            }
        }
        self.ports().retain(|arn, _| open.iter().any(|open| open.listener_arn == *arn));
        self.open.send_if_modified(|before| {
            let changed = *before != open;
            *before = open;
            changed
        });
        provisioning
    }

    async fn open(
        self: &Arc<Self>,
        scope: &Scope,
        arn: &str,
        listener: &ObservedListener,
        owner: &ObservedLoadBalancer,
    ) -> OpenListener {
        let tls = self.ends_tls(scope, listener);
        let (carried, note) = carried(&listener.protocol, tls);
        let address = if carried { self.port(scope, arn, &listener.protocol).await } else { Ok(None) };
        let (address, note) = match address {
            Ok(address) => (address, note),
            Err(error) => {
                tracing::warn!(listener = arn, %error, "a port cannot be opened");
                (None, Some("no port could be opened"))
            }
        };
        OpenListener {
            account: scope.account.clone(),
            region: scope.region.clone(),
            load_balancer: owner.name.clone(),
            dns_name: owner.dns_name.clone(),
            listener_arn: arn.to_owned(),
            protocol: listener.protocol.clone(),
            port: listener.port,
            address,
            tls,
            note,
        }
    }

    /// The port of a listener: the one that it has, or a new one.
    async fn port(self: &Arc<Self>, scope: &Scope, arn: &str, protocol: &str) -> io::Result<Option<SocketAddr>> {
        if let Some(port) = self.ports().get(arn).filter(|port| port.protocol == protocol) {
            return Ok(Some(port.address));
        }
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let (path, scope, listener_arn) = (Arc::clone(self), scope.clone(), arn.to_owned());
        let accepting = tokio::spawn(async move {
            loop {
                let Ok((client, from)) = listener.accept().await else { continue };
                let (path, scope, arn) = (Arc::clone(&path), scope.clone(), listener_arn.clone());
                tokio::spawn(path.meet(scope, arn, client, from));
            }
        });
        let port = Port { protocol: protocol.to_owned(), address, accepting: accepting.abort_handle() };
        self.ports().insert(arn.to_owned(), port);
        Ok(Some(address))
    }

    /// Serves a client: with TLS ended where it is to be, by the protocol of the listener.
    async fn meet(self: Arc<Self>, scope: Scope, listener_arn: String, client: TcpStream, from: SocketAddr) {
        let Some(way) = self.way(&scope, &listener_arn).await else { return };
        let listener = way.listener().expect("a way begins at a listener");
        let http = matches!(listener.protocol.as_str(), "HTTP" | "HTTPS");
        let versions = Versions::of(&way);
        match self.acceptor(&scope, listener, versions) {
            None if http => self.serve_http(scope, listener_arn, versions, client, from).await,
            None => self.carry(&scope, &listener_arn, client, from).await,
            Some(acceptor) => match acceptor.accept(client).await {
                Ok(client) if http => self.serve_http(scope, listener_arn, versions, client, from).await,
                Ok(client) => self.carry(&scope, &listener_arn, client, from).await,
                Err(error) => tracing::debug!(listener_arn, %error, "a client does not agree on TLS"),
            },
        }
    }

    /// What a client meets at a listener now; none when the listener is gone.
    async fn way(&self, scope: &Scope, listener_arn: &str) -> Option<Way> {
        let observed = self.simulator.observe(scope).await.ok()?;
        let way = Way { scope: scope.clone(), listener_arn: listener_arn.to_owned(), observed };
        way.listener().is_some().then_some(way)
    }

    /// A connection to a target.
    async fn connect(&self, scope: &Scope, target: &ObservedTarget) -> io::Result<TcpStream> {
        let known = self.tables().get(scope).and_then(|table| table.get(&target.id, target.port));
        let address = known.or_else(|| self.load_balancer(&target.id, target.port)).ok_or_else(|| {
            let sentence = format!("no loopback address was given for the target {}:{}", target.id, target.port);
            io::Error::new(io::ErrorKind::AddrNotAvailable, sentence)
        })?;
        TcpStream::connect(address).await
    }

    /// Where an application load balancer that is a target is reached.
    fn load_balancer(&self, arn: &str, port: u16) -> Option<SocketAddr> {
        let (_, name) = arn.split_once(":loadbalancer/")?;
        let listeners = format!(":listener/{name}/");
        let open = self.open.borrow();
        open.iter().find(|open| open.port == port && open.listener_arn.contains(&listeners))?.address
    }

    fn rotation(&self) -> MutexGuard<'_, Rotation> {
        self.rotation.lock().expect("no thread panics while it holds the rotation")
    }

    fn tables(&self) -> MutexGuard<'_, BTreeMap<Scope, TargetTable>> {
        self.tables.lock().expect("no thread panics while it holds the tables")
    }

    fn ports(&self) -> MutexGuard<'_, BTreeMap<String, Port>> {
        self.ports.lock().expect("no thread panics while it holds the ports")
    }
}

impl Way {
    fn listener(&self) -> Option<&ObservedListener> {
        self.observed.listeners.get(&self.listener_arn)
    }

    /// The first rule by priority that takes what is seen; the default rule takes all.
    fn deciding_rule(&self, seen: &Seen<'_>) -> Result<Rule, String> {
        for rule in decision::in_order(&self.observed, &self.listener_arn) {
            let rule = Rule::read(&rule.description)?;
            if rule.takes(seen) {
                return Ok(rule);
            }
        }
        Err("the listener has no default rule".to_owned())
    }

    fn load_balancer(&self) -> Option<&ObservedLoadBalancer> {
        self.observed.load_balancers.get(&self.listener()?.load_balancer_arn)
    }
}

/// Whether a listener with this protocol is opened, and what is to be said about it.
fn carried(protocol: &str, tls: bool) -> (bool, Option<&'static str>) {
    match protocol {
        "TCP" | "HTTP" => (true, None),
        "TLS" | "HTTPS" if tls => (true, None),
        "TLS" | "HTTPS" => (true, Some("TLS is left out: speak to it in the clear")),
        "TCP_UDP" => (true, Some("UDP is not carried, TCP is")),
        _ => (false, Some("not opened: only TCP, TLS, HTTP and HTTPS are carried")),
    }
}

impl Scope {
    fn is_of(&self, open: &OpenListener) -> bool {
        (&self.account, &self.region) == (&open.account, &open.region)
    }
}

impl fmt::Display for OpenListener {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} {}:{}", self.load_balancer, self.protocol, self.port)?;
        if let Some(address) = self.address {
            write!(out, " at {address}")?;
        }
        if let Some(note) = self.note {
            write!(out, " ({note})")?;
        }
        Ok(())
    }
}

impl fmt::Debug for DataPath {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("DataPath").field("listeners", &self.listeners()).finish_non_exhaustive()
    }
}

impl Drop for Port {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.following.abort();
        self.path.ports().clear();
    }
}
