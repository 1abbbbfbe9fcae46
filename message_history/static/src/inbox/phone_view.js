import { onMounted, onWillUnmount, useState, useSubEnv } from "@odoo/owl";
import { ActionSwiper } from "@web/core/action_swiper/action_swiper";
import { Dropdown } from "@web/core/dropdown/dropdown";
import { DropdownItem } from "@web/core/dropdown/dropdown_item";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { KanbanController } from "@web/views/kanban/kanban_controller";
import { KanbanRecord } from "@web/views/kanban/kanban_record";
import { KanbanRenderer } from "@web/views/kanban/kanban_renderer";
import { kanbanView } from "@web/views/kanban/kanban_view";
import { InboxHelp } from "./inbox_help";
import { useNews } from "./news";
import { QueueSearch } from "./queue_search";
import { QUEUES } from "./queues";

/** A card that is swiped: right is done, left puts it off until a reply. Both can be undone. */
export class PhoneRecord extends KanbanRecord {
    static template = "message_history.PhoneRecord";
    static components = { ...KanbanRecord.components, ActionSwiper };

    get swipes() {
        const { resId, data, model } = this.props.record;
        const change = async (change) => {
            await this.env.messagesInbox.change(resId, change, data.last_message_id?.id || 0);
            await model.load();
        };
        return {
            onRightSwipe: { action: () => change({ name: "done" }), icon: "fa-check", bgColor: "bg-success" },
            onLeftSwipe: { action: () => change({ name: "snooze", reply: true }), icon: "fa-clock-o", bgColor: "bg-warning" },
        };
    }
}

export class PhoneRenderer extends KanbanRenderer {
    static template = "message_history.PhoneRenderer";
    static components = { ...KanbanRenderer.components, KanbanRecord: PhoneRecord, InboxHelp };
}

/** The inbox as cards, for phones: the queues are a menu, and news wait for a tap. */
export class PhoneController extends KanbanController {
    static template = "message_history.PhoneView";
    static components = { ...KanbanController.components, Dropdown, DropdownItem };

    setup() {
        super.setup();
        this.orm = useService("orm");
        this.desk = useService("messages.desk");
        this.shared = useState(this.desk.state);
        this.queues = QUEUES;
        const search = new QueueSearch(this.env.searchModel);
        const change = (id, change, last) => this.desk.change([id], change, { [id]: last });
        useSubEnv({ messagesInbox: { search, change } });
        this.queueSearch = search;
        this.news = useNews(this, () => (this.model.root.isGrouped ? [] : this.model.root.records));
        onMounted(() => (this.desk.state.inboxOpen = true));
        onWillUnmount(() => (this.desk.state.inboxOpen = false));
    }

    get queueName() {
        const names = this.queueSearch.activeFilters().sort().join();
        const queue = QUEUES.find((one) => [...one.filters].sort().join() === names);
        const channel = this.shared.counters?.channels.find((one) => this.queueSearch.activeChannels().includes(one.id));
        return channel?.name || queue?.label || _t("Search");
    }

    count(queue) {
        return queue.counter && this.shared.counters ? this.shared.counters[queue.counter] : 0;
    }

    writeNew() {
        this.actionService.doAction("message_history.message_write_action");
    }
}

registry.category("views").add("messages_inbox_kanban", {
    ...kanbanView,
    Controller: PhoneController,
    Renderer: PhoneRenderer,
});
