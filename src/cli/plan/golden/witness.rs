//! A third witness of what Ingresses mean: the simulator's data path, which reads nothing but the rules that AWS would store.
//! Random groups are carried out as they are planned, and requests are sent: what answers is what `route` and the reference
//! of the contract say.

use std::net::SocketAddr;

use northgate_planner::desired::Desired;
use northgate_simulator::{DataPath, Scope, TargetAddress, TargetTable};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::*;
use reference::{Ask, Outcome};

#[path = "../../../../planner/tests/route/drawn.rs"]
mod drawn;
#[path = "../../../../planner/tests/route/planned.rs"]
mod planned;
#[path = "../../../../planner/tests/route/reference.rs"]
mod reference;

const GROUPS: u64 = 200;
const REQUESTS: u64 = 12;
/// Two nodes, and a certificate.
const CASE: &str = "ingress-tls-redirect";

#[test]
fn requests_are_answered_as_the_route_and_the_contract_say() {
    witness(0..GROUPS / 2);
}

/// At the same time as the first half.
#[test]
fn requests_to_other_groups_are_answered_so_too() {
    witness(GROUPS / 2..GROUPS);
}

fn witness(seeds: std::ops::Range<u64>) {
    let requests = (seeds.end - seeds.start) * REQUESTS;
    let mut served = 0;
    for seed in seeds {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
        served += runtime.block_on(check(seed));
    }
    assert!(served * 5 > requests, "{served} of {requests} requests came to a target");
}

/// Makes a group, and gives how many of the requests came to a target.
async fn check(seed: u64) -> u64 {
    let mut random = fastrand::Rng::with_seed(seed);
    let (ingresses, services) = (drawn::group(&mut random), drawn::services());
    let case = Case::open(Path::new(CASES).join(CASE));
    let template = source::open(&case.args.source).await.unwrap().snapshot;
    let snapshot = Snapshot {
        files_alone: false,
        ingresses: ingresses.iter().map(|one| (ObjectName::of(&one.metadata), Arc::new(one.clone()))).collect(),
        services: services.iter().map(|one| (ObjectName::of(&one.metadata), Arc::new(one.clone()))).collect(),
        ..template
    };
    let mut world = World::open(&case, snapshot).await;
    let document = world.plan().await;
    world.carry_out(&document, usize::MAX).await;
    let desired = world.desired().await;
    // Sockets know no other time.
    tokio::time::resume();
    let data_path = DataPath::serve(&world.simulator);
    data_path.set_targets(&scope(), targets().await);
    let open = desired.as_ref().map_or(0, |desired| desired.listeners.len());
    let mut changes = data_path.changes();
    changes.wait_for(|listeners| listeners.len() == open).await.unwrap();
    let mut served = 0;
    for _ in 0..REQUESTS {
        let ask = Ask { source: "127.0.0.1".parse().unwrap(), ..drawn::request(&mut random) };
        let expected = reference::answer(&ingresses, &services, &ask);
        let planned = desired.as_ref().map_or(Outcome::NoListener, |desired| planned::answer(desired, &ask));
        assert_eq!(planned, expected, "seed {seed}: {ask:?}");
        let found = answered(&data_path, &ask).await;
        assert!(fits(&expected, &found), "seed {seed}: {ask:?}\n{expected:?}, not {found:?}");
        served += u64::from(matches!(found, Some(Answer { target: Some(_), .. })));
    }
    served
}

impl World {
    /// What should exist for the drawn group.
    async fn desired(&self) -> Option<Desired> {
        let settings = self.snapshot.settings.clone();
        let account = self.connection.read_only_account(settings.cluster_name.clone(), settings.vpc.clone());
        let mut passes = Passes::new(&account, self.snapshot.clone());
        let key = Key::Stack(StackId::Group(drawn::GROUP.to_owned()));
        passes.pass(&key).await.unwrap()?.desired
    }
}

