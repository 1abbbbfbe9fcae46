import { Component, useState } from "@odoo/owl";
import { Dropdown } from "@web/core/dropdown/dropdown";
import { DropdownItem } from "@web/core/dropdown/dropdown_item";
import { _t } from "@web/core/l10n/translation";
import { useService } from "@web/core/utils/hooks";
import { colourOf, fileSize, formOf, fullMoment, initials, shortMoment } from "../desk/format";
import { Deliveries } from "./deliveries";
import { MessageBody } from "./message_body";
import { MessageTrouble } from "./message_trouble";

/** One message of a conversation; folded it is one line. */
export class MessageCard extends Component {
    static template = "message_history.MessageCard";
    static components = { Deliveries, Dropdown, DropdownItem, MessageBody, MessageTrouble };
    static props = {
        message: Object,
        canWrite: Boolean,
        onWrite: Function,
        onReload: Function,
        onSplit: Function,
    };

    setup() {
        this.orm = useService("orm");
        this.action = useService("action");
        Object.assign(this, { colourOf, fileSize, fullMoment, initials, shortMoment });
        this.state = useState({ pictures: false, busy: false });
    }

    get message() {
        return this.props.message;
    }

    get isOpen() {
        return this.message.body !== null;
    }

    get isProblem() {
        return ["failed", "held", "given_up", "bounced", "partly_sent", "in_doubt"].includes(this.message.state);
    }

    get bodyTitle() {
        return _t("Text of the message of %s", this.message.sender || this.message.address || "?");
    }

    get avatar() {
        const { author_id: author, partner_id: partner, direction } = this.message;
        const id = direction === "out" ? author : partner;
        return id ? `/web/image/res.partner/${id}/avatar_128` : null;
    }

    get kindText() {
        return {
            auto_reply: _t("Automatic reply"),
            auto_generated: _t("Notification"),
            bulk: _t("Newsletter or list"),
            bounce: _t("Undeliverable"),
            receipt: _t("Receipt"),
        }[this.message.kind];
    }

    async toggle() {
        if (this.isOpen) {
            this.message.body = null;
            return;
        }
        this.state.busy = true;
        const read = await this.orm.call("message.desk", "open_message", [this.message.id]);
        this.state.busy = false;
        if (read) {
            Object.assign(this.message, read);
        }
    }

    onHeaderKey(ev) {
        if (ev.key === "Enter" || ev.key === " ") {
            ev.preventDefault();
            ev.stopPropagation();
            this.toggle();
        }
    }

    get showsPictures() {
        return this.state.pictures || this.message.pictures || false;
    }

    showPictures() {
        this.state.pictures = true;
    }

    async trustSender() {
        await this.orm.call("message.picture.sender", "trust", [this.message.address]);
        this.state.pictures = true;
    }

    fileUrl(file, download = false) {
        return `/message_history/part/${this.message.id}/${file.index}${download ? "?download=1" : ""}`;
    }

    /** Have the server do something with the message, then read the conversation again. */
    async run(method) {
        const result = await this.orm.call("message.history", method, [[this.message.id]]);
        if (result?.type) {
            const { next, ...params } = result.params || {};
            await this.action.doAction({ ...result, params }, { onClose: () => this.props.onReload() });
        }
        this.props.onReload();
    }

    openRow() {
        this.action.doAction(formOf("message.history", this.message.id));
    }
}
