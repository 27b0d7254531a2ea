//! HTTPS: certificates of ACM, found by the hosts of an Ingress, and plain HTTP redirected.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use localstack_tests::bed::Bed;
use rcgen::{CertificateParams, DnType, KeyPair};
use serde_json::json;

use crate::holdings::Holdings;
use crate::ingress::{Ingress, backends, classes};
use crate::printed_plan::agreement;
use crate::shipped;
use crate::traffic::{Nodes, ask, send, way_in};

#[tokio::test]
async fn an_ingress_is_served_over_https_with_imported_certificates_found_by_its_hosts() {
    let bed = Bed::start_carrying().await.unwrap();
    let wildcard = import(&bed, &["example.com", "*.example.com"]).await;
    let single = import(&bed, &["www.example.org"]).await;
    import(&bed, &["*.shop.example.com", "shop.example.net"]).await;
    classes(&bed).await;
    backends(&bed, &["web"]).await;
    let mut nodes = Nodes::default();
    nodes.open(&bed).await;
    let mut controller = bed.start_controller(&[]).await.unwrap();
    controller.ready().await.unwrap();

    let shop = Ingress::new("shop")
        .annotated("listen-ports", r#"[{"HTTP": 80}, {"HTTPS": 443}]"#)
        .annotated("ssl-redirect", "443")
        .path("shop.example.com", "/", "web")
        .with("tls", json!([{ "hosts": ["www.example.org"] }]));
    shop.apply(&bed).await;
    let host = shop.host_name(&bed).await;
    let found = Holdings::standing(&bed, 1, 2).await;
    agreement(&bed).await;

    let routes = [
        "443:1 host-header shop.example.com, path-pattern /* -> default/shop-web:80",
        "443 -> fixed-response 404",
        "80 -> redirect HTTPS:443 HTTP_301",
    ];
    assert_eq!(found.routes(), routes);
    let [https, http] = &found.load_balancer().listeners[..] else { panic!("two listeners: {found:#?}") };
    assert_eq!((https.protocol.as_str(), http.protocol.as_str()), ("HTTPS", "HTTP"));
    assert_eq!(https.certificates, [wildcard.clone(), single.clone()].into(), "those of its hosts, and no other");
    assert_eq!(http.certificates, [].into());
    let rules = ["tcp 443-443 from 0.0.0.0/0", "tcp 80-80 from 0.0.0.0/0"].map(str::to_owned);
    assert_eq!(found.front_group("default/shop").rules, rules.into());
    let line = shop.line(&bed).await;
    assert_eq!(line, format!("shop alb shop.example.com {host} 80, 443"));
    let ports = &shop.get(&bed).await["status"]["loadBalancer"]["ingress"][0]["ports"];
    assert_eq!((&ports[0]["port"], &ports[1]["port"]), (&json!(80), &json!(443)));

    // The data path leaves TLS itself out: what the listener does with a request is the same.
    let (plain, secure) = (way_in(&bed, &host, 80).await, way_in(&bed, &host, 443).await);
    let redirected = send(&plain, ("shop.example.com", "/cart?item=1")).await;
    assert_eq!(redirected.status(), 301);
    assert_eq!(redirected.headers()["location"], "https://shop.example.com:443/cart?item=1");
    assert_eq!(ask(&secure, ("shop.example.com", "/cart")).await, (200, "web".to_owned()));
    assert_eq!(ask(&secure, ("www.example.org", "/")).await.0, 404, "it has a certificate and no rule");

    // Without the second host its certificate is of no use.
    let shop = shop.with("tls", json!([]));
    shop.apply(&bed).await;
    let one = |found: &Holdings| found.load_balancer().listeners[0].certificates == [wildcard.clone()].into();
    Holdings::until(&bed, "one certificate", one).await;
    agreement(&bed).await;
    assert_eq!(ask(&secure, ("shop.example.com", "/")).await, (200, "web".to_owned()));
    shop.delete_and_wait(&bed).await;
    shipped::assert_allowed(&bed);
}

/// Imports a self-signed certificate for these names into ACM: its ARN.
async fn import(bed: &Bed, names: &[&str]) -> String {
    let key = KeyPair::generate().unwrap();
    let mut parameters =
        CertificateParams::new(names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>()).unwrap();
    parameters.distinguished_name.push(DnType::CommonName, names[0]);
    let certificate = parameters.self_signed(&key).unwrap();
    let parts = json!({
        "Certificate": STANDARD.encode(certificate.pem()),
        "PrivateKey": STANDARD.encode(key.serialize_pem()),
    });
    let answer = bed.aws.acm("ImportCertificate", &parts).await.unwrap();
    answer["CertificateArn"].as_str().unwrap().to_owned()
}
