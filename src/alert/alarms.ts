import type { AlertConfig, Condition } from '../config/schema.ts';
import type { Database } from '../db/connect.ts';
import { endingWith } from '../db/ending.ts';
import type { Log } from '../observe/log.ts';
import { within } from '../waiting.ts';
import {
  claim,
  dropEntries,
  readEntries,
  readGoodPolls,
  readQuarantine,
  settle,
  writeEntry,
} from './book.ts';
import { deliver, targetText } from './delivery.ts';
import { type MailboxFacts, observe } from './observe.ts';
import { reportOf } from './report.ts';
import {
  type AlertState,
  dueMessage,
  type Message,
  NOTHING_KNOWN,
  notSent,
  observed,
  reconciled,
  sent,
} from './state.ts';

/** How often is looked, in milliseconds. */
const LOOK_MS = 2_000;

/** What is asked of the database takes no longer than this, in milliseconds; then this process decides alone. */
const ASK_MS = 4_000;

/** So many commands or requests at a time: an outage concerns all mailboxes at once. */
const MOST_AT_ONCE = 4;

/** A stop waits so long for what is being sent, in milliseconds; then it is cut off. */
const STOP_MS = 2_000;

/**
 * What was cut off has so long, in milliseconds: a command that ignores SIGTERM is killed after two seconds, and then it is
 * kept that nothing has gone out. Else the claim stands, and the next start waits for it.
 */
const CUT_MS = 5_000;

/** A claim outlasts its sending by so much, in milliseconds: ending a command, and keeping what became of it. */
const CLAIM_GRACE_MS = 15_000;

/** What alarms are made of; all of it changes when the configuration is loaded anew. */
export interface AlarmSetup {
  /** Undefined where nobody is told. */
  readonly alert: AlertConfig | undefined;
  readonly mailboxes: readonly string[];
  readonly db: Database;
}

interface Watched {
  readonly mailbox: string;
  readonly condition: Condition;
  state: AlertState;
  claims: number;
  /** Whether something was sent that the database does not know. */
  hasTold: boolean;
  /** Whether the database has no entry of it, as far as was seen: another daemon, which watches it no more, takes it away. */
  isMissing: boolean;
  isSending: boolean;
}

/**
 * Tells people, by a command or a webhook, what is wrong with a mailbox: once when it begins, again after `repeat`, once when
 * it is over. What was told is in the database, so that no restart and no second daemon tells it again. Where the
 * database is away, which is a reason for alarms, this process decides by what it knows, and the database learns of it
 * later. Nothing here waits for a poll, and no poll for this.
 */
export class Alarms {
  private setup: AlarmSetup;
  private readonly log: Log;
  private readonly mask: (text: string) => string;
  private readonly cutting = new AbortController();
  private readonly watched = new Map<string, Watched>();
  private readonly sending = new Set<Promise<void>>();
  private facts: () => readonly MailboxFacts[] = () => [];
  private timer: NodeJS.Timeout | undefined;
  private looking: Promise<void> | undefined;
  private isStopped = false;
  private isAway = false;

  constructor(setup: AlarmSetup, log: Log, mask: (text: string) => string) {
    this.setup = setup;
    this.log = log;
    this.mask = mask;
  }

  begin(): void {
    const tick = () => {
      this.looking = this.look().catch((err: unknown) => {
        this.log.error({ err }, 'alarms could not be looked after');
      });
      void this.looking.then(() => {
        if (!this.isStopped) this.timer = setTimeout(tick, LOOK_MS);
      });
    };
    this.timer = setTimeout(tick, LOOK_MS);
  }

  /** From now on this says how the mailboxes stand. */
  follow(facts: () => readonly MailboxFacts[]): void {
    this.facts = facts;
  }

