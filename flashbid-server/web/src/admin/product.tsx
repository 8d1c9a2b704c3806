import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { useLocation } from "wouter";

import { answered, api, Problem, type Product } from "../api/client";
import { siteQuery } from "../api/queries";
import { useAction } from "../lib/action";
import { parseUnits, unitsText } from "../lib/decimal";
import { Button, Card, Field, Notice, Page } from "../ui";
import { isAllowed, Picture } from "../ui/picture";
import { TextArea, useFirstMistake } from "./parts";
import { useAdminProblem, useWords } from "./words";

interface Draft {
    name: string;
    description: string;
    image: string;
    stock: string;
    price: string;
}

const NOTHING: Draft = { name: "", description: "", image: "", stock: "", price: "" };
const MOST = 1_000_000_000;

/** Whether the server takes it as the place of a picture: an http(s) URL or a path on this site. */
function isPlace(text: string): boolean {
    if (/^\/(?!\/)/.test(text)) return true;
    return /^https?:\/\//i.test(text) && URL.canParse(text);
}

function mistakes(draft: Draft) {
    const price = parseUnits(draft.price);
    const { length } = [...draft.name];
    return {
        name: draft.name.trim() === "" || length > 255,
        description: [...draft.description].length > 10_000,
        image: draft.image.trim() !== "" && !isPlace(draft.image.trim()),
        stock: !/^\d{1,10}$/.test(draft.stock.trim()) || Number(draft.stock) > MOST,
        price: price === null || price === 0n,
    };
}

export function NewProductPage() {
    const words = useWords();
    const say = useAdminProblem();
    const queries = useQueryClient();
    const [, go] = useLocation();
    const hosts = useQuery(siteQuery).data?.picture_hosts ?? [];
    const [draft, setDraft] = useState(NOTHING);
    const [tries, setTries] = useState(0);
    const form = useFirstMistake(tries);
    const wrong = mistakes(draft);
    const isTried = tries > 0;

    const creating = useAction(
        (wanted: Draft) =>
            answered(
                api.POST("/api/v1/products", {
                    body: {
                        name: wanted.name.trim(),
                        description: wanted.description.trim() || null,
                        image_url: wanted.image.trim() || null,
                        stock: Number(wanted.stock),
                        min_price: unitsText(parseUnits(wanted.price)!),
                    },
                }),
            ),
        {
            after(product) {
                void queries.invalidateQueries({ queryKey: ["products"] });
                go(`/admin/campaigns/new?product=${product.product_id}&made=1`);
            },
        },
    );

    function submit(event: FormEvent) {
        event.preventDefault();
        setTries(tries + 1);
        if (!Object.values(wrong).some(Boolean)) creating.run(draft);
    }

    const input = (field: keyof Draft) => ({
        value: draft[field],
        autoComplete: "off",
        onChange: (event: { target: { value: string } }) =>
            setDraft({ ...draft, [field]: event.target.value }),
    });
    const image = draft.image.trim();
    const isBlocked = image !== "" && !wrong.image && !isAllowed(image, hosts);
    const imageHint =
        hosts.length > 0
            ? words("product.imageHint", { hosts: hosts.join(", ") })
            : words("product.imageHintOwn");

    return (
        <Page title={words("product.title")}>
            <div className="grid items-start gap-5 lg:grid-cols-[1fr_20rem]">
                <Card>
                    <form ref={form} onSubmit={submit} noValidate className="flex flex-col gap-4">
                        <Field
                            {...input("name")}
                            label={words("product.name")}
                            error={isTried && wrong.name && words("product.wrongName")}
                        />
                        <TextArea
                            {...input("description")}
                            label={<Optional>{words("product.description")}</Optional>}
                            error={isTried && wrong.description && words("product.wrongDescription")}
                        />
                        <Field
                            {...input("image")}
                            inputMode="url"
                            label={<Optional>{words("product.image")}</Optional>}
                            error={isTried && wrong.image && words("product.wrongImage")}
                            hint={
                                isBlocked ? (
                                    <span className="text-warn">
                                        {words("product.imageBlocked")} {imageHint}
                                    </span>
                                ) : (
                                    imageHint
                                )
                            }
                        />
                        <div className="grid gap-4 sm:grid-cols-2">
                            <Field
                                {...input("stock")}
                                inputMode="numeric"
                                label={words("product.stock")}
                                error={isTried && wrong.stock && words("product.wrongStock")}
                            />
                            <Field
                                {...input("price")}
                                inputMode="decimal"
                                label={words("product.minPrice")}
                                hint={words("product.minPriceHint")}
                                error={isTried && wrong.price && words("product.wrongPrice")}
                            />
                        </div>
                        {creating.error && (
                            <Notice tone="bad">
                                {say(creating.error)} {isUncertain(creating.error) && words("uncertain")}
                            </Notice>
                        )}
                        <Button type="submit" busy={creating.isPending} className="sm:self-start">
                            {words("product.submit")}
                        </Button>
                    </form>
                </Card>
                <Card title={words("product.preview")}>
                    <Picture
                        key={image}
                        product={
                            { name: draft.name, image_url: wrong.image ? null : image || null } as Product
                        }
                        className="aspect-video w-full rounded-xl"
                    />
                    <p className="mt-3 font-bold break-words">{draft.name || "…"}</p>
                    <p className="text-muted text-sm break-words whitespace-pre-line">{draft.description}</p>
                </Card>
            </div>
        </Page>
    );
}

/** Whether nobody can tell if the request took effect. */
export function isUncertain(error: unknown): boolean {
    return error instanceof Problem && (error.isPassing || error.status >= 500);
}

function Optional({ children }: { children: string }) {
    const words = useWords();
    return (
        <>
            {children} <span className="text-muted font-normal">({words("product.optional")})</span>
        </>
    );
}
