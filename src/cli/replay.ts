import { nearest } from '../config/nearest.ts';
import type { Database } from '../db/connect.ts';
import { type ErrorCode, errorMessage, MailcaseError } from '../errors.ts';
import { type CaseName, findCase } from '../history/find-case.ts';
import { Judges } from '../judge/judges.ts';
import { createLog } from '../observe/log.ts';
import { printReplay } from '../replay/print.ts';
import { type ReplayRequest, replay } from '../replay/replay.ts';
import type { RuleConfig } from '../rules/rule.ts';
import { harmless } from '../terminal/harmless.ts';
import { optionsFor } from '../terminal/style.ts';
import { listed } from '../terminal/words.ts';
import { actorFor } from './actor.ts';
import { answer, EXIT } from './context.ts';
import { createProgress } from './progress.ts';
import { assertMailbox } from './quarantine-list.ts';
import { idIn, OptionReader } from './read-options.ts';
import { stopOnSignals } from './signals.ts';
import { withDatabase } from './with-database.ts';

export interface ReplayOptions {
  config?: string;
  mailbox?: string;
  since?: string;
  until?: string;
  case?: string;
  rule?: string;
  limit?: string;
  apply?: boolean;
  by?: string;
  json?: boolean;
}

/** After these, the same command goes on. */
const RESUMABLE = new Set<ErrorCode>([
  'database_unavailable',
  'database_race',
  'database_cut',
  'parser_threads',
]);

/** `mailcase replay` */
export async function replayCommand(options: ReplayOptions): Promise<number> {
  const asked = requestFrom(options);
  return withDatabase(options.config, async (db, { config, secrets }) => {
    await assertMailbox(db, options.mailbox);
    assertRule(config.rules, options.rule);
    const caseId = await caseNamed(db, options.case);
    const stopping = stopOnSignals(createLog('warn', secrets, process.stderr));
    const progress = createProgress(asked.apply ? 'replayed' : 'looked at');
    const judges = new Judges(config);
    const events = {
      onProgress: progress.show,
      onWaiting: () => progress.say('waiting: a poll records new mail'),
    };
    try {
      const report = await replay({ db, config, judges, stopping }, { ...asked, caseId }, events);
      progress.end();
      answer(options.json, report, () => printReplay(report, optionsFor(process.stdout)));
      // Whoever goes on from here (`&& …`) must not take a part for the whole.
      return stopping.aborted && report.remaining > 0 ? EXIT.failed : EXIT.done;
    } catch (error) {
      progress.end();
      throw asked.apply ? resumable(error) : error;
    } finally {
      await judges.close();
    }
  });
}

function resumable(error: unknown): unknown {
  if (!(error instanceof MailcaseError) || !RESUMABLE.has(error.code)) return error;
  const hint = 'What was replayed stays; the same command goes on from there.';
  return new MailcaseError(error.code, `${errorMessage(error)}\n${hint}`, { cause: error });
}

/** @throws MailcaseError `usage` with everything that cannot be understood */
function requestFrom(options: ReplayOptions): Omit<ReplayRequest, 'caseId'> {
  const { mailbox, limit } = options;
  const reader = new OptionReader();
  const { problems } = reader;
  const since = reader.moment('since', options.since);
  const until = reader.end('until', options.until);
  if (limit !== undefined && !/^[1-9]\d{0,9}$/.test(limit)) {
    problems.push('--limit is no number of mails: write it in digits, e.g. 1000');
  }
  if (since && until && since >= until)
    problems.push('--since is not before --until, so no mail can be meant');
  if (options.case?.trim() === '')
    problems.push('--case is empty: give the number of a case, or its external id');
  reader.finish();
  const actor = actorFor(options.by);
  const most = limit === undefined ? undefined : Number(limit);
  return { mailbox, since, until, rule: options.rule, limit: most, apply: options.apply === true, actor };
}

/** A rule that is gone takes nothing back, so there is nothing to replay for it. @throws MailcaseError `usage` */
function assertRule(rules: readonly RuleConfig[], name: string | undefined): void {
  const names = rules.map((rule) => rule.name);
  if (name === undefined || names.includes(name)) return;
  const meant = nearest(name, names);
  const there =
    names.length === 0
      ? 'there are no rules in the configuration'
      : `give --rule with one of ${listed(names)}`;
  throw new MailcaseError(
    'usage',
    `there is no rule ${harmless(name)}: ${meant === undefined ? there : `did you mean ${meant}?`}`,
  );
}

/** The case with this number, or else with this external id. */
async function caseNamed(db: Database, given: string | undefined): Promise<number | undefined> {
  if (given === undefined) return undefined;
  const id = idIn(given);
  const names: CaseName[] = [...(id === undefined ? [] : [{ id }]), { externalId: given }];
  for (const name of names) {
    const found = await findCase(db, name);
    if (found) return found.id;
  }
  throw new MailcaseError(
    'act_refused',
    `there is no case with the number or the external id ${harmless(given)}`,
  );
}
