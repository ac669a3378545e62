//! What arrives in a request: hashed, checked, and kept where it is small.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures::StreamExt as _;
use s3s::checksum::ChecksumHasher;
use s3s::crypto::Checksum as _;
use s3s::dto::{Checksum, StreamingBlob};
use s3s::{S3Result, TrailingHeaders, s3_error};
use sha2::{Digest as _, Sha256};

use super::KEPT_AT_MOST;

/// A body that was taken in.
#[derive(Debug)]
pub(super) struct Received {
    pub(super) size: u64,
    pub(super) sha256: Vec<u8>,
    pub(super) content: Option<Vec<u8>>,
    /// Whether the client sent a SHA-256, which S3 then keeps beside the object.
    pub(super) has_sha256: bool,
}

/// The checksums that a request claims.
#[derive(Debug, Default)]
pub(super) struct Claims {
    pub(super) crc32: Option<String>,
    pub(super) crc32c: Option<String>,
    pub(super) crc64nvme: Option<String>,
    pub(super) sha1: Option<String>,
    pub(super) sha256: Option<String>,
    pub(super) md5: Option<String>,
}

/// Reads the body to its end and holds it against what the request, or its trailer, claims.
pub(super) async fn receive(
    body: Option<StreamingBlob>,
    mut claims: Claims,
    trailer: Option<&TrailingHeaders>,
    announced: Option<&http::HeaderValue>,
) -> S3Result<Received> {
    let announced = announced.and_then(|value| value.to_str().ok()).unwrap_or_default();
    let wants = |name: &str, claim: &Option<String>| claim.is_some() || announced.contains(name);
    let mut hasher = ChecksumHasher {
        crc32: wants("crc32", &claims.crc32).then(s3s::crypto::Crc32::new),
        crc32c: wants("crc32c", &claims.crc32c).then(s3s::crypto::Crc32c::new),
        crc64nvme: wants("crc64nvme", &claims.crc64nvme).then(s3s::crypto::Crc64Nvme::new),
        sha1: wants("sha1", &claims.sha1).then(s3s::crypto::Sha1::new),
        sha256: None,
    };
    let mut md5 = claims.md5.is_some().then(s3s::crypto::Md5::new);
    let mut sha256 = Sha256::new();
    let (mut size, mut content) = (0, Some(Vec::new()));
    let mut body = body;
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
            Some(kept) if size <= KEPT_AT_MOST => kept.extend_from_slice(&chunk),
            _ => content = None,
        }
    }
    let sha256 = sha256.finalize().to_vec();
    let mut found = hasher.finalize();
    found.checksum_sha256 = Some(STANDARD.encode(&sha256));
    read_trailer(&mut claims, trailer);
    compare(&claims, &found)?;
    let md5 = md5.map(|md5| STANDARD.encode(md5.finalize()));
    if claims.md5.is_some() && claims.md5 != md5 {
        return Err(s3_error!(
            BadDigest,
            "The Content-MD5 you specified did not match what we received."
        ));
    }
    Ok(Received { size, sha256, content, has_sha256: claims.sha256.is_some() })
}

fn read_trailer(claims: &mut Claims, trailer: Option<&TrailingHeaders>) {
    let Some(headers) = trailer.and_then(TrailingHeaders::take) else { return };
    let value = |name: &str| Some(headers.get(name)?.to_str().ok()?.to_owned());
    for (claim, name) in [
        (&mut claims.crc32, "x-amz-checksum-crc32"),
        (&mut claims.crc32c, "x-amz-checksum-crc32c"),
        (&mut claims.crc64nvme, "x-amz-checksum-crc64nvme"),
        (&mut claims.sha1, "x-amz-checksum-sha1"),
        (&mut claims.sha256, "x-amz-checksum-sha256"),
    ] {
        *claim = value(name).or(claim.take());
    }
}

fn compare(claims: &Claims, found: &Checksum) -> S3Result<()> {
    for (claim, found, name) in [
        (&claims.crc32, &found.checksum_crc32, "CRC32"),
        (&claims.crc32c, &found.checksum_crc32c, "CRC32C"),
        (&claims.crc64nvme, &found.checksum_crc64nvme, "CRC64NVME"),
        (&claims.sha1, &found.checksum_sha1, "SHA1"),
        (&claims.sha256, &found.checksum_sha256, "SHA256"),
    ] {
        if claim.is_some() && found.is_some() && claim != found {
            return Err(s3_error!(
                BadDigest,
                "The {name} you specified did not match the calculated checksum."
            ));
        }
    }
    Ok(())
}
