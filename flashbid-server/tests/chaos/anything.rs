//! Anything fails, at any time, also before what failed earlier has been mended.

use std::time::Duration;

use flashbid_testbed::{PgBouncer, PoolMode, Postgres, Proxy, Redis};
use rand::RngExt;

use crate::sale::{Sale, Way};
use crate::stores::{LASTS, impatient};

/// So often something fails after the end, while the sale is settled.
const AFTER_THE_END: u32 = 4;

/// Everything that can fail, and the faults that last.
struct World {
    redis: Redis,
    postgres: Postgres,
    bouncer: PgBouncer,
    proxies: [Proxy; 2],
    is_frozen: bool,
    is_dead: [bool; 2],
}

impl World {
    fn harm(&mut self, sale: &mut Sale) {
        let number = sale.random.random_range(0..2);
        match sale.random.random_range(0..9) {
            0 => {
                self.redis.restart_empty();
                self.is_frozen = false;
            }
            1 => {
                self.redis.restart();
                self.is_frozen = false;
            }
            2 if !self.is_frozen => {
                self.redis.freeze();
                self.is_frozen = true;
            }
            3 => self.postgres.restart(),
            4 => self.bouncer.restart(),
            5 if self.is_dead == [false; 2] => {
                sale.kill(number);
                self.is_dead[number] = true;
            }
            6 => self.proxies[number].cut(),
            7 | 8 => self.proxies[number].cut_before_answer(),
            _ => {}
        }
    }

    /// Mends what does not mend itself.
    fn mend(&mut self, sale: &mut Sale) {
        if std::mem::take(&mut self.is_frozen) {
            self.redis.thaw();
        }
        for number in 0..2 {
            if std::mem::take(&mut self.is_dead[number]) {
                sale.start_again(number);
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn disasters_of_all_kinds_together_cost_no_acknowledged_bid() {
    let (redis, postgres) = (Redis::start(), Postgres::start());
    let bouncer = PgBouncer::start(&postgres, PoolMode::Transaction);
    let database = postgres.database();
    let proxies = [(); 2].map(|()| Proxy::start(redis.port()));
    let ledgers = [database.clone(), bouncer.url(&database)];
    let mut ways = ledgers.map(|ledger| Way {
        hot: String::new(),
        ledger,
    });
    for (way, proxy) in ways.iter_mut().zip(&proxies) {
        way.hot = impatient(&proxy.url(&redis.url()));
    }
    let mut sale = Sale::begin(&database, ways, LASTS).await;
    let mut world = World {
        redis,
        postgres,
        bouncer,
        proxies,
        is_frozen: false,
        is_dead: [false; 2],
    };
    let mut late = 0;
    while late < AFTER_THE_END {
        for _ in 0..sale.random.random_range(1..4) {
            world.harm(&mut sale);
            sale.pause(0..400).await;
        }
        world.mend(&mut sale);
        if sale.left() > Duration::from_secs(1) {
            sale.recovered().await;
        }
        late += u32::from(sale.left().is_zero());
    }
    world.proxies.iter().for_each(Proxy::pass);
    sale.check().await;
}
