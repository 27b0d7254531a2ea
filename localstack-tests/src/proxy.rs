//! The recording proxy: it stands between a client and AWS, journals every call of every service, and can fail, delay,
//! drop or hold one of them.

mod answer;
mod call;
mod journal;
mod trap;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use crate::Error;
use crate::http::Endpoint;

pub use call::Call;
pub use journal::Journal;
pub use trap::{Fault, When};

use journal::Answer;
use trap::Trap;

/// A running proxy; it ends when it is dropped.
#[derive(Debug)]
pub struct Proxy {
    endpoint: Endpoint,
    state: Arc<State>,
    held: tokio::sync::Mutex<mpsc::UnboundedReceiver<Held>>,
    server: JoinHandle<()>,
}

#[derive(Debug)]
struct State {
    upstream: Endpoint,
    book: Mutex<Book>,
    holds: mpsc::UnboundedSender<Held>,
}

#[derive(Debug, Default)]
struct Book {
    journal: Journal,
    traps: Vec<Trap>,
    /// Writes since the start or the last reset.
    writes: usize,
}

/// A call that stands still. Releasing it lets it go on; dropping this value breaks its connection instead, and a
/// request that was held is then never sent.
#[derive(Debug)]
pub struct Held {
    /// The call, as far as it has come.
    pub call: Call,
    go_on: oneshot::Sender<()>,
}

impl Held {
    /// Lets the call go on.
    pub fn release(self) {
        // The client may have hung up meanwhile: then there is nobody to go on for.
        let _ = self.go_on.send(());
    }
}

/// The connection is to be broken without an answer.
#[derive(Debug, thiserror::Error)]
#[error("the answer is withheld")]
struct Withheld;

impl Proxy {
    /// Starts a proxy before `upstream` on a free port.
    pub async fn start(upstream: Endpoint) -> Result<Self, Error> {
        let doing = "starting the proxy";
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.map_err(Error::doing(doing))?;
        let port = listener.local_addr().map_err(Error::doing(doing))?.port();
        let (holds, held) = mpsc::unbounded_channel();
        let state = Arc::new(State { upstream, book: Mutex::default(), holds });
        Ok(Self {
            endpoint: Endpoint::local(port),
            server: tokio::spawn(accept(listener, Arc::clone(&state))),
            state,
            held: tokio::sync::Mutex::new(held),
        })
    }

    /// Where it listens.
    #[must_use]
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// All calls since the start or the last reset, in the order in which they arrived.
    #[must_use]
    pub fn journal(&self) -> Journal {
        self.state.book().journal.clone()
    }

    /// Those that are writes.
    #[must_use]
    pub fn writes(&self) -> Vec<Call> {
        self.journal().writes()
    }

    /// Forgets the calls so far, those under way too, and takes back every trap.
    pub fn reset(&self) {
        let mut book = self.state.book();
        book.journal.forget();
        book.traps.clear();
        book.writes = 0;
    }

    /// Does `fault` to the next call that `when` describes, once.
    pub fn at(&self, when: When, fault: Fault) {
        self.times(1, when, fault);
    }

    /// Does `fault` to the next `times` calls that `when` describes. Of several that fit a call the oldest counts.
    pub fn times(&self, times: usize, when: When, fault: Fault) {
        self.state.book().traps.push(Trap { when, fault, left: times });
    }

    /// Takes back every trap; the journal stays.
    pub fn clear_traps(&self) {
        self.state.book().traps.clear();
    }

