import { Component, useRef, useState } from "@odoo/owl";
import { useService } from "@web/core/utils/hooks";
import { useDebounced } from "@web/core/utils/timing";

let number = 0;

/** Recipients as chips; typing finds contacts, and any address can be entered. */
export class PeopleInput extends Component {
    static template = "message_history.PeopleInput";
    static props = { label: String, people: Array, onChange: Function, medium: { type: String, optional: true } };

    setup() {
        this.orm = useService("orm");
        this.input = useRef("input");
        this.id = `o_messages_people_${++number}`;
        this.state = useState({ text: "", found: [], active: 0 });
        this.find = useDebounced(async () => {
            const text = this.state.text.trim();
            const found = text ? await this.orm.silent.call("message.draft", "find_people", [text, this.props.medium || "mail"]) : [];
            if (this.state.text.trim() === text) {
                Object.assign(this.state, { found, active: 0 });
            }
        }, 200);
    }

    onInput(ev) {
        this.state.text = ev.target.value;
        if (/[,;]\s*$/.test(this.state.text)) {
            this.addTyped();
        } else {
            this.find();
        }
    }

    onKeydown(ev) {
        const { found } = this.state;
        if (ev.key === "ArrowDown" || ev.key === "ArrowUp") {
            if (found.length) {
                const step = ev.key === "ArrowDown" ? 1 : found.length - 1;
                this.state.active = (this.state.active + step) % found.length;
                ev.preventDefault();
            }
        } else if (ev.key === "Enter" && !ev.ctrlKey && !ev.metaKey) {
            ev.preventDefault();
            found.length ? this.add(found[this.state.active]) : this.addTyped();
        } else if (ev.key === "Tab" && this.state.text.trim()) {
            found.length && !this.state.text.includes("@") ? this.add(found[this.state.active]) : this.addTyped();
        } else if (ev.key === "Backspace" && !this.state.text && this.props.people.length) {
            this.remove(this.props.people.at(-1));
        } else if (ev.key === "Escape" && found.length) {
            ev.stopPropagation();
            this.state.found = [];
        }
    }

    add(person) {
        const { people } = this.props;
        if (!people.some((one) => one.address.toLowerCase() === person.address.toLowerCase())) {
            this.props.onChange([...people, person]);
        }
        Object.assign(this.state, { text: "", found: [] });
        this.input.el?.focus();
    }

    /** Take what was typed or pasted: one address or several, with names or without. */
    addTyped() {
        const typed = this.state.text.split(/[,;\n]+/).map((one) => one.trim()).filter(Boolean);
        const people = [...this.props.people];
        for (const text of typed) {
            const match = /^(.*?)\s*<([^<>]+)>$/.exec(text);
            const person = match
                ? { name: match[1].replace(/^"|"$/g, ""), address: match[2].trim(), partner_id: null }
                : { name: "", address: text, partner_id: null };
            if (!people.some((one) => one.address.toLowerCase() === person.address.toLowerCase())) {
                people.push(person);
            }
        }
        Object.assign(this.state, { text: "", found: [] });
        if (typed.length) {
            this.props.onChange(people);
        }
    }

    remove(person) {
        this.props.onChange(this.props.people.filter((one) => one !== person));
        this.input.el?.focus();
    }

    onBlur() {
        // a click on a suggestion comes after the blur
        setTimeout(() => {
            if (document.activeElement !== this.input.el) {
                this.addTyped();
            }
        }, 200);
    }

    isWrong(person) {
        return (this.props.medium || "mail") === "mail" && !/^[^@\s]+@[^@\s]+$/.test(person.address);
    }
}
