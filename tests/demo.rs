//! `northgate demo` as a newcomer runs it: the built binary, with nothing to lean on.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot read its input fails")]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::{PoisonError, RwLock, RwLockReadGuard};
use std::time::{Duration, Instant};

/// A whole demo.
const LONGEST: Duration = Duration::from_secs(10);

/// Held alone by who looks at the clock, and together by all others.
static QUIET: RwLock<()> = RwLock::new(());

fn beside_others() -> RwLockReadGuard<'static, ()> {
    QUIET.read().unwrap_or_else(PoisonError::into_inner)
}

/// The program where every way out is barred: what it reads of the person's configuration, or asks of anybody, fails.
fn northgate(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_northgate"));
    command
        .args(args)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env_clear()
        .env("HOME", "/nonexistent")
        .env("KUBECONFIG", "/nonexistent/kubeconfig")
        .env("AWS_CONFIG_FILE", "/nonexistent/config")
        .env("AWS_PROFILE", "nobody")
        .env("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
        .env("HTTPS_PROXY", "http://127.0.0.1:1")
        .env("HTTP_PROXY", "http://127.0.0.1:1");
    command
}

fn run(args: &[&str]) -> (Output, Duration) {
    let begin = Instant::now();
    let output = northgate(args).output().unwrap();
    (output, begin.elapsed())
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// Each of these stands in the text, after the one before it.
fn assert_in_order(text: &str, landmarks: &[&str]) {
    let mut rest = text;
    for landmark in landmarks {
        match rest.split_once(landmark) {
            Some((_, after)) => rest = after,
            None => panic!("{landmark:?} is missing after the ones before it in:\n{text}"),
        }
    }
}

#[test]
fn the_tutorial_is_told_from_four_pods_to_an_empty_account() {
    let _alone = QUIET.write().unwrap_or_else(PoisonError::into_inner);
    let (output, took) = run(&["demo"]);
    let told = text(&output.stdout);
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), String::new()), "{told}");
    let landmarks = [
        "deployment/nginx created",
        "pod nginx-",
        "type: ClusterIP",
        "its type is ClusterIP",
        "service/nginx-service created",
        "$ kubectl get service nginx-service",
        "<none>",
        "+   type: NodePort",
        "its type is NodePort",
        "service/nginx-service configured",
        "80:30001/TCP",
        "+   type: LoadBalancer",
        "Plan for cluster demo, account 123456789012, us-west-2",
        "+ listener 80 ",
        "service/nginx-service configured",
        "CreateLoadBalancer ",
        "-> 200 OK",
        "Service default/nginx-service has the host name k8s-default-nginxser-",
        "$ curl http://k8s-default-nginxser-",
        "nginx-",
        "+ kind: Ingress",
        "- load balancer ",
        "+ load balancer ",
        "this API version was retired with Kubernetes 1.22",
        "ingress/nginx-ingress created",
        "CreateLoadBalancer            k8s-default-nginxing-",
        "Ingress default/nginx-ingress has the host name k8s-default-nginxing-",
        "$ kubectl get ingress nginx-ingress",
        "$ curl http://k8s-default-nginxing-",
        "deployment/nginx-1 created",
        "+       - path: /svc1.html",
        "+ rule 80:1 ",
        "ingress/nginx-ingress configured",
        "CreateRule ",
        " /svc1.html -> 200 OK",
        "$ kubectl get ingress nginx-ingress",
        "/svc1.html    # 2 times\n  nginx-1-",
        "/svc2.html    # 2 times\n  nginx-2-",
        "/    # 2 times\n  404 Not Found (2 times)",
        "+   - host: svc1.example.com",
        "SetRulePriorities ",
        "svc1.example.com to 1, svc2.example.com to 2, /* to 3",
        "svc1.example.com,svc2.example.com",
        "$ curl -H 'Host: svc1.example.com' http://k8s-default-nginxing-",
        "  nginx-1-",
        "$ curl -H 'Host: svc2.example.com' http://k8s-default-nginxing-",
        "  nginx-2-",
        "$ curl http://k8s-default-nginxing-",
        "  nginx-1-",
        "$ kubectl delete -f nginx-service.yaml",
        "$ kubectl delete service/nginx-service",
        "DeleteLoadBalancer ",
        "The account is as it was",
    ];
    assert_in_order(&told, &landmarks);
    let answered = told.lines().filter_map(|line| line.trim().strip_prefix("nginx-")?.split_once(" on node-"));
    let pods: std::collections::BTreeSet<_> = answered.map(|(pod, _)| pod.to_owned()).collect();
    assert_eq!(pods.len(), 8, "every pod answers: {pods:?}\n{told}");
    let of_ingress = told.lines().filter(|line| line.starts_with("nginx-ingress "));
    let addresses: Vec<_> = of_ingress.filter_map(|line| line.split_whitespace().nth(3)).collect();
    assert_eq!(addresses.len(), 3, "{told}");
    assert!(addresses.iter().all(|address| *address == addresses[0] && address.ends_with(".amazonaws.com")), "{told}");
    assert!(told.contains(" is healthy") && !told.contains("the controller warns"), "{told}");
    let readme = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap();
    let shown: Vec<&str> = readme.lines().filter(|line| line.starts_with("== ")).collect();
    assert_eq!(shown.len(), 3);
    assert_in_order(&told, &shown);
    assert!(took < LONGEST, "it took {took:?}");
}

