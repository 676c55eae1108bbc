/**
 * What a DKIM signature in relaxed form signs of a header (RFC 6376, sections 3.4.2 and 3.7). mailauth makes it too, and
 * takes vertical tabs, form feeds and the byte A0 for blanks, which they are not: the byte is a part of many letters of
 * UTF-8 (`à`), so it would find good mail bad, and a value good in which somebody has put that byte for a space.
 *
 * @param fields as latin1 strings of their bytes, without line ends behind them, in the order of the message
 * @param signed `h=` of the signature, names in lower case
 * @param signature the field with the signature itself
 */
export function relaxedHeader(
  fields: readonly string[],
  signed: readonly string[],
  signature: string,
): Buffer {
  const left = [...fields];
  const lines = signed.flatMap((name) => {
    // From the bottom up, each once; one that is not there is signed as nothing.
    const at = left.findLastIndex((field) => relaxed(field).startsWith(`${name}:`));
    return at < 0 ? [] : left.splice(at, 1).map((field) => `${relaxed(field)}\r\n`);
  });
  const unsigned = signature.replace(/([:;][ \t\r\n]*b[ \t\r\n]*=)[^;]*/, '$1');
  return Buffer.from(`${lines.join('')}${relaxed(unsigned)}`, 'latin1');
}

/** Whether mailauth makes another one of a header. */
export function hasOtherBlanks(fields: readonly string[]): boolean {
  return fields.some((field) => /[\v\f\u00A0]/.test(field));
}

function relaxed(field: string): string {
  const colon = field.indexOf(':');
  const value = field.slice(colon + 1).replace(/\r?\n/g, '');
  const blanks = /[ \t]+/g;
  return `${field.slice(0, colon).trim().toLowerCase()}:${value.replace(blanks, ' ').replace(/^ | $/g, '')}`;
}
