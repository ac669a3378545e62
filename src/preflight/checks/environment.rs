//! Settings of the operator for terraform and helm. The tools are given an environment of ours, so
//! none of them can break the run; what is not handed on, or is read from home anyway, is said.

use std::path::{Path, PathBuf};

use super::super::finding::Finding;
use super::super::{Check, Context, Subject};

const fn check(
    id: &'static str,
    sentence: &'static str,
    ask: for<'a> fn(&'a Context) -> futures::future::BoxFuture<'a, super::super::Verdict>,
) -> Check {
    Check { id, sentence, subject: Subject::Tools, ask }
}

/// `TF_CLI_ARGS*`.
pub(super) const TERRAFORM_ARGUMENTS: Check = check(
    "env-terraform-arguments",
    "no TF_CLI_ARGS changes what terraform is asked to do",
    |context| Box::pin(async { Ok(kept_away(context, &["TF_CLI_ARGS"], Matter::None)) }),
);

/// `TF_WORKSPACE` and `TF_DATA_DIR`.
pub(super) const TERRAFORM_PLACE: Check = check(
    "env-terraform-workspace",
    "no TF_WORKSPACE or TF_DATA_DIR leads terraform to another state",
    |context| {
        Box::pin(async { Ok(kept_away(context, &["TF_WORKSPACE", "TF_DATA_DIR"], Matter::None)) })
    },
);

/// `TF_LOG*`.
pub(super) const TERRAFORM_LOG: Check =
    check("env-terraform-log", "no TF_LOG makes terraform write secrets into a file", |context| {
        Box::pin(async { Ok(kept_away(context, &["TF_LOG"], Matter::None)) })
    });

/// The CLI configuration of terraform.
pub(super) const TERRAFORM_CONFIGURATION: Check = check(
    "env-terraform-config",
    "the CLI configuration of terraform leads to the released provider",
    |context| {
        Box::pin(async {
            let variable = ["TF_CLI_CONFIG_FILE", "TERRAFORM_CONFIG", "TF_PLUGIN_CACHE_DIR"];
            let set = set_variables(context, &variable);
            if !set.is_empty() {
                return Ok(judge_variables(&set, Matter::Mirror));
            }
            let home = context.host.home();
            let files = [".terraformrc", ".tofurc"].map(|name| home.join(name));
            let texts = files.into_iter().filter_map(|path| {
                let text = std::fs::read_to_string(&path).ok()?;
                Some((path, text))
            });
            Ok(judge_configuration(&texts.collect::<Vec<_>>()))
        })
    },
);

/// `TF_VAR_*`.
pub(super) const TERRAFORM_VARIABLES: Check = check(
    "env-terraform-variables",
    "no TF_VAR_… sets a variable beside the answers",
    |context| Box::pin(async { Ok(kept_away(context, &["TF_VAR_"], Matter::Answer)) }),
);

/// `HELM_*`.
pub(super) const HELM_VARIABLES: Check =
    check("env-helm", "no HELM_… leads helm to another cluster, namespace or driver", |context| {
        Box::pin(async { Ok(kept_away(context, &["HELM_"], Matter::None)) })
    });

/// What follows where the operator relies on a variable that is kept away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Matter {
    /// Nothing.
    None,
    /// A provider mirror or cache is not used.
    Mirror,
    /// Something has to be answered instead.
    Answer,
}

fn kept_away(context: &Context, prefixes: &[&str], matter: Matter) -> Finding {
    judge_variables(&set_variables(context, prefixes), matter)
}

/// The variables that are set and begin with one of these, without their values.
fn set_variables(context: &Context, prefixes: &[&str]) -> Vec<String> {
    let begins = |name: &&String| prefixes.iter().any(|prefix| name.starts_with(prefix));
    let vars = context.host.vars().iter().filter(|(_, value)| !value.is_empty());
    vars.map(|(name, _)| name).filter(begins).cloned().collect()
}

fn judge_variables(set: &[String], matter: Matter) -> Finding {
    if set.is_empty() {
        return Finding::pass("none is set");
    }
    let found = format!("{}: set here, and not handed on to the tools", set.join(", "));
    match matter {
        Matter::None => Finding::pass(found),
        Matter::Mirror => Finding::warn(found)
            .because(
                "a mirror or cache that it names is not used; providers come from the registry",
            )
            .mend(
                "put `provider_installation` into `~/.terraformrc`, which terraform reads anyway",
            ),
        Matter::Answer => Finding::warn(found)
            .because("variables come from the answers alone, so that a run can be repeated")
            .mend("answer the question that feeds the variable, and unset it here"),
    }
}

fn judge_configuration(files: &[(PathBuf, String)]) -> Finding {
    let names = |path: &Path| path.display().to_string();
    let with = |word: &str| {
        let lines = |text: &str| text.lines().any(|line| line.trim_start().starts_with(word));
        files.iter().find(|(_, text)| lines(text)).map(|(path, _)| names(path))
    };
    if let Some(path) = with("dev_overrides") {
        return Finding::warn(format!("`{path}` has `dev_overrides`"))
            .because("a provider named there is taken instead of the pinned one, unchecked")
            .mend(format!("take `dev_overrides` out of `{path}` for the run"));
    }
    if let Some(path) = with("provider_installation") {
        return Finding::pass(format!("`{path}` says where providers come from; it is followed"));
    }
    Finding::pass("providers come from the registry")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::event::Outcome;

    #[test]
    fn what_is_kept_away_is_named_and_warned_of_where_it_may_be_missed() {
        let set = ["TF_CLI_ARGS_plan".to_owned()];
        assert_eq!(judge_variables(&[], Matter::Mirror).outcome, Outcome::Pass);
        let finding = judge_variables(&set, Matter::None);
        assert_eq!(finding.outcome, Outcome::Pass);
        assert!(finding.found.starts_with("TF_CLI_ARGS_plan: set here"));
        assert_eq!(judge_variables(&set, Matter::Mirror).outcome, Outcome::Warn);
        assert_eq!(judge_variables(&set, Matter::Answer).outcome, Outcome::Warn);
    }

    #[test]
    fn overrides_of_developers_are_warned_of() {
        let file = |text: &str| vec![(PathBuf::from("/h/.terraformrc"), text.to_owned())];
        let outcome = |text: &str| judge_configuration(&file(text)).outcome;
        assert_eq!(outcome("provider_installation {\n  dev_overrides {\n"), Outcome::Warn);
        assert_eq!(outcome("# dev_overrides\nprovider_installation {\n"), Outcome::Pass);
        assert_eq!(judge_configuration(&[]).outcome, Outcome::Pass);
    }
}
