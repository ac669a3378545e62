//! Requests of our own for the services without an SDK crate: signed, limited in time, tried again
//! where AWS calls that right, read as XML or JSON.
//!
//! Start at [`Api::query`], [`Api::json`] and [`Api::rest`], one for each protocol.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::Method;
use serde_json::Value;
use url::Url;

use super::failure::Said;
use super::memo::{Memo, Told, told};
use super::settings::Settings;
use super::xml::Node;
use crate::cloud::sign::{self, SignedFor};
use crate::cloud::{CloudError, CredentialSource};

/// A service and how it is reached.
#[derive(Debug, Clone, Copy)]
pub(super) struct Service {
    /// As `AWS_ENDPOINT_URL_…` spells it.
    pub(super) id: &'static str,
    /// The beginning of its host name.
    pub(super) host: &'static str,
    /// As signatures call it.
    pub(super) signing: &'static str,
    /// Version of the API for the query protocol, prefix of its targets for the JSON protocol.
    pub(super) api: &'static str,
    /// Whether there is one for the whole partition.
    pub(super) is_global: bool,
}

const fn service(
    id: &'static str,
    host: &'static str,
    signing: &'static str,
    api: &'static str,
) -> Service {
    Service { id, host, signing, api, is_global: false }
}

pub(super) const ACM: Service = service("ACM", "acm", "acm", "CertificateManager");
pub(super) const COGNITO: Service = service(
    "COGNITO_IDENTITY_PROVIDER",
    "cognito-idp",
    "cognito-idp",
    "AWSCognitoIdentityProviderService",
);
pub(super) const ECR: Service =
    service("ECR", "api.ecr", "ecr", "AmazonEC2ContainerRegistry_V20150921");
pub(super) const EKS: Service = service("EKS", "eks", "eks", "");
pub(super) const ELB: Service = service(
    "ELASTIC_LOAD_BALANCING_V2",
    "elasticloadbalancing",
    "elasticloadbalancing",
    "2015-12-01",
);
pub(super) const IAM: Service =
    Service { is_global: true, ..service("IAM", "iam", "iam", "2010-05-08") };
pub(super) const KMS: Service = service("KMS", "kms", "kms", "TrentService");
pub(super) const LOGS: Service = service("CLOUDWATCH_LOGS", "logs", "logs", "Logs_20140328");
pub(super) const RDS: Service = service("RDS", "rds", "rds", "2014-10-31");
pub(super) const ROUTE53: Service =
    Service { is_global: true, ..service("ROUTE_53", "route53", "route53", "") };
pub(super) const S3: Service = service("S3", "s3", "s3", "");
pub(super) const SECRETS: Service =
    service("SECRETS_MANAGER", "secretsmanager", "secretsmanager", "secretsmanager");
pub(super) const SSM: Service = service("SSM", "ssm", "ssm", "AmazonSSM");
pub(super) const TAGGING: Service = service(
    "RESOURCE_GROUPS_TAGGING_API",
    "tagging",
    "tagging",
    "ResourceGroupsTaggingAPI_20170126",
);

/// How often a question is asked in all.
const ATTEMPTS: u32 = 4;
const FIRST_WAIT: Duration = Duration::from_millis(200);

/// Asks services without an SDK crate.
#[derive(Debug, Clone)]
pub(super) struct Api {
    pub(super) client: reqwest::Client,
    pub(super) settings: Arc<Settings>,
    pub(super) keys: Arc<dyn CredentialSource>,
    pub(super) memo: Option<Memo>,
}

/// A request before it is signed.
#[derive(Debug, Clone)]
struct Request {
    method: Method,
    url: Url,
    headers: Vec<(&'static str, String)>,
    body: Bytes,
}

/// What a question led to: an answer, or what AWS says is wrong.
pub(super) type Outcome<T> = Result<T, Wrong>;

/// Why there is no good answer.
#[derive(Debug)]
pub(super) enum Wrong {
    /// AWS says so.
    Said(Said),
    /// It was not even asked, or its answer is none.
    Failed(CloudError),
}

impl Wrong {
    /// Whether AWS says one of these codes.
    pub(super) fn is(&self, codes: &[&str]) -> bool {
        matches!(self, Self::Said(said) if codes.contains(&said.code.as_str()))
    }
}

impl Api {
    /// An error as ours.
    pub(super) fn error(&self, what: &str, wrong: Wrong) -> CloudError {
        match wrong {
            Wrong::Said(said) => said.into_error(what, self.keys.renewal()),
            Wrong::Failed(error) => error,
        }
    }

    /// A call of the query protocol.
    pub(super) async fn query(
        &self,
        service: Service,
        what: &str,
        action: &str,
        params: &[(String, String)],
    ) -> Outcome<Node> {
        let request = Request {
            method: Method::POST,
            url: self.url(service),
            headers: vec![("content-type", "application/x-www-form-urlencoded".into())],
            body: form(service, action, params).into(),
        };
        let answer = self.send(service, what, &request).await?;
        xml(what, &answer)
    }

