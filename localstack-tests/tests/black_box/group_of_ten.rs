//! Ten Ingresses of one group, one of them broken: the nine go on, whatever is wrong with the tenth.

use localstack_tests::bed::Bed;
use localstack_tests::until;
use serde_json::{Value, json};

use crate::holdings::Holdings;
use crate::ingress::{Ingress, apply_all, backends, classes};
use crate::printed_plan::{agreement, entry, plan_json};
use crate::service::{GLANCE, LIMIT, bindings, event};

/// A way of being broken.
struct Way {
    name: &'static str,
    breaks: fn(Ingress) -> Ingress,
    /// The event that the tenth gets for it: its reason, and words of it.
    reason: &'static str,
    words: &'static [&'static str],
    becomes: Becomes,
}

/// What becomes of the tenth's rule.
#[derive(Clone, Copy, PartialEq)]
enum Becomes {
    /// The Ingress is set aside: its rule stays as it was, and the nine are told who it is.
    SetAside,
    /// The contract's answer where a Service is missing.
    Answers503,
}

const WAYS: [Way; 6] = [
    Way {
        name: "certificate",
        breaks: |tenth| tenth.annotated("listen-ports", r#"[{"HTTP": 80}, {"HTTPS": 443}]"#),
        reason: "FailedBuildModel",
        words: &["ACM has no certificate for this host", "ten.example.com"],
        becomes: Becomes::SetAside,
    },
    Way {
        name: "class",
        breaks: |tenth| tenth.with("ingressClassName", json!("nobody")),
        reason: "FailedBuildModel",
        words: &["spec.ingressClassName", "there is no IngressClass \"nobody\""],
        becomes: Becomes::SetAside,
    },
    Way {
        name: "service",
        breaks: |tenth| tenth.with("rules", json!([])).path("ten.example.com", "/", "absent"),
        reason: "ConfigurationWarning",
        words: &["there is no Service default/absent", "503"],
        becomes: Becomes::Answers503,
    },
    Way {
        name: "json",
        breaks: |tenth| tenth.annotated("conditions.web", r#"[{"field": "http-header""#),
        reason: "FailedBuildModel",
        words: &["alb.ingress.kubernetes.io/conditions.web"],
        becomes: Becomes::SetAside,
    },
    Way {
        name: "host",
        breaks: |tenth| tenth.path(LONG_HOST, "/", "web"),
        reason: "FailedBuildModel",
        words: &["at most 128 characters"],
        becomes: Becomes::SetAside,
    },
    Way {
        name: "rules",
        // Each has a host and a path of its own: these neighbours cannot be joined. Those of the first of ten can: one more.
        breaks: |tenth| {
            (0..MOST_RULES - 9)
                .fold(tenth, |tenth, at| tenth.path(&format!("h{at}.example.com"), &format!("/ten/{at}"), "web"))
        },
        reason: "FailedBuildModel",
        words: &["rules", "100 are allowed"],
        becomes: Becomes::SetAside,
    },
];

/// Kubernetes takes 253 characters.
const LONG_HOST: &str = "a-name-of-sixty-three-characters-which-is-the-most-of-one-label.a-name-of-sixty-three-characters-\
                         which-is-the-most-of-one-label.example.com";

/// How many rules a load balancer may have.
const MOST_RULES: usize = 100;

#[tokio::test]
async fn whatever_is_wrong_with_one_of_ten_the_nine_go_on() {
    assert!(LONG_HOST.len() > 128);
    let bed = Bed::start().await.unwrap();
    let empty = Holdings::read(&bed).await;
    let mut controller = bed.start_controller(&[]).await.unwrap();
    controller.ready().await.unwrap();
    classes(&bed).await;
    backends(&bed, &["web"]).await;
    let mut nine: Vec<Ingress> = (1..=9).map(|number| member(&format!("m{number}"))).collect();
    apply_all(&bed, &nine).await;
    let standing = has_routes(&bed, &rules_of(&nine)).await;
    let group = Group { bed: &bed, load_balancer: standing.load_balancer().arn.clone() };
    for way in &WAYS {
        nine[0] = group.goes_on_without(way, &nine).await;
    }

    // In any order they go, and take everything along.
    for number in [5, 1, 9, 2, 8, 3, 7, 4] {
        bed.kubectl().run(&["delete", "ingress", &format!("m{number}"), "--wait=false"]).await.unwrap();
    }
    let left = &nine[5..6];
    has_routes(&bed, &rules_of(left)).await;
    left[0].delete_and_wait(&bed).await;
    assert_eq!(Holdings::read(&bed).await, empty, "nothing is left");
    assert_eq!(bindings(&bed).await, Vec::<Value>::new());
}

/// A group of nine that somebody joins.
struct Group<'a> {
    bed: &'a Bed,
    load_balancer: String,
}

impl Group<'_> {
    /// A tenth joins, breaks, and goes. The first of the nine is edited meanwhile: what it is then.
    async fn goes_on_without(&self, way: &Way, nine: &[Ingress]) -> Ingress {
        let bed = self.bed;
        let tenth = Ingress::new(&format!("ten-{}", way.name)).in_group("ten").path("ten.example.com", "/", "web");
        tenth.apply(bed).await;
        let its_rule = format!("host-header ten.example.com, path-pattern /* -> default/{}-web:80", tenth.name);
        let mut wanted = rules_of(nine);
        wanted.push(its_rule.clone());
        let before = has_routes(bed, &wanted).await;
        let host = tenth.host_name(bed).await;

        let broken = (way.breaks)(tenth);
        broken.apply(bed).await;
        event(bed, &broken.name, way.reason, way.words).await;
        if way.becomes == Becomes::SetAside {
            self.peers_are_told(&broken, nine).await;
            self.plan_says_so(&broken, way).await;
        }
        // The others can still be edited, and what the tenth had stays.
        let first = member("m1").path("m1.example.com", &format!("/{}", way.name), "web");
        first.apply(bed).await;
        let mut edited = nine.to_vec();
        edited[0] = first.clone();
        let mut wanted = rules_of(&edited);
        wanted.push(match way.becomes {
            Becomes::SetAside => its_rule,
            Becomes::Answers503 => "host-header ten.example.com, path-pattern /* -> fixed-response 503".to_owned(),
        });
        let after = has_routes(bed, &wanted).await;
        assert_eq!(after.load_balancer().arn, self.load_balancer);
        assert_eq!(after.load_balancer().listeners.len(), 1, "{}: {after:#?}", way.name);
        assert_eq!(after.front_group("ten"), before.front_group("ten"), "{}", way.name);
        let of_nine = |found: &Holdings| {
            let groups = found.target_groups.iter();
            groups
                .filter(|group| !group.tags["ingress.k8s.aws/resource"].contains("/ten-"))
                .cloned()
                .collect::<Vec<_>>()
        };
        assert_eq!(of_nine(&after), of_nine(&before), "{}: the target groups of the nine are untouched", way.name);
        assert_eq!(broken.host_name(bed).await, host, "what it had serves on");

        // It can go as it is.
        broken.delete_and_wait(bed).await;
        has_routes(bed, &rules_of(&edited)).await;
        agreement(bed).await;
        first
    }

    /// Each of the nine has an event that names the tenth.
    async fn peers_are_told(&self, tenth: &Ingress, nine: &[Ingress]) {
        until(&format!("pointer to {} on every peer", tenth.name), LIMIT, GLANCE, async || {
            let found = self.bed.kubectl().get(&["events.events.k8s.io"]).await.map_err(|error| error.chain())?;
            let events = found["items"].as_array().cloned().unwrap_or_default();
            let points = |event: &&Value| {
                let names_it = |note: &str| note.contains(&format!("Ingress/default/{} ", tenth.name));
                event["reason"] == "PeerSetAside" && event["note"].as_str().is_some_and(names_it)
            };
            let mut told: Vec<&str> =
                events.iter().filter(points).filter_map(|event| event["regarding"]["name"].as_str()).collect();
            told.sort_unstable();
            told.dedup();
            if nine.iter().map(|peer| peer.name.as_str()).eq(told.iter().copied()) {
                Ok(())
            } else {
                Err(format!("{told:?}"))
            }
        })
        .await
        .unwrap();
    }

    /// `northgate plan` names the same culprit.
    async fn plan_says_so(&self, tenth: &Ingress, way: &Way) {
        let (code, document) = plan_json(self.bed, &["--check"]).await;
        assert_eq!(code, 4, "{}: {document:#}", way.name);
        let problems = entry(&document, "group/ten")["problems"].as_array().cloned().unwrap_or_default();
        let [problem] = &problems[..] else { panic!("{}: not one problem: {document:#}", way.name) };
        assert_eq!(problem["object"], format!("Ingress/default/{}", tenth.name), "{problem:#}");
    }
}

