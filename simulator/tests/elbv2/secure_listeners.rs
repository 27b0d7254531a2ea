//! Listeners that end TLS: policies, certificates, ALPN, mutual authentication, trust stores.

use aws_sdk_elasticloadbalancingv2::types::{
    LoadBalancerTypeEnum, MutualAuthenticationAttributes, ProtocolEnum, TrustStoreStatus,
};

use super::world::{Shop, World, arn, certificate, certificate_arn, fixed_response, forward, refusal};

impl World {
    /// The certificates of a listener as `NUMBER DEFAULT`.
    async fn certificates(&self, listener: &str) -> Vec<(String, bool)> {
        let answer =
            self.elb.describe_listener_certificates().listener_arn(listener).send().await.expect("certificates");
        let shown = answer.certificates().iter();
        shown.map(|one| (arn(one.certificate_arn()), one.is_default().unwrap_or_default())).collect()
    }

    /// A trust store; its ARN.
    async fn trust_store(&self, name: &str) -> String {
        let create = self.elb.create_trust_store().name(name).ca_certificates_bundle_s3_bucket("bucket");
        let made = create.ca_certificates_bundle_s3_key("ca.pem").send().await.expect("a trust store");
        arn(made.trust_stores()[0].trust_store_arn())
    }
}

#[tokio::test]
async fn an_https_listener_has_a_policy_a_certificate_and_no_mutual_authentication() {
    let world = World::new().await;
    let Shop { https, http, .. } = world.shop().await;
    let found = world.elb.describe_listeners().listener_arns(&https).listener_arns(&http).send().await.unwrap();
    let of = |wanted: &str| found.listeners().iter().find(|one| one.listener_arn() == Some(wanted)).unwrap();
    let listener = of(&https);
    assert_eq!(listener.ssl_policy(), Some("ELBSecurityPolicy-2016-08"));
    assert_eq!(listener.certificates()[0].certificate_arn(), Some(certificate_arn(1).as_str()));
    assert_eq!(listener.certificates()[0].is_default(), None);
    assert_eq!(listener.mutual_authentication().unwrap().mode(), Some("off"));
    let plain = of(&http);
    assert_eq!((plain.ssl_policy(), plain.mutual_authentication(), plain.certificates().len()), (None, None, 0));
}

#[tokio::test]
async fn certificates_are_added_and_removed_and_the_default_is_replaced() {
    let world = World::new().await;
    let Shop { https, .. } = world.shop().await;
    let add =
        |number| world.elb.add_listener_certificates().listener_arn(&https).certificates(certificate(number)).send();
    let remove =
        |number| world.elb.remove_listener_certificates().listener_arn(&https).certificates(certificate(number)).send();
    add(2).await.unwrap();
    add(2).await.expect("one that is there already");
    add(1).await.expect("the default can be in the list too");
    let (one, two, three) = (certificate_arn(1), certificate_arn(2), certificate_arn(3));
    let shown = world.certificates(&https).await;
    assert_eq!(shown, [(one.clone(), true), (one.clone(), false), (two.clone(), false)]);
    world.elb.modify_listener().listener_arn(&https).certificates(certificate(3)).send().await.unwrap();
    let shown = world.certificates(&https).await;
    assert_eq!(shown, [(three, true), (one, false), (two, false)], "the list stays when the default is replaced");
    remove(2).await.unwrap();
    remove(2).await.expect("one that is not there");
    let refused = remove(3).await.unwrap_err();
    assert!(refusal(&refused).starts_with("OperationNotPermitted: "), "{}", refusal(&refused));
}

#[tokio::test]
async fn a_listener_that_turns_plain_loses_policy_and_certificates() {
    let world = World::new().await;
    let Shop { https, .. } = world.shop().await;
    let plain = world.elb.modify_listener().listener_arn(&https).protocol(ProtocolEnum::Http).send().await.unwrap();
    assert_eq!((plain.listeners()[0].ssl_policy(), plain.listeners()[0].certificates().len()), (None, 0));
    let secure =
        world.elb.modify_listener().listener_arn(&https).protocol(ProtocolEnum::Https).send().await.unwrap_err();
    assert_eq!(refusal(&secure), "ValidationError: A certificate must be specified for HTTPS listeners");
}

#[tokio::test]
async fn a_repeated_create_is_compared_by_policy_and_default_certificate() {
    let world = World::new().await;
    let Shop { https, load_balancer, group, .. } = world.shop().await;
    world.elb.add_listener_certificates().listener_arn(&https).certificates(certificate(2)).send().await.unwrap();
    assert_eq!(world.listener_of(&load_balancer, ProtocolEnum::Https, 443, forward(&group)).await, https);
    let create = world.elb.create_listener().load_balancer_arn(&load_balancer).protocol(ProtocolEnum::Https).port(443);
    let other = create.certificates(certificate(2)).default_actions(forward(&group)).send().await.unwrap_err();
    assert!(refusal(&other).starts_with("DuplicateListener: "));
}

