//! Buckets and their settings.

use s3s::dto::{
    Bucket, BucketLocationConstraint, BucketVersioningStatus, CreateBucketInput,
    CreateBucketOutput, DeleteBucketEncryptionInput, DeleteBucketEncryptionOutput,
    DeleteBucketInput, DeleteBucketOutput, DeleteBucketOwnershipControlsInput,
    DeleteBucketOwnershipControlsOutput, DeleteBucketPolicyInput, DeleteBucketPolicyOutput,
    DeleteBucketTaggingInput, DeleteBucketTaggingOutput, DeletePublicAccessBlockInput,
    DeletePublicAccessBlockOutput, GetBucketEncryptionInput, GetBucketEncryptionOutput,
    GetBucketLocationInput, GetBucketLocationOutput, GetBucketOwnershipControlsInput,
    GetBucketOwnershipControlsOutput, GetBucketPolicyInput, GetBucketPolicyOutput,
    GetBucketTaggingInput, GetBucketTaggingOutput, GetBucketVersioningInput,
    GetBucketVersioningOutput, GetPublicAccessBlockInput, GetPublicAccessBlockOutput,
    HeadBucketInput, HeadBucketOutput, ListBucketsInput, ListBucketsOutput, ObjectOwnership,
    OwnershipControls, OwnershipControlsRule, PublicAccessBlockConfiguration,
    PutBucketEncryptionInput, PutBucketEncryptionOutput, PutBucketOwnershipControlsInput,
    PutBucketOwnershipControlsOutput, PutBucketPolicyInput, PutBucketPolicyOutput,
    PutBucketTaggingInput, PutBucketTaggingOutput, PutBucketVersioningInput,
    PutBucketVersioningOutput, PutPublicAccessBlockInput, PutPublicAccessBlockOutput,
    ServerSideEncryption, ServerSideEncryptionByDefault, ServerSideEncryptionConfiguration,
    ServerSideEncryptionRule, Tag,
};
use s3s::{S3Request, S3Result, s3_error};
use serde_json::{Value, json};

use crate::rehearsal::storage::buckets::Versioning;
use crate::rehearsal::storage::objects::timestamp;
use crate::rehearsal::storage::{Call, Storage};

impl Storage {
    pub(super) fn list_buckets(
        &self,
        request: S3Request<ListBucketsInput>,
    ) -> S3Result<ListBucketsOutput> {
        self.allow("s3:ListAllMyBuckets", "*", "")?;
        let prefix = request.input.prefix.unwrap_or_default();
        let buckets = self.buckets().into_iter().filter(|(name, _)| name.starts_with(&prefix));
        let bucket = |(name, made): (String, jiff::Timestamp)| Bucket {
            bucket_region: Some(self.region(&name)),
            name: Some(name),
            creation_date: Some(timestamp(made)),
        };
        let buckets = Some(buckets.map(bucket).collect());
        Ok(ListBucketsOutput { buckets, ..ListBucketsOutput::default() })
    }

    pub(super) async fn create_bucket(
        &self,
        request: S3Request<CreateBucketInput>,
    ) -> S3Result<CreateBucketOutput> {
        let input = request.input;
        let call =
            Call { action: "s3:CreateBucket", bucket: &input.bucket, key: "", when: "create" };
        self.admit(call, &request.extensions).await?;
        let asked = input
            .create_bucket_configuration
            .and_then(|configuration| configuration.location_constraint)
            .map(|constraint| constraint.as_str().to_owned());
        let endpoint = request.region.map(|region| region.as_str().to_owned());
        let region = asked.clone().unwrap_or_else(|| "us-east-1".into());
        if endpoint.is_some_and(|endpoint| endpoint != region && endpoint != "us-east-1") {
            return Err(s3_error!(
                IllegalLocationConstraintException,
                "The {} location constraint is incompatible for the region specific endpoint this \
                 request was sent to.",
                asked.as_deref().unwrap_or("unspecified")
            ));
        }
        self.make_bucket(&input.bucket, &region)?;
        if let Some(ownership) = input.object_ownership {
            self.set("ownership_controls", &input.bucket, ownership_rule(ownership.as_str()))?;
        }
        Ok(CreateBucketOutput { location: Some(format!("/{}", input.bucket)) })
    }

