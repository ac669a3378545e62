//! The operations of S3 that the world knows, in the protocol's words.
//!
//! Only translates; what happens is in the other files. Operations that are not here are answered
//! with `NotImplemented`.

use s3s::dto::{
    AbortMultipartUploadInput, AbortMultipartUploadOutput, Bucket, ChecksumAlgorithm, ChecksumMode,
    CompleteMultipartUploadInput, CompleteMultipartUploadOutput, CopyObjectInput, CopyObjectOutput,
    CopyObjectResult, CopySource, CreateMultipartUploadInput, CreateMultipartUploadOutput,
    DeleteObjectInput, DeleteObjectOutput, DeleteObjectsInput, DeleteObjectsOutput, DeletedObject,
    GetBucketLocationInput, GetBucketLocationOutput, GetObjectInput, GetObjectOutput,
    HeadBucketInput, HeadBucketOutput, HeadObjectInput, HeadObjectOutput, ListBucketsInput,
    ListBucketsOutput, ListMultipartUploadsInput, ListMultipartUploadsOutput, ListObjectsInput,
    ListObjectsOutput, ListObjectsV2Input, ListObjectsV2Output, ListPartsInput, ListPartsOutput,
    Metadata, MetadataDirective, MultipartUpload, Part, PutObjectInput, PutObjectOutput,
    UploadPartInput, UploadPartOutput,
};
use s3s::{S3, S3Request, S3Response, S3Result, s3_error};

use super::Storage;
use super::body::{Claims, receive};
use super::listing::Wanted;
use super::multipart::Upload;
use super::objects::{Object as Stored, timestamp};

/// The fields by which the protocol's inputs claim checksums.
macro_rules! claims {
    ($input:expr) => {
        Claims {
            crc32: $input.checksum_crc32.take(),
            crc32c: $input.checksum_crc32c.take(),
            crc64nvme: $input.checksum_crc64nvme.take(),
            sha1: $input.checksum_sha1.take(),
            sha256: $input.checksum_sha256.take(),
            md5: $input.content_md5.take(),
        }
    };
}

#[async_trait::async_trait]
impl S3 for Storage {
    async fn list_buckets(
        &self,
        _request: S3Request<ListBucketsInput>,
    ) -> S3Result<S3Response<ListBucketsOutput>> {
        let made = timestamp(jiff::Timestamp::UNIX_EPOCH);
        let bucket = |name| Bucket {
            name: Some(name),
            creation_date: Some(made.clone()),
            ..Bucket::default()
        };
        let buckets = Some(self.buckets().into_iter().map(bucket).collect());
        Ok(S3Response::new(ListBucketsOutput { buckets, ..ListBucketsOutput::default() }))
    }

    async fn head_bucket(
        &self,
        request: S3Request<HeadBucketInput>,
    ) -> S3Result<S3Response<HeadBucketOutput>> {
        self.require_bucket(&request.input.bucket)?;
        Ok(S3Response::new(HeadBucketOutput::default()))
    }

    async fn get_bucket_location(
        &self,
        request: S3Request<GetBucketLocationInput>,
    ) -> S3Result<S3Response<GetBucketLocationOutput>> {
        self.require_bucket(&request.input.bucket)?;
        Ok(S3Response::new(GetBucketLocationOutput::default()))
    }

    async fn put_object(
        &self,
        mut request: S3Request<PutObjectInput>,
    ) -> S3Result<S3Response<PutObjectOutput>> {
        let extensions = &request.extensions;
        let input = &mut request.input;
        self.admit("s3:PutObject", &input.bucket, &input.key, extensions).await?;
        let claims = claims!(input);
        let announced = request.headers.get("x-amz-trailer");
        let trailer = request.trailing_headers.as_ref();
        let received = receive(input.body.take(), claims, trailer, announced).await?;
        let mut object = Stored::new(&received, self.world.now());
        object.metadata = input.metadata.take().unwrap_or_default().into_iter().collect();
        object.content_type = input.content_type.take();
        self.take_time(&input.key, object.size).await;
        self.store(&input.bucket, &input.key, &object, input.if_none_match.as_ref())?;
        Ok(S3Response::new(PutObjectOutput {
            e_tag: Some(object.etag()),
            checksum_sha256: object.checksum_sha256,
            ..PutObjectOutput::default()
        }))
    }

