import { Component, useState } from "@odoo/owl";
import { Dropdown } from "@web/core/dropdown/dropdown";
import { DropdownItem } from "@web/core/dropdown/dropdown_item";
import { useDropdownState } from "@web/core/dropdown/dropdown_hooks";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { useBus, useService } from "@web/core/utils/hooks";
import { useDialogRole } from "../desk/dialog_role";
import { MEDIA, formOf, shortMoment } from "../desk/format";
import { quietly } from "../desk/logged_out";

/** In the menu bar: how much is to be answered, the latest of it, and what is wrong. */
export class MessagesSystray extends Component {
    static template = "message_history.Systray";
    static components = { Dropdown, DropdownItem };
    static props = {};

    setup() {
        this.orm = useService("orm");
        this.action = useService("action");
        this.desk = useService("messages.desk");
        this.media = MEDIA;
        this.shortMoment = shortMoment;
        this.dropdown = useDropdownState();
        this.dialog = useDialogRole(_t("Messages"));
        this.state = useState({ tab: "mine", rows: [], loading: false, allowed: false, line: null });
        this.shared = useState(this.desk.state);
        this.desk.ready.then(() => (this.state.allowed = this.desk.allowed));
        useBus(this.desk.bus, "CHANGED", ({ detail }) => this.onChanged(detail.ids));
    }

    get tabs() {
        return [
            { name: "mine", label: _t("Mine") },
            { name: "unassigned", label: _t("Unassigned") },
            { name: "problems", label: _t("Problems") },
        ];
    }

    get counters() {
        return this.shared.counters || { mine: 0, unassigned: 0, failed: 0, channels: [] };
    }

    get count() {
        return this.counters.mine + this.counters.unassigned;
    }

    get hasProblem() {
        return this.counters.failed > 0 || this.counters.channels.some((channel) => channel.health === "attention");
    }

    get label() {
        const parts = [_t("Messages"), _t("%s to answer", this.count)];
        return this.hasProblem ? [...parts, _t("there are problems")].join(", ") : parts.join(", ");
    }

    async load(tab = this.state.tab) {
        Object.assign(this.state, { tab, loading: true });
        this.state.rows = await this.orm.silent.call("message.desk", "get_latest", [tab]);
        this.state.loading = false;
    }

    openRow(row) {
        this.dropdown.close();
        this.action.doAction(formOf(row.model, row.id));
    }

    openInbox() {
        this.dropdown.close();
        this.action.doAction("message_history.message_conversation_action", { clearBreadcrumbs: true });
    }

    // Ticker -----------------------------------------------------------------------------------

    /** One line for the newest message, replaced by the next: nothing moves. Off unless the user wants it. */
    async onChanged(ids) {
        const wanted = this.desk.setting("message_ticker");
        if (!wanted || wanted === "off") {
            return;
        }
        const [line] = await quietly(this.orm.silent.call("message.desk", "get_ticker", [ids]), []);
        if (line) {
            this.state.line = wanted === "subject" ? line : { ...line, subject: "" };
        }
    }

    get showsLine() {
        return this.state.line && !this.shared.inboxOpen;
    }

    openLine() {
        const { line } = this.state;
        this.state.line = null;
        this.openRow({ model: "message.conversation", id: line.id });
    }
}

registry.category("systray").add("message_history.systray", { Component: MessagesSystray }, { sequence: 24 });
