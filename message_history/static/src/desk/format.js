import { _t } from "@web/core/l10n/translation";
import { deserializeDateTime } from "@web/core/l10n/dates";

const { DateTime } = luxon;

/** Icons of what travels on a channel. */
export const MEDIA = {
    mail: { icon: "fa-envelope-o", label: _t("E-mail") },
    sms: { icon: "fa-mobile", label: _t("Text message") },
    chat: { icon: "fa-comment-o", label: _t("Chat") },
    post: { icon: "fa-bullhorn", label: _t("Post") },
    other: { icon: "fa-inbox", label: _t("Message") },
};

/** What a recipient's state looks like; the words come from the server. Never the colour alone. */
export const TICKS = {
    queued: { icon: "fa-send-o", className: "text-muted" },
    deferred: { icon: "fa-clock-o", className: "text-muted" },
    claimed: { icon: "fa-hourglass-half", className: "text-muted" },
    sending: { icon: "fa-hourglass-half", className: "text-muted" },
    accepted: { icon: "fa-paper-plane-o", className: "text-muted" },
    delivered: { icon: "fa-check", className: "text-success" },
    read: { icon: "fa-check-circle", className: "text-success" },
    bounced: { icon: "fa-exclamation-triangle", className: "text-danger" },
    refused: { icon: "fa-times", className: "text-danger" },
    failed: { icon: "fa-times", className: "text-danger" },
    in_doubt: { icon: "fa-question-circle", className: "text-warning" },
    cancelled: { icon: "fa-trash-o", className: "text-muted" },
};

/** The moment of the server's text, or of a value that a view has read already. */
export function moment(value) {
    return typeof value === "string" ? deserializeDateTime(value) : value;
}

/** A moment as short as it can be told: the time today, else the day. */
export function shortMoment(value) {
    const when = value && moment(value);
    if (!when) {
        return "";
    }
    const now = DateTime.now();
    if (when.hasSame(now, "day")) {
        return when.toLocaleString(DateTime.TIME_SIMPLE);
    }
    if (when > now.minus({ days: 6 }) && when < now) {
        return when.toFormat("ccc");
    }
    const format = when.hasSame(now, "year") ? { day: "numeric", month: "short" } : DateTime.DATE_SHORT;
    return when.toLocaleString(format);
}

/** A moment in full, for titles and screen readers. */
export function fullMoment(value) {
    const when = value && moment(value);
    return when ? when.toLocaleString(DateTime.DATETIME_MED_WITH_WEEKDAY) : "";
}

/** Bytes in the unit that people expect. */
export function fileSize(bytes) {
    if (bytes < 1024) {
        return `${bytes} B`;
    }
    return bytes < 1024 * 1024 ? `${Math.round(bytes / 1024)} KB` : `${(bytes / 1024 / 1024).toFixed(1)} MB`;
}

/** The letters that stand for somebody without a picture. */
export function initials(name) {
    const words = (name || "?").replace(/[^\p{L}\p{N}\s@.-]/gu, "").split(/[\s@.]+/).filter(Boolean);
    return ((words[0]?.[0] || "?") + (words.length > 1 ? words[1][0] : "")).toUpperCase();
}

/** The number of a colour of the style sheet (1 to 11), always the same for the same name. */
export function colourOf(name) {
    let sum = 0;
    for (const letter of name || "") {
        sum = (sum * 31 + letter.codePointAt(0)) % 9973;
    }
    return (sum % 11) + 1;
}

/** The action that opens a record's form. */
export function formOf(model, id) {
    return { type: "ir.actions.act_window", res_model: model, res_id: id, views: [[false, "form"]] };
}
