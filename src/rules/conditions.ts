import { messageDirection } from './attribution.ts';
import { type Facts, folding, type Value } from './facts.ts';
import { compilePattern, type Pattern } from './pattern.ts';
import type { Condition } from './rule.ts';

/** What the patterns of a rule have captured, by names and numbers. */
export type Captured = Map<string, string | undefined>;

/**
 * Whether a condition holds for a message. What it captures goes into `captured`; not what a pattern under `any` or `not`
 * holds, which may have matched nothing, so that no value can be made of it (see config/action-checks.ts).
 */
export type Test = (facts: Facts, captured: Captured) => boolean;

/** Makes a condition ready. One that was refused at load never holds. */
export function compileCondition(condition: Condition | undefined): Test {
  if (condition === undefined) return () => true;
  const { all, any, not, header, part, size, mailbox, folder } = condition;
  if (all) {
    const tests = all.map(compileCondition);
    return (facts, captured) => tests.every((test) => test(facts, captured));
  }
  if (any) {
    const tests = any.map(compileCondition);
    return (facts) => tests.some((test) => test(facts, new Map()));
  }
  if (not) {
    const test = compileCondition(not);
    return (facts) => !test(facts, new Map());
  }
  if (header !== undefined || part !== undefined) return textTest(condition);
  if (size) {
    const { over = -1, under = Number.POSITIVE_INFINITY } = size;
    return ({ setting }) => setting.sizeBytes > over && setting.sizeBytes < under;
  }
  if (mailbox !== undefined) return ({ setting }) => setting.mailbox === mailbox;
  if (folder !== undefined) return ({ setting }) => setting.folder === folder;
  return stateTest(condition);
}

/** Of what was found out about the message. */
function stateTest({ trusted, sender_auth, direction, kind, has_attachment }: Condition): Test {
  if (trusted !== undefined) return ({ verdict }) => verdict.trusted === trusted;
  if (sender_auth !== undefined) return ({ verdict }) => verdict.senderAuth === sender_auth;
  if (direction !== undefined) {
    return ({ message, directives, setting }) =>
      messageDirection(message, directives, setting).value === direction;
  }
  if (kind !== undefined)
    return ({ message, directives }) => (directives.interaction.kind ?? message.kind) === kind;
  if (has_attachment !== undefined) return (facts) => hasAttachment(facts) === has_attachment;
  return () => false;
}

/** Pictures that the text shows (a logo below a signature) are none. */
function hasAttachment({ message }: Facts): boolean {
  return message.attachments.some(
    ({ contentId, disposition }) => contentId === undefined || disposition === 'attachment',
  );
}

/** Of the values of a header or a part: one that passes is enough. */
function textTest(condition: Condition): Test {
  const { header, part, exists, matches } = condition;
  const valuesOf = (facts: Facts) => (part === undefined ? facts.header(header ?? '') : facts.part(part));
  if (exists !== undefined) return (facts) => valuesOf(facts).length > 0 === exists;
  if (matches !== undefined) return patternTest(compilePattern(matches), valuesOf);
  const passes = comparison(condition);
  return (facts) => valuesOf(facts).some(passes);
}

function comparison({
  equals,
  contains,
  starts_with,
  ends_with,
  one_of,
}: Condition): (value: Value) => boolean {
  const list = equals === undefined ? one_of : [equals];
  if (list) {
    const wanted = new Set(list.map(folding.whole));
    return ({ folded }) => wanted.has(folded);
  }
  const [start, end] = [starts_with && folding.start(starts_with), ends_with && folding.end(ends_with)];
  const part = contains && folding.piece(contains);
  if (start) return ({ folded }) => folded.startsWith(start);
  if (end) return ({ folded }) => folded.endsWith(end);
  return part ? ({ folded }) => folded.includes(part) : () => false;
}

function patternTest(
  pattern: Pattern | { readonly refused: string },
  valuesOf: (facts: Facts) => readonly Value[],
): Test {
  if ('refused' in pattern) return () => false;
  return (facts, captured) => {
    for (const { text } of valuesOf(facts)) {
      if (!facts.afford(text.length * pattern.size)) throw new TooManySteps();
      const groups = pattern.match(text);
      if (groups === undefined) continue;
      // The first pattern of a rule has the numbers; names are of one pattern alone.
      for (const [name, held] of groups) if (!captured.has(name)) captured.set(name, held);
      return true;
    }
    return false;
  };
}

/** A mail has so much text for patterns that it would hold up others. */
export class TooManySteps extends Error {}
