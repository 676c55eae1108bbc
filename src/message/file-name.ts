import libmime from 'libmime';
import { decodeWords } from './headers.ts';
import { storableText } from './text.ts';

/** Longest name kept, in characters: no file system takes as much, and a list of names stays a list. */
const MAX_CHARACTERS = 1_000;

/** How much of a field is looked at, in characters: a name of the longest kind, percent-encoded, takes 9,000. */
const MAX_FIELD_CHARACTERS = 64 * 1024;

/** How many parameters of a field are looked at: a long name comes in some 150 pieces; more is an attack. */
const MAX_PARAMETERS = 500;

/** Where a name stands, the best place first: RFC 2183, section 2.3, RFC 2045; then two slips seen in practice. */
const PLACES = [
  { field: 'content-disposition', parameter: 'filename' },
  { field: 'content-type', parameter: 'name' },
  { field: 'content-disposition', parameter: 'name' },
  { field: 'content-type', parameter: 'filename' },
] as const;

/**
 * The name that a mail gives to an attachment, for people to read: it may be a path, and is none of ours.
 *
 * mailparser reads what is written by the rules, and loses much of the rest (blanks and brackets without quotation
 * marks, backslashes, bytes that are not of the charset), so the fields are read here once more.
 *
 * @param lines the part's header fields, each with its name, perhaps folded, as latin1 strings of the bytes
 * @param parsed the name that mailparser found, for where the fields show none
 * @returns one line, cut where it does not end; undefined where there is no name or an empty one
 */
export function readFileName(lines: readonly string[], parsed: string | undefined): string | undefined {
  const names = PLACES.flatMap(({ field, parameter }) =>
    lines.filter((line) => nameOf(line) === field).flatMap((line) => namesIn(bodyOf(line), parameter)),
  );
  const found = [...names, parsed ?? ''].map(oneLine).filter((name) => name !== '');
  // A name with holes gives way to one that can be read.
  return found.find((name) => !name.includes('\uFFFD')) ?? found[0];
}

function nameOf(line: string): string {
  return line
    .slice(0, Math.max(0, line.indexOf(':')))
    .trim()
    .toLowerCase();
}

/** Unfolded as mailparser does it: a line's indentation is one space, however deep it is. */
function bodyOf(line: string): string {
  return line.slice(line.indexOf(':') + 1, MAX_FIELD_CHARACTERS).replace(/(?:\r?\n|\r)[ \t]*/g, ' ');
}

function oneLine(name: string): string {
  const line = storableText(name).replace(/[\t\n\v\f\r\u0085\u2028\u2029]+/g, ' ');
  const cut = line.trim().slice(0, MAX_CHARACTERS);
  // Half a character is left where the cut went through one.
  return cut.replace(/[\uD800-\uDBFF]$/, '').trim();
}

/** One parameter, or one piece of a parameter. */
interface Piece {
  readonly name: string;
  /** Its place in a continuation (RFC 2231, section 3), if it has one. */
  readonly number: number | undefined;
  /** Whether a star says that percent signs are a code (RFC 2231, section 4). */
  readonly encoded: boolean;
  readonly value: string;
}

/** What a parameter may mean, the best first: the extended form goes before its stand-in (RFC 6266, section 4.3). */
function namesIn(body: string, parameter: string): string[] {
  const pieces = parametersOf(body).filter(({ name }) => name === parameter);
  const whole = pieces.filter(({ number }) => number === undefined);
  const numbered = new Map<number, Piece>();
  for (const piece of pieces) {
    if (piece.number !== undefined && !numbered.has(piece.number)) numbered.set(piece.number, piece);
  }
  // Seen in practice: the first piece is missing, or one in between. What is there is better than nothing.
  const continued = [...numbered].sort(([a], [b]) => a - b).map(([, piece]) => piece);
  return [
    ...whole.filter(({ encoded }) => encoded).map((piece) => decodePieces([piece])),
    decodePieces(continued),
    ...whole.filter(({ encoded }) => !encoded).map(({ value }) => decodePlain(value)),
  ];
}

/** RFC 2047, section 5, forbids encoded words in parameters, in quotation marks or not; both are everywhere. */
function decodePlain(value: string): string {
  return decodeWords(decodeBytes(value, 'utf-8'));
}

/**
 * Puts an extended parameter together (RFC 2231). The charset stands in the first piece. Where a mailer left it out,
 * percent signs are UTF-8 all the same, and encoded words are what they look like.
 */
