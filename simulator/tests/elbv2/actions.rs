//! Actions of application load balancers, read back with AWS's defaults and without secrets.

use aws_sdk_elasticloadbalancingv2::types::{
    Action, ActionTypeEnum, AuthenticateCognitoActionConfig, AuthenticateOidcActionConditionalBehaviorEnum,
    AuthenticateOidcActionConfig, FixedResponseActionConfig, ForwardActionConfig, JwtValidationActionAdditionalClaim,
    JwtValidationActionAdditionalClaimFormatEnum, JwtValidationActionConfig, RedirectActionConfig,
    RedirectActionStatusCodeEnum, TargetGroupStickinessConfig, TargetGroupTuple,
};

use super::world::{Shop, World, arn, element, forward, path, refusal};

/// An action with its place in the order.
fn ordered(action: Action, order: i32) -> Action {
    let mut action = action;
    action.order = Some(order);
    action
}

fn oidc(secret: Option<&str>) -> Action {
    let config = AuthenticateOidcActionConfig::builder()
        .issuer("https://idp.example.com")
        .authorization_endpoint("https://idp.example.com/authorize")
        .token_endpoint("https://idp.example.com/token")
        .user_info_endpoint("https://idp.example.com/user")
        .client_id("me")
        .set_client_secret(secret.map(str::to_owned))
        .set_use_existing_client_secret(secret.is_none().then_some(true))
        .authentication_request_extra_params("display", "page")
        .authentication_request_extra_params("prompt", "login");
    Action::builder().r#type(ActionTypeEnum::AuthenticateOidc).authenticate_oidc_config(config.build()).order(1).build()
}

#[tokio::test]
async fn a_redirect_keeps_what_it_does_not_change() {
    let world = World::new().await;
    let load_balancer = world.application("shop").await;
    let config = RedirectActionConfig::builder()
        .protocol("HTTPS")
        .port("443")
        .status_code(RedirectActionStatusCodeEnum::Http301);
    let redirect = Action::builder().r#type(ActionTypeEnum::Redirect).redirect_config(config.build()).build();
    let create = world.elb.create_listener().load_balancer_arn(&load_balancer).port(80);
    let create = create.protocol(aws_sdk_elasticloadbalancingv2::types::ProtocolEnum::Http).default_actions(redirect);
    let made = create.send().await.unwrap();
    let shown = made.listeners()[0].default_actions()[0].redirect_config().unwrap();
    assert_eq!((shown.protocol(), shown.port()), (Some("HTTPS"), Some("443")));
    assert_eq!((shown.host(), shown.path(), shown.query()), (Some("#{host}"), Some("/#{path}"), Some("#{query}")));
}

#[tokio::test]
async fn a_fixed_response_is_shown_as_it_was_given() {
    let world = World::new().await;
    let Shop { http, .. } = world.shop().await;
    let config =
        FixedResponseActionConfig::builder().status_code("503").content_type("text/plain").message_body("later");
    let action = Action::builder().r#type(ActionTypeEnum::FixedResponse).fixed_response_config(config.build()).build();
    let changed = world.elb.modify_listener().listener_arn(&http).default_actions(action.clone()).send().await.unwrap();
    assert_eq!(changed.listeners()[0].default_actions(), [action]);
}

#[tokio::test]
async fn one_group_is_shown_in_both_places_and_several_with_their_weights() {
    let world = World::new().await;
    let Shop { http, group, .. } = world.shop().await;
    let second = world.http_group("second").await;
    let tuple = |arn: &str, weight| TargetGroupTuple::builder().target_group_arn(arn).weight(weight).build();
    let stickiness = TargetGroupStickinessConfig::builder().enabled(true).duration_seconds(60).build();
    let config = ForwardActionConfig::builder().target_groups(tuple(&group, 10)).target_groups(tuple(&second, 0));
    let config = config.target_group_stickiness_config(stickiness.clone()).build();
    let action = Action::builder().r#type(ActionTypeEnum::Forward).forward_config(config).build();
    let made = world.elb.create_rule().listener_arn(&http).priority(1).conditions(path(&["/a"])).actions(action);
    let made = made.send().await.unwrap();
    let shown = &made.rules()[0].actions()[0];
    assert_eq!(shown.target_group_arn(), None);
    let config = shown.forward_config().unwrap();
    let weights = config.target_groups().iter().map(|one| (arn(one.target_group_arn()), one.weight().unwrap()));
    let weights = weights.collect::<std::collections::BTreeMap<_, _>>();
    assert_eq!((weights[&group], weights[&second]), (10, 0));
    assert_eq!(config.target_group_stickiness_config(), Some(&stickiness));
    let one = world.elb.modify_rule().rule_arn(made.rules()[0].rule_arn().unwrap()).actions(forward(&second));
    let one = one.send().await.unwrap();
    let shown = &one.rules()[0].actions()[0];
    assert_eq!(shown.target_group_arn(), Some(second.as_str()));
    assert_eq!(shown.forward_config().unwrap().target_groups(), [tuple(&second, 1)]);
}

