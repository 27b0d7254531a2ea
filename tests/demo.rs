//! `northgate demo` as a newcomer runs it: the built binary, with nothing to lean on.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot read its input fails")]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

/// A whole demo.
const LONGEST: Duration = Duration::from_secs(10);

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
    let (output, took) = run(&["demo"]);
    let told = text(&output.stdout);
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), String::new()), "{told}");
    assert_in_order(
        &told,
        &[
            "deployment/nginx created",
            "pod nginx-",
            "type: ClusterIP",
            "its type is ClusterIP",
            "service/nginx-service created",
            "+   type: NodePort",
            "its type is NodePort",
            "service/nginx-service configured",
            "+   type: LoadBalancer",
            "Plan for cluster demo, account 123456789012, us-west-2",
            "+ listener 80 ",
            "service/nginx-service configured",
            "CreateLoadBalancer ",
            "-> 200 OK",
            "healthy",
            "Service default/nginx-service has the host name k8s-default-nginxser-",
            "$ curl http://k8s-default-nginxser-",
            "nginx-",
            "+   - port: 8080",
            "+ listener 8080 ",
            "- listener 80",
            "DeleteListener ",
            "$ curl http://k8s-default-nginxser-",
            "$ kubectl delete -f nginx-service.yaml",
            "DeleteLoadBalancer ",
            "The account is as it was",
        ],
    );
    let answered = told.lines().filter_map(|line| line.trim().strip_prefix("nginx-")?.split_once(" on node-"));
    let pods: std::collections::BTreeSet<_> = answered.map(|(pod, _)| pod.to_owned()).collect();
    assert!(pods.len() > 1, "more than one pod answers: {pods:?}\n{told}");
    assert!(took < LONGEST, "it took {took:?}");
}

#[test]
fn a_persons_manifests_are_applied_with_pods_of_their_own_and_others_are_named() {
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
    let mut running = Running(northgate(&["demo", "--keep"]).stdout(Stdio::piped()).spawn().unwrap());
    let mut lines = BufReader::new(running.0.stdout.take().unwrap()).lines().map_while(Result::ok);
    let curl = lines.find(|line| line.trim().starts_with("curl http://")).expect("a curl line");
    let aws = lines.next().expect("a line for the AWS CLI");
    let address = curl.split_once("http://").unwrap().1.split_once('/').unwrap().0;
    assert!(ask(address, "GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").contains("nginx-"));

    assert!(aws.contains("AWS_ACCESS_KEY_ID=123456789012") && aws.contains("elbv2 describe-load-balancers"), "{aws}");
    let door = aws.split_once("--endpoint-url http://").unwrap().1.split_once(' ').unwrap().0;
    let body = "Action=DescribeLoadBalancers&Version=2015-12-01";
    let request = format!(
        "POST / HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/x-www-form-urlencoded\r\n\
         authorization: AWS4-HMAC-SHA256 Credential=123456789012/20260131/us-west-2/elasticloadbalancing/aws4_request, \
         SignedHeaders=host, Signature=0\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    assert!(ask(door, &request).contains("<LoadBalancerName>k8s-default-nginxser-"));

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
