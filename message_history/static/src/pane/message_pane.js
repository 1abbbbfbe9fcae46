import { Component, onMounted, onWillDestroy, onWillStart, onWillUpdateProps, useState } from "@odoo/owl";
import { browser } from "@web/core/browser/browser";
import { Dropdown } from "@web/core/dropdown/dropdown";
import { DropdownItem } from "@web/core/dropdown/dropdown_item";
import { useDropdownState } from "@web/core/dropdown/dropdown_hooks";
import { _t } from "@web/core/l10n/translation";
import { user } from "@web/core/user";
import { KeepLast } from "@web/core/utils/concurrency";
import { useBus, useService } from "@web/core/utils/hooks";
import { Composer } from "../composer/composer";
import { useSending } from "../composer/sending";
import { unsaved } from "../composer/unsaved";
import { useDeskKey } from "../desk/keys";
import { quietly } from "../desk/logged_out";
import { MEDIA, formOf, fullMoment } from "../desk/format";
import { AssignMenu, SnoozeMenu, TagMenu } from "./menus";
import { MessageCard } from "./message_card";
import { NoteCard } from "./note_card";
import { usePresence } from "./presence";

/** A held J loads only where it stops. */
const SETTLE = 120;
/** So long a conversation is looked at until it counts as read. */
const DWELL = 2000;
/** So long after a conversation is shown the next one is read ahead. */
const AHEAD = 250;
/** Conversations kept for going back to, and the next one. */
const KEPT = 30;
const kept = new Map();

function keep(data) {
    kept.delete(data.id);
    kept.set(data.id, data);
    if (kept.size > KEPT) {
        kept.delete(kept.keys().next().value);
    }
}

/** The reading pane: one conversation, what can be done with it, and the answer to it. */
export class MessagePane extends Component {
    static template = "message_history.MessagePane";
    static components = { AssignMenu, Composer, Dropdown, DropdownItem, MessageCard, NoteCard, SnoozeMenu, TagMenu };
    static props = {
        conversationId: { type: [Number, { value: null }] },
        mode: { type: [String, { value: null }], optional: true },
        writes: { type: Number, optional: true },
        tickedText: { type: String, optional: true },
        onChanged: { type: Function, optional: true },
        onClose: { type: Function, optional: true },
        onOpenFully: { type: Function, optional: true },
        onOpenConversation: { type: Function, optional: true },
        onNext: { type: Function, optional: true },
        getNextId: { type: Function, optional: true },
        area: Function,
    };
    static defaultProps = { onChanged: () => {}, onNext: () => {}, getNextId: () => null, tickedText: "" };

    setup() {
        this.orm = useService("orm");
        this.action = useService("action");
        this.desk = useService("messages.desk");
        this.notification = useService("notification");
        Object.assign(this, { MEDIA, fullMoment });
        this.state = useState({ data: null, composer: null, loading: false });
        this.snoozeMenu = useDropdownState();
        this.assignMenu = useDropdownState();
        this.tagMenu = useDropdownState();
        this.keepLast = new KeepLast();
        this.sending = useSending({
            onSent: (outcome, options) => this.onSent(outcome, options),
            onTakenBack: (draft) => this.onTakenBack(draft),
        });
        this.presence = usePresence(this.desk, () => ({
            id: this.state.data?.id || null,
            answering: Boolean(this.state.composer) && this.state.composer.mode !== "note",
        }));
        useBus(this.desk.bus, "CHANGED", ({ detail }) => {
            detail.ids.forEach((id) => kept.delete(id));
            if (this.state.data && detail.ids.includes(this.state.data.id)) {
                this.refresh();
            }
        });
        onWillStart(() => this.load(this.props));
        onWillUpdateProps((next) => {
            if (["conversationId", "mode", "writes"].some((name) => next[name] !== this.props[name])) {
                this.load(next);
            }
        });
        onMounted(() => this.presence.tell());
        onWillDestroy(() => {
            browser.clearTimeout(this.dwell);
            browser.clearTimeout(this.ahead);
        });
        this.useKeys();
    }

    // Reading ----------------------------------------------------------------------------------

    async load({ conversationId: id, mode }) {
        browser.clearTimeout(this.dwell);
        this.state.composer = mode === "new" ? { mode: "new", historyId: null, focus: this.nextFocus() } : null;
        if (!id) {
            this.state.data = null;
            this.presence.tell();
            return;
        }
        if (kept.has(id)) {
            this.show(kept.get(id));
        }
        this.state.loading = true;
        const wait = kept.has(id) ? 0 : SETTLE;
        const quick = !this.lastLoad || Date.now() - this.lastLoad > SETTLE;
        this.lastLoad = Date.now();
        const data = await this.keepLast.add(quick ? this.read(id) : delay(wait).then(() => this.isWanted(id) && this.read(id)));
        this.state.loading = false;
        if (data === false) {
            return;
        }
        this.show(data);
        this.presence.tell();
        if (data?.unread) {
            this.dwell = browser.setTimeout(() => this.markSeen(), DWELL);
        }
        this.readAhead();
    }