function decodePieces(pieces: readonly Piece[]): string {
  const prefix = pieces[0]?.encoded ? /^([^'%\s]*)'[\w-]*'/.exec(pieces[0].value) : null;
  const values = pieces.map(({ value }, index) => (index === 0 ? value.slice(prefix?.[0].length) : value));
  if (prefix === null && values.some((value) => value.includes('=?'))) return decodePlain(values.join(''));
  const bytes = values.map((value, index) => (pieces[index]?.encoded ? percentDecoded(value) : value));
  return decodeBytes(bytes.join(''), prefix?.[1] || 'utf-8');
}

/** A percent sign without two hexadecimal digits is one. */
function percentDecoded(value: string): string {
  return value.replace(/%([\da-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

/** A character of UTF-8 beyond US-ASCII, or a byte that is part of none. */
const UTF8_CHARACTER_OR_BYTE =
  /[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}|[\x80-\xff]/g;

/** What the bytes from 0x80 on are in windows-1252, in order. */
const WINDOWS_1252 = decodeFrom(
  'windows-1252',
  String.fromCharCode(...Array.from({ length: 0x80 }, (_, index) => 0x80 + index)),
);

/**
 * An unknown charset is read as UTF-8. Bytes that are no UTF-8, though they are said or bound to be, are taken as
 * windows-1252, as those of header fields are, but one by one: a name that was cut within a character stays readable.
 *
 * @param bytes as a latin1 string
 */
function decodeBytes(bytes: string, charset: string): string {
  const text = decodeFrom(charset, bytes);
  if (!text.includes('\uFFFD') || !isReadAsUtf8(charset)) return text;
  return bytes.replace(UTF8_CHARACTER_OR_BYTE, (found) =>
    found.length > 1 ? utf8Of(found) : WINDOWS_1252.charAt(found.charCodeAt(0) - 0x80),
  );
}

function isReadAsUtf8(charset: string): boolean {
  return /^(utf-?8|(us-)?ascii)$/i.test(charset) || !libmime.createDecodeStream(charset).supported;
}

function utf8Of(bytes: string): string {
  return Buffer.from(bytes, 'latin1').toString('utf8');
}

function decodeFrom(charset: string, bytes: string): string {
  return libmime.decodeWord(charset, 'B', Buffer.from(bytes, 'latin1').toString('base64'));
}

/** A parameter's name, its number and its star. It begins after a blank too: semicolons are forgotten, in practice. */
const PARAMETER = /(?<![^ \t;])([^\s;="*]+)(?:[ \t]*\*(\d{1,6}))?(?:[ \t]*(\*))?[ \t]*=[ \t]*/g;

/** A quoted string (RFC 2045, section 5.1), perhaps never closed. */
const QUOTED = /"((?:\\.|[^"\\])*)"?/y;

/** What follows a quoted string, where the quotation mark that closes it is not one inside the name. */
const AFTER_QUOTED = /[ \t]*(?:$|[;(]|[^\s;="]+[ \t]*=)/y;

/** A name in quotation marks, with others in it that nobody escaped. */
const BADLY_QUOTED = /"([^;]{0,1000})"[ \t]*(?=;|$)/y;

/** A name without quotation marks: blanks and brackets belong to it, and semicolons in an encoded word. */
const UNQUOTED_NAME = /(?:[ \t]*(?:=\?[\w*-]+\?[bq]\?[^?]*\?=|[^ \t;]))*/iy;

const TOKEN = /[^ \t;]*/y;

/** The parameters of a Content-Type or Content-Disposition field, as far as anything can be made of them. */
function parametersOf(body: string): Piece[] {
  const found: Piece[] = [];
  PARAMETER.lastIndex = 0;
  for (let match = PARAMETER.exec(body); match !== null; match = PARAMETER.exec(body)) {
    if (found.length === MAX_PARAMETERS) break;
    const [, name = '', number, star] = match;
    const isName = PLACES.some(({ parameter }) => parameter === name.toLowerCase());
    const { value, end } = valueAt(body, PARAMETER.lastIndex, isName);
    found.push({
      name: name.toLowerCase(),
      number: number === undefined ? undefined : Number(number),
      encoded: star !== undefined,
      value,
    });
    PARAMETER.lastIndex = end;
  }
  return found;
}

function valueAt(body: string, start: number, isName: boolean): { value: string; end: number } {
  const [quoted, content] = matchAt(QUOTED, body, start);
  if (quoted === undefined) {
    const [value = ''] = matchAt(isName ? UNQUOTED_NAME : TOKEN, body, start);
    return { value, end: start + value.length };
  }
  const end = start + quoted.length;
  if (matchAt(AFTER_QUOTED, body, end).length === 0) {
    const [whole, bad] = matchAt(BADLY_QUOTED, body, start);
    if (whole !== undefined && bad !== undefined) return { value: bad, end: start + whole.length };
  }
  return { value: unescaped(content ?? ''), end };
}

function matchAt(pattern: RegExp, text: string, start: number): readonly string[] {
  pattern.lastIndex = start;
  return pattern.exec(text) ?? [];
}

/**
 * Takes the backslashes of quoted pairs away. Nobody has to escape a letter or a digit: before one, the backslash is
 * part of a Windows path.
 */
function unescaped(value: string): string {
  return value.replace(/\\([^\w\x80-\xff])/g, '$1');
}
