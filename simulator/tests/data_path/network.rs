//! Network load balancers: connections to targets.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::world::{LONG, World, echo, element, say};

const TCP: &str = "Protocol=TCP&TargetType=ip";

/// A network load balancer `web`: its ARN and its host name.
async fn load_balancer(world: &World) -> (String, String) {
    let create = "CreateLoadBalancer&Name=web&Type=network&Subnets.member.1=subnet-a";
    let made = world.call(create).await;
    (element(&made, "LoadBalancerArn").to_owned(), element(&made, "DNSName").to_owned())
}

/// A listener that forwards to groups by weight; its ARN.
async fn listener(world: &World, load_balancer: &str, protocol: &str, port: u16, groups: &[(&str, u32)]) -> String {
    let mut create = format!(
        "CreateListener&LoadBalancerArn={load_balancer}&Protocol={protocol}&Port={port}&DefaultActions.member.1.Type=forward"
    );
    for (at, (group, weight)) in (1..).zip(groups) {
        let member = format!("DefaultActions.member.1.ForwardConfig.TargetGroups.member.{at}");
        create.push_str(&format!("&{member}.TargetGroupArn={group}&{member}.Weight={weight}"));
    }
    world.made(&create, "ListenerArn").await
}

async fn names(address: std::net::SocketAddr, count: usize) -> Vec<String> {
    let mut names = Vec::new();
    for _ in 0..count {
        names.push(say(address, "").await.trim().to_owned());
    }
    names
}

#[tokio::test]
async fn connections_go_to_healthy_targets_in_turn_and_bytes_pass_both_ways() {
    let mut world = World::new().await;
    let (arn, dns_name) = load_balancer(&world).await;
    let group = world.group("web", TCP, &["10.0.0.8", "10.0.0.9:8080"]).await;
    listener(&world, &arn, "TCP", 443, &[(&group, 1)]).await;
    world.reach("10.0.0.8", echo("one").await);
    world.reach("10.0.0.9:8080", echo("two").await);
    let address = world.address(&dns_name, 443).await;
    assert_eq!(names(address, 4).await, ["one", "two", "one", "two"]);
    assert_eq!(say(address, "hello\nthere").await, "one\nhello\nthere");
}

#[tokio::test]
async fn a_target_that_drains_gets_nothing_new_and_keeps_what_it_has() {
    let mut world = World::new().await;
    let (arn, dns_name) = load_balancer(&world).await;
    let group = world.group("web", TCP, &["10.0.0.8"]).await;
    listener(&world, &arn, "TCP", 80, &[(&group, 1)]).await;
    world.reach("10.0.0.8", echo("old").await);
    world.reach("10.0.0.9", echo("new").await);
    let address = world.address(&dns_name, 80).await;
    let mut client = TcpStream::connect(address).await.expect("a connection");
    let mut name = [0; 4];
    client.read_exact(&mut name).await.expect("a name");
    assert_eq!(&name, b"old\n");
    world.register("RegisterTargets", &group, &["10.0.0.9"]).await;
    world.register("DeregisterTargets", &group, &["10.0.0.8"]).await;
    assert_eq!(names(address, 3).await, ["new", "new", "new"]);
    client.write_all(b"more").await.expect("sent");
    client.shutdown().await.expect("done");
    let mut rest = String::new();
    client.read_to_string(&mut rest).await.expect("an echo");
    assert_eq!(rest, "more");
}

#[tokio::test]
async fn weights_share_connections_out() {
    let mut world = World::new().await;
    let (arn, dns_name) = load_balancer(&world).await;
    let blue = world.group("blue", TCP, &["10.0.0.8"]).await;
    let green = world.group("green", TCP, &["10.0.0.9"]).await;
    let none = world.group("none", TCP, &["10.0.0.7"]).await;
    listener(&world, &arn, "TCP", 80, &[(&blue, 3), (&green, 1), (&none, 0)]).await;
    world.reach("10.0.0.8", echo("blue").await);
    world.reach("10.0.0.9", echo("green").await);
    let names = names(world.address(&dns_name, 80).await, 8).await;
    assert_eq!(names.iter().filter(|name| *name == "blue").count(), 6);
    assert_eq!(names.iter().filter(|name| *name == "green").count(), 2);
}

#[tokio::test]
async fn a_client_may_stay_with_its_target_by_its_address() {
    let mut world = World::new().await;
    let (arn, dns_name) = load_balancer(&world).await;
    let group = world.group("web", TCP, &["10.0.0.8", "10.0.0.9"]).await;
    listener(&world, &arn, "TCP", 80, &[(&group, 1)]).await;
    world.reach("10.0.0.8", echo("one").await);
    world.reach("10.0.0.9", echo("two").await);
    let attribute = "Attributes.member.1.Key=stickiness.enabled&Attributes.member.1.Value=true";
    world.call(&format!("ModifyTargetGroupAttributes&TargetGroupArn={group}&{attribute}")).await;
    let address = world.address(&dns_name, 80).await;
    let before = names(address, 3).await;
    assert_eq!(before, [before[0].clone(), before[0].clone(), before[0].clone()]);
    let (left, other) = if before[0] == "one" { ("10.0.0.8", "two") } else { ("10.0.0.9", "one") };
    world.register("DeregisterTargets", &group, &[left]).await;
    assert_eq!(names(address, 2).await, [other, other], "what drains gets nothing new");
    world.register("RegisterTargets", &group, &[left]).await;
    assert_eq!(names(address, 2).await, [other, other], "it stays with the new one");
}

