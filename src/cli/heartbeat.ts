import { type MailboxHealth, readableSince, standingLine } from '../observe/standing.ts';
import type { ServiceManager } from '../observe/systemd.ts';

/** How often is looked, in milliseconds; where a watchdog wants to hear more often, that often. */
const TICK_MS = 1_000;

/** As long as something that systemd limits is under way, its time is put off so often, by so much. In milliseconds. */
const EXTEND_EVERY_MS = 10_000;
const EXTEND_BY_MS = 60_000;

/** After stop_timeout: cutting connections, and closing those to the database. */
const STOP_GRACE_MS = 30_000;

type Phase = 'starting' | 'ready' | 'reloading' | 'stopping';

/**
 * Tells the service manager how things stand. READY when every mailbox has been tried. The last sign of life is given
 * when a poll outruns its poll_timeout, so that the watchdog ends us when it has done so by the watchdog's time.
 */
export class Heartbeat {
  private readonly manager: ServiceManager;
  private readonly mask: (text: string) => string;
  private timer: NodeJS.Timeout | undefined;
  private phase: Phase = 'starting';
  private health: (() => readonly MailboxHealth[]) | undefined;
  private doing = 'starting';
  private remark = '';
  private lastStatus = '';
  private lastPing = 0;
  private lastExtension = 0;

  constructor(manager: ServiceManager, mask: (text: string) => string) {
    this.manager = manager;
    this.mask = mask;
  }

  begin(): void {
    if (!this.manager.listens) return;
    const everyMs = Math.min(TICK_MS, (this.manager.watchdogMs ?? Number.POSITIVE_INFINITY) / 8);
    this.timer = setInterval(() => this.beat(), everyMs).unref();
    this.beat();
  }

  end(): void {
    clearInterval(this.timer);
  }

  /** Nothing is polled yet: says what is waited for instead. */
  waits(what: string): void {
    this.doing = what;
    this.beat();
  }

  /** From now on mailboxes are polled. */
  polls(health: () => readonly MailboxHealth[]): void {
    this.health = health;
    this.beat();
  }

  /** Before READY a reload is a part of the start. */
  reloading(): void {
    if (this.phase !== 'ready') return;
    this.phase = 'reloading';
    this.lastExtension = performance.now();
    const monotonic = (process.hrtime.bigint() / 1_000n).toString();
    this.beat({ RELOADING: '1', MONOTONIC_USEC: monotonic, ...extension(EXTEND_BY_MS) });
  }

  reloaded(isRefused: boolean): void {
    const now = new Date();
    this.remark = isRefused ? `; reload refused at ${readableSince(now, now)}, the log says why` : '';
    if (this.phase !== 'reloading') return;
    this.phase = 'ready';
    this.beat({ READY: '1' });
  }

  /** @param withinMs how long the batch in hand may take */
  stopping(withinMs: number): void {
    if (this.phase === 'stopping') return;
    this.phase = 'stopping';
    this.beat({ STOPPING: '1', ...extension(withinMs + STOP_GRACE_MS) });
  }

  private beat(turn: Readonly<Record<string, string>> = {}): void {
    if (this.timer === undefined) return;
    const mailboxes = this.health?.() ?? [];
    const ready = this.becomesReady(mailboxes) ? { READY: '1' } : {};
    const notice = { ...turn, ...ready, ...this.status(mailboxes), ...this.more(), ...this.ping(mailboxes) };
    if (Object.keys(notice).length > 0) this.manager.notify(notice);
  }

  /** A poll that hangs is for the watchdog: it does not keep the others from being ready. */
  private becomesReady(mailboxes: readonly MailboxHealth[]): boolean {
    const isTried = mailboxes.every(({ tried, overdueMs }) => tried || overdueMs > 0);
    if (this.phase !== 'starting' || this.health === undefined || !isTried) return false;
    this.phase = 'ready';
    this.lastPing = performance.now();
    return true;
  }

  /** What is to be said again only where it has changed. */
  private status(mailboxes: readonly MailboxHealth[]): Record<string, string> {
    const status = this.mask(this.words(mailboxes) + this.remark);
    if (status === this.lastStatus) return {};
    this.lastStatus = status;
    return { STATUS: status };
  }

  private words(mailboxes: readonly MailboxHealth[]): string {
    if (this.phase === 'stopping') return 'stopping after the batch in hand';
    if (this.phase === 'reloading') return 'loading the configuration anew';
    return this.health === undefined ? this.doing : standingLine(mailboxes, new Date());
  }

  /** Puts the end of the start off, or of a reload: both last as long as they last, and STATUS says why. */
  private more(): Record<string, string> {
    if (this.phase !== 'starting' && this.phase !== 'reloading') return {};
    if (this.lastExtension > 0 && performance.now() - this.lastExtension < EXTEND_EVERY_MS) return {};
    this.lastExtension = performance.now();
    return extension(EXTEND_BY_MS);
  }

  private ping(mailboxes: readonly MailboxHealth[]): Record<string, string> {
    const { watchdogMs } = this.manager;
    if (watchdogMs === undefined || this.phase === 'starting') return {};
    const stuckMs = Math.max(0, ...mailboxes.map(({ overdueMs }) => overdueMs));
    const sinceLast = performance.now() - this.lastPing;
    // The poll that is stuck longest has the watchdog's time from then on: one more, if none was given meanwhile.
    const isDue = stuckMs > 0 ? stuckMs < sinceLast : sinceLast >= watchdogMs / 3;
    if (!isDue) return {};
    this.lastPing = performance.now();
    return { WATCHDOG: '1' };
  }
}

function extension(ms: number): { EXTEND_TIMEOUT_USEC: string } {
  return { EXTEND_TIMEOUT_USEC: String(ms * 1_000) };
}
