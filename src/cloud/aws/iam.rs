//! Who asks, roles, policies and the policy simulator.

use aws_sdk_ec2::error::ProvideErrorMetadata as _;

use super::Aws;
use super::api::IAM;
use super::failure::of_sdk;
use super::xml::Node;
use crate::cloud::{
    Asker, Caller, CloudError, Decision, Layer, ListedPolicy, Policy, Role, Simulation, Verdict,
};

/// So many actions are asked for in one question; the simulator takes no more than 100.
const ACTIONS: usize = 100;

fn param(name: impl Into<String>, value: impl Into<String>) -> (String, String) {
    (name.into(), value.into())
}

impl Aws {
    pub(super) async fn caller_at_sts(&self) -> Result<Caller, CloudError> {
        let what = "the caller";
        let renewal = self.api.keys.renewal();
        let served = self.api.keys.credentials().await?;
        let answer = self.sts.get_caller_identity().send().await;
        let answer = answer.map_err(|error| {
            // What is no key of AWS is no permission that is missing either.
            match error.code() {
                Some("InvalidClientTokenId" | "SignatureDoesNotMatch") => {
                    CloudError::NoCredentials {
                        source: error.message().unwrap_or("the keys are not known").into(),
                        remedy: renewal.remedy(),
                    }
                }
                _ => of_sdk(what, renewal, error),
            }
        })?;
        Ok(Caller {
            account: answer.account.ok_or_else(|| Self::lacks(what, "account"))?,
            arn: answer.arn.ok_or_else(|| Self::lacks(what, "ARN"))?,
            expires: served.expires,
            origin: self.origin,
        })
    }

    pub(super) async fn role_of(&self, name: &str) -> Result<Option<Role>, CloudError> {
        let what = format!("the role {name}");
        let outcome = self.api.query(IAM, &what, "GetRole", &[param("RoleName", name)]).await;
        let Some(answer) = self.found(&what, outcome, &["NoSuchEntity"])? else { return Ok(None) };
        let role = answer.at("GetRoleResult/Role").ok_or_else(|| Self::lacks(&what, "role"))?;
        let boundary = role.text("PermissionsBoundary/PermissionsBoundaryArn");
        let arn = role.text("Arn").ok_or_else(|| Self::lacks(&what, "ARN"))?;
        Ok(Some(Role { arn: arn.to_owned(), boundary: boundary.map(str::to_owned) }))
    }

    pub(super) async fn policy_of(&self, arn: &str) -> Result<Option<Policy>, CloudError> {
        let what = format!("the policy {arn}");
        let outcome = self.api.query(IAM, &what, "GetPolicy", &[param("PolicyArn", arn)]).await;
        let Some(answer) = self.found(&what, outcome, &["NoSuchEntity", "InvalidInput"])? else {
            return Ok(None);
        };
        let version = answer.text("GetPolicyResult/Policy/DefaultVersionId").unwrap_or("v1");
        let params = [param("PolicyArn", arn), param("VersionId", version)];
        let document = match self.api.query(IAM, &what, "GetPolicyVersion", &params).await {
            Ok(answer) => answer.text("GetPolicyVersionResult/PolicyVersion/Document").map(decoded),
            // That it exists is told; what it says may be nobody's business.
            Err(_) => None,
        };
        Ok(Some(Policy { arn: arn.to_owned(), document }))
    }

    pub(super) async fn own_policies(&self) -> Result<Vec<ListedPolicy>, CloudError> {
        let what = "the policies of the account";
        let (result, params) = ("ListPoliciesResult", [param("Scope", "Local")]);
        let found = self.pages(IAM, what, "ListPolicies", result, "Policies", &params).await?;
        let listed = |policy: &Node| {
            let bounds = policy.text("PermissionsBoundaryUsageCount");
            Some(ListedPolicy {
                arn: policy.text("Arn")?.to_owned(),
                name: policy.text("PolicyName")?.to_owned(),
                bounds: bounds.and_then(|count| count.parse().ok()).unwrap_or(0),
            })
        };
        Ok(found.iter().filter_map(listed).collect())
    }

    pub(super) async fn simulated(&self, asked: &Simulation) -> Result<Vec<Verdict>, CloudError> {
        let mut verdicts = Vec::new();
        for actions in asked.actions.chunks(ACTIONS) {
            let (action, params) = simulation(asked, actions);
            let (result, list) = (format!("{action}Result"), "EvaluationResults");
            let found = self.pages(IAM, "the permissions", action, &result, list, &params).await?;
            verdicts.extend(found.iter().flat_map(told));
        }
        Ok(verdicts)
    }
}

