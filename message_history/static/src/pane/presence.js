import { onWillDestroy, useState } from "@odoo/owl";
import { browser } from "@web/core/browser/browser";
import { useBus, useService } from "@web/core/utils/hooks";
import { quietly } from "../desk/logged_out";

const HEARTBEAT = 30000;

/**
 * Who else is at the conversation, and word to the others that the user is.
 *
 * @param {Desk} desk
 * @param {() => {id: number|null, answering: boolean}} where what the user is at now
 */
export function usePresence(desk, where) {
    const orm = useService("orm");
    const state = useState({ others: [] });
    let told = null;

    async function tell(force = false) {
        const { id, answering } = where();
        const now = `${id}/${answering}`;
        if (now === told && !force) {
            return;
        }
        told = now;
        const others = await quietly(orm.silent.call("message.presence", "note", [id, answering]), []);
        if (where().id === id) {
            state.others = others;
        }
    }

    useBus(desk.bus, "PRESENCE", ({ detail }) => {
        if (detail.id === where().id) {
            tell(true);
        }
    });
    const timer = browser.setInterval(() => where().id && tell(true), HEARTBEAT);
    onWillDestroy(() => {
        browser.clearInterval(timer);
        quietly(desk.orm.silent.call("message.presence", "note", [false, false]));
    });
    return { tell, state };
}
