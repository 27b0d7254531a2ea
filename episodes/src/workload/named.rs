//! Workloads with names: those of the exhaustive sweep are short, each about one thing.

use std::time::Duration;

use super::ingress::{Backend, Ingress, Listen, Mistake};
use super::{CHECK_PORT, Drift, Event, INTERVAL, Pod, SOURCE_RANGES, TAGS, Workload};
use crate::declared::Stack;

fn at(seconds: u64, event: Event) -> (Duration, Event) {
    (Duration::from_secs(seconds), event)
}

fn create(service: &str, ports: &[u16], ip: bool, pods: &[Pod]) -> Event {
    Event::Create { service: service.to_owned(), ports: ports.to_vec(), ip, pods: pods.to_vec() }
}

fn annotate(service: &str, key: &'static str, value: &str) -> Event {
    Event::Annotate(service.to_owned(), key, Some(value.to_owned()))
}

fn backend(service: &str, pods: &[Pod]) -> Event {
    Event::Backend(service.to_owned(), pods.to_vec())
}

fn apply(name: &str, ingress: Ingress) -> Event {
    Event::Ingress(name.to_owned(), Box::new(ingress))
}

/// All of them.
pub(crate) fn all() -> Vec<Workload> {
    let cases = of_services().into_iter().chain(of_ingresses());
    cases.map(|(name, events)| Workload { name: name.to_owned(), events }).collect()
}

/// Those that are long, and only played where something is scarce.
pub(crate) fn of_limits() -> Vec<Workload> {
    let two = |routes: Ingress| {
        vec![
            at(1, backend("one", &[1, 2])),
            at(2, apply("first", routes.member("front", 0))),
            at(30, apply("second", Ingress::new().route("late.example.com", "/", "one").member("front", 1))),
        ]
    };
    let hundred =
        (0..100).fold(Ingress::new(), |all, number| all.exact(&format!("/{number}"), Backend::Service("one")));
    let secured = Ingress::new().route("one.example.org", "/", "one").route("two.example.org", "/", "one");
    let cases = [
        ("hundred-rules", two(hundred)),
        (
            "two-certificates",
            vec![at(1, backend("one", &[1])), at(2, apply("door", Ingress { listen: Listen::Https, ..secured }))],
        ),
    ];
    cases.into_iter().map(|(name, events)| Workload { name: name.to_owned(), events }).collect()
}