    pub(super) async fn head_bucket(
        &self,
        request: S3Request<HeadBucketInput>,
    ) -> S3Result<HeadBucketOutput> {
        let bucket = request.input.bucket;
        let call = Call { action: "s3:ListBucket", bucket: &bucket, key: "", when: "read" };
        self.admit(call, &request.extensions).await?;
        self.require_bucket(&bucket)?;
        let bucket_region = Some(self.region(&bucket));
        Ok(HeadBucketOutput { bucket_region, ..HeadBucketOutput::default() })
    }

    pub(super) fn delete_bucket(
        &self,
        request: S3Request<DeleteBucketInput>,
    ) -> S3Result<DeleteBucketOutput> {
        let bucket = request.input.bucket;
        self.allow("s3:DeleteBucket", &bucket, "")?;
        self.remove_bucket(&bucket)?;
        Ok(DeleteBucketOutput::default())
    }

    pub(super) fn get_bucket_location(
        &self,
        request: S3Request<GetBucketLocationInput>,
    ) -> S3Result<GetBucketLocationOutput> {
        let bucket = self.asked("s3:GetBucketLocation", request.input.bucket)?;
        // The oldest region has no constraint.
        let region = Some(self.region(&bucket)).filter(|region| region != "us-east-1");
        let location_constraint = region.map(BucketLocationConstraint::from);
        Ok(GetBucketLocationOutput { location_constraint })
    }

    pub(super) fn get_bucket_versioning(
        &self,
        request: S3Request<GetBucketVersioningInput>,
    ) -> S3Result<GetBucketVersioningOutput> {
        let bucket = self.asked("s3:GetBucketVersioning", request.input.bucket)?;
        let status = match self.versioning(&bucket) {
            Versioning::Never => None,
            Versioning::Enabled => Some(BucketVersioningStatus::ENABLED),
            Versioning::Suspended => Some(BucketVersioningStatus::SUSPENDED),
        };
        let status = status.map(BucketVersioningStatus::from_static);
        Ok(GetBucketVersioningOutput { status, ..GetBucketVersioningOutput::default() })
    }

    pub(super) fn put_bucket_versioning(
        &self,
        request: S3Request<PutBucketVersioningInput>,
    ) -> S3Result<PutBucketVersioningOutput> {
        let bucket = self.asked("s3:PutBucketVersioning", request.input.bucket)?;
        let status = request.input.versioning_configuration.status;
        let status = status.filter(|s| ["Enabled", "Suspended"].contains(&s.as_str()));
        let status = status.ok_or_else(malformed)?;
        let config = json!({"versioning_configuration": [{"status": status.as_str()}]});
        self.set("versioning", &bucket, config)?;
        Ok(PutBucketVersioningOutput::default())
    }

    pub(super) fn get_bucket_encryption(
        &self,
        request: S3Request<GetBucketEncryptionInput>,
    ) -> S3Result<GetBucketEncryptionOutput> {
        let bucket = self.asked("s3:GetEncryptionConfiguration", request.input.bucket)?;
        let setting = self.setting("server_side_encryption_configuration", &bucket);
        // S3 encrypts with a key of its own where nothing is said.
        let setting = setting.unwrap_or_else(|| json!({"rule": [{}]}));
        let rule = |rule: &Value| {
            let chosen = &rule["apply_server_side_encryption_by_default"][0];
            let text = |name: &str| {
                chosen[name].as_str().filter(|text| !text.is_empty()).map(str::to_owned)
            };
            let algorithm = text("sse_algorithm").unwrap_or_else(|| "AES256".into());
            ServerSideEncryptionRule {
                apply_server_side_encryption_by_default: Some(ServerSideEncryptionByDefault {
                    kms_master_key_id: text("kms_master_key_id"),
                    sse_algorithm: ServerSideEncryption::from(algorithm),
                }),
                bucket_key_enabled: Some(rule["bucket_key_enabled"] == true),
            }
        };
        let rules = setting["rule"].as_array().into_iter().flatten().map(rule).collect();
        let configuration = ServerSideEncryptionConfiguration { rules };
        Ok(GetBucketEncryptionOutput { server_side_encryption_configuration: Some(configuration) })
    }

    pub(super) fn put_bucket_encryption(
        &self,
        request: S3Request<PutBucketEncryptionInput>,
    ) -> S3Result<PutBucketEncryptionOutput> {
        let bucket = self.asked("s3:PutEncryptionConfiguration", request.input.bucket)?;
        let rule = |rule: ServerSideEncryptionRule| {
            let chosen = rule.apply_server_side_encryption_by_default.map(|chosen| {
                json!({"sse_algorithm": chosen.sse_algorithm.as_str(),
                       "kms_master_key_id": chosen.kms_master_key_id})
            });
            json!({"bucket_key_enabled": rule.bucket_key_enabled,
                   "apply_server_side_encryption_by_default": Vec::from_iter(chosen)})
        };
        let rules = request.input.server_side_encryption_configuration.rules;
        let rules: Vec<Value> = rules.into_iter().map(rule).collect();
        self.set("server_side_encryption_configuration", &bucket, json!({"rule": rules}))?;
        Ok(PutBucketEncryptionOutput::default())
    }