#[tokio::test]
async fn a_tls_listener_has_an_alpn_policy() {
    let world = World::new().await;
    let load_balancer = arn(world.load_balancer("net").await.load_balancer_arn());
    let group = arn(world.target_group("net").await.target_group_arn());
    let create = world.elb.create_listener().load_balancer_arn(&load_balancer).protocol(ProtocolEnum::Tls).port(443);
    let create = create.certificates(certificate(1)).alpn_policy("HTTP2Preferred").default_actions(forward(&group));
    let made = create.ssl_policy("ELBSecurityPolicy-TLS13-1-2-Res-2021-06").send().await.unwrap();
    let listener = &made.listeners()[0];
    assert_eq!(
        (listener.alpn_policy(), listener.ssl_policy()),
        (["HTTP2Preferred".to_owned()].as_slice(), Some("ELBSecurityPolicy-TLS13-1-2-Res-2021-06"))
    );
    assert_eq!(listener.mutual_authentication(), None);
    let arn = listener.listener_arn().unwrap();
    let changed = world.elb.modify_listener().listener_arn(arn).alpn_policy("None").send().await.unwrap();
    assert_eq!(changed.listeners()[0].alpn_policy(), ["None"]);
}

#[tokio::test]
async fn a_trust_store_verifies_clients_until_no_listener_uses_it() {
    let world = World::new().await;
    let Shop { https, .. } = world.shop().await;
    let trust_store = world.trust_store("clients").await;
    let verify = MutualAuthenticationAttributes::builder().mode("verify").trust_store_arn(&trust_store).build();
    let changed = world.elb.modify_listener().listener_arn(&https).mutual_authentication(verify).send().await.unwrap();
    let shown = changed.listeners()[0].mutual_authentication().unwrap();
    assert_eq!((shown.mode(), shown.trust_store_arn()), (Some("verify"), Some(trust_store.as_str())));
    assert_eq!(shown.ignore_client_certificate_expiry(), Some(false));
    assert_eq!(shown.advertise_trust_store_ca_names().unwrap().as_str(), "off");
    let used = world.elb.delete_trust_store().trust_store_arn(&trust_store).send().await.unwrap_err();
    assert!(refusal(&used).starts_with("TrustStoreInUse: "));
    let pass = MutualAuthenticationAttributes::builder().mode("passthrough").trust_store_arn("").build();
    let changed = world.elb.modify_listener().listener_arn(&https).mutual_authentication(pass).send().await.unwrap();
    assert_eq!(changed.listeners()[0].mutual_authentication().unwrap().trust_store_arn(), None);
    let found = world.elb.describe_trust_stores().trust_store_arns(&trust_store).send().await.unwrap();
    assert_eq!(found.trust_stores()[0].status(), Some(&TrustStoreStatus::Active));
    world.elb.delete_trust_store().trust_store_arn(&trust_store).send().await.unwrap();
    let gone = world.elb.describe_trust_stores().names("clients").send().await.unwrap_err();
    assert_eq!(refusal(&gone), "TrustStoreNotFound: One or more trust stores not found");
}

#[tokio::test]
async fn policies_are_described_by_name_and_by_type() {
    let world = World::new().await;
    let named = world.elb.describe_ssl_policies().names("ELBSecurityPolicy-TLS13-1-3-2021-06").send().await.unwrap();
    let [policy] = named.ssl_policies() else { panic!("one policy") };
    assert_eq!(policy.ssl_protocols(), ["TLSv1.3"]);
    let ciphers = policy.ciphers().iter().map(|cipher| (cipher.name().unwrap(), cipher.priority().unwrap()));
    let expected = [("TLS_AES_128_GCM_SHA256", 1), ("TLS_AES_256_GCM_SHA384", 2), ("TLS_CHACHA20_POLY1305_SHA256", 3)];
    assert_eq!(ciphers.collect::<Vec<_>>(), expected);
    assert_eq!(policy.supported_load_balancer_types(), ["application", "network"]);
    let of = async |kind| {
        world.elb.describe_ssl_policies().load_balancer_type(kind).send().await.unwrap().ssl_policies().len()
    };
    assert!(of(LoadBalancerTypeEnum::Application).await > of(LoadBalancerTypeEnum::Network).await);
    let page = world.elb.describe_ssl_policies().page_size(5).send().await.unwrap();
    assert_eq!(page.ssl_policies().len(), 5);
}

#[tokio::test]
async fn header_attributes_survive_a_change_between_http_and_https() {
    let world = World::new().await;
    let load_balancer = world.application("shop").await;
    let listener = world.listener_of(&load_balancer, ProtocolEnum::Http, 80, fixed_response("200")).await;
    let pair = "Attributes.member.1.Key=routing.http.response.server.enabled&Attributes.member.1.Value=false";
    world.call("ModifyListenerAttributes", &format!("ListenerArn={listener}&{pair}")).await.unwrap();
    let change = world.elb.modify_listener().listener_arn(&listener).protocol(ProtocolEnum::Https);
    change.certificates(certificate(1)).send().await.unwrap();
    let answer = world.elb.describe_listener_attributes().listener_arn(&listener).send().await.unwrap();
    let value = |key: &str| answer.attributes().iter().find(|one| one.key() == Some(key)).and_then(|one| one.value());
    assert_eq!(value("routing.http.response.server.enabled"), Some("false"));
    assert_eq!(value("routing.http.request.x_amzn_tls_version.header_name"), Some(""));
    assert_eq!(answer.attributes().len(), 19);
}
