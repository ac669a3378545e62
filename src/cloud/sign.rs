//! Signed requests without an SDK, among them the bearer token of an EKS cluster.
//!
//! A token is a presigned request to STS that says who asks, with the cluster's name among the
//! signed headers; EKS sends it on and lets in whoever STS names. Owns that format and the
//! `ExecCredential` document that kubectl and helm read. Gets credentials and the time from its
//! caller. Start at [`cluster_token`].

use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials as AwsCredentials;
use aws_sigv4::http_request::{
    PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SignatureLocation,
    SigningSettings, UriPathNormalizationMode, sign,
};
use aws_sigv4::sign::v4;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde_json::json;

use super::credentials::Served;
use crate::error::Hint;
use crate::run::Secret;

/// The header that binds a token to one cluster.
const CLUSTER_HEADER: &str = "x-k8s-aws-id";
/// What EKS expects before the encoded address.
const PREFIX: &str = "k8s-aws-v1.";
/// How long the signature says it is valid; EKS insists on its own fifteen minutes.
const SIGNED_FOR: Duration = Duration::from_mins(1);
/// EKS takes a token for 15 minutes after it was signed; one minute is left for clocks.
const USABLE_FOR: Duration = Duration::from_mins(14);

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credentials {
    /// The public half of the key.
    pub access_key_id: String,
    /// The secret half.
    pub secret_access_key: Secret,
    /// Present with temporary keys.
    pub session_token: Option<Secret>,
}

impl Credentials {
    /// Keys from their parts.
    pub fn new(
        access_key_id: impl Into<String>,
        secret_access_key: impl Into<String>,
        session_token: Option<String>,
    ) -> Self {
        Self {
            access_key_id: access_key_id.into(),
            secret_access_key: Secret::new(secret_access_key),
            session_token: session_token.map(Secret::new),
        }
    }

    /// The session token of temporary ones, as requests carry it.
    pub fn token(&self) -> Option<&str> {
        self.session_token.as_ref().map(Secret::expose)
    }
}

/// The token of `credentials` for the cluster named `cluster` at the time `now`.
///
/// # Errors
/// When the region or the credentials cannot be part of a signed request.
pub fn cluster_token(
    credentials: &Credentials,
    region: &str,
    cluster: &str,
    now: Timestamp,
) -> Result<Secret, SignError> {
    let host = sts_host(region);
    let url = format!("https://{host}/?Action=GetCallerIdentity&Version=2011-06-15");
    let signed = presign(credentials, region, &url, (CLUSTER_HEADER, cluster), now)?;
    Ok(Secret::new(format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(signed))))
}

/// The document with a new token that an `exec` plugin of a kubeconfig prints. It ends no later
/// than what it was signed with, so that its reader asks again in time.
///
/// # Errors
/// As [`cluster_token`].
pub fn exec_credential(
    served: &Served,
    region: &str,
    cluster: &str,
    now: Timestamp,
) -> Result<Secret, SignError> {
    let token = cluster_token(&served.keys, region, cluster, now)?;
    let usable = now + USABLE_FOR;
    let ends = served.expires.map_or(usable, |expires| expires.min(usable));
    let document = json!({
        "apiVersion": "client.authentication.k8s.io/v1",
        "kind": "ExecCredential",
        "status": {
            "expirationTimestamp": format!("{ends:.0}"),
            "token": token.expose(),
        },
    });
    Ok(Secret::new(document.to_string()))
}

/// The regional endpoint of STS, which every partition calls differently.
#[must_use]
pub fn sts_host(region: &str) -> String {
    format!("sts.{region}.{}", dns_suffix(region))
}

