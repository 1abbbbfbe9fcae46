import { Component, useEffect, useRef } from "@odoo/owl";

/** Nothing runs and nothing is loaded in the frame, but pictures: the message's own, or with `pictures` all.
 * Not everything of this server: a picture that is no picture could log its reader out. What `default-src` covers
 * is said again, so that a directive that is added later opens nothing by itself. */
const POLICY = (pictures) =>
    `default-src 'none'; script-src 'none'; frame-src 'none'; child-src 'none'; object-src 'none'; connect-src 'none'; ` +
    `media-src 'none'; font-src 'none'; form-action 'none'; base-uri 'none'; style-src 'unsafe-inline'; ` +
    `img-src ${location.origin}/message_history/part/ data:${pictures ? " http: https:" : ""}`;
/** What the server calls an attribute whose picture is held, and those that it holds; see lib/display.py. */
const HELD = "data-held-";
const HOLDABLE = ["src", "background", "style"];
/** A frame is as high as its text, up to this (in pixels); a text that makes itself higher is scrolled. */
const HIGHEST = 30000;
const STYLE = `
    html { overflow-x: auto; overflow-y: hidden; }
    body { margin: 0; font: 14px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", Arial, sans-serif;
           color: #111827; background: #fff; overflow-wrap: anywhere; }
    img { max-width: 100%; height: auto; }
    pre { white-space: pre-wrap; font: inherit; margin: 0; }
    table { max-width: 100%; }
    p { margin: 0 0 .6em; }
    blockquote { margin: .5em 0; padding-left: .75em; border-left: 2px solid #ced4da; color: #4b5563; }
    details.o_quote > summary { cursor: pointer; display: inline-block; list-style: none; padding: 0 .6em;
           border-radius: .5em; background: #e5e7eb; color: #374151; line-height: 1.2; user-select: none; }
    details.o_quote { margin: .4em 0; }
    a { color: #0b5cad; }
    a[data-leads-to]::after { content: " \\2192\\00a0 " attr(data-leads-to); font-size: .85em; color: #b42318; }`;

/** The text of a message, in a frame of its own without scripts, as high as the text is. */
export class MessageBody extends Component {
    static template = "message_history.MessageBody";
    static props = { html: String, pictures: Boolean, title: String };

    setup() {
        this.frame = useRef("frame");
        useEffect(
            (frame) => {
                if (!frame) {
                    return;
                }
                let observer = null;
                const onLoad = () => {
                    observer?.disconnect();
                    observer = this.observe(frame);
                };
                frame.addEventListener("load", onLoad);
                onLoad();
                return () => {
                    frame.removeEventListener("load", onLoad);
                    observer?.disconnect();
                };
            },
            () => [this.frame.el, this.props.html, this.props.pictures]
        );
    }

    /** The mark-up; with the pictures from elsewhere that the server held, if they are wanted. */
    get html() {
        if (!this.props.pictures) {
            return this.props.html;
        }
        const parsed = new DOMParser().parseFromString(this.props.html, "text/html");
        for (const name of HOLDABLE) {
            for (const element of parsed.querySelectorAll(`[${HELD}${name}]`)) {
                element.setAttribute(name, element.getAttribute(HELD + name));
            }
        }
        return parsed.body.innerHTML;
    }

    get document() {
        return (
            `<!doctype html><html><head><meta charset="utf-8"><meta name="referrer" content="no-referrer">` +
            `<meta http-equiv="x-dns-prefetch-control" content="off">` +
            `<meta http-equiv="Content-Security-Policy" content="${POLICY(this.props.pictures)}">` +
            `<style>${STYLE}</style></head><body>${this.html}</body></html>`
        );
    }

    /** Keep the frame as high as its text; hand keys that are pressed in it to the page around. */
    observe(frame) {
        const inner = frame.contentDocument;
        if (!inner?.body) {
            return null;
        }
        const fit = () => {
            const height = Math.ceil(inner.documentElement.getBoundingClientRect().height) + 2;
            frame.style.height = `${Math.min(height, HIGHEST)}px`;
            inner.documentElement.style.overflowY = height > HIGHEST ? "auto" : "";
        };
        const observer = new ResizeObserver(fit);
        observer.observe(inner.body);
        inner.addEventListener("toggle", fit, true);
        inner.addEventListener("keydown", (ev) => {
            const copy = new KeyboardEvent("keydown", {
                key: ev.key, code: ev.code, ctrlKey: ev.ctrlKey, shiftKey: ev.shiftKey, altKey: ev.altKey,
                metaKey: ev.metaKey, bubbles: true, cancelable: true,
            });
            if (!frame.dispatchEvent(copy)) {
                ev.preventDefault();
            }
        });
        fit();
        return observer;
    }
}