    /// Waits until a call is held, by a [`Fault::HoldRequest`] or [`Fault::HoldAnswer`]. Calls come out in the order
    /// in which they were held.
    pub async fn held(&self) -> Held {
        let mut held = self.held.lock().await;
        held.recv().await.expect("the proxy keeps the sending end")
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl State {
    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Enters a call into the journal and finds what is to be done to it.
    fn arrive(&self, call: Call) -> (usize, Option<Fault>) {
        let mut book = self.book();
        if call.is_write() {
            book.writes += 1;
        }
        let nth_write = call.is_write().then_some(book.writes);
        let trap = book.traps.iter_mut().find(|trap| trap.fits(&call, nth_write));
        let fault = trap.map(Trap::spring);
        let number = book.journal.enter(call, fault.as_ref());
        (number, fault)
    }

    /// Passes a request on and notes the answer.
    async fn forward(&self, number: usize, request: Request<Full<Bytes>>) -> Response<Bytes> {
        self.book().journal.sent(number);
        let (response, sent) = match self.upstream.send(request).await {
            Ok(response) => (response, true),
            Err(error) => (answer::bad_gateway(&error.chain()), false),
        };
        let answer = Answer::read(&response);
        let mut book = self.book();
        book.journal.answered(number, answer);
        if !sent {
            book.journal.not_sent(number);
        }
        response
    }

    /// Holds a call until it is released; an error when it never will be.
    async fn hold(&self, number: usize) -> Result<(), Withheld> {
        let (go_on, wait) = oneshot::channel();
        let call = self.book().journal.call(number).ok_or(Withheld)?;
        // The proxy's owner may be gone with the receiving end: then nobody releases it, and it is withheld.
        self.holds.send(Held { call, go_on }).map_err(|_| Withheld)?;
        wait.await.map_err(|_| Withheld)
    }
}

async fn accept(listener: TcpListener, state: Arc<State>) {
    // Every connection ends with this task.
    let mut connections = tokio::task::JoinSet::new();
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                connections.spawn(serve(stream, Arc::clone(&state)));
            }
            // Out of file handles, or a client that has hung up already: the next one may do better.
            Err(_) => tokio::task::yield_now().await,
        }
        while connections.try_join_next().is_some() {}
    }
}

async fn serve(stream: TcpStream, state: Arc<State>) {
    let service = service_fn(|request| answer(request, Arc::clone(&state)));
    // It fails when the client hangs up or an answer is withheld: both are in order.
    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}