/// The end of the host names of the partition that a region belongs to.
#[must_use]
pub fn dns_suffix(region: &str) -> &'static str {
    match region {
        region if region.starts_with("cn-") => "amazonaws.com.cn",
        region if region.starts_with("us-isob-") => "sc2s.sgov.gov",
        region if region.starts_with("us-isof-") => "csp.hci.ic.gov",
        region if region.starts_with("us-iso-") => "c2s.ic.gov",
        region if region.starts_with("eu-isoe-") => "cloud.adc-e.uk",
        region if region.starts_with("eusc-") => "amazonaws.eu",
        _ => "amazonaws.com",
    }
}

/// What a signature is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SignedFor<'a> {
    /// The service, as signatures call it.
    pub service: &'a str,
    /// The region.
    pub region: &'a str,
}

/// `request` with a signature in its headers.
///
/// # Errors
/// When the request or the credentials cannot be part of a signature.
pub fn signed(
    credentials: &Credentials,
    purpose: SignedFor<'_>,
    mut request: http::Request<bytes::Bytes>,
    now: Timestamp,
) -> Result<http::Request<bytes::Bytes>, SignError> {
    let wrong = |source: Box<dyn std::error::Error + Send + Sync>| SignError::Sign { source };
    let identity = signer(credentials).into();
    let mut settings = SigningSettings::default();
    if purpose.service == "s3" {
        settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
        settings.percent_encoding_mode = PercentEncodingMode::Single;
        settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
    }
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region(purpose.region)
        .name(purpose.service)
        .time(SystemTime::from(now))
        .settings(settings)
        .build()
        .map_err(|source| wrong(source.into()))?
        .into();
    let url = request.uri().to_string();
    let method = request.method().as_str().to_owned();
    let mut headers = Vec::new();
    for (name, value) in request.headers() {
        let value = value.to_str().map_err(|source| wrong(source.into()))?;
        headers.push((name.as_str(), value));
    }
    let body = request.body().clone();
    let signable =
        SignableRequest::new(&method, url, headers.into_iter(), SignableBody::Bytes(&body))
            .map_err(|source| wrong(source.into()))?;
    let (instructions, _signature) =
        sign(signable, &params).map_err(|source| wrong(source.into()))?.into_parts();
    instructions.apply_to_request_http1x(&mut request);
    Ok(request)
}

/// The keys as the signer takes them.
fn signer(credentials: &Credentials) -> AwsCredentials {
    AwsCredentials::new(
        &credentials.access_key_id,
        credentials.secret_access_key.expose(),
        credentials.session_token.as_ref().map(|token| token.expose().to_owned()),
        None,
        "springboard",
    )
}

/// `url` with the signature in its query.
fn presign(
    credentials: &Credentials,
    region: &str,
    url: &str,
    header: (&str, &str),
    now: Timestamp,
) -> Result<String, SignError> {
    let identity = signer(credentials).into();
    let mut settings = SigningSettings::default();
    settings.signature_location = SignatureLocation::QueryParams;
    settings.expires_in = Some(SIGNED_FOR);
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region(region)
        .name("sts")
        .time(SystemTime::from(now))
        .settings(settings)
        .build()
        .map_err(|source| SignError::Sign { source: source.into() })?
        .into();
    let body = SignableBody::Bytes(&[]);
    let request = SignableRequest::new("GET", url, std::iter::once(header), body)
        .map_err(|source| SignError::Sign { source: source.into() })?;
    let (instructions, _signature) = sign(request, &params)
        .map_err(|source| SignError::Sign { source: source.into() })?
        .into_parts();
    let mut request = http::Request::get(url)
        .body(())
        .map_err(|source| SignError::Sign { source: source.into() })?;
    instructions.apply_to_request_http1x(&mut request);
    Ok(request.uri().to_string())
}

