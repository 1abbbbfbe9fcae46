import { useChildRef } from "@web/core/utils/hooks";

/**
 * A dropdown that holds more than commands is a dialog for screen readers, not a menu.
 *
 * @param {string} label
 * @returns {{menuRef: Function, onOpened: Function}} properties of the Dropdown
 */
export function useDialogRole(label) {
    const menuRef = useChildRef();
    return {
        menuRef,
        onOpened: () => {
            menuRef.el?.setAttribute("role", "dialog");
            menuRef.el?.setAttribute("aria-label", label);
        },
    };
}
