import type { Config } from '../../src/config/schema.ts';
import type { Judges } from '../../src/judge/judges.ts';
import {
  type ReplayContext,
  type ReplayEvents,
  type ReplayRequest,
  replay,
} from '../../src/replay/replay.ts';
import type { ReplayReport, ToldChange } from '../../src/replay/report.ts';
import { deskOn } from '../desk/desk.ts';
import type { TestDatabase } from '../support/database.ts';
import { mailboxSection, writeConfig } from '../support/mailcase.ts';
import { judges } from '../support/poll.ts';
import { dumpOf } from '../support/untouched.ts';

/** The configuration of today, under whose prefix the headers x-shop-… are instructions: when the mail came, they were not. */
export async function configOfToday(more: Record<string, unknown> = {}): Promise<Config> {
  const { mailboxes, ...rest } = more;
  const written = await writeConfig({
    database: { url: 'postgres://unused@localhost/unused' },
    headers: { prefix: 'x-shop-' },
    mailboxes: mailboxes ?? [mailboxSection('nobody@example.com', { own: ['example.com'], trust: 'all' })],
    ...rest,
  });
  const { config } = await written.load();
  await written.remove();
  return config;
}

/** All mail, tried only. */
export const ALL: ReplayRequest = {
  ...{ mailbox: undefined, since: undefined, until: undefined, caseId: undefined },
  ...{ rule: undefined, limit: undefined, apply: false, actor: 'Rita' },
};

/** A database with mail that came in, people who acted, and replays of it. */
export function replayOn(database: TestDatabase, more: Pick<ReplayContext, 'batchMessages'> = {}) {
  const desk = deskOn(database);
  const never = new AbortController().signal;
  const run = async (
    request: Partial<ReplayRequest> = {},
    config?: Config,
    by: Judges = judges,
    events: Partial<ReplayEvents> = {},
    stopping: AbortSignal = never,
  ) =>
    replay(
      { db: database.db, config: config ?? (await configOfToday()), judges: by, stopping, ...more },
      { ...ALL, ...request },
      { onProgress: () => {}, onWaiting: () => {}, ...events },
    );
  return {
    ...desk,
    run,
    /** Tries it, applies it, and applies it once more: what was told is what is done, and the second time there is nothing to do. */
    replayed: async (request: Partial<ReplayRequest> = {}, config?: Config): Promise<string[]> => {
      const untouched = await dumpOf(database.db);
      const told = await run(request, config);
      const isWritten = (await dumpOf(database.db)) !== untouched;
      const applied = await run({ ...request, apply: true }, config);
      const after = await dumpOf(database.db);
      const again = await run({ ...request, apply: true }, config);
      const isTwice = (await dumpOf(database.db)) !== after;
      // As after an update of the program: all is looked at once more.
      await database.db.raw('update interaction_contents set replayed_with = null');
      const anew = await run({ ...request, apply: true }, config);
      return [
        ...(isWritten ? ['the dry run wrote'] : []),
        ...(isTwice ? ['the second run wrote'] : []),
        // What cannot be replayed is said every time.
        ...linesOf({ ...again, left: [] }).map((line) => `again: ${line}`),
        ...linesOf({ ...anew, left: [] }).map((line) => `anew: ${line}`),
        ...(numberless(linesOf(told)) === numberless(linesOf(applied))
          ? []
          : ['told otherwise:', ...linesOf(told), 'than applied:']),
        ...linesOf(applied),
      ];
    },
  };
}

/** A dry run has no numbers for what is new. */
function numberless(lines: readonly string[]): string {
  return lines.map((line) => line.replace(/\b(new|\d+)\b/g, 'N')).join('\n');
}

/** What a replay did, a short line each. */
export function linesOf({ cases, customers, left }: ReplayReport): string[] {
  return [
    ...cases.flatMap(({ case_id, changes, interactions, withheld }) => [
      ...changes.map((each) => `case ${case_id ?? 'new'} ${words(each)}`),
      ...interactions.map((each) => `mail ${each.interaction_id} ${words(each)}`),
      ...withheld.map(
        ({ by, value, reason, interaction_id }) => `mail ${interaction_id} left ${by}: ${value}: ${reason}`,
      ),
    ]),
    ...customers.flatMap(({ customer_id, changes }) =>
      changes.map((each) => `customer ${customer_id ?? 'new'} ${words(each)}`),
    ),
    ...left.map(({ reason, interaction_ids }) => `left ${interaction_ids.join(', ')}: ${reason}`),
  ];
}

function words({ field, old, new: value, by }: ToldChange): string {
  return `${field}: ${old ?? '-'} -> ${value ?? '-'} (${by.join(', ')})`;
}
