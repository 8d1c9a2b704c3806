import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Link } from "wouter";

import type { Campaign, Product } from "../../api/client";
import { campaignsQuery } from "../../api/queries";
import { useFormat } from "../../lib/format";
import { usePhase } from "../../lib/phase";
import { Badge, Button, buttonClass, Card, Empty, Fetched, Page, type Tone } from "../../ui";
import { Cell, Pager, shortId, Table } from "../parts";
import { lowStockQuery } from "../queries";
import { useWords } from "../words";
import { Products } from "./products";
import { RestockDialog } from "./restock";

export function OverviewPage() {
    const words = useWords();
    return (
        <Page title={words("overview.title")}>
            <LowStock />
            <Campaigns />
            <Products />
        </Page>
    );
}

/** Where units run out; nothing when none do. */
function LowStock() {
    const words = useWords();
    const format = useFormat();
    const low = useQuery(lowStockQuery);
    const [chosen, setChosen] = useState<Product | null>(null);
    if (!low.data || low.data.total === 0) return null;
    const more = low.data.total - low.data.products.length;
    return (
        <section aria-labelledby="low-stock" className="bg-warn-soft rounded-2xl p-4 sm:p-5">
            <h2 id="low-stock" className="text-warn font-bold">
                ⚠ {words("overview.low")}
            </h2>
            <p className="mb-3 text-sm">{words("overview.lowHint")}</p>
            <ul className="flex flex-col gap-2">
                {low.data.products.map((product) => (
                    <li
                        key={product.product_id}
                        className="flex flex-wrap items-center gap-x-3 gap-y-1 text-sm"
                    >
                        <span className="min-w-0 font-semibold break-words">{product.name}</span>
                        <span className="tabular-nums">
                            {words("overview.left", {
                                count: format.number(product.available),
                                stock: format.number(product.stock),
                            })}
                        </span>
                        <Button
                            kind="secondary"
                            className="ml-auto"
                            aria-label={words("restock.openNamed", { name: product.name })}
                            onClick={() => setChosen(product)}
                        >
                            {words("restock.open")}
                        </Button>
                    </li>
                ))}
            </ul>
            {more > 0 && (
                <p className="mt-2 text-sm">{words("overview.lowMore", { count: format.number(more) })}</p>
            )}
            {chosen && <RestockDialog product={chosen} onClose={() => setChosen(null)} />}
        </section>
    );
}

function Campaigns() {
    const words = useWords();
    const [skip, setSkip] = useState(0);
    const campaigns = useQuery(campaignsQuery(skip));
    const head = [
        words("overview.product"),
        words("overview.format"),
        words("overview.status"),
        words("overview.start"),
        words("overview.end"),
        words("overview.quota"),
        words("overview.actions"),
    ];
    return (
        <Card
            title={words("overview.campaigns")}
            aside={
                <Link href="/admin/campaigns/new" className={buttonClass("secondary")}>
                    {words("nav.campaign")}
                </Link>
            }
        >
            <Fetched of={campaigns}>
                {({ campaigns, total }) =>
                    total === 0 ? (
                        <Empty
                            title={words("overview.noCampaigns")}
                            hint={words("overview.noCampaignsHint")}
                        />
                    ) : (
                        <>
                            <Table label={words("overview.campaigns")} head={head}>
                                {campaigns.map((campaign) => (
                                    <CampaignRow key={campaign.campaign_id} campaign={campaign} />
                                ))}
                            </Table>
                            <Pager skip={skip} total={total} onSkip={setSkip} />
                        </>
                    )
                }
            </Fetched>
        </Card>
    );
}

function CampaignRow({ campaign }: { campaign: Campaign }) {
    const words = useWords();
    const format = useFormat();
    const name = campaign.product?.name ?? shortId(campaign.product_id);
    return (
        <tr data-testid="campaign-row">
            <Cell className="max-w-40 truncate sm:max-w-64 font-semibold">{name}</Cell>
            <Cell>{words(`format.${campaign.format}`)}</Cell>
            <Cell>
                <PhaseBadge campaign={campaign} />
            </Cell>
            <Cell>{format.dateTime(campaign.start_time)}</Cell>
            <Cell>{format.dateTime(campaign.end_time)}</Cell>
            <Cell>{format.number(campaign.quota)}</Cell>
            <Cell>
                <Link
                    href={`/admin/campaigns/${campaign.campaign_id}`}
                    aria-label={words("overview.watchNamed", { name })}
                    className="text-brand inline-flex min-h-11 items-center font-semibold hover:underline"
                >
                    {words("overview.watch")}
                </Link>
            </Cell>
        </tr>
    );
}

const TONES: Record<"pending" | "active" | "settling" | "settled", Tone> = {
    pending: "brand",
    active: "good",
    settling: "warn",
    settled: "neutral",
};

export function PhaseBadge({ campaign }: { campaign: Campaign }) {
    const words = useWords();
    const phase = usePhase(campaign);
    const shown = phase !== "ended" ? phase : campaign.settled ? "settled" : "settling";
    return <Badge tone={TONES[shown]}>{words(`phase.${shown}`)}</Badge>;
}
