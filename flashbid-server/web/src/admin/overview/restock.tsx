import { useQueryClient } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";

import { answered, api, insist, isNo, newKey, type Product } from "../../api/client";
import { useFormat } from "../../lib/format";
import { Button, Field, Notice } from "../../ui";
import { Dialog } from "../../ui/dialog";
import { useAction } from "../../lib/action";
import { Choice } from "../parts";
import { useAdminProblem, useWords } from "../words";

type What = "add" | "remove" | "set";

/** A change of the stock that was sent: under one key until its fate is known, so that asking again never counts twice. */
interface Attempt {
    key: string;
    product: string;
    what: What;
    units: number;
    /** Whether an answer was lost, so that it may have taken effect. */
    isLost: boolean;
}

/** Changes whose fate is not known, by product: closing the dialog does not forget them. */
const unknown = new Map<string, Attempt>();

const FIELDS = { add: "add_stock", remove: "remove_stock", set: "stock" } as const;
const MOST = 1_000_000_000;

async function send(attempt: Attempt): Promise<Product> {
    unknown.set(attempt.product, attempt);
    try {
        const changed = await insist(() =>
            answered(
                api.PATCH("/api/v1/products/{product_id}", {
                    params: {
                        path: { product_id: attempt.product },
                        header: { "Idempotency-Key": attempt.key },
                    },
                    body: { [FIELDS[attempt.what]]: attempt.units },
                }),
            ),
        );
        unknown.delete(attempt.product);
        return changed;
    } catch (error) {
        if (isNo(error, attempt.isLost)) unknown.delete(attempt.product);
        else attempt.isLost = true;
        throw error;
    }
}

export function RestockDialog({ product, onClose }: { product: Product; onClose: () => void }) {
    const words = useWords();
    const format = useFormat();
    const say = useAdminProblem();
    const queries = useQueryClient();
    const [known, setKnown] = useState(product);
    const [pending, setPending] = useState<Attempt | undefined>(() => unknown.get(product.product_id));
    const [what, setWhat] = useState<What>(pending?.what ?? "add");
    const [text, setText] = useState(pending ? String(pending.units) : "");
    const [isTried, setTried] = useState(false);
    const saving = useAction(send, {
        settled() {
            setPending(unknown.get(product.product_id));
            return queries.invalidateQueries({ queryKey: ["products"] });
        },
        after(changed) {
            setKnown(changed);
            setText("");
        },
    });

    const units = /^\d{1,10}$/.test(text.trim()) ? Number(text) : null;
    const isWrong = units === null || units > MOST || (units === 0 && what !== "set");
    const after = isWrong
        ? null
        : what === "add"
          ? known.stock + units
          : what === "remove"
            ? known.stock - units
            : units;

    function submit(event: FormEvent) {
        event.preventDefault();
        if (pending) return saving.run(pending);
        setTried(true);
        if (isWrong) return;
        setTried(false);
        saving.run({ key: newKey(), product: product.product_id, what, units, isLost: false });
    }

    const isLocked = saving.isPending || pending !== undefined;
    return (
        <Dialog title={words("restock.title", { name: product.name })} onClose={onClose}>
            <form onSubmit={submit} noValidate className="flex flex-col gap-4">
                <p className="text-muted text-sm tabular-nums">
                    {words("restock.now", {
                        stock: format.number(known.stock),
                        available: format.number(known.available),
                    })}
                </p>
                <Choice
                    label={words("restock.what")}
                    value={what}
                    disabled={isLocked}
                    onChange={setWhat}
                    options={(["add", "remove", "set"] as const).map((value) => ({
                        value,
                        label: words(`restock.${value}`),
                    }))}
                />
                <Field
                    label={words("restock.units")}
                    inputMode="numeric"
                    autoComplete="off"
                    value={text}
                    disabled={isLocked}
                    onChange={(event) => setText(event.target.value)}
                    error={isTried && isWrong && words(what === "set" ? "restock.wrongSet" : "restock.wrong")}
                    hint={
                        after !== null &&
                        after >= 0 &&
                        words("restock.preview", { stock: format.number(after) })
                    }
                />
                {pending && !saving.isPending ? (
                    <Notice tone="warn">{words("restock.unknown")}</Notice>
                ) : (
                    saving.error && !saving.isPending && <Notice tone="bad">{say(saving.error)}</Notice>
                )}
                {saving.data && (
                    <Notice tone="good">
                        {words("restock.done", {
                            stock: format.number(saving.data.stock),
                            available: format.number(saving.data.available),
                        })}
                    </Notice>
                )}
                <div className="flex flex-wrap gap-2">
                    <Button type="submit" busy={saving.isPending}>
                        {words(pending && !saving.isPending ? "restock.again" : "restock.submit")}
                    </Button>
                    <Button kind="secondary" onClick={onClose}>
                        {words("restock.cancel")}
                    </Button>
                </div>
            </form>
        </Dialog>
    );
}
