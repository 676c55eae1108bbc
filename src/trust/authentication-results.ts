import { asciiLowerCase } from './domains.ts';

/** An Authentication-Results field (RFC 8601): what one server has found out about a message. */
export interface AuthenticationResults {
  /** Whose results they are, letters of ASCII in lower case. */
  readonly authservId: string;
  readonly results: readonly MethodResult[];
}

/** What one method came to. */
export interface MethodResult {
  /** `dkim`, `spf`, `dmarc` …, in lower case. */
  readonly method: string;
  /** `pass`, `fail`, `temperror` …, in lower case. */
  readonly result: string;
  /** What it was found for: `header.d` and the like, in lower case, with the value as it stands there. */
  readonly properties: readonly Property[];
}

export interface Property {
  readonly name: string;
  readonly value: string;
}

/** A field that is not as RFC 8601 has it: nothing of it counts, for it cannot be told what else was read wrongly. */
export interface NotResults {
  readonly refused: string;
}

/** Keyword of RFC 5321, section 4.1.2, and what is seen in practice with underscores. */
const KEYWORD = /[A-Za-z0-9](?:[A-Za-z0-9_-]*[A-Za-z0-9])?/y;

/** A token of RFC 2045, section 5.1; beyond ASCII too (RFC 8601, section 2.2). */
const TOKEN = /[^\s\p{Cc}()<>@,;:\\"/[\]?=\uFFFD]+/uy;

const QUOTED = /"((?:[^"\\\p{Cc}\uFFFD]|\t|\\[^\p{Cc}\uFFFD])*)"/uy;

/**
 * What stands for a value behind a property: a token, a quoted string, an address with either as local part. Seen in
 * practice, unquoted: base64 (header.b), addresses in angle brackets, IPv6.
 */
const VALUE = /(?:"(?:[^"\\\p{Cc}\uFFFD]|\t|\\[^\p{Cc}\uFFFD])*"|[^\s\p{Cc}();"\\\uFFFD])+/uy;

const BLANK = /[ \t]+/y;
const DIGITS = /\d+/y;

/** Deeper comments than this are an attempt at something. */
const MAX_COMMENT_DEPTH = 20;

/** What is not as it should be, somewhere in the field. */
class Junk extends Error {}

/**
 * Reads an Authentication-Results field.
 *
 * @param raw the field's body, unfolded
 */
export function parseAuthenticationResults(raw: string): AuthenticationResults | NotResults {
  try {
    return readField(new Reader(raw));
  } catch (error) {
    if (error instanceof Junk) return { refused: error.message };
    throw error;
  }
}

function readField(reader: Reader): AuthenticationResults {
  reader.skip();
  const authservId = asciiLowerCase(reader.take(QUOTED) ?? reader.need(TOKEN, 'who says so'));
  reader.skip();
  const version = reader.take(DIGITS);
  if (version !== undefined && version !== '1') throw new Junk('it is of an unknown version');
  reader.skip();
  const results: MethodResult[] = [];
  let isNone = false;
  while (reader.takeSign(';')) {
    reader.skip();
    // Seen in practice: a semicolon behind the last result.
    if (reader.isAtEnd) break;
    const found = readResult(reader);
    if (found === 'none') isNone = true;
    else results.push(found);
    reader.skip();
  }
  if (!reader.isAtEnd) throw new Junk('something stands where a semicolon should');
  if (isNone ? results.length > 0 : results.length === 0) throw new Junk('it has no results');
  return { authservId, results };
}

/** `dkim=pass reason="…" header.d=example.com`, or `none`. */
function readResult(reader: Reader): MethodResult | 'none' {
  const method = asciiLowerCase(reader.need(KEYWORD, 'a method'));
  reader.skip();
  if (reader.takeSign('/')) {
    reader.skip();
    // Of another version, it might mean something else.
    if (reader.need(DIGITS, 'the version of a method') !== '1')
      throw new Junk('a method has an unknown version');
    reader.skip();
  }
  if (!reader.takeSign('=')) {
    if (method === 'none') return 'none';
    throw new Junk('a method has no result');
  }
  reader.skip();
  const result = asciiLowerCase(reader.need(KEYWORD, 'a result'));
  const properties: Property[] = [];
  while (reader.skip() && !reader.isAtEnd && !reader.isAt(';')) {
    const property = readProperty(reader);
    if (property.name !== 'reason') properties.push(property);
  }
  return { method, result, properties };
}

/** `header.d=example.com`; also `reason=…`, and what is seen in practice without a type (`x-bits=2048`). */
function readProperty(reader: Reader): Property {
  const names = [asciiLowerCase(reader.need(KEYWORD, 'a property'))];
  reader.skip();
  // Seen in practice: more than one dot (policy.arc-aware.result).
  while (reader.takeSign('.')) {
    reader.skip();
    names.push(asciiLowerCase(reader.need(KEYWORD, 'a property')));
    reader.skip();
  }
  if (!reader.takeSign('=')) throw new Junk('a property has no value');
  reader.skip();
  const name = names.join('.');
  // Seen in practice: smtp.mailfrom= of a bounce.
  if (reader.isAtEnd || reader.isAt(';')) return { name, value: '' };
  return { name, value: unquoted(reader.need(VALUE, 'a value')) };
}

/** Quoted strings in a value without their quotes and quoted pairs (RFC 5322, section 3.2.4). */
function unquoted(text: string): string {
  return text.replace(/"((?:[^"\\]|\\.)*)"/gsu, (_, inner: string) => inner.replace(/\\(.)/gsu, '$1'));
}

/** Goes through a field from its beginning to its end. */
class Reader {
  private at = 0;
  private readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  get isAtEnd(): boolean {
    return this.at === this.text.length;
  }

  isAt(sign: string): boolean {
    return this.text.startsWith(sign, this.at);
  }

  takeSign(sign: string): boolean {
    if (!this.isAt(sign)) return false;
    this.at += sign.length;
    return true;
  }

  /** @returns what is there of this form; of a quoted string, what it stands for */
  take(form: RegExp): string | undefined {
    form.lastIndex = this.at;
    const match = form.exec(this.text);
    if (match === null) return undefined;
    this.at = form.lastIndex;
    return form === QUOTED ? unquoted(match[0]) : match[0];
  }

  /** @throws Junk */
  need(form: RegExp, what: string): string {
    const taken = this.take(form);
    if (taken === undefined) throw new Junk(`${what} is missing or cannot be read`);
    return taken;
  }

  /** Blanks and comments (CFWS of RFC 5322, section 3.2.2). @throws Junk for a comment that does not end */
  skip(): true {
    while (this.take(BLANK) !== undefined || this.isAt('(')) {
      if (this.isAt('(')) this.skipComment();
    }
    return true;
  }

  private skipComment(): void {
    let depth = 0;
    do {
      const sign = this.text[this.at];
      if (sign === undefined) throw new Junk('a comment does not end');
      if (sign === '(') depth += 1;
      if (sign === ')') depth -= 1;
      if (depth > MAX_COMMENT_DEPTH) throw new Junk('comments stand too deep in comments');
      this.at += sign === '\\' ? 2 : 1;
    } while (depth > 0);
    if (this.at > this.text.length) throw new Junk('a comment does not end');
  }
}
