import { type ConfigFile, type Running, startMailcase, writeConfig } from '../support/mailcase.ts';
import type { Evidence } from './evidence.ts';
import { NO_FLOOD } from './history.ts';
import { LogWatch } from './log-watch.ts';

/** One daemon of several. */
export interface Member {
  readonly name: string;
  readonly running: Running;
  readonly log: LogWatch;
  /** By which the leases are its. */
  holder(): string | undefined;
}

/** Daemons that run beside each other. */
export interface Fleet {
  start(name: string, mailboxes: readonly unknown[], more?: Record<string, unknown>): Promise<Member>;
  /** Ends all that still run. */
  close(): Promise<void>;
}

/** How the daemons run: they poll each second, and each poll is in the log. */
const CONFIG = {
  schedule: '* * * * * *',
  lease: '1s',
  backoff: { first: '100ms', longest: '200ms', credentials: '1s', throttled: '1s' },
  flood: { messages: NO_FLOOD.messages },
  log: { level: 'debug' },
};

/** @param url that of the database */
export function startFleet(url: string, { note }: Evidence): Fleet {
  const members: Member[] = [];
  const configs: ConfigFile[] = [];
  return {
    start: async (name, mailboxes, more = {}) => {
      const config = await writeConfig({ ...CONFIG, database: { url }, mailboxes, ...more });
      configs.push(config);
      const running = startMailcase(['run', '--config', config.file]);
      const log = new LogWatch(running);
      const holder = () => log.find(({ msg }) => msg === 'polling')?.holder;
      const member: Member = { name, running, log, holder };
      members.push(member);
      void running.finished.then(({ code, signal, stdout, stderr }) =>
        note(`${name}:\n${stdout}${stderr}${name} ended with ${code ?? signal}`),
      );
      return member;
    },
    close: async () => {
      for (const { running } of members) running.child.kill('SIGKILL');
      await Promise.all(members.map(({ running }) => running.finished));
      await Promise.all(configs.map(({ remove }) => remove()));
    },
  };
}
