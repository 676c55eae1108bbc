/** A line that ends in the announcement of a literal (RFC 9051, section 4.3), synchronising or not. */
const LITERAL = /\{(\d+)(\+?)\}\r?\n$/;

/** What ends a command, or is said of the whole: its text is for people, and announces nothing. */
const STATUS = /^\S+ (?:OK|NO|BAD|BYE|PREAUTH)\b/i;

export interface WireOptions {
  /** Whether it is what a client says: then literals become non-synchronising ones, so that one piece is one command. */
  readonly isClient?: boolean;
  /** Somebody waits to be told that he may send his literal. */
  readonly onWaiting?: () => void;
}

/**
 * Cuts what one side says into what belongs together: a line with its literals, as a latin1 string without its end. It
 * knows nothing of what is said but where it ends.
 */
export class WireReader {
  private text: string[] = [];
  private line: Buffer[] = [];
  private literalLeft = 0;
  private readonly options: WireOptions;

  constructor(options: WireOptions = {}) {
    this.options = options;
  }

  /** @returns what is complete by now */
  *read(bytes: Buffer): Generator<string> {
    let at = 0;
    while (at < bytes.length) {
      if (this.literalLeft > 0) {
        const end = Math.min(bytes.length, at + this.literalLeft);
        this.text.push(bytes.toString('latin1', at, end));
        this.literalLeft -= end - at;
        at = end;
        continue;
      }
      const newline = bytes.indexOf(0x0a, at);
      const end = newline === -1 ? bytes.length : newline + 1;
      this.line.push(bytes.subarray(at, end));
      at = end;
      if (newline === -1) return;
      const complete = this.endLine();
      if (complete !== undefined) yield complete;
    }
  }

  /** What was said and not ended: the rest of it is another protocol's, after STARTTLS for one. */
  rest(): Buffer {
    const rest = Buffer.concat([Buffer.from(this.text.join(''), 'latin1'), ...this.line]);
    this.text = [];
    this.line = [];
    return rest;
  }

  private endLine(): string | undefined {
    const line = Buffer.concat(this.line).toString('latin1');
    this.line = [];
    const { isClient = false, onWaiting } = this.options;
    const isStatus = !isClient && this.text.length === 0 && STATUS.test(line);
    const literal = isStatus ? null : LITERAL.exec(line);
    if (literal === null) {
      const whole = this.text.join('') + line.replace(/\r?\n$/, '');
      this.text = [];
      return whole;
    }
    this.literalLeft = Number(literal[1]);
    const isSynchronising = literal[2] === '';
    this.text.push(
      isClient && isSynchronising ? `${line.slice(0, literal.index)}{${literal[1]}+}\r\n` : line,
    );
    if (isClient && isSynchronising) onWaiting?.();
    return undefined;
  }
}

/** The UID of a FETCH row; undefined where it says none, or is no row. */
export function uidOf(response: string): number | undefined {
  if (!/^\* \d+ FETCH \(/i.test(response)) return undefined;
  const uid = /[( ]UID (\d+)/i.exec(withoutLiterals(response));
  return uid ? Number(uid[1]) : undefined;
}

/** A response without what its literals hold, so that what is looked for is not found in a mail. */
export function withoutLiterals(response: string): string {
  let text = '';
  for (let at = 0; ; ) {
    const literal = /\{(\d+)\+?\}\r\n/g;
    literal.lastIndex = at;
    const found = literal.exec(response);
    if (found === null) return text + response.slice(at);
    const start = found.index + found[0].length;
    text += response.slice(at, start);
    at = start + Number(found[1]);
  }
}

/**
 * Replaces the value of a FETCH item: `BODY[]`, `RFC822.SIZE`. A list as value is not understood.
 *
 * @param change what becomes of the value as it stands there: a literal with its announcement, an atom, a string
 */
export function changeItem(response: string, item: string, change: (value: string) => string): string {
  const bare = withoutLiterals(response);
  const place = bare.search(new RegExp(`[( ]${item.replace(/[.[\]<>]/g, '\\$&')} `, 'i'));
  // Where a literal stands before the item, its place is another one.
  if (place === -1) return response;
  const start = withLiterals(response, place) + item.length + 2;
  const rest = response.slice(start);
  const literal = /^~?\{(\d+)\}\r\n/.exec(rest);
  const length = literal
    ? literal[0].length + Number(literal[1])
    : (/^(?:"(?:[^"\\]|\\.)*"|[^ )]+)/.exec(rest)?.[0].length ?? 0);
  return response.slice(0, start) + change(rest.slice(0, length)) + rest.slice(length);
}

/** Where a place of `withoutLiterals` is in the response itself. */
function withLiterals(response: string, place: number): number {
  const literal = /\{(\d+)\}\r\n/g;
  let shift = 0;
  for (let found = literal.exec(response); found; found = literal.exec(response)) {
    const end = found.index + found[0].length;
    if (end - shift > place) break;
    shift += Number(found[1]);
    literal.lastIndex = end + Number(found[1]);
  }
  return place + shift;
}

/** Makes NIL of all that a FETCH row hands out of a mail: its header, its text, its parts. */
export function withoutBodies(response: string): string {
  let text = '';
  const body = /(BODY\[[^\]]*\](?:<\d+>)?) (?:\{(\d+)\}\r\n|"(?:[^"\\]|\\.)*")/gi;
  for (let at = 0; ; ) {
    body.lastIndex = at;
    const found = body.exec(response);
    if (found === null) return text + response.slice(at);
    text += `${response.slice(at, found.index)}${found[1]} NIL`;
    at = found.index + found[0].length + Number(found[2] ?? 0);
  }
}

/** How many messages a set names (RFC 9051, section 9); `*` is one. */
export function setSize(set: string): number {
  return set.split(',').reduce((size, range) => {
    const [first, last = first] = range.split(':').map(Number);
    const width = Math.abs((last ?? 0) - (first ?? 0)) + 1;
    return size + (Number.isNaN(width) ? 1 : width);
  }, 0);
}
