import { once } from 'node:events';
import { rename, writeFile } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach } from 'vitest';
import { connectDatabase, type Transaction } from '../../src/db/connect.ts';
import type { TestDatabase } from './database.ts';
import { mail } from './mail.ts';
import { type Running, startMailcase, writeConfig } from './mailcase.ts';
import { rows } from './poll.ts';

/** What the log says at the end of a reload. */
export const TAKEN = 'the new configuration is in force';
export const REFUSED = 'the new configuration is refused, the one in force stays';

export interface DaemonOptions {
  readonly config?: Record<string, unknown>;
  readonly env?: NodeJS.ProcessEnv;
}

export interface Daemons {
  /** What else has to be undone after the test. */
  readonly undo: (() => Promise<unknown>)[];
  /** A configuration with a poll each second. */
  configFile(mailboxes: readonly unknown[], more?: Record<string, unknown>): Promise<string>;
  /** The same at the place of one that was made before. */
  rewrite(file: string, mailboxes: readonly unknown[], more?: Record<string, unknown>): Promise<void>;
  /** `mailcase run`, ended with the test however that ends. */
  start(mailboxes: readonly unknown[], options?: DaemonOptions): Promise<Running & { file: string }>;
  /** Nobody can write to a table until `release`: a poll stands in the middle of its batch. */
  holdUp(table: string, mode?: string): Promise<{ waiting(): Promise<boolean>; release(): Promise<void> }>;
  /** A server that accepts connections and never says a word. */
  silentServer(): Promise<{ port: number; accepted(): number }>;
}

/** What the daemon's tests start; all of it ends with each test. */
export function useDaemons(database: TestDatabase): Daemons {
  const undo: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (const each of undo.splice(0).reverse()) await each();
  });

  const content = (mailboxes: readonly unknown[], more: Record<string, unknown> = {}) => ({
    database: { url: database.url },
    schedule: '* * * * * *',
    lease: '2s',
    backoff: { first: '100ms', longest: '200ms' },
    mailboxes,
    ...more,
  });

  const configFile: Daemons['configFile'] = async (mailboxes, more) => {
    const config = await writeConfig(content(mailboxes, more));
    undo.push(config.remove);
    return config.file;
  };

  return {
    undo,
    configFile,
    rewrite: async (file, mailboxes, more) => {
      // In one step: the daemon may be reading it.
      await writeFile(`${file}.new`, JSON.stringify(content(mailboxes, more)));
      await rename(`${file}.new`, file);
    },
    start: async (mailboxes, { config, env } = {}) => {
      const file = await configFile(mailboxes, config);
      const running = startMailcase(['run', '--config', file], env);
      undo.push(() => {
        running.child.kill('SIGKILL');
        return running.finished;
      });
      return { ...running, file };
    },
    holdUp: async (table, mode = 'share') => {
      // As long as the test wants, which may be longer than a transaction of ours may wait.
      const db = connectDatabase(database.url, 1, { patient: true });
      const trx: Transaction = await db.transaction();
      await trx.raw(`lock table ${table} in ${mode} mode`);
      let released: Promise<void> | undefined;
      const release = () => {
        released ??= (async () => {
          await trx.rollback();
          await db.destroy();
        })();
        return released;
      };
      undo.push(release);
      const waiting = async () => {
        const found = await rows(
          database.db,
          `select 1 from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()`,
        );
        return found.length > 0;
      };
      return { waiting, release };
    },
    silentServer: async () => {
      const sockets = new Set<Socket>();
      let accepted = 0;
      const server = createServer((socket) => {
        accepted += 1;
        sockets.add(socket.on('error', () => {}).once('close', () => sockets.delete(socket)));
      }).listen(0, '127.0.0.1');
      await once(server, 'listening');
      undo.push(async () => {
        for (const socket of sockets) socket.destroy();
        await new Promise((resolve) => server.close(resolve));
      });
      const address = server.address();
      return {
        port: address !== null && typeof address !== 'string' ? address.port : 0,
        accepted: () => accepted,
      };
    },
  };
}

/** On a machine that is busy with other tests, a daemon has been seen to take 20 s to start. In milliseconds. */
const PATIENCE_MS = 60_000;

/** Waits until something is so. @param everyMs how often is looked */
export async function until(
  look: () => Promise<boolean> | boolean,
  what: string,
  everyMs = 50,
): Promise<void> {
  const deadline = Date.now() + PATIENCE_MS;
  while (!(await look())) {
    if (Date.now() > deadline) throw new Error(`not within ${PATIENCE_MS / 1000} s: ${what}`);
    await sleep(everyMs);
  }
}

/** The subjects that a mailbox's mail was recorded with, and whether it was marked. */
export function subjectsOf({ db }: TestDatabase, name: string): Promise<unknown[]> {
  return rows(
    db,
    `select i.subject, r.processed_at is not null as marked
     from interactions i join receipts r on r.interaction_id = i.id
       join folders f on f.id = r.folder_id join mailboxes m on m.id = f.mailbox_id
     where m.name = ? order by i.id`,
    [name],
  );
}

export function messageFor(user: string, subject: string): string {
  return mail({ From: 'joe@customer.example', To: user, Subject: subject });
}
