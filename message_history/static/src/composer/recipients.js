/**
 * Who a message goes to, as people type and paste it. Pure functions, without Odoo.
 *
 * What is no address is never dropped and never guessed at: it comes back as `rest`.
 *
 * @typedef {{name: string, address: string, partner_id: number|null}} Person
 */

/** Signs without width that come along when an address is copied from a page. */
const INVISIBLE = /[\u00AD\u200B-\u200F\u202A-\u202E\u2060-\u2069\uFEFF]/g;
/** RFC 5321, 4.5.3.1: 64 before the sign, 255 behind it. */
const LONGEST = 320;
/** RFC 5322, 3.2.3 and RFC 6531: whatever is neither a blank nor one of its special signs. */
const LOCAL = /^[^\s@<>()[\]\\,;:"]{1,64}$/;
const QUOTED_LOCAL = /^"(?:[^"\\]|\\.){0,62}"$/;
const LABEL = /^[\p{L}\p{N}_](?:[\p{L}\p{M}\p{N}_-]{0,61}[\p{L}\p{M}\p{N}_])?$/u;
const LITERAL = /^\[[0-9A-Za-z.:]{2,45}\]$/;
const PHONE = /^\+?[\d\s()./-]{3,30}$/;
/** A word or two that may be somebody's family name. */
const NAME = /^\p{Lu}[\p{L}\p{M}.'’ -]*$/u;

/** @returns {boolean} whether it is a whole e-mail address; a domain has a dot in it, or is this very machine */
export function isAddress(address) {
    const at = address.lastIndexOf("@");
    const local = address.slice(0, Math.max(at, 0));
    const domain = address.slice(at + 1);
    if (at < 1 || address.length > LONGEST || !(LOCAL.test(local) || QUOTED_LOCAL.test(local))) {
        return false;
    }
    const labels = domain.split(".");
    const named = labels.length > 1 && labels.every((label) => LABEL.test(label)) && !/^\d+$/.test(labels.at(-1));
    return named || domain.toLowerCase() === "localhost" || LITERAL.test(domain);
}

/**
 * @returns {boolean} whether a message of that medium can go to it. An address that came with a mail may have a
 *     domain of one word, which is not enough of what is typed: see `isAddress`
 */
export function fits(address, medium = "mail") {
    if (medium === "mail") {
        return isAddress(address) || /^[^@\s,;<>]+@[^@\s.,;<>]+$/.test(address);
    }
    return medium === "sms" ? PHONE.test(address) && /\d{3}/.test(address.replace(/\D/g, "")) : Boolean(address.trim());
}

/** Cut a list where its signs stand outside quotation marks and angle brackets: [[part, the sign behind it]]. */
function cut(text, minding = true) {
    const parts = [];
    let begin = 0;
    let quoted = false;
    let bracket = false;
    for (let index = 0; index < text.length; index++) {
        const sign = text[index];
        if (minding && sign === '"') {
            quoted = !quoted;
        } else if (minding && !quoted && bracket && sign === ">") {
            parts.push([text.slice(begin, index + 1), ""]); // an entry ends here, whatever comes next
            begin = index + 1;
            bracket = false;
        } else if (minding && !quoted && sign === "<") {
            bracket = true;
        } else if (/[\n\r\t;]/.test(sign) ? !quoted : sign === "," && !quoted && !bracket) {
            parts.push([text.slice(begin, index), sign]);
            begin = index + 1;
            bracket = false;
        }
    }
    if (quoted) {
        return cut(text, false); // a mark without its fellow stands for itself
    }
    parts.push([text.slice(begin), ""]);
    return parts.map(([part, sign]) => [part.replace(/\s+/g, " ").trim(), sign]).filter(([part]) => part);
}

/** Put "Kurz, Anne <a@b.example>" together again, as Outlook writes it without quotation marks. */
function joinNames(parts) {
    const joined = [];
    for (let index = 0; index < parts.length; index++) {
        const [part, sign] = parts[index];
        const next = parts[index + 1]?.[0] || "";
        const bracket = next.indexOf("<");
        if (sign === "," && NAME.test(part) && bracket > 0 && NAME.test(next.slice(0, bracket).trim())) {
            joined.push(`${part}, ${next}`);
            index++;
        } else {
            joined.push(part);
        }
    }
    return joined;
}

function unquoted(name) {
    const bare = name.trim();
    const pair = bare.length > 1 && bare[0] === bare.at(-1) && ['"', "'"].includes(bare[0]);
    return (pair ? bare.slice(1, -1) : bare).replace(/\\(.)/g, "$1").trim();
}

/** @returns {Person} one entry of a list: "a@b.example", "Anne <a@b.example>", "a@b.example (Anne)", "mailto:…" */
function readOne(text) {
    let name = "";
    let address = text;
    const bracket = text.lastIndexOf("<");
    const comment = text.indexOf(" (");
    if (bracket >= 0 && text.endsWith(">")) {
        name = unquoted(text.slice(0, bracket));
        address = text.slice(bracket + 1, -1);
    } else if (comment > 0 && text.endsWith(")")) {
        name = unquoted(text.slice(comment + 2, -1));
        address = text.slice(0, comment);
    } else if (/^'[^']*'$/.test(text)) {
        address = text.slice(1, -1);
    }
    address = address.trim().replace(/^mailto:/i, "").replace(/\.$/, "");
    return { name, address, partner_id: null };
}

