/** A moment as `datetime-local` inputs write it: in the time zone of the device, to the second. */
export function toLocal(ms: number): string {
    const at = new Date(ms);
    const two = (value: number) => String(value).padStart(2, "0");
    const date = `${String(at.getFullYear()).padStart(4, "0")}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
    return `${date}T${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
}

/** Reads what such an input has; `null` when there is no such moment. */
export function fromLocal(text: string): number | null {
    if (!/^\d{4,6}-\d\d-\d\dT\d\d:\d\d/.test(text)) return null;
    const ms = new Date(text).getTime();
    return Number.isNaN(ms) ? null : ms;
}
