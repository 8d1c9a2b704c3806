import confetti from "canvas-confetti";

/** A second of joy over the whole page; nothing for those who asked for less motion. */
export function celebrate(): void {
    const common = {
        disableForReducedMotion: true,
        particleCount: 90,
        spread: 70,
        startVelocity: 55,
        ticks: 180,
    };
    void confetti({ ...common, angle: 60, origin: { x: 0, y: 0.8 } });
    void confetti({ ...common, angle: 120, origin: { x: 1, y: 0.8 } });
}