    /// A call of the JSON protocol.
    pub(super) async fn json(
        &self,
        service: Service,
        what: &str,
        action: &str,
        input: &Value,
    ) -> Outcome<Value> {
        let request = Request {
            method: Method::POST,
            url: self.url(service),
            headers: vec![
                ("content-type", "application/x-amz-json-1.1".into()),
                ("x-amz-target", format!("{}.{action}", service.api)),
            ],
            body: input.to_string().into(),
        };
        let answer = self.send(service, what, &request).await?;
        serde_json::from_slice(&answer.body).map_err(|error| strange(what, error))
    }

    /// A `GET` of a REST service that answers in JSON.
    pub(super) async fn rest(
        &self,
        service: Service,
        what: &str,
        path: &[&str],
        query: &[(&str, &str)],
    ) -> Outcome<Value> {
        let answer = self.get(service, what, Method::GET, path, query).await?;
        serde_json::from_slice(&answer.body).map_err(|error| strange(what, error))
    }

    /// A `GET` of a REST service that answers in XML.
    pub(super) async fn rest_xml(
        &self,
        service: Service,
        what: &str,
        path: &[&str],
        query: &[(&str, &str)],
    ) -> Outcome<Node> {
        let answer = self.get(service, what, Method::GET, path, query).await?;
        xml(what, &answer)
    }

    /// A request without a body.
    pub(super) async fn get(
        &self,
        service: Service,
        what: &str,
        method: Method,
        path: &[&str],
        query: &[(&str, &str)],
    ) -> Outcome<Told> {
        let mut url = self.url(service);
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path);
        }
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        let request = Request { method, url, headers: Vec::new(), body: Bytes::new() };
        self.send(service, what, &request).await
    }

    /// Where a service is.
    fn url(&self, service: Service) -> Url {
        self.settings.endpoint(service.id).unwrap_or_else(|| {
            let host = host(service, &self.settings.region);
            Url::parse(&format!("https://{host}/")).expect("a region is part of a host name")
        })
    }

    /// Sends within the limit, again where that is right.
    async fn send(&self, service: Service, what: &str, request: &Request) -> Outcome<Told> {
        let limit = self.settings.limit();
        let tries = async {
            let mut wait = FIRST_WAIT;
            let mut attempt = 1;
            loop {
                let outcome = self.attempt(service, what, request).await;
                let again = match &outcome {
                    Err(Wrong::Said(said)) => said.is_retryable(),
                    Err(Wrong::Failed(error)) => matches!(error, CloudError::Unreachable { .. }),
                    Ok(_) => false,
                };
                if !again || attempt == ATTEMPTS {
                    return outcome;
                }
                tokio::time::sleep(wait).await;
                wait *= 2;
                attempt += 1;
            }
        };
        match tokio::time::timeout(limit, tries).await {
            Ok(outcome) => outcome,
            Err(passed) => Err(Wrong::Failed(CloudError::Unreachable {
                what: what.to_owned(),
                source: format!("no answer within {} s: {passed}", limit.as_secs()).into(),
            })),
        }
    }

    async fn attempt(&self, service: Service, what: &str, request: &Request) -> Outcome<Told> {
        let failed = |error: CloudError| Wrong::Failed(error);
        let served = self.keys.credentials().await.map_err(|error| failed(error.into()))?;
        let mut signed =
            http::Request::builder().method(request.method.clone()).uri(request.url.as_str());
        for (name, value) in &request.headers {
            signed = signed.header(*name, value);
        }
        let signed = signed.body(request.body.clone()).map_err(|error| strange(what, error))?;
        let region = signing_region(service, &self.settings.region);
        let purpose = SignedFor { service: service.signing, region: &region };
        let signed = sign::signed(&served.keys, purpose, signed, jiff::Timestamp::now())
            .map_err(|error| strange(what, error))?;
        let unreachable = |source: reqwest::Error| {
            let what = what.to_owned();
            failed(CloudError::Unreachable { what, source: source.without_url().into() })
        };
        let signed = reqwest::Request::try_from(signed).map_err(unreachable)?;
        let each = told(&self.client, self.memo.as_ref(), signed);
        let answer = tokio::time::timeout(self.settings.limit() / 2, each).await;
        let answer = answer.map_err(|passed| {
            failed(CloudError::Unreachable { what: what.to_owned(), source: passed.into() })
        })?;
        let answer = answer.map_err(unreachable)?;
        if answer.status.is_success() { Ok(answer) } else { Err(Wrong::Said(said(&answer))) }
    }
}

