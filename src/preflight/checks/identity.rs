//! Who asks, in which account, and whether that is the one that the answers are about.

use super::super::finding::{Finding, not_needed, waits};
use super::super::{Check, Subject};
use crate::cloud::{Caller, Cloud, Region};

/// The account and the principal.
pub(super) const ACCOUNT: Check = Check {
    id: "account",
    sentence: "the account answers, and says who asks",
    subject: Subject::Identity,
    ask: |context| Box::pin(async { Ok(judge_caller(context.account.caller().await?)) }),
};

/// The region.
pub(super) const REGION: Check = Check {
    id: "region",
    sentence: "the region exists in this partition and is enabled for the account",
    subject: Subject::Identity,
    ask: |context| {
        Box::pin(async {
            let region = context.demand.region.known().map_err(waits)?;
            let caller = context.account.caller().await?;
            let regions = context.account.ask("the regions", Cloud::regions).await?;
            Ok(judge_region(region, caller, &regions))
        })
    },
};

/// ARNs in the answers.
pub(super) const OWN_ARNS: Check = Check {
    id: "account-of-answers",
    sentence: "the ARNs in the answers are of this account and partition",
    subject: Subject::Identity,
    ask: |context| {
        Box::pin(async {
            let arns = &context.demand.own_arns;
            if arns.is_empty() {
                return not_needed("no ARN is answered");
            }
            Ok(judge_arns(context.account.caller().await?, arns))
        })
    },
};

fn judge_caller(caller: &Caller) -> Finding {
    let found = format!("account {}, {}", caller.account, caller.arn);
    if caller.is_root() {
        return Finding::warn(format!("{found}: the root user of the account"))
            .because("the root user cannot assume roles, and nothing bounds what it does")
            .mend("log in as a role or user that may administer what is installed");
    }
    Finding::pass(found)
}

fn judge_region(region: &str, caller: &Caller, regions: &[Region]) -> Finding {
    let found = regions.iter().find(|known| known.name == region);
    match found {
        Some(known) if known.enabled => Finding::pass(format!("{region} is enabled")),
        Some(_) => Finding::fail(format!("{region} is not enabled for account {}", caller.account))
            .because("nothing can be made in a region that the account has not opted into")
            .mend(format!(
                "aws account enable-region --region-name {region}; it takes some minutes"
            )),
        None => {
            let names: Vec<&str> = regions.iter().map(|region| region.name.as_str()).collect();
            let partition = caller.partition();
            Finding::fail(format!("there is no region {region} in the partition `{partition}`"))
                .because("the credentials are of another partition than the region")
                .mend(format!("answer `region` with one of {}", names.join(", ")))
        }
    }
}

fn judge_arns(caller: &Caller, arns: &[(&'static str, String)]) -> Finding {
    let is_other = |arn: &str| {
        let mut parts = arn.split(':');
        let partition = parts.nth(1).unwrap_or_default();
        let account = parts.nth(2).unwrap_or_default();
        partition != caller.partition() || !(account.is_empty() || account == caller.account)
    };
    let others = arns.iter().filter(|(_, arn)| is_other(arn));
    let others: Vec<String> = others.map(|(key, arn)| format!("`{key}` ({arn})")).collect();
    if others.is_empty() {
        return Finding::pass(format!("all are of account {}", caller.account));
    }
    Finding::fail(format!("not of account {}: {}", caller.account, others.join(", ")))
        .because("what is named there cannot be used in the account that you are logged in to")
        .mend("log in to the account that is meant, or answer with what is in this one")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::event::Outcome;

    fn caller(arn: &str) -> Caller {
        Caller { account: "123456789012".into(), arn: arn.into(), expires: None, origin: None }
    }

    #[test]
    fn the_root_user_is_warned_of() {
        let role = caller("arn:aws:sts::123456789012:assumed-role/Installer/op");
        assert_eq!(judge_caller(&role).outcome, Outcome::Pass);
        let root = caller("arn:aws:iam::123456789012:root");
        assert_eq!(judge_caller(&root).outcome, Outcome::Warn);
    }

    #[test]
    fn a_region_that_is_not_enabled_fails_with_the_command_that_enables_it() {
        let regions = [
            Region { name: "eu-south-2".into(), enabled: false },
            Region { name: "us-west-2".into(), enabled: true },
        ];
        let role = caller("arn:aws:iam::123456789012:role/Installer");
        let judged = |region| judge_region(region, &role, &regions);
        assert_eq!(judged("us-west-2").outcome, Outcome::Pass);
        assert!(judged("eu-south-2").remedy.unwrap().contains("enable-region"));
        assert!(judged("us-gov-west-1").found.contains("in the partition `aws`"));
    }

    #[test]
    fn an_arn_of_another_account_or_partition_is_named_by_its_key() {
        let role = caller("arn:aws:iam::123456789012:role/Installer");
        let judged = |arn: &str| judge_arns(&role, &[("key", arn.to_owned())]);
        assert_eq!(judged("arn:aws:iam::123456789012:policy/B").outcome, Outcome::Pass);
        assert_eq!(judged("arn:aws:iam::aws:policy/B").outcome, Outcome::Fail);
        assert!(judged("arn:aws:acm:r:210987654321:c/1").found.contains("`key`"));
        assert_eq!(judged("arn:aws-cn:iam::123456789012:policy/B").outcome, Outcome::Fail);
    }
}
