import { useState } from "@odoo/owl";
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
        this.inbox = useState(this.env.messagesInbox.state);
    }

    getRowClass(record) {
        const current = record.resId === this.inbox.currentId ? " o_messages_current" : "";
        return super.getRowClass(record) + current;
    }

    /** The widths are the style sheet's: one column takes what there is. */
    get canResizeColumns() {
        return false;
    }
}
