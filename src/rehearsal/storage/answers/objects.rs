//! Single objects: put, get, copy, delete, and what is said about them.

use std::collections::BTreeMap;

use s3s::dto::{
    Checksum, ChecksumMode, CopyObjectInput, CopyObjectOutput, CopyObjectResult, CopySource,
    DeleteObjectInput, DeleteObjectOutput, DeleteObjectTaggingInput, DeleteObjectTaggingOutput,
    DeleteObjectsInput, DeleteObjectsOutput, DeletedObject, Error as Failed,
    GetObjectAttributesInput, GetObjectAttributesOutput, GetObjectInput, GetObjectOutput,
    GetObjectTaggingInput, GetObjectTaggingOutput, HeadObjectInput, HeadObjectOutput, Metadata,
    MetadataDirective, ObjectIdentifier, PutObjectInput, PutObjectOutput, PutObjectTaggingInput,
    PutObjectTaggingOutput, ServerSideEncryption, Tag, Timestamp,
};
use s3s::dto::{ETag, ETagCondition};
use s3s::{S3Error, S3ErrorCode, S3Request, S3Result, s3_error};

use super::{claims, summed};
use crate::rehearsal::storage::body::{Keep, receive};
use crate::rehearsal::storage::objects::{About, Object, is_of_terraform};
use crate::rehearsal::storage::sums::Sums;
use crate::rehearsal::storage::versions::{Conditions, Deleted, precondition_failed};
use crate::rehearsal::storage::{Call, Storage};

/// What an input says about an object beside its bytes.
macro_rules! about {
    ($input:expr) => {
        crate::rehearsal::storage::objects::About {
            metadata: $input.metadata.take().unwrap_or_default().into_iter().collect(),
            content_type: $input.content_type.take(),
            cache_control: $input.cache_control.take(),
            content_encoding: $input.content_encoding.take(),
            content_disposition: $input.content_disposition.take(),
            encryption: $input.server_side_encryption.take().map(|e| e.as_str().to_owned()),
            key_id: $input.ssekms_key_id.take(),
            tags: crate::rehearsal::storage::answers::objects::tags_of($input.tagging.take()),
        }
    };
}

pub(super) use about;

impl Storage {
    pub(super) async fn put_object(
        &self,
        mut request: S3Request<PutObjectInput>,
    ) -> S3Result<PutObjectOutput> {
        let input = &mut request.input;
        let call = Call::write(&input.bucket, &input.key);
        self.admit(call, &request.extensions).await?;
        let claims = claims!(input);
        let announced = request.headers.get("x-amz-trailer");
        let trailer = request.trailing_headers.as_ref();
        let keep = if is_of_terraform(&input.key) { Keep::Always } else { Keep::Small };
        let received = receive(input.body.take(), claims, trailer, announced, keep).await?;
        let mut object = Object::new(&received, self.world.now());
        object.about = about!(input);
        self.encrypt(&input.bucket, &mut object.about);
        self.take_time(&input.key, object.size).await;
        let conditions = Conditions {
            if_match: input.if_match.as_ref(),
            if_none_match: input.if_none_match.as_ref(),
        };
        let version_id = self.store(&input.bucket, &input.key, object.clone(), conditions)?;
        let (about, sums) = (&object.about, &object.sums);
        Ok(summed!(
            PutObjectOutput {
                e_tag: Some(object.etag()),
                version_id: version_id,
                checksum_type: sums.kind(),
                server_side_encryption: encryption(about),
                ssekms_key_id: about.key_id.clone(),
            },
            sums.clone()
        ))
    }