  /** Another configuration is in force. What is watched no more is forgotten without an all-clear: nobody would know it. */
  async change(setup: AlarmSetup): Promise<void> {
    const before = keysOf(this.setup);
    const { db } = this.setup;
    // What is watched no more must not be written again by a look that is under way.
    await this.looking;
    this.setup = setup;
    const after = new Set(keysOf(setup).map(keyOf));
    const gone = before.filter((key) => !after.has(keyOf(key)));
    for (const key of gone) this.watched.delete(keyOf(key));
    if (gone.length === 0) return;
    await ask(() => dropEntries(db, gone)).catch((err: unknown) => {
      this.log.warn({ err }, 'what was told of mailboxes that are watched no more could not be forgotten');
    });
  }

  async stop(): Promise<void> {
    this.isStopped = true;
    clearTimeout(this.timer);
    const idle = Promise.all([this.looking, ...this.sending]);
    if (await within(idle, STOP_MS)) return;
    this.cutting.abort();
    await within(Promise.all([this.looking, ...this.sending]), CUT_MS);
  }

  private async look(): Promise<void> {
    const { alert, mailboxes } = this.setup;
    if (alert === undefined) return;
    // Between two configurations, they are still of the daemon before.
    const facts = this.facts().filter(({ health }) => mailboxes.includes(health.name));
    if (facts.length === 0) return;
    const { quarantine, goodElsewhere } = await this.askDatabase(alert, facts);
    if (this.isStopped) return;
    const now = Date.now();
    const beside = { on: alert.on, quarantine, goodElsewhere, now };
    for (const each of facts) {
      for (const condition of alert.on) {
        const watched = this.watch(each.health.name, condition);
        const observation = observe(condition, each, watched.state.details, beside);
        await this.keep(watched, observed(watched.state, observation));
        if (watched.isSending || this.sending.size >= MOST_AT_ONCE) continue;
        const message = dueMessage(condition, watched.state, observation, now, alert);
        if (message !== undefined) {
          const told = quarantine?.get(each.health.name)?.newest;
          this.begun(this.send(watched, message, alert, told));
        }
      }
    }
  }

  /** What the database knows; where it cannot be asked, what this process knows goes on. */
  private async askDatabase(alert: AlertConfig, facts: readonly MailboxFacts[]) {
    const { db } = this.setup;
    const names = facts.map(({ health }) => health.name);
    const failing = facts.flatMap(({ health: { name, failingSince } }) =>
      failingSince ? [{ mailbox: name, forMs: Date.now() - failingSince.getTime() }] : [],
    );
    try {
      const found = await ask(async () => ({
        entries: await readEntries(db, names),
        quarantine: alert.on.has('quarantine') ? await readQuarantine(db, names) : undefined,
        goodElsewhere: await readGoodPolls(db, failing),
      }));
      const missing = new Set([...this.watched.values()].filter(({ isSending }) => !isSending));
      for (const { mailbox, condition, state, claims } of found.entries) {
        const watched = this.watch(mailbox, condition);
        missing.delete(watched);
        if (watched.isSending) continue;
        watched.isMissing = false;
        watched.claims = claims;
        watched.state = watched.hasTold ? reconciled(state, watched.state) : state;
      }
      for (const watched of missing) Object.assign(watched, { isMissing: true, claims: 0 });
      if (this.isAway) this.log.info('alarms are kept in the database again');
      this.isAway = false;
      return found;
    } catch (err) {
      if (!this.isAway)
        this.log.warn({ err }, 'alarms go by what this process knows, the database cannot be asked');
      this.isAway = true;
      return { quarantine: undefined, goodElsewhere: new Set<string>() };
    }
  }

  private watch(mailbox: string, condition: Condition): Watched {
    const key = keyOf({ mailbox, condition });
    const known = this.watched.get(key);
    if (known) return known;
    const fresh = {
      ...{ mailbox, condition, state: NOTHING_KNOWN, claims: 0 },
      ...{ hasTold: false, isMissing: true, isSending: false },
    };
    this.watched.set(key, fresh);
    return fresh;
  }

