import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";

registry.category("command_categories").add("messages", { namespace: "default", name: _t("Messages") }, { sequence: 8 });
