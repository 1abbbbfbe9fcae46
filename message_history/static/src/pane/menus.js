import { Component, useState } from "@odoo/owl";
import { Dropdown } from "@web/core/dropdown/dropdown";
import { DropdownItem } from "@web/core/dropdown/dropdown_item";
import { useDropdownState } from "@web/core/dropdown/dropdown_hooks";
import { serializeDateTime } from "@web/core/l10n/dates";
import { _t } from "@web/core/l10n/translation";
import { user } from "@web/core/user";
import { KeepLast } from "@web/core/utils/concurrency";
import { useService } from "@web/core/utils/hooks";
import { useDialogRole } from "../desk/dialog_role";
import { fullMoment } from "../desk/format";

const { DateTime } = luxon;

class ChangeMenu extends Component {
    static components = { Dropdown, DropdownItem };
    static props = {
        onChange: Function,
        state: { type: Object, optional: true },
        icons: { type: Boolean, optional: true },
    };

    setup() {
        this.orm = useService("orm");
        this.dropdown = this.props.state || useDropdownState();
        this.dialog = useDialogRole(this.constructor.label);
        this.navigation = { onUpdated: (navigator) => (this.navigator = navigator) };
    }

    /** Another list: what was chosen of the one before is not what the next one has in its place. */
    forgetChosen() {
        const { navigator } = this;
        if (navigator) {
            navigator.activeItem?.setInactive(false);
            Object.assign(navigator, { activeItem: null, activeItemIndex: -1 });
        }
    }

    /** Enter while somebody types takes nothing: arrows or the pointer choose. */
    onTypedKey(ev) {
        if (ev.key === "Enter") {
            ev.preventDefault();
            ev.stopPropagation();
        }
    }

    change(change) {
        this.dropdown.close();
        this.props.onChange(change);
    }
}

/** Puts something off to a usual moment, to a reply, or to a moment of one's own. */
export class SnoozeMenu extends ChangeMenu {
    static template = "message_history.SnoozeMenu";
    static label = _t("Snooze");

    setup() {
        super.setup();
        this.fullMoment = fullMoment;
        this.menu = useState({ presets: [], own: "" });
    }

    async load() {
        this.menu.presets = await this.orm.call("message.desk", "get_snooze_presets", []);
    }

    snooze(preset) {
        this.change({ name: "snooze", until: preset.until, reply: !preset.until });
    }

    snoozeOwn() {
        const own = DateTime.fromISO(this.menu.own);
        if (own.isValid) {
            this.change({ name: "snooze", until: serializeDateTime(own) });
        }
    }
}

/** Makes a colleague responsible, or nobody. */
export class AssignMenu extends ChangeMenu {
    static template = "message_history.AssignMenu";
    static label = _t("Assign");

    setup() {
        super.setup();
        this.menu = useState({ colleagues: [], text: "" });
        this.keepLast = new KeepLast();
    }

    async load() {
        this.menu.text = "";
        await this.find();
    }

    async find() {
        const asked = this.orm.call("message.desk", "get_colleagues", [this.menu.text]);
        this.menu.colleagues = await this.keepLast.add(asked);
    }

    async onInput(ev) {
        this.forgetChosen();
        Object.assign(this.menu, { text: ev.target.value, colleagues: [] });
        await this.find();
    }

    assign(id) {
        this.change({ name: "assign", user_id: id });
    }

    get myId() {
        return user.userId;
    }
}

/** Ticks and unticks tags; what is typed and not there is made. */
export class TagMenu extends ChangeMenu {
    static template = "message_history.TagMenu";
    static label = _t("Tags");
    static props = { ...ChangeMenu.props, tagIds: Array };

    setup() {
        super.setup();
        this.menu = useState({ tags: [], text: "" });
    }

    async load() {
        this.menu.text = "";
        this.menu.tags = await this.orm.searchRead("message.tag", [], ["name", "color"], { limit: 100 });
    }

    get found() {
        const text = this.menu.text.trim().toLowerCase();
        return this.menu.tags.filter((tag) => tag.name.toLowerCase().includes(text));
    }

    get isNew() {
        const text = this.menu.text.trim().toLowerCase();
        return text && !this.menu.tags.some((tag) => tag.name.toLowerCase() === text);
    }

    toggle(tag) {
        const has = this.props.tagIds.includes(tag.id);
        this.change({ name: has ? "untag" : "tag", tag_ids: [tag.id] });
    }

    async make() {
        const [id] = await this.orm.create("message.tag", [{ name: this.menu.text.trim() }]);
        this.change({ name: "tag", tag_ids: [id] });
    }
}