    /** Have the next conversation there before it is asked for; it is read again when it is shown. */
    readAhead() {
        browser.clearTimeout(this.ahead);
        this.ahead = browser.setTimeout(async () => {
            const id = this.props.getNextId();
            const data = id && !kept.has(id) && (await this.orm.silent.call("message.desk", "open_conversation", [id]));
            if (data && !kept.has(id)) {
                keep(data);
            }
        }, AHEAD);
    }

    isWanted(id) {
        return this.props.conversationId === id || !this.props.conversationId;
    }

    read(id) {
        return this.orm.call("message.desk", "open_conversation", [id]);
    }

    show(data) {
        this.state.data = data;
        if (!data) {
            return;
        }
        keep(data);
        const mode = data.drafts[0]?.mode || unsaved.modeOf(data.id);
        if (!this.state.composer && mode) {
            this.state.composer = { mode, historyId: null, focus: 0 };
        }
    }

    /** Read again, without closing what is unfolded. */
    async refresh() {
        const { data } = this.state;
        const fresh = await quietly(this.orm.silent.call("message.desk", "open_conversation", [data.id]), false);
        if (this.state.data?.id !== data.id || fresh === false) {
            return;
        }
        if (!fresh && this.state.composer) {
            this.state.composer = null; // what is written there stores itself, as a message of its own
            this.notification.add(
                _t("This conversation is gone, or not yours any more. What you were writing is kept: see Write a Message."),
                { type: "warning", sticky: true }
            );
        }
        if (fresh) {
            for (const message of fresh.messages) {
                const before = data.messages.find((one) => one.id === message.id);
                if (before && before.body !== null && message.body === null) {
                    const { body, remote, pictures, files, complete } = before;
                    Object.assign(message, { body, remote, pictures, files, complete });
                }
            }
            const oldest = fresh.messages.at(-1)?.id;
            const older = data.messages.slice(data.messages.findIndex((one) => one.id === oldest) + 1);
            if (fresh.more && older.length && oldest) {
                Object.assign(fresh, { messages: [...fresh.messages, ...older], more: data.more });
            }
        }
        this.state.data = fresh;
        if (fresh) {
            kept.set(fresh.id, fresh);
        }
    }

    async loadMore() {
        const { data } = this.state;
        const page = await this.orm.call("message.desk", "open_conversation", [data.id, data.messages.at(-1).id]);
        data.messages.push(...page.messages);
        data.more = page.more;
    }

    async markSeen() {
        const { data } = this.state;
        if (data?.unread) {
            data.unread = false;
            await this.orm.silent.call("message.conversation", "action_mark_seen", [[data.id]]);
            this.desk.note([data.id]);
        }
    }

    async markUnread() {
        browser.clearTimeout(this.dwell);
        const { data } = this.state;
        data.unread = true;
        await this.orm.call("message.conversation", "action_mark_unread", [[data.id]]);
        this.desk.note([data.id]);
    }

    /** Messages, notes and events, the newest first. */
    get entries() {
        const { messages, notes } = this.state.data;
        const oldest = this.state.data.more ? messages.at(-1)?.date : "";
        return [...messages, ...notes.filter((note) => note.date >= oldest)].sort(
            (one, other) => other.date.localeCompare(one.date) || other.id - one.id
        );
    }

    // Changes ----------------------------------------------------------------------------------

    async change(change) {
        const { data } = this.state;
        if (!data) {
            return;
        }
        const leaves = ["done", "snooze", "spam", "reopen"].includes(change.name);
        const outcome = await this.desk.change([data.id], change, { [data.id]: data.last_message_id || 0 });
        if (outcome.done.length) {
            this.props.onChanged({ leaves });
        }
        await this.refresh();
    }

    toggleDone() {
        this.change({ name: this.state.data?.state === "done" ? "reopen" : "done" });
    }

    take() {
        this.change({ name: "assign", user_id: user.userId });
    }

    async split(message) {
        const index = this.state.data.messages.findIndex((one) => one.id === message.id);
        const ids = this.state.data.messages.slice(0, index + 1).map((one) => one.id);
        const outcome = await this.orm.call("message.conversation", "desk_split", [[this.state.data.id], ids]);
        this.desk.tell(outcome);
        this.props.onOpenConversation?.(outcome.target);
    }

