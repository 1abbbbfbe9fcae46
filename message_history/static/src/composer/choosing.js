/**
 * What a key does beside a list of suggestions. Pure functions, without Odoo.
 *
 * A suggestion is taken only if somebody chose it: with the arrow keys, or with the pointer. A list
 * comes when the server answers; whoever types fast would take what he never saw.
 */

/** Nothing is chosen. */
export const NONE = -1;

/** @returns {number} which of so many is chosen after an arrow key */
export function step(key, chosen, count) {
    if (!count) {
        return NONE;
    }
    if (key === "ArrowDown") {
        return (chosen + 1) % count;
    }
    return chosen <= 0 ? count - 1 : chosen - 1;
}

/**
 * @param {string} key as in `KeyboardEvent.key`
 * @param {{text: string, count: number, chosen: number}} field what is typed, how many are suggested, which is chosen
 * @returns {{act: "choose"|"take"|"commit"|"close"|"back"|null, chosen?: number}} `take`: the chosen one;
 *     `commit`: what was typed; `back`: the last one that was taken
 */
export function keyDoes(key, { text, count, chosen }) {
    const isChosen = chosen >= 0 && chosen < count;
    if (key === "ArrowDown" || key === "ArrowUp") {
        return count ? { act: "choose", chosen: step(key, chosen, count) } : { act: null };
    }
    if (key === "Enter" || key === "Tab") {
        if (isChosen) {
            return { act: "take", chosen };
        }
        return { act: key === "Enter" || text.trim() ? "commit" : null };
    }
    if (key === "Escape") {
        return { act: count ? "close" : null };
    }
    return { act: key === "Backspace" && !text ? "back" : null };
}