    async fn get_object(
        &self,
        request: S3Request<GetObjectInput>,
    ) -> S3Result<S3Response<GetObjectOutput>> {
        let input = request.input;
        let object = self.object(&input.bucket, &input.key)?;
        let range = match input.range {
            Some(range) => range.check(object.size)?,
            None => 0..object.size,
        };
        let content_range = input
            .range
            .is_some()
            .then(|| format!("bytes {}-{}/{}", range.start, range.end.max(1) - 1, object.size));
        let length = i64::try_from(range.end - range.start).unwrap_or(i64::MAX);
        Ok(S3Response::new(GetObjectOutput {
            body: Some(object.bytes(range)?),
            accept_ranges: Some("bytes".into()),
            content_length: Some(length),
            content_range,
            content_type: object.content_type.clone(),
            e_tag: Some(object.etag()),
            last_modified: Some(object.modified()),
            metadata: metadata(&object),
            ..GetObjectOutput::default()
        }))
    }

    async fn head_object(
        &self,
        request: S3Request<HeadObjectInput>,
    ) -> S3Result<S3Response<HeadObjectOutput>> {
        let input = request.input;
        let object = self.object(&input.bucket, &input.key)?;
        let asked = input.checksum_mode.is_some_and(|mode| mode.as_str() == ChecksumMode::ENABLED);
        let checksum_sha256 = object.checksum_sha256.clone().filter(|_| asked);
        Ok(S3Response::new(HeadObjectOutput {
            accept_ranges: Some("bytes".into()),
            checksum_sha256,
            content_length: Some(object.length()),
            content_type: object.content_type.clone(),
            e_tag: Some(object.etag()),
            last_modified: Some(object.modified()),
            metadata: metadata(&object),
            ..HeadObjectOutput::default()
        }))
    }

    async fn copy_object(
        &self,
        request: S3Request<CopyObjectInput>,
    ) -> S3Result<S3Response<CopyObjectOutput>> {
        let input = request.input;
        let CopySource::Bucket { bucket, key, .. } = &input.copy_source else {
            return Err(s3_error!(NotImplemented, "Only objects of a bucket can be copied."));
        };
        let mut object = self.object(bucket, key)?;
        let replaces = input
            .metadata_directive
            .is_some_and(|directive| directive.as_str() == MetadataDirective::REPLACE);
        if replaces {
            object.metadata = input.metadata.unwrap_or_default().into_iter().collect();
            object.content_type = input.content_type;
        }
        object.modified = self.world.now();
        self.require_bucket(&input.bucket)?;
        self.store(&input.bucket, &input.key, &object, None)?;
        let result = CopyObjectResult {
            e_tag: Some(object.etag()),
            last_modified: Some(object.modified()),
            ..CopyObjectResult::default()
        };
        let copy_object_result = Some(result);
        Ok(S3Response::new(CopyObjectOutput { copy_object_result, ..CopyObjectOutput::default() }))
    }

    async fn delete_object(
        &self,
        request: S3Request<DeleteObjectInput>,
    ) -> S3Result<S3Response<DeleteObjectOutput>> {
        self.require_bucket(&request.input.bucket)?;
        self.remove(&request.input.bucket, &request.input.key)?;
        Ok(S3Response::new(DeleteObjectOutput::default()))
    }

