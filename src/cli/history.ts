import { nearest } from '../config/nearest.ts';
import type { Database } from '../db/connect.ts';
import { readCustomerHistory } from '../history/customer.ts';
import {
  addressesLike,
  type CustomerName,
  casesWithParticipant,
  externalIdsLike,
  findCustomer,
  hasExternalId,
} from '../history/find-customer.ts';
import { LARGEST_LIMIT } from '../history/interactions.ts';
import { printCustomerHistory } from '../history/print-customer.ts';
import { addressKey, parseQuotedAddresses } from '../message/addresses.ts';
import { harmless } from '../terminal/harmless.ts';
import { optionsFor } from '../terminal/style.ts';
import { listed } from '../terminal/words.ts';
import { answer, EXIT, printError } from './context.ts';
import { shellWord } from './here.ts';
import { OptionReader } from './read-options.ts';
import { withDatabase } from './with-database.ts';

export interface HistoryOptions {
  config?: string;
  externalId?: string;
  since?: string;
  until?: string;
  limit?: string;
  text?: boolean;
  json?: boolean;
}

/** About as much as a terminal shows at once. */
const USUAL_LIMIT = 20;

/** Whoever asks for somebody at a domain of few is helped by their names; a provider's customers are none of it. */
const FEW = 5;

/** `mailcase history ADDRESS|--external-id X` */
export async function historyCommand(given: string | undefined, options: HistoryOptions): Promise<number> {
  const reader = new OptionReader();
  const name = readName(given, options.externalId, reader);
  const range = {
    since: reader.moment('since', options.since),
    until: reader.end('until', options.until),
    limit: reader.count('limit', options.limit, USUAL_LIMIT, LARGEST_LIMIT),
    texts: options.text,
  };
  if (range.since && range.until && range.since >= range.until) {
    reader.problems.push('--since is not before --until, so no mail can be meant');
  }
  reader.finish();
  return withDatabase(options.config, async (db) => {
    const found = await findCustomer(db, name);
    const history = found && (await readCustomerHistory(db, found.id, range));
    if (found === undefined || history === undefined) {
      for (const line of await explainUnknown(db, name, given)) printError(harmless(line));
      return EXIT.failed;
    }
    const { merged_id } = found;
    answer(options.json, { requested_customer_id: merged_id ?? found.id, ...history }, () => {
      const shown = printCustomerHistory(history, optionsFor(process.stdout));
      return merged_id === null
        ? shown
        : `Customer ${merged_id} was merged into customer ${found.id}.\n\n${shown}`;
    });
    return EXIT.done;
  });
}

/** Exactly one of the two says who is meant. */
function readName(
  given: string | undefined,
  externalId: string | undefined,
  { problems }: OptionReader,
): CustomerName {
  if ((given === undefined) === (externalId === undefined)) {
    problems.push(
      'whose history? Give either an address or --external-id, e.g. mailcase history joe@example.com',
    );
  }
  if (externalId?.trim() === '') problems.push('--external-id is empty: give the id behind it');
  if (externalId !== undefined) return { externalId };
  const [address, ...others] = parseQuotedAddresses(given ?? '');
  if (given !== undefined && (address === undefined || others.length > 0)) {
    problems.push(
      `${JSON.stringify(harmless(given))} is not one address: write it like joe@example.com; an external id goes behind --external-id`,
    );
  }
  return { addressKey: address === undefined ? '' : addressKey(address.address) };
}

/** Why nobody was found, and what may have been meant. */
async function explainUnknown(
  db: Database,
  name: CustomerName,
  given: string | undefined,
): Promise<string[]> {
  if ('externalId' in name) return explainUnknownId(db, name.externalId);
  const said = `mailcase: no customer has the address ${given}`;
  const cases = await casesWithParticipant(db, name.addressKey);
  if (cases.length > 0) {
    return [said, `It takes part in ${listed(cases.map((id) => `case ${id}`))}: mailcase case ${cases[0]}`];
  }
  const alike = await addressesLike(db, name.addressKey);
  const similar = nearest(
    name.addressKey,
    alike.map(({ key }) => key),
  );
  const meant = alike.find(({ key }) => key === similar);
  if (meant !== undefined) return [said, `Did you mean ${meant.address}?`];
  const local = name.addressKey.slice(0, name.addressKey.lastIndexOf('@') + 1);
  const sameName = alike.filter(({ key }) => key.startsWith(local));
  const shown = sameName.length > 0 ? sameName : alike;
  const isHelpful = shown.length > 0 && shown.length <= FEW;
  return isHelpful ? [said, `There is ${listed(shown.map(({ address }) => address))}.`] : [said];
}

async function explainUnknownId(db: Database, externalId: string): Promise<string[]> {
  const said = `mailcase: no customer has the external id ${externalId}`;
  if (await hasExternalId(db, 'cases', externalId)) {
    return [said, `A case has it: mailcase case --external-id ${shellWord(externalId)}`];
  }
  const alike = await externalIdsLike(db, 'customers', externalId);
  return alike.length === 0 ? [said] : [said, `Did you mean ${listed(alike)}?`];
}
