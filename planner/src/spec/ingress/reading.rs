//! One Ingress while it is read: its annotations, its class, and what is wrong with both.

use std::sync::Arc;

use k8s_openapi::api::networking::v1::{Ingress, IngressSpec};

use crate::crd::{IngressClassParams, IngressClassParamsSpec};
use crate::id::{ObjectName, ObjectRef};
use crate::model::Pairs;
use crate::problem::Problem;
use crate::snapshot::{Settings, Snapshot};
use crate::spec::annotation::Annotations;

/// One Ingress while it is read.
pub(super) struct Reading<'a> {
    pub(super) snapshot: &'a Snapshot,
    pub(super) settings: &'a Arc<Settings>,
    pub(super) ingress: &'a Ingress,
    pub(super) name: ObjectName,
    pub(super) spec: &'a IngressSpec,
    pub(super) annotations: Annotations<'a>,
    class: &'a IngressClassParamsSpec,
    class_name: &'a str,
    problems: Vec<Problem>,
    warnings: Vec<Problem>,
}

static NO_SPEC: std::sync::LazyLock<IngressSpec> = std::sync::LazyLock::new(IngressSpec::default);
static NO_CLASS: std::sync::LazyLock<IngressClassParamsSpec> =
    std::sync::LazyLock::new(IngressClassParamsSpec::default);

impl<'a> Reading<'a> {
    pub(super) fn of(ingress: &'a Ingress, class: Option<&'a IngressClassParams>, snapshot: &'a Snapshot) -> Self {
        Self {
            snapshot,
            settings: &snapshot.settings,
            ingress,
            name: ObjectName::of(&ingress.metadata),
            spec: ingress.spec.as_ref().unwrap_or(&NO_SPEC),
            annotations: Annotations::of_ingress(ingress),
            class: class.map_or(&*NO_CLASS, |class| &class.spec),
            class_name: class.and_then(|class| class.metadata.name.as_deref()).unwrap_or_default(),
            problems: Vec::new(),
            warnings: Vec::new(),
        }
    }

    /// The Ingress, as messages name it.
    pub(super) fn object(&self) -> ObjectRef {
        ObjectRef::new("Ingress", &self.name)
    }

    /// What the class says.
    pub(super) fn class(&self) -> &'a IngressClassParamsSpec {
        self.class
    }

    /// The class's tags.
    pub(super) fn class_tags(&self) -> Pairs {
        self.class.tags.iter().map(|tag| (tag.key.clone(), tag.value.clone())).collect()
    }

    /// Notes that a value of the class is wrong. `hint` says what would be right.
    pub(super) fn refuse_class(
        &mut self,
        field: &str,
        value: &str,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) {
        let problem = Problem::of(self.object(), message).at(self.class_field(field)).value(value);
        self.problems.push(problem.hint(hint));
    }

    /// A field of the class, as messages name it.
    pub(super) fn class_field(&self, field: &str) -> String {
        format!("IngressClassParams {}: spec.{field}", self.class_name)
    }

    /// Notes a problem of the Ingress.
    pub(super) fn refuse(&mut self, problem: Problem) {
        self.problems.push(Problem { object: problem.object.or_else(|| Some(self.object())), ..problem });
    }

    /// Notes what is odd about the Ingress.
    pub(super) fn warn(&mut self, warning: Problem) {
        self.warnings.push(Problem { object: warning.object.or_else(|| Some(self.object())), ..warning });
    }

    /// Notes what was found in annotations of the Ingress and a Service together.
    pub(super) fn take(&mut self, annotations: Annotations<'_>) {
        let (problems, warnings) = annotations.finish_backend();
        // Several rules may lead to one Service port.
        self.problems.extend(problems);
        self.warnings.extend(warnings);
    }

    /// How many problems there are so far.
    pub(super) fn problems(&self) -> usize {
        self.problems.len() + self.annotations.problems()
    }

    /// Every problem and every warning, each once. All are the Ingress's: those of a Service behind it name the Service.
    pub(super) fn finish(self) -> (Vec<Problem>, Vec<Problem>) {
        let own = self.object();
        let (mut problems, mut warnings) = self.annotations.finish();
        problems.extend(self.problems);
        warnings.extend(self.warnings);
        for list in [&mut problems, &mut warnings] {
            for problem in list.iter_mut() {
                if let Some(other) = problem.object.replace(own.clone()).filter(|object| *object != own) {
                    let field = problem.field.take().unwrap_or_default();
                    problem.field = Some(format!("{} {}: {field}", other.kind(), other.name()));
                }
            }
            list.sort();
            list.dedup();
        }
        (problems, warnings)
    }
}
