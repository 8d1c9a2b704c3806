use std::fmt::Debug;
use std::time::Duration;

use async_trait::async_trait;

use super::StoreResult;
use crate::id::CampaignId;

/// What a cache has of a campaign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cached {
    /// The copy that was kept.
    Copy(Vec<u8>),
    /// Nothing.
    Absent,
    /// Nothing, because the campaign has just been changed: what a reader finds elsewhere may be old.
    Changing,
}

/// A place in the log of changes. A store that has lost its log begins another life of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ChangeCursor {
    /// Which life of the log; zero for none.
    pub life: u64,
    /// How many changes of it were seen.
    pub position: u64,
}

/// What was changed since a [`ChangeCursor`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changes {
    /// Where to go on.
    pub cursor: ChangeCursor,
    /// The campaigns, oldest change first; one may be there more than once.
    pub campaigns: Vec<CampaignId>,
    /// Whether these are all. If not, because the log was lost or goes back less far, any campaign may have changed.
    pub complete: bool,
}

/// Copies of campaigns for every node, and the news that one has changed. What a copy says is the engine's: it is kept
/// and given back as it is.
///
/// A copy may be lost at any time. Whoever changes a campaign calls [`CampaignCache::change`] before and after.
#[async_trait]
pub trait CampaignCache: Debug + Send + Sync + 'static {
    /// The copy of a campaign.
    ///
    /// # Contract
    /// - What was kept last, as it was, until its time is over. `a_copy_reads_back`, `a_copy_goes_away`
    ///
    /// # Errors
    /// [`Unavailable`](crate::StoreErrorKind::Unavailable).
    async fn cached(&self, campaign: CampaignId) -> StoreResult<Cached>;

    /// Keeps a copy for `ttl`. Does nothing while the campaign is being changed.
    ///
    /// # Contract
    /// - `a_copy_reads_back`; not while the campaign changes: `no_copy_is_kept_while_a_campaign_changes`
    ///
    /// # Errors
    /// [`Unavailable`](crate::StoreErrorKind::Unavailable) or [`Indeterminate`](crate::StoreErrorKind::Indeterminate).
    async fn keep(&self, campaign: CampaignId, copy: &[u8], ttl: Duration) -> StoreResult<()>;

    /// Drops the copy of a campaign, keeps none for `quiet`, and tells everybody that it changes.
    ///
    /// # Contract
    /// - The copy is gone, and the change is in the log: `a_change_drops_the_copy`, `a_change_is_told`
    /// - Campaigns do not touch each other. `copies_are_separate`
    ///
    /// # Errors
    /// [`Unavailable`](crate::StoreErrorKind::Unavailable) or [`Indeterminate`](crate::StoreErrorKind::Indeterminate).
    async fn change(&self, campaign: CampaignId, quiet: Duration) -> StoreResult<()>;

    /// What was changed behind `cursor`, at most `limit`. The log goes back at least a thousand changes.
    ///
    /// # Contract
    /// - Every change in its order, each once; pages join. `changes_are_told_in_order`
    /// - From a cursor of another life, or further back than the log goes, or the default one, it is not complete and
    ///   answers the end of the log. `an_unknown_cursor_is_incomplete`
    ///
    /// # Errors
    /// [`Unavailable`](crate::StoreErrorKind::Unavailable).
    async fn changes_after(&self, cursor: ChangeCursor, limit: usize) -> StoreResult<Changes>;
}
