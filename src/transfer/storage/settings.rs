//! A bucket as a whole: whether it is there, making it, its settings, small objects.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{Method, StatusCode};
use serde::Deserialize;
use sha2::{Digest as _, Sha256};

use super::StorageError;
use super::bucket::{Bucket, Call, Payload};
use super::xml::parse;

/// Whether a bucket can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// There is none of that name.
    Absent,
    /// The caller can use it.
    Usable,
    /// Somebody else has the name, or the caller may not use it.
    Foreign,
    /// It is in another region.
    Elsewhere,
}

impl Bucket {
    /// Whether the bucket is there and can be used.
    pub(crate) async fn standing(&self) -> Result<Standing, StorageError> {
        let call = Call::new(Method::HEAD, "", format!("the look at the bucket `{}`", self.name()));
        let answer = self.call(&call).await?;
        Ok(match answer.status {
            StatusCode::NOT_FOUND => Standing::Absent,
            StatusCode::FORBIDDEN => Standing::Foreign,
            status if status.is_redirection() || status == StatusCode::BAD_REQUEST => {
                Standing::Elsewhere
            }
            _ => {
                self.good(&call, answer)?;
                Standing::Usable
            }
        })
    }

    /// Makes the bucket in the region of the access.
    pub(crate) async fn create(&self) -> Result<(), StorageError> {
        let mut call = Call::new(Method::PUT, "", format!("making the bucket `{}`", self.name()));
        let region = self.region();
        // The oldest region is the one that must not be named.
        if region != "us-east-1" {
            call.payload = Payload::Text(format!(
                "<CreateBucketConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\
                 <LocationConstraint>{region}</LocationConstraint></CreateBucketConfiguration>"
            ));
        }
        let answer = self.call(&call).await?;
        self.good(&call, answer).map(|_answer| ())
    }

    /// Writes a setting of the bucket, `versioning` and so on.
    pub(crate) async fn set(
        &self,
        setting: &'static str,
        document: String,
    ) -> Result<(), StorageError> {
        let what = format!("the {setting} of the bucket `{}`", self.name());
        let mut call = Call::new(Method::PUT, "", what);
        call.query.push((setting, String::new()));
        // S3 wants a checksum of the documents of settings.
        call.headers.push(("x-amz-checksum-sha256", STANDARD.encode(Sha256::digest(&document))));
        call.payload = Payload::Text(document);
        let answer = self.call(&call).await?;
        self.good(&call, answer).map(|_answer| ())
    }

    /// Whether every object keeps its earlier versions.
    pub(crate) async fn is_versioned(&self) -> Result<bool, StorageError> {
        #[derive(Deserialize)]
        struct Versioning {
            #[serde(rename = "Status")]
            status: Option<String>,
        }
        let what = format!("the versioning of the bucket `{}`", self.name());
        let mut call = Call::new(Method::GET, "", what);
        call.query.push(("versioning", String::new()));
        let versioning: Versioning = self.document(&call).await?;
        Ok(versioning.status.as_deref() == Some("Enabled"))
    }

    /// The tags of the bucket.
    pub(crate) async fn tags(&self) -> Result<Vec<(String, String)>, StorageError> {
        #[derive(Deserialize)]
        struct Tagging {
            #[serde(rename = "TagSet")]
            set: Set,
        }
        #[derive(Deserialize)]
        struct Set {
            #[serde(default, rename = "Tag")]
            tags: Vec<Tag>,
        }
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct Tag {
            key: String,
            #[serde(default)]
            value: String,
        }
        let what = format!("the tags of the bucket `{}`", self.name());
        let mut call = Call::new(Method::GET, "", what);
        call.query.push(("tagging", String::new()));
        let answer = self.call(&call).await?;
        if answer.status == StatusCode::NOT_FOUND {
            return Ok(Vec::new());
        }
        let answer = self.good(&call, answer)?;
        let tagging: Tagging = parse(&answer.body).map_err(|reason| call.strange(&reason))?;
        Ok(tagging.set.tags.into_iter().map(|tag| (tag.key, tag.value)).collect())
    }

    /// Whether there is no object in it.
    pub(crate) async fn is_empty(&self) -> Result<bool, StorageError> {
        #[derive(Deserialize)]
        struct Page {
            #[serde(default, rename = "Contents")]
            objects: Vec<serde::de::IgnoredAny>,
        }
        let what = format!("the list of the bucket `{}`", self.name());
        let mut call = Call::new(Method::GET, "", what);
        call.query.push(("list-type", "2".into()));
        call.query.push(("max-keys", "1".into()));
        let page: Page = self.document(&call).await?;
        Ok(page.objects.is_empty())
    }

    /// The text of a small object; `None` when it is not there.
    pub(crate) async fn get(&self, key: &str) -> Result<Option<String>, StorageError> {
        let call = Call::new(Method::GET, key, format!("reading `{}`", self.uri(key)));
        let answer = self.call(&call).await?;
        if answer.status == StatusCode::NOT_FOUND {
            return Ok(None);
        }
        self.good(&call, answer).map(|answer| Some(answer.body))
    }

    /// Writes a small object unless there is one; whether it was written.
    pub(crate) async fn put_new(&self, key: &str, text: &str) -> Result<bool, StorageError> {
        let mut call = Call::new(Method::PUT, key, format!("writing `{}`", self.uri(key)));
        call.headers.push(("if-none-match", "*".into()));
        call.payload = Payload::Text(text.to_owned());
        let answer = self.call(&call).await?;
        if matches!(answer.status, StatusCode::PRECONDITION_FAILED | StatusCode::CONFLICT) {
            return Ok(false);
        }
        self.good(&call, answer).map(|_answer| true)
    }
}