/** @returns {{person: Person, text: string}[]} what was typed or pasted, one by one; `text` as it stood there */
export function read(text, medium = "mail") {
    const clean = text.replace(INVISIBLE, "").replace(/\u00A0/g, " ");
    if (medium !== "mail") {
        const parts = clean.split(/[,;\n\r\t]+/).map((part) => part.trim()).filter(Boolean);
        return parts.map((part) => ({ person: { name: "", address: part, partner_id: null }, text: part }));
    }
    return joinNames(cut(clean)).flatMap((part) => {
        const words = part.split(" ");
        // addresses with nothing but blanks between them
        const several = words.length > 1 && !part.includes("<") && words.every((word) => isAddress(readOne(word).address));
        return (several ? words : [part]).map((one) => ({ person: readOne(one), text: one }));
    });
}

/** @returns {Person[]} people and those who are not among them yet; an address is the same in capitals */
export function withPeople(people, more) {
    const all = [...people];
    const known = new Set(people.map((one) => one.address.toLowerCase()));
    for (const one of more) {
        if (!known.has(one.address.toLowerCase())) {
            known.add(one.address.toLowerCase());
            all.push(one);
        }
    }
    return all;
}

/**
 * Take what was typed: whole addresses exactly as they stand there.
 *
 * @returns {{people: Person[], rest: string}} `rest`: what is no address, to be shown and mended
 */
export function take(people, text, medium = "mail") {
    const isWhole = ({ person }) => (medium === "mail" ? isAddress(person.address) : fits(person.address, medium));
    const entries = read(text, medium);
    const good = entries.filter(isWhole);
    const rest = entries.filter((one) => !isWhole(one)).map((one) => one.text);
    return { people: withPeople(people, good.map((one) => one.person)), rest: rest.join(", ") };
}

/** Whether pasted text is a list, or by itself an address: it needs no Enter. */
export function isComplete(text, medium = "mail") {
    const entries = read(text, medium);
    return entries.length > 1 || (entries.length === 1 && medium === "mail" && isAddress(entries[0].person.address));
}

/** What is still typed, as the draft keeps it: not yet a recipient, and nothing that could be sent to. */
export function pending(text) {
    return text.trim() ? [{ name: "", address: text.trim(), partner_id: null, pending: true }] : [];
}

/** @returns {{people: Person[], text: string}} the reverse of `pending` */
export function fromKept(kept) {
    const all = kept || [];
    return {
        people: all.filter((one) => !one.pending),
        text: all.filter((one) => one.pending).map((one) => one.address).join(", "),
    };
}
