import { markup, useEffect, useRef, useState } from "@odoo/owl";
import { MAIN_PLUGINS } from "@html_editor/plugin_sets";
import { Wysiwyg } from "@html_editor/wysiwyg";
import { Dropdown } from "@web/core/dropdown/dropdown";
import { DropdownItem } from "@web/core/dropdown/dropdown_item";
import { serializeDateTime } from "@web/core/l10n/dates";
import { _t } from "@web/core/l10n/translation";
import { useService } from "@web/core/utils/hooks";
import { fileSize, fullMoment } from "../desk/format";
import { CannedList, ColleagueList } from "./choice_list";
import { LINES, KeptDraft } from "./kept_draft";
import { PeopleInput } from "./people_input";
import { fits, take } from "./recipients";
import { typed } from "./typed";

const { DateTime } = luxon;
/** Saved answers, and colleagues in a note. */
const SAVED = /(?:^|\s)(::([^\s:]{0,40}))$/;
const MENTION = /(?:^|\s)(@([^\s@]{0,40}))$/;
/** Of the editor, what a letter doesn't need. */
const LEFT_OUT = ["banner", "chatgptTranslate", "column", "star", "media"];

/** Writes one draft: an answer, a forward, a note, or a new message. Each mode and conversation has its own. */
export class Composer extends KeptDraft {
    static template = "message_history.Composer";
    static components = { CannedList, ColleagueList, Dropdown, DropdownItem, PeopleInput, Wysiwyg };
    static props = {
        conversationId: { type: [Number, { value: null }] },
        mode: String,
        historyId: { type: [Number, { value: null }] },
        draftId: { type: [Number, { value: null }], optional: true },
        focus: Number,
        lastMessageId: Number,
        onMode: Function,
        onClose: Function,
        onSend: Function,
        onOpenDraft: { type: Function, optional: true },
    };

    setup() {
        this.orm = useService("orm");
        this.desk = useService("messages.desk");
        this.notification = useService("notification");
        this.root = useRef("root");
        this.subjectInput = useRef("subject");
        this.plainInput = useRef("plain");
        Object.assign(this, { fileSize, fullMoment });
        this.seen = this.props.lastMessageId; // what comes while somebody writes may go unnoticed
        this.state = useState({
            draft: null, copies: false, sending: false, presets: [], at: "", canned: null, mention: null,
            typed: { recipients: "", copies: "" }, refused: false, others: [],
        });
        super.setup();
        useEffect(() => {
            follow(this.subjectInput.el, this.draft.subject || "");
            follow(this.plainInput.el, this.plain ?? this.plainText);
        });
        useEffect(
            (wanted) => {
                if (wanted) {
                    this.focus();
                }
                this.desk.opening = false;
            },
            () => [this.props.focus]
        );
    }

    makeConfig() {
        return {
            content: markup(this.state.draft.body || "<p><br></p>"),
            Plugins: MAIN_PLUGINS.filter((plugin) => !LEFT_OUT.includes(plugin.id)),
            placeholder: this.props.mode === "note" ? _t("Only your colleagues see this.") : _t("Write an answer. :: for saved answers"),
            classList: ["odoo-editor-editable"],
            onChange: () => this.onText(),
            direction: document.documentElement.dir || "ltr",
            getRecordInfo: () => ({ resModel: "message.draft", resId: this.state.draft.id || false }),
            disableVideo: true,
            disableFile: true,
            disableImage: true,
        };
    }

    get isNote() {
        return this.props.mode === "note";
    }

    get sender() {
        return this.draft.senders.find((one) => one.id === this.draft.sender_id);
    }

    get modes() {
        return [
            ["reply", _t("Reply")],
            ["reply_all", _t("Reply All")],
            ["forward", _t("Forward")],
            ["note", _t("Note")],
        ];
    }

    // Text -------------------------------------------------------------------------------------

    onLoad(editor) {
        this.editor = editor;
    }

    get body() {
        if (this.plain !== undefined) {
            return typed.paragraphs(this.plain);
        }
        return this.editor && !this.editor.isDestroyed && this.editor.editable ? this.editor.getContent() : this.lastBody ?? this.draft.body;
    }

    onText() {
        this.lastBody = this.body;
        this.touch();
        this.state.canned = typed.find(this.editor, SAVED);
        this.state.mention = this.isNote ? typed.find(this.editor, MENTION) : null;
    }

    onPlain(ev) {
        this.plain = ev.target.value;
        this.touch();
    }

    get plainText() {
        return typed.lines(this.draft.body);
    }

    focus() {
        const empty = !this.isNote && !this.draft.recipients.length && this.root.el?.querySelector(".o_messages_people input");
        const target = empty || this.root.el?.querySelector(".odoo-editor-editable, textarea");
        target?.focus();
        if (target && target !== empty && this.editor?.editable) {
            const first = this.editor.editable.firstElementChild || this.editor.editable;
            this.editor.shared.selection?.setCursorStart(first);
        }
    }

