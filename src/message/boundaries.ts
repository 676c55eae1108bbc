const BLANKS = /[ \t\r\n]+$/;

const HYPHEN = 0x2d;

/**
 * The boundaries that a message has named so far. The splitter compares each line that begins with two hyphens with the
 * boundary of every part around it, byte by byte: a hundred parts in each other, and a million such lines, took it ten
 * seconds. Here a line that is none of them is told at once.
 */
export class Boundaries {
  private readonly known = new Set<string>();

  /** @param boundary of a part, or what stands there where it has none */
  add(boundary: unknown): void {
    if (Buffer.isBuffer(boundary)) this.known.add(boundary.toString('latin1').replace(BLANKS, ''));
  }

  /**
   * Whether a line may be a delimiter (RFC 2046, section 5.1.1); the splitter has the last word.
   *
   * @param line with its line end, and perhaps the one before it
   */
  mayBe(line: Buffer): boolean {
    let start = 0;
    while (start < 2 && (line[start] === 0x0d || line[start] === 0x0a)) start += 1;
    if (line[start] !== HYPHEN || line[start + 1] !== HYPHEN) return false;
    const text = line.toString('latin1', start + 2).replace(BLANKS, '');
    return (
      this.known.has(text) || (text.endsWith('--') && this.known.has(text.slice(0, -2).replace(BLANKS, '')))
    );
  }
}
