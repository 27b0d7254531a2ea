//! Listeners: protocols, ports, certificates, policies, what they forward to.

use aws_sdk_elasticloadbalancingv2::operation::create_listener::builders::CreateListenerFluentBuilder;
use aws_sdk_elasticloadbalancingv2::types::{
    Action, ActionTypeEnum, AdvertiseTrustStoreCaNamesEnum, Certificate, ForwardActionConfig, IpAddressType,
    MutualAuthenticationAttributes, ProtocolEnum, TargetGroupIpAddressTypeEnum, TargetGroupStickinessConfig,
    TargetGroupTuple, TargetTypeEnum,
};

use super::super::world::{World, arn, certificate, fixed_response, forward};

/// A listener on port 8443 of a new application load balancer.
async fn https(world: &World) -> CreateListenerFluentBuilder {
    let load_balancer = world.application("shop").await;
    let create = world.elb.create_listener().load_balancer_arn(load_balancer).protocol(ProtocolEnum::Https).port(8443);
    create.certificates(certificate(1)).default_actions(fixed_response("200"))
}

async fn http(world: &World) -> CreateListenerFluentBuilder {
    https(world).await.protocol(ProtocolEnum::Http).set_certificates(None)
}

/// A listener of a new network load balancer that forwards to a new group.
async fn network(world: &World, listener: ProtocolEnum, group: ProtocolEnum) -> CreateListenerFluentBuilder {
    let load_balancer = world.bare("net", IpAddressType::Ipv4).await;
    let group = arn(world.target_group_of("net", group, TargetTypeEnum::Ip).await.target_group_arn());
    let create = world.elb.create_listener().load_balancer_arn(load_balancer).protocol(listener).port(8443);
    create.default_actions(forward(&group))
}

async fn trust_store(world: &World) -> String {
    let create = world.elb.create_trust_store().name("clients").ca_certificates_bundle_s3_bucket("bucket");
    let made = create.ca_certificates_bundle_s3_key("ca.pem").send().await.expect("a trust store");
    arn(made.trust_stores()[0].trust_store_arn())
}

fn mutual(mode: &str, trust_store: Option<&str>) -> MutualAuthenticationAttributes {
    let builder = MutualAuthenticationAttributes::builder().mode(mode);
    builder.set_trust_store_arn(trust_store.map(str::to_owned)).build()
}

fn both(one: &str, other: &str, stickiness: Option<TargetGroupStickinessConfig>) -> Action {
    let tuple = |arn: &str| TargetGroupTuple::builder().target_group_arn(arn).weight(1).build();
    let config = ForwardActionConfig::builder().target_groups(tuple(one)).target_groups(tuple(other));
    let config = config.set_target_group_stickiness_config(stickiness).build();
    Action::builder().r#type(ActionTypeEnum::Forward).forward_config(config).build()
}

const NO_CERTIFICATE: &str = "arn:aws:s3:::certificate";

