//! Names: every one that the plan fixes is free, or belongs to this very deployment.

use futures::future::try_join_all;

use super::super::finding::{Finding, Unable, Verdict, not_needed, waits};
use super::super::{Check, Context, Subject};
use crate::cloud::{NameKind, Tagged, Taken};

macro_rules! names {
    ($name:ident, $id:literal, $kinds:expr, $what:literal) => {
        #[doc = concat!("Names of ", $what, ".")]
        pub(super) const $name: Check = Check {
            id: $id,
            sentence: concat!("the names of ", $what, " are free, or taken by this deployment"),
            subject: Subject::Names,
            ask: |context| Box::pin(free(context, $kinds)),
        };
    };
}

names!(ROLES, "name-role", &[NameKind::Role], "the IAM roles");
names!(LOG_GROUPS, "name-log-group", &[NameKind::LogGroup], "the log groups");
names!(KEY_ALIASES, "name-key-alias", &[NameKind::KeyAlias], "the key aliases");
names!(BUCKETS, "name-bucket", &[NameKind::Bucket], "the buckets");
names!(REPOSITORIES, "name-repository", &[NameKind::Repository], "the image repositories");
names!(
    DATABASE,
    "name-database",
    &[NameKind::Database, NameKind::DatabaseSubnetGroup, NameKind::DatabaseParameterGroup],
    "the database and its groups"
);
names!(CLUSTER, "name-cluster", &[NameKind::Cluster], "the cluster");
names!(
    LAUNCH_TEMPLATES,
    "name-launch-template",
    &[NameKind::LaunchTemplate],
    "the launch templates"
);
names!(USER_POOL_DOMAIN, "name-user-pool-domain", &[NameKind::UserPoolDomain], "the login domain");
names!(SECRETS, "name-secret", &[NameKind::Secret], "the secrets");

/// A name and whether it is free.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Asked {
    kind: NameKind,
    name: String,
    taken: Taken,
    /// Whether this deployment has it.
    is_ours: bool,
}

async fn free(context: &Context, kinds: &[NameKind]) -> Verdict {
    context.demand.deployment.known().map_err(waits)?;
    let mut wanted: Vec<(NameKind, String)> = Vec::new();
    for kind in kinds {
        let names = context.demand.names_of(kind.terraform().0);
        wanted.extend(names.map(|name| (*kind, name.to_owned())));
    }
    let state = state_bucket(context, kinds).await?;
    wanted.extend(state.iter().map(|name| (NameKind::Bucket, name.clone())));
    if wanted.is_empty() {
        return not_needed("no such name is fixed in this plan");
    }
    let account = &context.account;
    let asked = try_join_all(wanted.iter().map(|(kind, name)| async {
        let taken = account.ask("a name", |cloud| cloud.taken(*kind, name)).await?;
        Ok::<_, Unable>((*kind, name.clone(), taken))
    }));
    let (asked, made) = futures::join!(asked, account.made(&context.demand));
    let made = made.map_or(&[][..], Vec::as_slice);
    let asked = asked?.into_iter().map(|(kind, name, taken)| {
        // An object that failed half-way belongs to the run that made it, and carries no tag.
        let is_ours =
            context.continues || is_ours(kind, &name, made) || state.as_ref() == Some(&name);
        Asked { kind, name, taken, is_ours }
    });
    let asked: Vec<Asked> = asked.collect();
    Ok(judge(&asked, context.demand.deployment.key))
}

/// The bucket of the state, which is found again where it exists.
async fn state_bucket(context: &Context, kinds: &[NameKind]) -> Result<Option<String>, Unable> {
    let Some(name) =
        context.demand.state_bucket.as_ref().filter(|_| kinds.contains(&NameKind::Bucket))
    else {
        return Ok(None);
    };
    let account = &context.account.caller().await?.account;
    Ok(Some(name.replace("{account}", account)))
}

/// Whether what has that name was made by this deployment. Types without tags belong to one that
/// has them.
fn is_ours(kind: NameKind, name: &str, made: &[Tagged]) -> bool {
    match kind {
        NameKind::KeyAlias => made.iter().any(|one| one.kind == "aws_kms_key"),
        NameKind::UserPoolDomain => made.iter().any(|one| one.kind == "aws_cognito_user_pool"),
        // Its id is no name.
        NameKind::LaunchTemplate => made.iter().any(|one| one.kind == "aws_launch_template"),
        _ => made.iter().any(|one| one.kind == kind.terraform().0 && one.import_id == name),
    }
}

