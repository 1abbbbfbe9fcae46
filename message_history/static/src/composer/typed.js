/** What is typed behind a sign in the editor, such as `::` or `@`; and what takes its place. */
export const typed = {
    /**
     * @param {RegExp} sign its first group is what is replaced, the second what was typed behind the sign
     * @returns {{text: string, length: number, node: Text, offset: number}|null}
     */
    find(editor, sign) {
        const selection = editor?.document?.getSelection?.();
        const node = selection?.anchorNode;
        if (!node || node.nodeType !== Node.TEXT_NODE || !selection.isCollapsed) {
            return null;
        }
        const match = sign.exec(node.textContent.slice(0, selection.anchorOffset));
        return match ? { text: match[2], length: match[1].length, node, offset: selection.anchorOffset } : null;
    },

    /** Put nodes in the place of what was found; at the cursor if nothing was typed. */
    replace(editor, nodes, found) {
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
        const fragment = document.createDocumentFragment();
        fragment.append(...nodes);
        dom.insert(fragment);
        history.addStep();
    },

    /** Put mark-up below what is written; the cursor stays where it is. */
    append(editor, html) {
        const nodes = [...new DOMParser().parseFromString(html, "text/html").body.childNodes];
        editor.editable.append(...nodes.map((node) => editor.document.importNode(node, true)));
        editor.shared.history.addStep();
    },

    /** The lines of a text that has no form. */
    lines(html) {
        const { body } = new DOMParser().parseFromString(html || "", "text/html");
        return [...body.children].map((one) => one.textContent).join("\n") || body.textContent;
    },

    /** The reverse of `lines`. */
    paragraphs(text) {
        const holder = document.createElement("div");
        return text.split("\n").map((line) => {
            holder.textContent = line;
            return `<p>${holder.innerHTML}</p>`;
        }).join("");
    },
};
