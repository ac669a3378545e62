//! Certificates, hosted zones, parameters, the time.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::Aws;
use super::api::{ACM, ROUTE53, SSM};
use super::eks::text;
use crate::cloud::{Certificate, CertificateStatus, CloudError, HostedZone, sign};

impl Aws {
    pub(super) async fn acm_certificates(&self) -> Result<Vec<Certificate>, CloudError> {
        let what = "the certificates";
        // Without it only those with RSA keys of 2048 bits are told.
        let types = [
            "RSA_1024",
            "RSA_2048",
            "RSA_3072",
            "RSA_4096",
            "EC_prime256v1",
            "EC_secp384r1",
            "EC_secp521r1",
        ];
        let mut input = json!({ "Includes": { "keyTypes": types } });
        let mut found = Vec::new();
        loop {
            let answer = self.api.json(ACM, what, "ListCertificates", &input).await;
            let answer = answer.map_err(|wrong| self.wrong(what, wrong))?;
            let list = answer["CertificateSummaryList"].as_array();
            let list = list.ok_or_else(|| Self::lacks(what, "CertificateSummaryList"))?;
            for summary in list {
                found.push(self.certificate(summary).await?);
            }
            match answer["NextToken"].as_str() {
                Some(next) if !next.is_empty() => input["NextToken"] = next.into(),
                _ => return Ok(found),
            }
        }
    }

    /// A certificate: its summary tells all, unless it has many names or whoever answers is old.
    async fn certificate(&self, summary: &Value) -> Result<Certificate, CloudError> {
        let arn = text(summary, "CertificateArn");
        let is_whole = summary["Status"].is_string()
            && summary["SubjectAlternativeNameSummaries"].is_array()
            && summary["HasAdditionalSubjectAlternativeNames"] != true;
        if is_whole {
            return Ok(certificate(summary, "SubjectAlternativeNameSummaries"));
        }
        let what = format!("the certificate {arn}");
        let input = json!({ "CertificateArn": arn });
        let answer = self.api.json(ACM, &what, "DescribeCertificate", &input).await;
        let answer = answer.map_err(|wrong| self.wrong(&what, wrong))?;
        Ok(certificate(&answer["Certificate"], "SubjectAlternativeNames"))
    }

    pub(super) async fn route53_zones(&self) -> Result<Vec<HostedZone>, CloudError> {
        let what = "the hosted zones";
        let mut zones = Vec::new();
        let mut marker = String::new();
        loop {
            let path = ["2013-04-01", "hostedzone"];
            let query = [("marker", marker.as_str())];
            let query = if marker.is_empty() { &query[..0] } else { &query[..] };
            let answer = self.api.rest_xml(ROUTE53, what, &path, query).await;
            let answer = answer.map_err(|wrong| self.wrong(what, wrong))?;
            if answer.at("HostedZones").is_none() {
                return Err(Self::lacks(what, "HostedZones"));
            }
            zones.extend(answer.list("HostedZones").iter().map(|zone| HostedZone {
                id: zone.text("Id").unwrap_or_default().trim_start_matches("/hostedzone/").into(),
                name: zone.text("Name").unwrap_or_default().trim_end_matches('.').into(),
                is_private: zone.text("Config/PrivateZone") == Some("true"),
            }));
            match answer.text("NextMarker") {
                Some(next) if answer.text("IsTruncated") == Some("true") => marker = next.into(),
                _ => return Ok(zones),
            }
        }
    }

    pub(super) async fn ssm_parameter(&self, name: &str) -> Result<Option<String>, CloudError> {
        let what = format!("the parameter {name}");
        let outcome = self.api.json(SSM, &what, "GetParameter", &json!({ "Name": name })).await;
        let found = self.found(&what, outcome, &["ParameterNotFound"])?;
        let value = |answer: Value| {
            let value = answer["Parameter"]["Value"].as_str().map(str::to_owned);
            value.ok_or_else(|| Self::lacks(&what, "value"))
        };
        found.map(value).transpose()
    }

    /// The time is in every answer of AWS, also in one to a question without a signature.
    pub(super) async fn time_at_sts(&self) -> Result<Timestamp, CloudError> {
        let what = "the time";
        let region = &self.api.settings.region;
        let usual = || format!("https://{}/", sign::sts_host(region));
        let url = self.api.settings.endpoint("STS").map_or_else(usual, |url| url.to_string());
        let limit = self.api.settings.limit();
        let asked = self.api.client.head(url).timeout(limit).send().await;
        let answer = asked.map_err(|source| CloudError::Unreachable {
            what: what.to_owned(),
            source: source.without_url().into(),
        })?;
        let date = answer.headers().get("date").and_then(|value| value.to_str().ok());
        let date = date.ok_or_else(|| Self::lacks(what, "date"))?;
        let at = jiff::fmt::rfc2822::parse(date);
        at.map(|at| at.timestamp()).map_err(|error| CloudError::NotUnderstood {
            what: what.to_owned(),
            source: Box::new(error),
        })
    }
}

fn certificate(found: &Value, names: &str) -> Certificate {
    let main = text(found, "DomainName");
    let mut all = vec![main];
    for name in found[names].as_array().into_iter().flatten().filter_map(Value::as_str) {
        if !all.iter().any(|known| known == name) {
            all.push(name.to_owned());
        }
    }
    let status = serde_json::from_value::<CertificateStatus>(found["Status"].clone());
    Certificate {
        arn: text(found, "CertificateArn"),
        names: all,
        status: status.unwrap_or(CertificateStatus::Unusable),
        not_after: time(&found["NotAfter"]),
        is_renewed: text(found, "Type") == "AMAZON_ISSUED",
    }
}

/// A moment as seconds since 1970, with a fraction, or as text.
pub(super) fn time(value: &Value) -> Option<Timestamp> {
    match value {
        #[expect(clippy::cast_possible_truncation, reason = "whole seconds are enough")]
        Value::Number(seconds) => Timestamp::from_second(seconds.as_f64()? as i64).ok(),
        Value::String(text) => text.parse().ok(),
        _ => None,
    }
}
