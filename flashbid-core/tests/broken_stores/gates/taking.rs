use flashbid_core::Rejection;
use flashbid_core::id::{CampaignId, HoldId, PurchaseId};
use flashbid_core::store::{HoldOutcome, HoldRequest, Purpose, StockGate, StoreResult};
use uuid::Uuid;

use super::{Broken, Mistake};

impl Broken {
    /// What it makes of requests.
    pub(super) async fn take(
        &self,
        campaign: CampaignId,
        batch: &[HoldRequest],
    ) -> StoreResult<Vec<HoldOutcome>> {
        match self.mistake {
            Mistake::ChecksThenTakes => {
                let mut outcomes = Vec::new();
                for request in batch {
                    let level = self.gate.level(campaign).await?.unwrap().level;
                    tokio::task::yield_now().await;
                    if level.hold(request.units).is_some() {
                        outcomes.extend(self.gate.hold(campaign, &[*request]).await?);
                    } else {
                        outcomes.push(Err(Rejection::SoldOut));
                    }
                }
                Ok(outcomes)
            }
            Mistake::OneRefusalSpoilsTheBatch => {
                let outcomes = self.gate.hold(campaign, batch).await?;
                let Some(refusal) = outcomes.iter().find_map(|outcome| outcome.clone().err())
                else {
                    return Ok(outcomes);
                };
                let ids: Vec<_> = batch.iter().map(|request| request.id).collect();
                self.gate.release(campaign, &ids).await?;
                Ok(batch.iter().map(|_| Err(refusal.clone())).collect())
            }
            Mistake::RetriesTakeAgain => {
                let mut outcomes = Vec::new();
                for request in batch {
                    let first = self.gate.hold(campaign, &[*request]).await?;
                    let again = HoldRequest {
                        id: HoldId::new(Uuid::from_u128(request.id.uuid().as_u128() ^ 1)),
                        ..*request
                    };
                    if self
                        .released_again
                        .lock()
                        .unwrap()
                        .insert(request.id, 1)
                        .is_some()
                    {
                        self.gate.hold(campaign, &[again]).await?;
                    }
                    outcomes.extend(first);
                }
                Ok(outcomes)
            }
            Mistake::RetriesQueueAgain => {
                for request in batch {
                    let known = self.gate.holds(campaign, &[request.id]).await?;
                    if known[0].is_some() {
                        self.released_again.lock().unwrap().insert(request.id, 1);
                    }
                }
                self.gate.hold(campaign, batch).await
            }
            Mistake::AnswersAnyRequestOfAnId => {
                let mut outcomes = Vec::new();
                for request in batch {
                    match self.gate.holds(campaign, &[request.id]).await?[0] {
                        Some(known) => outcomes.push(Ok(known)),
                        None => outcomes.extend(self.gate.hold(campaign, &[*request]).await?),
                    }
                }
                Ok(outcomes)
            }
            Mistake::TakesAThousand => {
                let (taken, left) = batch.split_at(batch.len().min(1_000));
                let mut outcomes = self.gate.hold(campaign, taken).await?;
                outcomes.extend(left.iter().map(|_| Err(Rejection::SoldOut)));
                Ok(outcomes)
            }
            Mistake::RefusalsSpendTickets => {
                let mut outcomes = Vec::new();
                for request in batch {
                    let spent = request.ticket.is_some_and(|ticket| {
                        let mut spent = self.spent.lock().unwrap();
                        spent
                            .insert(ticket.id, request.id)
                            .is_some_and(|first| first != request.id)
                    });
                    if spent {
                        outcomes.push(Err(Rejection::TicketSpent));
                    } else {
                        outcomes.extend(self.gate.hold(campaign, &[*request]).await?);
                    }
                }
                Ok(outcomes)
            }
            _ => self.gate.hold(campaign, &self.spoiled(batch)).await,
        }
    }

    /// The requests as it understands them.
    fn spoiled(&self, batch: &[HoldRequest]) -> Vec<HoldRequest> {
        let mut batch = batch.to_vec();
        for request in &mut batch {
            match (self.mistake, request.purpose) {
                (Mistake::IgnoresTickets, _) => request.ticket = None,
                (Mistake::QueuesCarts, Purpose::Cart) => {
                    let purchase = PurchaseId::new(request.id.uuid());
                    request.purpose = Purpose::Purchase(purchase);
                }
                _ => {}
            }
        }
        batch
    }
}
