import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { Link, useLocation, useSearch } from "wouter";

import { answered, api, type Product, type Schema } from "../../api/client";
import { useAction } from "../../lib/action";
import { serverNow } from "../../lib/clock";
import { toUnits } from "../../lib/decimal";
import { useFormat } from "../../lib/format";
import { Button, buttonClass, Card, Empty, Fetched, Field, Notice, Page } from "../../ui";
import { Choice, Select, Switch, useFirstMistake } from "../parts";
import { isUncertain } from "../product";
import { allProductsQuery } from "../queries";
import { useAdminProblem, useWords } from "../words";
import { countOf, FRESH, priceOf, readDraft, weightsOf, type Draft, type Mistakes } from "./draft";
import { ScorePreview } from "./preview";
import { RankedFields } from "./ranked-fields";
import { Warnings } from "./warnings-list";
import { warnings } from "./warnings";
import { WindowFields } from "./window-fields";

export function NewCampaignPage() {
    const words = useWords();
    const products = useQuery(allProductsQuery);
    const search = new URLSearchParams(useSearch());
    return (
        <Page title={words("campaign.title")}>
            <Fetched of={products}>
                {(known) =>
                    known.length === 0 ? (
                        <Empty title={words("campaign.noProducts")} hint={words("campaign.noProductsHint")}>
                            <Link href="/admin/products/new" className={buttonClass()}>
                                {words("nav.product")}
                            </Link>
                        </Empty>
                    ) : (
                        <>
                            {search.has("made") && <Notice tone="good">{words("product.done")}</Notice>}
                            <CampaignForm
                                key={search.get("product")}
                                products={known}
                                chosen={search.get("product") ?? ""}
                            />
                        </>
                    )
                }
            </Fetched>
        </Page>
    );
}