    pub(super) async fn get_object(
        &self,
        request: S3Request<GetObjectInput>,
    ) -> S3Result<GetObjectOutput> {
        let input = request.input;
        self.admit(Call::read(&input.bucket, &input.key), &request.extensions).await?;
        let object = self.object(&input.bucket, &input.key, input.version_id.as_deref())?;
        let modified = (input.if_modified_since, input.if_unmodified_since);
        conditional(&object, input.if_match.as_ref(), input.if_none_match.as_ref(), modified)?;
        let range = match input.range {
            Some(range) => range.check(object.size)?,
            None => 0..object.size,
        };
        let content_range = input
            .range
            .is_some()
            .then(|| format!("bytes {}-{}/{}", range.start, range.end.max(1) - 1, object.size));
        let length = i64::try_from(range.end - range.start).unwrap_or(i64::MAX);
        // A checksum is of the whole object.
        let sums = shown(&object, input.checksum_mode.filter(|_| input.range.is_none()));
        let about = &object.about;
        Ok(summed!(
            GetObjectOutput {
                body: Some(object.bytes(range)?),
                accept_ranges: Some("bytes".into()),
                content_length: Some(length),
                content_range: content_range,
                content_type: about.content_type.clone(),
                cache_control: about.cache_control.clone(),
                content_encoding: about.content_encoding.clone(),
                content_disposition: about.content_disposition.clone(),
                server_side_encryption: encryption(about),
                ssekms_key_id: about.key_id.clone(),
                e_tag: Some(object.etag()),
                last_modified: Some(object.modified()),
                metadata: metadata(about),
                tag_count: i32::try_from(about.tags.len()).ok().filter(|count| *count > 0),
                version_id: self.shown_version(&input.bucket, &object),
                checksum_type: sums.kind(),
            },
            sums.clone()
        ))
    }

    pub(super) async fn head_object(
        &self,
        request: S3Request<HeadObjectInput>,
    ) -> S3Result<HeadObjectOutput> {
        let input = request.input;
        self.admit(Call::read(&input.bucket, &input.key), &request.extensions).await?;
        let object = self.object(&input.bucket, &input.key, input.version_id.as_deref())?;
        let modified = (input.if_modified_since, input.if_unmodified_since);
        conditional(&object, input.if_match.as_ref(), input.if_none_match.as_ref(), modified)?;
        let sums = shown(&object, input.checksum_mode);
        let about = &object.about;
        Ok(summed!(
            HeadObjectOutput {
                accept_ranges: Some("bytes".into()),
                content_length: Some(object.length()),
                content_type: about.content_type.clone(),
                cache_control: about.cache_control.clone(),
                content_encoding: about.content_encoding.clone(),
                content_disposition: about.content_disposition.clone(),
                server_side_encryption: encryption(about),
                ssekms_key_id: about.key_id.clone(),
                e_tag: Some(object.etag()),
                last_modified: Some(object.modified()),
                metadata: metadata(about),
                version_id: self.shown_version(&input.bucket, &object),
                checksum_type: sums.kind(),
            },
            sums.clone()
        ))
    }

    pub(super) fn get_object_attributes(
        &self,
        request: S3Request<GetObjectAttributesInput>,
    ) -> S3Result<GetObjectAttributesOutput> {
        let input = request.input;
        self.allow("s3:GetObjectAttributes", &input.bucket, &input.key)?;
        let object = self.object(&input.bucket, &input.key, input.version_id.as_deref())?;
        let asks = |name: &str| input.object_attributes.iter().any(|a| a.as_str() == name);
        let sums = object.sums.clone();
        let checksum = asks("Checksum")
            .then(|| summed!(all Checksum { checksum_type: sums.kind() }, sums.clone()));
        Ok(GetObjectAttributesOutput {
            checksum,
            e_tag: asks("ETag").then(|| object.etag()),
            object_size: asks("ObjectSize").then(|| object.length()),
            last_modified: Some(object.modified()),
            version_id: self.shown_version(&input.bucket, &object),
            ..GetObjectAttributesOutput::default()
        })
    }

    pub(super) fn get_object_tagging(
        &self,
        request: S3Request<GetObjectTaggingInput>,
    ) -> S3Result<GetObjectTaggingOutput> {
        let input = request.input;
        self.allow("s3:GetObjectTagging", &input.bucket, &input.key)?;
        let object = self.object(&input.bucket, &input.key, input.version_id.as_deref())?;
        let version_id = self.shown_version(&input.bucket, &object);
        let tag = |(key, value)| Tag { key: Some(key), value: Some(value) };
        let tag_set = object.about.tags.into_iter().map(tag).collect();
        Ok(GetObjectTaggingOutput { tag_set, version_id })
    }

