//! A sale to watch: a server, a crowd of simulated bidders that bid over HTTP like anybody else, and its audit.

mod client;
mod crowd;
mod follow;
mod show;

use std::io::IsTerminal;
use std::str::FromStr;
use std::time::Duration;

use flashbid_core::time::Timestamp;
use futures_util::StreamExt;
use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};
use tokio_util::task::AbortOnDropHandle;
use uuid::Uuid;

use super::serve::Signals;
use super::{say, verify};
use crate::accounts::Accounts;
use crate::config::{Config, LogFilter, Period, RateLimit};
use crate::failure::Failure;
use crate::first_start::Administrator;
use crate::server::Server;
use client::{Client, NewSale};
use crowd::{Bidder, Crowd, Tally};
use follow::Live;
use show::{Screen, View};

/// How often the ranking is pushed and due sales are looked for, unless told otherwise: a demo is there to be watched.
const LIVELY: Duration = Duration::from_millis(500);

/// How long the settlement may take after the end.
const SETTLEMENT_PATIENCE: Duration = Duration::from_mins(1);

/// Registrations that are under way at once.
const REGISTERING: usize = 8;

/// The reserve price of what is sold.
const RESERVE: u32 = 100;

/// The factor of the members' weight: enough to tell, not enough to decide.
const GAMMA: u32 = 20;

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
    if config.admin_password.is_none() && config.admin_email == default.admin_email {
        config.admin_email = "demo@flashbid.local".parse().expect("an email address");
    }
}

/// Holds the sale. At a terminal the server then stays up; without one the outcome of the audit is the exit code.
pub(crate) async fn run(config: &Config, arguments: &Arguments) -> Result<(), Failure> {
    let mut signals = Signals::listen()?;
    let server = Server::start(config).await?;
    let outcome = tokio::select! {
        biased;
        _ = signals.first() => Err(Failure::negative(
            "stopped before the sale was over; it is settled when a server starts on the same ledger",
        )),
        outcome = hold(&server, config, arguments) => match outcome {
            Ok(Next::Stay) => {
                say("\nThe server stays up until Ctrl-C.");
                signals.first().await;
                Ok(())
            }
            Ok(Next::End) => Ok(()),
            Err(failure) => Err(failure),
        },
    };
    tokio::select! {
        () = server.stop() => outcome,
        code = signals.first() => std::process::exit(code),
    }
}

enum Next {
    Stay,
    End,
}

async fn hold(server: &Server, config: &Config, arguments: &Arguments) -> Result<Next, Failure> {
    let password = admin_password(server, config).await?;
    let email = config.admin_email.as_str();
    let client = Client::new(server.address())?;
    let admin = client.login(email, &password).await?.ok_or_else(|| {
        Failure::usage(format!(
            "{email} has another password than the one that was given"
        ))
    })?;
    say(format_args!(
        "FlashBid {} listens on {} (documentation at /docs)",
        env!("CARGO_PKG_VERSION"),
        client.base()
    ));
    say(format_args!(
        "Ledger: {}; hot store: {}",
        config.ledger, config.hot
    ));
    say(format_args!(
        "Administrator: {email} with the password {password}"
    ));
    let Sale::Lasts(length) = arguments.sale else {
        return Ok(Next::Stay);
    };
    let crowd = gather(&client, arguments).await?;
    sell(server, &client, &admin, crowd, length, arguments).await?;
    let is_watched = std::io::stdin().is_terminal() && std::io::stdout().is_terminal();
    Ok(if is_watched { Next::Stay } else { Next::End })
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

async fn sell(
    server: &Server,
    client: &Client,
    admin: &str,
    bidders: Vec<Bidder>,
    length: Duration,
    arguments: &Arguments,
) -> Result<(), Failure> {
    let start = server.state().engine().now();
    let sale = client
        .add_sale(
            admin,
            &NewSale {
                name: "Aurora lamp, numbered edition",
                units: arguments.units,
                reserve: RESERVE,
                gamma: GAMMA,
                start,
                end: start.after(length),
            },
        )
        .await?;
    say(format_args!("Campaign: {sale}\n"));
    let ends = Instant::now() + length;

    let (telling, live) = watch::channel(Live::default());
    let feed = client.feed(sale, &bidders[0].token);
    let _following = AbortOnDropHandle::new(tokio::spawn(follow::follow(feed, telling)));
    let names = bidders
        .iter()
        .map(|bidder| (bidder.id, bidder.name.clone()))
        .collect();
    let crowd = Crowd::new(client.clone(), sale, bidders, RESERVE, arguments.seed);
    let tally = crowd.tally();
    let bidding = AbortOnDropHandle::new(tokio::spawn(crowd.bid(length, live.clone())));

    let stage = Stage {
        address: client.base().to_owned(),
        units: arguments.units,
        length,
        ends,
        live,
    };
    stage.show(&tally).await?;
    drop(bidding);
    let orders = client.orders(admin, sale).await?;
    show::winners(&orders, &names);
    audit(server, sale).await
}

async fn audit(server: &Server, sale: Uuid) -> Result<(), Failure> {
    let verdict = server.state().engine().verify(sale.into()).await;
    let verdict = verdict.map_err(|error| Failure::negative(error.to_string()))?;
    say("\nVerified from the ledger");
    verify::report(&verdict)
}

/// What is shown while the sale runs.
struct Stage {
    address: String,
    units: u32,
    length: Duration,
    ends: Instant,
    live: watch::Receiver<Live>,
}

impl Stage {
    /// Shows the sale until it is settled.
    async fn show(mut self, tally: &Tally) -> Result<(), Failure> {
        let mut screen = Screen::new();
        let mut ticks = interval(screen.period());
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                is_over = is_over(&mut self.live) => {
                    if !is_over {
                        return Err(Failure::negative("the live feed was lost"));
                    }
                    break;
                }
                () = sleep_until(self.ends + SETTLEMENT_PATIENCE) => {
                    return Err(Failure::negative("the sale was not settled within a minute of its end"));
                }
                _ = ticks.tick() => screen.show(&self.view(tally)),
            }
        }
        screen.show(&self.view(tally));
        Ok(())
    }

    fn view(&self, tally: &Tally) -> View {
        let left = self.ends.saturating_duration_since(Instant::now());
        View {
            address: self.address.clone(),
            units: self.units,
            reserve: RESERVE,
            length: self.length,
            left,
            live: self.live.borrow().clone(),
            refused: tally.refused(),
            failed: tally.failed(),
        }
    }
}

/// Waits for the end of the sale; `false` when nobody will tell.
async fn is_over(live: &mut watch::Receiver<Live>) -> bool {
    live.wait_for(|live| live.is_over).await.is_ok()
}

/// A moment as the API takes it.
fn rfc3339(at: Timestamp) -> serde_json::Value {
    serde_json::json!(crate::wire::Time(at))
}
