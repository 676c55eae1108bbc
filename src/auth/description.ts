/** What is quoted of a description, in characters. */
const LONGEST_QUOTE = 300;

/**
 * A refusal's description (RFC 6749, section 5.2) in one line, without what only Microsoft's support can use.
 *
 * @param blank overwrites secrets; it sees the words before they are cut, so that no half of one is left
 */
export function quotedDescription(description: string, blank = (text: string) => text): string {
  const [words = ''] = description.split(/\s*(?:Trace ID|Correlation ID|Timestamp):/);
  const line = blank(words).replace(/\s+/g, ' ').trim();
  return line.length > LONGEST_QUOTE ? `${line.slice(0, LONGEST_QUOTE)}…` : line;
}
