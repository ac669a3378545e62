//! The external programs: there, new enough, really runnable.

use super::super::finding::{Finding, Verdict};
use super::super::{Check, Context, Subject};
use crate::error::Hint as _;
use crate::tools::toolbox::{Tool, ToolboxError};

/// terraform or tofu.
pub(super) const ENGINE: Check = Check {
    id: "tool-terraform",
    sentence: "terraform or tofu is there, new enough and can be run",
    subject: Subject::Tools,
    ask: |context| {
        Box::pin(async {
            let found = match &context.toolbox {
                Some(toolbox) => Ok(toolbox.terraform.clone()),
                None => context.search.find_engine().await.map(|(_, tool)| tool),
            };
            Ok(needed(found, "every pass of the plan is applied by it"))
        })
    },
};

/// helm.
pub(super) const HELM: Check = Check {
    id: "tool-helm",
    sentence: "helm is there, new enough and can be run",
    subject: Subject::Tools,
    ask: |context| {
        Box::pin(async {
            let found = match &context.toolbox {
                Some(toolbox) => Ok(toolbox.helm.clone()),
                None => context.search.find_helm().await,
            };
            Ok(needed(found, "everything inside the cluster is installed by it"))
        })
    },
};

/// kubectl, a convenience.
pub(super) const KUBECTL: Check = Check {
    id: "tool-kubectl",
    sentence: "kubectl is there for you to look into the cluster; springboard does not need it",
    subject: Subject::Tools,
    ask: |context| Box::pin(async { optional(context, "kubectl") }),
};

/// The AWS command line, a convenience.
pub(super) const AWS: Check = Check {
    id: "tool-aws",
    sentence: "the aws command line is there for the remedies shown; springboard does not need it",
    subject: Subject::Tools,
    ask: |context| Box::pin(async { optional(context, "aws") }),
};

fn needed(found: Result<Tool, ToolboxError>, why: &str) -> Finding {
    match found {
        Ok(tool) => {
            Finding::pass(format!("{} {} at {}", tool.name, tool.version, tool.path.display()))
        }
        Err(error) => {
            let remedy = error.hint().unwrap_or_else(|| {
                "see `springboard tools` for what is wanted and what was found".to_owned()
            });
            Finding::fail(error.to_string()).because(why).mend(remedy)
        }
    }
}

#[expect(clippy::unnecessary_wraps, reason = "a check ends with a verdict")]
fn optional(context: &Context, name: &str) -> Verdict {
    Ok(match context.search.place_of(name) {
        Some(path) => Finding::pass(format!("{name} at {}", path.display())),
        None => Finding::pass(format!("{name} is not on the PATH, and is not needed")),
    })
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::run::event::Outcome;
    use crate::tools::toolbox::Version;

    #[test]
    fn a_program_that_is_missing_fails_and_one_that_will_do_is_named() {
        let missing = ToolboxError::Missing { name: "helm", title: "Helm" };
        let finding = needed(Err(missing), "why");
        assert_eq!(finding.outcome, Outcome::Fail);
        assert!(finding.remedy.is_some());
        let path = PathBuf::from("/usr/bin/helm");
        let tool = Tool { name: "helm", path, version: Version(4, 0, 1) };
        assert_eq!(needed(Ok(tool), "why").found, "helm 4.0.1 at /usr/bin/helm");
    }
}
