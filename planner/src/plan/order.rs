//! The order of a stack's steps: what is added before what is removed, and what each must wait for.

use super::{Change, Step, Wait};

/// The changes of one stack by the stage they belong to. The fields stand in the order of the steps.
#[derive(Debug, Default)]
pub(crate) struct Stages {
    /// The shared backend security group, before anything that names it.
    pub(crate) backend_group: Option<Wait>,
    /// Front-end security groups: made, opened.
    pub(crate) open_security_groups: Vec<Change>,
    /// Security groups that the load balancer gets, before any binding lets them in instead of another.
    pub(crate) joined_security_groups: Vec<Change>,
    /// Bindings that are changed: what they open must be open before checks or traffic move there.
    pub(crate) patched_bindings: Vec<Change>,
    /// Target groups: made, changed. Before the listeners that forward to them.
    pub(crate) target_groups: Vec<Change>,
    /// The load balancer: made, changed.
    pub(crate) load_balancer: Vec<Change>,
    /// Bindings that stand in the way of one to be made: same name, another target group.
    pub(crate) displaced_bindings: Vec<Change>,
    /// Listeners: made, changed.
    pub(crate) listeners: Vec<Change>,
    /// Until the displaced bindings are gone.
    pub(crate) displaced_gone: Option<Wait>,
    /// Bindings: made.
    pub(crate) bindings: Vec<Change>,
    /// Rules: made, put into their order, changed, deleted, and in its place among them the change of their listener.
    pub(crate) rules: Vec<Change>,
    /// Certificates that listeners do not need any more, once no rule for their hosts is left.
    pub(crate) remove_certificates: Vec<Change>,
    /// Listeners that nothing wants any more.
    pub(crate) delete_listeners: Vec<Change>,
    /// Rules that have room only now, and the tags of all.
    pub(crate) late_rules: Vec<Change>,
    /// Until the Ingresses that moved to another load balancer are served there.
    pub(crate) moved: Option<Wait>,
    /// Load balancers that nothing wants any more; their listeners go with them.
    pub(crate) delete_load_balancers: Vec<Change>,
    /// Bindings that nothing wants any more, once no listener points at their groups.
    pub(crate) delete_bindings: Vec<Change>,
    /// Until those bindings are gone: their targets' rules are closed by then.
    pub(crate) bindings_gone: Option<Wait>,
    /// Target groups that nothing wants any more.
    pub(crate) delete_target_groups: Vec<Change>,
    /// Until the targets let in what the bindings say, each once.
    pub(crate) rules_open: Vec<Wait>,
    /// What moves checks or traffic to these rules, and away from others. After everything that has no need of them.
    pub(crate) behind_rules: Vec<Change>,
    /// Ports that are closed, after everything that is opened.
    pub(crate) close_security_groups: Vec<Change>,
    /// Until the interfaces of a deleted load balancer let go of its security groups.
    pub(crate) interfaces_gone: Option<Wait>,
    /// Security groups that nothing wants any more.
    pub(crate) delete_security_groups: Vec<Change>,
    /// What takes requests to groups that have to have healthy targets first, or from those that serve until then. After
    /// everything that has no need of them.
    pub(crate) held_back: HeldBack,
    /// Until what the cluster shares is gone, when this is the last stack.
    pub(crate) shared_gone: Option<Wait>,
    /// Until the load balancer serves: only the host name waits for it.
    pub(crate) active: Option<Wait>,
}

/// What comes after a wait for healthy targets. The fields stand in the order of the steps; those with the name of a stage are
/// its part of that.
#[derive(Debug, Default)]
pub(crate) struct HeldBack {
    /// Until the groups that requests are moved to have healthy targets.
    pub(crate) targets_healthy: Vec<Wait>,
    /// Rules and listeners, then the rules by which the targets were checked.
    pub(crate) rules: Vec<Change>,
    /// Certificates that listeners do not need any more.
    pub(crate) remove_certificates: Vec<Change>,
    /// Tags of rules.
    pub(crate) late_rules: Vec<Change>,
    /// Bindings that nothing wants any more.
    pub(crate) delete_bindings: Vec<Change>,
    /// Until those bindings are gone.
    pub(crate) bindings_gone: Option<Wait>,
    /// Target groups that nothing wants any more.
    pub(crate) delete_target_groups: Vec<Change>,
}

/// The steps in order. A wait stands only before something that needs it, or at the end.
pub(crate) fn in_order(stages: Stages) -> Vec<Step> {
    // In full: a stage that is added and forgotten here must not compile.
    let Stages {
        backend_group,
        open_security_groups,
        joined_security_groups,
        patched_bindings,
        target_groups,
        load_balancer,
        displaced_bindings,
        listeners,
        displaced_gone,
        bindings,
        rules,
        remove_certificates,
        delete_listeners,
        late_rules,
        moved,
        delete_load_balancers,
        delete_bindings,
        bindings_gone,
        delete_target_groups,
        rules_open,
        behind_rules,
        close_security_groups,
        interfaces_gone,
        delete_security_groups,
        held_back,
        shared_gone,
        active,
    } = stages;
    let mut steps = Vec::new();
    let waits = |wait: Option<Wait>| wait.into_iter().map(Step::Wait);
    let changes = |changes: Vec<Change>| changes.into_iter().map(Step::Change);
    steps.extend(waits(backend_group));
    steps.extend(changes(open_security_groups));
    steps.extend(changes(joined_security_groups));
    steps.extend(changes(patched_bindings));
    steps.extend(changes(target_groups));
    steps.extend(changes(load_balancer));
    steps.extend(changes(displaced_bindings));
    steps.extend(changes(listeners));
    steps.extend(waits(displaced_gone));
    steps.extend(changes(bindings));
    steps.extend(changes(rules));
    steps.extend(changes(remove_certificates));
    steps.extend(changes(delete_listeners));
    steps.extend(changes(late_rules));
    steps.extend(waits(moved));
    steps.extend(changes(delete_load_balancers));
    steps.extend(changes(delete_bindings));
    steps.extend(waits(bindings_gone));
    steps.extend(changes(delete_target_groups));
    steps.extend(rules_open.into_iter().map(Step::Wait));
    steps.extend(changes(behind_rules));
    steps.extend(changes(close_security_groups));
    steps.extend(waits(interfaces_gone));
    steps.extend(changes(delete_security_groups));
    steps.extend(held_back.in_order());
    steps.extend(waits(shared_gone));
    steps.extend(waits(active));
    steps
}

impl HeldBack {
    fn in_order(self) -> impl Iterator<Item = Step> {
        let Self {
            targets_healthy,
            rules,
            remove_certificates,
            late_rules,
            delete_bindings,
            bindings_gone,
            delete_target_groups,
        } = self;
        let changes = rules.into_iter().chain(remove_certificates).chain(late_rules).chain(delete_bindings);
        let until_gone = changes.map(Step::Change).chain(bindings_gone.map(Step::Wait));
        let healthy = targets_healthy.into_iter().map(Step::Wait);
        healthy.chain(until_gone).chain(delete_target_groups.into_iter().map(Step::Change))
    }
}
