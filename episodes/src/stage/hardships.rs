//! What lasts for a while: see `workload::hardship`.

use std::time::Duration;

use kube::api::DeleteParams;
use northgate_planner::crd::TargetGroupBinding;
use northgate_simulator::{HealthOutcome, ProvisioningOutcome};

use super::{Stage, observe, scope};
use crate::view::is_ours;
use crate::workload::Hitch;

impl Stage {
    pub(super) async fn set_provisioning(&mut self, hitch: Hitch) {
        let mut options = self.simulator.options(&scope()).await;
        options.provisioning_outcome = match hitch {
            Hitch::Slow => ProvisioningOutcome::Never,
            Hitch::Failed => ProvisioningOutcome::Failed,
            Hitch::None => ProvisioningOutcome::Active,
        };
        self.simulator.set_options(&scope(), options).await;
        if hitch == Hitch::None {
            self.get_over_it().await;
        }
    }

    /// Load balancers that were not ready yet get so, those that failed are deleted by somebody.
    async fn get_over_it(&mut self) {
        let view = observe(&self.simulator).await;
        for (arn, found) in view.load_balancers.iter().filter(|(_, found)| is_ours(&found.tags)) {
            match found.state.as_str() {
                "provisioning" => self.free(arn).await,
                "failed" => {
                    self.judge().deleted_by_others.insert(found.dns_name.clone());
                    self.ask(&[("Action", "DeleteLoadBalancer"), ("LoadBalancerArn", arn)]).await;
                }
                _ => {}
            }
        }
    }

    async fn free(&self, arn: &str) {
        let forced = northgate_simulator::ForcedLoadBalancerState {
            load_balancer_arn: arn.to_owned(),
            state: Some(northgate_simulator::LoadBalancerState::Active),
            reason: None,
        };
        self.simulator.force_load_balancer_state(&scope(), forced).await.expect("the load balancer was just seen");
    }

    pub(super) async fn set_health(&mut self, never: bool) {
        let mut options = self.simulator.options(&scope()).await;
        options.health_outcome = if never { HealthOutcome::Unhealthy } else { HealthOutcome::Healthy };
        self.simulator.set_options(&scope(), options).await;
    }

    /// A process that was stopped and goes on: all its timers are overdue.
    pub(super) async fn pause(&self, seconds: u64) {
        tokio::time::advance(Duration::from_secs(seconds)).await;
    }

    /// Everything in the namespace goes at once, bindings too, as when the namespace itself is deleted.
    pub(super) async fn empty_namespace(&mut self) {
        let services = self.declared.services.keys().cloned().collect::<Vec<_>>();
        let ingresses = self.declared.ingresses.keys().cloned().collect::<Vec<_>>();
        self.declared.services.clear();
        self.declared.ingresses.clear();
        self.remember();
        let bindings: kube::Api<TargetGroupBinding> = self.namespaced();
        for binding in bindings.list(&Default::default()).await.map(|list| list.items).unwrap_or_default() {
            let _ = bindings.delete(&binding.metadata.name.unwrap_or_default(), &DeleteParams::default()).await;
        }
        for name in ingresses {
            self.delete_ingress(&name).await;
        }
        for name in services {
            self.delete_service(&name).await;
        }
    }
}
