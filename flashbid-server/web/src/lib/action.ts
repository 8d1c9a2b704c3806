import { useMutation } from "@tanstack/react-query";
import { useRef } from "react";

/** Something that an administrator does: one at a time, however fast the button is clicked. */
export function useAction<Given, Result>(
    act: (given: Given) => Promise<Result>,
    { after, settled }: { after?: (result: Result, given: Given) => void; settled?: () => unknown } = {},
) {
    const isBusy = useRef(false);
    const { mutate, ...rest } = useMutation({
        mutationFn: act,
        onSuccess: after,
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
