//! What the README says under "Talk to it", run as it is printed: every `sh` block in turn, in one shell, against a
//! server that was started as the `text` block before them says. Each request stands below the status of its answer.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// The section that is run.
const SECTION: &str = "\n## Talk to it\n";

/// Where the README has the server.
const ADDRESS: &str = "127.0.0.1:8000";

/// Says the status of each answer, and changes nothing else: what is run stays as it is printed.
const PRELUDE: &str = r#"
set -eu -o pipefail
curl() { command curl --write-out '%{stderr}status %{http_code}\n' "$@"; }
"#;

#[test]
fn every_request_of_the_readme_is_answered_as_it_says() {
    let section = section();
    let directory = tempfile::tempdir().unwrap();
    let server = Demo::start(directory.path(), &blocks(&section, "text"));
    let requests = blocks(&section, "sh").replace(ADDRESS, &server.address);

    let output = Command::new("bash")
        .current_dir(directory.path())
        .args(["-x", "-c", &(PRELUDE.to_owned() + &requests)])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let steps = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}\n{steps}");
    let answered = steps
        .lines()
        .filter_map(|line| line.strip_prefix("status "));
    let answered: Vec<_> = answered.collect();
    assert_eq!(answered, promised(&requests), "{said}\n{steps}");
}

fn section() -> String {
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("../README.md");
    let readme = std::fs::read_to_string(readme).unwrap();
    let (_, section) = readme.split_once(SECTION).expect("the section");
    let end = section.find("\n## ").unwrap_or(section.len());
    section[..end].to_owned()
}

/// The lines of all blocks of a language.
fn blocks(section: &str, language: &str) -> String {
    let opening = format!("```{language}\n");
    let blocks = section.split(&opening).skip(1);
    let blocks: String = blocks
        .map(|rest| rest.split("```").next().unwrap())
        .collect();
    assert!(!blocks.is_empty(), "no {language} blocks");
    blocks
}

/// The statuses that the comments say, of which there is one for each request.
fn promised(requests: &str) -> Vec<&str> {
    let comments = requests.lines().filter_map(|line| line.strip_prefix("# "));
    let promised: Vec<_> = comments.collect();
    assert_eq!(
        promised.len(),
        requests.matches("curl ").count(),
        "a request without the status of its answer"
    );
    promised
}

/// What `make run` starts.
struct Demo {
    process: Child,
    address: String,
}

impl Demo {
    /// Starts it as `line` does, on a free port.
    fn start(directory: &Path, line: &str) -> Self {
        let (variable, target) = line
            .trim()
            .rsplit_once("' make run SALE=")
            .expect("make run");
        let (name, value) = variable.split_once("='").expect("a variable");
        let variables = BTreeMap::from([(name, value), ("FLASHBID_LISTEN", "127.0.0.1:0")]);
        let mut process = Command::new(env!("CARGO_BIN_EXE_flashbid-server"))
            .current_dir(directory)
            .env_clear()
            .envs(variables)
            .args(["demo", "--sale", target])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let address = lines.find_map(|line| {
            let line = line.unwrap();
            let (_, rest) = line.split_once("http://")?;
            Some(rest.split([' ', '/']).next().unwrap().to_owned())
        });
        let address = address.expect("the address");
        // What it says later has somewhere to go.
        std::thread::spawn(move || lines.for_each(drop));
        Self { process, address }
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