#[tokio::test]
async fn instances_count_where_their_zone_is_enabled() {
    let mut world = World::new().await;
    let (arn, dns_name) = load_balancer(&world).await;
    let group = world.group("web", "Protocol=TCP&TargetType=instance", &["i-a:30080", "i-b:30080"]).await;
    listener(&world, &arn, "TCP", 80, &[(&group, 1)]).await;
    world.reach("i-a:30080", echo("a").await);
    world.reach("i-b:30080", echo("b").await);
    let address = world.address(&dns_name, 80).await;
    assert_eq!(names(address, 3).await, ["a", "a", "a"]);
    world.call(&format!("SetSubnets&LoadBalancerArn={arn}&Subnets.member.1=subnet-a&Subnets.member.2=subnet-b")).await;
    assert_eq!(names(address, 2).await, ["b", "a"]);
}

#[tokio::test]
async fn without_a_target_or_a_way_to_it_a_connection_ends_at_once() {
    let world = World::new().await;
    let (arn, dns_name) = load_balancer(&world).await;
    let group = world.group("web", TCP, &[]).await;
    listener(&world, &arn, "TCP", 80, &[(&group, 1)]).await;
    let address = world.address(&dns_name, 80).await;
    assert_eq!(say(address, "").await, "");
    world.register("RegisterTargets", &group, &["10.0.0.8"]).await;
    assert_eq!(say(address, "").await, "", "no loopback address was given for it");
}

#[tokio::test]
async fn ports_open_when_the_load_balancer_is_active_and_close_with_the_listener() {
    let world = World::new().await;
    let mut options = world.simulator.options(&World::scope()).await;
    options.provisioning_delay = std::time::Duration::from_millis(300);
    world.simulator.set_options(&World::scope(), options).await;
    let mut changes = world.data_path.changes();
    let (arn, dns_name) = load_balancer(&world).await;
    let group = world.group("web", TCP, &["10.0.0.8"]).await;
    let first = listener(&world, &arn, "TCP", 80, &[(&group, 1)]).await;
    listener(&world, &arn, "TCP", 81, &[(&group, 1)]).await;
    assert_eq!(world.data_path.listeners(), []);
    let address = world.address(&dns_name, 80).await;
    assert_eq!(world.data_path.listeners().len(), 2);
    assert!(TcpStream::connect(address).await.is_ok());
    world.call(&format!("ModifyListener&ListenerArn={first}&Port=8080")).await;
    assert_eq!(world.address(&dns_name, 8080).await, address, "the same listener");
    world.call(&format!("DeleteListener&ListenerArn={first}")).await;
    let gone = changes.wait_for(|open| open.len() == 1 && open[0].port == 81);
    timeout(LONG, gone).await.expect("it closes in time").expect("a data path");
    assert!(TcpStream::connect(address).await.is_err());
    world.call(&format!("DeleteLoadBalancer&LoadBalancerArn={arn}")).await;
    timeout(LONG, changes.wait_for(Vec::is_empty)).await.expect("all close").expect("a data path");
}

#[tokio::test]
async fn what_is_not_carried_is_said() {
    let world = World::new().await;
    let (arn, dns_name) = load_balancer(&world).await;
    let udp = world.group("udp", "Protocol=UDP&TargetType=ip", &[]).await;
    let both = world.group("both", "Protocol=TCP_UDP&TargetType=ip", &[]).await;
    listener(&world, &arn, "UDP", 53, &[(&udp, 1)]).await;
    listener(&world, &arn, "TCP_UDP", 54, &[(&both, 1)]).await;
    world.address(&dns_name, 54).await;
    let listeners = world.data_path.listeners();
    let said = listeners.iter().map(|open| (open.port, open.address.is_some(), open.note.unwrap_or_default()));
    let mut said = said.collect::<Vec<_>>();
    said.sort();
    assert_eq!(said[0], (53, false, "not opened: only TCP, TLS, HTTP and HTTPS are carried"));
    assert_eq!(said[1], (54, true, "UDP is not carried, TCP is"));
}

#[tokio::test]
async fn ports_close_with_the_last_handle() {
    let world = World::new().await;
    let (arn, dns_name) = load_balancer(&world).await;
    let group = world.group("web", TCP, &[]).await;
    listener(&world, &arn, "TCP", 80, &[(&group, 1)]).await;
    let address = world.address(&dns_name, 80).await;
    assert!(TcpStream::connect(address).await.is_ok());
    drop(world);
    let closed = async { while TcpStream::connect(address).await.is_ok() {} };
    timeout(LONG, closed).await.expect("it closes");
}