    pub(super) fn put_object_tagging(
        &self,
        request: S3Request<PutObjectTaggingInput>,
    ) -> S3Result<PutObjectTaggingOutput> {
        let input = request.input;
        self.allow("s3:PutObjectTagging", &input.bucket, &input.key)?;
        let tags = input.tagging.tag_set;
        let tags = tags.into_iter().filter_map(|tag| Some((tag.key?, tag.value?))).collect();
        let version = input.version_id.as_deref();
        let object =
            self.change(&input.bucket, &input.key, version, |object| object.about.tags = tags)?;
        Ok(PutObjectTaggingOutput { version_id: self.shown_version(&input.bucket, &object) })
    }

    pub(super) fn delete_object_tagging(
        &self,
        request: S3Request<DeleteObjectTaggingInput>,
    ) -> S3Result<DeleteObjectTaggingOutput> {
        let input = request.input;
        self.allow("s3:DeleteObjectTagging", &input.bucket, &input.key)?;
        let version = input.version_id.as_deref();
        let clear = |object: &mut Object| object.about.tags.clear();
        let object = self.change(&input.bucket, &input.key, version, clear)?;
        Ok(DeleteObjectTaggingOutput { version_id: self.shown_version(&input.bucket, &object) })
    }

    pub(super) async fn copy_object(
        &self,
        request: S3Request<CopyObjectInput>,
    ) -> S3Result<CopyObjectOutput> {
        let mut input = request.input;
        self.admit(Call::write(&input.bucket, &input.key), &request.extensions).await?;
        let mut object = self.source(&input.copy_source)?;
        let copy_source_version_id = object.version.clone();
        let modified = (
            input.copy_source_if_modified_since.take(),
            input.copy_source_if_unmodified_since.take(),
        );
        let (if_match, if_none_match) =
            (input.copy_source_if_match.as_ref(), input.copy_source_if_none_match.as_ref());
        conditional(&object, if_match, if_none_match, modified).map_err(|error| {
            // A copy has no answer that says `not modified`.
            if *error.code() == S3ErrorCode::NotModified { precondition_failed() } else { error }
        })?;
        let directive = input.metadata_directive.take();
        let replaces = directive.is_some_and(|d| d.as_str() == MetadataDirective::REPLACE);
        let same = matches!(&input.copy_source, CopySource::Bucket { bucket, key, version_id: None }
            if **bucket == *input.bucket && **key == *input.key);
        let said: About = about!(input);
        if same && !replaces && said.encryption.is_none() {
            return Err(s3_error!(
                InvalidRequest,
                "This copy request is illegal because it is trying to copy an object to itself \
                 without changing the object's metadata, storage class, website redirect location \
                 or encryption attributes."
            ));
        }
        if replaces {
            object.about = said;
        } else {
            (object.about.encryption, object.about.key_id) = (said.encryption, said.key_id);
        }
        self.encrypt(&input.bucket, &mut object.about);
        object.modified = self.world.now();
        let version_id =
            self.store(&input.bucket, &input.key, object.clone(), Conditions::default())?;
        let (e_tag, last_modified) = (Some(object.etag()), Some(object.modified()));
        let sums = object.sums;
        let result = summed!(all CopyObjectResult {
                e_tag: e_tag,
                last_modified: last_modified,
                checksum_type: sums.kind(),
            },
            sums.clone()
        );
        Ok(CopyObjectOutput {
            copy_object_result: Some(result),
            copy_source_version_id,
            version_id,
            ..CopyObjectOutput::default()
        })
    }

    /// The object that is copied.
    pub(super) fn source(&self, source: &CopySource) -> S3Result<Object> {
        let CopySource::Bucket { bucket, key, version_id } = source else {
            return Err(s3_error!(NotImplemented, "Only objects of a bucket can be copied."));
        };
        self.allow("s3:GetObject", bucket, key)?;
        self.object(bucket, key, version_id.as_deref())
    }

    pub(super) async fn delete_object(
        &self,
        request: S3Request<DeleteObjectInput>,
    ) -> S3Result<DeleteObjectOutput> {
        let input = request.input;
        self.admit(Call::delete(&input.bucket, &input.key), &request.extensions).await?;
        let version = input.version_id.as_deref();
        let deleted = self.delete(&input.bucket, &input.key, version, input.if_match.as_ref())?;
        Ok(DeleteObjectOutput {
            delete_marker: deleted.is_marker.then_some(true),
            version_id: deleted.version,
            ..DeleteObjectOutput::default()
        })
    }

