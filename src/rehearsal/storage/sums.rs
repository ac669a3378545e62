//! Checksums of S3: what clients claim, what is kept beside an object, what parts make together.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use s3s::checksum::ChecksumHasher;
use s3s::crypto::Checksum as _;
use s3s::dto::{Checksum, ChecksumType};
use serde::{Deserialize, Serialize};

/// The algorithms, as headers (lower case) and inputs name them.
pub(super) const ALGORITHMS: [&str; 5] = ["CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256"];
/// What S3 takes where the client says nothing.
pub(super) const DEFAULT: &str = "CRC64NVME";

/// Checksums in Base64, one for each algorithm in the order of [`ALGORITHMS`].
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Sums {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) crc32: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) crc32c: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) crc64nvme: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) sha1: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) sha256: Option<String>,
}

/// How the checksum of an object in parts comes about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Making {
    /// Over the checksums of the parts.
    Composite,
    /// As if there were no parts.
    FullObject,
}

impl Making {
    /// What the client chose, else what S3 takes for that algorithm.
    pub(super) fn of(algorithm: &str, chosen: Option<&ChecksumType>) -> Self {
        let chosen = chosen.map(ChecksumType::as_str);
        match (algorithm, chosen) {
            ("CRC64NVME", _) | ("CRC32" | "CRC32C", Some(ChecksumType::FULL_OBJECT)) => {
                Self::FullObject
            }
            _ => Self::Composite,
        }
    }
}

impl Sums {
    pub(super) fn slot(&mut self, algorithm: &str) -> Option<&mut Option<String>> {
        Some(match algorithm.to_ascii_uppercase().as_str() {
            "CRC32" => &mut self.crc32,
            "CRC32C" => &mut self.crc32c,
            "CRC64NVME" => &mut self.crc64nvme,
            "SHA1" => &mut self.sha1,
            "SHA256" => &mut self.sha256,
            _ => return None,
        })
    }

    pub(super) fn of(&self, algorithm: &str) -> Option<&str> {
        match algorithm {
            "CRC32" => self.crc32.as_deref(),
            "CRC32C" => self.crc32c.as_deref(),
            "CRC64NVME" => self.crc64nvme.as_deref(),
            "SHA1" => self.sha1.as_deref(),
            "SHA256" => self.sha256.as_deref(),
            _ => None,
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        ALGORITHMS.iter().all(|name| self.of(name).is_none())
    }

    /// Whether it is over checksums of parts, as its `-N` tells.
    pub(super) fn kind(&self) -> Option<ChecksumType> {
        let first = ALGORITHMS.iter().find_map(|name| self.of(name))?;
        let kind =
            if first.contains('-') { ChecksumType::COMPOSITE } else { ChecksumType::FULL_OBJECT };
        Some(ChecksumType::from_static(kind))
    }
}

impl From<Checksum> for Sums {
    fn from(found: Checksum) -> Self {
        Self {
            crc32: found.checksum_crc32,
            crc32c: found.checksum_crc32c,
            crc64nvme: found.checksum_crc64nvme,
            sha1: found.checksum_sha1,
            sha256: found.checksum_sha256,
        }
    }
}

/// A hasher of those of [`ALGORITHMS`] that are wanted.
pub(super) fn hasher(wanted: impl Fn(&str) -> bool) -> ChecksumHasher {
    ChecksumHasher {
        crc32: wanted("CRC32").then(s3s::crypto::Crc32::new),
        crc32c: wanted("CRC32C").then(s3s::crypto::Crc32c::new),
        crc64nvme: wanted("CRC64NVME").then(s3s::crypto::Crc64Nvme::new),
        sha1: wanted("SHA1").then(s3s::crypto::Sha1::new),
        sha256: wanted("SHA256").then(s3s::crypto::Sha256::new),
    }
}

/// The checksum of an object from those of its parts and their sizes; `None` where a part has none
/// of that algorithm.
pub(super) fn joined(algorithm: &str, making: Making, parts: &[(&Sums, u64)]) -> Option<Sums> {
    let raw: Vec<(Vec<u8>, u64)> = parts
        .iter()
        .map(|(sums, size)| Some((STANDARD.decode(sums.of(algorithm)?).ok()?, *size)))
        .collect::<Option<_>>()?;
    let text = match making {
        Making::Composite => {
            let mut hasher = hasher(|name| name == algorithm);
            for (sum, _) in &raw {
                hasher.update(sum);
            }
            let found = Sums::from(hasher.finalize());
            format!("{}-{}", found.of(algorithm)?, raw.len())
        }
        Making::FullObject => {
            let (polynomial, width) = polynomial(algorithm)?;
            let whole = raw.iter().fold(0, |before, (sum, size)| {
                let sum = sum.iter().fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
                followed_by(before, sum, *size, polynomial, width)
            });
            let bytes = whole.to_be_bytes();
            STANDARD.encode(&bytes[8 - width as usize / 8..])
        }
    };
    let mut sums = Sums::default();
    *sums.slot(algorithm)? = Some(text);
    Some(sums)
}

/// Polynomial (bits reversed) and width of a cyclic checksum.
fn polynomial(algorithm: &str) -> Option<(u64, u32)> {
    match algorithm {
        "CRC32" => Some((0xEDB8_8320, 32)),
        "CRC32C" => Some((0x82F6_3B78, 32)),
        "CRC64NVME" => Some((0x9A6C_9329_AC4B_C9B5, 64)),
        _ => None,
    }
}

/// The checksum of bytes with checksum `before` followed by `size` bytes with checksum `after`:
/// `before` times x to the power of so many bits, plus `after`, as zlib's `crc32_combine` has it.
fn followed_by(before: u64, after: u64, size: u64, polynomial: u64, width: u32) -> u64 {
    let one = 1 << (width - 1);
    let times = |mut a: u64, b: u64| {
        let (mut product, mut bit) = (0, one);
        while bit != 0 {
            if b & bit != 0 {
                product ^= a;
            }
            a = if a & 1 == 1 { (a >> 1) ^ polynomial } else { a >> 1 };
            bit >>= 1;
        }
        product
    };
    let (mut power, mut square, mut bits) = (one, one >> 8, size);
    while bits != 0 {
        if bits & 1 == 1 {
            power = times(power, square);
        }
        square = times(square, square);
        bits >>= 1;
    }
    times(before, power) ^ after
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_checksum_of_parts_is_that_of_the_whole() {
        let bytes: Vec<u8> = (0..40_000_u32).flat_map(u32::to_le_bytes).collect();
        let sums_of = |bytes: &[u8]| {
            let mut hasher = hasher(|_| true);
            hasher.update(bytes);
            Sums::from(hasher.finalize())
        };
        let whole = sums_of(&bytes);
        let parts = [&bytes[..70_001], &bytes[70_001..70_001], &bytes[70_001..]];
        let sums = parts.map(sums_of);
        let parts: Vec<(&Sums, u64)> =
            sums.iter().zip(parts).map(|(sums, part)| (sums, part.len() as u64)).collect();
        for algorithm in ["CRC32", "CRC32C", "CRC64NVME"] {
            let made = joined(algorithm, Making::FullObject, &parts).unwrap();
            assert_eq!(made.of(algorithm), whole.of(algorithm), "{algorithm}");
        }
    }
}
