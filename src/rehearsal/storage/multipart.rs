//! Uploads in parts.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use s3s::dto::CompletedPart;
use s3s::{S3Result, s3_error};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::objects::{About, Object, is_of_terraform};
use super::sums::{self, ALGORITHMS, Making, Sums};
use super::versions::Conditions;
use super::{KEPT_AT_MOST, Storage, failed};

/// As S3 has it; the last part may be smaller.
const SMALLEST_PART: u64 = 5 << 20;

/// An upload that is not finished, in the table `storage-uploads` under `BUCKET/KEY?ID`; its parts
/// are in `storage-parts` under `ID/NUMBER`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Upload {
    pub(super) bucket: String,
    pub(super) key: String,
    pub(super) id: String,
    pub(super) about: About,
    /// The algorithm that the client chose, of which every part then has a checksum.
    pub(super) algorithm: Option<String>,
    pub(super) making: Making,
    pub(super) initiated: jiff::Timestamp,
}

impl Storage {
    pub(super) fn begin_upload(&self, mut upload: Upload) -> S3Result<Upload> {
        let count = self.count.fetch_add(1, Ordering::Relaxed);
        let label = format!("{}/{}/{count}/{}", upload.bucket, upload.key, upload.initiated);
        upload.id = self.world.hex(&label, 48);
        let value = serde_json::to_value(&upload).map_err(|error| failed(error.into()))?;
        self.world.store.put("storage-uploads", &upload.name(), value).map_err(failed)?;
        Ok(upload)
    }

    pub(super) fn upload(&self, bucket: &str, key: &str, id: &str) -> S3Result<Upload> {
        let stored = self.world.store.get("storage-uploads", &format!("{bucket}/{key}?{id}"));
        let stored = stored.ok_or_else(|| {
            s3_error!(
                NoSuchUpload,
                "The specified upload does not exist. The upload ID may be invalid, or the upload \
                 may have been aborted or completed."
            )
        })?;
        serde_json::from_value(stored).map_err(|error| failed(error.into()))
    }

    /// The unfinished uploads of a bucket whose key begins with `prefix`, in the order of keys.
    pub(super) fn uploads(&self, bucket: &str, prefix: &str) -> Vec<Upload> {
        let stored = self.world.store.list_prefix("storage-uploads", &format!("{bucket}/{prefix}"));
        stored.into_iter().filter_map(|(_, value)| serde_json::from_value(value).ok()).collect()
    }

    pub(super) fn put_part(&self, upload: &Upload, number: i32, object: &Object) -> S3Result<()> {
        if !(1..=10_000).contains(&number) {
            return Err(s3_error!(
                InvalidArgument,
                "Part number must be an integer between 1 and 10000, inclusive"
            ));
        }
        let value = serde_json::to_value(object).map_err(|error| failed(error.into()))?;
        let name = part_name(&upload.id, number);
        self.world.store.put("storage-parts", &name, value).map_err(failed)
    }

    /// The parts of an upload by number.
    pub(super) fn parts(&self, upload: &Upload) -> Vec<(i32, Object)> {
        let stored = self.world.store.list_prefix("storage-parts", &format!("{}/", upload.id));
        let number = |name: &str| name.rsplit('/').next()?.parse().ok();
        stored
            .into_iter()
            .filter_map(|(name, value)| Some((number(&name)?, serde_json::from_value(value).ok()?)))
            .collect()
    }

    /// Makes the object; its version comes back beside it, where the bucket has versions.
    pub(super) fn complete_upload(
        &self,
        upload: &Upload,
        chosen: &[CompletedPart],
        claimed: &Sums,
        conditions: Conditions<'_>,
    ) -> S3Result<(Object, Option<String>)> {
        let parts = self.chosen_parts(upload, chosen)?;
        let mut object = joined(upload, &parts)?;
        for name in ALGORITHMS {
            if let (Some(claim), Some(found)) = (claimed.of(name), object.sums.of(name))
                && found != claim
                && found.split_once('-').is_none_or(|(sum, _)| sum != claim)
            {
                return Err(s3_error!(
                    BadDigest,
                    "The {name} you specified did not match the calculated checksum."
                ));
            }
        }
        object.about = upload.about.clone();
        object.modified = self.world.now();
        let version = self.store(&upload.bucket, &upload.key, object.clone(), conditions)?;
        self.forget_upload(upload)?;
        Ok((object, version))
    }

