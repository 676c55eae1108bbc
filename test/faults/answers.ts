import type { Tap } from './tap-proxy.ts';

/** The end of a line behind which so many bytes follow that are no lines (RFC 9051, section 4.3). */
const LITERAL = /\{(\d+)\}\r\n$/;

/**
 * Changes what an IMAP server says, answer by answer, wherever TCP has cut them.
 *
 * @param change gets a whole answer with its literals and its last CRLF, and says what goes on instead
 */
export function changingAnswers(change: (answer: string) => string): Tap {
  const pending = new Map<number, string>();
  return ({ connection, from, text, forward }) => {
    if (from === 'client') return 'pass';
    let rest = (pending.get(connection) ?? '') + text;
    for (let end = endOfAnswer(rest); end !== undefined; end = endOfAnswer(rest)) {
      const changed = change(rest.slice(0, end));
      if (changed !== '') forward(Buffer.from(changed, 'latin1'));
      rest = rest.slice(end);
    }
    pending.set(connection, rest);
    return 'drop';
  };
}

/** Where the first answer ends; undefined where it is not all there yet. */
function endOfAnswer(text: string): number | undefined {
  for (let from = 0; ; ) {
    const lineEnd = text.indexOf('\r\n', from);
    if (lineEnd === -1) return undefined;
    const end = lineEnd + 2;
    const literal = LITERAL.exec(text.slice(from, end));
    if (literal === null) return end;
    from = end + Number(literal[1]);
    if (from > text.length) return undefined;
  }
}
