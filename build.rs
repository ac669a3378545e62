//! Lists the files of `terraform/` and `assets/` that travel inside the binary.
//!
//! A list of our own, not a macro over the whole folder: what a tool leaves behind in a worked-in
//! tree (`.terraform` with hundreds of megabytes, state with secrets) must never get in, and a
//! new file must be noticed.

use std::fmt::Write as _;
use std::path::Path;
use std::{fs, io};

const FOLDERS: [&str; 2] = ["assets", "terraform"];

fn main() -> io::Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    for folder in FOLDERS {
        println!("cargo:rerun-if-changed={folder}");
        if root.join(folder).is_dir() {
            collect(root, &root.join(folder), &mut files)?;
        }
    }
    // By the bytes of the whole path, as the binary search at run time compares them.
    files.sort();
    let mut list = String::from("&[\n");
    for name in &files {
        let whole = root.join(name).display().to_string();
        writeln!(list, "    ({name:?}, include_bytes!({whole:?})),").map_err(io::Error::other)?;
    }
    list.push_str("]\n");
    #[expect(clippy::disallowed_methods, reason = "cargo tells a build script so")]
    let out = std::env::var_os("OUT_DIR").ok_or_else(|| io::Error::other("no OUT_DIR"))?;
    fs::write(Path::new(&out).join("embedded.rs"), list)
}

fn collect(root: &Path, folder: &Path, files: &mut Vec<String>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        if is_left_behind(&name.to_string_lossy()) {
            continue;
        }
        let path = entry.path();
        if entry.file_type()?.is_dir() {
            collect(root, &path, files)?;
        } else {
            let inside = path.strip_prefix(root).map_err(io::Error::other)?;
            let name = inside.to_str().ok_or_else(|| io::Error::other("a name is not UTF-8"))?;
            files.push(name.to_owned());
        }
    }
    Ok(())
}

/// What editors and Terraform leave in a folder; lock files are ours and stay.
fn is_left_behind(name: &str) -> bool {
    let end = Path::new(name).extension().unwrap_or_default();
    matches!(name, ".terraform" | ".DS_Store" | "crash.log")
        || name.contains(".tfstate")
        || name.ends_with('~')
        || end == "swp"
        || end == "orig"
}
