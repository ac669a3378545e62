//! The members on their way: what is there is found, what is missing is sent in parts.
//!
//! A part goes out from the file while the next one is read, a few at a time, so that no memory
//! grows with the size of a part. What an earlier upload has left is taken up where its parts have
//! the checksums of ours.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};
use tokio::task::JoinSet;

use super::hashing::Hashing;
use super::members::Member;
use super::{Destination, UploadError};
use crate::bundle::Checkpoint;
use crate::transfer::progress::Counter;
use crate::transfer::storage::{Bucket, ListedPart, Part, Slice};
use crate::transfer::{CancellationToken, Progress, Reporter, StorageError};

/// As S3 has it.
const MOST_PARTS: u64 = 10_000;
const SMALLEST_PART: u64 = 5 << 20;
/// Parts that go out at a time.
const AT_A_TIME: usize = 4;

/// The upload of one checkpoint.
pub(super) struct Sending<'a> {
    bucket: &'a Bucket,
    folder: String,
    stem: &'a str,
    part_size: u64,
    reporter: &'a Reporter,
    cancel: &'a CancellationToken,
    /// Unfinished uploads of an earlier run, by key.
    unfinished: BTreeMap<String, String>,
    sent: u64,
}

impl<'a> Sending<'a> {
    /// Looks for what an earlier run has left; of two uploads of a key the earlier one is ended.
    pub(super) async fn new(
        bucket: &'a Bucket,
        to: &Destination,
        checkpoint: &'a Checkpoint,
        reporter: &'a Reporter,
        cancel: &'a CancellationToken,
    ) -> Result<Self, UploadError> {
        let folder = to.folder(checkpoint);
        let mut unfinished = BTreeMap::new();
        for (key, id) in bucket.uploads(&format!("{folder}/")).await? {
            if let Some(earlier) = unfinished.insert(key.clone(), id) {
                bucket.abort(&key, &earlier).await?;
            }
        }
        Ok(Self {
            bucket,
            folder,
            stem: &checkpoint.stem,
            part_size: to.part_size.max(SMALLEST_PART),
            reporter,
            cancel,
            unfinished,
            sent: 0,
        })
    }

    /// Brings one member into the bucket.
    pub(super) async fn member(
        &mut self,
        member: &Member,
        hashing: &mut Hashing,
    ) -> Result<(), UploadError> {
        let (key, size) = (format!("{}/{}", self.folder, member.name), member.size);
        let object = format!("{}/{}", self.stem, member.name);
        self.reporter.tell(Progress::Started { object: object.clone(), size }).await;
        let counter = Counter::new(&object, size, self.reporter);
        let there = self.bucket.head(&key).await?;
        let mut slices = Slices::new(member, part_size(size, self.part_size));
        let is_candidate = there.as_ref().is_some_and(|head| head.size == size);
        if is_candidate {
            slices.read_all(hashing, self.cancel).await?;
        }
        if is_candidate && there.and_then(|head| head.checksum) == slices.checksum() {
            counter.found(size);
        } else if size <= self.part_size {
            let slice = slices.next(hashing).await?.ok_or(UploadError::Stopped)?;
            self.whole(&key, &slice, &counter).await?;
        } else {
            self.in_parts(&key, &mut slices, hashing, &counter).await?;
        }
        self.sent += counter.bytes_sent();
        self.reporter.tell(Progress::Finished { object, size, how: counter.how() }).await;
        Ok(())
    }

    /// Ends the unfinished uploads that nobody needs any more; says how much was sent.
    pub(super) async fn finish(self) -> Result<u64, UploadError> {
        for (key, id) in &self.unfinished {
            self.bucket.abort(key, id).await?;
        }
        Ok(self.sent)
    }

    async fn whole(&self, key: &str, slice: &Slice, counter: &Counter) -> Result<(), UploadError> {
        tokio::select! {
            sent = self.bucket.put(key, slice, counter) => Ok(sent?),
            () = self.cancel.cancelled() => Err(UploadError::Stopped),
        }
    }

    async fn in_parts(
        &mut self,
        key: &str,
        slices: &mut Slices,
        hashing: &mut Hashing,
        counter: &Counter,
    ) -> Result<(), UploadError> {
        let (id, there) = match self.unfinished.remove(key) {
            Some(id) => {
                let parts = self.bucket.parts(key, &id).await?;
                (id, parts.into_iter().map(|part| (part.part_number, part)).collect())
            }
            None => (self.bucket.begin(key).await?, BTreeMap::new()),
        };
        let upload = PartUpload { bucket: self.bucket, key, id: &id, counter };
        let parts = upload.send(slices, hashing, &there, self.cancel).await?;
        let checksum = self.bucket.complete(key, &id, &parts).await?;
        match (checksum, slices.checksum()) {
            (Some(there), Some(ours)) if there != ours => {
                Err(UploadError::Differs { uri: self.bucket.uri(key), there, ours })
            }
            _ => Ok(()),
        }
    }
}

/// The parts of one member.
struct PartUpload<'a> {
    bucket: &'a Bucket,
    key: &'a str,
    id: &'a str,
    counter: &'a Counter,
}

