/** Reads and sets the search of an inbox by its queues; the facets stay Odoo's. */
export class QueueSearch {
    constructor(searchModel) {
        this.model = searchModel;
    }

    /** Names of the filters that are on; anything else that narrows the search counts as "other". */
    activeFilters() {
        const { query, searchItems } = this.model;
        return query
            .map(({ searchItemId }) => searchItems[searchItemId])
            .filter((item) => item.type !== "groupBy" && item.type !== "dateGroupBy")
            .map((item) => (item.type === "filter" ? item.name : `other_${item.id}`));
    }

    activeChannels() {
        const { query, searchItems } = this.model;
        return query
            .filter(({ searchItemId }) => searchItems[searchItemId].fieldName === "channel_ids")
            .map(({ autocompleteValue }) => autocompleteValue?.value);
    }

    showQueue(queue) {
        this.show(queue.filters);
    }

    showChannel(channel) {
        this.show(["filter_open"], this.activeChannels().includes(channel.id) ? null : channel);
    }

    /** Show what some filters let through, and nothing else; groups stay. */
    show(filters, channel = null) {
        const { model } = this;
        const items = Object.values(model.searchItems);
        model.blockNotification = true;
        for (const facet of [...model.facets]) {
            if (facet.type !== "groupBy") {
                model.deactivateGroup(facet.groupId);
            }
        }
        for (const name of filters) {
            model.toggleSearchItem(items.find((item) => item.name === name && item.type === "filter").id);
        }
        if (channel) {
            const field = items.find((item) => item.type === "field" && item.fieldName === "channel_ids");
            model.addAutoCompletionValues(field.id, { label: channel.name, operator: "=", value: channel.id });
        }
        model.blockNotification = false;
        model._notify();
    }
}
