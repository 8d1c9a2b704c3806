use std::collections::HashMap;
use std::time::Duration;

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use flashbid_core::campaign::{Campaign as CoreCampaign, Format, Guards, Rebid, RunnersUp, Window};
use flashbid_core::engine::NewCampaign as CoreNewCampaign;
use flashbid_core::id::{CampaignId, ProductId};
use flashbid_core::score::Weights;
use flashbid_core::stock::Units;
use flashbid_core::store::{Listing, Page};
use flashbid_core::{Error, Rejection};
use serde::Deserialize;

use super::responses::{
    BodyTooLarge, Malformed, NotAnAdmin, NotFound, NotJson, Unauthorized, Unavailable,
};
use crate::auth::Admin;
use crate::extract::{Id, Input, Paging, PagingQuery};
use crate::problem::{Problem, ProblemBody, sentence};
use crate::state::AppState;
use crate::wire::{
    Campaign, CampaignDetails, CampaignFormat, CampaignList, CampaignStats, ChangeCampaign,
    NewCampaign, Product, Whole,
};

/// The deepest that an offer to runners-up may go.
const MOST_PLACES: u32 = 10_000;

/// The longest time to pay, in seconds: a year.
const LONGEST_DEADLINE: u32 = 31_536_000;

/// Which campaigns are listed.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Which {
    /// Only those that run now, the first to end first.
    #[serde(default)]
    #[param(default = false, required = false)]
    running: bool,
}

/// Campaigns with their products, newest first.
#[utoipa::path(
    get,
    path = "/campaigns",
    tag = "campaigns",
    operation_id = "list_campaigns",
    params(PagingQuery, Which),
    responses(
        (status = 200, description = "A part of the campaigns", body = CampaignList),
        Malformed, Unavailable,
    )
)]
pub(super) async fn list(
    State(state): State<AppState>,
    Paging(page): Paging,
    which: Result<Query<Which>, QueryRejection>,
) -> Result<Json<CampaignList>, Problem> {
    let Query(which) =
        which.map_err(|_| Problem::malformed("The running of a list is true or false."))?;
    let found = if which.running {
        listed(state.engine().running().await?, page)
    } else {
        state.engine().campaigns(page).await?
    };
    let mut products: HashMap<ProductId, Option<Product>> = HashMap::new();
    let mut campaigns = Vec::with_capacity(found.items.len());
    for campaign in &found.items {
        let product = if let Some(product) = products.get(&campaign.product) {
            product.clone()
        } else {
            let product = product_of(&state, campaign).await?;
            products.insert(campaign.product, product.clone());
            product
        };
        campaigns.push(Campaign::new(campaign, product, state.engine().now()));
    }
    Ok(Json(CampaignList {
        campaigns,
        total: found.total,
    }))
}

/// A page of a list that is there as a whole.
fn listed(all: Vec<CoreCampaign>, page: Page) -> Listing<CoreCampaign> {
    let total = all.len() as u64;
    let skip = usize::try_from(page.skip).unwrap_or(usize::MAX);
    let items = all.into_iter().skip(skip).take(page.limit as usize);
    Listing {
        items: items.collect(),
        total,
    }
}

/// One campaign with its product and its figures.
///
/// While the hot store is away, the figures of a ranked campaign are null, and those of a first-come campaign are the
/// ledger's.
#[utoipa::path(
    get,
    path = "/campaigns/{campaign_id}",
    tag = "campaigns",
    operation_id = "get_campaign",
    params(("campaign_id" = Uuid, Path)),
    responses(
        (status = 200, description = "The campaign", body = CampaignDetails),
        NotFound, Malformed, Unavailable,
    )
)]
pub(super) async fn one(
    State(state): State<AppState>,
    Id(id): Id<CampaignId>,
) -> Result<Json<CampaignDetails>, Problem> {
    let campaign = state.engine().known_campaign(id).await?;
    let product = product_of(&state, &campaign).await?;
    let figures = figures_of(&state, &campaign).await?;
    Ok(Json(CampaignDetails {
        campaign: Campaign::new(&campaign, product, state.engine().now()),
        stats: figures,
    }))
}

/// Changes what bids and purchases of a campaign need. Every server sees it within a second.
#[utoipa::path(
    patch,
    path = "/campaigns/{campaign_id}",
    tag = "campaigns",
    operation_id = "change_campaign",
    security(("token" = [])),
    params(("campaign_id" = Uuid, Path)),
    request_body = ChangeCampaign,
    responses(
        (status = 200, description = "The campaign as it is now", body = Campaign),
        Unauthorized, NotAnAdmin, NotFound, BodyTooLarge, NotJson, Malformed, Unavailable,
    )
)]
pub(super) async fn change(
    State(state): State<AppState>,
    _: Admin,
    Id(id): Id<CampaignId>,
    Input(wanted): Input<ChangeCampaign>,
) -> Result<Json<Campaign>, Problem> {
    let campaign = state.engine().campaign(id).await?;
    let guards = campaign.ok_or(Rejection::UnknownCampaign)?.guards;
    let guards = Guards {
        ticket: wanted.require_token.unwrap_or(guards.ticket),
        captcha: wanted.require_captcha.unwrap_or(guards.captcha),
    };
    let campaign = state.engine().set_guards(id, guards).await?;
    let product = product_of(&state, &campaign).await?;
    Ok(Json(Campaign::new(
        &campaign,
        product,
        state.engine().now(),
    )))
}

