use std::collections::HashMap;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use flashbid_core::campaign::{
    Campaign as CoreCampaign, DEFAULT_PAYMENT_DEADLINE, Format, Rebid, Window,
};
use flashbid_core::engine::NewCampaign as CoreNewCampaign;
use flashbid_core::id::{CampaignId, ProductId};
use flashbid_core::score::Weights;
use flashbid_core::stock::Units;
use flashbid_core::{Error, Rejection};

use super::responses::{
    BodyTooLarge, Malformed, NotAnAdmin, NotFound, NotJson, Unauthorized, Unavailable,
};
use crate::auth::Admin;
use crate::extract::{Id, Input, Paging, PagingQuery};
use crate::problem::{Problem, ProblemBody, sentence};
use crate::state::AppState;
use crate::wire::{
    Campaign, CampaignDetails, CampaignList, CampaignStats, NewCampaign, Product, Whole,
};

/// Campaigns with their products, newest first.
#[utoipa::path(
    get,
    path = "/campaigns",
    tag = "campaigns",
    operation_id = "list_campaigns",
    params(PagingQuery),
    responses(
        (status = 200, description = "A part of the campaigns", body = CampaignList),
        Malformed, Unavailable,
    )
)]
pub(super) async fn list(
    State(state): State<AppState>,
    Paging(page): Paging,
) -> Result<Json<CampaignList>, Problem> {
    let found = state.engine().campaigns(page).await?;
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

/// One campaign with its product and the figures of its ranking.
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
    let found = state.engine().campaign(id).await?;
    let campaign = found.ok_or(Rejection::UnknownCampaign)?;
    let product = product_of(&state, &campaign).await?;
    let ranking = state.engine().ranking(id, 0).await?;
    Ok(Json(CampaignDetails {
        campaign: Campaign::new(&campaign, product, state.engine().now()),
        stats: CampaignStats::from(&ranking.stats),
    }))
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
        (status = 400, description = "UNKNOWN_PRODUCT or EMPTY_WINDOW", body = ProblemBody, content_type = "application/problem+json"),
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
    let window = Window::new(wanted.start_time.0, wanted.end_time.0).map_err(|_| {
        Problem::bad_request("EMPTY_WINDOW", "The end_time must be after the start_time.")
    })?;
    Ok(CoreNewCampaign {
        product: wanted.product_id.into(),
        format: Format::Ranked {
            weights,
            rebid: Rebid::default(),
        },
        window,
        quota: wanted.quota.map(quota).transpose()?,
        payment_deadline: DEFAULT_PAYMENT_DEADLINE,
    })
}

fn quota(Whole(units): Whole) -> Result<Units, Problem> {
    Units::new(units)
        .filter(|units| *units > Units::ZERO)
        .ok_or_else(|| Problem::malformed(format!("The quota must be from 1 to {}.", Units::MAX)))
}

async fn product_of(state: &AppState, campaign: &CoreCampaign) -> Result<Option<Product>, Problem> {
    let product = state.engine().product(campaign.product).await?;
    Ok(product.as_ref().map(Product::from))
}