    async runAction(method) {
        const action = await this.orm.call("message.conversation", method, [[this.state.data.id]]);
        return this.action.doAction(action, { onClose: () => this.refresh() });
    }

    openRecord(model, id) {
        this.action.doAction(formOf(model, id));
    }

    // Writing ----------------------------------------------------------------------------------

    write(mode, historyId = null) {
        if (!this.state.data || (mode !== "note" && !this.state.data.channel.can_answer)) {
            return;
        }
        this.state.composer = { mode, historyId, focus: this.nextFocus() };
        this.presence.tell();
    }

    /** Until the composer has the focus, keys are meant for it and not for the list. */
    nextFocus() {
        this.desk.opening = true;
        browser.clearTimeout(this.openingTimer);
        this.openingTimer = browser.setTimeout(() => (this.desk.opening = false), 3000);
        this.focusCount = (this.focusCount || 0) + 1;
        return this.focusCount;
    }

    /** Go on with a new message that was begun and not sent. */
    openDraft(id) {
        this.state.composer = { mode: "new", historyId: null, draftId: id, focus: this.nextFocus() };
    }

    closeComposer() {
        this.state.composer = null;
        this.presence.tell();
        this.props.area()?.querySelector(".o_list_renderer")?.focus();
    }

    onSent(outcome, options) {
        this.state.composer = null;
        this.presence.tell();
        this.desk.note([outcome.conversation_id]);
        if (options.mode === "note") {
            return;
        }
        const after = this.desk.setting("message_after_send") || "stay";
        if (options.done || after === "list") {
            this.props.onChanged({ leaves: true });
        }
        if (after === "next") {
            this.props.onNext();
        } else if (after === "list") {
            this.props.onClose?.();
        }
    }

    async onTakenBack(draft) {
        this.props.onChanged({ leaves: false });
        if (draft.conversation_id) {
            this.desk.note([draft.conversation_id]);
            this.props.onOpenConversation?.(draft.conversation_id);
        }
        if (!draft.conversation_id || this.state.data?.id === draft.conversation_id) {
            this.state.composer = { mode: draft.mode, historyId: null, draftId: draft.id, focus: this.nextFocus() };
        }
    }

    /** That there is more than the reader sees: on channels of which he is no member. */
    get hiddenText() {
        const count = this.state.data.hidden_count;
        return count === 1 ? _t("1 more message is on another channel.") : _t("%s more messages are on other channels.", count);
    }

    get stateText() {
        const { state, snooze_until: until, snooze_reply: reply } = this.state.data;
        if (state === "waiting" && until) {
            return _t("Snoozed until %s", fullMoment(until));
        }
        if (state === "waiting" && reply) {
            return _t("Snoozed until a reply");
        }
        return { open: _t("To Answer"), waiting: _t("Waiting"), done: _t("Done") }[state];
    }

    get replyTitle() {
        return this.state.data.channel.can_answer ? _t("Reply") : _t("No channel can send an answer.");
    }

    presentText(person) {
        return person.answering ? _t("%s is writing an answer.", person.name) : _t("%s is looking at this.", person.name);
    }

    onEscape() {
        const active = document.activeElement;
        const composer = active?.closest?.(".o_messages_composer");
        const list = this.props.area()?.querySelector(".o_list_renderer");
        if (composer && list) {
            list.focus();
        } else if (this.props.onClose) {
            this.props.onClose();
        }
    }

    useKeys() {
        const key = (name, hotkey, action) => useDeskKey(this.desk, name, hotkey, action, () => this.props.area());
        key(_t("Reply"), "r", () => this.write("reply"));
        key(_t("Reply All"), "shift+r", () => this.write("reply_all"));
        key(_t("Forward"), "f", () => this.write("forward"));
        key(_t("Internal Note"), "n", () => this.write("note"));
        key(_t("Assign to Me"), "t", () => this.take());
        key(_t("Assign"), "a", () => this.assignMenu.open());
        key(_t("Done or Open Again"), "e", () => this.toggleDone());
        key(_t("Snooze"), "z", () => this.snoozeMenu.open());
        key(_t("Mark as Unread"), "u", () => this.state.data && this.markUnread());
        key(_t("Tags"), "l", () => this.tagMenu.open());
        key(_t("Back to the List"), "escape", () => this.onEscape());
    }
}

function delay(milliseconds) {
    return new Promise((resolve) => browser.setTimeout(resolve, milliseconds));
}