/// Makes a campaign.
#[utoipa::path(
    post,
    path = "/campaigns",
    tag = "campaigns",
    operation_id = "add_campaign",
    security(("token" = [])),
    request_body = NewCampaign,
    responses(
        (status = 201, description = "The campaign", body = Campaign),
        (status = 400, description = "UNKNOWN_PRODUCT, EMPTY_WINDOW, or WRONG_TERMS for the format", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "QUOTA_BEYOND_STOCK or SOLD_OUT", body = ProblemBody, content_type = "application/problem+json"),
        Unauthorized, NotAnAdmin, BodyTooLarge, NotJson, Malformed, Unavailable,
    )
)]
pub(super) async fn add(
    State(state): State<AppState>,
    _: Admin,
    Input(wanted): Input<NewCampaign>,
) -> Result<(StatusCode, Json<Campaign>), Problem> {
    let added = state.engine().add_campaign(parse(&wanted)?).await;
    let campaign = added.map_err(|error| match error {
        Error::Rejected(Rejection::UnknownProduct) => {
            Problem::bad_request("UNKNOWN_PRODUCT", "There is no such product.")
        }
        other => other.into(),
    })?;
    let product = product_of(&state, &campaign).await?;
    let campaign = Campaign::new(&campaign, product, state.engine().now());
    Ok((StatusCode::CREATED, Json(campaign)))
}

fn parse(wanted: &NewCampaign) -> Result<CoreNewCampaign, Problem> {
    let format = match wanted.format {
        CampaignFormat::Ranked => ranked(wanted)?,
        CampaignFormat::FirstCome => first_come(wanted)?,
    };
    let window = Window::new(wanted.start_time.0, wanted.end_time.0).map_err(|_| {
        Problem::bad_request("EMPTY_WINDOW", "The end_time must be after the start_time.")
    })?;
    let runners_up = wanted.runners_up.map(|terms| {
        if !(1..=MOST_PLACES).contains(&terms.places.0) {
            return Err(Problem::malformed(format!(
                "The places of runners_up must be from 1 to {MOST_PLACES}."
            )));
        }
        Ok(RunnersUp {
            places: terms.places.0,
            payment_deadline: deadline("payment_deadline of runners_up", terms.payment_deadline)?,
        })
    });
    let usual = CoreNewCampaign::new(wanted.product_id.into(), format, window);
    Ok(CoreNewCampaign {
        quota: wanted
            .quota
            .map(|quota| units("quota", quota))
            .transpose()?,
        payment_deadline: wanted
            .payment_deadline
            .map_or(Ok(usual.payment_deadline), |seconds| {
                deadline("payment_deadline", seconds)
            })?,
        runners_up: runners_up.transpose()?,
        guards: Guards {
            ticket: wanted.require_token,
            captcha: wanted.require_captcha,
        },
        ..usual
    })
}

fn first_come(wanted: &NewCampaign) -> Result<Format, Problem> {
    if wanted.runners_up.is_some() {
        return Err(wrong_terms("A first_come campaign has no runners_up."));
    }
    let price = wanted
        .price
        .as_ref()
        .ok_or_else(|| wrong_terms("A first_come campaign needs a price."))?;
    let per_buyer = wanted.per_buyer_limit;
    Ok(Format::FirstCome {
        price: price.read("price")?,
        per_buyer: per_buyer
            .map(|most| units("per_buyer_limit", most))
            .transpose()?,
    })
}

fn ranked(wanted: &NewCampaign) -> Result<Format, Problem> {
    if wanted.price.is_some() || wanted.per_buyer_limit.is_some() {
        return Err(wrong_terms(
            "A ranked campaign has no price and no per_buyer_limit.",
        ));
    }
    let weights = Weights::new(
        wanted.alpha.read("alpha")?,
        wanted.beta.read("beta")?,
        wanted.gamma.read("gamma")?,
    )
    .map_err(|error| {
        Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "SCORE_OVERFLOW",
            sentence(&error.to_string()),
        )
    })?;
    Ok(Format::Ranked {
        weights,
        rebid: Rebid::default(),
    })
}

fn wrong_terms(detail: &'static str) -> Problem {
    Problem::bad_request("WRONG_TERMS", detail)
}

fn units(field: &str, Whole(count): Whole) -> Result<Units, Problem> {
    Units::new(count)
        .filter(|units| *units > Units::ZERO)
        .ok_or_else(|| Problem::malformed(format!("The {field} must be from 1 to {}.", Units::MAX)))
}

fn deadline(field: &str, Whole(seconds): Whole) -> Result<Duration, Problem> {
    if !(1..=LONGEST_DEADLINE).contains(&seconds) {
        return Err(Problem::malformed(format!(
            "The {field} must be from 1 to {LONGEST_DEADLINE} seconds."
        )));
    }
    Ok(Duration::from_secs(seconds.into()))
}

/// The figures as the hot store has them; when it is away, those that the ledger has.
async fn figures_of(
    state: &AppState,
    campaign: &CoreCampaign,
) -> Result<Option<CampaignStats>, Problem> {
    let (engine, id) = (state.engine(), campaign.id);
    let is_first_come = campaign.terms.format.is_first_come();
    let live = if is_first_come {
        let units = engine.gate_stats(id).await;
        units.map(|units| CampaignStats::from(units.level))
    } else {
        let ranking = engine.ranking(id, 0).await;
        ranking.map(|ranking| CampaignStats::from(&ranking.stats))
    };
    match live {
        Ok(figures) => Ok(Some(figures)),
        Err(Error::Store(error)) if error.may_retry() => {
            tracing::debug!(campaign = %id, %error, "no live figures");
            let current = engine.campaign(id).await?.filter(|_| is_first_come);
            Ok(current.map(|current| CampaignStats::from(current.stock)))
        }
        Err(error) => Err(error.into()),
    }
}

async fn product_of(state: &AppState, campaign: &CoreCampaign) -> Result<Option<Product>, Problem> {
    let product = state.engine().known_product(campaign.product).await?;
    Ok(product.as_deref().map(Product::from))
}
