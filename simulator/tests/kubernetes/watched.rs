//! kube's watcher over the model, undisturbed and disturbed.

use std::collections::BTreeMap;
use std::pin::pin;
use std::time::Duration;

use futures::StreamExt as _;
use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::{DeleteParams, PostParams};
use kube::runtime::{WatchStreamExt as _, watcher};
use kube::{Api, Client, ResourceExt as _};
use northgate_simulator::kubernetes::{Kubernetes, KubernetesOptions};
use serde_json::json;
use tokio::sync::mpsc;

/// What a watcher tells, in words.
struct Told(mpsc::UnboundedReceiver<String>);

impl Told {
    fn by(client: Client, config: watcher::Config) -> Self {
        let (tell, told) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            let events = watcher(Api::<ConfigMap>::all(client), config).default_backoff();
            let mut events = pin!(events);
            while let Some(event) = events.next().await {
                let words = match event {
                    Ok(watcher::Event::Init) => "init".to_owned(),
                    Ok(watcher::Event::InitApply(object)) => format!("init {}", words(&object)),
                    Ok(watcher::Event::InitDone) => "done".to_owned(),
                    Ok(watcher::Event::Apply(object)) => format!("apply {}", words(&object)),
                    Ok(watcher::Event::Delete(object)) => format!("delete {}", object.name_any()),
                    Err(watcher::Error::WatchError(status)) => format!("error {}", status.code),
                    Err(error) => format!("error {error}"),
                };
                if tell.send(words).is_err() {
                    return;
                }
            }
        });
        Self(told)
    }

    async fn next(&mut self) -> String {
        tokio::time::timeout(Duration::from_secs(600), self.0.recv()).await.unwrap().unwrap()
    }

    async fn expect(&mut self, words: &[&str]) {
        for expected in words {
            assert_eq!(self.next().await, *expected);
        }
    }

    async fn expect_nothing(&mut self, during: Duration) {
        let told = tokio::time::timeout(during, self.0.recv()).await;
        assert!(told.is_err(), "{told:?}");
    }
}

fn words(object: &ConfigMap) -> String {
    let value = object.data.as_ref().and_then(|data| data.get("value")).cloned().unwrap_or_default();
    format!("{}={value}", object.name_any())
}

fn maps(client: &Client) -> Api<ConfigMap> {
    Api::namespaced(client.clone(), "default")
}

async fn set(client: &Client, name: &str, value: &str) {
    let api = maps(client);
    let object = ConfigMap {
        data: Some(BTreeMap::from([("value".to_owned(), value.to_owned())])),
        ..serde_json::from_value(json!({ "metadata": { "name": name } })).unwrap()
    };
    match api.get_opt(name).await.unwrap() {
        None => drop(api.create(&PostParams::default(), &object).await.unwrap()),
        Some(_) => drop(api.replace(name, &PostParams::default(), &object).await.unwrap()),
    }
}

async fn delete(client: &Client, name: &str) {
    maps(client).delete(name, &DeleteParams::default()).await.unwrap();
}

fn start() -> (Kubernetes, Client) {
    let kubernetes = Kubernetes::new(KubernetesOptions::default());
    let client = kubernetes.client();
    (kubernetes, client)
}

#[tokio::test(start_paused = true)]
async fn a_watcher_is_told_what_is_there_and_what_changes() {
    for config in [watcher::Config::default().page_size(1), watcher::Config::default().streaming_lists()] {
        let (_, client) = start();
        set(&client, "a", "1").await;
        set(&client, "b", "1").await;
        let mut told = Told::by(client.clone(), config);
        told.expect(&["init", "init a=1", "init b=1", "done"]).await;
        set(&client, "a", "2").await;
        delete(&client, "b").await;
        set(&client, "c", "1").await;
        told.expect(&["apply a=2", "delete b", "apply c=1"]).await;
        // Over bookmarks and the ends of watches it goes on where it was.
        tokio::time::sleep(Duration::from_secs(3600)).await;
        set(&client, "c", "2").await;
        told.expect(&["apply c=2"]).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_watch_that_breaks_misses_nothing_unless_the_past_is_forgotten() {
    let (kubernetes, client) = start();
    let mut told = Told::by(client.clone(), watcher::Config::default());
    told.expect(&["init", "done"]).await;
    set(&client, "a", "1").await;
    told.expect(&["apply a=1"]).await;

    kubernetes.pause_watches();
    set(&client, "a", "2").await;
    set(&client, "b", "1").await;
    told.expect_nothing(Duration::from_secs(60)).await;
    kubernetes.break_watches();
    kubernetes.resume_watches();
    told.expect(&["apply a=2", "apply b=1"]).await;

    kubernetes.pause_watches();
    set(&client, "a", "3").await;
    set(&client, "a", "4").await;
    delete(&client, "b").await;
    kubernetes.resume_watches_with_relist();
    told.expect(&["error 410", "init", "init a=4", "done"]).await;
}

#[tokio::test(start_paused = true)]
async fn news_can_come_late_and_twice() {
    let (kubernetes, client) = start();
    let mut told = Told::by(client.clone(), watcher::Config::default());
    told.expect(&["init", "done"]).await;
    kubernetes.lag(Duration::from_secs(20));
    set(&client, "a", "1").await;
    told.expect_nothing(Duration::from_secs(19)).await;
    told.expect(&["apply a=1"]).await;
    kubernetes.serve_reads_fresh();
    set(&client, "a", "2").await;
    told.expect(&["apply a=2"]).await;
    kubernetes.replay_events(2);
    told.expect(&["apply a=1", "apply a=2"]).await;
}

#[tokio::test(start_paused = true)]
async fn a_replica_that_is_behind_takes_its_clients_back_in_time() {
    let (kubernetes, client) = start();
    set(&client, "a", "1").await;
    let then = kubernetes.resource_version();
    set(&client, "a", "2").await;
    kubernetes.serve_reads_as_of(then);
    let mut told = Told::by(client.clone(), watcher::Config::default().streaming_lists());
    told.expect(&["init", "init a=1", "done"]).await;
    told.expect_nothing(Duration::from_secs(10)).await;
    assert_eq!(maps(&client).get("a").await.unwrap().data.unwrap()["value"], "2", "the latest is read from etcd");
    kubernetes.serve_reads_fresh();
    told.expect(&["apply a=2"]).await;
}