/// Documents are percent-encoded in answers.
fn decoded(text: &str) -> String {
    if text.trim_start().starts_with('{') {
        return text.to_owned();
    }
    // A plus is a plus here, not a space.
    let text = text.replace('+', "%2B");
    let mut pairs = url::form_urlencoded::parse(text.as_bytes());
    pairs.next().map_or(text.clone(), |(name, value)| {
        if value.is_empty() { name.into_owned() } else { format!("{name}={value}") }
    })
}

fn simulation(asked: &Simulation, actions: &[String]) -> (&'static str, Vec<(String, String)>) {
    let mut params = Vec::new();
    let action = match &asked.asker {
        Asker::Principal(arn) => {
            params.push(param("PolicySourceArn", arn));
            "SimulatePrincipalPolicy"
        }
        Asker::Policies(documents) => {
            for (index, document) in documents.iter().enumerate() {
                params.push(param(format!("PolicyInputList.member.{}", index + 1), document));
            }
            "SimulateCustomPolicy"
        }
    };
    for (index, name) in actions.iter().enumerate() {
        params.push(param(format!("ActionNames.member.{}", index + 1), name));
    }
    for (index, arn) in asked.resources.iter().enumerate() {
        params.push(param(format!("ResourceArns.member.{}", index + 1), arn));
    }
    if let Some(boundary) = &asked.boundary {
        params.push(param("PermissionsBoundaryPolicyInputList.member.1", boundary));
    }
    for (index, (key, values)) in asked.context.iter().enumerate() {
        let entry = format!("ContextEntries.member.{}", index + 1);
        params.push(param(format!("{entry}.ContextKeyName"), key));
        params.push(param(format!("{entry}.ContextKeyType"), "stringList"));
        for (at, value) in values.iter().enumerate() {
            params.push(param(format!("{entry}.ContextKeyValues.member.{}", at + 1), value));
        }
    }
    (action, params)
}

/// One verdict a resource, where the answer tells resources apart.
fn told(result: &Node) -> Vec<Verdict> {
    let action = result.text("EvalActionName").unwrap_or_default().to_owned();
    let resource = result.text("EvalResourceName").unwrap_or("*").to_owned();
    let missing = result.list("MissingContextValues").iter();
    let missing: Vec<String> = missing.map(|value| value.own_text().to_owned()).collect();
    let specific = result.list("ResourceSpecificResults");
    if specific.is_empty() {
        let word = result.text("EvalDecision").unwrap_or_default();
        let decision = decision(word, result);
        return vec![Verdict { action, resource, decision, missing }];
    }
    let verdict = |specific: &Node| {
        let word = specific.text("EvalResourceDecision").unwrap_or_default();
        let own = specific.list("MissingContextValues").iter();
        Verdict {
            action: action.clone(),
            resource: specific.text("EvalResourceName").unwrap_or(&resource).to_owned(),
            decision: decision(word, specific),
            missing: own.map(|value| value.own_text().to_owned()).collect(),
        }
    };
    specific.iter().map(verdict).collect()
}

fn decision(word: &str, result: &Node) -> Decision {
    let explicit = match word {
        "allowed" => return Decision::Allowed,
        "explicitDeny" => true,
        "implicitDeny" => false,
        other => return Decision::Unknown { why: format!("the simulator says `{other}`") },
    };
    let says_no = |path: &str| result.text(path) == Some("false");
    let by = if says_no("OrganizationsDecisionDetail/AllowedByOrganizations") {
        Layer::Organisation
    } else if says_no("PermissionsBoundaryDecisionDetail/AllowedByPermissionsBoundary") {
        Layer::Boundary
    } else {
        Layer::Identity
    };
    Decision::Denied { by, explicit }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_layer_that_denies_is_told() {
        let result = |detail: &str| {
            let text =
                format!("<member><EvalDecision>implicitDeny</EvalDecision>{detail}</member>");
            decision("implicitDeny", &Node::parse(&text).unwrap())
        };
        let denied = |by| Decision::Denied { by, explicit: false };
        let organisation = "<OrganizationsDecisionDetail><AllowedByOrganizations>false\
                            </AllowedByOrganizations></OrganizationsDecisionDetail>";
        let boundary = "<PermissionsBoundaryDecisionDetail><AllowedByPermissionsBoundary>false\
                        </AllowedByPermissionsBoundary></PermissionsBoundaryDecisionDetail>";
        assert_eq!(result(organisation), denied(Layer::Organisation));
        assert_eq!(result(boundary), denied(Layer::Boundary));
        assert_eq!(result(""), denied(Layer::Identity));
    }

    #[test]
    fn documents_are_decoded() {
        assert_eq!(decoded("%7B%22a%22%3A+1%2B1%7D"), "{\"a\":+1+1}");
        assert_eq!(decoded("%7B%22a%22%3A%20%22b%3Dc%22%7D"), "{\"a\": \"b=c\"}");
    }
}
