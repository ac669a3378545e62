//! Buckets and their settings: the objects that Terraform has for them, in the table `aws`.
//!
//! A bucket that is made over the wire is an `aws_s3_bucket` as Terraform would have made it, and a
//! setting an `aws_s3_bucket_versioning` and so on, so that either side sees what the other did.

use s3s::{S3Error, S3ErrorCode, S3Result, s3_error};
use serde_json::{Value, json};

use super::objects::{About, Object};
use super::{Storage, failed};
use crate::rehearsal::provider;

/// Settings of a bucket that go with it.
const SETTINGS: &str = "aws_s3_bucket_";

/// Whether a bucket keeps versions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Versioning {
    Never,
    Enabled,
    Suspended,
}

impl Storage {
    /// The names of the buckets, and when they were made.
    pub(super) fn buckets(&self) -> Vec<(String, jiff::Timestamp)> {
        let objects = self.world.store.list_prefix("aws", "aws_s3_bucket/");
        let mut buckets: Vec<_> = objects
            .iter()
            .filter(|(_, object)| object["status"] != "creating")
            .filter_map(|(_, object)| {
                let made = object["created_at"].as_str().and_then(|at| at.parse().ok());
                let name = object["attributes"]["bucket"].as_str()?.to_owned();
                Some((name, made.unwrap_or(jiff::Timestamp::UNIX_EPOCH)))
            })
            .collect();
        buckets.sort();
        buckets
    }

    pub(super) fn require_bucket(&self, name: &str) -> S3Result<()> {
        if self.buckets().iter().any(|(bucket, _)| bucket == name) {
            Ok(())
        } else {
            Err(if provider::is_foreign(&self.world, "aws_s3_bucket", name) {
                s3_error!(AccessDenied, "Access Denied")
            } else {
                s3_error!(NoSuchBucket, "The specified bucket does not exist")
            })
        }
    }

    /// Region of a bucket.
    pub(super) fn region(&self, bucket: &str) -> String {
        let attributes = self.attributes("aws_s3_bucket", bucket).unwrap_or_default();
        let region = ["region", "bucket_region"].iter().find_map(|n| attributes[*n].as_str());
        region.unwrap_or("us-west-2").to_owned()
    }

    pub(super) fn versioning(&self, bucket: &str) -> Versioning {
        let setting = self.setting("versioning", bucket).unwrap_or_default();
        match setting["versioning_configuration"][0]["status"].as_str() {
            Some("Enabled") => Versioning::Enabled,
            Some("Suspended") => Versioning::Suspended,
            _ => Versioning::Never,
        }
    }

    /// A setting as Terraform has it: `versioning`, `policy`, ….
    pub(super) fn setting(&self, name: &str, bucket: &str) -> Option<Value> {
        self.attributes(&format!("{SETTINGS}{name}"), bucket)
    }

    /// Writes a setting; `config` is what one would write in Terraform beside the bucket.
    pub(super) fn set(&self, name: &str, bucket: &str, mut config: Value) -> S3Result<()> {
        self.require_bucket(bucket)?;
        config["bucket"] = bucket.into();
        let type_name = format!("{SETTINGS}{name}");
        provider::put(&self.world, &type_name, &self.region(bucket), &config).map_err(failed)
    }

    /// Removes a setting; one that is not there is left so.
    pub(super) fn unset(&self, name: &str, bucket: &str) -> S3Result<()> {
        self.require_bucket(bucket)?;
        for (key, _) in self.objects_of(&format!("{SETTINGS}{name}"), bucket) {
            self.world.store.remove("aws", &key).map_err(failed)?;
        }
        Ok(())
    }

