import { Component, markup } from "@odoo/owl";
import { fileSize, fullMoment, initials, shortMoment } from "../desk/format";

/** What a colleague noted or did: a note is yellow, an event one grey line. */
export class NoteCard extends Component {
    static template = "message_history.NoteCard";
    static props = { note: Object };

    setup() {
        Object.assign(this, { fileSize, fullMoment, initials, shortMoment });
    }

    /** Sanitised by the server when it was written, as every chatter message is. */
    get body() {
        return markup(this.props.note.body);
    }
}
