//! Real servers for FlashBid's tests: started on free ports in folders of their own, and stopped.
//!
//! Each value is a running server; dropping it ends the server and removes its folder. A server also
//! ends when the test process dies in any way, or holds it in a `static`: a guard process waits for
//! that. Everything blocks and panics, as suits tests; nothing needs an async runtime.
//!
//! | Value | Runs |
//! |---|---|
//! | [`Redis`] | `redis-server` or `valkey-server`, plain or with TLS |
//! | [`RedisCluster`] | six of them as a cluster |
//! | [`RedisSentinel`] | a primary, a replica and three sentinels |
//! | [`Postgres`] | `postgres`, with a fresh database for each test |
//! | [`PgBouncer`] | `pgbouncer` before a [`Postgres`] |
//! | [`Prometheus`] | `prometheus`; [`promtool`] checks what it is told |
//! | [`Proxy`] | a TCP proxy that cuts, stalls, delays or refuses on demand |
//!
//! ```
//! use flashbid_testbed::Redis;
//!
//! let redis = Redis::start();
//! redis.call(&["SET", "key", "value"])?;
//! redis.kill();
//! redis.restart();
//! assert_eq!(redis.call(&["GET", "key"])?.text(), "value");
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! A program that is missing fails the test: `make test-deps` installs them all.

pub use pgbouncer::{PgBouncer, PoolMode};
pub use postgres::Postgres;
pub use prometheus::{Prometheus, promtool};
pub use proxy::Proxy;
pub use redis::{Certificates, Redis, RedisCluster, RedisSentinel, Reply};
pub use wait::eventually;

mod folder;
mod guard;
mod pgbouncer;
mod port;
mod postgres;
mod program;
mod prometheus;
mod proxy;
mod redis;
mod wait;
