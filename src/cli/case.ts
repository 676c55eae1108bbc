import type { Database } from '../db/connect.ts';
import { readCase } from '../history/case.ts';
import { type CaseName, findCase, latestCase } from '../history/find-case.ts';
import { externalIdsLike, hasExternalId } from '../history/find-customer.ts';
import { LARGEST_LIMIT } from '../history/interactions.ts';
import { printCase } from '../history/print-case.ts';
import { harmless } from '../terminal/harmless.ts';
import { optionsFor } from '../terminal/style.ts';
import { listed } from '../terminal/words.ts';
import { answer, EXIT, printError } from './context.ts';
import { shellWord } from './here.ts';
import { idIn, OptionReader } from './read-options.ts';
import { withDatabase } from './with-database.ts';

export interface CaseOptions {
  config?: string;
  externalId?: string;
  limit?: string;
  why?: boolean;
  text?: boolean;
  json?: boolean;
}

/** Nearly every case is shown whole; what a campaign has beyond that is much the same. */
const USUAL_LIMIT = 50;

/** `mailcase case ID|--external-id X` */
export async function caseCommand(given: string | undefined, options: CaseOptions): Promise<number> {
  const reader = new OptionReader();
  const name = readName(given, options.externalId, reader);
  const wanted = {
    limit: reader.count('limit', options.limit, USUAL_LIMIT, LARGEST_LIMIT),
    texts: options.text,
    why: options.why,
  };
  reader.finish();
  return withDatabase(options.config, async (db) => {
    const found = await findCase(db, name);
    const history = found && (await readCase(db, found.id, wanted));
    if (found === undefined || history === undefined) {
      for (const line of await explainUnknown(db, name)) printError(harmless(line));
      return EXIT.failed;
    }
    const { merged_id } = found;
    answer(options.json, { requested_case_id: merged_id ?? found.id, ...history }, () => {
      const shown = printCase(history, optionsFor(process.stdout));
      return merged_id === null ? shown : `Case ${merged_id} was merged into case ${found.id}.\n\n${shown}`;
    });
    return EXIT.done;
  });
}

/** Exactly one of the two says which case is meant. */
function readName(
  given: string | undefined,
  externalId: string | undefined,
  { problems }: OptionReader,
): CaseName {
  if ((given === undefined) === (externalId === undefined)) {
    problems.push('which case? Give either its number or --external-id, e.g. mailcase case 3');
  }
  if (externalId?.trim() === '') problems.push('--external-id is empty: give the id behind it');
  if (externalId !== undefined) return { externalId };
  const id = given === undefined ? undefined : idIn(given);
  if (given !== undefined && id === undefined) {
    problems.push(
      `${JSON.stringify(harmless(given))} is no case's number, which is a positive whole number; an external id goes behind --external-id`,
    );
  }
  return { id: id ?? 0 };
}

/** Why no case was found, and what may have been meant. */
async function explainUnknown(db: Database, name: CaseName): Promise<string[]> {
  if ('id' in name) {
    const latest = await latestCase(db);
    const there = latest === undefined ? 'none is recorded yet' : `the latest is case ${latest}`;
    return [`mailcase: there is no case ${name.id}; ${there}`];
  }
  const { externalId } = name;
  const said = `mailcase: no case has the external id ${externalId}`;
  if (await hasExternalId(db, 'customers', externalId)) {
    return [said, `A customer has it: mailcase history --external-id ${shellWord(externalId)}`];
  }
  const alike = await externalIdsLike(db, 'cases', externalId);
  return alike.length === 0 ? [said] : [said, `Did you mean ${listed(alike)}?`];
}
