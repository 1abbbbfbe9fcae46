import { onMounted, onWillUnmount, useEffect, useState, useSubEnv } from "@odoo/owl";
import { browser } from "@web/core/browser/browser";
import { _t } from "@web/core/l10n/translation";
import { ResizablePanel } from "@web/core/resizable_panel/resizable_panel";
import { user } from "@web/core/user";
import { useService } from "@web/core/utils/hooks";
import { useDebounced } from "@web/core/utils/timing";
import { useSetupAction } from "@web/search/action_hook";
import { ListController } from "@web/views/list/list_controller";
import { useDeskKey } from "../desk/keys";
import { AssignMenu, SnoozeMenu, TagMenu } from "../pane/menus";
import { MessagePane } from "../pane/message_pane";
import { useNews } from "./news";
import { QueueSearch } from "./queue_search";
import { Queues } from "./queues";

/** Below this the pane has no room: a row opens the conversation's own page. */
const PANE_FROM = 992;
const QUEUES_FOLDED = "message_history.queues_folded";
/** What buttons of the view do, said as changes: so that what came in meanwhile is left alone. */
const CHANGES = {
    action_assign_to_me: () => ({ name: "assign", user_id: user.userId }),
    action_done: () => ({ name: "done" }),
    action_spam: () => ({ name: "spam" }),
};

const ORDERS = {
    newest: [{ name: "last_date", asc: false }, { name: "id", asc: false }],
    waiting: [{ name: "waiting_since", asc: true }, { name: "id", asc: true }],
};

/** The inbox: queues, the list of conversations, and the one that is read. */
export class InboxController extends ListController {
    static template = "message_history.InboxView";
    static components = {
        ...ListController.components,
        AssignMenu,
        MessagePane,
        Queues,
        ResizablePanel,
        SnoozeMenu,
        TagMenu,
    };

    setup() {
        this.env.config.disableSearchBarAutofocus = true; // the keys are for the list
        this.desk = useService("messages.desk");
        super.setup();
        this.inbox = useState({
            currentId: this.props.state?.currentId || null,
            mode: null,
            writes: 0,
            order: this.desk.setting("message_order") || "newest",
            folded: browser.localStorage.getItem(QUEUES_FOLDED) === "1",
            wide: browser.innerWidth >= PANE_FROM,
        });
        this.initialWidth = this.desk.setting("message_pane_width") || 420;
        useSubEnv({
            messagesInbox: { state: this.inbox, search: new QueueSearch(this.env.searchModel) },
        });
        this.saveWidth = useDebounced((width) => {
            const rounded = Math.round(width);
            if (rounded !== this.initialWidth) {
                this.desk.setSetting("message_pane_width", rounded);
            }
        }, 1000);
        useSetupAction({ getLocalState: () => ({ currentId: this.inbox.currentId }) });
        this.news = useNews(this, () => this.records);
        const onResize = () => (this.inbox.wide = browser.innerWidth >= PANE_FROM);
        onMounted(() => {
            this.desk.state.inboxOpen = true;
            browser.addEventListener("resize", onResize);
        });
        useEffect(
            (isReady) => {
                if (isReady && document.activeElement === document.body) {
                    this.focusList();
                }
            },
            () => [this.model.isReady]
        );
        onWillUnmount(() => {
            this.desk.state.inboxOpen = false;
            browser.removeEventListener("resize", onResize);
        });
        this.useKeys();
    }

    get className() {
        return `${this.props.className || ""} o_messages_inbox`;
    }

    // Rows -------------------------------------------------------------------------------------

    get records() {
        const collect = (list) => (list.isGrouped ? list.groups.flatMap((group) => (group.isFolded ? [] : collect(group.list))) : list.records);
        return this.model.isReady ? collect(this.model.root) : [];
    }

    get currentRecord() {
        return this.records.find((record) => record.resId === this.inbox.currentId);
    }

    async openRecord(record, options = {}) {
        if (!this.inbox.wide || options?.newWindow || options?.force) {
            return super.openRecord(record, options);
        }
        this.show(record.resId);
    }

    show(id, mode = null) {
        this.inbox.mode = mode;
        this.inbox.currentId = id;
    }

    /** The row so many steps from the one that is shown. */
    neighbour(step) {
        const { records } = this;
        const index = records.findIndex((record) => record.resId === this.inbox.currentId);
        return records[index < 0 ? 0 : Math.min(Math.max(index + step, 0), records.length - 1)];
    }

