//! A network load balancer at work: each connection goes to one target, byte for byte.

use std::net::SocketAddr;

use hyper::HeaderMap;
use tokio::io::{AsyncRead, AsyncWrite, copy_bidirectional};

use super::condition::Seen;
use super::rule::Action;
use super::stickiness::Stickiness;
use super::{Path, Way};
use crate::network::Scope;
use crate::observed::ObservedTarget;

impl Path {
    /// Carries one connection to its end. Without a target it is closed at once.
    pub(super) async fn carry(
        &self,
        scope: &Scope,
        listener: &str,
        mut client: impl AsyncRead + AsyncWrite + Unpin,
        from: SocketAddr,
    ) {
        let Some(target) = self.way(scope, listener).await.and_then(|way| self.turn(&way, from)) else {
            tracing::debug!(listener, "there is no target for a connection");
            return;
        };
        match self.connect(scope, &target).await {
            Ok(mut connection) => {
                // How it ends concerns the two of them.
                let _ = copy_bidirectional(&mut client, &mut connection).await;
            }
            Err(error) => tracing::warn!(listener, target = target.id, %error, "a target cannot be reached"),
        }
    }

    fn turn(&self, way: &Way, from: SocketAddr) -> Option<ObservedTarget> {
        // A connection is seen by where it comes from, and by nothing in it.
        let seen = Seen { method: "", host: "", path: "", query: "", headers: &HeaderMap::new(), source: from.ip() };
        let rule = way.deciding_rule(&seen).inspect_err(|sentence| tracing::warn!(sentence, "no rule")).ok()?;
        let Action::Forward(forward) = &rule.action else { return None };
        let mut rotation = self.rotation();
        let arn = rotation.group(&rule.arn, forward, |_| false)?;
        let group = way.observed.target_groups.get(arn)?;
        match Stickiness::of(group) {
            Stickiness::Source => rotation.target_of(from.ip(), arn, group).cloned(),
            _ => rotation.target(arn, group, |_| false).cloned(),
        }
    }
}
