//! Lists of objects and of their versions.

use s3s::dto::{
    CommonPrefix, DeleteMarkerEntry, EncodingType, ListObjectVersionsInput,
    ListObjectVersionsOutput, ListObjectsInput, ListObjectsOutput, ListObjectsV2Input,
    ListObjectsV2Output, ObjectVersion, ObjectVersionStorageClass,
};
use s3s::{S3Request, S3Result};

use crate::rehearsal::storage::listing::{Found, Wanted};
use crate::rehearsal::storage::objects::timestamp;
use crate::rehearsal::storage::versions::Entry;
use crate::rehearsal::storage::{Call, Storage};

impl Storage {
    pub(super) async fn list_objects(
        &self,
        request: S3Request<ListObjectsInput>,
    ) -> S3Result<ListObjectsOutput> {
        let input = request.input;
        self.admit(Call::list(&input.bucket), &request.extensions).await?;
        let encoding = input.encoding_type;
        let page = self.page(&Wanted {
            bucket: &input.bucket,
            prefix: input.prefix.as_deref().unwrap_or_default(),
            delimiter: input.delimiter.as_deref().unwrap_or_default(),
            after: input.marker.as_deref().unwrap_or_default(),
            most: input.max_keys,
        })?;
        let page = page.encoded(encoding.as_ref());
        let encoded = |text: Option<String>| text.map(|text| written(&text, encoding.as_ref()));
        Ok(ListObjectsOutput {
            is_truncated: Some(page.next.is_some()),
            next_marker: encoded(page.next),
            contents: Some(page.objects),
            common_prefixes: Some(page.prefixes),
            name: Some(input.bucket),
            prefix: Some(written(&input.prefix.unwrap_or_default(), encoding.as_ref())),
            delimiter: encoded(input.delimiter),
            marker: Some(written(&input.marker.unwrap_or_default(), encoding.as_ref())),
            max_keys: input.max_keys.or(Some(1000)),
            encoding_type: encoding.clone(),
            ..ListObjectsOutput::default()
        })
    }

    pub(super) async fn list_objects_v2(
        &self,
        request: S3Request<ListObjectsV2Input>,
    ) -> S3Result<ListObjectsV2Output> {
        let input = request.input;
        self.admit(Call::list(&input.bucket), &request.extensions).await?;
        let encoding = input.encoding_type;
        let after = input.continuation_token.as_deref().or(input.start_after.as_deref());
        let page = self.page(&Wanted {
            bucket: &input.bucket,
            prefix: input.prefix.as_deref().unwrap_or_default(),
            delimiter: input.delimiter.as_deref().unwrap_or_default(),
            after: after.unwrap_or_default(),
            most: input.max_keys,
        })?;
        let page = page.encoded(encoding.as_ref());
        let encoded = |text: Option<String>| text.map(|text| written(&text, encoding.as_ref()));
        Ok(ListObjectsV2Output {
            key_count: Some(page.count()),
            is_truncated: Some(page.next.is_some()),
            next_continuation_token: page.next,
            contents: Some(page.objects),
            common_prefixes: Some(page.prefixes),
            name: Some(input.bucket),
            prefix: Some(written(&input.prefix.unwrap_or_default(), encoding.as_ref())),
            delimiter: encoded(input.delimiter),
            continuation_token: input.continuation_token,
            start_after: encoded(input.start_after),
            max_keys: input.max_keys.or(Some(1000)),
            encoding_type: encoding.clone(),
            ..ListObjectsV2Output::default()
        })
    }

    pub(super) fn list_object_versions(
        &self,
        request: S3Request<ListObjectVersionsInput>,
    ) -> S3Result<ListObjectVersionsOutput> {
        let input = request.input;
        self.allow("s3:ListBucketVersions", &input.bucket, "")?;
        let encoding = input.encoding_type;
        let wanted = Wanted {
            bucket: &input.bucket,
            prefix: input.prefix.as_deref().unwrap_or_default(),
            delimiter: input.delimiter.as_deref().unwrap_or_default(),
            after: input.key_marker.as_deref().unwrap_or_default(),
            most: input.max_keys,
        };
        let page = self.page_of_versions(&wanted, input.version_id_marker.as_deref())?;
        let mut output = ListObjectVersionsOutput {
            is_truncated: Some(page.next.is_some()),
            next_key_marker: page.next.as_ref().map(|next| written(&next.0, encoding.as_ref())),
            next_version_id_marker: page.next.and_then(|next| next.1),
            name: Some(input.bucket.clone()),
            prefix: Some(written(wanted.prefix, encoding.as_ref())),
            delimiter: input.delimiter.clone(),
            key_marker: Some(written(wanted.after, encoding.as_ref())),
            version_id_marker: input.version_id_marker.clone(),
            max_keys: input.max_keys.or(Some(1000)),
            encoding_type: encoding.clone(),
            ..ListObjectVersionsOutput::default()
        };
        for found in page.found {
            match found {
                Found::Prefix(prefix) => {
                    let prefix = Some(written(&prefix, encoding.as_ref()));
                    output.common_prefixes.get_or_insert_default().push(CommonPrefix { prefix });
                }
                Found::Version { key, is_latest, entry } => {
                    let key = Some(written(&key, encoding.as_ref()));
                    let version_id = Some(entry.version().to_owned());
                    match entry {
                        Entry::Object(object) => {
                            output.versions.get_or_insert_default().push(ObjectVersion {
                                key,
                                version_id,
                                is_latest: Some(is_latest),
                                e_tag: Some(object.etag()),
                                size: Some(object.length()),
                                last_modified: Some(object.modified()),
                                storage_class: Some(ObjectVersionStorageClass::from_static(
                                    ObjectVersionStorageClass::STANDARD,
                                )),
                                ..ObjectVersion::default()
                            });
                        }
                        Entry::Marker(marker) => {
                            output.delete_markers.get_or_insert_default().push(DeleteMarkerEntry {
                                key,
                                version_id,
                                is_latest: Some(is_latest),
                                last_modified: Some(timestamp(marker.modified)),
                                ..DeleteMarkerEntry::default()
                            });
                        }
                    }
                }
            }
        }
        Ok(output)
    }
}

/// A name as the client wants it written: names may hold what XML cannot.
pub(in crate::rehearsal::storage) fn written(
    name: &str,
    encoding: Option<&EncodingType>,
) -> String {
    if encoding.is_some_and(|encoding| encoding.as_str() == EncodingType::URL) {
        return url::form_urlencoded::byte_serialize(name.as_bytes())
            .collect::<String>()
            .replace("%2F", "/");
    }
    name.to_owned()
}
