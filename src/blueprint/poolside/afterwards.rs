//! What is left for the operator when everything runs: the record of the name, the login, the models.

use super::questions::authentication::ENABLE_COGNITO;
use super::questions::hostname::PUBLIC_HOSTNAME;
use super::values::{Outputs, Profile};
use crate::answers::Answers;
use crate::blueprint::{Reached, Todo};

/// What is left to do, in order.
pub(super) fn afterwards(answers: &Answers, reached: &Reached<'_>) -> Vec<Todo> {
    let host = answers.text(&PUBLIC_HOSTNAME).unwrap_or_default();
    let outputs = Outputs::from(reached.outputs.clone());
    let balancer = reached.facts.iter().find_map(|fact| fact.strip_prefix("load balancer "));
    let target = balancer.unwrap_or("the address of the ingress (`kubectl get ingress -A`)");
    let mut left = vec![Todo::new("DNS record", format!("{host} CNAME {target}"))];
    if answers.flag(&ENABLE_COGNITO) {
        let issuer =
            outputs.optional("cognito_user_pool_endpoint").unwrap_or("the user pool's issuer");
        left.push(Todo::new(
            "Users",
            format!("make the first user in the Cognito user pool ({issuer})"),
        ));
    } else {
        left.push(Todo::new(
            "Provider",
            format!("redirect URI https://{host}/auth/callback, access and ID tokens on"),
        ));
    }
    left.push(Todo::new(
        "First login",
        format!("https://{host} asks for provider URL, client id and client secret; who registers first is the administrator"),
    ));
    let models = match Profile::of(answers) {
        Profile::Full => {
            "Console > Agents > Models > New Model, base URL of the inference proxy in the cluster"
        }
        Profile::PlatformOnly => {
            "Console > Agents > Models > New Model, base URL of the endpoint that serves them"
        }
    };
    left.push(Todo::new("Models", models));
    left
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::blueprint::{Blueprint as _, poolside::Poolside};

    fn left(sets: &[(&str, crate::answers::Value)]) -> Vec<String> {
        let mut chosen: BTreeMap<String, crate::answers::Value> =
            sets.iter().map(|(key, value)| ((*key).to_owned(), value.clone())).collect();
        chosen.insert("public_hostname".into(), "ai.acme.example".into());
        let answers = Answers::presumed(Poolside.catalogue(), &chosen);
        let facts = ["cluster acme ACTIVE".to_owned(), "load balancer k8s-1.elb.aws".to_owned()];
        let reached = Reached { outputs: &BTreeMap::new(), facts: &facts };
        afterwards(&answers, &reached).iter().map(|t| format!("{}: {}", t.what, t.how)).collect()
    }

    #[test]
    fn the_record_points_to_the_load_balancer_that_was_seen() {
        assert_eq!(left(&[])[0], "DNS record: ai.acme.example CNAME k8s-1.elb.aws");
    }

    #[test]
    fn who_brings_a_provider_is_told_what_to_set_there() {
        let own = left(&[]);
        assert!(own[1].contains("https://ai.acme.example/auth/callback"), "{own:?}");
        let cognito = left(&[("enable_cognito", crate::answers::Value::Flag(true))]);
        assert!(cognito[1].starts_with("Users: "), "{cognito:?}");
    }
}
