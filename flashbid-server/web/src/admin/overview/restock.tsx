import { useQueryClient } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";

import { answered, api, type Product } from "../../api/client";
import { useFormat } from "../../lib/format";
import { Button, Field, Notice } from "../../ui";
import { Dialog } from "../../ui/dialog";
import { useAttempt } from "../../lib/attempt";
import { Choice } from "../parts";
import { useAdminProblem, useWords } from "../words";

type What = "add" | "remove" | "set";

interface Change {
    what: What;
    units: number;
}

const FIELDS = { add: "add_stock", remove: "remove_stock", set: "stock" } as const;
const MOST = 1_000_000_000;

export function RestockDialog({ product, onClose }: { product: Product; onClose: () => void }) {
    const words = useWords();
    const format = useFormat();
    const say = useAdminProblem();
    const queries = useQueryClient();
    const [known, setKnown] = useState(product);
    // Asking again never counts twice, also when the dialog was closed or the page loaded again.
    const saving = useAttempt({
        name: `stock.${product.product_id}`,
        prepare: async (change: Change) => change,
        send: (change, key) =>
            answered(
                api.PATCH("/api/v1/products/{product_id}", {
                    params: { path: { product_id: product.product_id }, header: { "Idempotency-Key": key } },
                    body: { [FIELDS[change.what]]: change.units },
                }),
            ),
        after(changed) {
            setKnown(changed);
            setText("");
            refresh();
        },
        failed: refresh,
    });
    function refresh() {
        void queries.invalidateQueries({ queryKey: ["products"] });
    }
    const [chosen, setWhat] = useState<What>(saving.sent?.what ?? "add");
    const [typed, setText] = useState(saving.sent ? String(saving.sent.units) : "");
    const [isTried, setTried] = useState(false);
    const { what, text } = saving.sent
        ? { what: saving.sent.what, text: String(saving.sent.units) }
        : { what: chosen, text: typed };

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
        if (saving.isUnknown) return saving.askAgain();
        setTried(true);
        if (isWrong) return;
        setTried(false);
        saving.ask({ what, units });
    }

    const isLocked = saving.sent !== null;
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
                {saving.isUnknown ? (
                    <Notice tone="warn">{words("restock.unknown")}</Notice>
                ) : (
                    saving.error && !saving.isPending && <Notice tone="bad">{say(saving.error)}</Notice>
                )}
                {saving.answer && (
                    <Notice tone="good">
                        {words("restock.done", {
                            stock: format.number(saving.answer.stock),
                            available: format.number(saving.answer.available),
                        })}
                    </Notice>
                )}
                <div className="flex flex-wrap gap-2">
                    <Button type="submit" busy={saving.isPending}>
                        {words(saving.isUnknown ? "restock.again" : "restock.submit")}
                    </Button>
                    <Button kind="secondary" onClick={onClose}>
                        {words("restock.cancel")}
                    </Button>
                </div>
            </form>
        </Dialog>
    );
}
