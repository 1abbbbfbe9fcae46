import { user } from "@web/core/user";
import { merge, textOf } from "./merging";
import { unsaved } from "./unsaved";

const TRIES = 3;

/** Store one text that was kept in the browser; where its draft was sent meanwhile it becomes another one. */
async function recoverOne(orm, { values, base }) {
    let current = values;
    for (let attempt = 0; attempt < TRIES; attempt++) {
        const stored = await orm.silent.call("message.draft", "store", [{ ...current, user_id: user.userId }]);
        if (stored.other_user) {
            return null;
        }
        if (stored.sent) {
            current = { ...current, id: null, stamp: null };
        } else if (stored.stale) {
            const { added, ...people } = merge(base, textOf(stored), textOf(current));
            current = { ...current, ...people, body: current.body + added, id: stored.id, stamp: stored.stamp };
        } else {
            return stored;
        }
    }
    return null;
}

/**
 * Make drafts of what earlier pages of the user could not store; what can't be stored now either stays.
 *
 * @returns {Promise<Object[]>} the drafts
 */
export async function recover(orm) {
    const recovered = [];
    for (const [key, entry] of unsaved.find()) {
        if (unsaved.isLive(key, entry)) {
            continue;
        }
        try {
            const stored = await recoverOne(orm, entry);
            if (stored) {
                unsaved.drop([key]);
                recovered.push(stored);
            }
        } catch {
            // it stays in the browser
        }
    }
    return recovered;
}
