import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Link } from "wouter";

import { answered, api, insist, type Product } from "../../api/client";
import { useAction } from "../../lib/action";
import { useFormat } from "../../lib/format";
import { Badge, Button, buttonClass, Card, Empty, Fetched, Notice } from "../../ui";
import { Cell, Pager, Table } from "../parts";
import { productsQuery } from "../queries";
import { useAdminProblem, useWords } from "../words";
import { RestockDialog } from "./restock";

/** The products with what can be done with each. */
export function Products() {
    const words = useWords();
    const say = useAdminProblem();
    const queries = useQueryClient();
    const [skip, setSkip] = useState(0);
    const [chosen, setChosen] = useState<Product | null>(null);
    const products = useQuery(productsQuery(skip));
    // Counters that agree already stay as they are, so it may be sent again.
    const syncing = useAction(
        (product: string | null) =>
            insist(() =>
                answered(
                    product === null
                        ? api.POST("/api/v1/products/sync")
                        : api.POST("/api/v1/products/{product_id}/sync", {
                              params: { path: { product_id: product } },
                          }),
                ),
            ),
        { settled: () => queries.invalidateQueries({ queryKey: ["campaign"] }) },
    );
    const agreed = syncing.data && Math.max(syncing.data.total, syncing.data.campaigns.length);
    const head = [
        words("overview.product"),
        words("overview.stock"),
        words("overview.available"),
        words("overview.minPrice"),
        words("overview.actions"),
    ];

    return (
        <Card
            title={words("overview.products")}
            aside={
                <div className="flex flex-wrap gap-2">
                    <Button
                        kind="secondary"
                        title={words("sync.hint")}
                        busy={syncing.isPending && syncing.variables === null}
                        disabled={syncing.isPending}
                        onClick={() => syncing.run(null)}
                    >
                        {words("sync.all")}
                    </Button>
                    <Link href="/admin/products/new" className={buttonClass("secondary")}>
                        {words("nav.product")}
                    </Link>
                </div>
            }
        >
            <p className="text-muted mb-3 text-sm">
                {words("overview.stockHint")} {words("sync.hint")}
            </p>
            <div className="mb-3 empty:hidden">
                {syncing.error && <Notice tone="bad">{say(syncing.error)}</Notice>}
                {agreed !== undefined && !syncing.isPending && (
                    <Notice tone="good">
                        {agreed === 0 ? words("sync.none") : words("sync.done", { count: agreed })}
                    </Notice>
                )}
            </div>
            <Fetched of={products}>
                {({ products, total }) =>
                    total === 0 ? (
                        <Empty title={words("overview.noProducts")} hint={words("overview.noProductsHint")} />
                    ) : (
                        <>
                            <Table label={words("overview.products")} head={head}>
                                {products.map((product) => (
                                    <Row
                                        key={product.product_id}
                                        product={product}
                                        isSyncing={
                                            syncing.isPending && syncing.variables === product.product_id
                                        }
                                        isLocked={syncing.isPending}
                                        onSync={() => syncing.run(product.product_id)}
                                        onRestock={() => setChosen(product)}
                                    />
                                ))}
                            </Table>
                            <Pager skip={skip} total={total} onSkip={setSkip} />
                        </>
                    )
                }
            </Fetched>
            {chosen && <RestockDialog product={chosen} onClose={() => setChosen(null)} />}
        </Card>
    );
}

interface RowProps {
    product: Product;
    isSyncing: boolean;
    isLocked: boolean;
    onSync: () => void;
    onRestock: () => void;
}

function Row({ product, isSyncing, isLocked, onSync, onRestock }: RowProps) {
    const words = useWords();
    const format = useFormat();
    const { name } = product;
    return (
        <tr data-testid="product-row">
            <Cell className="max-w-40 truncate sm:max-w-64 font-semibold">{name}</Cell>
            <Cell>{format.number(product.stock)}</Cell>
            <Cell>
                {product.available === 0 ? (
                    <Badge tone="warn">{format.number(0)}</Badge>
                ) : (
                    format.number(product.available)
                )}
            </Cell>
            <Cell>{format.money(product.min_price)}</Cell>
            <Cell>
                <div className="flex gap-1">
                    <Button
                        kind="secondary"
                        aria-label={words("restock.openNamed", { name })}
                        onClick={onRestock}
                    >
                        {words("restock.open")}
                    </Button>
                    <Button
                        kind="quiet"
                        busy={isSyncing}
                        disabled={isLocked}
                        aria-label={words("sync.oneNamed", { name })}
                        onClick={onSync}
                    >
                        {words("sync.one")}
                    </Button>
                    <Link
                        href={`/admin/campaigns/new?product=${product.product_id}`}
                        aria-label={words("overview.campaignForNamed", { name })}
                        className={buttonClass("quiet")}
                    >
                        {words("overview.campaignFor")}
                    </Link>
                </div>
            </Cell>
        </tr>
    );
}
