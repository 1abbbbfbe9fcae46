import { Component, onWillStart, onWillUpdateProps, useExternalListener, useState } from "@odoo/owl";
import { KeepLast } from "@web/core/utils/concurrency";
import { useService } from "@web/core/utils/hooks";
import { NONE, keyDoes } from "./choosing";

const SHOWN = 8;

/**
 * A list to choose from while somebody types: arrows choose, Enter takes what was chosen, Escape leaves.
 * Tab asks for the first; Enter without a choice is a new line of the text.
 */
export class ChoiceList extends Component {
    static template = "message_history.ChoiceList";
    static props = { title: String, items: Array, empty: String, onChoose: Function, onClose: Function, loading: { type: Boolean, optional: true } };

    setup() {
        this.state = useState({ index: NONE });
        onWillUpdateProps(({ items }) => {
            if (items.map((one) => one.key).join() !== this.props.items.map((one) => one.key).join()) {
                this.state.index = NONE; // another list: nobody chose of it yet
            }
        });
        // before the editor takes the key
        useExternalListener(window, "keydown", (ev) => this.onKeydown(ev), { capture: true });
    }

    onKeydown(ev) {
        if (!ev.target.closest?.(".o_messages_editor, .o_messages_canned")) {
            return; // somebody writes an address meanwhile
        }
        if (ev.isComposing || ev.ctrlKey || ev.metaKey || ev.altKey) {
            return;
        }
        const { items, onChoose, onClose } = this.props;
        const chosen = ev.key === "Tab" ? Math.max(this.state.index, 0) : this.state.index;
        const does = keyDoes(ev.key, { text: "", count: items.length, chosen });
        if (does.act === "choose") {
            this.state.index = does.chosen;
        } else if (ev.key === "Escape") {
            onClose();
        } else if (does.act === "take") {
            onChoose(items[does.chosen].value);
        } else {
            return;
        }
        ev.preventDefault();
        ev.stopPropagation();
    }
}

/** The saved answers that fit what was typed. */
export class CannedList extends Component {
    static template = "message_history.CannedList";
    static components = { ChoiceList };
    static props = { text: String, onChoose: Function, onClose: Function };

    setup() {
        this.orm = useService("orm");
        this.state = useState({ responses: [] });
        onWillStart(async () => {
            this.state.responses = await this.orm.searchRead("mail.canned.response", [], ["source", "substitution"], { limit: 200 });
        });
    }

    get items() {
        const text = this.props.text.toLowerCase();
        return this.state.responses
            .filter((one) => one.source.toLowerCase().includes(text))
            .slice(0, SHOWN)
            .map((one) => ({ key: one.id, name: one.source, detail: one.substitution.slice(0, 80), value: one }));
    }
}

/** The colleagues whose name fits what was typed: those who see the same channels first. */
export class ColleagueList extends Component {
    static template = "message_history.ColleagueList";
    static components = { ChoiceList };
    static props = { text: String, onChoose: Function, onClose: Function };

    setup() {
        this.orm = useService("orm");
        this.state = useState({ people: [], loading: false });
        const keepLast = new KeepLast();
        const load = ({ text }) => {
            const asked = this.orm.silent.call("message.desk", "get_colleagues", [text]).catch(() => []);
            Object.assign(this.state, { people: [], loading: true }); // others fitted an older text
            keepLast.add(asked).then((people) => Object.assign(this.state, { people, loading: false }));
        };
        load(this.props);
        onWillUpdateProps((next) => next.text !== this.props.text && load(next));
    }

    get items() {
        return this.state.people.map((one) => ({ key: one.id, name: one.name, detail: "", value: one }));
    }
}
