//! What S3 answers, and the one document that it is sent.

use std::fmt::Write as _;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::Part;

/// Code and words of an error.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ErrorAnswer {
    pub(super) code: String,
    #[serde(default)]
    pub(super) message: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Initiated {
    pub(super) upload_id: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct Completed {
    #[serde(rename = "ChecksumSHA256")]
    pub(super) checksum_sha256: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct PartsPage {
    #[serde(default, rename = "Part")]
    pub(super) parts: Vec<ListedPart>,
    #[serde(default)]
    pub(super) is_truncated: bool,
    pub(super) next_part_number_marker: Option<String>,
}

/// A part that an unfinished upload has.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ListedPart {
    pub(crate) part_number: u32,
    pub(crate) size: u64,
    #[serde(rename = "ETag")]
    pub(crate) etag: String,
    #[serde(rename = "ChecksumSHA256")]
    pub(crate) checksum_sha256: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct UploadsPage {
    #[serde(default, rename = "Upload")]
    pub(super) uploads: Vec<ListedUpload>,
    #[serde(default)]
    pub(super) is_truncated: bool,
    pub(super) next_key_marker: Option<String>,
    pub(super) next_upload_id_marker: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListedUpload {
    pub(super) key: String,
    pub(super) upload_id: String,
}

pub(super) fn parse<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    quick_xml::de::from_str(text).map_err(|error| error.to_string())
}

/// The error in a body, if it is one; S3 may put one into a 200 as well.
pub(super) fn error_in(text: &str) -> Option<ErrorAnswer> {
    text.contains("<Error>").then(|| parse(text).unwrap_or_default())
}

/// The list of parts that make the object.
pub(super) fn complete(parts: &[Part]) -> String {
    let mut text = String::from("<CompleteMultipartUpload>");
    for part in parts {
        let etag = part.etag.replace('&', "&amp;").replace('"', "&quot;").replace('<', "&lt;");
        let _ = write!(
            text,
            "<Part><PartNumber>{}</PartNumber><ETag>{etag}</ETag>\
             <ChecksumSHA256>{}</ChecksumSHA256></Part>",
            part.number, part.checksum
        );
    }
    text.push_str("</CompleteMultipartUpload>");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_of_parts_is_read() {
        let text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ListPartsResult \
            xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Bucket>b</Bucket><MaxParts>1</MaxParts>\
            <IsTruncated>true</IsTruncated><NextPartNumberMarker>2</NextPartNumberMarker>\
            <Part><PartNumber>2</PartNumber><ETag>&quot;ab&quot;</ETag><Size>7</Size>\
            <ChecksumSHA256>x=</ChecksumSHA256></Part></ListPartsResult>";
        let page: PartsPage = parse(text).unwrap();
        assert!(page.is_truncated);
        assert_eq!(page.next_part_number_marker.as_deref(), Some("2"));
        let part = &page.parts[0];
        assert_eq!((part.part_number, part.size, part.etag.as_str()), (2, 7, "\"ab\""));
    }

    #[test]
    fn an_error_is_found_in_a_good_status() {
        let text = "<Error><Code>InternalError</Code><Message>Try again</Message></Error>";
        assert_eq!(error_in(text).unwrap().code, "InternalError");
        assert!(error_in("<CompleteMultipartUploadResult/>").is_none());
    }
}
