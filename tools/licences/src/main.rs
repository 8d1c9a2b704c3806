//! Fails when a dependency's licence is not allowed here, or when one of our packages has none.
//!
//! `flashbid-licences [MANIFEST]...` reads the whole dependency tree of each manifest, for every platform, as its
//! `Cargo.lock` has it. It asks less than cargo-deny does, and builds in seconds where that takes minutes.

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
    "Zlib",
];

/// Packages whose manifest has no licence expression but names a file, with the version whose file was read and what it is.
const READ_FROM_FILE: &[(&str, &str, &str)] = &[("captcha", "1.0.0", "MIT")];

fn main() -> ExitCode {
    let mut manifests: Vec<String> = std::env::args().skip(1).collect();
    if manifests.is_empty() {
        manifests.push("Cargo.toml".to_owned());
    }
    let allowed = allowed();
    let mut refused = 0;
    for manifest in manifests {
        let packages = match packages(&manifest) {
            Ok(packages) => packages,
            Err(error) => {
                eprintln!("licences: {manifest}: {error}");
                return ExitCode::from(2);
            }
        };
        for package in &packages {
            if let Err(reason) = check(package, &allowed) {
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

fn allowed() -> Vec<Licensee> {
    ALLOWED
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
        };
        check(&package, &allowed())
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
        };
        assert_eq!(check(&captcha("1.0.0"), &allowed()), Ok(()));
        assert!(check(&captcha("1.0.1"), &allowed()).is_err());
    }

    #[test]
    fn a_package_without_a_licence_is_refused() {
        assert!(verdict(None).is_err());
        assert!(verdict(Some("")).is_err());
        assert!(verdict(Some("see the file")).is_err());
    }
}
