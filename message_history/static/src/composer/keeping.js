import { onWillUnmount, useExternalListener, useState } from "@odoo/owl";
import { browser } from "@web/core/browser/browser";
import { RPCError } from "@web/core/network/rpc";
import { user } from "@web/core/user";
import { Mutex } from "@web/core/utils/concurrency";
import { useService } from "@web/core/utils/hooks";

/** So long after the last key a draft is stored. */
const STORE_AFTER = 1000;
/** So long after the server could not be reached it is tried again. */
const RETRY_AFTER = 3000;

/** What could not be stored yet, in the browser: one text for each place that drafts are written at. */
export const unsaved = {
    key: ({ id, conversation_id: conversation, mode }) =>
        `messages.unsaved.${user.userId}.${conversation || `draft${id || ""}`}.${mode}`,
    keep(values) {
        browser.localStorage.setItem(this.key(values), JSON.stringify(values));
    },
    take(values) {
        const key = this.key(values);
        const kept = browser.localStorage.getItem(key);
        browser.localStorage.removeItem(key);
        return kept ? JSON.parse(kept) : null;
    },
};

/** The words of a text: the server writes its HTML anew. */
function plain(html) {
    return new DOMParser().parseFromString(html || "", "text/html").body.textContent.replace(/\s+/g, " ").trim();
}

/**
 * Lay what could not be stored over the draft as the server has it now.
 *
 * Where the draft was changed elsewhere since, both texts stay.
 *
 * @returns {boolean} whether the draft is another one now
 */
export function takeUp(draft, kept) {
    if (!kept || plain(draft.body).includes(plain(kept.body))) {
        return false;
    }
    const { id, attachments, stamp, body } = draft;
    const same = !stamp || kept.stamp === stamp;
    Object.assign(draft, kept, { id, attachments, stamp });
    if (!same) {
        draft.body = `${body}<p>—</p>${kept.body}`;
    }
    return true;
}

/**
 * Keeps a draft: on the server a second after the last key; in the browser while the server can't be
 * reached, until it can.
 *
 * @param {() => Object} getValues the draft as `message.draft.store` takes it
 * @param {(stored: Object) => void} onStored
 * @param {() => void} onGone the draft was sent meanwhile, from another window
 */
export function useKeeping(getValues, onStored, onGone) {
    const orm = useService("orm");
    const mutex = new Mutex();
    const state = useState({ dirty: false, trouble: false });
    let version = 0;
    let timer = null;
    let over = false;

    function touch() {
        if (over) {
            return;
        }
        state.dirty = true;
        version++;
        browser.clearTimeout(timer);
        timer = browser.setTimeout(() => store(), STORE_AFTER);
    }

    /** @returns {Promise<boolean>} whether the server has it */
    function store() {
        browser.clearTimeout(timer);
        return mutex.exec(async () => {
            if (over) {
                return false;
            }
            const begun = version;
            const values = getValues();
            let stored;
            try {
                stored = await orm.silent.call("message.draft", "store", [values]);
            } catch (error) {
                if (error instanceof RPCError) {
                    throw error; // the server's own answer
                }
                unsaved.keep(getValues());
                state.trouble = true;
                if (!over) {
                    timer = browser.setTimeout(() => store(), RETRY_AFTER);
                }
                return false;
            }
            state.trouble = false;
            unsaved.take(values);
            if (stored.sent) {
                if (!over) {
                    onGone();
                }
                return false;
            }
            onStored(stored);
            if (begun === version) {
                state.dirty = false; // not before: a page that goes away takes the call along
            }
            return true;
        });
    }

    /** Store although the page goes away. */
    function storeLater() {
        if (!state.dirty || over) {
            return;
        }
        state.dirty = false;
        const values = getValues();
        if (state.trouble) {
            unsaved.keep(values); // until the answer says that it is stored
        }
        const params = { model: "message.draft", method: "store", args: [values], kwargs: {} };
        // at once: a page that goes away waits for nothing
        browser
            .fetch("/web/dataset/call_kw/message.draft/store", {
                method: "POST",
                keepalive: true,
                headers: { "Content-Type": "application/json" },
                body: JSON.stringify({ jsonrpc: "2.0", method: "call", params }),
            })
            .then((answer) => (answer.ok ? answer.json() : {}))
            .then(({ result }) => (result ? unsaved.take(values) : unsaved.keep(values)))
            .catch(() => unsaved.keep(values));
    }

    /** Store nothing any more: it is being sent, or thrown away. */
    function stop(stopped = true) {
        over = stopped;
        browser.clearTimeout(timer);
        if (stopped) {
            unsaved.take(getValues());
        }
    }

    onWillUnmount(() => {
        browser.clearTimeout(timer);
        storeLater();
    });
    useExternalListener(browser, "pagehide", storeLater);
    return { state, mutex, touch, store, stop };
}