/// Why no token could be made.
#[derive(Debug, thiserror::Error)]
pub enum SignError {
    /// The request could not be signed.
    #[error("could not sign a request")]
    Sign {
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl Hint for SignError {}

#[cfg(test)]
mod tests {
    use super::*;

    fn credentials(session_token: Option<&str>) -> Credentials {
        Credentials {
            access_key_id: "AKIDEXAMPLE".into(),
            secret_access_key: Secret::new("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
            session_token: session_token.map(Secret::new),
        }
    }

    fn now() -> Timestamp {
        "2026-11-21T07:00:00.5Z".parse().unwrap()
    }

    fn signed_url(session_token: Option<&str>) -> url::Url {
        let token = cluster_token(&credentials(session_token), "us-west-2", "acme", now()).unwrap();
        let encoded = token.expose().strip_prefix(PREFIX).unwrap();
        assert!(!encoded.contains('='));
        let bytes = URL_SAFE_NO_PAD.decode(encoded).unwrap();
        String::from_utf8(bytes).unwrap().parse().unwrap()
    }

    #[test]
    fn a_token_is_a_signed_request_bound_to_its_cluster() {
        let url = signed_url(Some("session/token+="));
        assert_eq!(url.host_str(), Some("sts.us-west-2.amazonaws.com"));
        let query: std::collections::BTreeMap<_, _> = url.query_pairs().collect();
        let query: Vec<_> = query.iter().map(|(name, value)| format!("{name}={value}")).collect();
        assert_eq!(
            query[..7],
            [
                "Action=GetCallerIdentity",
                "Version=2011-06-15",
                "X-Amz-Algorithm=AWS4-HMAC-SHA256",
                "X-Amz-Credential=AKIDEXAMPLE/20261121/us-west-2/sts/aws4_request",
                "X-Amz-Date=20261121T070000Z",
                "X-Amz-Expires=60",
                "X-Amz-Security-Token=session/token+=",
            ]
        );
        assert!(query[7].starts_with("X-Amz-Signature="));
        assert_eq!(query[8], "X-Amz-SignedHeaders=host;x-k8s-aws-id");
    }

    #[test]
    fn the_signature_is_the_one_that_the_rules_give() {
        // Worked out apart from any library, by HMAC-SHA256 over the canonical request.
        let url = signed_url(None);
        let signature = url.query_pairs().find(|(name, _)| name == "X-Amz-Signature").unwrap().1;
        assert_eq!(signature, "0589df820af900eec0b7dc37e5b128f0f81572bf47de94a15938a2bd7bbe4513");
    }

    #[test]
    fn helm_reads_the_token_as_an_exec_credential() {
        let token = cluster_token(&credentials(None), "us-west-2", "acme", now()).unwrap();
        let served = Served { keys: credentials(None), expires: None };
        let document = exec_credential(&served, "us-west-2", "acme", now()).unwrap();
        let expected = format!(
            "{{\"apiVersion\":\"client.authentication.k8s.io/v1\",\"kind\":\"ExecCredential\",\
             \"status\":{{\"expirationTimestamp\":\"2026-11-21T07:14:00Z\",\"token\":\"{}\"}}}}",
            token.expose()
        );
        assert_eq!(document.expose(), expected);
    }

    #[test]
    fn every_partition_has_its_own_sts() {
        let hosts = ["us-west-2", "us-gov-west-1", "cn-north-1", "us-iso-east-1", "us-isob-east-1"]
            .map(sts_host);
        assert_eq!(
            hosts,
            [
                "sts.us-west-2.amazonaws.com",
                "sts.us-gov-west-1.amazonaws.com",
                "sts.cn-north-1.amazonaws.com.cn",
                "sts.us-iso-east-1.c2s.ic.gov",
                "sts.us-isob-east-1.sc2s.sgov.gov",
            ]
        );
    }

    #[test]
    fn a_token_ends_with_what_it_was_signed_with() {
        let expires = Some("2026-11-21T07:05:00Z".parse().unwrap());
        let served = Served { keys: credentials(None), expires };
        let document = exec_credential(&served, "us-west-2", "acme", now()).unwrap();
        assert!(document.expose().contains("\"expirationTimestamp\":\"2026-11-21T07:05:00Z\""));
    }
}