/// What the demo of each example says, beside the plan and the calls.
const EXAMPLES: &[(&str, &[&str])] = &[
    ("web.yaml", &["service/web created", "$ curl http://k8s-default-web-", "  web-"]),
    (
        "paths.yaml",
        &[
            "no Pods for Service api among the files: 4 are added",
            "/api/v1/login    # 10 times\n  503 Service Unavailable: back at noon (10 times)",
            "/api    # 2 times\n  api-",
            "/    # 2 times\n  web-",
        ],
    ),
    (
        "hosts.yaml",
        &[
            "$ curl -H 'Host: www.example.com' http://k8s-",
            "  www-",
            "$ curl -H 'Host: api.example.com' http://k8s-",
            "  api-",
            "$ curl -H 'Host: any.example.com' http://k8s-",
            "    # 10 times\n  301 Moved Permanently: http://www.example.com:80/ (10 times)",
            "  www-",
        ],
    ),
    (
        "tls.yaml",
        &[
            "$ curl -H 'Host: shop.example.com' http://k8s-",
            "  301 Moved Permanently: https://shop.example.com:443/",
            "$ curl -k -H 'Host: shop.example.com' https://k8s-",
            "/    # 2 times\n  shop-",
            "$ curl -k -H 'Host: img.shop.example.com' https://k8s-",
            "  shop-",
        ],
    ),
    ("canary.yaml", &["    # 10 times\n", "shop-stable-", "$ curl http://k8s-", "404 Not Found"]),
    (
        "teams.yaml",
        &[
            "namespace/platform created",
            "ingressclass/company created",
            "$ kubectl get ingress platform -n platform",
            "$ curl -H 'Host: www.example.com' http://k8s-company-",
            "/search    # 4 times\n  search-",
            "$ curl -H 'Host: www.example.com' http://k8s-company-",
            "/    # 4 times\n  shop-",
            "  404 Not Found: ask the platform team (10 times)",
            "ingressclass/company deleted",
        ],
    ),
];

#[test]
fn the_examples_work() {
    let _beside = beside_others();
    for (file, landmarks) in EXAMPLES {
        let path = format!("examples/{file}");
        let (output, _) = run(&["demo", "-f", &path]);
        let told = text(&output.stdout);
        assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), String::new()), "{file}\n{told}");
        assert_in_order(&told, landmarks);
        assert_in_order(&told, &["The account is as it was"]);
    }
    let all = std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("examples")).unwrap();
    let all = all.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let all: std::collections::BTreeSet<_> = all.filter(|name| name.ends_with(".yaml")).collect();
    assert_eq!(all, EXAMPLES.iter().map(|(file, _)| (*file).to_owned()).collect(), "no example is left out");
}

#[test]
fn a_persons_manifests_are_applied_with_pods_of_their_own_and_others_are_named() {
    let _beside = beside_others();
    let folder = std::env::temp_dir().join(format!("northgate-demo-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let file = folder.join("shop.yaml");
    let manifests = "
apiVersion: v1
kind: Service
metadata:
  name: shop
  namespace: shop
  annotations: { service.beta.kubernetes.io/aws-load-balancer-nlb-target-type: ip }
spec:
  type: LoadBalancer
  loadBalancerClass: service.k8s.aws/nlb
  selector: { app: shop }
  ports: [{ name: http, port: 80, targetPort: web }]
---
apiVersion: batch/v1
kind: CronJob
metadata: { name: nightly }
spec: {}
";
    std::fs::write(&file, manifests).unwrap();
    let (output, _) = run(&["demo", "-f", file.to_str().unwrap(), "--account", "examples/plan/account.yaml"]);
    std::fs::remove_dir_all(&folder).unwrap();
    let told = text(&output.stdout);
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), String::new()), "{told}");
    let landmarks = [
        "What your manifests need",
        "no Pods for Service shop among the files: 4 are added",
        "namespace/shop created",
        "deployment/shop created",
        "+ load balancer ",
        "(known after apply)",
        "Ignored: 1 CronJob",
        "cronjob/nightly left out: the simulated API server knows no such kind",
        "from k8s-traffic-demo-",
        ":8080 of k8s-shop-shop-",
        "\n  shop-",
        "The account is as it was",
    ];
    assert_in_order(&told, &landmarks);
}