#[tokio::test]
async fn a_secret_of_openid_connect_is_never_read_back_and_can_be_kept() {
    let world = World::new().await;
    let Shop { https, group, .. } = world.shop().await;
    let create = world.elb.create_rule().listener_arn(&https).priority(1).conditions(path(&["/a"]));
    let made = create.actions(ordered(forward(&group), 2)).actions(oidc(Some("secret"))).send().await.unwrap();
    let rule = arn(made.rules()[0].rule_arn());
    let [first, last] = made.rules()[0].actions() else { panic!("two actions") };
    assert_eq!(last.r#type(), Some(&ActionTypeEnum::Forward), "in their order, however they were given");
    let shown = first.authenticate_oidc_config().unwrap();
    assert_eq!(shown.client_secret(), None);
    assert_eq!((shown.session_cookie_name(), shown.scope()), (Some("AWSELBAuthSessionCookie"), Some("openid")));
    assert_eq!(shown.session_timeout(), Some(604_800));
    assert_eq!(shown.on_unauthenticated_request(), Some(&AuthenticateOidcActionConditionalBehaviorEnum::Authenticate));
    assert_eq!(shown.authentication_request_extra_params().unwrap().len(), 2);
    let document = world.call("DescribeRules", &format!("RuleArns.member.1={rule}")).await.unwrap();
    assert!(!document.contains("secret") && !document.contains("Secret"), "{document}");
    assert_eq!(element(&document, "key"), "display");
    let kept = world.elb.modify_rule().rule_arn(&rule).actions(oidc(None)).actions(ordered(forward(&group), 2));
    kept.send().await.expect("the existing secret is used");
    let create = world.elb.create_rule().listener_arn(&https).priority(2).conditions(path(&["/b"]));
    let none = create.actions(oidc(None)).actions(ordered(forward(&group), 2)).send().await.unwrap_err();
    assert_eq!(refusal(&none), "ValidationError: There is no existing ClientSecret to use");
}

#[tokio::test]
async fn cognito_and_token_validation_have_their_defaults() {
    let world = World::new().await;
    let Shop { https, group, .. } = world.shop().await;
    let config = AuthenticateCognitoActionConfig::builder()
        .user_pool_arn("arn:aws:cognito-idp:us-west-2:111122223333:userpool/p")
        .user_pool_client_id("me")
        .user_pool_domain("login");
    let cognito = Action::builder().r#type(ActionTypeEnum::AuthenticateCognito).order(1);
    let cognito = cognito.authenticate_cognito_config(config.build()).build();
    let forward = ordered(forward(&group), 2);
    let changed =
        world.elb.modify_listener().listener_arn(&https).default_actions(cognito).default_actions(forward.clone());
    let changed = changed.send().await.unwrap();
    let shown = changed.listeners()[0].default_actions()[0].authenticate_cognito_config().unwrap();
    assert_eq!((shown.scope(), shown.session_timeout()), (Some("openid"), Some(604_800)));
    assert_eq!(shown.authentication_request_extra_params(), None);
    let claim = JwtValidationActionAdditionalClaim::builder()
        .name("aud")
        .format(JwtValidationActionAdditionalClaimFormatEnum::StringArray)
        .values("shop");
    let config = JwtValidationActionConfig::builder()
        .jwks_endpoint("https://idp.example.com/jwks.json")
        .issuer("https://idp.example.com")
        .additional_claims(claim.build());
    let token =
        Action::builder().r#type(ActionTypeEnum::JwtValidation).order(1).jwt_validation_config(config.build()).build();
    let create = world.elb.create_rule().listener_arn(&https).priority(1).conditions(path(&["/a"]));
    let made = create.actions(token.clone()).actions(forward).send().await.unwrap();
    assert_eq!(made.rules()[0].actions()[0], token);
}
