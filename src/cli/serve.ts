import { setTimeout as sleep } from 'node:timers/promises';
import { type AlarmSetup, Alarms } from '../alert/alarms.ts';
import type { MailboxFacts } from '../alert/observe.ts';
import type { LoadedConfig } from '../config/load.ts';
import { waitingFacts } from '../daemon/alarm-facts.ts';
import { type Daemon, startDaemon } from '../daemon.ts';
import { assertReachable, type Database } from '../db/connect.ts';
import { endingWith } from '../db/ending.ts';
import { assertSchemaCurrent } from '../db/migrate.ts';
import { openDatabase } from '../db/open.ts';
import { MailcaseError } from '../errors.ts';
import type { ChangingMask, Log } from '../observe/log.ts';
import { watchMainThread } from '../observe/main-thread.ts';
import { readableSince } from '../observe/standing.ts';
import { serviceManagerOf } from '../observe/systemd.ts';
import { backoffMs } from '../scheduler/backoff.ts';
import { unlessAborted, within } from '../waiting.ts';
import { Heartbeat } from './heartbeat.ts';
import { prepareReload, type Setup } from './reload.ts';
import { type DaemonSignals, daemonSignals, onDumpSignal } from './signals.ts';

/** How long a stop waits for a reload to give back what it is about to open, in milliseconds: less than Heartbeat grants. */
const GIVE_BACK_MS = 20_000;

/** The daemon's life: it waits for its database, polls, loads its configuration anew when asked to, and stops. */
export async function serve(loaded: LoadedConfig, log: Log, mask: ChangingMask): Promise<void> {
  const heartbeat = new Heartbeat(serviceManagerOf(process.env, log), mask.mask);
  const signals = daemonSignals(log);
  heartbeat.begin();
  const database = await openDatabase(loaded.config.database);
  const service = new Service(log, mask, signals, heartbeat, { loaded, database });
  const watch = watchMainThread({
    doing: () => mask.mask(service.doing()),
    onLost: (err) => log.warn({ err }, 'nothing watches the main thread any more'),
  });
  try {
    await service.run();
  } finally {
    await service.close();
    heartbeat.end();
    await watch.end();
  }
}

class Service {
  private readonly log: Log;
  private readonly mask: ChangingMask;
  private readonly signals: DaemonSignals;
  private readonly heartbeat: Heartbeat;
  private readonly alarms: Alarms;
  /** In force. */
  private setup: Setup;
  /** When the waiting for the database began. */
  private waitsSince: Date | undefined;
  /** What polls, as soon as something does. */
  private daemon: Daemon | undefined;
  /** What the last reload makes or has made: in force too, refused, or overtaken by a stop. */
  private prepared: Promise<Setup | undefined> = Promise.resolve(undefined);

  constructor(log: Log, mask: ChangingMask, signals: DaemonSignals, heartbeat: Heartbeat, setup: Setup) {
    this.log = log;
    this.mask = mask;
    this.signals = signals;
    this.heartbeat = heartbeat;
    this.setup = setup;
    this.alarms = new Alarms(alarmSetupOf(setup), log, mask.mask);
  }

  async run(): Promise<void> {
    const { stop } = this.signals;
    onDumpSignal(() => this.dump());
    const sayStopping = () => this.heartbeat.stopping(this.setup.loaded.config.stop_timeout);
    if (stop.aborted) sayStopping();
    else stop.addEventListener('abort', sayStopping, { once: true });
    this.alarms.begin();
    if (await this.reachDatabase()) await this.pollUntilStopped();
  }

  async close(): Promise<void> {
    await this.alarms.stop();
    await Promise.all([this.setup.database.close(), within(this.closeUnused(), GIVE_BACK_MS)]);
  }

  /** A stop that overtakes a reload leaves it a database that nobody uses: an embedded server would outlive us. */
  private async closeUnused(): Promise<void> {
    const database = (await this.prepared)?.database;
    if (database !== this.setup.database) await database?.close();
  }

  /** A daemon that starts before its database, as after a power cut, waits for it. @returns false when stopped meanwhile */
  private async reachDatabase(): Promise<boolean> {
    const { stop, reloads } = this.signals;
    const since = new Date();
    this.waitsSince = since;
    const began = performance.now();
    for (let failures = 1; !stop.aborted; failures += 1) {
      const error = await Promise.race([this.problem(), reloads.wait()]);
      if (stop.aborted) break;
      if (reloads.take()) {
        await this.reload(false);
        failures = 0;
        continue;
      }
      if (error === undefined) {
        const waitedMs = Math.round(performance.now() - began);
        if (failures > 1) this.log.info({ failures: failures - 1, waitedMs }, 'database reached');
        return true;
      }
      const restMs = backoffMs(this.setup.loaded.config.backoff, failures);
      this.log.error({ err: error, failures, restMs }, 'database not reached');
      const waiting = { since, failures, error };
      this.alarms.follow(() => this.waitingFacts(waiting));
      this.heartbeat.waits(
        `waiting for the database since ${readableSince(since, new Date())}, the log says why`,
      );
      await pauseUnless(reloads.wait(), restMs);
    }
    this.log.info('stopped');
    return false;
  }

