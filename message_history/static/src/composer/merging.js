/**
 * Two windows, or two computers, wrote the same draft: nothing of either is lost. Pure functions, without Odoo.
 *
 * @typedef {{recipients: Object[], copies: Object[], subject: string, body: string}} Text
 */

/** What stands between the two texts. */
const BETWEEN = "<p>—</p>";

/** The words of a text, and its pictures: the server writes its HTML anew. */
export function plain(html) {
    const { body } = new DOMParser().parseFromString(html || "", "text/html");
    return wordsOf(body);
}

function wordsOf(node) {
    const pictures = node.querySelectorAll ? [...node.querySelectorAll("img")].map((one) => one.getAttribute("src") || "img") : [];
    return [node.textContent.replace(/\s+/g, " ").trim(), ...pictures].filter(Boolean).join(" ");
}

function blocks(html) {
    const { body } = new DOMParser().parseFromString(html || "", "text/html");
    return [...body.childNodes].map((node) => ({ html: node.outerHTML ?? escapeText(node.textContent), words: wordsOf(node) }));
}

function escapeText(text) {
    return `<p>${text.replace(/&/g, "&amp;").replace(/</g, "&lt;")}</p>`;
}

/** @returns {string} what stands in one text, and neither in the other nor in what both began with */
export function missing(theirs, mine, base) {
    const known = new Set(blocks(base).map((one) => one.words));
    const own = plain(mine);
    const left = blocks(theirs).filter(({ words }) => words && words !== "—" && !known.has(words) && !own.includes(words));
    return left.map((one) => one.html).join("");
}

const same = (one, other) => JSON.stringify(one ?? null) === JSON.stringify(other ?? null);
const addresses = (people) => new Set((people || []).map((one) => one.address.toLowerCase()));

/** Whoever was added there comes along; whoever was removed here stays away. */
function mergePeople(base, theirs, mine) {
    if (same(mine, base)) {
        return theirs || [];
    }
    const before = addresses(base);
    const here = addresses(mine);
    const added = (theirs || []).filter(({ address }) => !before.has(address.toLowerCase()) && !here.has(address.toLowerCase()));
    const gone = new Set([...before].filter((address) => !addresses(theirs).has(address)));
    return [...(mine || []).filter((one) => !gone.has(one.address.toLowerCase())), ...added];
}

/**
 * @param {Text|null} base what both windows began with
 * @param {Text} theirs as the server has it now
 * @param {Text} mine as it is written here
 * @returns {{recipients: Object[], copies: Object[], subject: string, added: string}} `added`: mark-up to go below
 *     what is written here; empty where that holds everything
 */
export function merge(base, theirs, mine) {
    const begun = base || { recipients: [], copies: [], subject: "", body: "" };
    let added = missing(theirs.body, mine.body, begun.body);
    let { subject } = mine;
    if (same(mine.subject || "", begun.subject || "")) {
        subject = theirs.subject;
    } else if (theirs.subject && theirs.subject !== mine.subject && theirs.subject !== begun.subject) {
        added = plain(mine.body).includes(theirs.subject) ? added : escapeText(theirs.subject) + added;
    }
    return {
        recipients: mergePeople(begun.recipients, theirs.recipients, mine.recipients),
        copies: mergePeople(begun.copies, theirs.copies, mine.copies),
        subject,
        added: added ? BETWEEN + added : "",
    };
}

/** What of a draft two windows can differ in. */
export function textOf({ recipients, copies, subject, body }) {
    return JSON.parse(JSON.stringify({ recipients: recipients || [], copies: copies || [], subject: subject || "", body: body || "" }));
}

/**
 * Lay what could not be stored over the draft as the server has it now.
 *
 * @param {Object} draft as `message.draft.open` returned it; changed here
 * @param {{values: Object, base: Text|null}} kept
 * @returns {boolean} whether the draft is another one now
 */
export function takeUp(draft, { values, base }) {
    const { id, attachments, stamp } = draft;
    const theirs = textOf(draft);
    const mine = textOf(values);
    const unchanged = plain(theirs.body).includes(plain(mine.body)) && same({ ...theirs, body: "" }, { ...mine, body: "" });
    if (unchanged) {
        return false;
    }
    const current = !stamp || values.stamp === stamp;
    const merged = current ? { ...mine, added: "" } : merge(base, theirs, mine);
    const { added, ...people } = merged;
    // what is whole on the server already needs no second copy
    const body = plain(theirs.body).includes(plain(mine.body)) ? theirs.body : mine.body + added;
    const { sender_id = draft.sender_id, quote = draft.quote, history_id = draft.history_id } = values;
    Object.assign(draft, { sender_id, quote, history_id }, people, { id, attachments, stamp, body });
    return true;
}
