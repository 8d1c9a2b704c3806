//! Sales to watch: a server, a crowd of simulated people that bid and buy over HTTP like anybody else, and an audit.

mod client;
mod crowd;
mod follow;
mod programme;
mod shoppers;
mod show;
mod stage;

use std::io::IsTerminal;
use std::str::FromStr;
use std::time::Duration;

use futures_util::StreamExt;
use tokio::sync::watch;
use tokio::time::{Instant, sleep};
use tokio_util::task::AbortOnDropHandle;
use uuid::Uuid;

use super::serve::Signals;
use super::{say, verify};
use crate::accounts::Accounts;
use crate::config::{Config, LogFilter, Period, RateLimit};
use crate::failure::Failure;
use crate::first_start::Administrator;
use crate::page;
use crate::server::Server;
use client::Client;
use crowd::{Bidder, Crowd};
use follow::Live;
use programme::RESERVE;
use shoppers::Shoppers;
use show::Screen;
use stage::Stage;

/// How often the ranking is pushed and due sales are looked for, unless told otherwise: a demo is there to be watched.
const LIVELY: Duration = Duration::from_millis(500);

/// How long it is between two sales: time to look at the outcome.
const PAUSE: Duration = Duration::from_secs(30);

/// Registrations that are under way at once.
const REGISTERING: usize = 8;

/// What `demo` is told.
#[derive(Clone, Copy, Debug, clap::Args)]
pub(crate) struct Arguments {
    /// How long the sale lasts, or none to serve without a sale
    #[arg(long, default_value = "3m", value_name = "TIME|none")]
    sale: Sale,
    /// Simulated bidders
    #[arg(long, default_value_t = 300, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    bidders: u32,
    /// Units to be sold
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    units: u32,
    /// What the bidders' chances are drawn from
    #[arg(long, default_value_t = 1, value_name = "NUMBER")]
    seed: u64,
}

/// Whether there is a sale.
#[derive(Clone, Copy, Debug)]
enum Sale {
    Lasts(Duration),
    None,
}

impl FromStr for Sale {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const WRONG: &str = "use a length of time from 1s to 24h, such as 60s or 3m, or none";
        if text == "none" {
            return Ok(Self::None);
        }
        let Period(length) = text.parse().map_err(|_| WRONG)?;
        if (Duration::from_secs(1)..=Duration::from_hours(24)).contains(&length) {
            Ok(Self::Lasts(length))
        } else {
            Err(WRONG)
        }
    }
}

/// Changes what nobody asked for to what a demo is better with: little log, a lively ranking, an early settlement.
pub(crate) fn adapt(config: &mut Config) {
    let default = Config::default();
    if config.log == default.log {
        config.log = LogFilter::from_str("warn").expect("a log filter");
    }
    if config.ranking_interval == default.ranking_interval {
        config.ranking_interval = LIVELY;
    }
    if config.settlement_interval == default.settlement_interval {
        config.settlement_interval = LIVELY;
    }
    // Its whole crowd comes from one address.
    if config.limits.address == default.limits.address {
        config.limits.address = RateLimit::OFF;
    }
    if config.limits.purchase_address == default.limits.purchase_address {
        config.limits.purchase_address = RateLimit::OFF;
    }
    if config.admin_password.is_none() && config.admin_email == default.admin_email {
        config.admin_email = "demo@flashbid.local".parse().expect("an email address");
    }
}

/// Holds the sales. At a terminal one follows the other; without one the outcome of the audit is the exit code.
pub(crate) async fn run(config: &Config, arguments: &Arguments) -> Result<(), Failure> {
    let mut signals = Signals::listen()?;
    let server = Server::start(config).await?;
    let outcome = hold(&server, config, arguments, &mut signals).await;
    tokio::select! {
        () = server.stop() => outcome,
        code = signals.first() => std::process::exit(code),
    }
}

async fn hold(
    server: &Server,
    config: &Config,
    arguments: &Arguments,
    signals: &mut Signals,
) -> Result<(), Failure> {
    let demo = unless_stopped(signals, Demo::open(server, config, arguments)).await?;
    let Sale::Lasts(length) = arguments.sale else {
        say("\nThe server stays up until Ctrl-C.");
        signals.first().await;
        return Ok(());
    };
    loop {
        unless_stopped(signals, demo.sell(length)).await?;
        if !(std::io::stdin().is_terminal() && std::io::stdout().is_terminal()) {
            return Ok(());
        }
        say(format_args!(
            "\nThe next sale begins in {} s; Ctrl-C ends.",
            PAUSE.as_secs()
        ));
        // Nothing runs: to stop now leaves nothing undone.
        tokio::select! {
            biased;
            _ = signals.first() => return Ok(()),
            () = sleep(PAUSE) => {}
        }
    }
}

async fn unless_stopped<T>(
    signals: &mut Signals,
    work: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    tokio::select! {
        biased;
        _ = signals.first() => Err(Failure::negative(
            "stopped before the sale was over; it is settled when a server starts on the same ledger",
        )),
        outcome = work => outcome,
    }
}

/// A server, and what is needed to hold sales there.
struct Demo<'a> {
    server: &'a Server,
    arguments: &'a Arguments,
    client: Client,
    email: &'a str,
    password: String,
}