    fn chosen_parts(&self, upload: &Upload, chosen: &[CompletedPart]) -> S3Result<Vec<Object>> {
        let there: BTreeMap<i32, Object> = self.parts(upload).into_iter().collect();
        let mut parts = Vec::new();
        let mut last = 0;
        for (at, part) in chosen.iter().enumerate() {
            let number = part.part_number.unwrap_or(0);
            if number <= last {
                return Err(s3_error!(
                    InvalidPartOrder,
                    "The list of parts was not in ascending order."
                ));
            }
            last = number;
            let object = there.get(&number).filter(|object| {
                let tag = part.e_tag.as_ref().map(s3s::dto::ETag::value);
                let claims = claimed(part);
                let is_right = |name: &&str| {
                    claims.of(name).is_none() || claims.of(name) == object.sums.of(name)
                };
                tag == Some(object.etag.as_str()) && ALGORITHMS.iter().all(is_right)
            });
            let Some(object) = object else {
                return Err(s3_error!(
                    InvalidPart,
                    "One or more of the specified parts could not be found.  The part may not \
                     have been uploaded, or the specified entity tag may not match the part's \
                     entity tag."
                ));
            };
            if object.size < SMALLEST_PART && at + 1 < chosen.len() {
                return Err(s3_error!(
                    EntityTooSmall,
                    "Your proposed upload is smaller than the minimum allowed size"
                ));
            }
            parts.push(object.clone());
        }
        if parts.is_empty() {
            return Err(s3_error!(MalformedXML, "The list of parts is empty."));
        }
        Ok(parts)
    }

    pub(super) fn forget_upload(&self, upload: &Upload) -> S3Result<()> {
        // The upload first: a part without one is never seen.
        self.world.store.remove("storage-uploads", &upload.name()).map_err(failed)?;
        for (number, _) in self.parts(upload) {
            let name = part_name(&upload.id, number);
            self.world.store.remove("storage-parts", &name).map_err(failed)?;
        }
        Ok(())
    }
}

impl Upload {
    fn name(&self) -> String {
        format!("{}/{}?{}", self.bucket, self.key, self.id)
    }
}

fn claimed(part: &CompletedPart) -> Sums {
    Sums {
        crc32: part.checksum_crc32.clone(),
        crc32c: part.checksum_crc32c.clone(),
        crc64nvme: part.checksum_crc64nvme.clone(),
        sha1: part.checksum_sha1.clone(),
        sha256: part.checksum_sha256.clone(),
    }
}

/// The object that the parts make.
fn joined(upload: &Upload, parts: &[Object]) -> S3Result<Object> {
    let size = parts.iter().map(|part| part.size).sum();
    let mut of_digests = Sha256::new();
    for part in parts {
        let digits = part.sha256.trim_start_matches("sha256:");
        of_digests
            .update(hex::decode(digits).map_err(|error| s3_error!(InternalError, "{error}"))?);
    }
    let of_digests = of_digests.finalize();
    let content = parts
        .iter()
        .map(|part| STANDARD.decode(part.content.as_ref()?).ok())
        .collect::<Option<Vec<_>>>()
        .filter(|_| size <= KEPT_AT_MOST || is_of_terraform(&upload.key))
        .map(|parts| parts.concat());
    let digits = hex::encode(of_digests);
    let sha256 = match &content {
        Some(content) => format!("sha256:{}", hex::encode(Sha256::digest(content))),
        None => format!("sha256-parts:{digits}-{}", parts.len()),
    };
    let sums_of_parts: Vec<(&Sums, u64)> =
        parts.iter().map(|part| (&part.sums, part.size)).collect();
    let algorithm = upload.algorithm.as_deref().unwrap_or(sums::DEFAULT);
    Ok(Object {
        size,
        sha256,
        etag: format!("{}-{}", &digits[..32], parts.len()),
        about: About::default(),
        modified: jiff::Timestamp::UNIX_EPOCH,
        sums: sums::joined(algorithm, upload.making, &sums_of_parts).unwrap_or_default(),
        version: None,
        sequence: 0,
        content: content.map(|content| STANDARD.encode(content)),
    })
}

fn part_name(id: &str, number: i32) -> String {
    format!("{id}/{number:05}")
}
