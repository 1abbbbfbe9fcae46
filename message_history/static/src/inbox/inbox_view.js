import { registry } from "@web/core/registry";
import { listView } from "@web/views/list/list_view";
import { InboxController } from "./inbox_controller";
import { InboxRenderer } from "./inbox_renderer";

export const inboxView = {
    ...listView,
    Controller: InboxController,
    Renderer: InboxRenderer,
};

registry.category("views").add("messages_inbox", inboxView);