impl<'a> Demo<'a> {
    /// Says where the server is and who may administer it.
    async fn open(
        server: &'a Server,
        config: &'a Config,
        arguments: &'a Arguments,
    ) -> Result<Self, Failure> {
        let demo = Self {
            server,
            arguments,
            client: Client::new(server.address())?,
            email: config.admin_email.as_str(),
            password: admin_password(server, config).await?,
        };
        demo.login().await?;
        let base = demo.client.base();
        say(format_args!(
            "FlashBid {} listens on {base} (documentation at /docs)",
            env!("CARGO_PKG_VERSION")
        ));
        say(format_args!(
            "Ledger: {}; hot store: {}",
            config.ledger, config.hot
        ));
        say(format_args!(
            "Administrator: {} with the password {}",
            demo.email, demo.password
        ));
        if page::is_built() {
            say(format_args!("Open {base} in a browser"));
        }
        Ok(demo)
    }

    /// The administrator's token. It ends some time, so each sale begins with one.
    async fn login(&self) -> Result<String, Failure> {
        let token = self.client.login(self.email, &self.password).await?;
        token.ok_or_else(|| {
            Failure::usage(format!(
                "{} has another password than the one that was given",
                self.email
            ))
        })
    }

    /// Holds a ranked sale, and one at a fixed price beside it, and audits both.
    async fn sell(&self, length: Duration) -> Result<(), Failure> {
        let (client, arguments) = (&self.client, self.arguments);
        let bidders = gather(client, arguments).await?;
        let admin = self.login().await?;
        let start = self.server.state().engine().now();
        if !client.has_announced(&admin).await? {
            client
                .add_sale(&admin, &programme::announced(start))
                .await?;
        }
        let batch = programme::first_come(start, length);
        let shop = client.add_sale(&admin, &batch).await?;
        let sale = programme::ranked(arguments.units, start, length);
        let sale = client.add_sale(&admin, &sale).await?;
        say(format_args!("Campaign: {sale}"));
        say(format_args!("Beside it, first come: {shop}\n"));
        let ends = Instant::now() + length;

        let (live, _following) = self.follow(sale, &bidders[0]);
        let (shop_live, _following_shop) = self.follow(shop, &bidders[0]);
        let names = bidders
            .iter()
            .map(|bidder| (bidder.id, bidder.name.clone()))
            .collect();
        let seed = arguments.seed;
        let buyers = bidders.clone();
        let shoppers = Shoppers::new(client.clone(), shop, buyers, &batch, length, seed);
        let crowd = Crowd::new(client.clone(), sale, bidders, RESERVE, seed);
        let tally = crowd.tally();
        let bidding = AbortOnDropHandle::new(tokio::spawn(crowd.bid(length, live.clone())));
        let buying = AbortOnDropHandle::new(tokio::spawn(shoppers.buy()));

        let stage = Stage {
            address: client.base().to_owned(),
            units: arguments.units,
            length,
            ends,
            live,
            shop: shop_live,
        };
        stage.show(&tally).await?;
        drop((bidding, buying));
        let orders = client.orders(&admin, sale).await?;
        show::winners(&orders, &names);
        say("\nVerified from the ledger");
        let verdicts = [self.audit(sale).await, self.audit(shop).await];
        verdicts.into_iter().collect()
    }

    /// What the feed of a campaign tells, until it is dropped.
    fn follow(
        &self,
        campaign: Uuid,
        watcher: &Bidder,
    ) -> (watch::Receiver<Live>, AbortOnDropHandle<()>) {
        let (telling, live) = watch::channel(Live::default());
        let feed = self.client.feed(campaign, &watcher.token);
        let following = tokio::spawn(follow::follow(feed, telling));
        (live, AbortOnDropHandle::new(following))
    }

    async fn audit(&self, campaign: Uuid) -> Result<(), Failure> {
        let engine = self.server.state().engine();
        let verdict = engine.verify(campaign.into()).await;
        let verdict = verdict.map_err(|error| Failure::negative(error.to_string()))?;
        verify::report(&verdict)
    }
}

/// The password of the demo's administrator. One that was made is kept beside the secret of the tokens, which is worth
/// as much, so that a later demo on the same ledger can say it again.
async fn admin_password(server: &Server, config: &Config) -> Result<String, Failure> {
    if let Some(given) = &config.admin_password {
        return Ok(given.secret().expose().to_owned());
    }
    let accounts: &dyn Accounts = &**server.state().accounts();
    let email = config.admin_email.as_str();
    let setting = format!("demo_password:{email}");
    let kept = match server.administrator() {
        Administrator::Made { password, .. } => {
            let password = password.expose().to_owned();
            accounts.keep_setting(&setting, password).await.map(Some)
        }
        _ => accounts.setting(&setting).await,
    };
    kept.map_err(|error| Failure::usage(format!("the accounts cannot be used: {error}")))?
        .ok_or_else(|| {
            Failure::usage(format!(
                "{email} is an administrator already; give the password with --admin-password, or another --admin-email"
            ))
        })
}

/// Registers the bidders, or logs in those of an earlier demo.
async fn gather(client: &Client, arguments: &Arguments) -> Result<Vec<Bidder>, Failure> {
    let count = arguments.bidders;
    let mut screen = Screen::new();
    let mut registered = futures_util::stream::iter(0..count)
        .map(|number| crowd::register(client, number))
        .buffer_unordered(REGISTERING);
    let mut bidders = Vec::new();
    while let Some(bidder) = registered.next().await {
        bidders.push(bidder?);
        screen.progress(
            "Registering bidders over HTTP",
            bidders.len(),
            count as usize,
        );
    }
    bidders.sort_by(|one, other| one.email.cmp(&other.email));
    Ok(bidders)
}
