//! The external programs, pinned: the one table of names, versions and where they come from.
//!
//! To move to another version, change it here (for OpenTofu in `xtask/tofu/go.mod` too) and run
//! `cargo xtask tools`; a stamp beside the old program tells that it is outdated.

/// One external program.
#[derive(Debug)]
pub(crate) struct Program {
    /// The name it is installed under.
    pub(crate) name: &'static str,
    /// The exact version.
    pub(crate) version: &'static str,
    /// Where it comes from.
    pub(crate) source: Source,
    /// What it is needed for.
    pub(crate) why: &'static str,
}

/// A package manager and what it is asked for.
#[derive(Debug)]
pub(crate) enum Source {
    /// `go install PACKAGE@VERSION`, with the variable that holds the program's own version.
    GoPackage {
        /// Import path of the main package.
        package: &'static str,
        /// Linker flags, by which release builds know their version.
        ldflags: &'static str,
    },
    /// `go build PACKAGE` in a folder of this repository whose `go.mod` requires it: for programs
    /// whose own `go.mod` has `replace` lines, which `go install` refuses.
    GoModule {
        /// The folder, from the repository root.
        folder: &'static str,
        /// Import path of the main package.
        package: &'static str,
        /// Linker flags, by which release builds know their version.
        ldflags: &'static str,
    },
    /// A Python with packages, in an environment of its own.
    Python {
        /// The packages with their versions, a file from the repository root.
        requirements: &'static str,
    },
    /// `cargo install`.
    Crate,
    /// Used where it is there, and never fetched.
    Never,
}

/// The Go that the Go programs are built with, where the Go that is there is too old to fetch a
/// newer one by itself.
pub(crate) const GO: &str = "1.26.8";

/// The oldest Helm that springboard works with.
pub(crate) const OLDEST_HELM: (u32, u32) = (3, 14);

/// All external programs.
pub(crate) const PROGRAMS: &[Program] = &[
    Program {
        name: "terraform",
        version: "1.11 or newer",
        source: Source::Never,
        why: "one of the two engines; under BUSL and in no package registry, so never fetched",
    },
    Program {
        name: "tofu",
        version: "1.12.6",
        source: Source::GoModule {
            folder: "xtask/tofu",
            package: "github.com/opentofu/opentofu/cmd/tofu",
            ldflags: "-s -w -X github.com/opentofu/opentofu/version.dev=no",
        },
        why: "the other engine: the rehearsal's where no terraform is there",
    },
    Program {
        name: "helm4",
        version: "4.3.1",
        source: Source::GoPackage {
            package: "helm.sh/helm/v4/cmd/helm",
            ldflags: "-s -w -X helm.sh/helm/v4/internal/version.version=v4.3.1",
        },
        why: "installs the charts",
    },
    Program {
        name: "helm3",
        version: "3.22.0",
        source: Source::GoPackage {
            package: "helm.sh/helm/v3/cmd/helm",
            ldflags: "-s -w -X helm.sh/helm/v3/internal/version.version=v3.22.0",
        },
        why: "installs the charts where operators still have Helm 3",
    },
    Program {
        name: "kubectl",
        version: "1.37.2",
        source: Source::GoModule {
            folder: "xtask/kubectl",
            package: ".",
            ldflags: "-s -w -X k8s.io/component-base/version.gitVersion=v1.37.2",
        },
        why: "asks the simulated cluster in tests, as operators do; springboard itself needs none",
    },
    Program {
        name: "crane",
        version: "0.22.1",
        source: Source::GoPackage {
            package: "github.com/google/go-containerregistry/cmd/crane",
            ldflags: "-s -w -X github.com/google/go-containerregistry/cmd/crane/cmd.Version=v0.22.1",
        },
        why: "reads back in tests what was pushed, as a client that is not ours",
    },
    Program {
        name: "jq",
        version: "1.6 or newer",
        source: Source::Never,
        why: "what `bench streams` compares with; from the package of the system",
    },
    Program {
        name: "moto-python",
        version: "5.2.5",
        source: Source::Python { requirements: "xtask/moto/requirements.txt" },
        why: "an AWS account on loopback, which the tests ask; springboard itself needs no Python",
    },
    Program {
        name: "awscli-python",
        version: "1.46.3",
        source: Source::Python { requirements: "xtask/awscli/requirements.txt" },
        why: "the AWS CLI, which `bench preflight` compares with; springboard itself needs none",
    },
    Program {
        name: "cargo-deny",
        version: "0.20.2",
        source: Source::Crate,
        why: "licences, bans and sources of the dependencies",
    },
];

/// The program of that name.
pub(crate) fn program(name: &str) -> Option<&'static Program> {
    PROGRAMS.iter().find(|program| program.name == name)
}
