//! The operations of S3 that the world knows, in the protocol's words.
//!
//! Only translates; what happens is in the files beside this folder. Operations that are not here
//! are answered with `NotImplemented`.

mod buckets;
mod lists;
mod objects;
mod uploads;

use s3s::dto;
use s3s::{S3, S3Request, S3Response, S3Result};

use super::Storage;

/// Each operation is a method of [`Storage`] of the same name, in the files of this folder.
macro_rules! operations {
    (
        at once [$($name:ident($input:ident) -> $output:ident)*]
        in time [$($slow:ident($slow_input:ident) -> $slow_output:ident)*]
    ) => {
        #[async_trait::async_trait]
        impl S3 for Storage {
            $(async fn $name(
                &self,
                request: S3Request<dto::$input>,
            ) -> S3Result<S3Response<dto::$output>> {
                Storage::$name(self, request).map(S3Response::new)
            })*
            $(async fn $slow(
                &self,
                request: S3Request<dto::$slow_input>,
            ) -> S3Result<S3Response<dto::$slow_output>> {
                Storage::$slow(self, request).await.map(S3Response::new)
            })*
        }
    };
}

operations! {
    at once [
        list_buckets(ListBucketsInput) -> ListBucketsOutput
        delete_bucket(DeleteBucketInput) -> DeleteBucketOutput
        get_bucket_location(GetBucketLocationInput) -> GetBucketLocationOutput
        get_bucket_versioning(GetBucketVersioningInput) -> GetBucketVersioningOutput
        put_bucket_versioning(PutBucketVersioningInput) -> PutBucketVersioningOutput
        get_bucket_encryption(GetBucketEncryptionInput) -> GetBucketEncryptionOutput
        put_bucket_encryption(PutBucketEncryptionInput) -> PutBucketEncryptionOutput
        delete_bucket_encryption(DeleteBucketEncryptionInput) -> DeleteBucketEncryptionOutput
        get_public_access_block(GetPublicAccessBlockInput) -> GetPublicAccessBlockOutput
        put_public_access_block(PutPublicAccessBlockInput) -> PutPublicAccessBlockOutput
        delete_public_access_block(DeletePublicAccessBlockInput) -> DeletePublicAccessBlockOutput
        get_bucket_ownership_controls(GetBucketOwnershipControlsInput) -> GetBucketOwnershipControlsOutput
        put_bucket_ownership_controls(PutBucketOwnershipControlsInput) -> PutBucketOwnershipControlsOutput
        delete_bucket_ownership_controls(DeleteBucketOwnershipControlsInput) -> DeleteBucketOwnershipControlsOutput
        get_bucket_policy(GetBucketPolicyInput) -> GetBucketPolicyOutput
        put_bucket_policy(PutBucketPolicyInput) -> PutBucketPolicyOutput
        delete_bucket_policy(DeleteBucketPolicyInput) -> DeleteBucketPolicyOutput
        get_bucket_tagging(GetBucketTaggingInput) -> GetBucketTaggingOutput
        put_bucket_tagging(PutBucketTaggingInput) -> PutBucketTaggingOutput
        delete_bucket_tagging(DeleteBucketTaggingInput) -> DeleteBucketTaggingOutput
        get_object_attributes(GetObjectAttributesInput) -> GetObjectAttributesOutput
        get_object_tagging(GetObjectTaggingInput) -> GetObjectTaggingOutput
        put_object_tagging(PutObjectTaggingInput) -> PutObjectTaggingOutput
        delete_object_tagging(DeleteObjectTaggingInput) -> DeleteObjectTaggingOutput
        list_object_versions(ListObjectVersionsInput) -> ListObjectVersionsOutput
        list_parts(ListPartsInput) -> ListPartsOutput
        list_multipart_uploads(ListMultipartUploadsInput) -> ListMultipartUploadsOutput
        abort_multipart_upload(AbortMultipartUploadInput) -> AbortMultipartUploadOutput
    ]
    in time [
        create_bucket(CreateBucketInput) -> CreateBucketOutput
        head_bucket(HeadBucketInput) -> HeadBucketOutput
        put_object(PutObjectInput) -> PutObjectOutput
        get_object(GetObjectInput) -> GetObjectOutput
        head_object(HeadObjectInput) -> HeadObjectOutput
        copy_object(CopyObjectInput) -> CopyObjectOutput
        delete_object(DeleteObjectInput) -> DeleteObjectOutput
        delete_objects(DeleteObjectsInput) -> DeleteObjectsOutput
        list_objects(ListObjectsInput) -> ListObjectsOutput
        list_objects_v2(ListObjectsV2Input) -> ListObjectsV2Output
        create_multipart_upload(CreateMultipartUploadInput) -> CreateMultipartUploadOutput
        upload_part(UploadPartInput) -> UploadPartOutput
        upload_part_copy(UploadPartCopyInput) -> UploadPartCopyOutput
        complete_multipart_upload(CompleteMultipartUploadInput) -> CompleteMultipartUploadOutput
    ]
}

/// The checksums that a protocol's input claims.
macro_rules! claims {
    ($input:expr) => {
        crate::rehearsal::storage::body::Claims {
            sums: crate::rehearsal::storage::sums::Sums {
                crc32: $input.checksum_crc32.take(),
                crc32c: $input.checksum_crc32c.take(),
                crc64nvme: $input.checksum_crc64nvme.take(),
                sha1: $input.checksum_sha1.take(),
                sha256: $input.checksum_sha256.take(),
            },
            md5: $input.content_md5.take(),
        }
    };
}

/// An output of the protocol with the checksums of an object; `all` where no field is left.
macro_rules! summed {
    ($output:ident { $($field:ident: $value:expr),* $(,)? }, $sums:expr) => {
        summed!(@ $output { $($field: $value,)* }, $sums, ..$output::default())
    };
    (all $output:ident { $($field:ident: $value:expr),* $(,)? }, $sums:expr) => {
        summed!(@ $output { $($field: $value,)* }, $sums,)
    };
    (@ $output:ident { $($field:ident: $value:expr,)* }, $sums:expr, $($rest:tt)*) => {{
        let sums = $sums;
        $output {
            $($field: $value,)*
            checksum_crc32: sums.crc32,
            checksum_crc32c: sums.crc32c,
            checksum_crc64nvme: sums.crc64nvme,
            checksum_sha1: sums.sha1,
            checksum_sha256: sums.sha256,
            $($rest)*
        }
    }};
}

pub(super) use lists::written;
use {claims, summed};
