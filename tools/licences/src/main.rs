//! Fails when a dependency's licence is not allowed here, or when one of our packages has none.
//!
//! `flashbid-licences [MANIFEST]...` reads the whole dependency tree of each manifest, for every platform, as its
//! `Cargo.lock` has it; of a `package-lock.json` it reads every package, those that only build or test as well. It asks less than cargo-deny does, and builds in seconds where that takes minutes.

use std::collections::BTreeMap;
use std::process::{Command, ExitCode};

use serde::Deserialize;
use spdx::{Expression, Licensee, ParseMode};

/// What a dependency may be offered under. Each lets the program that contains it be given away under the terms of
/// MIT OR Apache-2.0, with no more than a notice.
const ALLOWED: &[&str] = &[
    "MIT",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "ISC",
    "NCSA",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

/// What a package of the page's tools may be offered under as well: they are used as they are, and no part of them is in
/// the page.
const ALLOWED_OF_TOOLS: &[&str] = &[
    "0BSD",
    "BlueOak-1.0.0",
    "CC-BY-4.0",
    "MIT-0",
    "MPL-2.0",
    "Python-2.0",
];

/// Packages whose manifest has no licence expression but names a file, with the version whose file was read and what it is.
const READ_FROM_FILE: &[(&str, &str, &str)] = &[("captcha", "1.0.0", "MIT")];

fn main() -> ExitCode {
    let mut manifests: Vec<String> = std::env::args().skip(1).collect();
    if manifests.is_empty() {
        manifests.push("Cargo.toml".to_owned());
    }
    let (allowed, of_tools) = (parsed(ALLOWED), parsed(ALLOWED_OF_TOOLS));
    let mut refused = 0;
    for manifest in manifests {
        let packages = if manifest.ends_with("package-lock.json") {
            read(&manifest)
        } else {
            packages(&manifest)
        };
        let packages = match packages {
            Ok(packages) => packages,
            Err(error) => {
                eprintln!("licences: {manifest}: {error}");
                return ExitCode::from(2);
            }
        };
        for package in &packages {
            let also = if package.is_tool { &*of_tools } else { &[] };
            if let Err(reason) = check(package, &[&allowed, also].concat()) {
                eprintln!("licences: {} {}: {reason}", package.name, package.version);
                refused += 1;
            }
        }
        println!("licences: {manifest}: {} packages read", packages.len());
    }
    if refused > 0 {
        eprintln!("licences: {refused} refused; the list of what is allowed is in tools/licences");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

/// The part of `cargo metadata` that is read here.
#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    version: String,
    license: Option<String>,
    /// Whether it only builds or tests the page.
    #[serde(default)]
    is_tool: bool,
}

fn packages(manifest: &str) -> Result<Vec<Package>, String> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args([
            "metadata",
            "--format-version=1",
            "--all-features",
            "--locked",
        ])
        .args(["--manifest-path", manifest])
        .output()
        .map_err(|error| format!("cannot run cargo: {error}"))?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    serde_json::from_slice::<Metadata>(&output.stdout)
        .map(|metadata| metadata.packages)
        .map_err(|error| format!("cargo metadata makes no sense: {error}"))
}

/// The part of a `package-lock.json` that is read here.
#[derive(Deserialize)]
struct Lock {
    /// By folder; the package itself is at "".
    packages: BTreeMap<String, Locked>,
}

#[derive(Deserialize)]
struct Locked {
    #[serde(default)]
    version: String,
    license: Option<String>,
    /// Only for building, or only for testing.
    #[serde(default)]
    dev: bool,
}

fn read(lock: &str) -> Result<Vec<Package>, String> {
    let text = std::fs::read_to_string(lock).map_err(|error| format!("cannot be read: {error}"))?;
    locked(&text)
}

fn locked(text: &str) -> Result<Vec<Package>, String> {
    let lock: Lock =
        serde_json::from_str(text).map_err(|error| format!("makes no sense: {error}"))?;
    let packages = lock.packages.into_iter();
    Ok(packages
        .map(|(folder, locked)| Package {
            name: match folder.rsplit_once("node_modules/") {
                Some((_, name)) => name.to_owned(),
                None => "the page".to_owned(),
            },
            version: locked.version,
            license: locked.license,
            is_tool: locked.dev,
        })
        .collect())
}

fn parsed(licences: &[&str]) -> Vec<Licensee> {
    licences
        .iter()
        .map(|licence| Licensee::parse(licence).expect("the list holds SPDX identifiers"))
        .collect()
}

fn check(package: &Package, allowed: &[Licensee]) -> Result<(), String> {
    let read = READ_FROM_FILE
        .iter()
        .find(|(name, version, _)| (*name, *version) == (&package.name, &package.version))
        .map(|(_, _, licence)| *licence);
    let stated = package
        .license
        .as_deref()
        .or(read)
        .ok_or("states no licence expression")?;
    let expression = Expression::parse_mode(stated, ParseMode::LAX)
        .map_err(|error| format!("`{stated}` is no licence expression: {}", error.reason))?;
    let satisfied =
        expression.evaluate(|required| allowed.iter().any(|ours| ours.satisfies(required)));
    if satisfied {
        Ok(())
    } else {
        Err(format!("`{stated}` is not allowed"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(license: Option<&str>) -> Result<(), String> {
        let package = Package {
            name: "some-crate".to_owned(),
            version: "1.0.0".to_owned(),
            license: license.map(str::to_owned),
            is_tool: false,
        };
        check(&package, &parsed(ALLOWED))
    }

    #[test]
    fn a_licence_that_is_not_on_the_list_is_refused() {
        for licence in [
            "GPL-3.0-only",
            "AGPL-3.0-or-later",
            "MIT AND GPL-2.0-only",
            "MPL-2.0",
            "Apache-2.0 WITH Classpath-exception-2.0",
        ] {
            assert_eq!(
                verdict(Some(licence)),
                Err(format!("`{licence}` is not allowed"))
            );
        }
    }

    #[test]
    fn one_allowed_choice_is_enough() {
        for licence in [
            "MIT",
            "MIT/Apache-2.0",
            "Unlicense OR MIT",
            "MIT OR Apache-2.0 OR LGPL-2.1-or-later",
            "(MIT OR Apache-2.0) AND Unicode-3.0",
            "Apache-2.0 WITH LLVM-exception",
        ] {
            assert_eq!(verdict(Some(licence)), Ok(()), "{licence}");
        }
    }

    #[test]
    fn a_licence_that_was_read_from_a_file_is_of_one_version() {
        let captcha = |version: &str| Package {
            name: "captcha".to_owned(),
            version: version.to_owned(),
            license: None,
            is_tool: false,
        };
        assert_eq!(check(&captcha("1.0.0"), &parsed(ALLOWED)), Ok(()));
        assert!(check(&captcha("1.0.1"), &parsed(ALLOWED)).is_err());
    }

    /// Else the terms of a tool would let a part of the page in.
    #[test]
    fn what_only_tools_may_be_under_is_on_no_other_list() {
        for licence in ALLOWED_OF_TOOLS {
            assert!(verdict(Some(licence)).is_err(), "{licence}");
        }
    }

    #[test]
    fn a_lock_file_of_the_page_tells_its_parts_from_its_tools() {
        let packages = locked(
            r#"{"packages": {
                "": {"version": "0.1.0", "license": "MIT OR Apache-2.0"},
                "node_modules/@a/b": {"version": "1.0.0", "license": "MIT"},
                "node_modules/c/node_modules/d": {"version": "2.0.0", "license": "MPL-2.0", "dev": true}
            }}"#,
        )
        .unwrap();
        let read: Vec<_> = packages
            .iter()
            .map(|one| (&*one.name, one.is_tool))
            .collect();
        assert_eq!(read, [("the page", false), ("@a/b", false), ("d", true)]);
    }

    #[test]
    fn a_package_without_a_licence_is_refused() {
        assert!(verdict(None).is_err());
        assert!(verdict(Some("")).is_err());
        assert!(verdict(Some("see the file")).is_err());
    }
}
