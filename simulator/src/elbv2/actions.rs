//! Actions of listeners and rules: what load balancers of each kind take, and how AWS shows it again.
//!
//! Each kind of action is a type whose serialization is what AWS shows: complete with defaults, without secrets.

mod authentication;
mod fixed_response;
mod forward;
mod params;
mod redirect;
mod token;

use serde::{Deserialize, Serialize};

pub(crate) use self::authentication::{Cognito, Oidc};
use self::authentication::{CognitoRequest, OidcRequest};
pub(crate) use self::fixed_response::FixedResponse;
pub(crate) use self::forward::Forward;
use self::forward::ForwardConfigRequest;
pub(crate) use self::redirect::Redirect;
pub(crate) use self::token::JwtValidation;
use super::load_balancers::LoadBalancer;
use super::placement::invalid_configuration;
use super::protocol::{Family, Protocol};
use super::store::Store;
use crate::wire::ApiError;
use crate::wire::constraint::{Int, List};

/// The actions of a listener or a rule, in the order in which they are performed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Actions(Vec<Action>);

/// One action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Action {
    /// As it was given; none for a single action without one.
    order: Option<i64>,
    pub(crate) kind: ActionKind,
}

/// What an action does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ActionKind {
    Forward(Forward),
    Redirect(Redirect),
    FixedResponse(FixedResponse),
    AuthenticateCognito(Box<Cognito>),
    AuthenticateOidc(Box<Oidc>),
    JwtValidation(JwtValidation),
}

/// The member `DefaultActions` or `Actions` of a request.
pub(crate) type ActionList = List<ActionRequest, 1, 100>;

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct ActionRequest {
    r#type: ActionType,
    target_group_arn: Option<String>,
    order: Option<Int<1, 50000>>,
    forward_config: Option<ForwardConfigRequest>,
    authenticate_cognito_config: Option<CognitoRequest>,
    authenticate_oidc_config: Option<OidcRequest>,
    fixed_response_config: Option<fixed_response::Request>,
    jwt_validation_config: Option<token::Request>,
    redirect_config: Option<redirect::Request>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum ActionType {
    Forward,
    AuthenticateOidc,
    AuthenticateCognito,
    Redirect,
    FixedResponse,
    JwtValidation,
}

/// Where actions come from.
#[derive(Clone, Copy)]
pub(crate) enum Source<'a> {
    /// A create call, or a modify call of what has these actions now.
    Call { standing: Option<&'a Actions> },
    /// An account description, which has what answers show: no secrets.
    Description,
}

/// An action as AWS shows it: a forward always with its configuration, and with the group's ARN when it is one.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ActionDescription {
    r#type: ActionType,
    order: Option<i64>,
    target_group_arn: Option<String>,
    forward_config: Option<Forward>,
    redirect_config: Option<Redirect>,
    fixed_response_config: Option<FixedResponse>,
    authenticate_cognito_config: Option<Cognito>,
    authenticate_oidc_config: Option<Oidc>,
    jwt_validation_config: Option<JwtValidation>,
}

impl Actions {
    /// Reads actions and puts them in their order.
    pub(crate) fn read(list: ActionList, source: Source<'_>) -> Result<Self, ApiError> {
        let mut actions =
            list.into_vec().into_iter().map(|one| Action::read(one, source)).collect::<Result<Vec<_>, _>>()?;
        if actions.len() > 1 {
            check_orders(&actions)?;
        }
        actions.sort_by_key(|action| action.order);
        Ok(Self(actions))
    }

