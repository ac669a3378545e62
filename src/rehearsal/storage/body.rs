//! What arrives in a request: hashed, checked, and kept where it is small.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures::StreamExt as _;
use s3s::crypto::Checksum as _;
use s3s::dto::StreamingBlob;
use s3s::{S3Result, TrailingHeaders, s3_error};
use sha2::{Digest as _, Sha256};

use super::KEPT_AT_MOST;
use super::sums::{self, ALGORITHMS, Sums};

/// A body that was taken in.
#[derive(Debug)]
pub(super) struct Received {
    pub(super) size: u64,
    pub(super) sha256: Vec<u8>,
    pub(super) content: Option<Vec<u8>>,
    /// The checksums that S3 keeps beside it: what the client sent, else the usual one.
    pub(super) sums: Sums,
}

/// The checksums that a request claims.
#[derive(Debug, Default)]
pub(super) struct Claims {
    pub(super) sums: Sums,
    pub(super) md5: Option<String>,
}

/// Which bodies are kept byte for byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Keep {
    Small,
    /// For what somebody reads again, of whatever size: the state of Terraform.
    Always,
}

/// Reads the body to its end and holds it against what the request, or its trailer, claims.
pub(super) async fn receive(
    mut body: Option<StreamingBlob>,
    mut claims: Claims,
    trailer: Option<&TrailingHeaders>,
    announced: Option<&http::HeaderValue>,
    keep: Keep,
) -> S3Result<Received> {
    let announced = announced.and_then(|value| value.to_str().ok()).unwrap_or_default();
    let announced = announced.to_ascii_uppercase();
    let is_announced = |name: &str| {
        announced.split(',').any(|n| n.trim().strip_prefix("X-AMZ-CHECKSUM-") == Some(name))
    };
    let says_nothing = claims.sums.is_empty() && !ALGORITHMS.iter().any(|n| is_announced(n));
    let mut hasher = sums::hasher(|name| {
        // That of SHA-256 is made below in any case.
        name != "SHA256"
            && (claims.sums.of(name).is_some()
                || is_announced(name)
                || says_nothing && name == sums::DEFAULT)
    });
    let mut md5 = claims.md5.is_some().then(s3s::crypto::Md5::new);
    let mut sha256 = Sha256::new();
    let (mut size, mut content) = (0, Some(Vec::new()));
    while let Some(chunk) = match &mut body {
        Some(body) => body.next().await,
        None => None,
    } {
        let chunk = chunk.map_err(|error| s3_error!(IncompleteBody, "{error}"))?;
        size += chunk.len() as u64;
        sha256.update(&chunk);
        hasher.update(&chunk);
        if let Some(md5) = &mut md5 {
            md5.update(&chunk);
        }
        match &mut content {
            Some(kept) if keep == Keep::Always || size <= KEPT_AT_MOST => {
                kept.extend_from_slice(&chunk);
            }
            _ => content = None,
        }
    }
    let sha256 = sha256.finalize().to_vec();
    let mut found = Sums::from(hasher.finalize());
    let has_sha256 = read_trailer(&mut claims.sums, trailer).sha256.is_some();
    found.sha256 = has_sha256.then(|| STANDARD.encode(&sha256));
    compare(&claims.sums, &found)?;
    let md5 = md5.map(|md5| STANDARD.encode(md5.finalize()));
    if claims.md5.is_some() && claims.md5 != md5 {
        return Err(s3_error!(
            BadDigest,
            "The Content-MD5 you specified did not match what we received."
        ));
    }
    Ok(Received { size, sha256, content, sums: found })
}

fn read_trailer<'a>(claims: &'a mut Sums, trailer: Option<&TrailingHeaders>) -> &'a Sums {
    let headers = trailer.and_then(TrailingHeaders::take).unwrap_or_default();
    for name in ALGORITHMS {
        let header = format!("x-amz-checksum-{}", name.to_ascii_lowercase());
        let value = headers.get(header).and_then(|value| value.to_str().ok());
        if let (Some(value), Some(slot)) = (value, claims.slot(name)) {
            *slot = Some(value.to_owned());
        }
    }
    claims
}

fn compare(claims: &Sums, found: &Sums) -> S3Result<()> {
    for name in ALGORITHMS {
        let (claim, found) = (claims.of(name), found.of(name));
        if claim.is_some() && found.is_some() && claim != found {
            return Err(s3_error!(
                BadDigest,
                "The {name} you specified did not match the calculated checksum."
            ));
        }
    }
    Ok(())
}
