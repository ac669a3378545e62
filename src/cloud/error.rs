//! Why the account did not answer a question.

use std::error::Error;

use crate::error::Hint;

/// The account did not answer a question.
#[derive(Debug, thiserror::Error)]
pub enum CloudError {
    /// It could not be reached, or not in time.
    #[error("could not ask AWS for {what}")]
    Unreachable {
        /// What was asked for.
        what: String,
        /// Why.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
    /// It refused.
    #[error("AWS refuses to tell {what}: {message}")]
    Refused {
        /// What was asked for.
        what: String,
        /// Its words.
        message: String,
    },
    /// It said that it was asked too often, and said so again each time it was asked later.
    #[error("AWS is asked too often to tell {what}: {message}")]
    Throttled {
        /// What was asked for.
        what: String,
        /// Its words.
        message: String,
    },
    /// It said that something is wrong, and that is neither a refusal nor throttling.
    #[error("AWS could not tell {what}: {code}: {message}")]
    Failed {
        /// What was asked for.
        what: String,
        /// Its code.
        code: String,
        /// Its words.
        message: String,
    },
    /// Something answered that is not AWS, or not as AWS does.
    #[error("the answer to the question for {what} is not one of AWS")]
    NotUnderstood {
        /// What was asked for.
        what: String,
        /// What is wrong with it.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
    /// The credentials that it is asked with have ended.
    #[error("the credentials have ended")]
    Ended {
        /// What the operator does.
        remedy: String,
    },
    /// There are no credentials, or none that can be used.
    #[error("there are no credentials for AWS")]
    NoCredentials {
        /// What was tried.
        #[source]
        source: Box<dyn Error + Send + Sync>,
        /// What the operator does.
        remedy: String,
    },
    /// Whoever answers does not know the question.
    #[error("{what} cannot be asked for here")]
    NotOffered {
        /// What was asked for.
        what: &'static str,
    },
    /// Nothing is there that could answer, and waiting does not bring it back.
    #[error("{message}")]
    Gone {
        /// What is gone.
        message: String,
        /// What brings it back.
        remedy: String,
    },
}

impl Hint for CloudError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::Unreachable { .. } | Self::Failed { .. } | Self::NotOffered { .. } => None,
            Self::Refused { .. } => Some("log in anew, or ask for the permission".into()),
            Self::Throttled { .. } => {
                Some("wait a minute; somebody else asks much in this account".into())
            }
            Self::NotUnderstood { .. } => {
                Some("see whether a proxy answers in place of AWS (`HTTPS_PROXY`)".into())
            }
            Self::Ended { remedy }
            | Self::NoCredentials { remedy, .. }
            | Self::Gone { remedy, .. } => Some(remedy.clone()),
        }
    }
}