    /// The actions, in the order in which they are performed.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Action> {
        self.0.iter()
    }

    /// The ARNs of the target groups that the actions name.
    pub(crate) fn target_groups(&self) -> impl Iterator<Item = &str> {
        self.forwards().flat_map(Forward::target_groups)
    }

    /// Refuses actions that a listener of this load balancer and protocol, or a rule of it, cannot have.
    pub(crate) fn check(&self, store: &Store, owner: &LoadBalancer, listener: Listening) -> Result<(), ApiError> {
        match owner.family() {
            Family::Network => self.check_network()?,
            Family::Application => self.check_application(listener.protocol)?,
        }
        for action in self.iter() {
            match &action.kind {
                ActionKind::Forward(forward) => forward.check(store, owner, listener.protocol)?,
                ActionKind::Redirect(redirect) => redirect.check(listener)?,
                _ => {}
            }
        }
        Ok(())
    }

    /// The actions as AWS shows them.
    pub(crate) fn describe(&self) -> Vec<ActionDescription> {
        self.0.iter().map(Action::describe).collect()
    }

    fn forwards(&self) -> impl Iterator<Item = &Forward> {
        self.0.iter().filter_map(|action| match &action.kind {
            ActionKind::Forward(forward) => Some(forward),
            _ => None,
        })
    }

    fn oidc(&self) -> Option<&Oidc> {
        self.0.iter().find_map(|action| match &action.kind {
            ActionKind::AuthenticateOidc(oidc) => Some(&**oidc),
            _ => None,
        })
    }

    /// A network load balancer forwards, and does nothing else.
    fn check_network(&self) -> Result<(), ApiError> {
        let [Action { kind: ActionKind::Forward(_), .. }] = self.0.as_slice() else {
            return Err(invalid_action(
                "Listeners of load balancers of type 'network' have exactly one action, of type 'forward'",
            ));
        };
        Ok(())
    }

    /// An application load balancer ends each list with one action that routes; on HTTPS, one that asks who the client
    /// is may come before. Source: guide, "Action basics".
    fn check_application(&self, protocol: Protocol) -> Result<(), ApiError> {
        let (last, before) = self.0.split_last().expect("the list has a member");
        let routes = |action: &Action| action.r#type().routes();
        if !routes(last) || before.iter().any(routes) {
            return Err(invalid_action(
                "Exactly one action of type 'forward', 'redirect' or 'fixed-response' is required, and it must be the \
                 last action to be performed",
            ));
        }
        if before.len() > 1 {
            return Err(invalid_action("Only one action that authenticates or validates a token is allowed"));
        }
        if !before.is_empty() && protocol != Protocol::Https {
            return Err(invalid_action(
                "Actions that authenticate or validate a token are supported by HTTPS listeners only",
            ));
        }
        Ok(())
    }
}

/// What a listener listens on, as far as its actions depend on it.
#[derive(Clone, Copy)]
pub(crate) struct Listening {
    pub(crate) protocol: Protocol,
    pub(crate) port: i64,
}

