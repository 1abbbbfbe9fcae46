import { browser } from "@web/core/browser/browser";
import { user } from "@web/core/user";
import { session } from "@web/session";

/**
 * What the server doesn't have yet, kept in the browser.
 *
 * Each composer has an entry of its own: windows don't overwrite one another. The database and the
 * user are part of the name: nobody is shown what somebody else wrote in the same browser.
 *
 * @typedef {{values: Object, base: Object|null, at: number}} Entry `values` as `message.draft.store` takes them,
 *     `base` as the server had it when they were begun, `at` in milliseconds
 */

const PREFIX = "messages.unsaved";
/** Where the browser keeps nothing (storage is full or forbidden): as long as the page lives. */
const memory = new Map();
/** The composers of this page: those that are open, and all there ever were. */
const living = new Set();
const ofThisPage = new Set();
/** What is younger may be another window's, which is about to store it. */
const SETTLED = 10000;
const PICTURES = /\ssrc="data:[^"]*"/g;

function mine() {
    return `${PREFIX}.${session.db || ""}.${user.userId}.`;
}

/** The place that a draft is written at. */
function place({ id, conversation_id: conversation, mode }) {
    return `${conversation || `draft${mode === "new" ? "" : id || ""}`}.${mode}`;
}

/** Odoo puts one that lives as long as the page in its place where the browser allows none. */
function isLasting() {
    try {
        return browser.localStorage === window.localStorage;
    } catch {
        return false;
    }
}

function write(key, entry) {
    if (!isLasting()) {
        return false;
    }
    try {
        browser.localStorage.setItem(key, JSON.stringify(entry));
        return true;
    } catch {
        return false;
    }
}

function read(key) {
    try {
        const entry = JSON.parse(browser.localStorage.getItem(key));
        return entry?.values ? entry : null;
    } catch {
        return null;
    }
}

function keys() {
    const found = new Set(memory.keys());
    try {
        for (let index = 0; index < browser.localStorage.length; index++) {
            found.add(browser.localStorage.key(index));
        }
    } catch {
        // forbidden
    }
    return [...found].filter((key) => key?.startsWith(mine()));
}

export const unsaved = {
    /** A name for one composer, which is open until `close`. */
    open() {
        const own = `${Date.now().toString(36)}${Math.random().toString(36).slice(2, 10)}`;
        living.add(own);
        ofThisPage.add(own);
        return own;
    },

    close(own) {
        living.delete(own);
    },

    /** Whether somebody is writing it right now, in this window or (as far as can be told) in another. */
    isLive(key, { at }) {
        const own = key.slice(key.lastIndexOf(".") + 1);
        return ofThisPage.has(own) ? living.has(own) : at > Date.now() - SETTLED;
    },

    /** @returns {boolean} whether it outlives the page; pictures may be left out, words never are */
    keep(own, values, base) {
        const key = `${mine()}${place(values)}.${own}`;
        const entry = { values, base, at: Date.now() };
        for (const other of keys()) {
            if (other.endsWith(`.${own}`) && other !== key) {
                this.drop([other]); // the place has another name now
            }
        }
        if (write(key, entry) || write(key, { ...entry, values: { ...values, body: values.body?.replace(PICTURES, "") } })) {
            memory.delete(key);
            return true;
        }
        memory.set(key, entry);
        return false;
    },

    /** @returns {[string, Entry][]} what is kept, the oldest first; of one place, or of the user */
    find(values = null) {
        const begin = values ? `${mine()}${place(values)}.` : mine();
        return keys()
            .filter((key) => key.startsWith(begin))
            .map((key) => [key, memory.get(key) || read(key)])
            .filter(([, entry]) => entry)
            .sort(([, one], [, other]) => one.at - other.at);
    },

    /** @returns {string|null} the mode of what is kept for a conversation */
    modeOf(conversation) {
        const begin = `${mine()}${conversation}.`;
        const found = this.find().filter(([key]) => key.startsWith(begin)).at(-1);
        return found ? found[1].values.mode : null;
    },

    /** Forget what one composer kept. */
    dropOwn(own) {
        this.drop(keys().filter((key) => key.endsWith(`.${own}`)));
    },

    drop(dropped) {
        for (const key of dropped) {
            memory.delete(key);
            try {
                browser.localStorage.removeItem(key);
            } catch {
                // forbidden: there is nothing to remove
            }
        }
    },
};
