//! `cargo xtask try`: the main job once from end to end, on a test bed that lasts as long as the command.

use std::process::Output;
use std::time::Duration;

use localstack_tests::aws::Aws;
use localstack_tests::bed::Bed;
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
    let kubectl = bed.kubectl();

    heading("what northgate would do");
    plan(&bed, &["plan", "-f", &example, "--cluster"]).await?;

    heading("kubectl apply");
    println!("{}", kubectl.run(&["apply", "-f", &example]).await?);
    run_pods(&bed, &example).await?;

    heading("northgate run");
    let mut controller = bed.start_controller(&[]).await?;
    controller.ready().await?;
    let address = "--for=jsonpath={.status.loadBalancer.ingress[0].hostname}";
    kubectl.run(&["wait", address, "-f", &example, "--timeout=60s"]).await?;
    println!("{}", kubectl.run(&["get", "service"]).await?);

    heading("the targets");
    println!("{}", healthy_targets(&bed.aws).await?);

    heading("what northgate would do now");
    let arguments = ["plan", "--check"];
    until("agreement", LIMIT, GLANCE, async || match plan_output(&bed, &arguments).await {
        Ok(output) if output.status.success() => Ok(Ok(())),
        Ok(output) => Err(text(&output)),
        Err(error) => Ok(Err(error)),
    })
    .await??;
    plan(&bed, &arguments).await?;

    heading("kubectl delete");
    println!("{}", kubectl.run(&["delete", "-f", &example, "--timeout=60s"]).await?);
    expect_nothing_left(&bed.aws).await?;
    println!("no load balancer, no target group is left");

    let (status, took) = controller.terminate().await?;
    println!("northgate ended {:.1} s after SIGTERM ({status})", took.as_secs_f64());
    Ok(())
}

fn heading(words: &str) {
    println!("\n== {words}\n");
}

/// Runs a plan and shows it; its exit code must be 0.
async fn plan(bed: &Bed, arguments: &[&str]) -> Result<(), Failure> {
    let output = plan_output(bed, arguments).await?;
    println!("{}", text(&output));
    match output.status.success() {
        true => Ok(()),
        false => Err(Failure::Stage(format!("`northgate {}` ended with {}", arguments.join(" "), output.status))),
    }
}

async fn plan_output(bed: &Bed, arguments: &[&str]) -> Result<Output, Error> {
    bed.northgate(arguments).await
}

fn text(output: &Output) -> String {
    let (out, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    format!("{out}{errors}")
}

/// No kubelet runs pods here, so each Service of the example gets one on every node.
async fn run_pods(bed: &Bed, example: &str) -> Result<(), Failure> {
    let objects = bed.kubectl().get(&["-f", example]).await?;
    let services = match objects["items"].as_array() {
        Some(items) => items.clone(),
        None => vec![objects],
    };
    for service in services.iter().filter(|object| object["kind"] == "Service") {
        let pods: Vec<Pod> = bed.nodes.iter().map(|node| pod_of(service, node)).collect();
        pods::create(bed.kubectl(), &pods).await?;
    }
    Ok(())
}

fn pod_of(service: &Value, node: &localstack_tests::nodes::Node) -> Pod {
    let name = service["metadata"]["name"].as_str().unwrap_or_default();
    let selector = service["spec"]["selector"].as_object().into_iter().flatten();
    let ports = service["spec"]["ports"].as_array().into_iter().flatten();
    let address = &node.instance.pod_addresses[0];
    Pod {
        namespace: service["metadata"]["namespace"].as_str().unwrap_or("default").to_owned(),
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