    pub(super) fn delete_bucket_encryption(
        &self,
        request: S3Request<DeleteBucketEncryptionInput>,
    ) -> S3Result<DeleteBucketEncryptionOutput> {
        let bucket = self.asked("s3:PutEncryptionConfiguration", request.input.bucket)?;
        self.unset("server_side_encryption_configuration", &bucket)?;
        Ok(DeleteBucketEncryptionOutput::default())
    }

    pub(super) fn get_public_access_block(
        &self,
        request: S3Request<GetPublicAccessBlockInput>,
    ) -> S3Result<GetPublicAccessBlockOutput> {
        let bucket = self.asked("s3:GetBucketPublicAccessBlock", request.input.bucket)?;
        // New buckets have all four on.
        let says = match self.setting("public_access_block", &bucket) {
            Some(setting) => setting,
            None => json!({"block_public_acls": true, "block_public_policy": true,
                           "ignore_public_acls": true, "restrict_public_buckets": true}),
        };
        let is_on = |name: &str| Some(says[name] == true);
        let configuration = PublicAccessBlockConfiguration {
            block_public_acls: is_on("block_public_acls"),
            block_public_policy: is_on("block_public_policy"),
            ignore_public_acls: is_on("ignore_public_acls"),
            restrict_public_buckets: is_on("restrict_public_buckets"),
        };
        let public_access_block_configuration = Some(configuration);
        Ok(GetPublicAccessBlockOutput { public_access_block_configuration })
    }

    pub(super) fn put_public_access_block(
        &self,
        request: S3Request<PutPublicAccessBlockInput>,
    ) -> S3Result<PutPublicAccessBlockOutput> {
        let bucket = self.asked("s3:PutBucketPublicAccessBlock", request.input.bucket)?;
        let says = request.input.public_access_block_configuration;
        let config = json!({
            "block_public_acls": says.block_public_acls.unwrap_or(false),
            "block_public_policy": says.block_public_policy.unwrap_or(false),
            "ignore_public_acls": says.ignore_public_acls.unwrap_or(false),
            "restrict_public_buckets": says.restrict_public_buckets.unwrap_or(false),
        });
        self.set("public_access_block", &bucket, config)?;
        Ok(PutPublicAccessBlockOutput::default())
    }

    pub(super) fn delete_public_access_block(
        &self,
        request: S3Request<DeletePublicAccessBlockInput>,
    ) -> S3Result<DeletePublicAccessBlockOutput> {
        let bucket = self.asked("s3:PutBucketPublicAccessBlock", request.input.bucket)?;
        self.unset("public_access_block", &bucket)?;
        Ok(DeletePublicAccessBlockOutput::default())
    }

    pub(super) fn get_bucket_ownership_controls(
        &self,
        request: S3Request<GetBucketOwnershipControlsInput>,
    ) -> S3Result<GetBucketOwnershipControlsOutput> {
        let bucket = self.asked("s3:GetBucketOwnershipControls", request.input.bucket)?;
        let setting = self.setting("ownership_controls", &bucket).unwrap_or_default();
        let said = setting["rule"][0]["object_ownership"].as_str();
        let said = said.unwrap_or(ObjectOwnership::BUCKET_OWNER_ENFORCED).to_owned();
        let rule = OwnershipControlsRule { object_ownership: ObjectOwnership::from(said) };
        let ownership_controls = Some(OwnershipControls { rules: vec![rule] });
        Ok(GetBucketOwnershipControlsOutput { ownership_controls })
    }

    pub(super) fn put_bucket_ownership_controls(
        &self,
        request: S3Request<PutBucketOwnershipControlsInput>,
    ) -> S3Result<PutBucketOwnershipControlsOutput> {
        let bucket = self.asked("s3:PutBucketOwnershipControls", request.input.bucket)?;
        let rules = request.input.ownership_controls.rules;
        let rule = rules.first().ok_or_else(malformed)?;
        let config = ownership_rule(rule.object_ownership.as_str());
        self.set("ownership_controls", &bucket, config)?;
        Ok(PutBucketOwnershipControlsOutput::default())
    }

