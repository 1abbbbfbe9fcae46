import { SessionExpiredDialog } from "@web/core/errors/error_dialogs";
import { RPCError } from "@web/core/network/rpc";
import { registry } from "@web/core/registry";

const EXPIRED = "odoo.http.SessionExpiredException";

/** Whoever writes something says by itself that nobody is logged in any more: `() => void` for each composer. */
export const writers = new Set();
let shown = false;

export function isLoggedOut(error) {
    return error instanceof RPCError && error.exceptionName === EXPIRED;
}

/** One word about it, not one for each call that a page makes: below what is being written, or else Odoo's own dialog. */
function loggedOutHandler(env, error, originalError) {
    if (!isLoggedOut(originalError)) {
        return false;
    }
    error.unhandledRejectionEvent?.preventDefault();
    if (writers.size) {
        writers.forEach((tell) => tell());
    } else if (!shown) {
        shown = true;
        env.services.dialog.add(SessionExpiredDialog, {}, { onClose: () => (shown = false) });
    }
    return true;
}

registry.category("error_handlers").add("message_history.logged_out", loggedOutHandler, { sequence: 90 });

/**
 * A call that nobody asked for (a counter, who else is here): what the server says against it is no dialog.
 *
 * @returns {Promise} its result, or `otherwise`
 */
export async function quietly(call, otherwise = null) {
    try {
        return await call;
    } catch (error) {
        if (error instanceof RPCError && !isLoggedOut(error)) {
            return otherwise;
        }
        throw error;
    }
}
