import { useEffect, useState } from "@odoo/owl";
import { _t } from "@web/core/l10n/translation";
import { useService } from "@web/core/utils/hooks";
import { ListRenderer } from "@web/views/list/list_renderer";
import { InboxHelp } from "./inbox_help";

/** The list of conversations: two lines a row, the one in the pane marked. */
export class InboxRenderer extends ListRenderer {
    static template = "message_history.InboxRenderer";
    static components = { ...ListRenderer.components, InboxHelp };

    setup() {
        super.setup();
        this.desk = useService("messages.desk");
        useEffect(() => this.nameBoxes());
        this.inbox = useState(this.env.messagesInbox.state);
    }

    /** Odoo's boxes to tick have no names; a screen reader needs them. */
    nameBoxes() {
        for (const box of this.tableRef.el?.querySelectorAll("input[type=checkbox]") || []) {
            const row = box.closest(".o_data_row")?.querySelector(".o_messages_row");
            box.setAttribute("aria-label", row ? _t("Select: %s", row.getAttribute("aria-label")) : _t("Select all"));
        }
    }

    getRowClass(record) {
        const current = record.resId === this.inbox.currentId ? " o_messages_current" : "";
        return super.getRowClass(record) + current;
    }

    /** A row says everything itself: nothing is to lie over the next one. */
    getCellTitle() {
        return false;
    }

    /** The widths are the style sheet's: one column takes what there is. */
    get canResizeColumns() {
        return false;
    }
}