async fn answer(
    request: Request<Incoming>,
    state: Arc<State>,
) -> Result<Response<Full<Bytes>>, Box<dyn std::error::Error + Send + Sync>> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await?.to_bytes();
    let call = Call::read(&parts, &body);
    let dialect = answer::Dialect::of(&call, &parts);
    let (number, fault) = state.arrive(call);
    // What was begun is finished even when the client hangs up: AWS would, too.
    let forward = {
        let (state, request) = (Arc::clone(&state), Request::from_parts(parts, Full::new(body)));
        move || async move {
            let passed_on = tokio::spawn(async move { state.forward(number, request).await });
            passed_on.await.map_err(|_| Withheld)
        }
    };
    let response = match fault {
        None => forward().await?,
        Some(Fault::Fail { status, code, message }) => {
            let response = dialect.error(status, &code, &message);
            state.book().journal.answered(number, Answer::read(&response));
            response
        }
        Some(Fault::Delay(delay)) => {
            tokio::time::sleep(delay).await;
            forward().await?
        }
        Some(Fault::DropAnswer) => {
            forward().await?;
            return Err(Withheld.into());
        }
        Some(Fault::HoldRequest) => {
            state.hold(number).await?;
            forward().await?
        }
        Some(Fault::HoldAnswer) => {
            let response = forward().await?;
            state.hold(number).await?;
            response
        }
    };
    Ok(response.map(Full::new))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::account::Account;
    use crate::aws::Aws;

    /// A proxy before an AWS that says yes to everything, and a client of it.
    async fn proxied() -> (Proxy, Aws) {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let upstream = Endpoint::local(listener.local_addr().unwrap().port());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let yes = service_fn(|_| async {
                    let body = "<Yes><requestId>r-1</requestId></Yes>";
                    Ok::<_, std::convert::Infallible>(Response::new(Full::new(Bytes::from(body))))
                });
                tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), yes));
            }
        });
        let proxy = Proxy::start(upstream).await.unwrap();
        let aws = Aws::new(proxy.endpoint().clone(), Account::known("111122223333"));
        (proxy, aws)
    }

    async fn write(aws: &Aws) -> Result<crate::aws::Element, Error> {
        aws.ec2("CreateVpc", &[("CidrBlock", "10.0.0.0/16")]).await
    }

    #[tokio::test]
    async fn every_call_is_journaled_and_only_writes_are_writes() {
        let (proxy, aws) = proxied().await;
        aws.elbv2("DescribeLoadBalancers", &[]).await.unwrap();
        write(&aws).await.unwrap();
        let journal = proxy.journal();
        assert_eq!(journal.names(), ["elasticloadbalancing:DescribeLoadBalancers", "ec2:CreateVpc"]);
        let [call] = &proxy.writes()[..] else { panic!("one write: {journal}") };
        assert_eq!((call.number, call.status, call.sent), (2, Some(200), true));
        assert_eq!(call.request_id.as_deref(), Some("r-1"));
        assert_eq!(call.params["CidrBlock"], "10.0.0.0/16");
        proxy.reset();
        write(&aws).await.unwrap();
        assert_eq!(proxy.journal().calls()[0].number, 3, "numbers go on over a reset");
    }

    #[tokio::test]
    async fn the_nth_write_fails_in_the_service_s_own_words_and_never_reaches_aws() {
        let (proxy, aws) = proxied().await;
        proxy.at(When::Write(2), Fault::fail(503, "RequestLimitExceeded"));
        write(&aws).await.unwrap();
        aws.ec2("DescribeVpcs", &[]).await.unwrap();
        let error = write(&aws).await.unwrap_err();
        assert!(matches!(error, Error::Aws { code, .. } if code == "RequestLimitExceeded"));
        write(&aws).await.unwrap();
        let sent: Vec<bool> = proxy.writes().iter().map(|call| call.sent).collect();
        assert_eq!(sent, [true, false, true]);
        assert_eq!(proxy.writes()[1].code.as_deref(), Some("RequestLimitExceeded"));
    }

    #[tokio::test]
    async fn a_fault_for_several_calls_of_one_action_wears_off() {
        let (proxy, aws) = proxied().await;
        proxy.times(2, When::Action("CreateListener".to_owned()), Fault::throttle());
        write(&aws).await.unwrap();
        for fails in [true, true, false] {
            assert_eq!(aws.elbv2("CreateListener", &[]).await.is_err(), fails);
        }
    }

    #[tokio::test]
    async fn a_dropped_answer_is_an_error_to_the_client_but_the_write_was_done() {
        let (proxy, aws) = proxied().await;
        proxy.at(When::AnyWrite, Fault::DropAnswer);
        assert!(matches!(write(&aws).await.unwrap_err(), Error::Http { .. }));
        let call = &proxy.writes()[0];
        assert_eq!((call.sent, call.status), (true, Some(200)));
    }

    #[tokio::test]
    async fn a_held_request_goes_on_when_released_and_is_never_sent_when_dropped() {
        let (proxy, aws) = proxied().await;
        proxy.times(2, When::AnyWrite, Fault::HoldRequest);
        for release in [true, false] {
            let client = aws.clone();
            let waiting = tokio::spawn(async move { write(&client).await });
            let held = proxy.held().await;
            assert_eq!((held.call.name().as_str(), held.call.sent), ("ec2:CreateVpc", false));
            assert!(!waiting.is_finished());
            if release {
                held.release();
            } else {
                drop(held);
            }
            assert_eq!(waiting.await.unwrap().is_ok(), release);
            assert_eq!(proxy.writes().last().unwrap().sent, release);
        }
    }

    #[tokio::test]
    async fn a_held_answer_belongs_to_a_write_that_was_done() {
        let (proxy, aws) = proxied().await;
        proxy.at(When::Write(1), Fault::HoldAnswer);
        let client = aws.clone();
        let waiting = tokio::spawn(async move { write(&client).await });
        let held = proxy.held().await;
        assert_eq!((held.call.sent, held.call.status), (true, Some(200)));
        // The client dies meanwhile; the proxy serves the next one all the same.
        waiting.abort();
        held.release();
        write(&aws).await.unwrap();
    }

    #[tokio::test]
    async fn a_delayed_call_takes_its_time_and_others_pass_it() {
        let (proxy, aws) = proxied().await;
        proxy.at(When::Write(1), Fault::Delay(Duration::from_millis(200)));
        let client = aws.clone();
        let slow = tokio::spawn(async move { write(&client).await });
        while proxy.journal().calls().is_empty() {
            tokio::task::yield_now().await;
        }
        write(&aws).await.unwrap();
        assert!(!slow.is_finished());
        slow.await.unwrap().unwrap();
    }
}
