import { useCommand } from "@web/core/commands/command_hook";

/**
 * A command of the desk: in the palette (Ctrl+K) with its key, which works by itself while the
 * list or the pane has the focus, unless the user has switched single keys off (WCAG 2.1.4).
 */
export function useDeskKey(desk, name, key, action, area, allowRepeat = false) {
    const keys = desk.setting("message_keys") !== false;
    useCommand(name, action, {
        category: "messages",
        ...(keys ? { hotkey: key, hotkeyOptions: { area, allowRepeat, isAvailable: () => !desk.opening } } : {}),
    });
}
