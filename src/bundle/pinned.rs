//! Charts of third parties: which version is meant, and from where it can be had.

/// A chart of a third party in the version that is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pinned {
    /// Its name.
    pub name: &'static str,
    /// Its version.
    pub version: &'static str,
    /// Its repository.
    pub repository: &'static str,
    /// The checksum of its package, where two independent sources give one.
    pub sha256: Option<&'static str>,
}

impl Pinned {
    /// The name of its package.
    pub fn file(&self) -> String {
        format!("{}-{}.tgz", self.name, self.version)
    }

    /// Whether a version is the one that is meant. The `v` before it is a habit of some repositories
    /// only.
    pub fn is_version(&self, version: &str) -> bool {
        let bare = |text: &str| text.strip_prefix('v').unwrap_or(text).to_owned();
        bare(version) == bare(self.version)
    }

    /// How it gets into the bundle.
    pub fn remedy(&self) -> String {
        format!(
            "put it into the folder `charts` of the bundle: `helm pull {} --repo {} --version {}`",
            self.name, self.repository, self.version
        )
    }
}
