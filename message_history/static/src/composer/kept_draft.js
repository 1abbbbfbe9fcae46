import { Component, onWillStart } from "@odoo/owl";
import { _t } from "@web/core/l10n/translation";
import { useFiles } from "./files";
import { useKeeping } from "./keeping";
import { merge, takeUp, textOf } from "./merging";
import { fromKept, pending } from "./recipients";
import { recover } from "./recovering";
import { typed } from "./typed";
import { unsaved } from "./unsaved";

/** The lines of recipients. */
export const LINES = ["recipients", "copies"];

/** What becomes of a draft while somebody writes it: the half of the composer that has no screen. */
export class KeptDraft extends Component {
    setup() {
        this.keeping = useKeeping({
            getValues: () => this.values(),
            getBase: () => this.base,
            onStored: (stored) => this.onStored(stored),
            onStale: (stored) => this.onStale(stored),
            onGone: () => this.onGone(),
        });
        this.files = useFiles(() => this.draft, () => this.store());
        this.merges = 0;
        onWillStart(() => this.load());
    }

    get draft() {
        return this.state.draft;
    }

    async load() {
        if (this.props.mode === "new" && !this.props.draftId) {
            await this.findOthers();
        }
        const draft = await this.read();
        this.base = textOf(draft);
        this.state.draft = draft;
        this.takeUnsaved();
        for (const name of LINES) {
            const { people, text } = fromKept(this.draft[name]);
            this.draft[name] = people;
            this.state.typed[name] = text;
        }
        this.state.copies = this.draft.copies.length > 0 || Boolean(this.state.typed.copies);
        this.config = this.makeConfig();
    }

    read() {
        const { conversationId, draftId, historyId, mode } = this.props;
        return draftId
            ? this.orm.call("message.draft", "store", [{ id: draftId }])
            : this.orm.call("message.draft", "open", [conversationId, mode, historyId]);
    }

    /** New messages that were begun and not sent. */
    async findOthers() {
        await recover(this.orm);
        const begun = [["conversation_id", "=", false], ["mode", "=", "new"], ["state", "=", "draft"]];
        const options = { limit: 5, order: "write_date desc" };
        this.state.others = await this.orm.silent.searchRead("message.draft", begun, ["subject"], options).catch(() => []);
    }

    set(name, value) {
        this.draft[name] = value;
        this.touch();
    }

    touch() {
        this.keeping.touch();
    }

    /** Take up what an earlier page could not store. A new message that was never stored is one of the others. */
    takeUnsaved() {
        const { conversationId, mode } = this.props;
        const found = conversationId || this.draft.id
            ? unsaved.find({ id: this.draft.id, conversation_id: conversationId, mode })
            : [];
        const changed = found.filter(([, entry]) => takeUp(this.draft, entry));
        if (changed.length) {
            this.keeping.adopt(found.map(([key]) => key));
            this.touch();
        } else {
            unsaved.drop(found.filter(([key, entry]) => !unsaved.isLive(key, entry)).map(([key]) => key));
        }
    }

    onStored(stored) {
        Object.assign(this.draft, { id: stored.id, stamp: stored.stamp });
        this.base = textOf(stored);
    }

    /** Another window, or another computer, changed the draft: what is missing here comes below what is written here. */
    onStale(stored) {
        const mine = textOf(this.values());
        const { added, subject, ...people } = merge(this.base, textOf(stored), mine);
        if (added || JSON.stringify([subject, people]) !== JSON.stringify([mine.subject, { recipients: mine.recipients, copies: mine.copies }])) {
            this.merges++;
            this.notification.add(_t("This draft was changed in another window. Both texts are kept."), { type: "warning" });
        }
        for (const name of LINES) {
            this.draft[name] = fromKept(people[name]).people;
        }
        Object.assign(this.draft, { id: stored.id, stamp: stored.stamp, subject, attachments: stored.attachments });
        this.state.copies ||= this.draft.copies.length > 0;
        this.base = textOf(stored);
        if (added) {
            this.addBelow(added);
        }
    }

    addBelow(html) {
        if (this.plain === undefined && this.editor?.editable) {
            typed.append(this.editor, html);
            this.lastBody = this.body;
        } else {
            this.plain = [this.plain ?? typed.lines(this.draft.body), typed.lines(html)].join("\n");
            this.draft.body = this.body;
        }
    }

    /** The draft was sent from another window: what is written here is not lost, and becomes another one. */
    onGone() {
        this.another();
        this.notification.add(_t("This was sent from another window. What is written here is kept as a new draft."), { type: "warning" });
    }

    another() {
        Object.assign(this.draft, { id: null, stamp: null, attachments: [] });
        this.touch();
    }

    values() {
        const { id, stamp = null, sender_id, recipients, copies, subject, quote, history_id } = this.draft;
        return {
            id, stamp, sender_id, subject, quote, history_id, body: this.body,
            recipients: [...recipients, ...pending(this.state.typed.recipients)],
            copies: [...copies, ...pending(this.state.typed.copies)],
            conversation_id: this.props.conversationId, mode: this.props.mode,
        };
    }

    /** @returns {Promise<boolean>} whether the server has it */
    store() {
        return this.keeping.store();
    }

    get troubleText() {
        const { trouble, words, volatile } = this.keeping.state;
        const text = {
            session: _t("You are logged out. What you write is kept in this browser."),
            user: _t("Somebody else is logged in in this browser now. What you write is kept for you alone: log in again."),
            refused: _t("Not saved: %s What you write is kept in this browser.", words),
        }[trouble];
        const lost = trouble && volatile ? _t("This browser keeps nothing: copy your text before you leave this page.") : "";
        return [text, lost].filter(Boolean).join(" ");
    }

    get mustLogIn() {
        return ["session", "user"].includes(this.keeping.state.trouble);
    }

    async discard() {
        this.keeping.pause();
        try {
            // a store under way may be about to make the draft
            await this.keeping.mutex.exec(() => this.draft.id && this.orm.call("message.draft", "discard", [[this.draft.id]]));
        } catch (error) {
            this.keeping.resume();
            throw error;
        }
        this.keeping.finish();
        if (this.props.conversationId) {
            this.desk.note([this.props.conversationId]);
        }
        this.props.onClose();
    }
}
