import { onMounted, onWillUnmount, useExternalListener, useState } from "@odoo/owl";
import { browser } from "@web/core/browser/browser";
import { RPCError } from "@web/core/network/rpc";
import { user } from "@web/core/user";
import { Mutex } from "@web/core/utils/concurrency";
import { useService } from "@web/core/utils/hooks";
import { isLoggedOut, writers } from "../desk/logged_out";
import { unsaved } from "./unsaved";

/** So long after the last key a draft is stored. */
const STORE_AFTER = 1000;
/** So long after a draft could not be stored it is tried again; twice as long each time the server refuses. */
const RETRY_AFTER = 3000;
const RETRY_AT_MOST = 60000;
/** So often in a row somebody else may be quicker. */
const TRIES = 4;

/**
 * Keeps a draft: on the server a second after the last key; in the browser until the server has it.
 *
 * @param {Object} composer
 * @param {() => Object} composer.getValues the draft as `message.draft.store` takes it
 * @param {() => Object} composer.getBase the draft as the server had it last, for `merge`
 * @param {(stored: Object) => void} composer.onStored
 * @param {(stored: Object) => void} composer.onStale somebody else changed it: take over what is missing here
 * @param {() => void} composer.onGone the draft was sent meanwhile, from another window
 */
export function useKeeping({ getValues, getBase, onStored, onStale, onGone }) {
    const orm = useService("orm");
    const mutex = new Mutex();
    const own = unsaved.open();
    /** `trouble`: "connection", "session", "user" or "refused"; `words`: the server's; `volatile`: not even kept here */
    const state = useState({ dirty: false, trouble: null, words: "", volatile: false });
    let version = 0;
    let timer = null;
    let paused = false;
    let finished = false;
    let refusals = 0;
    let adopted = [];

    function touch() {
        state.dirty = true;
        version++;
        if (!paused && !finished) {
            later(STORE_AFTER);
        }
    }

    function later(milliseconds) {
        browser.clearTimeout(timer);
        timer = browser.setTimeout(() => store(), milliseconds);
    }

    /** In the browser first: the server may not answer for a long time, or never. */
    function keep() {
        state.volatile = !unsaved.keep(own, getValues(), getBase());
    }

    function fail(trouble, words = "") {
        Object.assign(state, { trouble, words, dirty: true });
        if (finished) {
            return false;
        }
        keep();
        refusals = trouble === "refused" ? refusals + 1 : 0;
        later(Math.min(RETRY_AFTER * 2 ** Math.max(refusals - 1, 0), RETRY_AT_MOST));
        return false;
    }

    function failOf(error) {
        if (isLoggedOut(error)) {
            return fail("session");
        }
        return error instanceof RPCError ? fail("refused", error.data?.message || error.message) : fail("connection");
    }

    /** @returns {Promise<boolean>} whether the server has it */
    function store() {
        browser.clearTimeout(timer);
        if (finished) {
            return Promise.resolve(false);
        }
        keep();
        return mutex.exec(() => (finished ? false : storeNow()));
    }

    async function storeNow(tries = TRIES) {
        const begun = version;
        let stored;
        try {
            stored = await orm.silent.call("message.draft", "store", [{ ...getValues(), user_id: user.userId }]);
        } catch (error) {
            return failOf(error);
        }
        if (stored.other_user) {
            return fail("user");
        }
        if (stored.stale) {
            onStale(stored);
            return tries > 1 ? storeNow(tries - 1) : fail("refused");
        }
        refusals = 0;
        Object.assign(state, { trouble: null, words: "" });
        if (stored.sent) {
            if (!finished) {
                onGone();
            }
            return false;
        }
        onStored(stored);
        if (begun === version) {
            state.dirty = false; // not before: a page that goes away takes the call along
            forget();
        }
        return true;
    }

    function forget() {
        unsaved.dropOwn(own);
        unsaved.drop(adopted);
        adopted = [];
    }

    /** Store although the page goes away. */
    function storeLater() {
        if (!state.dirty || finished) {
            return;
        }
        keep(); // until the answer says that it is stored
        const values = { ...getValues(), user_id: user.userId };
        const dropped = [...adopted];
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
            .then(({ result }) => {
                if (result?.id && !result.stale && !result.sent) {
                    unsaved.dropOwn(own);
                    unsaved.drop(dropped);
                }
            })
            .catch(() => {}); // it is kept
    }

    function onUnload(ev) {
        if (state.dirty && state.volatile && !finished) {
            ev.preventDefault(); // the browser asks whether to leave
        }
    }

    const tell = () => state.trouble || store();
    onMounted(() => writers.add(tell));
    onWillUnmount(() => {
        browser.clearTimeout(timer);
        writers.delete(tell);
        storeLater();
        unsaved.close(own);
        finished = true;
    });
    useExternalListener(browser, "pagehide", storeLater);
    useExternalListener(browser, "beforeunload", onUnload);
    return {
        state,
        mutex,
        touch,
        store,
        /** Store nothing by itself meanwhile: it is being sent, or thrown away. */
        pause() {
            paused = true;
            browser.clearTimeout(timer);
        },
        /** It was not sent after all. */
        resume() {
            paused = false;
            if (state.dirty) {
                later(STORE_AFTER);
            }
        },
        /** It was sent, or thrown away: there is nothing to keep any more. */
        finish() {
            finished = true;
            browser.clearTimeout(timer);
            forget();
        },
        /** Entries of `unsaved` that this text has taken up: they go when the server has it. */
        adopt(keys) {
            adopted.push(...keys);
        },
    };
}
