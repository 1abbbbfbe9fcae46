import { useState } from "@odoo/owl";
import { Domain } from "@web/core/domain";
import { _t } from "@web/core/l10n/translation";
import { useBus } from "@web/core/utils/hooks";

/**
 * What changed while a list of conversations is shown: rows change in place, what is new waits for the
 * click. Nothing moves under the pointer.
 *
 * @param {Object} controller of the view; has `desk`, `orm`, `model`, `env`
 * @param {() => Object[]} getRecords the rows that are shown
 */
export function useNews(controller, getRecords) {
    const { desk, env } = controller;
    const state = useState({ ids: [] });
    const silent = controller.orm.silent;

    async function reload(shown) {
        const wanted = shown.map((record) => record.resId);
        const exist = wanted.length ? await silent.search("message.conversation", [["id", "in", wanted]]) : [];
        await Promise.all(shown.filter((one) => exist.includes(one.resId)).map((record) => record.load()));
        if (exist.length < shown.length) {
            await controller.model.load(); // merged into another one
        }
    }

    async function onChanged(ids) {
        if (!controller.model.isReady || controller.model.useSampleModel) {
            return;
        }
        const records = getRecords();
        const others = ids.filter((id) => !records.some((record) => record.resId === id));
        await reload(records.filter((record) => ids.includes(record.resId)));
        if (!others.length) {
            return;
        }
        const domain = Domain.and([env.searchModel.domain, [["id", "in", others]]]).toList();
        const fitting = await silent.search("message.conversation", domain);
        if (fitting.length && !records.length) {
            await show();
        } else {
            state.ids = [...new Set([...state.ids, ...fitting])];
        }
    }

    async function show() {
        state.ids = [];
        await controller.model.load({ offset: 0 });
    }

    useBus(desk.bus, "CHANGED", ({ detail }) => onChanged(detail.ids));
    useBus(env.searchModel, "update", () => (state.ids = []));
    return {
        show,
        get count() {
            return state.ids.length;
        },
        get text() {
            return _t("%s new – Show", state.ids.length);
        },
    };
}
