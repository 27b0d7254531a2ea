//! Actions of listeners and rules.

use aws_sdk_elasticloadbalancingv2::error::SdkError;
use aws_sdk_elasticloadbalancingv2::operation::create_rule::CreateRuleError;
use aws_sdk_elasticloadbalancingv2::types::builders::{
    AuthenticateOidcActionConfigBuilder, FixedResponseActionConfigBuilder, RedirectActionConfigBuilder,
};
use aws_sdk_elasticloadbalancingv2::types::{
    Action, ActionTypeEnum, AuthenticateCognitoActionConfig, AuthenticateOidcActionConfig, FixedResponseActionConfig,
    ForwardActionConfig, JwtValidationActionAdditionalClaim, JwtValidationActionAdditionalClaimFormatEnum as Format,
    JwtValidationActionConfig, RedirectActionConfig, RedirectActionStatusCodeEnum, TargetGroupStickinessConfig,
    TargetGroupTuple,
};

use super::super::world::{Shop, World, fixed_response, forward, path};

/// Makes a rule with these actions on the HTTPS listener.
async fn secure(world: &World, shop: &Shop, actions: Vec<Action>) -> Result<(), SdkError<CreateRuleError>> {
    rule(world, &shop.https, actions).await
}

async fn rule(world: &World, listener: &str, actions: Vec<Action>) -> Result<(), SdkError<CreateRuleError>> {
    let create = world.elb.create_rule().listener_arn(listener).priority(1).conditions(path(&["/a"]));
    create.set_actions(Some(actions)).send().await.map(|_| ())
}

fn ordered(action: Action, order: i32) -> Action {
    let mut action = action;
    action.order = Some(order);
    action
}

fn redirect(change: impl FnOnce(RedirectActionConfigBuilder) -> RedirectActionConfigBuilder) -> Action {
    let config = change(RedirectActionConfig::builder().status_code(RedirectActionStatusCodeEnum::Http302)).build();
    Action::builder().r#type(ActionTypeEnum::Redirect).redirect_config(config).build()
}

fn response(change: impl FnOnce(FixedResponseActionConfigBuilder) -> FixedResponseActionConfigBuilder) -> Action {
    let config = change(FixedResponseActionConfig::builder().status_code("200")).build();
    Action::builder().r#type(ActionTypeEnum::FixedResponse).fixed_response_config(config).build()
}

fn oidc(change: impl FnOnce(AuthenticateOidcActionConfigBuilder) -> AuthenticateOidcActionConfigBuilder) -> Action {
    let config = AuthenticateOidcActionConfig::builder()
        .issuer("https://idp.example.com")
        .authorization_endpoint("https://idp.example.com/authorize")
        .token_endpoint("https://idp.example.com/token")
        .user_info_endpoint("https://idp.example.com/user")
        .client_id("me")
        .client_secret("secret");
    let action = Action::builder().r#type(ActionTypeEnum::AuthenticateOidc).order(1);
    action.authenticate_oidc_config(change(config).build()).build()
}

fn cognito(pool: &str) -> Action {
    let config = AuthenticateCognitoActionConfig::builder().user_pool_arn(pool);
    let config = config.user_pool_client_id("me").user_pool_domain("login").build();
    Action::builder().r#type(ActionTypeEnum::AuthenticateCognito).order(1).authenticate_cognito_config(config).build()
}

fn token(claims: &[(&str, Format, &[&str])]) -> Action {
    let claim = |(name, format, values): &(&str, Format, &[&str])| {
        let values = values.iter().map(|value| (*value).to_owned()).collect();
        JwtValidationActionAdditionalClaim::builder()
            .name(*name)
            .format(format.clone())
            .set_values(Some(values))
            .build()
    };
    let config = JwtValidationActionConfig::builder()
        .jwks_endpoint("https://idp.example.com/jwks.json")
        .issuer("https://idp.example.com")
        .set_additional_claims(Some(claims.iter().map(claim).collect()));
    Action::builder().r#type(ActionTypeEnum::JwtValidation).order(1).jwt_validation_config(config.build()).build()
}

