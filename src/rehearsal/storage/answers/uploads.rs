//! Uploads in parts.

use s3s::dto::{
    AbortMultipartUploadInput, AbortMultipartUploadOutput, ChecksumAlgorithm, ChecksumType,
    CompleteMultipartUploadInput, CompleteMultipartUploadOutput, CopyPartResult,
    CreateMultipartUploadInput, CreateMultipartUploadOutput, ListMultipartUploadsInput,
    ListMultipartUploadsOutput, ListPartsInput, ListPartsOutput, MultipartUpload, Part,
    UploadPartCopyInput, UploadPartCopyOutput, UploadPartInput, UploadPartOutput,
};
use s3s::{S3Request, S3Result, s3_error};
use sha2::{Digest as _, Sha256};

use super::objects::{about, encryption};
use super::{claims, summed, written};
use crate::rehearsal::storage::body::{Keep, Received, receive};
use crate::rehearsal::storage::multipart::Upload;
use crate::rehearsal::storage::objects::{Object as Stored, is_of_terraform, timestamp};
use crate::rehearsal::storage::sums::{self, Making, Sums};
use crate::rehearsal::storage::versions::Conditions;
use crate::rehearsal::storage::{Call, Storage};

impl Storage {
    pub(super) async fn create_multipart_upload(
        &self,
        request: S3Request<CreateMultipartUploadInput>,
    ) -> S3Result<CreateMultipartUploadOutput> {
        let mut input = request.input;
        self.admit(Call::write(&input.bucket, &input.key), &request.extensions).await?;
        let algorithm = input.checksum_algorithm.take();
        let name = algorithm.as_ref().map_or(sums::DEFAULT, ChecksumAlgorithm::as_str);
        let making = Making::of(name, input.checksum_type.as_ref());
        let mut about = about!(input);
        self.encrypt(&input.bucket, &mut about);
        let upload = self.begin_upload(Upload {
            bucket: input.bucket,
            key: input.key,
            id: String::new(),
            about,
            algorithm: algorithm.as_ref().map(|algorithm| algorithm.as_str().to_owned()),
            making,
            initiated: self.world.now(),
        })?;
        Ok(CreateMultipartUploadOutput {
            checksum_type: algorithm.as_ref().map(|_| type_of(making)),
            checksum_algorithm: algorithm,
            server_side_encryption: encryption(&upload.about),
            ssekms_key_id: upload.about.key_id,
            bucket: Some(upload.bucket),
            key: Some(upload.key),
            upload_id: Some(upload.id),
            ..CreateMultipartUploadOutput::default()
        })
    }

    pub(super) async fn upload_part(
        &self,
        mut request: S3Request<UploadPartInput>,
    ) -> S3Result<UploadPartOutput> {
        let input = &mut request.input;
        self.admit(Call::write(&input.bucket, &input.key), &request.extensions).await?;
        let upload = self.upload(&input.bucket, &input.key, &input.upload_id)?;
        let claims = claims!(input);
        let announced = request.headers.get("x-amz-trailer");
        let trailer = request.trailing_headers.as_ref();
        let keep = if is_of_terraform(&input.key) { Keep::Always } else { Keep::Small };
        let received = receive(input.body.take(), claims, trailer, announced, keep).await?;
        if let Some(algorithm) = upload.algorithm.as_deref()
            && received.sums.of(algorithm).is_none()
        {
            return Err(s3_error!(
                InvalidRequest,
                "Checksum Type mismatch occurred, expected checksum Type: {}, actual checksum \
                 Type: null",
                algorithm.to_ascii_lowercase()
            ));
        }
        self.take_time(&input.key, received.size).await;
        let part = Stored::new(&received, self.world.now());
        self.put_part(&upload, input.part_number, &part)?;
        let e_tag = Some(part.etag());
        Ok(summed!(UploadPartOutput { e_tag: e_tag }, part.sums))
    }

