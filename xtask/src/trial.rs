//! `cargo xtask try`: the main job once from end to end, on a test bed that lasts as long as the command.

use std::process::Output;
use std::time::Duration;

use localstack_tests::aws::Aws;
use localstack_tests::bed::{Bed, Controller};
use localstack_tests::kubectl::Kubectl;
use localstack_tests::nodes::Node;
use localstack_tests::pods::{self, Pod};
use localstack_tests::{Error, setup, until};
use serde_json::Value;

use crate::{Failure, cargo};

const GLANCE: Duration = Duration::from_millis(500);
const LIMIT: Duration = Duration::from_secs(60);

/// Plans, applies and deletes `examples/web.yaml`, and shows what comes of it.
pub(crate) async fn run() -> Result<(), Failure> {
    cargo::build_programs()?;
    setup::everything()?;
    let example = setup::checkout().join("examples/web.yaml");
    let example = example.to_string_lossy();

    heading("a test bed: LocalStack, the simulator behind its ELBv2, a control plane, two nodes");
    let bed = Bed::start().await?;

    heading("what northgate would do");
    show_plan(&bed, &example).await?;

    heading("kubectl apply");
    show(&bed.kubectl().run(&["apply", "-f", &example]).await?);
    let services = services(bed.kubectl(), &example).await?;
    run_pods(&bed, &services).await?;

    heading("northgate run");
    let mut controller = bed.start_controller(&[]).await?;
    let result = with_controller(&bed, &mut controller, &example, &services).await;
    if result.is_err() {
        eprintln!("-- the calls to AWS (* = write)\n{}", bed.proxy.journal());
        eprintln!("-- northgate's log\n{}", controller.log());
        return result;
    }
    let (status, took) = controller.terminate().await?;
    println!("northgate ended {:.1} s after SIGTERM ({status})", took.as_secs_f64());
    Ok(())
}

/// The example's life while the controller runs: there, in agreement, gone.
async fn with_controller(
    bed: &Bed,
    controller: &mut Controller,
    example: &str,
    services: &[Value],
) -> Result<(), Failure> {
    let kubectl = bed.kubectl();
    controller.ready().await?;
    for service in services {
        let (namespace, name) = identity(service);
        let address = "--for=jsonpath={.status.loadBalancer.ingress[0].hostname}";
        kubectl.run(&["wait", address, "service", name, "-n", namespace, "--timeout=60s"]).await?;
    }
    show(&kubectl.run(&["get", "service"]).await?);

    heading("the targets");
    show(&healthy_targets(&bed.aws).await?);

    heading("what northgate would do now");
    show(&agreement(bed).await?);

    heading("kubectl delete");
    show(&kubectl.run(&["delete", "-f", example, "--timeout=60s"]).await?);
    expect_nothing_left(&bed.aws).await?;
    println!("no load balancer and no target group is left");
    Ok(())
}

fn heading(words: &str) {
    println!("\n== {words}\n");
}

fn show(text: &str) {
    println!("{}", text.trim_end());
}

/// Shows the plan for the example before anything exists.
async fn show_plan(bed: &Bed, example: &str) -> Result<(), Failure> {
    let output = bed.northgate(&["plan", "-f", example, "--cluster"]).await?;
    show(&text(&output));
    match output.status.success() {
        true => Ok(()),
        false => Err(Failure::Stage(format!("`northgate plan` ended with {}", output.status))),
    }
}

/// The plan once it is empty: `--check` makes any change an exit code.
async fn agreement(bed: &Bed) -> Result<String, Error> {
    until("agreement", LIMIT, GLANCE, async || match bed.northgate(&["plan", "--check"]).await {
        Ok(output) if output.status.success() => Ok(Ok(text(&output))),
        Ok(output) => Err(text(&output)),
        Err(error) => Ok(Err(error)),
    })
    .await?
}

fn text(output: &Output) -> String {
    let (out, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    format!("{out}{errors}")
}

/// The example's Services, as the API server has them.
async fn services(kubectl: &Kubectl, example: &str) -> Result<Vec<Value>, Error> {
    let mut objects = kubectl.get(&["-f", example]).await?;
    let mut objects = match objects["items"].take() {
        Value::Array(items) => items,
        _ => vec![objects],
    };
    objects.retain(|object| object["kind"] == "Service");
    Ok(objects)
}

fn identity(object: &Value) -> (&str, &str) {
    let word = |name| object["metadata"][name].as_str().unwrap_or_default();
    (word("namespace"), word("name"))
}

/// No kubelet runs pods here, so each Service of the example gets one on every node.
async fn run_pods(bed: &Bed, services: &[Value]) -> Result<(), Failure> {
    for service in services {
        let pods: Vec<Pod> = bed.nodes.iter().map(|node| pod_of(service, node)).collect();
        pods::create(bed.kubectl(), &pods).await?;
    }
    Ok(())
}

fn pod_of(service: &Value, node: &Node) -> Pod {
    let (namespace, name) = identity(service);
    let selector = service["spec"]["selector"].as_object().into_iter().flatten();
    let ports = service["spec"]["ports"].as_array().into_iter().flatten();
    let address = &node.instance.pod_addresses[0];
    Pod {
        namespace: namespace.to_owned(),
        labels: selector.filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned()))).collect(),
        ports: ports.filter_map(|port| Some((port["targetPort"].as_str()?.to_owned(), 8080))).collect(),
        ..Pod::new(&format!("{name}-{}", node.name), name, &node.name, address)
    }
}

/// Every registered target with its health, once all of them are healthy.
async fn healthy_targets(aws: &Aws) -> Result<String, Error> {
    until("healthy targets", LIMIT, GLANCE, async || {
        let lines = match targets(aws).await {
            Ok(lines) => lines,
            Err(error) => return Ok(Err(error)),
        };
        let text = lines.join("\n");
        match !lines.is_empty() && lines.iter().all(|line| line.ends_with(" healthy")) {
            true => Ok(Ok(text)),
            false => Err(text),
        }
    })
    .await?
}

async fn targets(aws: &Aws) -> Result<Vec<String>, Error> {
    let mut lines = Vec::new();
    let groups = aws.elbv2("DescribeTargetGroups", &[]).await?;
    for group in groups.list("TargetGroups") {
        let arn = [("TargetGroupArn", group.value("TargetGroupArn"))];
        let health = aws.elbv2("DescribeTargetHealth", &arn).await?;
        for target in health.list("TargetHealthDescriptions") {
            let (name, id, port) = (group.value("TargetGroupName"), target.value("Id"), target.value("Port"));
            lines.push(format!("{name}  {id}:{port}  {}", target.value("State")));
        }
    }
    Ok(lines)
}

async fn expect_nothing_left(aws: &Aws) -> Result<(), Error> {
    until("empty account", LIMIT, GLANCE, async || {
        let look = async {
            let balancers = aws.elbv2("DescribeLoadBalancers", &[]).await?;
            let groups = aws.elbv2("DescribeTargetGroups", &[]).await?;
            Ok::<_, Error>((balancers.list("LoadBalancers").len(), groups.list("TargetGroups").len()))
        };
        match look.await {
            Ok((0, 0)) => Ok(Ok(())),
            Ok((balancers, groups)) => Err(format!("{balancers} load balancers, {groups} target groups")),
            Err(error) => Ok(Err(error)),
        }
    })
    .await?
}
