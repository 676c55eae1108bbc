import { Allowance } from '../allowance.ts';
import { Logins, type MailboxLogins } from '../auth/logins.ts';
import type { Config, MailboxConfig } from '../config/schema.ts';
import type { Database } from '../db/connect.ts';
import { longestWait } from '../entering.ts';
import { MailcaseError } from '../errors.ts';
import { type ListedFolder, listFolders, type ServerInfo, serverInfo } from '../imap/server.ts';
import { inSession, type Session } from '../imap/session.ts';
import { type FoundMailbox, findMailbox } from '../record/polls.ts';
import { type Finding, mailboxSectionName, type Section, sectionOf } from './finding.ts';
import { type FolderFacts, readFolder } from './folder.ts';
import { folderFindings, missingFolder, sentFolderFindings } from './folder-findings.ts';
import { loginFindings } from './login-findings.ts';
import { Patience } from './patience.ts';
import { pollFindings } from './poll-findings.ts';
import { type Sample, takeSample } from './sample.ts';
import { sampleFindings } from './sample-findings.ts';
import { downloadFinding, failureFinding, serverFindings } from './server-findings.ts';

export interface MailboxCheck {
  readonly config: Config;
  /** To ask what was recorded; undefined where that cannot be asked. */
  readonly db: Database | undefined;
  /** How many messages are sampled; undefined for none. */
  readonly sample: number | undefined;
  /** How many messages were read more, of how many more to be read in all. */
  readonly onProgress: (done: number, total: number) => void;
}

/** What was found out about a mailbox; what stands in it was found before anything failed. */
export interface MailboxFacts {
  readonly mailbox: MailboxConfig;
  polled: FoundMailbox | undefined;
  server: ServerInfo | undefined;
  readonly folders: FolderFacts[];
  /** Paths of configured folders that cannot be opened. */
  readonly missing: string[];
  sample: Sample | undefined;
  readonly findings: Finding[];
}

/** Looks at one mailbox. Whatever goes wrong becomes a finding, so that no mailbox holds up another. */
export async function checkMailbox(check: MailboxCheck, mailbox: MailboxConfig): Promise<MailboxFacts> {
  const facts: MailboxFacts = {
    mailbox,
    polled: undefined,
    server: undefined,
    folders: [],
    missing: [],
    sample: undefined,
    findings: [],
  };
  const section = sectionOf(mailboxSectionName(mailbox.name));
  const waitMs = longestWait(mailbox);
  const patience = new Patience(waitMs);
  const logins = new Logins({ config: check.config, db: check.db });
  try {
    await lookAt(check, facts, section, patience, logins.of(mailbox));
  } catch (error) {
    const seconds = patience.signal.aborted ? waitMs / 1000 : undefined;
    facts.findings.push(failureFinding(section, mailbox, error, seconds));
  } finally {
    patience.end();
    await logins.close();
  }
  return facts;
}

async function lookAt(
  check: MailboxCheck,
  facts: MailboxFacts,
  section: Section,
  patience: Patience,
  logins: MailboxLogins,
): Promise<void> {
  const { mailbox, findings } = facts;
  if (check.db) {
    facts.polled = await findMailbox(check.db, mailbox.name);
    findings.push(...pollFindings(section, mailbox, check.config, facts.polled, new Date()));
  }
  const { imap, message_bytes } = mailbox;
  findings.push(...(await loginFindings(section, mailbox, logins, patience.signal)));
  await inSession(
    imap,
    message_bytes,
    () => {},
    patience.signal,
    logins,
    async (session) => {
      facts.server = serverInfo(session);
      findings.push(...serverFindings(section, mailbox, facts.server));
      const there = await listFolders(session);
      await lookAtFolders(check, facts, section, { session, patience, there });
      findings.push(...sentFolderFindings(mailbox, there));
      const allowance = check.db && new Allowance(check.db, mailbox);
      const used = await allowance?.used();
      if (used) findings.push(downloadFinding(section, used));
      if (check.sample !== undefined && !used?.waitsUntil) {
        const source = { session, there, onAnswer: () => patience.renew() };
        const take = () => takeSample(check, facts, source);
        facts.sample = allowance ? await allowance.during(session, [], take) : await take();
        findings.push(...sampleFindings(facts.sample));
      }
      await session.logout();
    },
  );
}

async function lookAtFolders(
  { db }: MailboxCheck,
  facts: MailboxFacts,
  section: Section,
  { session, patience, there }: { session: Session; patience: Patience; there: readonly ListedFolder[] },
): Promise<void> {
  const { mailbox, polled, findings } = facts;
  const context = { session, db, mailbox, mailboxId: polled?.id };
  for (const folder of mailbox.folders) {
    patience.renew();
    try {
      const read = await readFolder(context, folder);
      facts.folders.push(read);
      findings.push(...folderFindings(section, read, mailbox.processed));
    } catch (error) {
      if (!(error instanceof MailcaseError) || error.code !== 'imap_folder_missing') throw error;
      facts.missing.push(folder.path);
      findings.push(missingFolder(section, folder.path, error, there));
    }
  }
}