fn judge(asked: &[Asked], key: &str) -> Finding {
    let problem = |one: &Asked| {
        let (kind, name) = (one.kind.words(), &one.name);
        match &one.taken {
            Taken::Free => None,
            Taken::Own if one.is_ours => None,
            Taken::Own => Some(format!("the {kind} {name} exists and is not of this deployment")),
            Taken::Foreign => Some(format!("the {kind} {name} belongs to another account")),
            Taken::PendingDeletion { until } => {
                let until = until.map(|at| at.strftime(" until %e %b %H:%M UTC").to_string());
                let until = until.unwrap_or_default();
                Some(format!("the {kind} {name} is deleted, but not for good{until}"))
            }
        }
    };
    let problems: Vec<String> = asked.iter().filter_map(problem).collect();
    if problems.is_empty() {
        let ours = asked.iter().filter(|one| one.taken == Taken::Own).count();
        let all = asked.len();
        return Finding::pass(match ours {
            0 => format!(
                "free: {}",
                asked.iter().map(|one| one.name.as_str()).collect::<Vec<_>>().join(", ")
            ),
            _ => format!("{ours} of {all} taken, all by this deployment"),
        });
    }
    let first = asked.iter().find(|one| problem(one).is_some());
    let mend = first.and_then(removal).map_or_else(
        || format!("choose another `{key}`"),
        |command| format!("if it is a leftover: `{command}`; else choose another `{key}`"),
    );
    Finding::fail(problems.join("; "))
        .because("Terraform cannot make what exists already, and stops half-way")
        .mend(mend)
}

/// The command that removes a leftover of this account.
fn removal(one: &Asked) -> Option<String> {
    let name = &one.name;
    if one.taken == Taken::Foreign {
        return None;
    }
    let command = match one.kind {
        NameKind::Role => format!("aws iam delete-role --role-name {name}"),
        NameKind::LogGroup => format!("aws logs delete-log-group --log-group-name {name}"),
        NameKind::KeyAlias => format!("aws kms delete-alias --alias-name {name}"),
        NameKind::Bucket => format!("aws s3 rb s3://{name}"),
        NameKind::Repository => format!("aws ecr delete-repository --repository-name {name}"),
        NameKind::DatabaseSubnetGroup => {
            format!("aws rds delete-db-subnet-group --db-subnet-group-name {name}")
        }
        NameKind::DatabaseParameterGroup => {
            format!("aws rds delete-db-parameter-group --db-parameter-group-name {name}")
        }
        NameKind::LaunchTemplate => {
            format!("aws ec2 delete-launch-template --launch-template-name {name}")
        }
        NameKind::Secret => format!(
            "aws secretsmanager delete-secret --force-delete-without-recovery --secret-id {name}"
        ),
        // Whatever is lost with the first three is not advised in passing.
        NameKind::Database
        | NameKind::Cluster
        | NameKind::UserPoolDomain
        | NameKind::InstanceProfile
        | NameKind::Policy => return None,
    };
    Some(command)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::event::Outcome;

    fn asked(kind: NameKind, taken: Taken, is_ours: bool) -> Asked {
        Asked { kind, name: "acme-x".into(), taken, is_ours }
    }

    #[test]
    fn a_name_is_in_the_way_unless_it_is_free_or_ours() {
        let pending = Taken::PendingDeletion { until: None };
        for (taken, is_ours, outcome, words) in [
            (Taken::Free, false, Outcome::Pass, "free: acme-x"),
            (Taken::Own, true, Outcome::Pass, "1 of 1 taken, all by this deployment"),
            (
                Taken::Own,
                false,
                Outcome::Fail,
                "the role acme-x exists and is not of this deployment",
            ),
            (Taken::Foreign, false, Outcome::Fail, "the role acme-x belongs to another account"),
            (pending, false, Outcome::Fail, "the role acme-x is deleted, but not for good"),
        ] {
            let finding = judge(&[asked(NameKind::Role, taken, is_ours)], "name");
            assert_eq!((finding.outcome, finding.found.as_str()), (outcome, words));
        }
    }

    #[test]
    fn the_remedy_removes_a_leftover_and_never_what_holds_data() {
        let mend = |kind, taken| judge(&[asked(kind, taken, false)], "name").remedy.unwrap();
        assert!(mend(NameKind::Role, Taken::Own).contains("delete-role --role-name acme-x"));
        assert_eq!(mend(NameKind::Database, Taken::Own), "choose another `name`");
        assert_eq!(mend(NameKind::Bucket, Taken::Foreign), "choose another `name`");
    }

    #[test]
    fn what_this_deployment_made_is_ours() {
        let made = |kind: &str, id: &str| Tagged {
            kind: kind.into(),
            address: String::new(),
            import_id: id.into(),
            is_creating: false,
        };
        let role = [made("aws_iam_role", "acme-cluster")];
        assert!(is_ours(NameKind::Role, "acme-cluster", &role));
        assert!(!is_ours(NameKind::Role, "acme-cpu-node", &role));
        assert!(is_ours(NameKind::KeyAlias, "alias/acme-x", &[made("aws_kms_key", "1")]));
        assert!(!is_ours(NameKind::KeyAlias, "alias/acme-x", &role));
    }
}
