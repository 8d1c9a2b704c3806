use std::sync::Arc;

use flashbid_core::campaign::{Format, Rebid, Window};
use flashbid_core::engine::{NewCampaign, NewProduct};
use flashbid_core::id::{CampaignId, IdSource, ProductId, RandomIds};
use flashbid_core::money::Money;
use flashbid_core::score::Weights;
use flashbid_core::stock::Units;
use flashbid_core::time::{SystemClock, Timestamp};
use flashbid_core::{Engine, Error};
use serde_json::json;

use super::say;
use crate::accounts::{Account, Email, Hasher, Password, draw_weight};
use crate::config::{Config, Period, Secret};
use crate::failure::Failure;
use crate::first_start::{self, Administrator};
use crate::stores::Stores;

/// The password of every user that is made here.
const PASSWORD: &str = "password123";

/// What `seed` is told.
#[derive(Debug, clap::Args)]
#[command(allow_negative_numbers = true)]
pub(crate) struct Arguments {
    /// Users to make, user0001@test.com and so on, all with the password password123
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(0..=1_000_000))]
    users: u32,
    /// Units of the product, all of them in the campaign
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=1_000_000_000))]
    stock: u32,
    /// How long the campaign runs, from now on
    #[arg(long, default_value = "10m", value_name = "TIME")]
    duration: Period,
}

/// Fills the ledger with something to try out. Users that are there already stay as they are.
pub(crate) async fn run(config: &Config, arguments: &Arguments) -> Result<(), Failure> {
    let clock = Arc::new(SystemClock);
    let stores = Stores::open(config, clock.clone()).await?;
    let engine = stores.engine(config, clock);
    let hasher = Hasher::new();
    let accounts = &*stores.accounts;
    let admin = first_start::administrator(config, accounts, &hasher, engine.now()).await?;
    let users = users(arguments.users, &hasher, engine.now()).await?;
    let ids = accounts
        .add(&users)
        .await
        .map_err(|error| Failure::usage(format!("cannot add users: {error}")))?;
    let (product, campaign, window) = sale(&engine, arguments)
        .await
        .map_err(|error| Failure::usage(format!("cannot add a campaign: {error}")))?;
    let admin = match admin {
        Administrator::Given { id, email } | Administrator::Found { id, email } => {
            json!({"user_id": id, "email": email.as_str()})
        }
        Administrator::Made {
            id,
            email,
            password,
        } => json!({"user_id": id, "email": email.as_str(), "password": password.expose()}),
    };
    let users: Vec<_> = users
        .iter()
        .zip(&ids)
        .map(|(user, id)| json!({"user_id": id, "email": user.email.as_str()}))
        .collect();
    let made = json!({
        "admin": admin,
        "users": users,
        "user_password": PASSWORD,
        "product_id": product,
        "campaign_id": campaign,
        "start_time": crate::wire::Time(window.start()),
        "end_time": crate::wire::Time(window.end()),
    });
    say(format_args!("{made:#}"));
    Ok(())
}

/// All of them share one hash: they share the password, and a thousand Argon2 would take half a minute.
async fn users(count: u32, hasher: &Hasher, now: Timestamp) -> Result<Vec<Account>, Failure> {
    let password = Password::new(Secret::new(PASSWORD)).expect("it has 11 characters");
    let hash = hasher
        .hash(password)
        .await
        .map_err(|error| Failure::usage(error.to_string()))?;
    let user = |number: u32| -> Account {
        let email: Email = format!("user{number:04}@test.com")
            .parse()
            .expect("an email address");
        Account {
            id: RandomIds.fresh().into(),
            username: format!("user{number:04}").parse().expect("a username"),
            email,
            password: hash.clone(),
            weight: draw_weight(),
            is_admin: false,
            created_at: now,
        }
    };
    Ok((1..=count).map(user).collect())
}

async fn sale(
    engine: &Engine,
    arguments: &Arguments,
) -> Result<(ProductId, CampaignId, Window), Error> {
    let units = Units::new(arguments.stock).expect("the option is bounded by the most units");
    let price: Money = "100".parse().expect("an amount");
    let product = engine
        .add_product(NewProduct {
            name: "Seeded product".to_owned(),
            description: Some("Made by `flashbid-server seed`.".to_owned()),
            image_url: None,
            stock: units,
            min_price: price,
        })
        .await?;
    let Period(duration) = arguments.duration;
    let start = engine.now();
    let window =
        Window::new(start, start.after(duration)).expect("a period is longer than nothing");
    let factor = |text: &str| text.parse().expect("a factor");
    let weights = Weights::new(factor("1"), factor("1000"), factor("100"));
    let format = Format::Ranked {
        weights: weights.expect("small factors cannot overflow"),
        rebid: Rebid::default(),
    };
    let campaign = engine
        .add_campaign(NewCampaign {
            quota: Some(units),
            ..NewCampaign::new(product.id, format, window)
        })
        .await?;
    Ok((product.id, campaign.id, window))
}
