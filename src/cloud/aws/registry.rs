//! The password of ECR, which is good for twelve hours whatever becomes of the login.

use jiff::Timestamp;
use serde_json::json;

use super::Aws;
use super::api::ECR;
use super::hosting::time;
use crate::cloud::CloudError;
use crate::run::Secret;

/// A password of ECR.
#[derive(Debug, Clone)]
pub struct RegistryToken {
    /// What follows `Basic ` in the header of a request.
    pub basic: Secret,
    /// When it ends; `None` where that is not told.
    pub expires: Option<Timestamp>,
}

impl Aws {
    /// A password for the registries of the account in the region.
    ///
    /// # Errors
    /// When AWS does not give one.
    pub async fn registry_token(&self) -> Result<RegistryToken, CloudError> {
        let what = "a password of the registry";
        let answer = self.api.json(ECR, what, "GetAuthorizationToken", &json!({})).await;
        let answer = answer.map_err(|wrong| self.wrong(what, wrong))?;
        let data = &answer["authorizationData"][0];
        let token = data["authorizationToken"].as_str();
        let basic = Secret::new(token.ok_or_else(|| Self::lacks(what, "authorizationToken"))?);
        Ok(RegistryToken { basic, expires: time(&data["expiresAt"]) })
    }
}
