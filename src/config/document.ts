import {
  type Alias,
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseDocument,
  type Scalar,
  type YAMLError,
} from 'yaml';
import type { Complaint, Finding, Path } from './problems.ts';

/**
 * The file as a tree that knows its lines. Scalars stay the text that was written (YAML's failsafe schema): what is a
 * number, and what a password that looks like one, is the schema's to say.
 */
export type ConfigNode = MapNode | ListNode | TextNode | EmptyNode | UnresolvedNode;

export interface MapNode {
  readonly kind: 'map';
  readonly line: number;
  readonly entries: ReadonlyMap<string, ConfigNode>;
}

export interface ListNode {
  readonly kind: 'list';
  readonly line: number;
  readonly items: readonly ConfigNode[];
}

export interface TextNode {
  readonly kind: 'text';
  readonly line: number;
  readonly text: string;
  /** Each `${…}` in it, as written; empty when all of the text stands in the file. */
  readonly sources: readonly string[];
}

/** An option without a value: an operator has commented out all that was below it. It counts as absent. */
export interface EmptyNode {
  readonly kind: 'empty';
  readonly line: number;
}

/** A value whose `${…}` could not be filled in. That has been reported; nothing more can be said of it. */
export interface UnresolvedNode {
  readonly kind: 'unresolved';
  readonly line: number;
}

export interface ParsedDocument {
  /** Undefined when the text is not YAML: a tree out of guesses would only add misleading problems. */
  readonly root: MapNode | undefined;
  readonly findings: readonly Finding[];
}

/** How many nodes aliases may add. Mailboxes that share a section need some; more is a "billion laughs" document. */
const MAX_ALIASED_NODES = 10_000;

/** Deeper than any configuration; what is deeper is a mistake, and would exhaust the stack. */
const MAX_DEPTH = 32;

/** Parses the YAML text of a configuration. */
export function parseConfigText(text: string): ParsedDocument {
  const lines = new LineCounter();
  const document = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    schema: 'failsafe',
    resolveKnownTags: false,
    uniqueKeys: false,
  });
  const syntax = [...document.errors, ...document.warnings];
  if (syntax.length > 0) return { root: undefined, findings: syntaxFindings(syntax, text, lines) };
  return new TreeReader(document, lines).read();
}

/** The node at a path, if there is one. */
export function nodeAt(root: ConfigNode, path: Path): ConfigNode | undefined {
  let node: ConfigNode | undefined = root;
  for (const part of path) {
    if (node?.kind === 'map' && typeof part === 'string') node = node.entries.get(part);
    else if (node?.kind === 'list' && typeof part === 'number') node = node.items[part];
    else return undefined;
  }
  return node;
}

/** The line of the node at a path, or of the nearest one above it: where something missing would be added. */
export function lineAt(root: ConfigNode, path: Path): number {
  return nodeAt(root, path)?.line ?? (path.length === 0 ? root.line : lineAt(root, path.slice(0, -1)));
}

/** Every node that is a text, with its path. */
export function* textsIn(node: ConfigNode, path: Path = []): Generator<[path: Path, node: TextNode]> {
  if (node.kind === 'text') yield [path, node];
  if (node.kind === 'map') for (const [key, child] of node.entries) yield* textsIn(child, [...path, key]);
  if (node.kind === 'list')
    for (const [index, child] of node.items.entries()) yield* textsIn(child, [...path, index]);
}

/** What zod shall look at. An unresolved value becomes a symbol: present, but of no type that an option accepts. */
export function toPlain(node: ConfigNode): unknown {
  switch (node.kind) {
    case 'text':
      return node.text;
    case 'list':
      return node.items.map(toPlain);
    case 'map':
      // defineProperty and not assignment: a key may be `__proto__`.
      return [...node.entries].reduce<object>(
        (map, [key, child]) =>
          Object.defineProperty(map, key, { value: toPlain(child), enumerable: true, writable: true }),
        {},
      );
    case 'empty':
      return undefined;
    case 'unresolved':
      return Symbol('unresolved');
  }
}

class TreeReader {
  readonly #findings: Finding[] = [];
  readonly #document: Document;
  readonly #lines: LineCounter;
  #aliasDepth = 0;
  #aliasedNodes = 0;

  constructor(document: Document, lines: LineCounter) {
    this.#document = document;
    this.#lines = lines;
  }

