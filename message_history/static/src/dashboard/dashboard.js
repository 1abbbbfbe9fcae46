import { onWillStart, useState } from "@odoo/owl";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { useBus, useService } from "@web/core/utils/hooks";
import { KanbanRenderer } from "@web/views/kanban/kanban_renderer";
import { kanbanView } from "@web/views/kanban/kanban_view";

const INBOX = "message_history.message_conversation_action";

/** The channels as cards, and above them the figures; each leads to what it counts. */
export class DashboardRenderer extends KanbanRenderer {
    static template = "message_history.DashboardRenderer";

    setup() {
        super.setup();
        this.orm = useService("orm");
        this.action = useService("action");
        this.desk = useService("messages.desk");
        this.figures = useState({ values: null });
        const load = async () => {
            this.figures.values = await this.orm.silent.call("message.desk", "get_figures", []);
        };
        onWillStart(load);
        useBus(this.desk.bus, "CHANGED", load);
    }

    get tiles() {
        const { values } = this.figures;
        const open = (filters) => () =>
            this.action.doAction(INBOX, {
                additionalContext: Object.fromEntries(filters.map((name) => [`search_default_${name}`, 1])),
            });
        return [
            { label: _t("To Answer"), value: this.desk.words(values.open), click: open(["filter_open"]) },
            { label: _t("Longest Wait"), value: this.hours(values.longest), click: open(["filter_open"]) },
            { label: _t("Unassigned"), value: this.desk.words(values.unassigned), click: open(["filter_open", "filter_unassigned"]) },
            { label: _t("Answered After (Median)"), value: this.minutes(values.answer), click: () => this.action.doAction("message_history.message_answer_report_action") },
            { label: _t("Still to Send"), value: values.queued, click: () => this.action.doAction("message_history.message_outbox_action") },
            { label: _t("Failed in 24 Hours"), value: values.failed, bad: values.failed > 0, click: () => this.action.doAction("message_history.message_history_action_failed") },
            { label: _t("Channels with a Problem"), value: values.channels, bad: values.channels > 0, click: () => this.action.doAction("message_history.message_channel_action") },
        ];
    }

    hours(hours) {
        return hours >= 48 ? _t("%s days", Math.round(hours / 24)) : _t("%s h", hours);
    }

    minutes(minutes) {
        if (minutes === null) {
            return "–";
        }
        return minutes < 120 ? _t("%s min", minutes) : this.hours(Math.round(minutes / 6) / 10);
    }
}

registry.category("views").add("messages_dashboard", { ...kanbanView, Renderer: DashboardRenderer });
