use std::ffi::OsString;
use std::os::unix::fs::{MetadataExt, chown};
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::program::find;

/// A new folder of a server's own. Until a guard takes it over, it is removed when dropped.
pub(crate) struct Folder {
    path: TempDir,
    /// Whom its server runs as, if that may not be root, as we are.
    user: Option<User>,
}

struct User {
    uid: u32,
    gid: u32,
}

impl Folder {
    pub(crate) fn new() -> Self {
        let path = tempfile::Builder::new()
            .prefix("flashbid-")
            .tempdir()
            .unwrap_or_else(|error| panic!("cannot make a temporary folder: {error}"));
        Self { path, user: None }
    }

    /// A folder for a server that refuses to run as root: it belongs to a user who is not.
    pub(crate) fn unprivileged() -> Self {
        let mut folder = Self::new();
        let owner = std::fs::metadata(folder.path())
            .expect("the folder was made above")
            .uid();
        if owner == 0 {
            let user = User::without_privileges();
            chown(folder.path(), Some(user.uid), Some(user.gid)).unwrap_or_else(|error| {
                panic!("cannot give a folder to user {}: {error}", user.uid)
            });
            folder.user = Some(user);
        }
        folder
    }

    pub(crate) fn path(&self) -> &Path {
        self.path.path()
    }

    /// The command that runs a program as the folder's user. The process stays the same one.
    pub(crate) fn command(&self, program: &Path) -> Vec<OsString> {
        let mut command = Vec::new();
        if let Some(User { uid, gid }) = &self.user {
            command.push(find("setpriv").into_os_string());
            command.push(format!("--reuid={uid}").into());
            command.push(format!("--regid={gid}").into());
            command.extend(["--clear-groups".into(), "--".into()]);
        }
        command.push(program.as_os_str().to_owned());
        command
    }

    /// Leaves the folder to somebody who will remove it.
    pub(crate) fn keep(self) -> PathBuf {
        self.path.keep()
    }
}

impl User {
    fn without_privileges() -> Self {
        let id = |flag: &str, name: &str| {
            let output = Command::new("id").args([flag, name]).output().ok()?;
            String::from_utf8(output.stdout).ok()?.trim().parse().ok()
        };
        ["postgres", "nobody"]
            .into_iter()
            .find_map(|name| {
                Some(Self {
                    uid: id("-u", name)?,
                    gid: id("-g", name)?,
                })
            })
            .expect("there is no user postgres or nobody to run a server that refuses root")
    }
}
