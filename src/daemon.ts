import type { MailboxFacts } from './alert/observe.ts';
import type { MailboxConfig } from './config/schema.ts';
import { activityOf, activityText } from './daemon/activity.ts';
import { alarmFactsOf } from './daemon/alarm-facts.ts';
import { type HealthOptions, HealthTeller, healthOf } from './daemon/health.ts';
import { LoginNotice } from './daemon/login-notice.ts';
import { MailboxPolls } from './daemon/mailbox-polls.ts';
import type { DaemonParts } from './daemon/parts.ts';
import { closeShared, endOrCut, type SharedParts, shareParts } from './daemon/shared-parts.ts';
import type { Station } from './daemon/station.ts';
import { MailcaseError } from './errors.ts';
import { doingText } from './observe/progress.ts';
import type { MailboxHealth } from './observe/standing.ts';
import { Releasers } from './releasers.ts';
import { MailboxRunner, type Outage } from './scheduler/mailbox-runner.ts';
import { every } from './scheduler/schedule.ts';
import { Watchdog } from './scheduler/watchdog.ts';
import { within } from './waiting.ts';

export interface Daemon {
  /** How each mailbox stands at this moment. */
  health(): readonly MailboxHealth[];
  /** What alarms go by; what was noted of own mail is told once. */
  alarmFacts(): readonly MailboxFacts[];
  /** Says in the log what each mailbox is doing at this moment. */
  dump(): void;
  /** The same in a line. */
  doing(): string;
  /** Finishes the batches in hand, within stop_timeout; then cuts what is still under way. */
  stop(): Promise<void>;
}

/** Starts polling all mailboxes, each by its schedule and each at once for the first time. */
export function startDaemon(parts: DaemonParts): Daemon {
  const { config, log } = parts;
  const releasers = new Releasers((part, error) => log.error({ part, err: error }, 'stopping a part failed'));
  const stopping = new AbortController();
  const cutting = new AbortController();
  const shared = shareParts(parts, { stopping: stopping.signal, cutting: cutting.signal }, 'debug');
  releasers.add('threads and leases', () => closeShared(shared));
  const healthOptions = { limits: config.unhealthy, mask: parts.mask };
  const stations = config.mailboxes.map((mailbox) => startStation(mailbox, shared, healthOptions));
  releasers.add('polls', async () => {
    const ended = Promise.all(stations.map((station) => endStation(station, config.stop_timeout)));
    await endOrCut(ended, config, cutting, log);
  });
  for (const { mailbox, schedule, health, loginNotice } of stations) {
    releasers.add(`schedule of ${mailbox.name}`, () => schedule.end());
    releasers.add(`health of ${mailbox.name}`, async () => health.end());
    releasers.add(`logins of ${mailbox.name}`, async () => loginNotice.end());
  }
  const watchdog = watchOver(stations);
  releasers.add('watchdog', async () => watchdog.end());
  log.info({ mailboxes: stations.length, holder: shared.leases.holder }, 'polling');

  return {
    health: () => stations.map((station) => healthOf(station, healthOptions)),
    alarmFacts: () => stations.map((station) => alarmFactsOf(station, healthOptions)),
    dump: () => {
      for (const station of stations)
        station.polls.log.info(activityOf(station, healthOptions), 'what the mailbox is doing');
    },
    doing: () => stations.map(activityText).join(' | '),
    stop: async () => {
      stopping.abort();
      await releasers.releaseAll();
    },
  };
}

/** A station, and who looks at it between polls. */
type WatchedStation = Station & { readonly health: HealthTeller; readonly loginNotice: LoginNotice };

function startStation(mailbox: MailboxConfig, shared: SharedParts, options: HealthOptions): WatchedStation {
  const polls = new MailboxPolls(shared, mailbox, () => runner.wake());
  const runner: MailboxRunner = new MailboxRunner(() => polls.poll(), shared.config.backoff, {
    onSkipped: (reason) => polls.log.debug({ reason }, 'tick skipped'),
    onFailed: (error, failures, restMs) => {
      polls.log.error({ err: error, failures, restMs }, 'poll failed');
      health.look();
    },
    onSlowed: (restMs) => polls.log.warn({ restMs }, 'the server asks to slow down, so the mailbox rests'),
    onRecovered: (outage) => {
      noteRecovery(polls, outage);
      health.look();
    },
  });
  const schedule = every(mailbox.schedule, () => runner.tick());
  const station = { mailbox, polls, runner, schedule };
  const health = new HealthTeller(station, options);
  runner.tick();
  return { ...station, health, loginNotice: new LoginNotice(shared.db, station) };
}

/** A server that hears our farewell and does not answer is no reason to cut off a batch. */
async function endStation({ runner, polls }: Station, stopTimeoutMs: number): Promise<void> {
  await Promise.all([runner.stop(), within(polls.endWatches(), stopTimeoutMs / 2)]);
}

/** A silent hang is impossible: what does not get on is named, torn down and begun anew. */
function watchOver(stations: readonly Station[]): Watchdog {
  const watched = stations.map((station) => ({
    pollTimeoutMs: station.mailbox.poll_timeout,
    state: () => station.runner.state(),
    msToNextTick: () => station.schedule.msToNext(),
    onStuck: (pollingMs: number) => leaveStuck(station, pollingMs),
    onMissed: (lateMs: number) => {
      const fields = { lateMs: Math.round(lateMs) };
      station.polls.log.warn(fields, 'the schedule did not wake the mailbox, it is polled now');
      station.runner.tick();
    },
  }));
  return new Watchdog(watched);
}

function leaveStuck({ polls, runner }: Station, pollingMs: number): void {
  const doing = doingText(polls.progress.now());
  const error = new MailcaseError(
    'poll_stuck',
    `the poll was cut off and did not end, so it is left behind and begun anew; it was doing: ${doing}`,
    { fields: { pollingMs: Math.round(pollingMs) } },
  );
  polls.leaveBehind(error);
  runner.leaveBehind(error);
}

const RECOVERIES: Readonly<Record<Outage['kind'], string>> = {
  poll: 'polls work again',
  part: 'all parts of the poll work again',
  elsewhere: 'polls fail here no more, since another daemon makes them',
};

/** The failures are errors in the log, so their end is said where they are seen. */
function noteRecovery({ log }: MailboxPolls, { kind, failures, lastedMs }: Outage): void {
  log.info({ failures, lastedMs }, RECOVERIES[kind]);
}
