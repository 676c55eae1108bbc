import type { Config, MailboxConfig } from './config/schema.ts';
import type { Database } from './db/connect.ts';
import { errorText } from './db/refusal.ts';
import { Judges } from './judge/judges.ts';
import type { Log } from './observe/log.ts';
import type { MailboxHealth } from './observe/standing.ts';
import { createOnce, type Once, type PollReport, Suspects } from './poll-context.ts';
import { pollMailbox } from './poll-mailbox.ts';
import { notePoll } from './record/folders.ts';
import { Releasers } from './releasers.ts';
import { MailboxRunner, type Outage } from './scheduler/mailbox-runner.ts';
import { every } from './scheduler/schedule.ts';
import { aborted, within } from './waiting.ts';

export interface DaemonParts {
  readonly config: Config;
  readonly db: Database;
  readonly log: Log;
  /** Blanks secrets out of a text that is kept: a server's answer may quote the login. */
  readonly mask: (text: string) => string;
}

export interface Daemon {
  /** How each mailbox stands at this moment. */
  health(): readonly MailboxHealth[];
  /** Finishes the batches in hand, within stop_timeout; then cuts what is still under way. */
  stop(): Promise<void>;
}

/** After the connections are cut, what hangs has this long to notice, in milliseconds. */
const CUT_GRACE_MS = 5_000;

/** Starts polling all mailboxes, each by its schedule and each at once for the first time. */
export function startDaemon(parts: DaemonParts): Daemon {
  const { config, log } = parts;
  const stopping = new AbortController();
  const cutting = new AbortController();
  const releasers = new Releasers((part, error) => log.error({ part, err: error }, 'stopping a part failed'));
  const judges = new Judges(config);
  const runners = config.mailboxes.map((mailbox) => {
    const context = partsOf(parts, mailbox, judges, stopping.signal, cutting.signal);
    const runner = new MailboxRunner(() => pollOnce(context), config.backoff, {
      onSkipped: (reason) => context.log.debug({ reason }, 'tick skipped'),
      onFailed: (error, failures, restMs) =>
        context.log.error({ err: error, failures, restMs }, 'poll failed'),
      onRecovered: (outage) => noteRecovery(context, outage),
    });
    releasers.add(
      `schedule of ${mailbox.name}`,
      every(mailbox.schedule, () => runner.tick()),
    );
    runner.tick();
    return { mailbox, runner };
  });
  log.info({ mailboxes: runners.length }, 'polling');

  return {
    health: () => runners.map(({ mailbox, runner }) => healthOf(mailbox, runner)),
    stop: async () => {
      stopping.abort();
      await releasers.releaseAll();
      const idle = Promise.all(runners.map(({ runner }) => runner.stop()));
      await endOrCut(idle, config, cutting, log);
      await judges.close();
    },
  };
}

function healthOf({ name, poll_timeout }: MailboxConfig, runner: MailboxRunner): MailboxHealth {
  const { tried, failingSince, pollingMs } = runner.state();
  return { name, tried, failingSince, overdueMs: Math.max(0, pollingMs - poll_timeout) };
}

/** Polls each mailbox until nothing is left, all at the same time. @returns how many could not be polled */
export async function runOnce(parts: DaemonParts, stopping: AbortSignal): Promise<number> {
  const { config, log } = parts;
  const cutting = new AbortController();
  const judges = new Judges(config);
  const polls = Promise.all(
    config.mailboxes.map(async (mailbox) => {
      // Whoever waits for the end wants to hear it, also where there was nothing to do.
      const context = {
        ...partsOf(parts, mailbox, judges, stopping, cutting.signal),
        idleLevel: 'info' as const,
      };
      try {
        let last = await pollOnce(context);
        while (last.more) last = await pollOnce(context);
        return last.problem === undefined;
      } catch (error) {
        context.log.error({ err: error }, 'poll failed');
        return false;
      }
    }),
  );
  const failuresOf = (results: readonly boolean[]) => results.filter((good) => !good).length;
  try {
    await Promise.race([polls, aborted(stopping)]);
    if (!stopping.aborted || (await endOrCut(polls, config, cutting, log))) return failuresOf(await polls);
    return config.mailboxes.length;
  } finally {
    await judges.close();
  }
}