/// A name and events by their times.
type Case = (&'static str, Vec<(Duration, Event)>);

fn of_services() -> Vec<Case> {
    let web = || "web".to_owned();
    let stack = || Stack::Service(web());
    vec![
        ("created", vec![at(1, create("web", &[80], false, &[1, 2]))]),
        ("two-ports", vec![at(1, create("a-service-with-a-name-of-some-length", &[80, 443], false, &[1, 2]))]),
        ("ip-targets", vec![at(1, create("web", &[80], true, &[1, 2]))]),
        ("deleted", vec![at(1, create("web", &[80], false, &[1])), at(60, Event::Delete(web()))]),
        ("deleted-while-made", vec![at(1, create("web", &[80], false, &[1])), at(2, Event::Delete(web()))]),
        (
            "port-swapped",
            vec![at(1, create("web", &[80, 81], false, &[1])), at(60, Event::Ports(web(), vec![81, 443]))],
        ),
        ("rolled", vec![at(1, create("web", &[80], true, &[1, 2])), at(60, Event::Pods(web(), vec![3, 4]))]),
        (
            "pods-come-and-go",
            vec![
                at(1, create("web", &[80], true, &[1, 2])),
                at(60, Event::Pods(web(), vec![1, 2, 3])),
                at(90, Event::Pods(web(), vec![2, 3])),
                at(120, Event::Pods(web(), vec![])),
            ],
        ),
        (
            "nodes-come-and-go",
            vec![at(1, create("web", &[80], false, &[1])), at(60, Event::NodeJoins(3)), at(90, Event::NodeLeaves(1))],
        ),
        (
            "node-port-and-back",
            vec![
                at(1, create("web", &[80], false, &[1])),
                at(60, Event::Type(web(), false)),
                at(150, Event::Type(web(), true)),
            ],
        ),
        (
            "settings-changed",
            vec![
                at(1, create("web", &[80], false, &[1])),
                at(60, annotate("web", INTERVAL, "15")),
                at(80, annotate("web", SOURCE_RANGES, "10.0.0.0/8")),
                at(100, annotate("web", TAGS, "team=shop")),
            ],
        ),
        (
            "mended",
            vec![
                at(1, create("web", &[80], false, &[1])),
                at(60, annotate("web", SOURCE_RANGES, "everybody")),
                at(62, Event::Ports(web(), vec![80, 443])),
                at(400, annotate("web", SOURCE_RANGES, "10.0.0.0/8")),
            ],
        ),
        (
            "checks-moved",
            vec![
                at(1, create("web", &[80], false, &[1])),
                at(60, annotate("web", CHECK_PORT, "9000")),
                at(120, annotate("web", CHECK_PORT, "traffic-port")),
            ],
        ),
        (
            "two-services-share-rules",
            vec![
                at(1, create("cart", &[80], false, &[1])),
                at(2, create("web", &[80], true, &[1, 2])),
                at(90, Event::Delete("cart".to_owned())),
            ],
        ),
        (
            "recreated-at-once",
            vec![
                at(1, create("web", &[80], false, &[1])),
                at(60, Event::Delete(web())),
                at(61, create("web", &[80], false, &[1])),
                at(160, create("web", &[80], false, &[1])),
            ],
        ),
        (
            "drift",
            vec![
                at(1, create("web", &[80], false, &[1])),
                at(60, Event::Drift(Drift::Target(stack()))),
                at(61, Event::Drift(Drift::Listener(stack(), 80))),
                at(62, Event::Drift(Drift::HealthCheck(stack()))),
            ],
        ),
    ]
}

fn of_ingresses() -> Vec<Case> {
    let pods = || vec![at(1, backend("one", &[1, 2])), at(1, backend("two", &[3, 4]))];
    let with = |events: Vec<(Duration, Event)>| pods().into_iter().chain(events).collect::<Vec<_>>();
    let paths = || Ingress::new().route("", "/a", "one").route("", "/b", "two");
    let member = |host, service| Ingress::new().route(host, "/", service).member("front", 0);
    let gone = |name: &str| Event::DeleteIngress(name.to_owned());
    let fallback = |service| Ingress { fallback: Some(Backend::Service(service)), ..Ingress::new() };
    let weighted = |one, two| Ingress::new().exact("/", Backend::Weighted(vec![("one", one), ("two", two)]));
    let hosts = || Ingress::new().route("a.example.com", "/", "one").route("b.example.com", "/", "two");
    vec![
        ("ingress-created", with(vec![at(2, apply("door", Ingress { ip: true, tag: Some(1), ..paths() }))])),
        // The tutorial: one file, edited in place.
        (
            "ingress-edited",
            with(vec![
                at(2, apply("door", fallback("one"))),
                at(120, apply("door", paths())),
                at(240, apply("door", hosts())),
            ]),
        ),
        (
            "ingress-reordered",
            with(vec![
                at(2, apply("door", Ingress { tag: Some(1), ..paths() })),
                at(
                    120,
                    apply(
                        "door",
                        Ingress::new().exact("/a", Backend::Fixed(410)).route("", "/b", "one").route("", "/a", "two"),
                    ),
                ),
                at(240, gone("door")),
            ]),
        ),
        (
            "ingress-member-breaks",
            with(vec![
                at(2, apply("first", member("a.example.com", "one"))),
                at(3, apply("second", member("b.example.com", "two"))),
                at(120, apply("second", member("b.example.com", "two").mistaken(Mistake::Scheme))),
                at(130, apply("first", member("a.example.com", "one").route("c.example.com", "/", "two"))),
                at(240, apply("second", member("b.example.com", "one"))),
            ]),
        ),
        (
            "ingress-group-goes",
            with(vec![
                at(2, apply("first", member("a.example.com", "one"))),
                at(3, apply("second", member("b.example.com", "two"))),
                at(100, apply("second", member("b.example.com", "two").mistaken(Mistake::Json))),
                at(120, gone("first")),
                at(180, gone("second")),
            ]),
        ),
        (
            "ingress-moves",
            with(vec![
                at(2, apply("first", member("a.example.com", "one"))),
                at(3, apply("second", member("b.example.com", "two"))),
                at(120, apply("second", Ingress::new().route("b.example.com", "/", "two"))),
                at(240, apply("first", Ingress::new().route("a.example.com", "/", "one"))),
            ]),
        ),
        (
            "ingress-class-goes",
            with(vec![
                at(2, apply("door", paths())),
                at(100, Event::Class(false)),
                at(160, apply("door", Ingress::new().route("", "/a", "two"))),
                at(240, Event::Class(true)),
            ]),
        ),
        (
            "ingress-canary",
            with(vec![
                at(2, apply("door", Ingress::new().exact("/", Backend::Service("one")))),
                at(120, apply("door", weighted(90, 10))),
                at(240, apply("door", weighted(50, 50))),
                at(360, apply("door", Ingress::new().exact("/", Backend::Service("two")))),
            ]),
        ),
        (
            "ingress-secured",
            with(vec![
                at(2, apply("door", hosts())),
                at(120, apply("door", Ingress { listen: Listen::Redirected, ..hosts() })),
                at(240, apply("door", Ingress { listen: Listen::Https, ..hosts() })),
            ]),
        ),
        (
            "ingress-backend-goes",
            with(vec![
                at(2, apply("door", paths())),
                at(120, Event::Delete("two".to_owned())),
                at(240, backend("two", &[3])),
                at(360, Event::Pods("two".to_owned(), vec![3, 4])),
            ]),
        ),
        (
            "ingress-drift",
            with(vec![
                at(2, apply("door", paths())),
                at(120, Event::Drift(Drift::Rule(Stack::Group("default/door".to_owned())))),
                at(121, Event::Drift(Drift::Tags(Stack::Group("default/door".to_owned())))),
            ]),
        ),
    ]
}