/// What AWS says is wrong, in whichever protocol.
fn said(answer: &Told) -> Said {
    let status = answer.status.as_u16();
    let header = answer.headers.get("x-amzn-errortype").and_then(|value| value.to_str().ok());
    let json = serde_json::from_slice::<Value>(&answer.body).unwrap_or_default();
    let text = |names: &[&str]| names.iter().find_map(|name| json[*name].as_str());
    let code = header.or_else(|| text(&["__type", "code", "Code"]));
    if let Some(code) = code {
        // `com.amazonaws.eks#ResourceNotFoundException:http://…`
        let code = code.rsplit('#').next().unwrap_or(code);
        let code = code.split(':').next().unwrap_or(code).to_owned();
        let message = text(&["message", "Message"]).unwrap_or_default().to_owned();
        return Said { code, message, status };
    }
    let node = Node::parse(&String::from_utf8_lossy(&answer.body)).unwrap_or_default();
    let of =
        |name: &str| node.find(name).map(|node| node.own_text().to_owned()).unwrap_or_default();
    let mut said = Said { code: of("Code"), message: of("Message"), status };
    // The answer to a `HEAD` has no body.
    if said.code.is_empty() && answer.body.is_empty() {
        said.code = answer.status.canonical_reason().unwrap_or_default().replace(' ', "");
    }
    said
}

fn form(service: Service, action: &str, params: &[(String, String)]) -> String {
    let mut form = url::form_urlencoded::Serializer::new(String::new());
    form.append_pair("Action", action).append_pair("Version", service.api);
    form.extend_pairs(params);
    form.finish()
}

fn strange(what: &str, error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Wrong {
    Wrong::Failed(CloudError::NotUnderstood { what: what.to_owned(), source: error.into() })
}

fn xml(what: &str, answer: &Told) -> Outcome<Node> {
    let text = std::str::from_utf8(&answer.body).map_err(|error| strange(what, error))?;
    Node::parse(text).map_err(|error| strange(what, error))
}

/// The region that signs: services that are there once in a partition have one of their own.
fn signing_region(service: Service, region: &str) -> String {
    match region {
        _ if !service.is_global => region,
        r if r.starts_with("us-gov-") => "us-gov-west-1",
        r if r.starts_with("cn-") => "cn-northwest-1",
        _ => "us-east-1",
    }
    .to_owned()
}

fn host(service: Service, region: &str) -> String {
    let suffix = sign::dns_suffix(region);
    match (service.is_global, region, service.id) {
        (true, r, "IAM") if r.starts_with("us-gov-") => "iam.us-gov.amazonaws.com".into(),
        (true, r, "IAM") if r.starts_with("cn-") => "iam.cn-north-1.amazonaws.com.cn".into(),
        (true, r, _) if r.starts_with("us-gov-") => format!("{}.us-gov.{suffix}", service.host),
        (true, ..) => format!("{}.{suffix}", service.host),
        (false, ..) => format!("{}.{region}.{suffix}", service.host),
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, StatusCode};

    use super::*;

    fn answer(status: u16, header: Option<&'static str>, body: &str) -> Told {
        let mut headers = HeaderMap::new();
        if let Some(header) = header {
            headers.insert("x-amzn-errortype", http::HeaderValue::from_static(header));
        }
        let status = StatusCode::from_u16(status).unwrap();
        Told { status, headers, body: body.to_owned().into() }
    }

    #[test]
    fn errors_are_read_in_every_protocol() {
        let xml = "<ErrorResponse><Error><Code>NoSuchEntity</Code><Message>gone</Message></Error>\
                   </ErrorResponse>";
        for (answer, code, message) in [
            (answer(404, None, xml), "NoSuchEntity", "gone"),
            (
                answer(
                    400,
                    None,
                    "{\"__type\":\"com.amazonaws.acm#AccessDenied\",\"Message\":\"no\"}",
                ),
                "AccessDenied",
                "no",
            ),
            (
                answer(404, Some("ResourceNotFoundException:http://x"), "{\"message\":\"gone\"}"),
                "ResourceNotFoundException",
                "gone",
            ),
            (answer(403, None, ""), "Forbidden", ""),
            (answer(200, None, "<html>"), "", ""),
        ] {
            let said = said(&answer);
            assert_eq!((said.code.as_str(), said.message.as_str()), (code, message));
        }
    }

    #[test]
    fn services_are_where_their_partition_has_them() {
        for (service, region, expected) in [
            (EKS, "us-west-2", "eks.us-west-2.amazonaws.com"),
            (ECR, "cn-north-1", "api.ecr.cn-north-1.amazonaws.com.cn"),
            (IAM, "eu-west-1", "iam.amazonaws.com"),
            (IAM, "us-gov-west-1", "iam.us-gov.amazonaws.com"),
            (ROUTE53, "eu-west-1", "route53.amazonaws.com"),
        ] {
            assert_eq!(host(service, region), expected);
        }
        assert_eq!(signing_region(IAM, "eu-west-1"), "us-east-1");
        assert_eq!(signing_region(EKS, "eu-west-1"), "eu-west-1");
    }
}