  /** Keeps what has changed, in the database too where that is there. */
  private async keep(watched: Watched, next: AlertState): Promise<void> {
    const { state, hasTold, isMissing } = watched;
    // Without an entry nobody could claim it, so that nothing would ever be sent.
    const isWanted = isMissing && (next.since !== undefined || next.isTold);
    const isSame =
      !isWanted &&
      state.since === next.since &&
      state.why === next.why &&
      JSON.stringify(state.details) === JSON.stringify(next.details);
    watched.state = next;
    if (this.isAway || (isSame && !hasTold)) return;
    try {
      await ask(() => writeEntry(this.setup.db, watched, hasTold));
      watched.hasTold = false;
      watched.isMissing = false;
    } catch (err) {
      this.log.debug({ err }, 'how an alarm stands could not be kept');
      // Nothing is sure to be known to others from here on.
      this.isAway = true;
    }
  }

  private begun(work: Promise<void>): void {
    const all = work.finally(() => this.sending.delete(all));
    this.sending.add(all);
  }

  private async send(
    watched: Watched,
    message: Message,
    alert: AlertConfig,
    toldId: number | undefined,
  ): Promise<void> {
    watched.isSending = true;
    try {
      if (!(await this.isOurs(watched, alert))) return;
      const report = reportOf({ ...watched, ...watched.state }, message, new Date(), this.mask);
      const { mailbox, condition } = watched;
      const fields = { mailbox, condition, alarm: message };
      const delivery = await deliver(alert, report, this.cutting.signal);
      const answer = delivery.answer.trim() === '' ? undefined : this.mask(delivery.answer.trim());
      if (delivery.hasArrived) {
        this.log.info({ ...fields, text: report.text }, 'an alarm went out');
        const told =
          condition === 'quarantine' && message !== 'all_clear' && toldId !== undefined ? { toldId } : {};
        watched.state = sent(watched.state, message, Date.now(), told);
      } else {
        // What a stop has cut off is no failure: the next start sends it at once.
        watched.state = delivery.isCut
          ? { ...watched.state, notBefore: undefined }
          : notSent(watched.state, Date.now());
        const { failures, notBefore } = watched.state;
        const restMs = notBefore === undefined ? undefined : notBefore - Date.now();
        this.log.error(
          {
            ...fields,
            to: targetText(alert),
            outcome: this.mask(delivery.outcome),
            answer,
            failures,
            restMs,
          },
          'an alarm could not be sent',
        );
      }
      await this.settled(watched, delivery.hasArrived);
    } finally {
      watched.isSending = false;
    }
  }

  /** Whether it is for this daemon to send. */
  private async isOurs(watched: Watched, { timeout }: AlertConfig): Promise<boolean> {
    if (this.isAway) return true;
    try {
      return await ask(() => claim(this.setup.db, watched, timeout + CLAIM_GRACE_MS));
    } catch (err) {
      this.log.debug({ err }, 'an alarm could not be claimed, it is sent all the same');
      return true;
    }
  }

  private async settled(watched: Watched, hasGone: boolean): Promise<void> {
    if (this.isAway) {
      watched.hasTold ||= hasGone;
      return;
    }
    try {
      await ask(() => settle(this.setup.db, watched, hasGone));
    } catch (err) {
      this.log.debug({ err }, 'what became of an alarm could not be kept');
      watched.hasTold ||= hasGone;
    }
  }
}

/** What is watched. */
function keysOf({ alert, mailboxes }: AlarmSetup): { mailbox: string; condition: Condition }[] {
  const on = [...(alert?.on ?? [])];
  return mailboxes.flatMap((mailbox) => on.map((condition) => ({ mailbox, condition })));
}

function keyOf({ mailbox, condition }: { mailbox: string; condition: Condition }): string {
  return `${mailbox} ${condition}`;
}

function ask<T>(work: () => Promise<T>): Promise<T> {
  return endingWith(AbortSignal.timeout(ASK_MS), work);
}
