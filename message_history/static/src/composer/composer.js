import { Component, markup, onWillStart, useEffect, useRef, useState } from "@odoo/owl";
import { MAIN_PLUGINS } from "@html_editor/plugin_sets";
import { Wysiwyg } from "@html_editor/wysiwyg";
import { browser } from "@web/core/browser/browser";
import { Dropdown } from "@web/core/dropdown/dropdown";
import { DropdownItem } from "@web/core/dropdown/dropdown_item";
import { serializeDateTime } from "@web/core/l10n/dates";
import { _t } from "@web/core/l10n/translation";
import { useService } from "@web/core/utils/hooks";
import { fileSize, fullMoment } from "../desk/format";
import { CannedList, ColleagueList } from "./choice_list";
import { takeUp, unsaved, useKeeping } from "./keeping";
import { PeopleInput } from "./people_input";
import { typed } from "./typed";

const { DateTime } = luxon;
/** Saved answers, and colleagues in a note. */
const SAVED = /(?:^|\s)(::([^\s:]{0,40}))$/;
const MENTION = /(?:^|\s)(@([^\s@]{0,40}))$/;
/** Of the editor, what a letter doesn't need. */
const LEFT_OUT = ["banner", "chatgptTranslate", "column", "star", "media"];

/** Writes one draft: an answer, a forward, a note, or a new message. Each mode and conversation has its own. */
export class Composer extends Component {
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
    };

    setup() {
        this.orm = useService("orm");
        this.desk = useService("messages.desk");
        this.notification = useService("notification");
        this.root = useRef("root");
        this.fileInput = useRef("files");
        Object.assign(this, { fileSize, fullMoment });
        this.keeping = useKeeping(
            () => this.values(),
            ({ id, stamp }) => Object.assign(this.draft, { id, stamp }),
            () => this.onGone()
        );
        this.seen = this.props.lastMessageId; // what comes while somebody writes may go unnoticed
        this.state = useState({ draft: null, copies: false, sending: false, presets: [], at: "", canned: null, mention: null });
        onWillStart(async () => {
            const read = this.props.draftId
                ? this.orm.call("message.draft", "store", [{ id: this.props.draftId }])
                : this.orm.call("message.draft", "open", [this.props.conversationId, this.props.mode, this.props.historyId]);
            this.state.draft = await read;
            this.takeUnsaved();
            this.state.copies = this.state.draft.copies.length > 0;
            this.config = this.makeConfig();
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

    get draft() {
        return this.state.draft;
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
        if (this.plain) {
            return this.plain.split("\n").map((line) => `<p>${escapeText(line)}</p>`).join("");
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
        const holder = new DOMParser().parseFromString(this.draft.body || "", "text/html");
        return [...holder.body.children].map((one) => one.textContent).join("\n") || holder.body.textContent;
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

    // Keeping ----------------------------------------------------------------------------------

    set(name, value) {
        this.draft[name] = value;
        this.touch();
    }

    touch() {
        this.keeping.touch();
    }

    /** Take up what an earlier page could not store. */
    takeUnsaved() {
        const { conversationId, mode } = this.props;
        if (takeUp(this.draft, unsaved.take({ id: this.draft.id, conversation_id: conversationId, mode }))) {
            this.touch();
        }
    }

    /** The draft was sent from another window: what is written here is not lost, and becomes another one. */
    onGone() {
        this.draft.id = null;
        this.draft.attachments = [];
        this.notification.add(_t("This was sent from another window. What is written here is kept as a new draft."), { type: "warning" });
        this.touch();
    }

    values() {
        const { id, stamp, sender_id, recipients, copies, subject, quote, history_id } = this.draft;
        return {
            id, stamp, sender_id, recipients, copies, subject, quote, history_id, body: this.body,
            conversation_id: this.props.conversationId, mode: this.props.mode,
        };
    }

    /** @returns {Promise<boolean>} whether the server has it */
    store() {
        return this.keeping.store();
    }

    async discard() {
        this.keeping.stop();
        if (this.draft.id) {
            await this.keeping.mutex.exec(() => this.orm.call("message.draft", "discard", [[this.draft.id]]));
        }
        if (this.props.conversationId) {
            this.desk.note([this.props.conversationId]);
        }
        this.props.onClose();
    }

    // Files ------------------------------------------------------------------------------------

    async addFiles(files) {
        if (!(await this.store())) {
            this.notification.add(_t("The files could not be attached. Please try again."), { type: "danger" });
            return;
        }
        for (const file of files) {
            const form = new FormData();
            form.append("csrf_token", odoo.csrf_token);
            form.append("ufile", file);
            const answer = await browser.fetch(`/message_history/draft/${this.draft.id}/attach`, { method: "POST", body: form });
            if (!answer.ok) {
                this.notification.add(_t("%s could not be attached.", file.name), { type: "danger" });
                continue;
            }
            this.draft.attachments.push(await answer.json());
        }
    }

    async onFiles(ev) {
        await this.addFiles([...ev.target.files]);
        ev.target.value = "";
    }

    onDrop(ev) {
        if (ev.dataTransfer?.files.length) {
            ev.preventDefault();
            this.addFiles([...ev.dataTransfer.files]);
        }
    }

    async removeFile(file) {
        this.draft.attachments = await this.orm.call("message.draft", "remove_attachment", [[this.draft.id], file.id]);
    }

    async addOriginalFiles() {
        await this.store();
        this.draft.attachments = await this.orm.call("message.draft", "add_original_files", [[this.draft.id]]);
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
        if (this.state.sending) {
            return;
        }
        this.state.sending = true;
        try {
            if (!(await this.store())) {
                this.notification.add(_t("It was not sent. Your text is kept."), { type: "warning" });
                this.state.sending = false;
                return;
            }
            this.keeping.stop();
            const sent = await this.props.onSend(this.draft.id, {
                ...options, last_message_id: this.seen, mode: this.props.mode,
            });
            this.state.sending = sent;
            this.keeping.stop(sent);
            this.seen = this.props.lastMessageId;
        } catch (error) {
            this.state.sending = false;
            this.keeping.stop(false);
            throw error;
        }
    }

    get formLabel() {
        return this.isNote ? _t("Internal note") : _t("Message");
    }

    get sendLabel() {
        return this.isNote ? _t("Add Note") : _t("Send");
    }
}

function escapeText(text) {
    const holder = document.createElement("div");
    holder.textContent = text;
    return holder.innerHTML;
}
