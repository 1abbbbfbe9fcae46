import { Component, useRef } from "@odoo/owl";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { standardActionServiceProps } from "@web/webclient/actions/action_service";
import { formOf } from "../desk/format";
import { MessagePane } from "./message_pane";

/** A page for a new message, where the inbox has no pane: on phones. */
export class WritePage extends Component {
    static template = "message_history.WritePage";
    static components = { MessagePane };
    static props = { ...standardActionServiceProps };

    setup() {
        this.root = useRef("root");
        this.action = useService("action");
    }

    close() {
        this.action.restore();
    }

    openConversation(id) {
        this.action.doAction(formOf("message.conversation", id));
    }
}

registry.category("actions").add("message_history.write", WritePage);
