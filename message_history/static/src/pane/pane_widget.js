import { Component, useRef } from "@odoo/owl";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { standardWidgetProps } from "@web/views/widgets/standard_widget_props";
import { formOf } from "../desk/format";
import { MessagePane } from "./message_pane";

/** The reading pane on the conversation's own page, as on phones. */
export class PaneWidget extends Component {
    static template = "message_history.PaneWidget";
    static components = { MessagePane };
    static props = { ...standardWidgetProps };

    setup() {
        this.root = useRef("root");
        this.action = useService("action");
    }

    area() {
        return this.root.el?.closest(".o_view_controller") || this.root.el;
    }

    openConversation(id) {
        this.action.doAction(formOf("message.conversation", id));
    }
}

registry.category("view_widgets").add("messages_pane", { component: PaneWidget });
