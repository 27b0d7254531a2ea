//! Requests through the load balancers: the servers that answer them, and who should while a test goes on.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use localstack_tests::bed::Bed;
use localstack_tests::http::Endpoint;
use localstack_tests::pods::Pod;
use localstack_tests::simulator::Target;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// Between two requests.
const PAUSE: Duration = Duration::from_millis(20);
/// As many wrong answers tell enough.
const TOLD: usize = 20;

/// The nodes' side of a cluster's Services: behind each node port, and in each pod, a server that says its Service's name.
#[derive(Default)]
pub(crate) struct Nodes {
    servers: BTreeMap<String, SocketAddr>,
    /// What is open stays open: a target drains longer than its Service has the port.
    open: BTreeMap<(String, u16), SocketAddr>,
}

impl Nodes {
    /// Opens the node ports of all Services of the namespace `default`.
    pub(crate) async fn open(&mut self, bed: &Bed) {
        let services = bed.kubectl().get(&["services"]).await.unwrap();
        for service in services["items"].as_array().unwrap() {
            let name = service["metadata"]["name"].as_str().unwrap();
            for port in service["spec"]["ports"].as_array().unwrap() {
                let Some(port) = port["nodePort"].as_u64() else { continue };
                let address = self.server(name).await;
                for node in &bed.nodes {
                    self.open.insert((node.instance.id.clone(), u16::try_from(port).unwrap()), address);
                }
            }
        }
        self.tell(bed).await;
    }

    /// Opens a port of a pod, whose label `app` is its Service's name.
    pub(crate) async fn open_pod(&mut self, bed: &Bed, pod: &Pod, port: u16) {
        let (_, app) = pod.labels.iter().find(|(key, _)| key == "app").unwrap();
        let address = self.server(app).await;
        self.open.insert((pod.address.clone(), port), address);
        self.tell(bed).await;
    }

    async fn server(&mut self, service: &str) -> SocketAddr {
        match self.servers.get(service) {
            Some(address) => *address,
            None => {
                let address = serve(service).await;
                self.servers.insert(service.to_owned(), address);
                address
            }
        }
    }

    async fn tell(&self, bed: &Bed) {
        let target = |((target, port), address): (&(String, u16), &SocketAddr)| Target {
            target: target.clone(),
            port: *port,
            address: *address,
        };
        let targets: Vec<Target> = self.open.iter().map(target).collect();
        let simulator = bed.cloud().simulator().expect("a cloud that carries has one");
        simulator.set_targets(bed.account.id(), bed.account.region(), &targets).await.unwrap();
    }
}

/// A server that says `name` to everything, until the test ends.
async fn serve(name: &str) -> SocketAddr {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let says = Bytes::from(name.to_owned());
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let says = says.clone();
            let answer = service_fn(move |_: Request<Incoming>| {
                std::future::ready(Ok::<_, Infallible>(Response::new(Full::new(says.clone()))))
            });
            tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(client), answer));
        }
    });
    address
}

/// Where a port of a load balancer is reached.
pub(crate) async fn way_in(bed: &Bed, host_name: &str, port: u16) -> Endpoint {
    bed.cloud().simulator().expect("a cloud that carries has one").opened(host_name, port).await.unwrap()
}

/// A request by its host and path.
pub(crate) type Question = (&'static str, &'static str);

/// Sends a request: the status, and the Service that answered or what was said instead.
pub(crate) async fn ask(way_in: &Endpoint, (host, path): Question) -> (u16, String) {
    let answer = send(way_in, (host, path)).await;
    (answer.status().as_u16(), String::from_utf8_lossy(answer.body()).into_owned())
}

/// Sends a request: the whole answer.
pub(crate) async fn send(way_in: &Endpoint, (host, path): Question) -> Response<Bytes> {
    let request = Request::builder().uri(path).header("host", host).body(Full::default()).unwrap();
    way_in.send(request).await.unwrap()
}

/// Which Service a request is for; `None`: nobody answers it.
pub(crate) type Wanted = fn(Question) -> Option<&'static str>;

/// Requests that are sent one after the other, round and round, each answer being judged.
pub(crate) struct Traffic {
    book: Arc<Mutex<Book>>,
    sending: JoinHandle<()>,
}

struct Book {
    start: Instant,
    /// What held from each turn of the story on: while it changes both count, what was and what will be.
    turns: Vec<Vec<Wanted>>,
    asked: usize,
    /// Wrong answers, one line each.
    wrong: Vec<String>,
}

impl Traffic {
    /// Begins to send.
    pub(crate) fn begin(way_in: Endpoint, questions: &'static [Question], wanted: Wanted) -> Self {
        let book = Book { start: Instant::now(), turns: vec![vec![wanted]], asked: 0, wrong: Vec::new() };
        let book = Arc::new(Mutex::new(book));
        let sending = tokio::spawn(send_for_ever(way_in, questions, Arc::clone(&book)));
        Self { book, sending }
    }

    /// From now on, and until it [`Traffic::settles`], requests may be answered in the old way or in this one.
    pub(crate) fn turns_to(&self, wanted: Wanted) {
        let mut book = self.book.lock().unwrap();
        let old = *book.turns.last().and_then(|turn| turn.last()).unwrap();
        book.turns.push(vec![old, wanted]);
    }

    /// From now on only the new way is right. Sends each question at least twice more before it returns.
    pub(crate) async fn settles(&self, questions: &[Question]) {
        let asked = {
            let mut book = self.book.lock().unwrap();
            let new = *book.turns.last().and_then(|turn| turn.last()).unwrap();
            book.turns.push(vec![new]);
            book.asked
        };
        while self.book.lock().unwrap().asked < asked + 2 * questions.len() && !self.sending.is_finished() {
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Ends: how many requests were sent; all of them were answered rightly.
    pub(crate) fn end(self) -> usize {
        let was_sending = !self.sending.is_finished();
        self.sending.abort();
        let book = self.book.lock().unwrap();
        let wrong = book.wrong.len();
        assert!(
            wrong == 0,
            "{wrong} of {} requests were answered wrongly\n{}",
            book.asked,
            book.wrong.iter().take(TOLD).cloned().collect::<Vec<_>>().join("\n")
        );
        assert!(was_sending, "nobody sends any more");
        book.asked
    }
}

async fn send_for_ever(way_in: Endpoint, questions: &'static [Question], book: Arc<Mutex<Book>>) {
    for question in questions.iter().cycle() {
        let (sent_in, sent_at) = {
            let book = book.lock().unwrap();
            (book.turns.len() - 1, book.start.elapsed())
        };
        let (status, body) = ask(&way_in, *question).await;
        {
            let mut book = book.lock().unwrap();
            book.asked += 1;
            let may: Vec<Option<&str>> =
                book.turns[sent_in..].iter().flatten().map(|wanted| wanted(*question)).collect();
            if !is_right(status, &body, &may) {
                let (host, path) = question;
                let at = sent_at.as_secs_f64();
                let line = format!("{at:8.3}s {host}{path} -> {status} {body:?}; right is one of {may:?}");
                book.wrong.push(line);
            }
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// A request that was and will be answered is answered by one of the two; one that is not, by nobody else.
fn is_right(status: u16, body: &str, may: &[Option<&str>]) -> bool {
    let by_a_right_one = status == 200 && may.contains(&Some(body));
    let by_nobody = status == 404 && may.contains(&None);
    by_a_right_one || by_nobody
}