fn weighted(groups: &[(&str, i32)], stickiness: Option<TargetGroupStickinessConfig>) -> Action {
    let tuple =
        |(arn, weight): &(&str, i32)| TargetGroupTuple::builder().target_group_arn(*arn).weight(*weight).build();
    let config = ForwardActionConfig::builder().set_target_groups(Some(groups.iter().map(tuple).collect()));
    let config = config.set_target_group_stickiness_config(stickiness).build();
    Action::builder().r#type(ActionTypeEnum::Forward).forward_config(config).build()
}

fn sticky(seconds: Option<i32>) -> Option<TargetGroupStickinessConfig> {
    Some(TargetGroupStickinessConfig::builder().enabled(true).set_duration_seconds(seconds).build())
}

refused! {
    /// API CreateRule: Actions
    a_rule_has_an_action => "ValidationError: 1 validation error detected: ", |world| {
        let shop = world.shop().await;
        secure(&world, &shop, Vec::new()).await
    };
    /// B.2; API Action: Order
    an_order_is_at_least_1 => "ValidationError: 1 validation error detected: Value '0' at 'actions.1.member.order'", |world| {
        let shop = world.shop().await;
        secure(&world, &shop, vec![ordered(fixed_response("200"), 0)]).await
    };
    /// B.2; API Action: Order
    an_order_is_at_most_50000 => "ValidationError: 1 validation error detected: Value '50001'", |world| {
        let shop = world.shop().await;
        secure(&world, &shop, vec![ordered(fixed_response("200"), 50_001)]).await
    };
    /// API Action: Order
    several_actions_have_an_order_each => "ValidationError: Order must be specified", |world| {
        let shop = world.shop().await;
        secure(&world, &shop, vec![oidc(|config| config), forward(&shop.group)]).await
    };
    /// API Action: Order
    an_order_is_given_once => "ValidationError: The order of each of several actions must be unique", |world| {
        let shop = world.shop().await;
        secure(&world, &shop, vec![oidc(|config| config), ordered(forward(&shop.group), 1)]).await
    };
    /// API Rule: Actions; ALB "Action basics"
    a_rule_has_one_action_that_routes => "InvalidLoadBalancerAction: Exactly one action", |world| {
        let shop = world.shop().await;
        secure(&world, &shop, vec![ordered(forward(&shop.group), 1), ordered(fixed_response("200"), 2)]).await
    };
    /// API Rule: Actions
    the_action_that_routes_is_there => "InvalidLoadBalancerAction: Exactly one action", |world| {
        let shop = world.shop().await;
        secure(&world, &shop, vec![oidc(|config| config)]).await
    };
    /// API Rule: Actions
    the_action_that_routes_comes_last => "InvalidLoadBalancerAction: Exactly one action", |world| {
        let shop = world.shop().await;
        secure(&world, &shop, vec![ordered(oidc(|config| config), 2), ordered(forward(&shop.group), 1)]).await
    };
    /// ALB "Action basics"
    clients_are_authenticated_once => "InvalidLoadBalancerAction: Only one action", |world| {
        let shop = world.shop().await;
        let both = vec![oidc(|config| config), ordered(token(&[]), 2), ordered(forward(&shop.group), 3)];
        secure(&world, &shop, both).await
    };
    /// API Action: AuthenticateOidcConfig [HTTPS listeners]
    clients_are_authenticated_on_https => "InvalidLoadBalancerAction: Actions that authenticate", |world| {
        let shop = world.shop().await;
        rule(&world, &shop.http, vec![oidc(|config| config), ordered(forward(&shop.group), 2)]).await
    };
    /// API Action: JwtValidationConfig [HTTPS listeners]
    tokens_are_validated_on_https => "InvalidLoadBalancerAction: Actions that authenticate", |world| {
        let shop = world.shop().await;
        rule(&world, &shop.http, vec![token(&[]), ordered(forward(&shop.group), 2)]).await
    };
    /// API Action
    an_action_has_the_configuration_of_its_type => "ValidationError: An action takes no configuration of another type", |world| {
        let shop = world.shop().await;
        let mut action = fixed_response("200");
        action.target_group_arn = Some(shop.group.clone());
        secure(&world, &shop, vec![action]).await
    };
    /// API Action
    an_action_has_a_known_type => "ValidationError: 1 validation error detected: Value 'drop' at 'actions.1.member.type'", |world| {
        let shop = world.shop().await;
        secure(&world, &shop, vec![Action::builder().r#type("drop".into()).build()]).await
    };
    /// API FixedResponseActionConfig: StatusCode
    a_fixed_response_is_no_redirect => "ValidationError: 1 validation error detected: Value '301'", |world| {
        let shop = world.shop().await;
        secure(&world, &shop, vec![fixed_response("301")]).await
    };
    /// B.2; API FixedResponseActionConfig: MessageBody
    a_fixed_response_has_at_most_1024_characters => "ValidationError: 1 validation error detected: ", |world| {
        let shop = world.shop().await;
        secure(&world, &shop, vec![response(|config| config.message_body("a".repeat(1025)))]).await
    };
    /// API FixedResponseActionConfig: ContentType
    a_fixed_response_has_one_of_five_content_types => "ValidationError: The content type 'text/xml'", |world| {
        let shop = world.shop().await;
        secure(&world, &shop, vec![response(|config| config.content_type("text/xml"))]).await
    };
    /// B.2; API RedirectActionConfig: Protocol
    https_is_not_redirected_to_http => "InvalidConfigurationRequest: You cannot redirect HTTPS to HTTP", |world| {
        let shop = world.shop().await;
        rule(&world, &shop.http, vec![redirect(|config| config.protocol("HTTP").port("81"))]).await.expect("HTTP is");
        secure(&world, &shop, vec![redirect(|config| config.protocol("HTTP"))]).await
    };
    /// ALB "Redirect actions"
    a_redirect_leads_somewhere_else => "InvalidLoadBalancerAction: The redirect configuration is not valid", |world| {
        let shop = world.shop().await;
        secure(&world, &shop, vec![redirect(|config| config.port("443").query("a=b"))]).await
    };
    /// API RedirectActionConfig: Protocol
    a_redirect_goes_to_http_or_https => "ValidationError: The Protocol parameter 'FTP'", |world| {
        let shop = world.shop().await;
        secure(&world, &shop, vec![redirect(|config| config.protocol("FTP"))]).await
    };
    /// API RedirectActionConfig: Port
    a_redirect_goes_to_a_port => "ValidationError: The Port parameter '65536'", |world| {
        let shop = world.shop().await;
        secure(&world, &shop, vec![redirect(|config| config.port("65536"))]).await
    };
    /// API RedirectActionConfig: Path
    a_redirect_path_is_absolute => "ValidationError: The Path parameter must be a valid path", |world| {
        let shop = world.shop().await;
        secure(&world, &shop, vec![redirect(|config| config.path("a"))]).await
    };
    /// B.2; API RedirectActionConfig: Path
    a_redirect_path_has_at_most_128_characters => "ValidationError: 1 validation error detected: ", |world| {
        let shop = world.shop().await;
        secure(&world, &shop, vec![redirect(|config| config.path("/".repeat(129)))]).await
    };
    /// B.2; API RedirectActionConfig: Host
    a_redirect_host_has_at_most_128_characters => "ValidationError: 1 validation error detected: ", |world| {
        let shop = world.shop().await;
        secure(&world, &shop, vec![redirect(|config| config.host("a".repeat(129)))]).await
    };
    /// B.2; API RedirectActionConfig: Query
    a_redirect_query_has_at_most_128_characters => "ValidationError: 1 validation error detected: ", |world| {
        let shop = world.shop().await;
        secure(&world, &shop, vec![redirect(|config| config.path("/b").query("a".repeat(129)))]).await
    };
    /// API RedirectActionConfig: StatusCode
    a_redirect_has_one_of_two_codes => "ValidationError: 1 validation error detected: Value 'HTTP_307'", |world| {
        let shop = world.shop().await;
        secure(&world, &shop, vec![redirect(|config| config.path("/b").status_code("HTTP_307".into()))]).await
    };
    /// B.2; API TargetGroupTuple: Weight
    a_weight_is_at_most_999 => "ValidationError: 1 validation error detected: Value '1000'", |world| {
        let shop = world.shop().await;
        secure(&world, &shop, vec![weighted(&[(&shop.group, 999)], None)]).await.expect("999");
        secure(&world, &shop, vec![weighted(&[(&shop.group, 1000)], None)]).await
    };
    /// B.2; API TargetGroupTuple: Weight
    a_weight_is_not_negative => "ValidationError: 1 validation error detected: Value '-1'", |world| {
        let shop = world.shop().await;
        secure(&world, &shop, vec![weighted(&[(&shop.group, -1)], None)]).await
    };
    /// API ForwardActionConfig
    a_group_is_named_once => "ValidationError: A target group ARN can only be specified once", |world| {
        let shop = world.shop().await;
        secure(&world, &shop, vec![weighted(&[(&shop.group, 1), (&shop.group, 2)], None)]).await
    };
    /// API Action: ForwardConfig
    both_spellings_name_the_same_group => "ValidationError: TargetGroupArn and ForwardConfig must name the same", |world| {
        let shop = world.shop().await;
        let second = world.http_group("second").await;
        let mut action = weighted(&[(&shop.group, 1)], None);
        action.target_group_arn = Some(second);
        secure(&world, &shop, vec![action]).await
    };
    /// API Action: TargetGroupArn
    a_forward_names_a_group => "ValidationError: A target group ARN must be specified", |world| {
        let shop = world.shop().await;
        secure(&world, &shop, vec![weighted(&[], None)]).await
    };
    /// B.2; API TargetGroupStickinessConfig
    group_stickiness_lasts_at_least_a_second => "ValidationError: 1 validation error detected: Value '0'", |world| {
        let shop = world.shop().await;
        secure(&world, &shop, vec![weighted(&[(&shop.group, 1)], sticky(Some(0)))]).await
    };
    /// B.2; API TargetGroupStickinessConfig
    group_stickiness_lasts_at_most_a_week => "ValidationError: 1 validation error detected: Value '604801'", |world| {
        let shop = world.shop().await;
        secure(&world, &shop, vec![weighted(&[(&shop.group, 1)], sticky(Some(604_801)))]).await
    };
    /// API TargetGroupStickinessConfig
    group_stickiness_needs_a_duration => "ValidationError: Target group stickiness duration must be specified", |world| {
        let shop = world.shop().await;
        secure(&world, &shop, vec![weighted(&[(&shop.group, 1)], sticky(None))]).await
    };
    /// ALB "Sticky sessions and weighted target groups"
    groups_with_sticky_targets_need_group_stickiness => "InvalidConfigurationRequest: You must enable group stickiness", |world| {
        let shop = world.shop().await;
        let second = world.http_group("second").await;
        let pair = "Attributes.member.1.Key=stickiness.enabled&Attributes.member.1.Value=true";
        world.call("ModifyTargetGroupAttributes", &format!("TargetGroupArn={second}&{pair}")).await.expect("stickiness");
        secure(&world, &shop, vec![weighted(&[(&shop.group, 1), (&second, 1)], None)]).await
    };
    /// API AuthenticateOidcActionConfig: Issuer
    a_provider_is_reached_over_https => "InvalidConfigurationRequest: The TokenEndpoint", |world| {
        let shop = world.shop().await;
        let action = oidc(|config| config.token_endpoint("http://idp.example.com/token"));
        secure(&world, &shop, vec![action, ordered(forward(&shop.group), 2)]).await
    };
    /// API AuthenticateOidcActionConfig: ClientSecret
    a_new_rule_needs_the_clients_secret => "ValidationError: A ClientSecret must be specified", |world| {
        let shop = world.shop().await;
        let action = oidc(|config| config.set_client_secret(None));
        secure(&world, &shop, vec![action, ordered(forward(&shop.group), 2)]).await
    };
    /// API AuthenticateOidcActionConfig: UseExistingClientSecret
    a_secret_is_given_or_kept => "ValidationError: You cannot specify a ClientSecret and UseExistingClientSecret", |world| {
        let shop = world.shop().await;
        let action = oidc(|config| config.use_existing_client_secret(true));
        secure(&world, &shop, vec![action, ordered(forward(&shop.group), 2)]).await
    };
    /// API AuthenticateOidcActionConfig: SessionTimeout
    a_session_lasts_at_most_a_week => "ValidationError: 1 validation error detected: Value '604801'", |world| {
        let shop = world.shop().await;
        let action = oidc(|config| config.session_timeout(604_801));
        secure(&world, &shop, vec![action, ordered(forward(&shop.group), 2)]).await
    };
    /// API AuthenticateOidcActionConfig: AuthenticationRequestExtraParams
    ten_parameters_are_added_to_a_login => "ValidationError: AuthenticationRequestExtraParams can have up to 10", |world| {
        let shop = world.shop().await;
        let action = oidc(|config| (0..11).fold(config, |config, n| {
            config.authentication_request_extra_params(format!("p{n}"), "v")
        }));
        secure(&world, &shop, vec![action, ordered(forward(&shop.group), 2)]).await
    };
    /// API AuthenticateOidcActionConfig: OnUnauthenticatedRequest
    an_unauthenticated_request_is_handled_in_one_of_three_ways => "ValidationError: 1 validation error detected: Value 'ask'", |world| {
        let shop = world.shop().await;
        let action = oidc(|config| config.on_unauthenticated_request("ask".into()));
        secure(&world, &shop, vec![action, ordered(forward(&shop.group), 2)]).await
    };
    /// API AuthenticateCognitoActionConfig: UserPoolArn
    a_user_pool_is_named_by_its_arn => "ValidationError: 'pool' is not a valid Amazon Cognito user pool ARN", |world| {
        let shop = world.shop().await;
        secure(&world, &shop, vec![cognito("pool"), ordered(forward(&shop.group), 2)]).await
    };
    /// API JwtValidationActionConfig: AdditionalClaims
    ten_claims_are_validated => "ValidationError: 1 validation error detected: ", |world| {
        let shop = world.shop().await;
        let claims: [(&str, Format, &[&str]); 11] = std::array::from_fn(|_| ("aud", Format::SingleString, &["a"][..]));
        secure(&world, &shop, vec![token(&claims), ordered(forward(&shop.group), 2)]).await
    };
    /// API JwtValidationActionAdditionalClaim: Name
    claims_that_are_always_validated_are_not_added => "ValidationError: The claim 'iss' is validated by default", |world| {
        let shop = world.shop().await;
        let claims: [(&str, Format, &[&str]); 1] = [("iss", Format::SingleString, &["a"])];
        secure(&world, &shop, vec![token(&claims), ordered(forward(&shop.group), 2)]).await
    };
    /// API JwtValidationActionAdditionalClaim: Values
    values_that_spaces_separate_have_none => "ValidationError: The values of the claim 'scope' can't include spaces", |world| {
        let shop = world.shop().await;
        let claims: [(&str, Format, &[&str]); 1] = [("scope", Format::SpaceSeparatedValues, &["a b"])];
        secure(&world, &shop, vec![token(&claims), ordered(forward(&shop.group), 2)]).await
    };
}
