//! Redis and Valkey: each life of a server that a test may want.

use std::io;

use flashbid_testbed::{Redis, RedisCluster, RedisSentinel, eventually};

fn get(redis: &Redis, key: &str) -> io::Result<String> {
    Ok(redis.call(&["GET", key])?.text())
}

#[test]
fn a_killed_redis_comes_back_with_what_it_answered() -> io::Result<()> {
    let redis = Redis::start();
    redis.call(&["SET", "key", "value"])?;
    redis.kill();
    assert!(redis.call(&["PING"]).is_err(), "it is dead");
    redis.restart();
    assert_eq!(get(&redis, "key")?, "value");
    Ok(())
}

#[test]
fn a_redis_can_come_back_empty() -> io::Result<()> {
    let redis = Redis::start();
    redis.call(&["SET", "key", "value"])?;
    redis.restart_empty();
    assert_eq!(get(&redis, "key")?, "");
    Ok(())
}

#[test]
fn a_frozen_redis_answers_when_it_is_thawed() -> io::Result<()> {
    let redis = Redis::start();
    redis.freeze();
    let asked = std::thread::scope(|threads| {
        let asking = threads.spawn(|| redis.call(&["PING"]));
        redis.thaw();
        asking.join().expect("asking does not panic")
    })?;
    assert_eq!(asked.text(), "PONG");
    Ok(())
}

#[test]
fn options_reach_redis() -> io::Result<()> {
    let redis = Redis::start_with(&["--maxmemory", "3mb", "--maxmemory-policy", "noeviction"]);
    assert_eq!(
        redis.call(&["CONFIG", "GET", "maxmemory"])?.text(),
        "maxmemory\n3145728"
    );
    Ok(())
}

#[test]
fn valkey_does_the_same() -> io::Result<()> {
    let valkey = Redis::valkey();
    assert!(
        valkey
            .call(&["INFO", "server"])?
            .text()
            .contains("server_name:valkey")
    );
    valkey.call(&["SET", "key", "value"])?;
    valkey.restart();
    assert_eq!(get(&valkey, "key")?, "value");
    Ok(())
}

#[test]
fn a_tls_redis_speaks_tls_with_its_certificate() {
    let redis = Redis::tls();
    let address = redis.tls_url().replace("rediss://", "");
    let output = std::process::Command::new("openssl")
        .args([
            "s_client",
            "-brief",
            "-verify_return_error",
            "-connect",
            &address,
        ])
        .args(["-CAfile", redis.certificates().authority()])
        .stdin(std::process::Stdio::null())
        .output()
        .expect("openssl runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("Verification: OK"), "{said}");
}

#[test]
fn a_cluster_replaces_a_killed_primary() {
    let cluster = RedisCluster::start();
    assert_eq!(cluster.nodes().len(), 6);
    let old = cluster.kill_primary_of("key");
    let new = cluster.await_primary_other_than(old, "key");
    eventually("the new primary to take writes", || {
        new.call(&["SET", "key", "value"]).ok()
    });
    old.restart();
    cluster.await_whole();
}

#[test]
fn the_sentinels_swap_primary_and_replica_on_demand() {
    let system = RedisSentinel::start();
    let old = system.primary().port();
    let new = system.fail_over();
    assert_ne!(new.port(), old);
    assert_eq!(system.replica().port(), old);
}

#[test]
fn the_sentinels_replace_a_killed_primary() -> io::Result<()> {
    let system = RedisSentinel::start();
    let old = system.kill_primary();
    let new = system.await_primary_other_than(old);
    new.call(&["SET", "key", "value"])?;
    old.restart();
    eventually("the old primary to follow the new one", || {
        get(old, "key").ok().filter(|value| value == "value")
    });
    Ok(())
}