refused! {
    /// API CreateListener: Protocol
    an_application_load_balancer_listens_for_http_and_https => "ValidationError: Listener protocol 'TCP' must be one of 'HTTPS, HTTP'",
        |world| http(&world).await.protocol(ProtocolEnum::Tcp).send().await;
    /// API CreateListener: Protocol
    a_network_load_balancer_does_not_listen_for_http => "ValidationError: Listener protocol 'HTTP' must be one of 'TLS,",
        |world| network(&world, ProtocolEnum::Http, ProtocolEnum::Tcp).await.send().await;
    /// API CreateListener: Port
    a_port_is_at_least_1 => "ValidationError: 1 validation error detected: Value '0' at 'port'",
        |world| http(&world).await.port(0).send().await;
    /// API CreateListener: Port
    a_port_is_at_most_65535 => "ValidationError: 1 validation error detected: Value '65536' at 'port'",
        |world| http(&world).await.port(65_536).send().await;
    /// API CreateListener: Port
    a_port_is_needed => "ValidationError: A listener port must be specified",
        |world| http(&world).await.set_port(None).send().await;
    /// B.8; API CreateListener: DuplicateListener
    a_port_is_taken_once => "DuplicateListener: ", |world| {
        let create = http(&world).await;
        create.clone().send().await.expect("the first");
        create.default_actions(fixed_response("404")).set_default_actions(Some(vec![fixed_response("404")])).send().await
    };
    /// API CreateListener: LoadBalancerNotFound
    a_listener_has_a_load_balancer => "ValidationError: 'lb' is not a valid load balancer ARN",
        |world| http(&world).await.load_balancer_arn("lb").send().await;
    /// API CreateListener: DefaultActions
    a_listener_has_a_default_action => "ValidationError: 1 validation error detected: Value null at 'defaultActions'",
        |world| http(&world).await.set_default_actions(None).send().await;
    /// API CreateListener: Certificates [HTTPS and TLS listeners]
    an_https_listener_has_a_certificate => "ValidationError: A certificate must be specified for HTTPS listeners",
        |world| https(&world).await.set_certificates(None).send().await;
    /// API CreateListener: Certificates [HTTPS and TLS listeners]
    a_tls_listener_has_a_certificate => "ValidationError: A certificate must be specified for TLS listeners",
        |world| network(&world, ProtocolEnum::Tls, ProtocolEnum::Tcp).await.send().await;
    /// B.8; API CreateListener: CertificateNotFound
    a_certificate_exists => "CertificateNotFound: Certificate", |world| {
        let other = Certificate::builder().certificate_arn(NO_CERTIFICATE).build();
        https(&world).await.set_certificates(Some(vec![other])).send().await
    };
    /// API CreateListener: Certificates
    a_listener_has_one_default_certificate => "ValidationError: 1 validation error detected: ",
        |world| https(&world).await.certificates(certificate(2)).send().await;
    /// API CreateListener: Certificates
    a_call_does_not_say_which_certificate_is_the_default => "ValidationError: IsDefault cannot be specified", |world| {
        let mut flagged = certificate(1);
        flagged.is_default = Some(true);
        https(&world).await.set_certificates(Some(vec![flagged])).send().await
    };
    /// API CreateListener: Certificates [HTTPS and TLS listeners]
    an_http_listener_has_no_certificate => "ValidationError: Certificates cannot be specified for 'HTTP' listeners",
        |world| http(&world).await.certificates(certificate(1)).send().await;
    /// B.8; API CreateListener: SSLPolicyNotFound
    a_security_policy_exists => "SSLPolicyNotFound: SSL policy 'strong' not found",
        |world| https(&world).await.ssl_policy("strong").send().await;
    /// API CreateListener: SslPolicy [HTTPS and TLS listeners]
    an_http_listener_has_no_security_policy => "ValidationError: SslPolicy cannot be specified for 'HTTP' listeners",
        |world| http(&world).await.ssl_policy("ELBSecurityPolicy-2016-08").send().await;
    /// ALB "RFC 9151 security policies"
    policies_of_rfc_9151_are_for_application_load_balancers => "SSLPolicyNotFound: ", |world| {
        let create = network(&world, ProtocolEnum::Tls, ProtocolEnum::Tcp).await.certificates(certificate(1));
        create.ssl_policy("ELBSecurityPolicy-TLS13-1-3-RFC9151-FIPS-2023-07").send().await
    };
    /// API DescribeSSLPolicies: SSLPolicyNotFound
    described_policies_exist => "SSLPolicyNotFound: SSL policy 'strong' not found",
        |world| world.elb.describe_ssl_policies().names("ELBSecurityPolicy-2016-08").names("strong").send().await;
    /// API CreateListener: AlpnPolicy [TLS listeners]
    alpn_is_negotiated_by_tls_listeners => "ValidationError: AlpnPolicy cannot be specified for 'HTTPS' listeners",
        |world| https(&world).await.alpn_policy("HTTP2Only").send().await;
    /// API CreateListener: ALPNPolicyNotFound
    an_alpn_policy_is_one_of_five => "ALPNPolicyNotFound: ALPN policy 'HTTP3Only' not found", |world| {
        let create = network(&world, ProtocolEnum::Tls, ProtocolEnum::Tcp).await.certificates(certificate(1));
        create.alpn_policy("HTTP3Only").send().await
    };
    /// API CreateListener: AlpnPolicy
    a_listener_has_one_alpn_policy => "ValidationError: 1 validation error detected: ", |world| {
        let create = network(&world, ProtocolEnum::Tls, ProtocolEnum::Tcp).await.certificates(certificate(1));
        create.alpn_policy("HTTP2Only").alpn_policy("None").send().await
    };
    /// API CreateListener: MutualAuthentication [HTTPS listeners]
    clients_show_certificates_to_https_listeners => "ValidationError: MutualAuthentication cannot be specified",
        |world| http(&world).await.mutual_authentication(mutual("off", None)).send().await;
    /// API MutualAuthenticationAttributes: Mode
    mutual_authentication_has_one_of_three_modes => "ValidationError: 1 validation error detected: Value 'ask'",
        |world| https(&world).await.mutual_authentication(mutual("ask", None)).send().await;
    /// API MutualAuthenticationAttributes: TrustStoreArn
    clients_are_verified_with_a_trust_store => "ValidationError: A TrustStoreArn must be specified",
        |world| https(&world).await.mutual_authentication(mutual("verify", None)).send().await;
    /// API CreateListener: TrustStoreNotFound
    a_trust_store_exists => "TrustStoreNotFound: One or more trust stores not found", |world| {
        let other = format!("{}0", trust_store(&world).await);
        https(&world).await.mutual_authentication(mutual("verify", Some(&other))).send().await
    };
    /// API MutualAuthenticationAttributes: TrustStoreArn
    clients_that_pass_through_are_not_verified => "ValidationError: TrustStoreArn can only be specified", |world| {
        let trust_store = trust_store(&world).await;
        https(&world).await.mutual_authentication(mutual("passthrough", Some(&trust_store))).send().await
    };
    /// API MutualAuthenticationAttributes: AdvertiseTrustStoreCaNames
    names_of_authorities_are_advertised_when_clients_are_verified => "ValidationError: AdvertiseTrustStoreCaNames", |world| {
        let mut off = mutual("off", None);
        off.advertise_trust_store_ca_names = Some(AdvertiseTrustStoreCaNamesEnum::On);
        https(&world).await.mutual_authentication(off).send().await
    };
    /// B.1; ALB quotas
    two_listeners_of_a_load_balancer_verify_clients => "InvalidConfigurationRequest: You have reached the maximum of 2", |world| {
        let verify = mutual("verify", Some(&trust_store(&world).await));
        let create = https(&world).await.mutual_authentication(verify);
        create.clone().port(1).send().await.expect("the first");
        create.clone().port(2).send().await.expect("the second");
        create.port(3).send().await
    };
    /// B.3; API AddListenerCertificates
    one_certificate_is_added_in_one_call => "ValidationError: 1 validation error detected: ", |world| {
        let shop = world.shop().await;
        let add = world.elb.add_listener_certificates().listener_arn(shop.https);
        add.certificates(certificate(2)).certificates(certificate(3)).send().await
    };
    /// API AddListenerCertificates
    an_added_certificate_exists => "CertificateNotFound: ", |world| {
        let shop = world.shop().await;
        let other = Certificate::builder().certificate_arn(NO_CERTIFICATE).build();
        world.elb.add_listener_certificates().listener_arn(shop.https).certificates(other).send().await
    };
    /// API AddListenerCertificates
    an_http_listener_gets_no_certificates => "ValidationError: Certificates cannot be specified for 'HTTP' listeners", |world| {
        let shop = world.shop().await;
        world.elb.add_listener_certificates().listener_arn(shop.http).certificates(certificate(2)).send().await
    };
    /// API RemoveListenerCertificates: OperationNotPermitted
    the_default_certificate_is_not_removed => "OperationNotPermitted: The certificate", |world| {
        let shop = world.shop().await;
        world.elb.remove_listener_certificates().listener_arn(shop.https).certificates(certificate(1)).send().await
    };
    /// B.11; API CreateListener: IncompatibleProtocols
    an_application_load_balancer_forwards_to_http => "IncompatibleProtocols: ", |world| {
        let group = arn(world.target_group("tcp").await.target_group_arn());
        http(&world).await.set_default_actions(Some(vec![forward(&group)])).send().await
    };
    /// B.11; NLB "Routing configuration"
    a_udp_listener_forwards_to_udp => "IncompatibleProtocols: ",
        |world| network(&world, ProtocolEnum::Udp, ProtocolEnum::Tcp).await.send().await;
    /// B.11; NLB "Routing configuration"
    a_tcp_udp_listener_forwards_to_tcp_udp => "IncompatibleProtocols: ",
        |world| network(&world, ProtocolEnum::TcpUdp, ProtocolEnum::Tcp).await.send().await;
    /// API CreateTargetGroup: Protocol
    a_tcp_quic_listener_forwards_to_tcp_quic => "IncompatibleProtocols: ",
        |world| network(&world, ProtocolEnum::TcpQuic, ProtocolEnum::Quic).await.send().await;
    /// NLB "Use an Application Load Balancer as a target"
    only_a_tcp_listener_forwards_to_a_load_balancer => "IncompatibleProtocols: ", |world| {
        let group = arn(world.target_group_of("alb", ProtocolEnum::Tcp, TargetTypeEnum::Alb).await.target_group_arn());
        let create = network(&world, ProtocolEnum::Tls, ProtocolEnum::Tcp).await.certificates(certificate(1));
        create.set_default_actions(Some(vec![forward(&group)])).send().await
    };
    /// ALB "Protocol version"
    http2_to_targets_needs_an_https_listener => "InvalidConfigurationRequest: Listener protocol 'HTTP' is not supported", |world| {
        let create = world.elb.create_target_group().name("h2").protocol(ProtocolEnum::Http).port(80).vpc_id("vpc-a");
        let group = create.protocol_version("HTTP2").send().await.expect("a group");
        let group = arn(group.target_groups()[0].target_group_arn());
        http(&world).await.set_default_actions(Some(vec![forward(&group)])).send().await
    };
    /// B.1; API CreateListener: TargetGroupAssociationLimit
    a_group_has_one_load_balancer => "TargetGroupAssociationLimit: ", |world| {
        let shop = world.shop().await;
        let other = world.application("other").await;
        let create = world.elb.create_listener().load_balancer_arn(other).protocol(ProtocolEnum::Http).port(80);
        create.default_actions(forward(&shop.group)).send().await
    };
    /// B.8; API CreateListener: TargetGroupNotFound
    a_group_exists => "TargetGroupNotFound: Target groups", |world| {
        let gone = format!("{}0", world.http_group("gone").await);
        http(&world).await.set_default_actions(Some(vec![forward(&gone)])).send().await
    };
    /// ALB "Target groups"
    a_group_is_in_the_load_balancers_vpc => "InvalidConfigurationRequest: The target group", |world| {
        let create = world.elb.create_target_group().name("far").protocol(ProtocolEnum::Http).port(80).vpc_id("vpc-b");
        let group = arn(create.send().await.expect("a group").target_groups()[0].target_group_arn());
        http(&world).await.set_default_actions(Some(vec![forward(&group)])).send().await
    };
    /// B.12; NLB "IP address type"
    ipv6_targets_need_a_dual_stack_load_balancer => "InvalidConfigurationRequest: The target group", |world| {
        let create = world.elb.create_target_group().name("v6").protocol(ProtocolEnum::Http).port(80).vpc_id("vpc-a");
        let create = create.target_type(TargetTypeEnum::Ip).ip_address_type(TargetGroupIpAddressTypeEnum::Ipv6);
        let group = arn(create.send().await.expect("a group").target_groups()[0].target_group_arn());
        http(&world).await.set_default_actions(Some(vec![forward(&group)])).send().await
    };
    /// API CreateListener: InvalidLoadBalancerAction
    a_network_load_balancer_forwards_and_does_nothing_else => "InvalidLoadBalancerAction: ", |world| {
        let create = network(&world, ProtocolEnum::Tcp, ProtocolEnum::Tcp).await;
        create.set_default_actions(Some(vec![fixed_response("200")])).send().await
    };
    /// NLB "Default actions"
    a_tls_listener_mixes_no_protocols => "InvalidConfigurationRequest: All target groups of a 'TLS' listener", |world| {
        let create = network(&world, ProtocolEnum::Tls, ProtocolEnum::Tcp).await.certificates(certificate(1));
        let tcp = arn(world.target_group_of("a", ProtocolEnum::Tcp, TargetTypeEnum::Ip).await.target_group_arn());
        let tls = arn(world.target_group_of("b", ProtocolEnum::Tls, TargetTypeEnum::Ip).await.target_group_arn());
        create.set_default_actions(Some(vec![both(&tcp, &tls, None)])).send().await
    };
    /// NLB "Default actions"
    a_tls_listener_does_not_stick_to_groups => "InvalidConfigurationRequest: Target group stickiness", |world| {
        let create = network(&world, ProtocolEnum::Tls, ProtocolEnum::Tcp).await.certificates(certificate(1));
        let one = arn(world.target_group_of("a", ProtocolEnum::Tcp, TargetTypeEnum::Ip).await.target_group_arn());
        let other = arn(world.target_group_of("b", ProtocolEnum::Tcp, TargetTypeEnum::Ip).await.target_group_arn());
        let sticky = TargetGroupStickinessConfig::builder().enabled(true).build();
        create.set_default_actions(Some(vec![both(&one, &other, Some(sticky))])).send().await
    };
    /// B.12; NLB "Default actions"
    an_action_mixes_no_address_families => "InvalidConfigurationRequest: All target groups of an action", |world| {
        let load_balancer = world.bare("net", IpAddressType::Dualstack).await;
        let v4 = arn(world.target_group_of("v4", ProtocolEnum::Tcp, TargetTypeEnum::Ip).await.target_group_arn());
        let create = world.elb.create_target_group().name("v6").protocol(ProtocolEnum::Tcp).port(80).vpc_id("vpc-a");
        let create = create.target_type(TargetTypeEnum::Ip).ip_address_type(TargetGroupIpAddressTypeEnum::Ipv6);
        let v6 = arn(create.send().await.expect("a group").target_groups()[0].target_group_arn());
        let create = world.elb.create_listener().load_balancer_arn(load_balancer).protocol(ProtocolEnum::Tcp).port(80);
        create.default_actions(both(&v4, &v6, None)).send().await
    };
    /// B.12; NLB "IP address type"
    a_udp_listener_of_a_dual_stack_load_balancer_needs_source_nat_prefixes => "InvalidConfigurationRequest: A dualstack", |world| {
        let load_balancer = world.bare("net", IpAddressType::Dualstack).await;
        let group = arn(world.target_group_of("u", ProtocolEnum::Udp, TargetTypeEnum::Ip).await.target_group_arn());
        let create = world.elb.create_listener().load_balancer_arn(load_balancer).protocol(ProtocolEnum::Udp).port(53);
        create.default_actions(forward(&group)).send().await
    };
    /// NLB "Create a Network Load Balancer"
    a_load_balancer_with_security_groups_has_no_quic_listeners => "InvalidConfigurationRequest: A load balancer with security", |world| {
        let load_balancer = arn(world.load_balancer("net").await.load_balancer_arn());
        let group = arn(world.target_group_of("q", ProtocolEnum::Quic, TargetTypeEnum::Ip).await.target_group_arn());
        let create = world.elb.create_listener().load_balancer_arn(load_balancer).protocol(ProtocolEnum::Quic).port(443);
        create.default_actions(forward(&group)).send().await
    };
    /// B.8; API ModifyListener: DuplicateListener
    a_listener_does_not_move_to_a_taken_port => "DuplicateListener: ", |world| {
        let shop = world.shop().await;
        world.elb.modify_listener().listener_arn(shop.http).port(443).send().await
    };
    /// API ModifyListener
    rules_hold_the_protocol_of_their_listener => "InvalidLoadBalancerAction: Actions that authenticate", |world| {
        let shop = world.shop().await;
        let json = "Actions.member.1.JwtValidationConfig.JwksEndpoint=https://a.b/j&Actions.member.1.JwtValidationConfig.Issuer=a";
        let actions = format!("Actions.member.1.Type=jwt-validation&Actions.member.1.Order=1&{json}&Actions.member.2.Type=fixed-response&Actions.member.2.Order=2&Actions.member.2.FixedResponseConfig.StatusCode=200");
        let rule = format!("ListenerArn={}&Priority=1&Conditions.member.1.Field=path-pattern&Conditions.member.1.Values.member.1=/a&{actions}", shop.https);
        world.call("CreateRule", &rule).await.expect("a rule that validates tokens");
        world.elb.modify_listener().listener_arn(shop.https).protocol(ProtocolEnum::Http).send().await
    };
    /// B.8; API DeleteListener: ListenerNotFound
    a_listener_is_deleted_once => "ListenerNotFound: ", |world| {
        let shop = world.shop().await;
        world.elb.delete_listener().listener_arn(&shop.http).send().await.expect("the first time");
        world.elb.delete_listener().listener_arn(&shop.http).send().await
    };
    /// API DescribeListeners
    listeners_are_described_by_arn_or_by_load_balancer => "ValidationError: You must specify either listener ARNs", |world| {
        let shop = world.shop().await;
        world.elb.describe_listeners().load_balancer_arn(shop.load_balancer).listener_arns(shop.http).send().await
    };
    /// API CreateTrustStore: DuplicateTrustStoreName
    a_trust_store_has_a_name_of_its_own => "DuplicateTrustStoreName: ", |world| {
        trust_store(&world).await;
        let create = world.elb.create_trust_store().name("clients").ca_certificates_bundle_s3_bucket("bucket");
        create.ca_certificates_bundle_s3_key("ca.pem").send().await
    };
    /// API DeleteTrustStore: TrustStoreInUse
    a_trust_store_stays_while_a_listener_uses_it => "TrustStoreInUse: ", |world| {
        let trust_store = trust_store(&world).await;
        let create = https(&world).await.mutual_authentication(mutual("verify", Some(&trust_store)));
        create.send().await.expect("a listener");
        world.elb.delete_trust_store().trust_store_arn(trust_store).send().await
    };
}
