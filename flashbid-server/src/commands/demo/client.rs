use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use reqwest::{Response, StatusCode};
use rust_decimal::Decimal;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use serde_json::{Value, json};
use uuid::Uuid;

use super::programme::{NewSale, Terms};
use crate::failure::Failure;
use crate::wire::Time;

/// How long an answer may take: longer than a server under load needs, shorter than a person waits.
const PATIENCE: Duration = Duration::from_secs(20);

/// The API, from outside.
#[derive(Clone, Debug)]
pub(super) struct Client {
    http: reqwest::Client,
    at: SocketAddr,
    base: String,
}

/// What became of a bid.
#[derive(Clone, Copy, Debug)]
pub(super) enum Answer {
    /// It stands, with this score.
    Accepted { score: Decimal },
    /// The business said no.
    Refused,
    /// The sale is over.
    Ended,
    /// No answer, or none that makes sense.
    Failed,
}

/// A winner's order.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Order {
    #[serde(rename = "user_id")]
    pub(super) bidder: Uuid,
    #[serde(rename = "final_price", deserialize_with = "exact")]
    pub(super) price: Decimal,
    #[serde(rename = "final_score", deserialize_with = "exact")]
    pub(super) score: Decimal,
    #[serde(rename = "final_rank")]
    pub(super) rank: u32,
}

/// An account.
#[derive(Clone, Copy, Debug, Deserialize)]
pub(super) struct User {
    pub(super) user_id: Uuid,
    #[serde(deserialize_with = "exact")]
    pub(super) weight: Decimal,
}

impl Client {
    pub(super) fn new(at: SocketAddr) -> Result<Self, Failure> {
        // A server that listens on every address is reached on this machine's own.
        let at = match at.ip() {
            IpAddr::V4(ip) if ip.is_unspecified() => (Ipv4Addr::LOCALHOST, at.port()).into(),
            IpAddr::V6(ip) if ip.is_unspecified() => (Ipv6Addr::LOCALHOST, at.port()).into(),
            _ => at,
        };
        let http = reqwest::Client::builder()
            .no_proxy()
            .timeout(PATIENCE)
            .tcp_nodelay(true)
            .build()
            .map_err(|error| failed("make an HTTP client", &error))?;
        Ok(Self {
            http,
            at,
            base: format!("http://{at}"),
        })
    }

    /// The server's address.
    pub(super) fn base(&self) -> &str {
        &self.base
    }

    /// Where the feed of a campaign is.
    pub(super) fn feed(&self, campaign: Uuid, token: &str) -> String {
        format!("ws://{}/ws/{campaign}?token={token}", self.at)
    }

    /// A token; `None` when the email or the password is wrong.
    pub(super) async fn login(
        &self,
        email: &str,
        password: &str,
    ) -> Result<Option<String>, Failure> {
        #[derive(Deserialize)]
        struct Session {
            access_token: String,
        }
        let login = json!({"email": email, "password": password});
        let answer = self.post("/api/v1/auth/login", None, &login).await?;
        if answer.status() == StatusCode::UNAUTHORIZED {
            return Ok(None);
        }
        let session: Session = read("log in", answer).await?;
        Ok(Some(session.access_token))
    }

    /// Makes an account unless the email has one.
    pub(super) async fn register(
        &self,
        email: &str,
        password: &str,
        username: &str,
    ) -> Result<(), Failure> {
        let account = json!({"email": email, "password": password, "username": username});
        let answer = self.post("/api/v1/auth/register", None, &account).await?;
        if answer.status() == StatusCode::BAD_REQUEST {
            return Ok(());
        }
        read::<Value>("register a bidder", answer).await.map(drop)
    }

    pub(super) async fn me(&self, token: &str) -> Result<User, Failure> {
        self.get("read an account", "/api/v1/auth/me", token).await
    }

    /// Makes a product and its campaign, and answers the campaign's id.
    pub(super) async fn add_sale(&self, admin: &str, sale: &NewSale) -> Result<Uuid, Failure> {
        #[derive(Deserialize)]
        struct Product {
            product_id: Uuid,
        }
        #[derive(Deserialize)]
        struct Campaign {
            campaign_id: Uuid,
        }
        let product = json!({
            "name": sale.name,
            "description": sale.description,
            "stock": sale.units,
            "min_price": match sale.terms {
                Terms::Ranked { reserve, .. } => reserve,
                Terms::FirstCome { price, .. } => price,
            },
        });
        let answer = self.post("/api/v1/products", Some(admin), &product).await?;
        let product: Product = read("make a product", answer).await?;
        let mut campaign = json!({
            "product_id": product.product_id,
            "start_time": Time(sale.start),
            "end_time": Time(sale.end),
            "quota": sale.units,
        });
        match sale.terms {
            Terms::Ranked { gamma, .. } => campaign["gamma"] = json!(gamma),
            Terms::FirstCome {
                price,
                per_buyer,
                pay_within,
            } => {
                campaign["format"] = json!("first_come");
                campaign["price"] = json!(price);
                campaign["per_buyer_limit"] = json!(per_buyer);
                campaign["payment_deadline"] = json!(pay_within.as_secs());
            }
        }
        let answer = self
            .post("/api/v1/campaigns", Some(admin), &campaign)
            .await?;
        let campaign: Campaign = read("make a campaign", answer).await?;
        Ok(campaign.campaign_id)
    }

