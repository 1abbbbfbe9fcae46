import { Component, onWillStart, useState } from "@odoo/owl";
import { useService } from "@web/core/utils/hooks";

/** Finds what is typed after "::" in the editor, and replaces it. */
export const canned = {
    /** @returns {{text: string, length: number}|null} what was typed, and how many characters it is with the colons */
    find(editor) {
        const selection = editor?.document?.getSelection?.();
        const node = selection?.anchorNode;
        if (!node || node.nodeType !== Node.TEXT_NODE || !selection.isCollapsed) {
            return null;
        }
        const match = /(?:^|\s)(::([^\s:]{0,40}))$/.exec(node.textContent.slice(0, selection.anchorOffset));
        return match ? { text: match[2], length: match[1].length, node, offset: selection.anchorOffset } : null;
    },

    insert(editor, text, found) {
        const { selection, dom, history, delete: remover } = editor.shared;
        if (found?.length) {
            selection.setSelection({
                anchorNode: found.node,
                anchorOffset: found.offset - found.length,
                focusNode: found.node,
                focusOffset: found.offset,
            });
            remover.deleteSelection();
        } else {
            selection.focusEditable();
        }
        const lines = text.split("\n");
        const fragment = document.createDocumentFragment();
        lines.forEach((line, index) => {
            if (index) {
                fragment.append(document.createElement("br"));
            }
            fragment.append(line);
        });
        dom.insert(fragment);
        history.addStep();
    },
};

/** The saved answers that fit what was typed. */
export class CannedList extends Component {
    static template = "message_history.CannedList";
    static props = { text: String, onChoose: Function, onClose: Function };

    setup() {
        this.orm = useService("orm");
        this.state = useState({ responses: [], text: this.props.text });
        onWillStart(async () => {
            this.state.responses = await this.orm.searchRead("mail.canned.response", [], ["source", "substitution"], { limit: 200 });
        });
    }

    get found() {
        const text = this.props.text.toLowerCase();
        return this.state.responses.filter((one) => one.source.toLowerCase().includes(text)).slice(0, 8);
    }
}
