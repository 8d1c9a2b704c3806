//! The servers, one of each kind for all tests of this process. Every store has keys of its own.

use std::sync::OnceLock;

use flashbid_core::id::{IdSource, RandomIds};
use flashbid_redis::{Config, RedisHot};
use flashbid_testbed::{Redis, RedisCluster, RedisSentinel};

pub(crate) async fn standalone() -> RedisHot {
    fresh(&Redis::shared().url()).await
}

pub(crate) async fn valkey() -> RedisHot {
    static VALKEY: OnceLock<Redis> = OnceLock::new();
    fresh(&VALKEY.get_or_init(Redis::valkey).url()).await
}

pub(crate) async fn cluster() -> RedisHot {
    static CLUSTER: OnceLock<RedisCluster> = OnceLock::new();
    fresh(&CLUSTER.get_or_init(RedisCluster::start).url()).await
}

pub(crate) async fn sentinel() -> RedisHot {
    static SENTINEL: OnceLock<RedisSentinel> = OnceLock::new();
    fresh(&SENTINEL.get_or_init(RedisSentinel::start).url()).await
}

async fn fresh(url: &str) -> RedisHot {
    let mut config: Config = url.parse().expect("a server has a good URL");
    config.prefix = format!("{}:", RandomIds.fresh().simple());
    RedisHot::connect_with(config).await.expect("it runs")
}
