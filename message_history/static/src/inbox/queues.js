import { Component, useState } from "@odoo/owl";
import { _t } from "@web/core/l10n/translation";
import { useService } from "@web/core/utils/hooks";
import { MEDIA } from "../desk/format";

/** The queues: which filters of the search each stands for, and its counter. */
export const QUEUES = [
    { name: "open", label: _t("To Answer"), icon: "fa-inbox", filters: ["filter_open"], counter: "open" },
    { name: "mine", label: _t("Mine"), icon: "fa-user-o", filters: ["filter_open", "filter_mine"], counter: "mine" },
    {
        name: "unassigned",
        label: _t("Unassigned"),
        icon: "fa-user-plus",
        filters: ["filter_open", "filter_unassigned"],
        counter: "unassigned",
    },
    { name: "unread", label: _t("Unread"), icon: "fa-circle", filters: ["filter_open", "filter_unread"], counter: "unread" },
    { name: "mentioned", label: _t("Mentions"), icon: "fa-at", filters: ["filter_mentioned"], counter: "mentioned" },
    { name: "waiting", label: _t("Waiting"), icon: "fa-hourglass-o", filters: ["filter_waiting"] },
    { name: "snoozed", label: _t("Snoozed"), icon: "fa-clock-o", filters: ["filter_snoozed"], counter: "snoozed" },
    { name: "drafts", label: _t("My Drafts"), icon: "fa-pencil", filters: ["filter_draft"] },
    { name: "done", label: _t("Done"), icon: "fa-check", filters: ["filter_done"] },
];

/** The left pane: queues and channels with what is to be answered in each. */
export class Queues extends Component {
    static template = "message_history.Queues";
    static props = { folded: Boolean, onFold: Function };

    setup() {
        this.desk = useService("messages.desk");
        this.action = useService("action");
        this.state = useState(this.desk.state);
        this.queues = QUEUES;
        this.media = MEDIA;
    }

    get activeQueue() {
        const names = this.env.messagesInbox.search.activeFilters().sort().join();
        return QUEUES.find((queue) => [...queue.filters].sort().join() === names)?.name;
    }

    get activeChannels() {
        return this.env.messagesInbox.search.activeChannels();
    }

    get foldText() {
        return this.props.folded ? _t("Show queues") : _t("Hide queues");
    }

    count(queue) {
        return queue.counter && this.state.counters ? this.state.counters[queue.counter] : 0;
    }

    openFailed() {
        this.action.doAction("message_history.message_history_action_failed");
    }
}