    pub(super) fn make_bucket(&self, name: &str, region: &str) -> S3Result<()> {
        // A bucket that Terraform is making has the name already.
        let taken = self.objects_of("aws_s3_bucket", name);
        if !taken.is_empty() {
            return Err(s3_error!(
                BucketAlreadyOwnedByYou,
                "Your previous request to create the named bucket succeeded and you already own it."
            ));
        }
        if provider::is_foreign(&self.world, "aws_s3_bucket", name) {
            return Err(s3_error!(
                BucketAlreadyExists,
                "The requested bucket name is not available. The bucket namespace is shared by all \
                 users of the system. Please select a different name and try again."
            ));
        }
        let config = json!({"bucket": name, "region": region});
        provider::put(&self.world, "aws_s3_bucket", region, &config).map_err(failed)
    }

    /// The tags of a bucket are the bucket's own in Terraform.
    pub(super) fn tag_bucket(&self, name: &str, tags: &Value) -> S3Result<()> {
        self.require_bucket(name)?;
        for (key, _) in self.objects_of("aws_s3_bucket", name) {
            let tagged = |object: Option<&Value>| {
                let mut object = object?.clone();
                object["attributes"]["tags"] = tags.clone();
                object["attributes"]["tags_all"] = tags.clone();
                Some(object)
            };
            self.world.store.update("aws", &key, tagged).map_err(failed)?;
        }
        Ok(())
    }

    pub(super) fn bucket_tags(&self, name: &str) -> Value {
        self.attributes("aws_s3_bucket", name).unwrap_or_default()["tags_all"].clone()
    }

    pub(super) fn remove_bucket(&self, name: &str) -> S3Result<()> {
        self.require_bucket(name)?;
        let holds =
            |table: &str| !self.world.store.list_prefix(table, &format!("{name}/")).is_empty();
        if holds("storage") {
            let text = "The bucket you tried to delete is not empty";
            return Err(S3Error::with_message(S3ErrorCode::BucketNotEmpty, text));
        }
        if holds("storage-versions") {
            let text = "The bucket you tried to delete is not empty. You must delete all versions \
                        in the bucket.";
            return Err(S3Error::with_message(S3ErrorCode::BucketNotEmpty, text));
        }
        let mut gone = self.objects_of("aws_s3_bucket", name);
        // The settings first: a bucket whose deletion was cut short can be deleted again.
        for (key, object) in self.world.store.list_prefix("aws", SETTINGS) {
            if object["attributes"]["bucket"] == name {
                gone.insert(0, (key, object));
            }
        }
        for (key, _) in gone {
            self.world.store.remove("aws", &key).map_err(failed)?;
        }
        Ok(())
    }

    /// Says with what an object is encrypted where the client did not.
    pub(super) fn encrypt(&self, bucket: &str, about: &mut About) {
        if about.encryption.is_some() {
            return;
        }
        let setting = self.setting("server_side_encryption_configuration", bucket);
        let setting = setting.unwrap_or_default();
        let chosen = &setting["rule"][0]["apply_server_side_encryption_by_default"][0];
        let algorithm = chosen["sse_algorithm"].as_str().unwrap_or("AES256");
        about.encryption = Some(algorithm.to_owned());
        let key = chosen["kms_master_key_id"].as_str().filter(|key| !key.is_empty());
        about.key_id = key.map(str::to_owned);
    }

    /// The version of an object as answers tell it: none where the bucket never had versions.
    pub(super) fn shown_version(&self, bucket: &str, object: &Object) -> Option<String> {
        let version = object.version.clone();
        match self.versioning(bucket) {
            Versioning::Never => version,
            _ => Some(version.unwrap_or_else(|| "null".into())),
        }
    }

    fn attributes(&self, type_name: &str, bucket: &str) -> Option<Value> {
        let objects = self.objects_of(type_name, bucket);
        let live = objects.into_iter().find(|(_, object)| object["status"] != "creating")?;
        Some(live.1["attributes"].clone())
    }

    fn objects_of(&self, type_name: &str, bucket: &str) -> Vec<(String, Value)> {
        let mut objects = self.world.store.list_prefix("aws", &format!("{type_name}/"));
        objects.retain(|(_, object)| object["attributes"]["bucket"] == bucket);
        objects
    }
}
