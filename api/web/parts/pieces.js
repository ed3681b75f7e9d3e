// Names that go on in the next line where a person would part them: behind a mark, not inside a word.
import { html } from "./html.js";

const PIECE = /[^_./:-]+[_./:-]*|[_./:-]+/g;

/** Returns the text with places to part it; what is read and copied stays the text. */
export const pieces = (text) => (text.match(PIECE) ?? []).flatMap((piece, index) => (index ? [html`<wbr />`, piece] : [piece]));
