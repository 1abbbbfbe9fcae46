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
};
