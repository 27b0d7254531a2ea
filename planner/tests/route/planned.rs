//! Where the planner sends a request, in the words of the reference.

use northgate_planner::desired::Desired;
use northgate_planner::id::{Protocol, Ref};
use northgate_planner::model::{Action, TargetGroupTuple};
use northgate_planner::route::{NoRoute, Request, redirected, route};

use super::reference::{Ask, Outcome};

/// Where the planner sends a request.
pub(crate) fn answer(desired: &Desired, ask: &Ask) -> Outcome {
    let request = Request {
        protocol: if ask.https { Protocol::Https } else { Protocol::Http },
        port: Some(ask.port),
        host: ask.host.clone(),
        path: ask.path.clone(),
        query: ask.query.clone(),
        method: ask.method.clone(),
        headers: ask.headers.clone(),
        source: Some(ask.source),
    };
    let route = match route(desired, &request) {
        Ok(route) => route,
        Err(NoRoute::NoLoadBalancer | NoRoute::NoListener { .. }) => return Outcome::NoListener,
    };
    let [action] = route.actions else { panic!("{:?}", route.actions) };
    match action {
        Action::Forward(forward) => {
            let group = |tuple: &TargetGroupTuple| match &tuple.target_group_arn {
                Ref::Made(made) => (made.id.clone(), u64::from(tuple.weight.unwrap_or(1))),
                Ref::Known(arn) => panic!("{arn} is nobody's"),
            };
            let mut groups = forward.target_groups.iter().map(group).collect::<Vec<_>>();
            if let [(_, weight)] = groups.as_mut_slice() {
                *weight = 1;
            }
            Outcome::Forward(groups)
        }
        Action::Redirect(redirect) => {
            let status = if redirect.status_code.as_str() == "HTTP_301" { 301 } else { 302 };
            Outcome::Redirect(status, redirected(redirect, &route, &request))
        }
        Action::FixedResponse(response) => {
            let body = response.message_body.clone().unwrap_or_default();
            Outcome::Fixed(response.status_code.parse().unwrap(), body)
        }
        Action::Other(action) => panic!("nobody wants {action}"),
    }
}