    pub(super) fn delete_bucket_ownership_controls(
        &self,
        request: S3Request<DeleteBucketOwnershipControlsInput>,
    ) -> S3Result<DeleteBucketOwnershipControlsOutput> {
        let bucket = self.asked("s3:PutBucketOwnershipControls", request.input.bucket)?;
        self.unset("ownership_controls", &bucket)?;
        Ok(DeleteBucketOwnershipControlsOutput::default())
    }

    pub(super) fn get_bucket_policy(
        &self,
        request: S3Request<GetBucketPolicyInput>,
    ) -> S3Result<GetBucketPolicyOutput> {
        let bucket = self.asked("s3:GetBucketPolicy", request.input.bucket)?;
        let setting = self.setting("policy", &bucket).unwrap_or_default();
        let policy = setting["policy"].as_str().map(str::to_owned);
        let missing = || s3_error!(NoSuchBucketPolicy, "The bucket policy does not exist");
        Ok(GetBucketPolicyOutput { policy: Some(policy.ok_or_else(missing)?) })
    }

    pub(super) fn put_bucket_policy(
        &self,
        request: S3Request<PutBucketPolicyInput>,
    ) -> S3Result<PutBucketPolicyOutput> {
        let bucket = self.asked("s3:PutBucketPolicy", request.input.bucket)?;
        let policy = request.input.policy;
        if !serde_json::from_str::<Value>(&policy).is_ok_and(|policy| policy.is_object()) {
            return Err(s3_error!(
                MalformedPolicy,
                "Policies must be valid JSON and the first byte must be '{{'"
            ));
        }
        self.set("policy", &bucket, json!({"policy": policy}))?;
        Ok(PutBucketPolicyOutput::default())
    }

    pub(super) fn delete_bucket_policy(
        &self,
        request: S3Request<DeleteBucketPolicyInput>,
    ) -> S3Result<DeleteBucketPolicyOutput> {
        let bucket = self.asked("s3:DeleteBucketPolicy", request.input.bucket)?;
        self.unset("policy", &bucket)?;
        Ok(DeleteBucketPolicyOutput::default())
    }

    pub(super) fn get_bucket_tagging(
        &self,
        request: S3Request<GetBucketTaggingInput>,
    ) -> S3Result<GetBucketTaggingOutput> {
        let bucket = self.asked("s3:GetBucketTagging", request.input.bucket)?;
        let tags = self.bucket_tags(&bucket);
        let tag = |(key, value): (&String, &Value)| Tag {
            key: Some(key.clone()),
            value: value.as_str().map(str::to_owned),
        };
        let tag_set: Vec<Tag> = tags.as_object().into_iter().flatten().map(tag).collect();
        if tag_set.is_empty() {
            return Err(s3_error!(NoSuchTagSet, "The TagSet does not exist"));
        }
        Ok(GetBucketTaggingOutput { tag_set })
    }

    pub(super) fn put_bucket_tagging(
        &self,
        request: S3Request<PutBucketTaggingInput>,
    ) -> S3Result<PutBucketTaggingOutput> {
        let bucket = self.asked("s3:PutBucketTagging", request.input.bucket)?;
        let mut tags = serde_json::Map::new();
        for tag in request.input.tagging.tag_set {
            tags.insert(tag.key.unwrap_or_default(), tag.value.unwrap_or_default().into());
        }
        self.tag_bucket(&bucket, &tags.into())?;
        Ok(PutBucketTaggingOutput::default())
    }

    pub(super) fn delete_bucket_tagging(
        &self,
        request: S3Request<DeleteBucketTaggingInput>,
    ) -> S3Result<DeleteBucketTaggingOutput> {
        let bucket = self.asked("s3:PutBucketTagging", request.input.bucket)?;
        self.tag_bucket(&bucket, &json!({}))?;
        Ok(DeleteBucketTaggingOutput::default())
    }

    /// The bucket that is asked about, where that is allowed.
    fn asked(&self, action: &str, bucket: String) -> S3Result<String> {
        self.allow(action, &bucket, "")?;
        self.require_bucket(&bucket)?;
        Ok(bucket)
    }
}

fn ownership_rule(ownership: &str) -> Value {
    json!({"rule": [{"object_ownership": ownership}]})
}

fn malformed() -> s3s::S3Error {
    s3_error!(
        MalformedXML,
        "The XML you provided was not well-formed or did not validate against our published schema"
    )
}
