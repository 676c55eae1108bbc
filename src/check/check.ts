import type { Config, MailboxConfig } from '../config/schema.ts';
import { placeOf } from '../db/place.ts';
import { alertFindings } from './alert.ts';
import { configFindings } from './config.ts';
import { lookAtDatabase } from './database.ts';
import { databaseFindings } from './database-findings.ts';
import { type Finding, isGood } from './finding.ts';
import { planText } from './folder-findings.ts';
import { checkMailbox, type MailboxFacts } from './mailbox.ts';
import { ALERT_RIGHTS, LOGIN_RIGHTS, type WantedRight } from './rights.ts';

export interface CheckRequest {
  readonly config: Config;
  /** Where the configuration was read from. */
  readonly file: string;
  /** Those that are looked at. */
  readonly mailboxes: readonly MailboxConfig[];
  /** How many messages of each are sampled; undefined for none. */
  readonly sample: number | undefined;
  /** How much of all samples has been read. */
  readonly onProgress: (done: number, total: number) => void;
}

export interface CheckReport {
  /** Whether nothing would keep the daemon from working. */
  readonly ok: boolean;
  readonly findings: readonly Finding[];
  readonly mailboxes: readonly MailboxReport[];
}

/** A mailbox in numbers, for programs. */
type MailboxReport = ReturnType<typeof reportOf>;

/** Looks at everything that the daemon needs, mailboxes side by side, and changes nothing. */
export async function check(request: CheckRequest): Promise<CheckReport> {
  const { config, mailboxes, file, sample } = request;
  const { looked, db, close } = await lookAtDatabase(config.database, rightsFor(config));
  try {
    const onProgress = summedUp(request.onProgress);
    const facts = await Promise.all(
      mailboxes.map((mailbox) => checkMailbox({ config, db, sample, onProgress }, mailbox)),
    );
    const findings = [
      ...configFindings(config, mailboxes, file, sample !== undefined),
      ...alertFindings(config),
      ...databaseFindings(
        looked,
        placeOf({ url: config.database.url ?? '', folder: config.database.embedded }),
      ),
      ...facts.flatMap((each) => each.findings),
    ];
    return { ok: isGood(findings), findings, mailboxes: facts.map(reportOf) };
  } finally {
    await close();
  }
}

/** Adds up what several mailboxes tell of their progress. */
function summedUp(onProgress: CheckRequest['onProgress']): CheckRequest['onProgress'] {
  let done = 0;
  let total = 0;
  return (more, moreInAll) => {
    done += more;
    total += moreInAll;
    onProgress(done, total);
  };
}

function reportOf({ mailbox, polled, server, folders, missing, sample }: MailboxFacts) {
  const { name, imap } = mailbox;
  return {
    name,
    host: imap.host,
    port: imap.port,
    user: imap.user,
    lastPolledAt: polled?.lastPolledAt ?? null,
    lastError: polled?.lastError ?? null,
    errorKind: polled?.errorKind ?? null,
    failingSince: polled?.failing?.since ?? null,
    failures: polled?.failing?.failures ?? 0,
    server: server ?? null,
    missingFolders: missing,
    folders: folders.map((facts) => ({
      path: facts.config.path,
      role: facts.config.role,
      select: facts.config.select,
      uidValidity: facts.found.uidValidity,
      // What only the database can say is null without it, and all that is selected is waiting, at most.
      isFirstContact: facts.record ? facts.found.isFirstContact : null,
      start: facts.record ? facts.found.start : null,
      messages: facts.uids.length,
      waiting: facts.waiting,
      left: facts.record?.left ?? null,
      unmarked: facts.record?.unmarked ?? null,
      plan: planText(facts, mailbox.processed),
      impossible: facts.marking.impossible,
    })),
    sample: sample ?? null,
  };
}

/** What the configuration wants of the database beside what every daemon does. */
function rightsFor({ mailboxes, alert }: Config): WantedRight[] {
  const storesLogins = mailboxes.some(({ imap }) => imap.oauth2?.flow === 'refresh_token');
  return [...(storesLogins ? LOGIN_RIGHTS : []), ...(alert === undefined ? [] : ALERT_RIGHTS)];
}