/** Waits for polls that were told to stop; what takes longer than stop_timeout is cut off. @returns whether all ended */
async function endOrCut(
  polls: Promise<unknown>,
  config: Config,
  cutting: AbortController,
  log: Log,
): Promise<boolean> {
  if (await within(polls, config.stop_timeout)) return true;
  log.warn({ stopTimeoutMs: config.stop_timeout }, 'a batch did not end in time and is cut off');
  cutting.abort();
  return within(polls, CUT_GRACE_MS);
}

interface MailboxParts extends DaemonParts {
  readonly mailbox: MailboxConfig;
  readonly judges: Judges;
  readonly once: Once;
  readonly suspects: Suspects;
  readonly stopping: AbortSignal;
  readonly cutting: AbortSignal;
  /** Problems that were said, and have not been mended since. */
  readonly complaints: Set<string>;
  /** How loud a poll is that found nothing to do. */
  readonly idleLevel: 'debug' | 'info';
}

/** What the polls of one mailbox share, from the first to the last. */
function partsOf(
  parts: DaemonParts,
  mailbox: MailboxConfig,
  judges: Judges,
  stopping: AbortSignal,
  cutting: AbortSignal,
): MailboxParts {
  const log = parts.log.child({ mailbox: mailbox.name });
  const memory = { once: createOnce(), suspects: new Suspects(), complaints: new Set<string>() };
  return { ...parts, log, mailbox, judges, ...memory, stopping, cutting, idleLevel: 'debug' };
}

async function pollOnce({
  config,
  db,
  mask,
  log,
  mailbox,
  judges,
  once,
  suspects,
  stopping,
  cutting,
  complaints,
  idleLevel,
}: MailboxParts): Promise<{ more: boolean; problem: Error | undefined }> {
  const started = performance.now();
  const context = { db, mailbox, recording: config, judges, log, once, suspects, stopping, cutting };
  try {
    const { problem, ...report } = await pollMailbox(context);
    await notePoll(db, mailbox.name, problem === undefined ? null : mask(problem.message));
    noteReport(log, report, performance.now() - started, idleLevel);
    // The folders that are there are polled on time, so this is no failure that the mailbox has to rest from.
    if (problem) noteProblem(problem, complaints, log);
    else complaints.clear();
    return { more: report.left > 0 && !stopping.aborted, problem };
  } catch (error) {
    // The database may be what failed; the log has the error in any case.
    await notePoll(db, mailbox.name, mask(errorText(error))).catch(() => {});
    throw error;
  }
}

/** Said once until it is mended: each poll would find it again. */
function noteProblem(problem: Error, complaints: Set<string>, log: Log): void {
  if (!complaints.has(problem.message)) log.error({ err: problem }, 'a part of the poll failed');
  complaints.add(problem.message);
}

/** The failures are errors in the log, so their end is said where they are seen. */
function noteRecovery({ log }: MailboxParts, { kind, failures, lastedMs }: Outage): void {
  log.info({ failures, lastedMs }, kind === 'poll' ? 'polls work again' : 'all parts of the poll work again');
}

function noteReport(log: Log, report: PollReport, ms: number, idleLevel: 'debug' | 'info'): void {
  // Zeros tell nothing, and a terminal shows a line for each.
  const counts = Object.entries(report).filter(([name, count]) => count > 0 || name === 'found');
  const fields = { ...Object.fromEntries(counts), ms: Math.round(ms) };
  const { recorded, duplicates, quarantined, skipped, markedLate } = report;
  const didSomething = report.found > 0 && recorded + duplicates + quarantined + skipped + markedLate > 0;
  log[didSomething ? 'info' : idleLevel](fields, 'poll done');
  if (quarantined > 0)
    log.warn({ quarantined, cure: '`mailcase quarantine list` shows them' }, 'messages are in quarantine');
  if (report.notReady > 0)
    log.warn({ notReady: report.notReady }, 'the server did not hand out some messages yet');
}
