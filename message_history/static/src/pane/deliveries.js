import { Component } from "@odoo/owl";
import { Dropdown } from "@web/core/dropdown/dropdown";
import { DropdownItem } from "@web/core/dropdown/dropdown_item";
import { _t } from "@web/core/l10n/translation";
import { useService } from "@web/core/utils/hooks";
import { useDialogRole } from "../desk/dialog_role";
import { TICKS, fullMoment } from "../desk/format";

/** Ticks of an outgoing message: the worst state first, and on a click what is known of each recipient. */
export class Deliveries extends Component {
    static template = "message_history.Deliveries";
    static components = { Dropdown, DropdownItem };
    static props = { message: Object, canWrite: Boolean, onReload: Function };

    setup() {
        this.orm = useService("orm");
        this.notification = useService("notification");
        this.fullMoment = fullMoment;
        this.dialog = useDialogRole(_t("Recipients"));
    }

    get worst() {
        return this.props.message.deliveries[0];
    }

    tick(state) {
        return TICKS[state] || TICKS.queued;
    }

    /** In words, for the title and screen readers. */
    get summary() {
        const { recipient_count: total, arrived_count: arrived } = this.props.message;
        const worst = this.worst?.state_text || this.props.message.state_text;
        return total > 1 ? _t("%(state)s, %(arrived)s of %(total)s", { state: worst, arrived, total }) : worst;
    }

    get isPartial() {
        const { recipient_count: total, arrived_count: arrived } = this.props.message;
        return total > 1 && arrived < total;
    }

    details(delivery) {
        return [
            delivery.cause,
            delivery.sent && _t("Sent: %s", fullMoment(delivery.sent)),
            delivery.delivered && _t("Delivered: %s", fullMoment(delivery.delivered)),
            delivery.next_attempt &&
                (delivery.attempts ? _t("Next try: %s", fullMoment(delivery.next_attempt)) : _t("Will be sent: %s", fullMoment(delivery.next_attempt))),
            delivery.server_reply && _t("The server said: %s", delivery.server_reply),
        ].filter(Boolean);
    }

    async run(method, delivery) {
        const result = await this.orm.call("message.delivery", method, [[delivery.id]]);
        if (result?.params?.message) {
            this.notification.add(result.params.message, { type: "success" });
        }
        this.props.onReload();
    }

    owed(delivery) {
        return ["bounced", "refused", "failed", "in_doubt"].includes(delivery.state);
    }
}