    pub(super) async fn delete_objects(
        &self,
        request: S3Request<DeleteObjectsInput>,
    ) -> S3Result<DeleteObjectsOutput> {
        let input = request.input;
        self.require_bucket(&input.bucket)?;
        if input.delete.objects.len() > 1000 {
            return Err(s3_error!(
                MalformedXML,
                "The XML you provided was not well-formed or did not validate against our \
                 published schema"
            ));
        }
        let (mut deleted, mut errors) = (Vec::new(), Vec::new());
        for object in input.delete.objects {
            match self.delete_one(&input.bucket, &object, &request.extensions).await {
                Ok(done) => deleted.push(deleted_object(object, done)),
                Err(error) => errors.push(Failed {
                    code: Some(error.code().as_str().to_owned()),
                    message: error.message().map(str::to_owned),
                    key: Some(object.key),
                    version_id: object.version_id,
                }),
            }
        }
        let deleted = Some(deleted).filter(|_| !input.delete.quiet.unwrap_or(false));
        let errors = Some(errors).filter(|errors| !errors.is_empty());
        Ok(DeleteObjectsOutput { deleted, errors, ..DeleteObjectsOutput::default() })
    }

    async fn delete_one(
        &self,
        bucket: &str,
        object: &ObjectIdentifier,
        extensions: &http::Extensions,
    ) -> S3Result<Deleted> {
        self.admit(Call::delete(bucket, &object.key), extensions).await?;
        let condition = object.e_tag.clone().map(ETagCondition::ETag);
        self.delete(bucket, &object.key, object.version_id.as_deref(), condition.as_ref())
    }

    fn delete(
        &self,
        bucket: &str,
        key: &str,
        version: Option<&str>,
        if_match: Option<&ETagCondition>,
    ) -> S3Result<Deleted> {
        self.require_bucket(bucket)?;
        match version {
            Some(version) => self.remove_version(bucket, key, version),
            None => self.remove(bucket, key, if_match),
        }
    }
}

fn deleted_object(asked: ObjectIdentifier, done: Deleted) -> DeletedObject {
    DeletedObject {
        key: Some(asked.key),
        delete_marker: done.is_marker.then_some(true),
        delete_marker_version_id: done.version.filter(|_| done.is_marker),
        version_id: asked.version_id,
    }
}

/// Holds an object against the conditions of a request, in the order of RFC 9110.
fn conditional(
    object: &Object,
    if_match: Option<&ETagCondition>,
    if_none_match: Option<&ETagCondition>,
    (since, until): (Option<Timestamp>, Option<Timestamp>),
) -> S3Result<()> {
    let is_meant = |condition: &ETagCondition| {
        condition.as_etag().is_none_or(|tag| ETag::value(tag) == object.etag)
    };
    // Dates of HTTP have no fractions.
    let modified = jiff::Timestamp::from_second(object.modified.as_second()).ok();
    let modified = modified.map(crate::rehearsal::storage::objects::timestamp);
    let is_later = |than: &Timestamp| modified.as_ref().is_some_and(|at| at > than);
    match (if_match, until) {
        (Some(condition), _) if !is_meant(condition) => return Err(precondition_failed()),
        (None, Some(until)) if is_later(&until) => return Err(precondition_failed()),
        _ => {}
    }
    let is_same = match (if_none_match, since) {
        (Some(condition), _) => is_meant(condition),
        (None, Some(since)) => !is_later(&since),
        (None, None) => false,
    };
    if is_same {
        return Err(S3Error::new(S3ErrorCode::NotModified));
    }
    Ok(())
}

/// The checksums of an object, where the request asks for them.
fn shown(object: &Object, mode: Option<ChecksumMode>) -> Sums {
    let asks = mode.is_some_and(|mode| mode.as_str() == ChecksumMode::ENABLED);
    if asks { object.sums.clone() } else { Sums::default() }
}

fn metadata(about: &About) -> Option<Metadata> {
    let is_some = !about.metadata.is_empty();
    is_some.then(|| about.metadata.clone().into_iter().collect())
}

pub(super) fn encryption(about: &About) -> Option<ServerSideEncryption> {
    about.encryption.clone().map(ServerSideEncryption::from)
}

/// The tags of a header: a query string.
pub(super) fn tags_of(header: Option<String>) -> BTreeMap<String, String> {
    let text = header.unwrap_or_default();
    url::form_urlencoded::parse(text.as_bytes()).into_owned().collect()
}
