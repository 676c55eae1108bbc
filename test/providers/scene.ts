import type { ImapFlow } from 'imapflow';
import { pino } from 'pino';
import { Logins } from '../../src/auth/logins.ts';
import type { MailboxConfig } from '../../src/config/schema.ts';
import type { Database } from '../../src/db/connect.ts';
import { importMail } from '../../src/import-mail.ts';
import { Progress } from '../../src/observe/progress.ts';
import { createOnce, Suspects } from '../../src/poll-context.ts';
import type { MailboxContext } from '../../src/poll-mailbox.ts';
import { deliver } from '../support/deliver.ts';
import { contentOf, seenUids, withClient } from '../support/imap-client.ts';
import { mail } from '../support/mail.ts';
import { judges, poll, RECORDING, rows } from '../support/poll.ts';
import type { ServerLike } from '../support/providers.ts';

/** Makes folders, as a person does. */
export async function foldersMade(like: ServerLike, user: string, folders: readonly string[]): Promise<void> {
  if (folders.length === 0) return;
  const make = async (client: ImapFlow) => {
    for (const folder of folders) await client.mailboxCreate(folder);
  };
  await withClient(user, make, { server: like.dovecot });
}

/** A user's mailbox, the polls of it, and what has become of its mail. */
export class Scene {
  readonly user: string;
  readonly mailbox: MailboxConfig;
  private readonly db: Database;
  private readonly like: ServerLike;
  private readonly lines: Record<string, unknown>[] = [];
  /** What a daemon remembers from poll to poll. */
  private readonly memory: Pick<MailboxContext, 'log' | 'once' | 'suspects'>;

  constructor(db: Database, like: ServerLike, user: string, mailbox: MailboxConfig) {
    this.db = db;
    this.like = like;
    this.user = user;
    this.mailbox = mailbox;
    const log = pino({ level: 'info' }, { write: (line: string) => this.lines.push(JSON.parse(line)) });
    this.memory = { log, once: createOnce(), suspects: new Suspects() };
  }

  get customer(): string {
    return `c-${this.like.name}-${this.user.replace('@example.com', '@customer.example')}`;
  }

  /** Mail comes in; a customer for each, so that none of it is a flood. */
  arrive(...subjects: string[]): Promise<void> {
    const mails = subjects.map((subject, i) =>
      mail({ From: `${i % 20}${this.customer}`, To: this.user, Subject: subject }),
    );
    return deliver(this.like.dovecot, this.user, mails);
  }

  /** Mail with these bodies. */
  arriveWith(bodies: readonly string[]): Promise<void> {
    const mails = bodies.map((body) => mail({ From: this.customer, To: this.user, Subject: 'x' }, body));
    return deliver(this.like.dovecot, this.user, mails);
  }

  /** What somebody of the company wrote to the customer. */
  answer(subject: string): string {
    return mail({ From: this.user, To: this.customer, Subject: subject });
  }

  poll() {
    return poll(this.db, this.mailbox, this.memory);
  }

  /** What `mailcase import` does. */
  importOld() {
    const never = new AbortController().signal;
    return importMail(
      {
        ...{ db: this.db, mailbox: this.mailbox, recording: RECORDING, judges, progress: new Progress() },
        ...{ ...this.memory, logins: new Logins({ config: { token_key: undefined }, db: this.db }) },
        ...{ stopping: never, cutting: never },
      },
      { folders: [], since: undefined, until: undefined, limit: undefined, status: 'closed' },
      { onProgress: () => {}, onWaiting: () => {} },
    );
  }

  /** Polls until a poll was good: a mail at which the connection broke comes alone next time. */
  async pollToEnd(): Promise<void> {
    for (let i = 0; ; i += 1) {
      try {
        await this.poll();
        return;
      } catch (error) {
        if (i === 5) throw error;
      }
    }
  }

  /** The lines of the log of what cannot be marked. */
  warned() {
    return this.lines.filter(({ msg }) => msg === 'processed mail cannot be marked as configured');
  }

  content(path = 'INBOX') {
    return contentOf(this.user, { path, server: this.like.dovecot });
  }

  seen(path = 'INBOX') {
    return seenUids(this.user, { path, server: this.like.dovecot });
  }

  reads(set: number | string) {
    return this.directly((client) => client.messageFlagsAdd(String(set), ['\\Seen'], { uid: true }));
  }

  /** Works on the mailbox as a person does, beside mailcase. */
  directly<T>(work: Parameters<typeof withClient<T>>[1]): Promise<T> {
    return withClient(this.user, work, { server: this.like.dovecot });
  }

  query<T = Record<string, unknown>>(sql: string): Promise<T[]> {
    return rows<T>(this.db, sql, [`${this.user}@127.0.0.1`]);
  }

  async subjects(): Promise<string[]> {
    const found = await this.query<{ subject: string }>(
      `select i.subject from interactions i join folders f on f.id = i.folder_id where f.account = ? order by i.id`,
    );
    return found.map(({ subject }) => subject);
  }

  /** What was recorded, and waits to be marked. */
  unmarked() {
    return this.query(
      `select r.uid from receipts r join folders f on f.id = r.folder_id where f.account = ? and r.processed_at is null
         and r.uid_validity = f.uid_validity`,
    );
  }
}
