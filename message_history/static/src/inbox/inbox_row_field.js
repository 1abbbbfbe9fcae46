import { Component } from "@odoo/owl";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { standardFieldProps } from "@web/views/fields/standard_field_props";
import { MEDIA, fullMoment, shortMoment } from "../desk/format";

/** One conversation in two lines: who and when, about what. */
export class InboxRowField extends Component {
    static template = "message_history.InboxRow";
    static props = { ...standardFieldProps };

    setup() {
        this.shortMoment = shortMoment;
        this.fullMoment = fullMoment;
    }

    get data() {
        return this.props.record.data;
    }

    get medium() {
        return MEDIA[this.data.medium] || MEDIA.other;
    }

    get timeTitle() {
        const when = fullMoment(this.data.last_date);
        return this.data.overdue ? _t("%s, waits too long for an answer", when) : when;
    }

    get channelText() {
        return this.data.channel_id?.display_name || `${this.medium.label}`;
    }

    get tags() {
        return this.data.tag_marks || [];
    }

    /** What a screen reader says of the row. */
    get label() {
        const parts = [
            this.data.unread && _t("Unread"),
            this.data.sender,
            this.data.subject || _t("No subject"),
            fullMoment(this.data.last_date),
            this.data.failed_count && _t("%s failed", this.data.failed_count),
        ];
        return parts.filter(Boolean).join(", ");
    }

    get snoozed() {
        return this.data.state === "waiting" && (this.data.snooze_until || this.data.snooze_reply);
    }
}

registry.category("fields").add("messages_row", {
    component: InboxRowField,
    supportedTypes: ["char"],
    displayName: _t("Conversation in two lines"),
});
