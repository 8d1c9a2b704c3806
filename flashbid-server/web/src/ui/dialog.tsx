import { useId, useLayoutEffect, useRef, type ReactNode } from "react";

/** A question that is to be answered before anything else. Escape is the answer no. */
export function Dialog({
    title,
    onClose,
    children,
}: {
    title: string;
    onClose: () => void;
    children: ReactNode;
}) {
    const dialog = useRef<HTMLDialogElement>(null);
    const id = useId();
    // Before it is taken away: only then does the browser give the focus back to what opened it.
    useLayoutEffect(() => {
        const element = dialog.current;
        element?.showModal();
        return () => element?.close();
    }, []);
    return (
        <dialog
            ref={dialog}
            aria-labelledby={id}
            onCancel={(event) => {
                event.preventDefault();
                onClose();
            }}
            className="bg-card text-ink border-line animate-pop m-auto w-[min(26rem,calc(100vw-2rem))] rounded-2xl border p-5 shadow-2xl backdrop:bg-black/50"
        >
            <h2 id={id} className="mb-3 text-lg font-bold">
                {title}
            </h2>
            {children}
        </dialog>
    );
}