    pub(super) async fn upload_part_copy(
        &self,
        request: S3Request<UploadPartCopyInput>,
    ) -> S3Result<UploadPartCopyOutput> {
        let input = request.input;
        self.admit(Call::write(&input.bucket, &input.key), &request.extensions).await?;
        let upload = self.upload(&input.bucket, &input.key, &input.upload_id)?;
        let source = self.source(&input.copy_source)?;
        let range = match &input.copy_source_range {
            Some(text) => part_range(text, source.size)?,
            None => 0..source.size,
        };
        let (size, version) = (range.end - range.start, source.version.clone());
        let part = if size == source.size && source.content.is_none() {
            // Its bytes are gone, what is known of them is not.
            Stored { sequence: 0, version: None, modified: self.world.now(), ..source }
        } else {
            let content = bytes_of(&source, range)?;
            let mut hasher =
                sums::hasher(|name| name == upload.algorithm.as_deref().unwrap_or(sums::DEFAULT));
            hasher.update(&content);
            let received = Received {
                size,
                sha256: Sha256::digest(&content).to_vec(),
                content: Some(content),
                sums: Sums::from(hasher.finalize()),
            };
            Stored::new(&received, self.world.now())
        };
        self.take_time(&input.key, size).await;
        self.put_part(&upload, input.part_number, &part)?;
        let (e_tag, last_modified) = (Some(part.etag()), Some(part.modified()));
        let result =
            summed!(all CopyPartResult { e_tag: e_tag, last_modified: last_modified }, part.sums);
        Ok(UploadPartCopyOutput {
            copy_part_result: Some(result),
            copy_source_version_id: version,
            ..UploadPartCopyOutput::default()
        })
    }

    pub(super) fn list_parts(
        &self,
        request: S3Request<ListPartsInput>,
    ) -> S3Result<ListPartsOutput> {
        let input = request.input;
        self.require_bucket(&input.bucket)?;
        let upload = self.upload(&input.bucket, &input.key, &input.upload_id)?;
        let after = input.part_number_marker.unwrap_or(0);
        let most = input.max_parts.and_then(|n| usize::try_from(n).ok()).unwrap_or(1000).min(1000);
        let mut parts: Vec<(i32, Stored)> = self.parts(&upload);
        parts.retain(|(number, _)| *number > after);
        let is_truncated = parts.len() > most;
        parts.truncate(most);
        let next = parts.last().map(|(number, _)| *number).filter(|_| is_truncated);
        let part = |(number, part): (i32, Stored)| {
            let (size, e_tag, modified) = (part.length(), part.etag(), part.modified());
            summed!(all Part {
                    part_number: Some(number),
                    size: Some(size),
                    e_tag: Some(e_tag),
                    last_modified: Some(modified),
                },
                part.sums
            )
        };
        let algorithm = upload.algorithm.clone();
        Ok(ListPartsOutput {
            bucket: Some(input.bucket),
            key: Some(input.key),
            upload_id: Some(input.upload_id),
            is_truncated: Some(is_truncated),
            next_part_number_marker: next,
            max_parts: i32::try_from(most).ok(),
            part_number_marker: Some(after),
            checksum_type: algorithm.as_ref().map(|_| type_of(upload.making)),
            checksum_algorithm: algorithm.map(ChecksumAlgorithm::from),
            parts: Some(parts.into_iter().map(part).collect()),
            ..ListPartsOutput::default()
        })
    }

    pub(super) fn list_multipart_uploads(
        &self,
        request: S3Request<ListMultipartUploadsInput>,
    ) -> S3Result<ListMultipartUploadsOutput> {
        let input = request.input;
        self.require_bucket(&input.bucket)?;
        let encoding = input.encoding_type;
        let mut uploads = self.uploads(&input.bucket, input.prefix.as_deref().unwrap_or_default());
        let marker = input.key_marker.clone().unwrap_or_default();
        let id = input.upload_id_marker.clone().unwrap_or_default();
        uploads.retain(|upload| {
            upload.key > marker || (upload.key == marker && !id.is_empty() && upload.id > id)
        });
        let most = input.max_uploads.and_then(|n| usize::try_from(n).ok());
        let most = most.unwrap_or(1000).min(1000);
        let is_truncated = uploads.len() > most;
        uploads.truncate(most);
        let last = uploads.last().filter(|_| is_truncated);
        let next_key_marker = last.map(|upload| written(&upload.key, encoding.as_ref()));
        let next_upload_id_marker = last.map(|upload| upload.id.clone());
        let upload = |upload: Upload| MultipartUpload {
            key: Some(written(&upload.key, encoding.as_ref())),
            upload_id: Some(upload.id),
            initiated: Some(timestamp(upload.initiated)),
            ..MultipartUpload::default()
        };
        Ok(ListMultipartUploadsOutput {
            bucket: Some(input.bucket),
            prefix: input.prefix,
            key_marker: input.key_marker,
            upload_id_marker: input.upload_id_marker,
            is_truncated: Some(is_truncated),
            next_key_marker,
            next_upload_id_marker,
            max_uploads: i32::try_from(most).ok(),
            uploads: Some(uploads.into_iter().map(upload).collect()),
            encoding_type: encoding.clone(),
            ..ListMultipartUploadsOutput::default()
        })
    }

