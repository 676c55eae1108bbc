import { setTimeout as sleep } from 'node:timers/promises';
import { MailcaseError } from '../errors.ts';
import { aborted, unlessAborted } from '../waiting.ts';
import { MailboxPolls, type PollEnd } from './mailbox-polls.ts';
import type { DaemonParts } from './parts.ts';
import { closeShared, endOrCut, shareParts } from './shared-parts.ts';

/** How often it is asked whether another daemon has ended, in milliseconds. */
const ASK_MS = 500;

/**
 * Polls each mailbox until nothing is left, all at the same time.
 *
 * @param onDump is given what says in the log what is being done
 * @returns how many could not be polled
 */
export async function runOnce(
  parts: DaemonParts,
  stopping: AbortSignal,
  onDump: (say: () => void) => void = () => {},
): Promise<number> {
  const { config, log } = parts;
  const cutting = new AbortController();
  // Whoever waits for the end wants to hear it, also where there was nothing to do.
  const shared = shareParts(parts, { stopping, cutting: cutting.signal }, 'info');
  const mailboxes = config.mailboxes.map((mailbox) => new MailboxPolls(shared, mailbox));
  onDump(() => {
    for (const { log, progress } of mailboxes)
      log.info({ doing: progress.now() }, 'what the mailbox is doing');
  });
  const polls = Promise.all(
    mailboxes.map(async (each) => {
      try {
        return await pollUntilDone(each, config.lease, stopping);
      } catch (error) {
        each.log.error({ err: error }, 'poll failed');
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
    await closeShared(shared);
  }
}

/** @returns whether all went well */
async function pollUntilDone(polls: MailboxPolls, leaseMs: number, stopping: AbortSignal): Promise<boolean> {
  let waitsSince: number | undefined;
  for (;;) {
    const end: PollEnd = await polls.poll();
    if ('heldBy' in end) {
      const { name, leftMs } = end.heldBy;
      waitsSince ??= performance.now();
      // One that was killed is not heard of again; who still is there after a whole lease is alive.
      if (performance.now() - waitsSince > leaseMs + ASK_MS) throw leased(name);
      await unlessAborted(sleep(Math.min(leftMs, ASK_MS)), stopping);
      if (stopping.aborted) return false;
    } else {
      waitsSince = undefined;
      if (end.isSlowed && end.more) throw slowedDown();
      if (!end.more) return end.problem === undefined;
    }
  }
}

function slowedDown(): MailcaseError {
  return new MailcaseError(
    'imap_throttled',
    'the server asks to slow down, so what is left waits for the next poll; what was read is recorded',
  );
}

function leased(holder: string): MailcaseError {
  return new MailcaseError(
    'mailbox_leased',
    `the daemon ${holder} (host:process:number) polls this mailbox: it takes the mail, or is to be stopped first`,
  );
}
