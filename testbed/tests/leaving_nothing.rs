//! No server outlives the process that started it, however that ends.

use std::env;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::process::{Command, Stdio};

use flashbid_testbed::{PgBouncer, PoolMode, Postgres, Redis, RedisSentinel, eventually};

fn await_closed(addresses: &[String]) {
    for address in addresses {
        eventually(format!("{address} to be closed"), || {
            TcpStream::connect(address).is_err().then_some(())
        });
    }
}

#[test]
fn every_server_is_gone_after_its_drop() {
    let redis = Redis::start();
    let postgres = Postgres::start();
    let bouncer = PgBouncer::start(&postgres, PoolMode::Session);
    let sentinel = RedisSentinel::start();
    let sentinels = sentinel
        .url()
        .replace("redis+sentinel://", "")
        .replace("/flashbid", "");
    let mut addresses = vec![
        redis.address(),
        postgres.address(),
        bouncer.address(),
        sentinel.primary().address(),
    ];
    addresses.extend(sentinels.split(',').map(str::to_owned));
    for address in &addresses {
        assert!(TcpStream::connect(address).is_ok(), "{address} is open");
    }
    // A frozen server must not make the drop wait.
    redis.freeze();
    postgres.freeze();
    drop((redis, bouncer, postgres, sentinel));
    for address in &addresses {
        assert!(
            TcpStream::connect(address).is_err(),
            "{address} is closed as soon as the drop returns"
        );
    }
}

/// The other half of the next test: runs in a process that is killed.
const CHILD: &str = "FLASHBID_TESTBED_CHILD";

#[test]
fn every_server_is_gone_after_its_process_was_killed() -> std::io::Result<()> {
    if env::var_os(CHILD).is_some() {
        let redis = Redis::start();
        let postgres = Postgres::shared();
        let bouncer = PgBouncer::start(postgres, PoolMode::Transaction);
        eprintln!(
            "started {} {} {}",
            redis.address(),
            postgres.address(),
            bouncer.address()
        );
        loop {
            std::thread::park();
        }
    }
    // Its own folder for temporary files shows whether anything is left in it.
    let folder = tempfile::tempdir()?;
    std::fs::set_permissions(
        folder.path(),
        std::os::unix::fs::PermissionsExt::from_mode(0o755),
    )?;
    let mut child = Command::new(env::current_exe()?)
        .args([
            "--exact",
            "--nocapture",
            "every_server_is_gone_after_its_process_was_killed",
        ])
        .env(CHILD, "1")
        .env("TMPDIR", folder.path())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()?;
    let said = BufReader::new(child.stderr.take().expect("stderr is piped"));
    let line = said
        .lines()
        .map_while(Result::ok)
        .find(|line| line.starts_with("started "));
    child.kill()?;
    child.wait()?;
    let line = line.expect("the child says what it started");
    let addresses: Vec<_> = line.split(' ').skip(1).map(str::to_owned).collect();
    assert_eq!(addresses.len(), 3);
    await_closed(&addresses);
    eventually("the folders to be removed", || {
        let left = std::fs::read_dir(folder.path()).ok()?.count();
        (left == 0).then_some(())
    });
    Ok(())
}

/// A process that died while its server was being started left the server behind: the guard's answer to it ended the
/// guard.
#[test]
fn a_server_is_gone_whose_process_died_while_starting_it() -> std::io::Result<()> {
    let parent = tempfile::tempdir()?;
    let folder = parent.path().join("server");
    std::fs::create_dir(&folder)?;
    let pid = parent.path().join("pid");
    let program = format!("echo $$ >{}; exec sleep 1000", pid.display());
    let mut guard = Command::new("sh")
        .args(["-c", include_str!("../src/guard.sh"), "guard"])
        .arg(&folder)
        .args(["KILL", "sh", "-c", &program])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    drop(guard.stdout.take());
    let mut orders = guard.stdin.take().expect("stdin is piped");
    orders.write_all(b"start\n")?;
    let pid = eventually("the server to run", || {
        std::fs::read_to_string(&pid)
            .ok()
            .filter(|pid| pid.ends_with('\n'))
    });
    drop(orders);
    assert!(guard.wait()?.success());
    let alive = Command::new("kill")
        .args(["-0", pid.trim()])
        .stderr(Stdio::null())
        .status()?;
    assert!(!alive.success(), "the server is gone");
    assert!(!folder.exists(), "and so is its folder");
    Ok(())
}
