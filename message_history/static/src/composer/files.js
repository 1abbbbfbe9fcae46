import { useRef } from "@odoo/owl";
import { browser } from "@web/core/browser/browser";
import { _t } from "@web/core/l10n/translation";
import { useService } from "@web/core/utils/hooks";

/**
 * The files of a draft.
 *
 * @param {() => Object} getDraft
 * @param {() => Promise<boolean>} store makes the draft where there is none yet
 */
export function useFiles(getDraft, store) {
    const orm = useService("orm");
    const notification = useService("notification");
    const input = useRef("files");

    async function add(files) {
        if (!(await store())) {
            notification.add(_t("The files could not be attached. Please try again."), { type: "danger" });
            return;
        }
        for (const file of files) {
            const form = new FormData();
            form.append("csrf_token", odoo.csrf_token);
            form.append("ufile", file);
            const url = `/message_history/draft/${getDraft().id}/attach`;
            const answer = await browser.fetch(url, { method: "POST", body: form }).catch(() => ({ ok: false }));
            if (!answer.ok || answer.redirected) {
                notification.add(_t("%s could not be attached.", file.name), { type: "danger" });
                continue;
            }
            getDraft().attachments.push(await answer.json());
        }
    }

    return {
        choose: () => input.el.click(),
        async onChosen(ev) {
            await add([...ev.target.files]);
            ev.target.value = "";
        },
        onDrop(ev) {
            if (ev.dataTransfer?.files.length) {
                ev.preventDefault();
                add([...ev.dataTransfer.files]);
            }
        },
        async remove(file) {
            const draft = getDraft();
            draft.attachments = await orm.call("message.draft", "remove_attachment", [[draft.id], file.id]);
        },
        async addOriginal() {
            if (await store()) {
                const draft = getDraft();
                draft.attachments = await orm.call("message.draft", "add_original_files", [[draft.id]]);
            }
        },
    };
}
