import { Component } from "@odoo/owl";
import { DropdownItem } from "@web/core/dropdown/dropdown_item";
import { registry } from "@web/core/registry";

/** In the cog menu of every document: the messages about it, on every channel. */
export class DocumentMenu extends Component {
    static template = "message_history.DocumentMenu";
    static components = { DropdownItem };
    static props = {};

    /** The menu is gone when the answer comes: the services themselves are asked, not those of a component. */
    async open() {
        const { resModel, resId } = this.env.model.root;
        const { orm, action } = this.env.services;
        if (resId) {
            action.doAction(await orm.call("message.history", "get_document_action", [resModel, resId]));
        }
    }
}

registry.category("cogMenu").add(
    "message_history.document",
    {
        Component: DocumentMenu,
        groupNumber: 30,
        isDisplayed: async ({ config, searchModel, services }) => {
            const desk = services["messages.desk"];
            await desk.ready;
            const model = searchModel?.resModel || "";
            return desk.allowed && config.viewType === "form" && !/^(message|ir|base)\./.test(model);
        },
    },
    { sequence: 30 }
);
