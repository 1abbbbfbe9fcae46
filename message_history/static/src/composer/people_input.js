import { Component, onMounted, onPatched, onWillUnmount, useRef, useState } from "@odoo/owl";
import { _t } from "@web/core/l10n/translation";
import { useService } from "@web/core/utils/hooks";
import { useDebounced } from "@web/core/utils/timing";
import { NONE, keyDoes } from "./choosing";
import { fits, isComplete, read, take, withPeople } from "./recipients";

/** So long after the last key contacts are looked for. */
const FIND_AFTER = 200;
let number = 0;

/**
 * Recipients as chips. Whoever types a whole address gets that address; contacts are suggested, and
 * taken only if somebody chooses one. What is no address stays where it was typed, and is marked.
 */
export class PeopleInput extends Component {
    static template = "message_history.PeopleInput";
    static props = {
        label: String,
        people: Array,
        text: String,
        getLine: Function, // () => {people, text} as they are this moment: whoever types is faster than the screen
        onChange: Function, // (people, text)
        medium: { type: String, optional: true },
        refused: { type: Boolean, optional: true },
    };
    static defaultProps = { medium: "mail", refused: false };

    setup() {
        this.orm = useService("orm");
        this.input = useRef("input");
        this.id = `o_messages_people_${++number}`;
        this.state = useState({ found: [], chosen: NONE, refused: false });
        this.asked = 0;
        this.left = false;
        this.find = useDebounced((text) => this.suggest(text), FIND_AFTER);
        onMounted(() => this.sync());
        onPatched(() => this.sync());
        onWillUnmount(() => (this.left = true));
    }

    get line() {
        return this.props.getLine();
    }

    /** The screen follows what is typed, never the other way round: a value that is drawn late would undo a key. */
    sync() {
        const { el } = this.input;
        if (el && el.value !== this.line.text) {
            el.value = this.line.text;
        }
    }

    // Suggestions ------------------------------------------------------------------------------

    /** Answers may come in any order: only the one to the last question counts, and only for the text it was about. */
    async suggest(text) {
        const asked = ++this.asked;
        let found = [];
        try {
            found = await this.orm.silent.call("message.draft", "find_people", [text.trim(), this.props.medium]);
        } catch {
            // nothing is suggested; what is typed is not touched
        }
        if (asked === this.asked && !this.left && this.line.text === text && this.hasFocus) {
            Object.assign(this.state, { found, chosen: NONE });
        }
    }

    /** What was suggested belongs to an older text. */
    forget() {
        this.asked++;
        this.find.cancel?.();
        Object.assign(this.state, { found: [], chosen: NONE });
    }

    get hasFocus() {
        return document.activeElement === this.input.el;
    }

    // Typing -----------------------------------------------------------------------------------

    set(people, text) {
        this.forget();
        this.props.onChange(people, text);
        this.sync();
    }

    onInput(ev) {
        const text = ev.target.value;
        this.state.refused = false;
        if (/[,;]\s*$/.test(text)) {
            const taken = take(this.line.people, text, this.props.medium);
            this.state.refused = Boolean(taken.rest);
            // "Kurz, Anne <…": the sign may belong to a name
            taken.rest ? this.set(this.line.people, text) : this.set(taken.people, "");
            return;
        }
        this.set(this.line.people, text);
        if (text.trim()) {
            this.find(text);
        }
    }

    onKeydown(ev) {
        if (ev.isComposing || ev.altKey || ev.ctrlKey || ev.metaKey) {
            return; // another key's business: that of an input method, or of the composer
        }
        const { found, chosen } = this.state;
        const does = keyDoes(ev.key, { text: this.line.text, count: found.length, chosen });
        if (ev.key === "Enter" || does.act === "choose") {
            ev.preventDefault();
        }
        if (does.act === "choose") {
            this.state.chosen = does.chosen;
        } else if (does.act === "take") {
            ev.preventDefault();
            this.add(found[does.chosen]);
        } else if (does.act === "commit") {
            this.commit();
        } else if (does.act === "close") {
            ev.stopPropagation();
            this.forget();
        } else if (does.act === "back" && this.line.people.length) {
            ev.preventDefault();
            this.back();
        }
    }

    /** A list that is pasted into one line loses its line ends: it is read before. */
    onPaste(ev) {
        const { value, selectionStart: begin, selectionEnd: end } = ev.target;
        const pasted = ev.clipboardData?.getData("text/plain") || "";
        const text = value.slice(0, begin) + pasted + value.slice(end);
        if (isComplete(pasted, this.props.medium) && (!value.trim() || /[,;\n\r\t]/.test(pasted))) {
            ev.preventDefault();
            this.commit(text);
        }
    }

    onBlur() {
        // not when somebody looks something up in another window
        if (!this.left && document.hasFocus()) {
            this.commit();
        }
    }

    // What becomes of it -----------------------------------------------------------------------

    /** Take the addresses that were typed, exactly as they were. */
    commit(text = this.line.text) {
        if (!text.trim()) {
            this.forget();
            return;
        }
        const { people, rest } = take(this.line.people, text, this.props.medium);
        this.state.refused = Boolean(rest);
        this.set(people, rest);
    }

    /** Take a suggestion that was chosen. */
    add(person) {
        this.state.refused = false;
        const [first] = read(person.address, this.props.medium); // a contact may have a name or two addresses in there
        const chosen = { ...person, address: first?.person.address || person.address };
        this.set(withPeople(this.line.people, [chosen]), "");
        this.input.el?.focus();
    }

    remove(person) {
        this.props.onChange(this.line.people.filter((one) => one !== person), this.line.text);
        this.input.el?.focus();
    }

    /** Backspace: away with the last; but what is no address is mended, not lost. */
    back() {
        const last = this.line.people.at(-1);
        this.isWrong(last) ? this.mend(last) : this.remove(last);
    }

    /** Have what is no address back in the line that it was typed in. */
    mend(person) {
        if (this.isWrong(person)) {
            const text = [this.line.text.trim(), person.address].filter(Boolean).join(", ");
            this.set(this.line.people.filter((one) => one !== person), text);
            this.input.el?.focus();
        }
    }

    isWrong(person) {
        return !fits(person.address, this.props.medium);
    }

    get isRefused() {
        return (this.state.refused || this.props.refused) && Boolean(this.props.text.trim());
    }

    get refusedText() {
        const text = this.props.text.trim();
        return this.props.medium === "mail" ? _t("“%s” is no e-mail address.", text) : _t("Nothing can be sent to “%s”.", text);
    }

    chipTitle(person) {
        return this.isWrong(person) ? _t("No e-mail address: click to correct it") : person.address;
    }
}