#[test]
fn what_cannot_come_to_pass_is_an_error() {
    let _beside = beside_others();
    for (args, message) in [
        (&["demo", "-f", "nowhere.yaml"][..], "error: cannot read nowhere.yaml"),
        (&["demo", "--account", "nowhere.yaml"], "error: cannot read the account description nowhere.yaml"),
        (&["demo", "-f", "examples/tutorial/broken-indentation.yaml"], "broken-indentation.yaml:"),
        (
            &["demo", "-f", "tests/golden/annotation-scheme-refused/objects.yaml"],
            "error: Service/default/web is refused",
        ),
    ] {
        let (output, _) = run(args);
        assert_eq!(output.status.code(), Some(1), "{args:?}\n{}", text(&output.stdout));
        assert!(text(&output.stderr).contains(message), "{args:?}: {}", text(&output.stderr));
    }
}

/// Ends with the test that began it.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // It has ended already, then.
        _ = self.0.kill();
        _ = self.0.wait();
    }
}

#[test]
fn kept_up_it_answers_and_ends_on_sigterm() {
    let _beside = beside_others();
    let mut running = Running(northgate(&["demo", "--keep"]).stdout(Stdio::piped()).spawn().unwrap());
    let mut lines = BufReader::new(running.0.stdout.take().unwrap()).lines().map_while(Result::ok);
    let is_curl = |line: &String| line.starts_with("  curl ");
    let mut curls = vec![lines.find(is_curl).expect("a curl line")];
    let aws = loop {
        match lines.next().expect("a line for the AWS CLI") {
            line if is_curl(&line) => curls.push(line),
            line => break line,
        }
    };
    let answers = curls.iter().map(|curl| {
        let (host, rest) = curl.split_once(" http://").unwrap();
        let host = host.split_once("-H 'Host: ").map_or("x", |(_, host)| host.trim_end_matches('\''));
        let address = rest.split_once('/').unwrap().0;
        ask(address, &format!("GET / HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n"))
    });
    let answers: Vec<String> = answers.collect();
    let pods = ["nginx-1-", "nginx-2-", "nginx-1-"];
    assert_eq!(answers.len(), pods.len(), "{curls:?}");
    assert!(answers.iter().zip(pods).all(|(answer, pod)| answer.contains(pod)), "{curls:?} {answers:?}");

    assert!(aws.contains("AWS_ACCESS_KEY_ID=123456789012") && aws.contains("elbv2 describe-load-balancers"), "{aws}");
    let door = aws.split_once("--endpoint-url http://").unwrap().1.split_once(' ').unwrap().0;
    let body = "Action=DescribeLoadBalancers&Version=2015-12-01";
    let request = format!(
        "POST / HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/x-www-form-urlencoded\r\n\
         authorization: AWS4-HMAC-SHA256 Credential=123456789012/20260131/us-west-2/elasticloadbalancing/aws4_request, \
         SignedHeaders=host, Signature=0\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    assert!(ask(door, &request).contains("<LoadBalancerName>k8s-default-nginxing-"));

    let killed = Command::new("kill").arg(running.0.id().to_string()).status().unwrap();
    assert!(killed.success());
    let begin = Instant::now();
    while begin.elapsed() < LONGEST {
        if let Some(status) = running.0.try_wait().unwrap() {
            assert_eq!(status.code(), Some(0));
            return;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    panic!("it does not end");
}

fn ask(address: &str, request: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn the_documents_name_what_there_is() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for file in ["README.md", "docs/demo.md"] {
        let document = std::fs::read_to_string(root.join(file)).unwrap();
        assert!(document.contains("cargo run -- demo"), "{file}");
    }
    let help = text(&northgate(&["demo", "--help"]).output().unwrap().stdout);
    for flag in ["--filename", "--account", "--keep"] {
        let document = std::fs::read_to_string(root.join("docs/demo.md")).unwrap();
        assert!(help.contains(flag) && (document.contains(flag) || document.contains("`-f FILE")), "{flag}");
    }
}