    async fn delete_objects(
        &self,
        request: S3Request<DeleteObjectsInput>,
    ) -> S3Result<S3Response<DeleteObjectsOutput>> {
        let input = request.input;
        self.require_bucket(&input.bucket)?;
        let mut deleted = Vec::new();
        for object in input.delete.objects {
            self.remove(&input.bucket, &object.key)?;
            deleted.push(DeletedObject { key: Some(object.key), ..DeletedObject::default() });
        }
        let deleted = Some(deleted).filter(|_| !input.delete.quiet.unwrap_or(false));
        Ok(S3Response::new(DeleteObjectsOutput { deleted, ..DeleteObjectsOutput::default() }))
    }

    async fn list_objects(
        &self,
        request: S3Request<ListObjectsInput>,
    ) -> S3Result<S3Response<ListObjectsOutput>> {
        let input = request.input;
        let page = self.page(&Wanted {
            bucket: &input.bucket,
            prefix: input.prefix.as_deref().unwrap_or_default(),
            delimiter: input.delimiter.as_deref().unwrap_or_default(),
            after: input.marker.as_deref().unwrap_or_default(),
            most: input.max_keys,
        })?;
        Ok(S3Response::new(ListObjectsOutput {
            is_truncated: Some(page.next.is_some()),
            next_marker: page.next,
            contents: Some(page.objects),
            common_prefixes: Some(page.prefixes),
            name: Some(input.bucket),
            prefix: input.prefix,
            delimiter: input.delimiter,
            marker: input.marker,
            max_keys: input.max_keys.or(Some(1000)),
            ..ListObjectsOutput::default()
        }))
    }

    async fn list_objects_v2(
        &self,
        request: S3Request<ListObjectsV2Input>,
    ) -> S3Result<S3Response<ListObjectsV2Output>> {
        let input = request.input;
        let after = input.continuation_token.as_deref().or(input.start_after.as_deref());
        let page = self.page(&Wanted {
            bucket: &input.bucket,
            prefix: input.prefix.as_deref().unwrap_or_default(),
            delimiter: input.delimiter.as_deref().unwrap_or_default(),
            after: after.unwrap_or_default(),
            most: input.max_keys,
        })?;
        Ok(S3Response::new(ListObjectsV2Output {
            key_count: Some(page.count()),
            is_truncated: Some(page.next.is_some()),
            next_continuation_token: page.next,
            contents: Some(page.objects),
            common_prefixes: Some(page.prefixes),
            name: Some(input.bucket),
            prefix: input.prefix,
            delimiter: input.delimiter,
            continuation_token: input.continuation_token,
            start_after: input.start_after,
            max_keys: input.max_keys.or(Some(1000)),
            ..ListObjectsV2Output::default()
        }))
    }

    async fn create_multipart_upload(
        &self,
        request: S3Request<CreateMultipartUploadInput>,
    ) -> S3Result<S3Response<CreateMultipartUploadOutput>> {
        let input = request.input;
        self.admit("s3:PutObject", &input.bucket, &input.key, &request.extensions).await?;
        let algorithm = input.checksum_algorithm;
        let has_sha256 =
            algorithm.as_ref().is_some_and(|a| a.as_str() == ChecksumAlgorithm::SHA256);
        let upload = self.begin_upload(Upload {
            bucket: input.bucket,
            key: input.key,
            id: String::new(),
            metadata: input.metadata.unwrap_or_default().into_iter().collect(),
            content_type: input.content_type,
            has_sha256,
            initiated: self.world.now(),
        })?;
        Ok(S3Response::new(CreateMultipartUploadOutput {
            bucket: Some(upload.bucket),
            key: Some(upload.key),
            upload_id: Some(upload.id),
            checksum_algorithm: algorithm,
            ..CreateMultipartUploadOutput::default()
        }))
    }

