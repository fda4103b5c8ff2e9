/**
 * Reads the XML of S3's answers: elements and text. Attributes, comments and prefixes of names do
 * not matter there, and a document type is refused.
 *
 * @module
 */

/** An element with text or further elements. */
export interface XmlElement {
  /** Without a prefix. */
  readonly name: string;
  /** The text directly inside. */
  readonly text: string;
  readonly children: readonly XmlElement[];
}

/** Deeper than anything that S3 sends. */
const MAX_DEPTH = 16;

const NAMED: Readonly<Record<string, string>> = {
  lt: "<",
  gt: ">",
  amp: "&",
  quot: '"',
  apos: "'",
};

/** Text, or a piece of markup; quotes may hold a `>`. */
const TOKEN =
  /<!\[CDATA\[([^]*?)\]\]>|<!--[^]*?-->|<\?[^]*?\?>|<((?:[^<>"']|"[^"]*"|'[^']*')*)>|([^<]+)/gy;

const TAG = /^(\/?)(?:[\w.-]+:)?([\w.-]+)(?:\s[^]*?)?(\/?)\s*$/;

/** An element whose end has not come. */
interface Open {
  readonly name: string;
  text: string;
  readonly children: XmlElement[];
}

/** The outermost element, or undefined if this is not a document of XML. */
export function parseXml(document: string): XmlElement | undefined {
  const root: Open = { name: "", text: "", children: [] };
  const open: Open[] = [root];
  const source = document.replace(/^\ufeff/, "");
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < source.length) {
    const token = TOKEN.exec(source);
    const inner = open.at(-1);
    if (token === null || inner === undefined) return undefined;
    const [, data, markup, text] = token;
    if (data !== undefined) inner.text += data;
    if (text !== undefined) {
      const decoded = decodeEntities(text);
      if (decoded === undefined) return undefined;
      inner.text += decoded;
    }
    if (markup === undefined) continue;
    const tag = TAG.exec(markup);
    if (tag === null) return undefined;
    const [, closes, name = "", isEmpty] = tag;
    if (closes !== "") {
      if (inner === root || inner.name !== name) return undefined;
      open.pop();
      continue;
    }
    const element: Open = { name, text: "", children: [] };
    inner.children.push(element);
    if (isEmpty === "" && open.push(element) > MAX_DEPTH) return undefined;
  }
  const isWhole = open.length === 1 && root.children.length === 1 && root.text.trim() === "";
  return isWhole ? root.children[0] : undefined;
}

/** The text of the first child with this name, or undefined if there is none. */
export function childText(element: XmlElement, name: string): string | undefined {
  return element.children.find((child) => child.name === name)?.text;
}

/** All children with this name. */
export function childrenOf(element: XmlElement, name: string): readonly XmlElement[] {
  return element.children.filter((child) => child.name === name);
}

/** Text with what XML cannot hold as it is replaced by entities. */
export function encodeEntities(text: string): string {
  return text.replace(/[<>&"'\r\n\t]/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** Text with its entities replaced; undefined if it has one that XML does not define. */
function decodeEntities(text: string): string | undefined {
  if (!text.includes("&")) return text;
  let isValid = true;
  const decoded = text.replace(/&(?:#(\d{1,7})|#x([\da-fA-F]{1,6})|(\w*));?/g, (all, ...groups) => {
    const [decimal, hexadecimal, name] = groups;
    const code = decimal === undefined ? parseInt(hexadecimal, 16) : Number(decimal);
    const character = name === undefined
      ? code <= 0x10ffff ? String.fromCodePoint(code) : undefined
      : Object.hasOwn(NAMED, name)
      ? NAMED[name]
      : undefined;
    isValid &&= character !== undefined && all.endsWith(";");
    return character ?? "";
  });
  return isValid ? decoded : undefined;
}
