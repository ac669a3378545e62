//! What went wrong with a call to AWS, as a [`CloudError`].

use std::error::Error;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use crate::cloud::{CloudError, Renewal};

/// What AWS says of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Said {
    /// `AccessDenied`, `Throttling`, …
    pub(super) code: String,
    /// Its sentence.
    pub(super) message: String,
    /// The status of HTTP.
    pub(super) status: u16,
}

impl Said {
    /// Whether the same call may succeed a little later: what AWS documents as such.
    pub(super) fn is_retryable(&self) -> bool {
        self.is_throttling()
            || self.status >= 500
            || ["RequestTimeout", "RequestTimeoutException", "TransactionInProgressException"]
                .contains(&self.code.as_str())
    }

    pub(super) fn is_throttling(&self) -> bool {
        const CODES: &[&str] = &[
            "BandwidthLimitExceeded",
            "EC2ThrottledException",
            "LimitExceededException.Throttled",
            "PriorRequestNotComplete",
            "RequestLimitExceeded",
            "RequestThrottled",
            "RequestThrottledException",
            "SlowDown",
            "ThrottledException",
            "Throttling",
            "ThrottlingException",
            "TooManyRequestsException",
        ];
        self.status == 429 || CODES.contains(&self.code.as_str())
    }

    /// Whether the credentials were good and are not any more.
    fn is_of_ended(&self) -> bool {
        const CODES: &[&str] =
            &["ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired"];
        CODES.contains(&self.code.as_str())
    }

    pub(super) fn is_refusal(&self) -> bool {
        const CODES: &[&str] = &[
            "AccessDenied",
            "AccessDeniedException",
            "AuthFailure",
            "AuthorizationError",
            "Forbidden",
            "IncompleteSignature",
            "InvalidClientTokenId",
            "InvalidSignatureException",
            "MissingAuthenticationToken",
            "NotAuthorized",
            "OptInRequired",
            "SignatureDoesNotMatch",
            "SubscriptionRequiredException",
            "UnauthorizedOperation",
            "UnrecognizedClientException",
        ];
        CODES.contains(&self.code.as_str()) || matches!(self.status, 401 | 403)
    }

    /// Whether AWS turns it down for a reason that is neither permissions nor its own state.
    pub(super) fn is_another_reason(&self) -> bool {
        !self.code.is_empty() && !self.is_refusal() && !self.is_retryable() && !self.is_of_ended()
    }

    /// As an error of the question for `what`.
    pub(super) fn into_error(self, what: &str, renewal: &Renewal) -> CloudError {
        let what = what.to_owned();
        if self.is_of_ended() {
            CloudError::Ended { remedy: renewal.remedy() }
        } else if self.is_throttling() {
            CloudError::Throttled { what, message: self.message }
        } else if self.code.is_empty() {
            let source = format!("status {} and no code of an error", self.status).into();
            CloudError::NotUnderstood { what, source }
        } else if self.is_refusal() {
            CloudError::Refused { what, message: self.message }
        } else {
            CloudError::Failed { what, code: self.code, message: self.message }
        }
    }
}

/// What AWS said, where the error of the SDK is that.
pub(super) fn said<E: ProvideErrorMetadata>(error: &SdkError<E, HttpResponse>) -> Option<Said> {
    let SdkError::ServiceError(service) = error else { return None };
    let of = |text: Option<&str>| text.unwrap_or_default().to_owned();
    Some(Said {
        code: of(service.err().code()),
        message: of(service.err().message()),
        status: service.raw().status().as_u16(),
    })
}

/// An error of the SDK as ours.
pub(super) fn of_sdk<E>(
    what: &str,
    renewal: &Renewal,
    error: SdkError<E, HttpResponse>,
) -> CloudError
where
    E: ProvideErrorMetadata + Error + Send + Sync + 'static,
{
    if let Some(said) = said(&error) {
        return said.into_error(what, renewal);
    }
    let what = what.to_owned();
    match error {
        SdkError::ResponseError(_) => {
            CloudError::NotUnderstood { what, source: root(error).into() }
        }
        // What cannot be signed has no credentials.
        SdkError::ConstructionFailure(_) => {
            CloudError::NoCredentials { source: root(error).into(), remedy: renewal.remedy() }
        }
        _ => CloudError::Unreachable { what, source: root(error).into() },
    }
}

/// The innermost causes in one line: the SDK's own words say nothing.
fn root(error: impl Error) -> String {
    let mut words = Vec::new();
    let mut next: Option<&dyn Error> = error.source();
    while let Some(cause) = next {
        let text = cause.to_string();
        if words.last() != Some(&text) {
            words.push(text);
        }
        next = cause.source();
    }
    if words.is_empty() { error.to_string() } else { words.join(": ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_aws_says_is_told_apart() {
        let renewal = Renewal::Elsewhere("aws sso login".into());
        let error = |code: &str, status| {
            let said = Said { code: code.into(), message: "why".into(), status };
            said.into_error("the VPCs", &renewal)
        };
        assert!(matches!(error("UnauthorizedOperation", 403), CloudError::Refused { .. }));
        assert!(matches!(error("RequestLimitExceeded", 503), CloudError::Throttled { .. }));
        assert!(matches!(error("ExpiredToken", 403), CloudError::Ended { .. }));
        assert!(matches!(error("InvalidParameterValue", 400), CloudError::Failed { .. }));
        assert!(matches!(error("", 200), CloudError::NotUnderstood { .. }));
    }

    #[test]
    fn only_what_aws_calls_retryable_is_tried_again() {
        let said = |code: &str, status| Said { code: code.into(), message: String::new(), status };
        assert!(said("InternalError", 500).is_retryable());
        assert!(said("Throttling", 400).is_retryable());
        assert!(!said("AccessDenied", 403).is_retryable());
    }
}
