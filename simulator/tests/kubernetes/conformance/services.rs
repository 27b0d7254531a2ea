//! Services: what they are given, and what they must be.

use serde_json::json;

use super::{World, create, sentences};

sentences![a_load_balancer_gets_an_address_and_node_ports];

async fn a_load_balancer_gets_an_address_and_node_ports(world: World) {
    let service = json!({
        "metadata": { "name": "web" },
        "spec": { "type": "LoadBalancer", "selector": { "app": "web" }, "ports": [{ "port": 80 }] }
    });
    let made = create(&world.services(), service).await.unwrap();
    let spec = &made["spec"];
    assert!(spec["clusterIP"].as_str().unwrap().starts_with("10."), "{spec}");
    assert_eq!(spec["clusterIPs"][0], spec["clusterIP"]);
    assert!((30_000..=32_767).contains(&spec["ports"][0]["nodePort"].as_i64().unwrap()));
    assert_eq!(spec["ports"][0]["targetPort"], 80);
    assert_eq!(spec["ports"][0]["protocol"], "TCP");
    assert_eq!(spec["sessionAffinity"], "None");
    assert_eq!(spec["allocateLoadBalancerNodePorts"], true);
    assert_eq!(spec["externalTrafficPolicy"], "Cluster");
    assert_eq!(spec["internalTrafficPolicy"], "Cluster");
    assert_eq!((&spec["ipFamilies"], &spec["ipFamilyPolicy"]), (&json!(["IPv4"]), &json!("SingleStack")));
    assert_eq!(made["status"], json!({ "loadBalancer": {} }));
}
