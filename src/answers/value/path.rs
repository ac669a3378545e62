//! Paths of things that must be there.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use x509_parser::pem::Pem;

use super::{TextValue, ValueError};

/// Defines newtypes around `PathBuf`; the check says what is wrong with the path.
macro_rules! path_value {
    ($(#[$doc:meta])* $name:ident, $what:literal, $example:literal, $check:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(PathBuf);

        impl $name {
            /// The path.
            pub fn as_path(&self) -> &Path {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.display().fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = ValueError;

            fn from_str(text: &str) -> Result<Self, ValueError> {
                if text.is_empty() || text.contains('\0') {
                    return Err(ValueError::new(format!("`{}` is not a path", text.escape_debug())));
                }
                let path = PathBuf::from(text);
                let check: fn(&Path) -> Result<(), String> = $check;
                check(&path).map_err(ValueError::new)?;
                Ok(Self(path))
            }
        }

        impl TextValue for $name {
            const WHAT: &'static str = $what;
            const PATTERN: &'static str = "^.+$";
            const EXAMPLE: &'static str = $example;
            const IS_PATH: bool = true;
        }
    };
}

path_value! {
    /// A folder that may come into being later.
    FolderPath, "a folder", "/srv/poolside/bundle/charts",
    |path| if path.is_file() { Err(format!("`{}` is a file, not a folder", path.display())) } else { Ok(()) }
}

path_value! {
    /// A folder that is there and can be read.
    ExistingFolder, "a folder that exists", "/srv/poolside/bundle/containers",
    |path| match fs::metadata(path) {
        Ok(found) if !found.is_dir() => {
            Err(format!("`{}` is a file, not a folder", path.display()))
        }
        Ok(_) => fs::read_dir(path)
            .map(drop)
            .map_err(|e| format!("the folder `{}` cannot be read: {e}", path.display())),
        Err(e) => Err(unreachable_path("folder", path, &e)),
    }
}

path_value! {
    /// A file of CA certificates in PEM form.
    PemBundle, "a file of CA certificates in PEM form", "/etc/ssl/certs/acme-root.pem",
    |path| {
        let content = fs::read(path).map_err(|e| unreachable_path("file", path, &e))?;
        let mut count = 0;
        for block in Pem::iter_from_buffer(&content) {
            let block = block
                .map_err(|e| format!("`{}` is not PEM after {count} blocks: {e}", path.display()))?;
            count += 1;
            if block.label.contains("PRIVATE KEY") {
                return Err(format!(
                    "`{}` holds a private key: give a file with certificates only",
                    path.display()
                ));
            }
            let certificate = block.parse_x509().map_err(|e| {
                format!("block {count} of `{}` is not a certificate: {e}", path.display())
            })?;
            if !certificate.is_ca() {
                return Err(format!(
                    "certificate {count} of `{}` (`{}`) is not a CA",
                    path.display(),
                    certificate.subject()
                ));
            }
        }
        if count == 0 {
            return Err(format!("`{}` holds no PEM certificate", path.display()));
        }
        Ok(())
    }
}

fn unreachable_path(what: &str, path: &Path, error: &std::io::Error) -> String {
    if error.kind() == std::io::ErrorKind::NotFound {
        format!("there is no {what} `{}`", path.display())
    } else {
        format!("the {what} `{}` cannot be read: {error}", path.display())
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::refusal;
    use super::*;

    fn written(dir: &tempfile::TempDir, name: &str, content: &str) -> String {
        let path = dir.path().join(name);
        fs::write(&path, content).unwrap();
        path.display().to_string()
    }

    fn certificate(is_ca: bool) -> String {
        let key = rcgen::KeyPair::generate().unwrap();
        let mut params = rcgen::CertificateParams::new(vec!["acme.example".into()]).unwrap();
        if is_ca {
            params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        }
        params.self_signed(&key).unwrap().pem()
    }

    #[test]
    fn a_folder_must_be_there_and_be_one() {
        let dir = tempfile::tempdir().unwrap();
        let file = written(&dir, "file", "");
        let missing = dir.path().join("missing").display().to_string();
        assert!(dir.path().display().to_string().parse::<ExistingFolder>().is_ok());
        assert_eq!(refusal::<ExistingFolder>(&file), format!("`{file}` is a file, not a folder"));
        assert_eq!(refusal::<ExistingFolder>(&missing), format!("there is no folder `{missing}`"));
        assert!(missing.parse::<FolderPath>().is_ok());
    }

    #[test]
    fn a_ca_bundle_holds_ca_certificates_and_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        let good = written(&dir, "good.pem", &(certificate(true) + &certificate(true)));
        assert!(good.parse::<PemBundle>().is_ok());
        let empty = written(&dir, "empty.pem", "nothing here\n");
        assert_eq!(refusal::<PemBundle>(&empty), format!("`{empty}` holds no PEM certificate"));
        let leaf = written(&dir, "leaf.pem", &(certificate(true) + &certificate(false)));
        assert_eq!(
            refusal::<PemBundle>(&leaf),
            format!("certificate 2 of `{leaf}` (`CN=rcgen self signed cert`) is not a CA")
        );
        let key = rcgen::KeyPair::generate().unwrap().serialize_pem();
        let with_key = written(&dir, "key.pem", &(certificate(true) + &key));
        assert_eq!(
            refusal::<PemBundle>(&with_key),
            format!("`{with_key}` holds a private key: give a file with certificates only")
        );
    }
}