    pub(super) async fn complete_multipart_upload(
        &self,
        request: S3Request<CompleteMultipartUploadInput>,
    ) -> S3Result<CompleteMultipartUploadOutput> {
        let mut input = request.input;
        self.admit(Call::write(&input.bucket, &input.key), &request.extensions).await?;
        let upload = self.upload(&input.bucket, &input.key, &input.upload_id)?;
        let claimed = Sums {
            crc32: input.checksum_crc32.take(),
            crc32c: input.checksum_crc32c.take(),
            crc64nvme: input.checksum_crc64nvme.take(),
            sha1: input.checksum_sha1.take(),
            sha256: input.checksum_sha256.take(),
        };
        let parts = input.multipart_upload.and_then(|upload| upload.parts).unwrap_or_default();
        let conditions = Conditions {
            if_match: input.if_match.as_ref(),
            if_none_match: input.if_none_match.as_ref(),
        };
        let (object, version_id) = self.complete_upload(&upload, &parts, &claimed, conditions)?;
        let e_tag = Some(object.etag());
        let location = Some(format!("/{}/{}", input.bucket, input.key));
        Ok(summed!(
            CompleteMultipartUploadOutput {
                bucket: Some(input.bucket),
                key: Some(input.key),
                location: location,
                e_tag: e_tag,
                version_id: version_id,
                server_side_encryption: encryption(&object.about),
                ssekms_key_id: object.about.key_id,
                checksum_type: object.sums.kind(),
            },
            object.sums.clone()
        ))
    }

    pub(super) fn abort_multipart_upload(
        &self,
        request: S3Request<AbortMultipartUploadInput>,
    ) -> S3Result<AbortMultipartUploadOutput> {
        let input = request.input;
        self.allow("s3:AbortMultipartUpload", &input.bucket, &input.key)?;
        self.require_bucket(&input.bucket)?;
        let upload = self.upload(&input.bucket, &input.key, &input.upload_id)?;
        self.forget_upload(&upload)?;
        Ok(AbortMultipartUploadOutput::default())
    }
}

fn type_of(making: Making) -> ChecksumType {
    ChecksumType::from_static(match making {
        Making::Composite => ChecksumType::COMPOSITE,
        Making::FullObject => ChecksumType::FULL_OBJECT,
    })
}

/// `bytes=FIRST-LAST`, both within the object.
fn part_range(text: &str, size: u64) -> S3Result<std::ops::Range<u64>> {
    let parsed = text.strip_prefix("bytes=").and_then(|range| {
        let (first, last) = range.split_once('-')?;
        Some((first.parse::<u64>().ok()?, last.parse::<u64>().ok()?))
    });
    match parsed {
        Some((first, last)) if first <= last && last < size => Ok(first..last + 1),
        _ => Err(s3_error!(
            InvalidArgument,
            "Range specified is not valid for source object of size: {size}"
        )),
    }
}

fn bytes_of(source: &Stored, range: std::ops::Range<u64>) -> S3Result<Vec<u8>> {
    use base64::Engine as _;
    let gone = || {
        s3_error!(
            InvalidObjectState,
            "The simulated world keeps only size and digest of large objects ({} bytes).",
            source.size
        )
    };
    let content = source.content.as_ref().ok_or_else(gone)?;
    let content = base64::engine::general_purpose::STANDARD.decode(content);
    let content = content.map_err(|_not_base64| gone())?;
    let at = |n: u64| usize::try_from(n).unwrap_or(usize::MAX).min(content.len());
    Ok(content[at(range.start)..at(range.end)].to_vec())
}
