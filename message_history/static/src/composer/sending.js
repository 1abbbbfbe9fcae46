import { ConfirmationDialog } from "@web/core/confirmation_dialog/confirmation_dialog";
import { _t } from "@web/core/l10n/translation";
import { useService } from "@web/core/utils/hooks";

/**
 * Sends drafts: asks when somebody was quicker, and lets what was sent be taken back for a while.
 *
 * @param {Object} callbacks
 * @param {(outcome: Object, options: Object) => void} callbacks.onSent
 * @param {(draft: Object) => void} callbacks.onTakenBack
 */
export function useSending({ onSent, onTakenBack }) {
    const orm = useService("orm");
    const dialog = useService("dialog");
    const notification = useService("notification");

    function collisionText({ name, seconds, incoming }) {
        const ago = seconds < 90 ? _t("%s seconds ago", seconds) : _t("%s minutes ago", Math.round(seconds / 60));
        return incoming
            ? _t("%(name)s wrote again %(ago)s. Your answer was not sent.", { name, ago })
            : _t("%(name)s answered %(ago)s. Your answer was not sent.", { name, ago });
    }

    /** @returns {Promise<boolean>} whether it was sent */
    async function send(draftId, options) {
        const outcome = await orm.call("message.draft", "send", [[draftId], options]);
        if (outcome.collision) {
            return new Promise((resolve) => {
                dialog.add(ConfirmationDialog, {
                    title: _t("Somebody was quicker"),
                    body: collisionText(outcome.collision),
                    confirmLabel: _t("Send Anyway"),
                    confirm: async () => resolve(await send(draftId, { ...options, force: true })),
                    cancelLabel: _t("Look First"),
                    cancel: () => resolve(false),
                });
            });
        }
        tell(outcome);
        onSent(outcome, options);
        return true;
    }

    function tell(outcome) {
        if (!outcome.seconds) {
            notification.add(outcome.text, { type: "success" });
            return;
        }
        let decided = false;
        const close = notification.add(outcome.text, {
            type: "info",
            className: "o_messages_undo",
            autocloseDelay: outcome.seconds * 1000,
            onClose: () => decided || orm.silent.call("message.draft", "send_now", [[outcome.draft_id]]),
            buttons: [
                { name: _t("Undo"), primary: true, onClick: () => takeBack(outcome, () => (decided = true), () => close()) },
                { name: _t("Now"), onClick: () => close() },
            ],
        });
    }

    async function takeBack(outcome, decide, close) {
        decide();
        close();
        const draft = await orm.call("message.draft", "take_back", [[outcome.draft_id]]);
        notification.add(_t("Taken back: it is a draft again."), { type: "success" });
        onTakenBack(draft);
    }

    return { send };
}
