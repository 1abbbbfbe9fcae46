import { Component, onWillStart, useState } from "@odoo/owl";
import { registry } from "@web/core/registry";
import { useBus, useService } from "@web/core/utils/hooks";
import { useDebounced } from "@web/core/utils/timing";
import { KanbanController } from "@web/views/kanban/kanban_controller";
import { kanbanView } from "@web/views/kanban/kanban_view";
import { ListController } from "@web/views/list/list_controller";
import { listView } from "@web/views/list/list_view";
import { formOf } from "../desk/format";

/** Above the outbox and what failed: what waits for a channel that a person has to mend. */
export class HeldUp extends Component {
    static template = "message_history.HeldUp";
    static props = {};

    setup() {
        this.orm = useService("orm");
        this.action = useService("action");
        this.state = useState({ channels: [] });
        const load = async () => {
            this.state.channels = await this.orm.silent.call("message.desk", "get_held_up", []).catch(() => []);
        };
        onWillStart(load);
        useBus(useService("messages.desk").bus, "CHANGED", useDebounced(load, 2000));
    }

    openChannel(id) {
        this.action.doAction(formOf("message.channel", id));
    }
}

class LedgerListController extends ListController {
    static template = "message_history.LedgerList";
    static components = { ...ListController.components, HeldUp };
}

class LedgerKanbanController extends KanbanController {
    static template = "message_history.LedgerKanban";
    static components = { ...KanbanController.components, HeldUp };
}

registry.category("views").add("messages_ledger", { ...listView, Controller: LedgerListController });
registry.category("views").add("messages_ledger_kanban", { ...kanbanView, Controller: LedgerKanbanController });