    /// Bids, and tries once more under the same key when the answer is lost.
    pub(super) async fn bid(
        &self,
        token: &str,
        campaign: Uuid,
        price: Decimal,
        key: &str,
    ) -> Answer {
        #[derive(Deserialize)]
        struct Bid {
            #[serde(deserialize_with = "exact")]
            score: Decimal,
        }
        let bid = json!({"campaign_id": campaign, "price": price.to_string()});
        for _ in 0..2 {
            let sent = self
                .http
                .post(format!("{}/api/v1/bids", self.base))
                .bearer_auth(token)
                .header("idempotency-key", key)
                .json(&bid)
                .send()
                .await;
            let Ok(answer) = sent else { continue };
            return match answer.status() {
                StatusCode::CREATED => match answer.json::<Bid>().await {
                    Ok(Bid { score }) => Answer::Accepted { score },
                    Err(_) => continue,
                },
                StatusCode::FORBIDDEN => Answer::Ended,
                status if status.is_client_error() => Answer::Refused,
                _ => continue,
            };
        }
        Answer::Failed
    }

    /// Whether a campaign is announced that has not begun.
    pub(super) async fn has_announced(&self, admin: &str) -> Result<bool, Failure> {
        #[derive(Deserialize)]
        struct Campaigns {
            campaigns: Vec<Campaign>,
        }
        #[derive(Deserialize)]
        struct Campaign {
            status: String,
        }
        let path = "/api/v1/campaigns?limit=100";
        let answer: Campaigns = self.get("read the campaigns", path, admin).await?;
        let mut campaigns = answer.campaigns.iter();
        Ok(campaigns.any(|campaign| campaign.status == "pending"))
    }

    /// Buys, and answers what was held; `None` when nothing was.
    pub(super) async fn buy(
        &self,
        token: &str,
        campaign: Uuid,
        quantity: u32,
        key: &str,
    ) -> Option<Uuid> {
        #[derive(Deserialize)]
        struct Held {
            hold_id: Uuid,
        }
        let sent = self
            .http
            .post(format!("{}/api/v1/purchases", self.base))
            .bearer_auth(token)
            .header("idempotency-key", key)
            .json(&json!({"campaign_id": campaign, "quantity": quantity}))
            .send()
            .await;
        let held: Held = read("buy", sent.ok()?).await.ok()?;
        Some(held.hold_id)
    }

    /// The order that was made of a purchase; `None` when there is none.
    pub(super) async fn order_of(&self, token: &str, hold: Uuid) -> Option<Uuid> {
        #[derive(Deserialize)]
        struct Purchase {
            order_id: Option<Uuid>,
        }
        let path = format!("/api/v1/purchases/{hold}");
        let purchase: Purchase = self.get("read a purchase", &path, token).await.ok()?;
        purchase.order_id
    }

    /// Pays an order, or calls it off: `how` is `pay` or `cancel`. One that has ended meanwhile stays as it is.
    pub(super) async fn end(&self, token: &str, order: Uuid, how: &str) {
        let request = self
            .http
            .post(format!("{}/api/v1/orders/{order}/{how}", self.base));
        let _ = request.bearer_auth(token).send().await;
    }

    /// The orders of a campaign, by rank.
    pub(super) async fn orders(&self, admin: &str, campaign: Uuid) -> Result<Vec<Order>, Failure> {
        #[derive(Deserialize)]
        struct Orders {
            orders: Vec<Order>,
        }
        let path = format!("/api/v1/orders/campaign/{campaign}?limit=1000");
        let answer: Orders = self.get("read the orders", &path, admin).await?;
        Ok(answer.orders)
    }

    async fn get<T: DeserializeOwned>(
        &self,
        what: &str,
        path: &str,
        token: &str,
    ) -> Result<T, Failure> {
        let request = self.http.get(format!("{}{path}", self.base));
        let answer = request.bearer_auth(token).send().await;
        read(what, answer.map_err(|error| failed(what, &error))?).await
    }

    async fn post(
        &self,
        path: &str,
        token: Option<&str>,
        body: &Value,
    ) -> Result<Response, Failure> {
        let mut request = self.http.post(format!("{}{path}", self.base)).json(body);
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        request.send().await.map_err(|error| failed(path, &error))
    }
}

/// A decimal with all its digits.
pub(super) fn exact<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Decimal, D::Error> {
    let digits = Box::<RawValue>::deserialize(deserializer)?;
    digits.get().parse().map_err(serde::de::Error::custom)
}

async fn read<T: DeserializeOwned>(what: &str, answer: Response) -> Result<T, Failure> {
    let status = answer.status();
    let text = answer.text().await.map_err(|error| failed(what, &error))?;
    if !status.is_success() {
        return Err(failed(what, &format!("{status}: {text}")));
    }
    serde_json::from_str(&text).map_err(|error| failed(what, &error))
}

fn failed(what: &str, why: &impl std::fmt::Display) -> Failure {
    Failure::negative(format!("cannot {what}: {why}"))
}