    move(step) {
        const next = this.neighbour(step);
        if (next) {
            this.show(next.resId);
            this.focusRow(next);
        }
    }

    focusRow(record) {
        const row = this.rootRef.el?.querySelector(`tr[data-id='${record.id}'] .o_data_cell`);
        row?.focus();
        row?.scrollIntoView({ block: "nearest" });
    }

    focusList() {
        const area = this.rootRef.el?.querySelector(".o_list_renderer");
        if (area && !this.env.isSmall) {
            area.focus({ preventScroll: true });
        }
    }

    // Changes ----------------------------------------------------------------------------------

    /** What the user saw of conversations: a newer message makes a change leave them alone. */
    known(ids) {
        const known = {};
        for (const record of this.records) {
            if (ids.includes(record.resId)) {
                known[record.resId] = record.data.last_message_id?.id || 0;
            }
        }
        return known;
    }

    /** Change the ticked conversations. */
    async changeSelected(change) {
        const ids = await this.model.root.getResIds(true);
        await this.desk.change(ids, change, this.known(ids));
        await this.model.load();
    }

    async beforeExecuteActionButton(clickParams) {
        const change = CHANGES[clickParams.name];
        if (change && this.model.root.selection.length) {
            await this.changeSelected(change());
            return false;
        }
        return super.beforeExecuteActionButton(clickParams);
    }

    get hasTicked() {
        return this.model.isReady && this.model.root.selection.length > 0;
    }

    get tickedText() {
        return _t("%s selected", this.model.root.selection.length);
    }

    /** After a change in the pane: the row may have left this queue, and the next one takes its place. */
    async onPaneChanged({ leaves } = {}) {
        if (!leaves) {
            return;
        }
        const { records } = this;
        const index = records.findIndex((record) => record.resId === this.inbox.currentId);
        const next = records[index + 1] || records[index - 1];
        await this.model.load();
        const left = !this.currentRecord;
        if (left && next && this.records.some((record) => record.resId === next.resId)) {
            this.show(next.resId);
        } else if (left) {
            this.show(null);
        }
        this.focusList();
    }

    onClosePane() {
        this.show(null);
        this.focusList();
    }

    onFold(folded) {
        this.inbox.folded = folded;
        browser.localStorage.setItem(QUEUES_FOLDED, folded ? "1" : "0");
    }

    onOpenConversation(id) {
        this.show(id);
        this.model.load();
    }

    // Order ------------------------------------------------------------------------------------

    get waitsFirst() {
        return this.inbox.order === "waiting";
    }

    get modelParams() {
        const params = super.modelParams;
        return { ...params, defaultOrderBy: ORDERS[this.desk.setting("message_order")] || params.defaultOrderBy };
    }

    /** Newest first, or what waits longest; remembered for the user. */
    async toggleOrder() {
        this.inbox.order = this.waitsFirst ? "newest" : "waiting";
        await this.desk.setSetting("message_order", this.inbox.order);
        await this.model.load({ orderBy: ORDERS[this.inbox.order], offset: 0 });
    }

    writeNew() {
        if (this.inbox.wide) {
            this.inbox.writes++; // though the pane shows one that was sent or closed
            this.show(null, "new");
        } else {
            this.actionService.doAction("message_history.message_write_action");
        }
    }

    openFully() {
        const record = this.currentRecord;
        if (record) {
            super.openRecord(record, { force: true });
        }
    }

    toggleTick() {
        this.currentRecord?.toggleSelection(!this.currentRecord.selected);
    }

    useKeys() {
        const area = () => this.rootRef.el;
        useDeskKey(this.desk, _t("Next Conversation"), "j", () => this.move(1), area, true);
        useDeskKey(this.desk, _t("Previous Conversation"), "k", () => this.move(-1), area, true);
        useDeskKey(this.desk, _t("Open on Its Own Page"), "o", () => this.openFully(), area);
        useDeskKey(this.desk, _t("Select"), "x", () => this.toggleTick(), area);
        useDeskKey(this.desk, _t("Write a Message"), "w", () => this.writeNew(), area);
        useDeskKey(this.desk, _t("Show What Is New"), "s", () => this.news.show(), area);
    }
}