/// A member of the group with a host of its own.
fn member(name: &str) -> Ingress {
    Ingress::new(name).in_group("ten").path(&format!("{name}.example.com"), "/", "web")
}

/// The rules of some Ingresses, as [`Holdings::routes`] has them, but for the place.
fn rules_of(ingresses: &[Ingress]) -> Vec<String> {
    let rules = |ingress: &Ingress| {
        let rules = ingress.manifest()["spec"]["rules"].as_array().cloned().unwrap_or_default();
        let name = ingress.name.clone();
        let rule = move |rule: &Value| {
            let host = rule["host"].as_str().unwrap();
            let path = match rule["http"]["paths"][0]["path"].as_str().unwrap() {
                "/" => "/*".to_owned(),
                path => format!("{path} or {path}/*"),
            };
            format!("host-header {host}, path-pattern {path} -> default/{name}-web:80")
        };
        rules.iter().map(rule).collect::<Vec<_>>()
    };
    ingresses.iter().flat_map(rules).collect()
}

/// Waits until one load balancer stands that has these rules, in whatever order.
async fn has_routes(bed: &Bed, rules: &[String]) -> Holdings {
    let mut rules = rules.to_vec();
    rules.sort();
    Holdings::until(bed, &format!("one load balancer with the rules {rules:#?}"), |found| {
        let routes = found.routes();
        let of_rules = routes.iter().filter(|route| *route != "80 -> fixed-response 404");
        let mut found_rules: Vec<&str> = of_rules.filter_map(|route| Some(route.split_once(' ')?.1)).collect();
        found_rules.sort_unstable();
        found.stands(1, 2) && found_rules == rules
    })
    .await
}