  /** Mailboxes are not polled meanwhile, and people want to know. */
  private waitingFacts(waiting: { since: Date; failures: number; error: unknown }): MailboxFacts[] {
    const { config } = this.setup.loaded;
    const names = config.mailboxes.map(({ name }) => name);
    return waitingFacts(names, waiting, { limits: config.unhealthy, mask: this.mask.mask });
  }

  /** A server that keeps silent must not hold up the end. */
  private problem(): Promise<unknown> {
    const { db } = this.setup.database;
    return endingWith(this.signals.stop, () => problemWith(db));
  }

  private async pollUntilStopped(): Promise<void> {
    const { stop, reloads } = this.signals;
    let daemon = this.startPolling();
    for (;;) {
      await reloads.wait();
      if (stop.aborted) break;
      reloads.take();
      daemon = await this.reloadWhilePolling(daemon);
    }
    await daemon.stop();
    this.log.info('stopped');
  }

  /** No mail is handled by half of each configuration: the polls of the old one end before those of the new one begin. */
  private async reloadWhilePolling(daemon: Daemon): Promise<Daemon> {
    this.heartbeat.reloading();
    const isTaken = await this.reload(true, daemon);
    if (this.signals.stop.aborted) return daemon;
    const polling = isTaken ? this.startPolling() : daemon;
    this.heartbeat.reloaded(!isTaken);
    return polling;
  }

  /** @param daemon what polls, and is ended before the new configuration is in force. @returns whether that is so */
  private async reload(isReached: boolean, daemon?: Daemon): Promise<boolean> {
    const { stop } = this.signals;
    this.prepared = prepareReload({ ...this.setup, isReached }, this.log, this.mask, stop);
    const next = await unlessAborted(this.prepared, stop);
    if (!next) return false;
    await daemon?.stop();
    if (stop.aborted) return false;
    const { database } = this.setup;
    this.setup = next;
    await this.alarms.change(alarmSetupOf(next));
    if (database !== next.database) await database.close();
    this.log.level = next.loaded.config.log.level;
    this.log.info('the new configuration is in force');
    return true;
  }

  /** What an operator wants to know of a daemon that seems to hang, with what only the process itself can say. */
  private dump(): void {
    const { rss, heapUsed } = process.memoryUsage();
    const megabytes = (bytes: number) => Math.round(bytes / 1e6);
    this.log.info(
      {
        ...{ uptimeS: Math.round(process.uptime()), rssMb: megabytes(rss), heapMb: megabytes(heapUsed) },
        ...(this.daemon === undefined && { waitsFor: 'the database', waitsSince: this.waitsSince }),
      },
      'what the daemon is doing',
    );
    this.daemon?.dump();
  }

  /** The same in short, for whoever finds the main thread hanging. */
  doing(): string {
    return this.daemon?.doing() ?? 'waiting for the database';
  }

  private startPolling(): Daemon {
    const { loaded, database } = this.setup;
    const daemon = startDaemon({
      config: loaded.config,
      db: database.db,
      log: this.log,
      mask: this.mask.mask,
    });
    this.heartbeat.polls(daemon.health);
    this.alarms.follow(daemon.alarmFacts);
    this.daemon = daemon;
    return daemon;
  }
}

function alarmSetupOf({ loaded: { config }, database: { db } }: Setup): AlarmSetup {
  return { alert: config.alert, mailboxes: config.mailboxes.map(({ name }) => name), db };
}

/** @throws what waiting does not mend: tables of another version */
async function problemWith(db: Database): Promise<unknown> {
  try {
    await assertReachable(db);
    await assertSchemaCurrent(db);
    return undefined;
  } catch (error) {
    if (error instanceof MailcaseError && !error.temporary) throw error;
    return error;
  }
}

async function pauseUnless(event: Promise<void>, ms: number): Promise<void> {
  const timer = new AbortController();
  await Promise.race([event, sleep(ms, undefined, { signal: timer.signal }).catch(() => {})]);
  timer.abort();
}