/// An HTTP answer.
#[derive(Debug)]
struct Answer {
    status: u16,
    location: String,
    /// The Service that answered; none when the load balancer did itself.
    target: Option<String>,
    body: String,
}

fn fits(expected: &Outcome, found: &Option<Answer>) -> bool {
    match (expected, found) {
        (Outcome::NoListener, None) => true,
        (Outcome::Forward(groups), Some(Answer { target: Some(target), .. })) => {
            groups.iter().any(|(group, weight)| *weight > 0 && service(group) == *target)
        }
        (Outcome::Redirect(status, location), Some(found)) => (*status, location) == (found.status, &found.location),
        (Outcome::Fixed(status, body), Some(Answer { status: found, target: None, body: text, .. })) => {
            (status, body) == (found, text)
        }
        _ => false,
    }
}

/// The Service of a target group, by its resource id `NAMESPACE/door-NUMBER-SERVICE:PORT`.
fn service(group: &str) -> String {
    let (namespace, rest) = group.split_once('/').unwrap();
    let name = rest.splitn(3, '-').nth(2).unwrap();
    format!("{namespace}/{}", name.split(':').next().unwrap())
}

fn scope() -> Scope {
    Scope { account: "123456789012".to_owned(), region: "us-west-2".to_owned() }
}

/// A server for each Service, behind the node ports of both nodes.
async fn targets() -> TargetTable {
    let mut table = Vec::new();
    for (namespace, name, node_port) in drawn::SERVICES {
        let address = serve(format!("{namespace}/{name}")).await;
        for node in ["i-0000000000000000a", "i-0000000000000000b"] {
            table.push(TargetAddress { target: node.to_owned(), port: *node_port, address });
        }
    }
    table.into_iter().collect()
}

/// A server that answers with its name.
async fn serve(name: String) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let answer = format!("HTTP/1.1 200 OK\r\nX-Target: {name}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    tokio::spawn(async move {
        loop {
            let (mut client, _) = listener.accept().await.unwrap();
            let answer = answer.clone();
            tokio::spawn(async move {
                let mut heard = Vec::new();
                while !heard.ends_with(b"\r\n\r\n") && client.read_buf(&mut heard).await? > 0 {}
                client.write_all(answer.as_bytes()).await
            });
        }
    });
    address
}

/// What a client hears; none where no listener takes its connection.
async fn answered(data_path: &DataPath, ask: &Ask) -> Option<Answer> {
    let protocol = if ask.https { "HTTPS" } else { "HTTP" };
    let listeners = data_path.listeners();
    let listener = listeners.iter().find(|open| open.port == ask.port && open.protocol == protocol)?;
    let mut stream = TcpStream::connect(listener.address.unwrap()).await.unwrap();
    let query = if ask.query.is_empty() { String::new() } else { format!("?{}", ask.query) };
    let mut request = format!("{} {}{query} HTTP/1.1\r\nHost: {}\r\n", ask.method, ask.path, ask.host);
    for (name, value) in &ask.headers {
        request.push_str(&format!("{name}: {value}\r\n"));
    }
    request.push_str("Content-Length: 0\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut heard = String::new();
    stream.read_to_string(&mut heard).await.unwrap();
    let (head, body) = heard.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    let header = |name: &str| {
        let mut headers = head.lines().skip(1).filter_map(|line| line.split_once(": "));
        headers.find(|(header, _)| header.eq_ignore_ascii_case(name)).map(|(_, value)| value.to_owned())
    };
    let location = without_usual_port(&header("location").unwrap_or_default());
    Some(Answer { status, location, target: header("x-target"), body: body.to_owned() })
}

/// AWS writes the port of a redirect always.
fn without_usual_port(location: &str) -> String {
    let Some((scheme, rest)) = location.split_once("://") else { return location.to_owned() };
    let usual = if scheme == "https" { ":443" } else { ":80" };
    let (authority, target) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    format!("{scheme}://{}{target}", authority.strip_suffix(usual).unwrap_or(authority))
}
