//! Signature version 4 for S3.

use std::time::SystemTime;

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{
    PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SigningSettings,
    UriPathNormalizationMode, sign,
};
use aws_sigv4::sign::v4;
use jiff::Timestamp;

use super::StorageKeys;

/// What is signed.
pub(super) struct Signable<'a> {
    pub(super) method: &'a str,
    pub(super) url: &'a str,
    pub(super) headers: &'a [(&'static str, String)],
    /// Hex of the SHA-256 of the body.
    pub(super) body_sha256: &'a str,
    pub(super) region: &'a str,
    pub(super) at: Timestamp,
}

/// The headers that make the request a signed one.
pub(super) fn headers(
    keys: &StorageKeys,
    signable: &Signable<'_>,
) -> Result<Vec<(String, String)>, String> {
    let session = keys.session_token.as_ref().map(|token| token.expose().to_owned());
    let secret = keys.secret_key.expose();
    let identity = Credentials::new(&keys.access_key, secret, session, None, "springboard").into();
    let mut settings = SigningSettings::default();
    settings.percent_encoding_mode = PercentEncodingMode::Single;
    settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
    settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region(signable.region)
        .name("s3")
        .time(SystemTime::from(signable.at))
        .settings(settings)
        .build()
        .map_err(|error| error.to_string())?;
    let headers = signable.headers.iter().map(|(name, value)| (*name, value.as_str()));
    let body = SignableBody::Precomputed(signable.body_sha256.to_owned());
    let request = SignableRequest::new(signable.method, signable.url, headers, body)
        .map_err(|error| error.to_string())?;
    let (instructions, _signature) =
        sign(request, &params.into()).map_err(|error| error.to_string())?.into_parts();
    Ok(instructions.headers().map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
}
