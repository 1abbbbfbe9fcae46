import { EventBus, reactive } from "@odoo/owl";
import { browser } from "@web/core/browser/browser";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { user } from "@web/core/user";
import { recover } from "../composer/recovering";
import { quietly } from "./logged_out";

/** Changes of one burst (a batch of mails) are asked about once. */
const GATHER = 300;

/**
 * What every screen of the desk shares: the counters, the news that the bus brings, and changes of
 * conversations with their way back.
 *
 * `bus` triggers `CHANGED` (`{ ids }`: conversations that changed, here or elsewhere) and `PRESENCE`.
 */
export class Desk {
    constructor(env, { orm, notification, bus_service: busService, title }) {
        this.orm = orm;
        this.notification = notification;
        this.title = title;
        this.bus = new EventBus();
        this.state = reactive({ counters: null, news: null, inboxOpen: false });
        this.changed = new Set();
        this.timer = null;
        this.ready = user.hasGroup("message_history.group_user").then((allowed) => {
            this.allowed = allowed;
            if (allowed) {
                this.listen(busService);
            }
        });
    }

    listen(busService) {
        busService.subscribe("message_history/changed", ({ conversation_ids: ids }) => this.note(ids));
        busService.subscribe("message_history/presence", ({ conversation_id: id }) =>
            this.bus.trigger("PRESENCE", { id })
        );
        // who sees a channel changed: its news have another name from now on
        busService.subscribe("message_history/listen_anew", () => busService.forceUpdateChannels());
        busService.start();
        this.refreshCounters();
        this.recoverUnsaved();
    }

    /** Texts that an earlier page could not store (nobody was logged in, the server was down) come back. */
    async recoverUnsaved() {
        const recovered = await recover(this.orm);
        if (!recovered.length) {
            return;
        }
        this.note(recovered.map((one) => one.conversation_id).filter(Boolean));
        const text = recovered.every((one) => one.conversation_id)
            ? _t("What you wrote and could not be saved is back: see My Drafts.")
            : _t("What you wrote and could not be saved is back: see My Drafts, and Write a Message.");
        this.notification.add(text, { type: "info", sticky: true });
    }

    /** Gather changed conversations and tell of them once. */
    note(ids) {
        ids.forEach((id) => this.changed.add(id));
        this.timer ??= browser.setTimeout(() => {
            this.timer = null;
            const gathered = [...this.changed];
            this.changed.clear();
            this.bus.trigger("CHANGED", { ids: gathered });
            this.refreshCounters();
        }, GATHER);
    }

    async refreshCounters() {
        const counters = await quietly(this.orm.silent.call("message.desk", "get_counters", []));
        if (!counters) {
            return;
        }
        this.state.counters = counters;
        this.title.setCounters({ messages: counters.mine + counters.unassigned });
    }

    /** A counter in words: exact up to the limit. */
    words(count) {
        const many = this.state.counters?.many || 1000;
        return count >= many ? `${many - 1}+` : `${count}`;
    }

    /**
     * Change conversations for the team, say what was done, and offer Undo.
     *
     * @param {number[]} ids
     * @param {Object} change see `desk_change` on the server
     * @param {Object} [known] {id: last message that the user saw}
     */
    async change(ids, change, known = {}) {
        const outcome = await this.orm.call("message.conversation", "desk_change", [ids, change, known]);
        this.tell(outcome);
        return outcome;
    }

    /** Say what a change did; the toast has its way back. */
    tell(outcome) {
        const ids = (outcome.undo || []).map((entry) => entry.id).concat(outcome.target || []);
        this.note(ids);
        const close = this.notification.add(outcome.text, {
            type: outcome.skipped?.length ? "warning" : "success",
            autocloseDelay: 6000,
            buttons: outcome.undo?.length
                ? [
                      {
                          name: _t("Undo"),
                          onClick: async () => {
                              close();
                              await this.undo(outcome.undo);
                          },
                      },
                  ]
                : [],
        });
    }

    async undo(undo) {
        const ids = undo.map((entry) => entry.id);
        const said = await this.orm.call("message.conversation", "desk_undo", [ids, undo]);
        this.notification.add(said.text, { type: "info" });
        this.note(ids);
    }

    setting(name) {
        return user.settings[name];
    }

    setSetting(name, value) {
        return user.setUserSettings(name, value);
    }
}

export const deskService = {
    dependencies: ["orm", "notification", "bus_service", "title"],
    start(env, services) {
        return new Desk(env, services);
    },
};

registry.category("services").add("messages.desk", deskService);

/** What a button of a view did: say it, with Undo, and read the view again. */
registry.category("actions").add("message_history.changed", (env, action) => {
    env.services["messages.desk"].tell(action.params);
    return { type: "ir.actions.client", tag: "soft_reload" };
});
