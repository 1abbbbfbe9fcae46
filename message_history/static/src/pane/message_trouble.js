import { Component } from "@odoo/owl";
import { ConfirmationDialog } from "@web/core/confirmation_dialog/confirmation_dialog";
import { _t } from "@web/core/l10n/translation";
import { useService } from "@web/core/utils/hooks";

const PROBLEMS = ["failed", "held", "given_up", "bounced", "partly_sent", "in_doubt"];

/** What keeps a message from being processed or from arriving, and the buttons that help, the best one first. */
export class MessageTrouble extends Component {
    static template = "message_history.MessageTrouble";
    static props = { message: Object, canWrite: Boolean, onRun: Function };

    setup() {
        this.dialog = useService("dialog");
    }

    get isProblem() {
        return PROBLEMS.includes(this.props.message.state);
    }

    /** The recipient that shows what is wrong: the worst one. */
    get worst() {
        return this.props.message.deliveries?.[0];
    }

    /** Waits for another attempt, or for a channel to be mended: the server says for what. */
    get isWaiting() {
        return !this.isProblem && ["queued", "deferred"].includes(this.worst?.state) && Boolean(this.worst.cause);
    }

    /** What stands in the ledger is in the company's language; for one recipient it can be said in the reader's. */
    get reason() {
        const { worst } = this;
        const { reason, recipient_count: count } = this.props.message;
        if (!worst?.cause || count !== 1) {
            return reason;
        }
        const said = worst.server_reply ? `(${worst.server_reply})` : "";
        return `${worst.address}: ${worst.cause} ${said}`.trim();
    }

    get advice() {
        return this.isProblem ? this.props.message.advice : this.worst.advice;
    }

    get steps() {
        return this.props.message.direction === "in" ? this.stepsIn : this.stepsOut;
    }

    get stepsIn() {
        return [
            { name: "again", method: "action_try_again", label: _t("Try Again") },
            { name: "document", method: "action_put_on_document", label: _t("Put on a Document") },
            { name: "ignore", method: "action_ignore", label: _t("Ignore") },
        ];
    }

    get stepsOut() {
        const { worst } = this;
        const again = this.props.message.can_send_again;
        const steps = [
            { name: "correct", method: "action_correct", label: _t("Correct & Send Again"), shown: again && worst?.can_correct },
            { name: "link", method: "action_send_links", label: _t("Send as Link"), shown: again && worst?.can_link },
            { name: "way", method: "action_other_channel", label: _t("Other Channel"), shown: worst?.can_reroute },
            { name: "channel", method: "action_open_channel", label: _t("Open Channel"), shown: worst?.first_step === "channel" },
            { name: "again", method: "action_send_again", label: _t("Send Again"), shown: again },
            { name: "arrived", method: "action_mark_arrived", label: _t("It Arrived"), shown: worst?.state === "in_doubt" },
            { name: "now", method: "action_send_now", label: _t("Send Now"), shown: this.isWaiting && worst.state === "deferred" },
        ].filter((step) => step.shown);
        for (const step of steps) {
            step.primary = step.name === worst?.first_step;
        }
        return steps.sort((one, other) => Boolean(other.primary) - Boolean(one.primary));
    }

    run(step) {
        if (step.name === "again" && this.worst?.state === "in_doubt") {
            this.dialog.add(ConfirmationDialog, {
                body: _t("It may have arrived: then the recipient gets it twice. Send it again?"),
                confirmLabel: _t("Send Again"),
                confirm: () => this.props.onRun(step.method),
                cancel: () => {},
            });
            return;
        }
        this.props.onRun(step.method);
    }
}
