use std::env;
use std::path::{Path, PathBuf};

/// Where a program is. A missing one fails the test that needs it.
///
/// # Panics
///
/// If it is nowhere.
pub(crate) fn find(name: &str) -> PathBuf {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path)
        // pgbouncer and setpriv are there, where an ordinary user's PATH does not look.
        .chain(["/usr/local/sbin", "/usr/sbin", "/sbin"].map(PathBuf::from))
        .chain(postgres_versions())
        // `make test-deps` unpacks Valkey there on a system that has not installed it.
        .chain([Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/tools/valkey/usr/bin")])
        .map(|folder| folder.join(name))
        .find(|file| file.is_file())
        .unwrap_or_else(|| panic!("{name} is missing: run `make test-deps`"))
}

/// Debian keeps PostgreSQL's programs out of PATH, in a folder per version; the newest first.
fn postgres_versions() -> Vec<PathBuf> {
    let version = |folder: &PathBuf| folder.file_name()?.to_str()?.parse::<u32>().ok();
    let mut folders: Vec<_> = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path()))
        .collect();
    folders.sort_by_key(|folder| std::cmp::Reverse(version(folder)));
    folders
        .into_iter()
        .map(|folder| folder.join("bin"))
        .collect()
}
