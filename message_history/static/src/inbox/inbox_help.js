import { Component, useState } from "@odoo/owl";
import { user } from "@web/core/user";
import { useService } from "@web/core/utils/hooks";

/** An empty inbox says which of three things it is: no channel yet, all answered, or a filter that fits nothing. */
export class InboxHelp extends Component {
    static template = "message_history.InboxHelp";
    static props = {};

    setup() {
        this.action = useService("action");
        this.desk = useService("messages.desk");
        this.state = useState(this.desk.state);
        this.rights = useState({ manager: false });
        user.hasGroup("message_history.group_manager").then((manager) => (this.rights.manager = manager));
    }

    get reason() {
        const names = this.env.messagesInbox.search.activeFilters();
        if (this.state.counters && !this.state.counters.channels.length) {
            return "none";
        }
        return names.length === 1 && names[0] === "filter_open" ? "answered" : "filter";
    }

    setUp() {
        this.action.doAction("message_history.message_setup_action");
    }

    clear() {
        this.env.searchModel.clearQuery();
    }
}
