/// What a ledger does wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mistake {
    /// Nothing, but for the layers that are off.
    None,
    /// It stops one before the end of a batch.
    ForgetsTheLastBid,
    /// It says that it has everything up to the end of the newest batch.
    CheckpointJumpsGaps,
    /// It takes events of every life of a book.
    IgnoresEpochs,
    /// It fails when it has a bid already.
    RefusesWhatItHas,
    /// It writes the good bids of a batch before it finds the bad one.
    KeepsHalfABatch,
    /// It looks at the stock, and adds the campaign a moment later.
    ChecksThenAddsCampaigns,
    /// It answers again that it committed.
    CommitsTwiceInName,
    /// It answers the oldest first.
    OldestFirst,
    /// It forgets outbox entries once it gave them out.
    OutboxForgets,
    /// It moves any campaign anywhere.
    SettlesByTransition,
    /// It does the rest of a change whose stock it refuses.
    ChangesHalfAProduct,
    /// It takes out as much as it can.
    RemovesWhatItCan,
    /// It does not know the ids of changes of stock.
    ForgetsStockChanges,
    /// It says that guards are on.
    GuardsInNameOnly,
    /// It makes counters without what was set aside.
    SeedsForgetLetters,
    /// It makes counters of all that a campaign ever had.
    SeedsForgetReturns,
    /// It forgets how much a buyer may have.
    ForgetsTheLimit,
    /// It says that there was enough.
    SaysYesToAll,
    /// It answers a known purchase as it was made.
    AnswersAsMade,
    /// It makes orders one line at a time.
    CommitsLineByLine,
    /// It makes orders one purchase at a time.
    CommitsOneByOne,
    /// It looks at the stock, and says no without noting it.
    ForgetsRefusals,
    /// It takes units out of the product as well.
    TakesUnitsTwice,
    /// It locks campaigns in the order in which they are named, and gives up when that takes too long.
    LocksAsNamed,
    /// It says that a hold is void and does not note it.
    VoidsInNameOnly,
    /// It says that any hold is void.
    VoidsOrders,
    /// It knows an order by the hold that it has now only.
    ForgetsFirstHolds,
    /// It keeps what was set aside when it is decided.
    KeepsLetters,
    /// It says that it dropped what it keeps.
    DropsInNameOnly,
    /// It acts by any token.
    IgnoresTokens,
    /// It ends a sale of any version.
    IgnoresVersions,
    /// It ends a sale with all that was set aside.
    EndingDropsLetters,
    /// It expires orders before their time.
    ExpiresEarly,
    /// It takes no unit again.
    NeverTakesAgain,
    /// It says that each order had awaited payment.
    ForgetsWhatWasBefore,
    /// It reads the orders, and answers by that a moment later.
    AnswersByWhatItRead,
    /// It gives units to the product whenever an order is called off.
    GivesBackTwice,
    /// It follows each change by all changes to come.
    ChangesJumpAhead,
    /// It tells changes by the order's id.
    ChangesById,
    /// It offers, and forgets to return.
    OffersWithoutReturning,
    /// It says that any offer is good.
    OffersInNameOnly,
    /// It notes everything anew.
    NoticesAnew,
}