  read(): ParsedDocument {
    const node = this.#node(this.#document.contents, 1, []);
    if (node.kind === 'map') return { root: { ...node, line: 1 }, findings: this.#findings };
    if (node.kind === 'empty')
      return { root: { kind: 'map', line: 1, entries: new Map() }, findings: this.#findings };
    if (this.#findings.length === 0) {
      this.#find([], node.line, {
        message: 'must be a map of options',
        cure: 'write each option as `name: value` on a line of its own, beginning with `database:`',
      });
    }
    return { root: undefined, findings: this.#findings };
  }

  /** @param line the line of what the node belongs to: its key's, for example */
  #node(node: unknown, line: number, path: Path): ConfigNode {
    if (this.#aliasDepth > 0) this.#aliasedNodes += 1;
    if (path.length > MAX_DEPTH || this.#aliasedNodes > MAX_ALIASED_NODES) return this.#tooMuch(line);
    if (isAlias(node)) return this.#aliased(node, line, path);
    if (isScalar(node)) return scalarNode(node, line);
    if (isSeq(node)) {
      const items = node.items.map((item, index) =>
        this.#node(item, this.#lineOf(item) ?? line, [...path, index]),
      );
      return { kind: 'list', line, items };
    }
    if (isMap(node)) return this.#map(node.items, node.flow === true, line, path);
    return { kind: 'empty', line };
  }

  #map(pairs: readonly Pair[], flow: boolean, line: number, path: Path): MapNode {
    const entries = new Map<string, ConfigNode>();
    for (const pair of pairs) {
      const keyLine = this.#lineOf(pair.key) ?? line;
      const key = isScalar(pair.key) ? String(pair.key.value) : undefined;
      if (key === undefined || (flow && pair.value === null)) {
        // Not quoted: in `{password: a,b}` it is the rest of the password.
        this.#find(path, keyLine, {
          message: key === undefined ? 'the name of an option must be a word' : 'a name without a value',
          cure:
            'write `name: value` with a space after the colon, and put quotes around a value that holds a comma, ' +
            'a bracket or a `${…}`',
        });
      } else if (entries.has(key)) {
        this.#find([...path, key], keyLine, {
          message: `given twice: the first time in line ${entries.get(key)?.line}`,
          cure: 'take one of the two out',
        });
      } else {
        entries.set(key, this.#node(pair.value, keyLine, [...path, key]));
      }
    }
    return { kind: 'map', line, entries };
  }

  #aliased(alias: Alias, line: number, path: Path): ConfigNode {
    const target = alias.resolve(this.#document);
    if (target === undefined) {
      this.#find(path, line, {
        message: 'begins with `*`, which in YAML refers to an `&` that stands nowhere above',
        cure: 'put single quotes around the value if the asterisk belongs to it',
      });
      return { kind: 'unresolved', line };
    }
    this.#aliasDepth += 1;
    const node = this.#node(target, line, path);
    this.#aliasDepth -= 1;
    return node;
  }

  #tooMuch(line: number): ConfigNode {
    // One such document can meet the limit a million times over.
    if (!this.#findings.some(({ message }) => message === TOO_MUCH.message)) this.#find([], line, TOO_MUCH);
    return { kind: 'unresolved', line };
  }

  #find(path: Path, line: number, complaint: Complaint): void {
    this.#findings.push({ path, line, ...complaint });
  }

  #lineOf(node: unknown): number | undefined {
    const offset = (node as Partial<Node> | null)?.range?.[0];
    return offset === undefined ? undefined : this.#lines.linePos(offset).line;
  }
}

const TOO_MUCH: Complaint = {
  message: 'nested too deeply, or blown up by aliases (`*name`)',
  cure: 'write the sections out',
};

function scalarNode(scalar: Scalar, line: number): ConfigNode {
  const text = String(scalar.value ?? '');
  const isNull = scalar.type === 'PLAIN' && /^(|~|null|Null|NULL)$/.test(text);
  return isNull ? { kind: 'empty', line } : { kind: 'text', line, text, sources: [] };
}

/** Each line once: what comes after a first mistake in a line mostly follows from it. */
function syntaxFindings(errors: readonly YAMLError[], text: string, lines: LineCounter): Finding[] {
  const byLine = new Map<number, Finding>();
  for (const error of errors) {
    const line = Math.max(1, lines.linePos(error.pos[0]).line);
    if (!byLine.has(line)) byLine.set(line, { path: [], line, ...explainSyntax(error, text) });
  }
  return [...byLine.values()];
}

/** In own words: the parser's may quote the line, and a password with it. */
function explainSyntax({ code, pos }: YAMLError, text: string): Complaint {
  const quotes =
    'put single quotes around a value that holds signs like : # @ ` % & * ! | > { } [ ] , or a backslash';
  if (code === 'UNEXPECTED_TOKEN' && text.slice(pos[0] - 1, pos[0] + 1) === '${') {
    return {
      message: 'not valid YAML: a `${…}` inside { } or [ ]',
      cure: 'put double quotes around it: "${NAME}"',
    };
  }
  switch (code) {
    case 'MULTIPLE_DOCS':
      return {
        message: 'a second YAML document begins here',
        cure: 'take out the line `---` and what follows it',
      };
    case 'TAB_AS_INDENT':
      return { message: 'not valid YAML: indented with a tab', cure: 'indent with spaces' };
    case 'BAD_DQ_ESCAPE':
      return {
        message: 'not valid YAML: a backslash in double quotes begins an escape that does not exist',
        cure: "write the backslash twice, or use single quotes: '\\Seen'",
      };
    case 'MISSING_CHAR':
      return {
        message: 'not valid YAML: a quote, a bracket or a colon is missing here or in the lines above',
        cure: 'close what was opened, and write `name: value` with a space after the colon',
      };
    case 'TAG_RESOLVE_FAILED':
      return {
        message: 'begins with `!`, which is a tag in YAML; tags mean nothing here',
        cure: 'put single quotes around the value if the exclamation mark belongs to it',
      };
    case 'BAD_INDENT':
    case 'BAD_COLLECTION_TYPE':
      return {
        message: 'not valid YAML: the indentation does not fit the lines above',
        cure: 'give the options of one section the same indentation, and close { and [ that were opened',
      };
    case 'BLOCK_AS_IMPLICIT_KEY':
      return { message: 'not valid YAML: a second `: ` in one line', cure: quotes };
    default:
      return { message: 'not valid YAML', cure: `look at this line and the one above; ${quotes}` };
  }
}
