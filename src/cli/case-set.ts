import { type CaseName, setCase } from '../desk/set-case.ts';
import { MailcaseError } from '../errors.ts';
import { storableLine } from '../message/text.ts';
import { type ActOptions, act, readId } from './act.ts';
import { readAssignments } from './assignments.ts';
import { helpHint } from './commands/declare.ts';

const EXAMPLE = 'e.g. mailcase case set 3 status=pending';

/** `mailcase case set ID FIELD=VALUE …` and `mailcase case set --external-id X FIELD=VALUE …` */
export async function caseSetCommand(
  words: readonly string[],
  options: ActOptions & { externalId?: string },
): Promise<number> {
  const { name, assignments } = caseIn(words, options.externalId);
  const settings = readAssignments(assignments);
  return act(options, async (started) => {
    const { id, merged_id } = await setCase(started, name, settings);
    if (merged_id === null) return undefined;
    return {
      data: { requested_case_id: merged_id },
      words: `Case ${merged_id} was merged into case ${id}.`,
    };
  });
}

function caseIn(
  words: readonly string[],
  externalId: string | undefined,
): { name: CaseName; assignments: readonly string[] } {
  const [first, ...rest] = words;
  if (externalId === undefined) {
    if (first === undefined) throw nothingGiven();
    if (first.includes('=')) {
      throw new MailcaseError('usage', `which case? Give its number first, or --external-id: ${EXAMPLE}`);
    }
    return { name: { id: readId(first, 'a case') }, assignments: rest };
  }
  if (first?.includes('=') === false) {
    throw new MailcaseError('usage', 'give either the number of the case or --external-id, not both');
  }
  return { name: { externalId: storableLine(externalId) }, assignments: words };
}

function nothingGiven(): MailcaseError {
  return new MailcaseError(
    'usage',
    `which case? Give its number, or --external-id, and what to set as FIELD=VALUE: ${EXAMPLE}\n${helpHint('mailcase case set')}`,
  );
}
