import { useMutation } from "@tanstack/react-query";
import { useRef } from "react";

/** Something that the reader does: once at a time, however fast the button is clicked. */
export function useAction<Given = void, Result = unknown>(
    act: (given: Given) => Promise<Result>,
    {
        after,
        failed,
        settled,
    }: {
        after?: (result: Result, given: Given) => void;
        failed?: () => void;
        settled?: () => unknown;
    } = {},
) {
    const isBusy = useRef(false);
    const { mutate, ...rest } = useMutation({
        mutationFn: act,
        onSuccess: after,
        onError: failed,
        onSettled() {
            isBusy.current = false;
            void settled?.();
        },
    });
    const run = (given: Given) => {
        if (isBusy.current) return;
        isBusy.current = true;
        mutate(given);
    };
    return { ...rest, run };
}