impl PartUpload<'_> {
    async fn send(
        &self,
        slices: &mut Slices,
        hashing: &mut Hashing,
        there: &BTreeMap<u32, ListedPart>,
        cancel: &CancellationToken,
    ) -> Result<Vec<Part>, UploadError> {
        let mut parts = Vec::new();
        let mut number = 0;
        // Dropped with this function: what is on its way then ends, and complete parts stay.
        let mut going: JoinSet<Result<Part, StorageError>> = JoinSet::new();
        while let Some(slice) = slices.next(hashing).await? {
            if cancel.is_cancelled() {
                return Err(UploadError::Stopped);
            }
            number += 1;
            if let Some(part) = there.get(&number).and_then(|part| same(part, &slice)) {
                self.counter.found(slice.size);
                parts.push(part);
                continue;
            }
            if going.len() >= AT_A_TIME {
                parts.push(next_of(&mut going, cancel).await?);
            }
            let (bucket, key, id) = (self.bucket.clone(), self.key.to_owned(), self.id.to_owned());
            let counter = self.counter.clone();
            going.spawn(async move { bucket.put_part(&key, &id, number, &slice, &counter).await });
        }
        while !going.is_empty() {
            parts.push(next_of(&mut going, cancel).await?);
        }
        parts.sort_by_key(|part| part.number);
        Ok(parts)
    }
}

async fn next_of(
    going: &mut JoinSet<Result<Part, StorageError>>,
    cancel: &CancellationToken,
) -> Result<Part, UploadError> {
    // Cancel safe: a part that has ended stays in the set until it is taken.
    tokio::select! {
        ended = going.join_next() => match ended {
            Some(Ok(part)) => Ok(part?),
            Some(Err(_)) | None => Err(UploadError::Stopped),
        },
        () = cancel.cancelled() => Err(UploadError::Stopped),
    }
}

/// A part of an earlier run that has our bytes.
fn same(there: &ListedPart, slice: &Slice) -> Option<Part> {
    let checksum = slice.checksum();
    let is_same = there.size == slice.size && there.checksum_sha256.as_ref() == Some(&checksum);
    is_same.then(|| Part { number: there.part_number, etag: there.etag.clone(), checksum })
}

/// The parts of a member, read one after another; those that were read ahead come first.
struct Slices {
    /// Where the parts begin that have not been read.
    at: u64,
    end: u64,
    step: u64,
    ahead: std::collections::VecDeque<Slice>,
    digests: Vec<[u8; 32]>,
    is_empty_member: bool,
    is_whole: bool,
}

impl Slices {
    fn new(member: &Member, step: u64) -> Self {
        Self {
            at: member.offset,
            end: member.offset + member.size,
            step,
            ahead: std::collections::VecDeque::new(),
            digests: Vec::new(),
            is_empty_member: member.size == 0,
            is_whole: member.size <= step,
        }
    }

    async fn next(&mut self, hashing: &mut Hashing) -> Result<Option<Slice>, UploadError> {
        match self.ahead.pop_front() {
            Some(slice) => Ok(Some(slice)),
            None => self.read(hashing).await,
        }
    }

    async fn read(&mut self, hashing: &mut Hashing) -> Result<Option<Slice>, UploadError> {
        if self.at == self.end && !self.is_empty_member {
            return Ok(None);
        }
        self.is_empty_member = false;
        let size = self.step.min(self.end - self.at);
        let slice = hashing.range_at(self.at, size).await?;
        self.at += size;
        self.digests.push(slice.sha256);
        Ok(Some(slice))
    }

    async fn read_all(
        &mut self,
        hashing: &mut Hashing,
        cancel: &CancellationToken,
    ) -> Result<(), UploadError> {
        while let Some(slice) = self.read(hashing).await? {
            if cancel.is_cancelled() {
                return Err(UploadError::Stopped);
            }
            self.ahead.push_back(slice);
        }
        Ok(())
    }

    /// The checksum that S3 has of the object, once all was read.
    fn checksum(&self) -> Option<String> {
        if self.at < self.end {
            return None;
        }
        if self.is_whole {
            return self.digests.first().map(|digest| STANDARD.encode(digest));
        }
        let mut of_digests = Sha256::new();
        for digest in &self.digests {
            of_digests.update(digest);
        }
        Some(format!("{}-{}", STANDARD.encode(of_digests.finalize()), self.digests.len()))
    }
}

/// Large enough that the member has not too many parts.
fn part_size(member: u64, usual: u64) -> u64 {
    let needed = member.div_ceil(MOST_PARTS);
    usual.max(needed.next_multiple_of(1 << 20))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn even_the_largest_member_fits_into_ten_thousand_parts() {
        let usual = 32 << 20;
        assert_eq!(part_size(1 << 30, usual), usual);
        for size in [48 << 30, 400 << 30, 5 << 40] {
            let part = part_size(size, usual);
            assert!(size.div_ceil(part) <= MOST_PARTS, "{size}");
            assert!(part <= 5 << 30, "{size}");
        }
    }
}