    async fn upload_part(
        &self,
        mut request: S3Request<UploadPartInput>,
    ) -> S3Result<S3Response<UploadPartOutput>> {
        let extensions = &request.extensions;
        let input = &mut request.input;
        self.admit("s3:PutObject", &input.bucket, &input.key, extensions).await?;
        let upload = self.upload(&input.bucket, &input.key, &input.upload_id)?;
        let claims = claims!(input);
        let announced = request.headers.get("x-amz-trailer");
        let trailer = request.trailing_headers.as_ref();
        let received = receive(input.body.take(), claims, trailer, announced).await?;
        if upload.has_sha256 && !received.has_sha256 {
            return Err(s3_error!(InvalidRequest, "The part has no SHA256 checksum."));
        }
        self.take_time(&input.key, received.size).await;
        let part = self.put_part(&upload, input.part_number, &received)?;
        Ok(S3Response::new(UploadPartOutput {
            e_tag: Some(part.etag()),
            checksum_sha256: part.checksum_sha256,
            ..UploadPartOutput::default()
        }))
    }

    async fn list_parts(
        &self,
        request: S3Request<ListPartsInput>,
    ) -> S3Result<S3Response<ListPartsOutput>> {
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
        let part = |(number, part): (i32, Stored)| Part {
            part_number: Some(number),
            size: Some(part.length()),
            e_tag: Some(part.etag()),
            last_modified: Some(part.modified()),
            checksum_sha256: part.checksum_sha256,
            ..Part::default()
        };
        Ok(S3Response::new(ListPartsOutput {
            bucket: Some(input.bucket),
            key: Some(input.key),
            upload_id: Some(input.upload_id),
            is_truncated: Some(is_truncated),
            next_part_number_marker: next,
            parts: Some(parts.into_iter().map(part).collect()),
            ..ListPartsOutput::default()
        }))
    }

    async fn list_multipart_uploads(
        &self,
        request: S3Request<ListMultipartUploadsInput>,
    ) -> S3Result<S3Response<ListMultipartUploadsOutput>> {
        let input = request.input;
        self.require_bucket(&input.bucket)?;
        let uploads = self.uploads(&input.bucket, input.prefix.as_deref().unwrap_or_default());
        let upload = |upload: Upload| MultipartUpload {
            key: Some(upload.key),
            upload_id: Some(upload.id),
            initiated: Some(timestamp(upload.initiated)),
            ..MultipartUpload::default()
        };
        Ok(S3Response::new(ListMultipartUploadsOutput {
            bucket: Some(input.bucket),
            prefix: input.prefix,
            is_truncated: Some(false),
            uploads: Some(uploads.into_iter().map(upload).collect()),
            ..ListMultipartUploadsOutput::default()
        }))
    }

    async fn complete_multipart_upload(
        &self,
        request: S3Request<CompleteMultipartUploadInput>,
    ) -> S3Result<S3Response<CompleteMultipartUploadOutput>> {
        let input = request.input;
        self.require_bucket(&input.bucket)?;
        let upload = self.upload(&input.bucket, &input.key, &input.upload_id)?;
        let parts = input.multipart_upload.and_then(|upload| upload.parts).unwrap_or_default();
        let object = self.complete_upload(&upload, &parts, input.if_none_match.as_ref())?;
        Ok(S3Response::new(CompleteMultipartUploadOutput {
            bucket: Some(input.bucket),
            key: Some(input.key),
            e_tag: Some(object.etag()),
            checksum_sha256: object.checksum_sha256,
            ..CompleteMultipartUploadOutput::default()
        }))
    }

    async fn abort_multipart_upload(
        &self,
        request: S3Request<AbortMultipartUploadInput>,
    ) -> S3Result<S3Response<AbortMultipartUploadOutput>> {
        let input = request.input;
        self.require_bucket(&input.bucket)?;
        let upload = self.upload(&input.bucket, &input.key, &input.upload_id)?;
        self.forget_upload(&upload)?;
        Ok(S3Response::new(AbortMultipartUploadOutput::default()))
    }
}

fn metadata(object: &Stored) -> Option<Metadata> {
    let is_some = !object.metadata.is_empty();
    is_some.then(|| object.metadata.clone().into_iter().collect())
}
