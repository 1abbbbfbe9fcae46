import { Component, onWillStart, onWillUpdateProps, useExternalListener, useState } from "@odoo/owl";
import { KeepLast } from "@web/core/utils/concurrency";
import { useService } from "@web/core/utils/hooks";

const SHOWN = 8;

/** A list to choose from while somebody types: arrows move, Enter or Tab takes, Escape leaves. */
export class ChoiceList extends Component {
    static template = "message_history.ChoiceList";
    static props = { title: String, items: Array, empty: String, onChoose: Function, onClose: Function };

    setup() {
        this.state = useState({ index: 0 });
        onWillUpdateProps(() => (this.state.index = 0));
        // before the editor takes the key
        useExternalListener(window, "keydown", (ev) => this.onKeydown(ev), { capture: true });
    }

    onKeydown(ev) {
        if (!ev.target.closest?.(".o_messages_editor, .o_messages_canned")) {
            return; // somebody writes an address meanwhile
        }
        const { items, onChoose, onClose } = this.props;
        const step = { ArrowDown: 1, ArrowUp: -1 }[ev.key];
        if (step && items.length) {
            this.state.index = (this.state.index + step + items.length) % items.length;
        } else if (ev.key === "Escape") {
            onClose();
        } else if (["Enter", "Tab"].includes(ev.key) && !ev.ctrlKey && !ev.metaKey && items[this.state.index]) {
            onChoose(items[this.state.index].value);
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
        this.state = useState({ people: [] });
        const keepLast = new KeepLast();
        const load = ({ text }) => {
            const asked = this.orm.silent.call("message.desk", "get_colleagues", [text]).catch(() => []);
            keepLast.add(asked).then((people) => (this.state.people = people));
        };
        load(this.props);
        onWillUpdateProps((next) => next.text !== this.props.text && load(next));
    }

    get items() {
        return this.state.people.map((one) => ({ key: one.id, name: one.name, detail: "", value: one }));
    }
}