export function CampaignForm({ products, chosen }: { products: Product[]; chosen: string }) {
    const words = useWords();
    const format = useFormat();
    const say = useAdminProblem();
    const queries = useQueryClient();
    const [, go] = useLocation();
    const [draft, setDraft] = useState<Draft>({ ...FRESH, product: chosen });
    const [wrong, setWrong] = useState<Mistakes>({});
    const [tries, setTries] = useState(0);
    const form = useFirstMistake(tries);

    const creating = useAction(
        (body: Schema["NewCampaign"]) => answered(api.POST("/api/v1/campaigns", { body })),
        {
            after(campaign) {
                void queries.invalidateQueries({ queryKey: ["campaigns"] });
                void queries.invalidateQueries({ queryKey: ["products"] });
                go(`/admin/campaigns/${campaign.campaign_id}`);
            },
        },
    );

    function change(part: Partial<Draft>) {
        const next = { ...draft, ...part };
        setDraft(next);
        // What was wrong is looked at again as it is mended; what was not, only when it is sent.
        if (tries > 0) setWrong(readDraft(next, serverNow()).wrong ?? {});
    }
    function submit(event: FormEvent) {
        event.preventDefault();
        const read = readDraft(draft, serverNow());
        setWrong(read.wrong ?? {});
        setTries(tries + 1);
        if (read.body) creating.run(read.body);
    }
    const input = (field: "quota" | "payMinutes" | "price" | "limit") => ({
        value: draft[field],
        autoComplete: "off",
        error: error(field),
        onChange: (event: { target: { value: string } }) => change({ [field]: event.target.value }),
    });
    function error(field: keyof Draft): string | undefined {
        const mistake = wrong[field];
        return mistake && words(`wrong.${mistake}`);
    }

    const product = products.find(({ product_id }) => product_id === draft.product);
    const isRanked = draft.format === "ranked";
    const weights = weightsOf(draft);
    const doubts =
        product &&
        (!isRanked || weights) &&
        warnings({
            weights: isRanked ? weights : null,
            price: priceOf(draft.price),
            limit: countOf(draft.limit),
            quota: countOf(draft.quota),
            reserve: toUnits(product.min_price),
            available: product.available,
        });

    return (
        <form
            ref={form}
            onSubmit={submit}
            noValidate
            className="grid items-start gap-5 lg:grid-cols-[1fr_22rem]"
        >
            <div className="flex min-w-0 flex-col gap-5">
                <Card title={words("campaign.what")}>
                    <div className="flex flex-col gap-4">
                        <Select
                            label={words("campaign.product")}
                            value={product ? draft.product : ""}
                            error={error("product")}
                            onChange={(event) => change({ product: event.target.value })}
                        >
                            <option value="">{words("campaign.choose")}</option>
                            {products.map(({ product_id, name, available, min_price }) => (
                                <option key={product_id} value={product_id}>
                                    {words("campaign.option", {
                                        name,
                                        available: format.number(available),
                                        price: format.money(min_price),
                                    })}
                                </option>
                            ))}
                        </Select>
                        <Choice
                            label={words("campaign.format")}
                            value={draft.format}
                            onChange={(value) => change({ format: value })}
                            options={[
                                {
                                    value: "ranked",
                                    label: words("format.ranked"),
                                    hint: words("campaign.rankedHint"),
                                },
                                {
                                    value: "first_come",
                                    label: words("format.first_come"),
                                    hint: words("campaign.firstComeHint"),
                                },
                            ]}
                        />
                        <Field
                            {...input("quota")}
                            inputMode="numeric"
                            label={words("campaign.quota")}
                            hint={words("campaign.quotaHint", {
                                count: product ? format.number(product.available) : "–",
                            })}
                        />
                    </div>
                </Card>
                <Card title={words("campaign.when")}>
                    <WindowFields
                        draft={draft}
                        onChange={change}
                        errors={{ start: error("start"), end: error("end") }}
                    />
                </Card>
                {isRanked ? (
                    <RankedFields draft={draft} onChange={change} error={error} />
                ) : (
                    <Card title={words("campaign.price")}>
                        <div className="grid gap-4 sm:grid-cols-2">
                            <Field
                                {...input("price")}
                                inputMode="decimal"
                                label={words("campaign.fixedPrice")}
                                hint={
                                    product &&
                                    words("campaign.reserve", { price: format.money(product.min_price) })
                                }
                            />
                            <Field
                                {...input("limit")}
                                inputMode="numeric"
                                label={words("campaign.limit")}
                                hint={words("campaign.limitHint")}
                            />
                        </div>
                    </Card>
                )}
                <Card title={words("campaign.more")}>
                    <div className="flex flex-col gap-4">
                        <Field
                            {...input("payMinutes")}
                            inputMode="decimal"
                            label={words("campaign.payWithin")}
                            hint={words("campaign.payHint")}
                        />
                        <Switch
                            label={words("campaign.token")}
                            hint={words("campaign.tokenHint")}
                            checked={draft.token}
                            onChange={(event) => change({ token: event.target.checked })}
                        />
                        <Switch
                            label={words("campaign.captcha")}
                            hint={words("campaign.captchaHint")}
                            checked={draft.captcha}
                            onChange={(event) => change({ captcha: event.target.checked })}
                        />
                    </div>
                </Card>
            </div>
            <div className="flex min-w-0 flex-col gap-5 lg:sticky lg:top-20">
                {isRanked && (
                    <ScorePreview
                        key={draft.product}
                        weights={weights}
                        reserve={product ? toUnits(product.min_price) : null}
                    />
                )}
                {doubts && doubts.length > 0 && <Warnings of={doubts} />}
                {Object.keys(wrong).length > 0 && <Notice tone="bad">{words("campaign.fix")}</Notice>}
                {creating.error && (
                    <Notice tone="bad">
                        {say(creating.error)} {isUncertain(creating.error) && words("uncertain")}
                    </Notice>
                )}
                <Button type="submit" busy={creating.isPending}>
                    {words("campaign.submit")}
                </Button>
            </div>
        </form>
    );
}