    insertCanned(response) {
        const nodes = response.substitution.split("\n").flatMap((line, index) => (index ? [document.createElement("br"), line] : [line]));
        typed.replace(this.editor, nodes, this.state.canned);
        this.state.canned = null;
        this.onText();
    }

    /** Name a colleague, as Odoo's own composer does: the server tells whoever is named so. */
    insertMention({ name, partner_id: id }) {
        const link = document.createElement("a");
        link.href = `/odoo/res.partner/${id}`;
        link.className = "o_mail_redirect";
        Object.assign(link.dataset, { oeModel: "res.partner", oeId: id });
        link.textContent = `@${name}`;
        typed.replace(this.editor, [link, "\u00A0"], this.state.mention);
        this.state.mention = null;
        this.onText();
    }

    openCanned() {
        this.state.canned = { text: "", length: 0 };
    }

    // Recipients -------------------------------------------------------------------------------

    get medium() {
        return this.sender?.medium || "mail";
    }

    getLine(name) {
        return { people: this.draft[name], text: this.state.typed[name] };
    }

    setPeople(name, people, text) {
        this.draft[name] = people;
        this.state.typed[name] = text;
        this.state.refused = false;
        this.touch();
    }

    /** Take what is typed and not confirmed yet; says what is no address. @returns {boolean} whether all of it is one */
    takeTyped() {
        if (this.isNote) {
            return true;
        }
        const wrong = [];
        for (const name of LINES) {
            const { people, rest } = take(this.draft[name], this.state.typed[name], this.medium);
            if (this.state.typed[name].trim()) {
                this.setPeople(name, people, rest);
            }
            wrong.push(...people.map((one) => one.address).filter((one) => !fits(one, this.medium)), rest);
        }
        const words = wrong.filter(Boolean).join(", ");
        if (words) {
            this.state.refused = true;
            this.notification.add(_t("It was not sent: nothing can be sent to “%s”. Correct the address, or take it out.", words), { type: "danger" });
            this.root.el?.querySelector(".o_messages_people_refused input, .o_messages_people input")?.focus();
        }
        return !words;
    }

    // Sending ----------------------------------------------------------------------------------

    /** Enter with Ctrl (or Cmd) sends, with Shift it also closes; before the editor takes it for a new line. */
    onKeydown(ev) {
        if (ev.key === "Enter" && (ev.ctrlKey || ev.metaKey)) {
            ev.preventDefault();
            ev.stopPropagation();
            this.send({ done: ev.shiftKey && !this.isNote });
        }
    }

    async loadPresets() {
        const presets = await this.orm.call("message.desk", "get_snooze_presets", []);
        this.state.presets = presets.filter((preset) => preset.until);
    }

    sendOwn() {
        const own = DateTime.fromISO(this.state.at);
        if (own.isValid) {
            this.send({ at: serializeDateTime(own) });
        }
    }

    async send(options = {}) {
        if (this.state.sending || !this.takeTyped()) {
            return;
        }
        this.state.sending = true;
        let sent = false;
        try {
            sent = (await this.isKept()) && (await this.sendKept(options));
        } finally {
            this.state.sending = sent; // it is gone in a moment
        }
    }

    /** @returns {Promise<boolean>} whether the server has what the screen shows */
    async isKept() {
        const { merges } = this;
        const kept = await this.store();
        if (!kept) {
            this.notification.add(_t("It was not sent. Your text is kept."), { type: "warning" });
        } else if (merges !== this.merges) {
            this.notification.add(_t("It was not sent: look at what came from the other window first."), { type: "warning" });
        }
        return kept && merges === this.merges;
    }

    async sendKept(options) {
        this.keeping.pause();
        let sent = false;
        try {
            sent = await this.props.onSend(this.draft.id, { ...options, last_message_id: this.seen, mode: this.props.mode });
            await this.afterSend(sent);
        } finally {
            if (!sent) {
                this.keeping.resume();
            }
        }
        return sent;
    }

    /** What was typed while it was being sent was not sent: it becomes a draft. */
    async afterSend(sent) {
        this.seen = this.props.lastMessageId;
        if (sent && this.keeping.state.dirty) {
            this.another();
            await this.store();
            this.notification.add(_t("What you wrote after sending is kept as a new draft."), { type: "warning" });
        } else if (sent) {
            this.keeping.finish();
        }
    }

    get formLabel() {
        return this.isNote ? _t("Internal note") : _t("Message");
    }

    get sendLabel() {
        return this.isNote ? _t("Add Note") : _t("Send");
    }
}

/** Change what an element shows only where it differs: a value that is drawn late would undo a key. */
function follow(element, text) {
    if (element && element.value !== text) {
        element.value = text;
    }
}
