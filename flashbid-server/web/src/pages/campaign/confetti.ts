import confetti from "canvas-confetti";

/** A second of joy over the whole page; nothing for those who asked for less motion. */
export function celebrate(): void {
    // In the page itself: the content security policy lets nobody start a worker from a text.
    const fire = confetti.create(undefined, { useWorker: false, resize: true });
    const common = {
        disableForReducedMotion: true,
        particleCount: 90,
        spread: 70,
        startVelocity: 55,
        ticks: 180,
    };
    void fire({ ...common, angle: 60, origin: { x: 0, y: 0.8 } });
    void fire({ ...common, angle: 120, origin: { x: 1, y: 0.8 } });
}
