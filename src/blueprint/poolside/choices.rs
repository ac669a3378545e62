//! From answers to what the charts need to know of them.

use std::io;
use std::path::PathBuf;

use super::questions::account::tags;
use super::questions::advanced::options::{ENABLE_LOG_AGGREGATION, ENABLE_MARKETPLACE_METERING};
use super::questions::bundle::{declared_models, uploads_checkpoints};
use super::questions::hostname::{
    INGRESS_CONTROLLER, LOAD_BALANCER_INBOUND_CIDRS, LOAD_BALANCER_SCHEME,
};
use super::questions::security::CUSTOM_CA_BUNDLE;
use super::values::{Choices, Exposure, Ingress, Profile};
use crate::answers::Answers;
use crate::error::Hint;

/// Why the choices cannot be stated.
#[derive(Debug, thiserror::Error)]
pub enum ChoicesError {
    /// The CA bundle cannot be read any more.
    #[error("could not read the CA bundle `{}`", .path.display())]
    CustomCa {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

impl Hint for ChoicesError {
    fn hint(&self) -> Option<String> {
        Some("put the file back, or answer `custom_ca_bundle` anew".to_owned())
    }
}

impl Choices {
    /// What `answers` say to the charts; reads the CA bundle. `checkpoints` are the names of the
    /// archives in the folder of checkpoints, without `.tar`; they count where they are uploaded.
    ///
    /// # Errors
    /// When the CA bundle cannot be read.
    pub fn of(answers: &Answers, checkpoints: &[String]) -> Result<Self, ChoicesError> {
        let custom_ca = match answers.text(&CUSTOM_CA_BUNDLE).map(PathBuf::from) {
            None => None,
            Some(path) => match std::fs::read_to_string(&path) {
                Ok(text) => Some(text),
                Err(source) => return Err(ChoicesError::CustomCa { path, source }),
            },
        };
        Ok(Self {
            profile: Profile::of(answers),
            ingress: match answers.text(&INGRESS_CONTROLLER) {
                Some("nginx") => Ingress::Nginx,
                _ => Ingress::Alb,
            },
            exposure: match answers.text(&LOAD_BALANCER_SCHEME) {
                Some("internal") => Exposure::Internal,
                _ => Exposure::Public,
            },
            inbound_cidrs: answers.list(&LOAD_BALANCER_INBOUND_CIDRS).to_vec(),
            custom_ca,
            tags: tags(answers),
            log_aggregation: answers.flag(&ENABLE_LOG_AGGREGATION),
            marketplace_metering: answers.flag(&ENABLE_MARKETPLACE_METERING),
            models: declared_models(answers),
            checkpoints: uploads_checkpoints(answers).then(|| checkpoints.to_vec()),
        })
    }
}