impl Action {
    fn read(request: ActionRequest, source: Source<'_>) -> Result<Self, ApiError> {
        request.refuse_other_members()?;
        let missing = |what: &str| ApiError::validation(format!("{what} must be specified for an action of its type"));
        let kind = match request.r#type {
            ActionType::Forward => {
                ActionKind::Forward(Forward::read(request.target_group_arn, request.forward_config)?)
            }
            ActionType::Redirect => {
                let config = request.redirect_config.ok_or_else(|| missing("RedirectConfig"))?;
                ActionKind::Redirect(Redirect::read(config)?)
            }
            ActionType::FixedResponse => {
                let config = request.fixed_response_config.ok_or_else(|| missing("FixedResponseConfig"))?;
                ActionKind::FixedResponse(FixedResponse::read(config)?)
            }
            ActionType::AuthenticateCognito => {
                let config = request.authenticate_cognito_config.ok_or_else(|| missing("AuthenticateCognitoConfig"))?;
                ActionKind::AuthenticateCognito(Box::new(Cognito::read(config)?))
            }
            ActionType::AuthenticateOidc => {
                let config = request.authenticate_oidc_config.ok_or_else(|| missing("AuthenticateOidcConfig"))?;
                ActionKind::AuthenticateOidc(Box::new(Oidc::read(config, source)?))
            }
            ActionType::JwtValidation => {
                let config = request.jwt_validation_config.ok_or_else(|| missing("JwtValidationConfig"))?;
                ActionKind::JwtValidation(JwtValidation::read(config)?)
            }
        };
        Ok(Self { order: request.order.map(Int::get), kind })
    }

    fn r#type(&self) -> ActionType {
        match self.kind {
            ActionKind::Forward(_) => ActionType::Forward,
            ActionKind::Redirect(_) => ActionType::Redirect,
            ActionKind::FixedResponse(_) => ActionType::FixedResponse,
            ActionKind::AuthenticateCognito(_) => ActionType::AuthenticateCognito,
            ActionKind::AuthenticateOidc(_) => ActionType::AuthenticateOidc,
            ActionKind::JwtValidation(_) => ActionType::JwtValidation,
        }
    }

    fn describe(&self) -> ActionDescription {
        let mut description = ActionDescription {
            r#type: self.r#type(),
            order: self.order,
            target_group_arn: None,
            forward_config: None,
            redirect_config: None,
            fixed_response_config: None,
            authenticate_cognito_config: None,
            authenticate_oidc_config: None,
            jwt_validation_config: None,
        };
        match self.kind.clone() {
            ActionKind::Forward(forward) => {
                description.target_group_arn = forward.only_target_group().map(str::to_owned);
                description.forward_config = Some(forward);
            }
            ActionKind::Redirect(redirect) => description.redirect_config = Some(redirect),
            ActionKind::FixedResponse(response) => description.fixed_response_config = Some(response),
            ActionKind::AuthenticateCognito(cognito) => description.authenticate_cognito_config = Some(*cognito),
            ActionKind::AuthenticateOidc(oidc) => description.authenticate_oidc_config = Some(*oidc),
            ActionKind::JwtValidation(validation) => description.jwt_validation_config = Some(validation),
        }
        description
    }
}

impl ActionType {
    /// Whether the action answers the request or hands it on.
    fn routes(self) -> bool {
        matches!(self, Self::Forward | Self::Redirect | Self::FixedResponse)
    }
}

impl ActionRequest {
    fn refuse_other_members(&self) -> Result<(), ApiError> {
        let forward = self.target_group_arn.is_some() || self.forward_config.is_some();
        let members = [
            (ActionType::Forward, forward),
            (ActionType::Redirect, self.redirect_config.is_some()),
            (ActionType::FixedResponse, self.fixed_response_config.is_some()),
            (ActionType::AuthenticateCognito, self.authenticate_cognito_config.is_some()),
            (ActionType::AuthenticateOidc, self.authenticate_oidc_config.is_some()),
            (ActionType::JwtValidation, self.jwt_validation_config.is_some()),
        ];
        if members.into_iter().any(|(r#type, given)| given && r#type != self.r#type) {
            return Err(ApiError::validation("An action takes no configuration of another type"));
        }
        Ok(())
    }
}

/// Several actions have an order each. Source: API reference, `Action`.
fn check_orders(actions: &[Action]) -> Result<(), ApiError> {
    let mut orders = actions.iter().map(|action| action.order).collect::<Vec<_>>();
    orders.sort_unstable();
    if orders.contains(&None) {
        return Err(ApiError::validation("Order must be specified for each of several actions"));
    }
    if orders.windows(2).any(|pair| pair[0] == pair[1]) {
        return Err(ApiError::validation("The order of each of several actions must be unique"));
    }
    Ok(())
}

/// A list of actions that a listener or a rule cannot have.
fn invalid_action(message: &str) -> ApiError {
    ApiError::new("InvalidLoadBalancerAction", message)
}

/// A URL with `https`, a host, and nothing that a URL cannot have.
fn check_url(member: &str, url: &str) -> Result<(), ApiError> {
    let fits = url
        .parse::<http::Uri>()
        .is_ok_and(|uri| uri.scheme_str() == Some("https") && uri.host().is_some_and(|host| !host.is_empty()));
    if fits {
        return Ok(());
    }
    Err(invalid_configuration(format!("The {member} '{url}' must be a full URL, including the HTTPS protocol")))
}
