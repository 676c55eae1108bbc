import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { MailcaseError } from '../../src/errors.ts';
import type { Backoff } from '../../src/scheduler/backoff.ts';
import {
  type Holder,
  MailboxRunner,
  type Outage,
  type PollOutcome,
} from '../../src/scheduler/mailbox-runner.ts';

const SHORT: Backoff = { first: 40, longest: 160, credentials: 300, throttled: 80 };

type Step = 'done' | 'more' | 'fail' | 'part' | 'slowed' | Error | { heldBy: Holder };

/** A poll that ends when the test says so, and a runner around it. */
class Bench {
  readonly skipped: string[] = [];
  readonly failed: { failures: number; restMs: number }[] = [];
  readonly slowed: number[] = [];
  readonly recovered: Outage[] = [];
  readonly runner: MailboxRunner;
  started = 0;
  ended = 0;
  private open: ((step: Step) => void)[] = [];
  private arrivals: (() => void)[] = [];

  constructor(backoff: Backoff) {
    this.runner = new MailboxRunner(() => this.poll(), backoff, {
      onSkipped: (reason) => this.skipped.push(reason),
      onFailed: (_error, failures, restMs) => this.failed.push({ failures, restMs }),
      onSlowed: (restMs) => this.slowed.push(restMs),
      onRecovered: (outage) => this.recovered.push(outage),
    });
  }

  get underWay(): number {
    return this.started - this.ended;
  }

  private async poll(): Promise<PollOutcome> {
    this.started += 1;
    const step = await new Promise<Step>((resolve) => {
      this.open.push(resolve);
      for (const arrive of this.arrivals.splice(0)) arrive();
    });
    this.ended += 1;
    if (step instanceof Error) throw step;
    if (typeof step === 'object') return step;
    if (step === 'fail') throw new Error('the server is away');
    const problem = step === 'part' ? new Error('no such folder') : undefined;
    return { more: step === 'more' || step === 'slowed', problem, isSlowed: step === 'slowed' };
  }

  /** Ends the poll under way, or the next one that begins. */
  async end(step: Step): Promise<void> {
    if (this.open.length === 0) await new Promise<void>((resolve) => this.arrivals.push(resolve));
    this.open.shift()?.(step);
    await sleep(1);
  }
}

const benches: Bench[] = [];

function bench(): Bench {
  const made = new Bench(SHORT);
  benches.push(made);
  return made;
}

afterEach(async () => {
  for (const made of benches.splice(0)) {
    const stopped = made.runner.stop();
    if (made.underWay > 0) await made.end('done');
    await stopped;
  }
});

describe('MailboxRunner', { timeout: 10_000 }, () => {
  it('polls at a tick, and again at the next one', async () => {
    const polls = bench();
    expect(polls.started).toBe(0);
    polls.runner.tick();
    await polls.end('done');
    expect([polls.started, polls.underWay]).toEqual([1, 0]);
    polls.runner.tick();
    await polls.end('done');
    expect([polls.started, polls.underWay]).toEqual([2, 0]);
    expect(polls.skipped).toEqual([]);
  });

  it('never polls twice at once: ticks meanwhile are skipped, and not kept for later', async () => {
    const polls = bench();
    for (let count = 0; count < 20; count += 1) polls.runner.tick();
    await sleep(20);
    polls.runner.tick();
    expect([polls.started, polls.underWay]).toEqual([1, 1]);
    expect(polls.skipped).toEqual(Array.from({ length: 20 }, () => 'polling'));
    await polls.end('done');
    await sleep(30);
    expect(polls.started).toBe(1);
  });

  it('goes on at once where there is more, and ticks do not come between', async () => {
    const polls = bench();
    polls.runner.tick();
    await polls.end('more');
    expect([polls.started, polls.underWay]).toEqual([2, 1]);
    polls.runner.tick();
    await polls.end('more');
    expect([polls.started, polls.underWay]).toEqual([3, 1]);
    await polls.end('done');
    expect([polls.started, polls.underWay]).toEqual([3, 0]);
    expect(polls.skipped).toEqual(['polling']);
  });

  it('rests after a failure, skips the ticks meanwhile, and polls again without a tick', async () => {
    const polls = bench();
    polls.runner.tick();
    const failedAt = performance.now();
    await polls.end('fail');
    expect(polls.failed).toMatchObject([{ failures: 1 }]);
    const restMs = polls.failed[0]?.restMs ?? 0;
    expect(restMs).toBeGreaterThanOrEqual(SHORT.first / 2);
    expect(restMs).toBeLessThanOrEqual(SHORT.first);
    polls.runner.tick();
    expect([polls.started, polls.skipped]).toEqual([1, ['resting']]);
    await polls.end('done');
    expect(polls.started).toBe(2);
    // Timers may be early by a millisecond.
    expect(performance.now() - failedAt).toBeGreaterThanOrEqual(restMs - 2);
    await sleep(SHORT.longest);
    expect(polls.started).toBe(2);
  });

  it('rests longer from failure to failure up to the longest, and begins anew after a success', async () => {
    const polls = bench();
    polls.runner.tick();
    for (let count = 0; count < 4; count += 1) await polls.end('fail');
    await polls.end('done');
    polls.runner.tick();
    await polls.end('fail');
    expect(polls.failed.map(({ failures }) => failures)).toEqual([1, 2, 3, 4, 1]);
    for (const [index, whole] of [40, 80, 160, 160, 40].entries()) {
      expect(polls.failed[index]?.restMs).toBeGreaterThanOrEqual(whole / 2);
      expect(polls.failed[index]?.restMs).toBeLessThanOrEqual(whole);
    }
  });

  it('rests by the kind of the failure: as long as the server says, and long after a rejected login', async () => {
    const polls = bench();
    polls.runner.tick();
    await polls.end(new MailcaseError('imap_throttled', 'busy', { fields: { retryAfterMs: 200 } }));
    expect(polls.failed[0]?.restMs).toBeGreaterThanOrEqual(200);
    await polls.end(new MailcaseError('imap_credentials', 'wrong'));
    expect(polls.failed[1]?.restMs).toBeGreaterThanOrEqual(SHORT.credentials);
    polls.runner.tick();
    expect(polls.skipped).toEqual(['resting']);
    await polls.end('done');
    expect(polls.runner.state()).toMatchObject({ failures: 0, failingMs: 0, restsUntil: undefined });
  });

  it('rests after a good poll where the server asks to slow down, longer each time, and that is no failure', async () => {
    const polls = bench();
    polls.runner.tick();
    await polls.end('slowed');
    expect(polls.slowed[0]).toBeGreaterThanOrEqual(SHORT.throttled);
    expect(polls.runner.state()).toMatchObject({ failures: 0, restsUntil: expect.any(Date) });
    polls.runner.tick();
    expect([polls.started, polls.skipped]).toEqual([1, ['resting']]);
    await polls.end('slowed');
    expect(polls.slowed[1]).toBeGreaterThanOrEqual(2 * SHORT.throttled);
    await polls.end('more');
    await polls.end('slowed');
    expect(polls.slowed[2]).toBeLessThan(2 * SHORT.throttled);
    expect([polls.failed, polls.recovered]).toEqual([[], []]);
  });

  it('counts a poll that left more to do as a success', async () => {
    const polls = bench();
    polls.runner.tick();
    await polls.end('fail');
    await polls.end('fail');
    await polls.end('more');
    await polls.end('fail');
    expect(polls.failed.map(({ failures }) => failures)).toEqual([1, 2, 1]);
  });

  it('stop waits for the poll under way and begins none after it', async () => {
    const polls = bench();
    polls.runner.tick();
    let stopped = false;
    const stopping = polls.runner.stop().then(() => {
      stopped = true;
    });
    await sleep(30);
    expect([stopped, polls.underWay]).toEqual([false, 1]);
    // There would be more, but not any longer.
    await polls.end('more');
    await stopping;
    polls.runner.tick();
    expect([polls.started, polls.underWay]).toEqual([1, 0]);
  });

  it('stop while it rests ends at once, and the rest is the last', async () => {
    const polls = bench();
    polls.runner.tick();
    await polls.end('fail');
    const before = performance.now();
    await polls.runner.stop();
    expect(performance.now() - before).toBeLessThan(20);
    await sleep(SHORT.longest);
    polls.runner.tick();
    expect(polls.started).toBe(1);
  });

  it('a poll that fails because it was stopped is no failure, and is not tried again', async () => {
    const polls = bench();
    polls.runner.tick();
    const stopping = polls.runner.stop();
    await polls.end('fail');
    await stopping;
    expect(polls.failed).toEqual([]);
    await sleep(SHORT.longest);
    expect(polls.started).toBe(1);
  });

  it('before the first tick, stop has nothing to wait for', async () => {
    const polls = bench();
    await polls.runner.stop();
    polls.runner.tick();
    expect(polls.started).toBe(0);
  });

  it('says whether it has polled, how long it polls, and since when it fails', async () => {
    const polls = bench();
    const { runner } = polls;
    expect(runner.state()).toMatchObject({ tried: false, failingSince: undefined, pollingMs: 0 });
    runner.tick();
    await sleep(30);
    expect(runner.state()).toMatchObject({ tried: false, failingSince: undefined });
    expect(runner.state().pollingMs).toBeGreaterThanOrEqual(25);
    await polls.end('more');
    // The next one has begun, and its time counts from its own beginning.
    expect(runner.state().tried).toBe(true);
    expect(runner.state().pollingMs).toBeLessThan(25);
    await polls.end('part');
    const { failingSince, pollingMs } = runner.state();
    expect(failingSince).toBeInstanceOf(Date);
    expect(pollingMs).toBe(0);
    await sleep(5);
    runner.tick();
    await polls.end('fail');
    expect(runner.state().failingSince).toBe(failingSince);
    await polls.end('done');
    expect(runner.state()).toMatchObject({ tried: true, failingSince: undefined, pollingMs: 0 });
  });

  it('tells each recovery once, with how many failures there were and how long it took', async () => {
    const polls = bench();
    polls.runner.tick();
    await polls.end('more');
    const before = performance.now();
    await polls.end('fail');
    await polls.end('fail');
    expect(polls.recovered).toEqual([]);
    await polls.end('more');
    const atMost = performance.now() - before;
    await polls.end('done');
    expect(polls.recovered).toEqual([{ kind: 'poll', failures: 2, lastedMs: expect.any(Number) }]);
    const { lastedMs = 0 } = polls.recovered[0] ?? {};
    // Two rests, the second twice as long; timers may be early by a millisecond.
    expect(lastedMs).toBeGreaterThanOrEqual((SHORT.first * 3) / 2 - 3);
    expect(lastedMs).toBeLessThanOrEqual(Math.ceil(atMost));
  });

  it('tells when a part of the poll works again, and of an outage in between that it is over', async () => {
    const polls = bench();
    const poll = async (step: Step) => {
      polls.runner.tick();
      await polls.end(step);
    };
    await poll('part');
    await poll('part');
    expect(polls.recovered).toEqual([]);
    await poll('done');
    expect(polls.recovered).toMatchObject([{ kind: 'part', failures: 2 }]);
    await poll('fail');
    // Polls go on, and the part is still to be mended.
    await poll('part');
    expect(polls.recovered.slice(1)).toMatchObject([{ kind: 'poll', failures: 1 }]);
    expect(polls.runner.state().failingSince).toBeInstanceOf(Date);
    await poll('done');
    await poll('done');
    expect(polls.recovered.slice(2)).toMatchObject([{ kind: 'part', failures: 2 }]);
  });

  it('leaves a poll behind that does not end, rests, and begins anew; what that one says later is not heard', async () => {
    const polls = bench();
    const { runner } = polls;
    expect(runner.leaveBehind(new Error('stuck'))).toBe(false);
    runner.tick();
    await sleep(5);
    expect(runner.leaveBehind(new Error('stuck'))).toBe(true);
    await sleep(1);
    expect(polls.failed).toMatchObject([{ failures: 1 }]);
    expect(runner.state()).toMatchObject({ pollingMs: 0, restsUntil: expect.any(Date) });
    await sleep(SHORT.first + 20);
    expect(polls.started).toBe(2);
    // The first one fails at last, and the second one is not over for that.
    await polls.end('fail');
    expect(polls.failed).toHaveLength(1);
    expect(runner.state().pollingMs).toBeGreaterThan(0);
    await polls.end('done');
    expect(polls.recovered).toMatchObject([{ kind: 'poll', failures: 1 }]);
    expect(runner.state()).toMatchObject({ failingSince: undefined, restsUntil: undefined, begun: 2 });
  });

  it('stands by while another daemon polls, and asks again when the time of that one is over', async () => {
    const polls = bench();
    const { runner } = polls;
    runner.tick();
    await polls.end('fail');
    await polls.end({ heldBy: { name: 'other:1:a', leftMs: 30 } });
    expect(polls.started).toBe(2);
    // What failed here is done elsewhere now.
    expect(runner.state()).toMatchObject({ tried: true, heldBy: 'other:1:a', failingSince: undefined });
    expect(polls.recovered).toMatchObject([{ kind: 'elsewhere', failures: 1 }]);
    await sleep(120);
    expect(polls.started).toBe(3);
    await polls.end('done');
    expect(runner.state().heldBy).toBeUndefined();
    // Ticks come meanwhile as ever, and stand for the asking.
    runner.tick();
    await polls.end({ heldBy: { name: 'other:1:a', leftMs: 60_000 } });
    runner.tick();
    await polls.end('done');
    expect(runner.state()).toMatchObject({ heldBy: undefined, begun: 5 });
  });

  it('stop while it stands by is the end', async () => {
    const polls = bench();
    polls.runner.tick();
    await polls.end({ heldBy: { name: 'other:1:a', leftMs: 10 } });
    await polls.runner.stop();
    await sleep(100);
    expect(polls.started).toBe(1);
  });

  it('polls at once when it is woken after a silence, and then no sooner than half a second after that', async () => {
    const polls = bench();
    const began = performance.now();
    polls.runner.wake();
    expect(polls.started).toBe(1);
    await polls.end('done');
    // As by a person who flags a hundred mails.
    for (let count = 0; count < 100; count += 1) polls.runner.wake();
    await sleep(300);
    expect(polls.started).toBe(1);
    await polls.end('done');
    expect(performance.now() - began).toBeGreaterThanOrEqual(495);
    await sleep(600);
    expect(polls.started).toBe(2);
    polls.runner.wake();
    expect(polls.started).toBe(3);
    expect(polls.skipped).toEqual([]);
  });

  it('remembers that it was woken while it polled, once, and a tick in between stands for it', async () => {
    const polls = bench();
    polls.runner.tick();
    polls.runner.wake();
    polls.runner.wake();
    expect(polls.started).toBe(1);
    await polls.end('done');
    expect([polls.started, polls.underWay]).toEqual([2, 1]);
    polls.runner.wake();
    await polls.end('done');
    // It waits for its time, and the schedule comes first.
    expect(polls.underWay).toBe(0);
    polls.runner.tick();
    await polls.end('done');
    await sleep(600);
    expect(polls.started).toBe(3);
  });

  it('is not woken in a rest after a failure, nor by what came during the poll that failed', async () => {
    const polls = bench();
    polls.runner.tick();
    polls.runner.wake();
    await polls.end('fail');
    polls.runner.wake();
    expect([polls.started, polls.underWay]).toEqual([1, 0]);
    await polls.end('done');
    await sleep(600);
    expect(polls.started).toBe(2);
  });

  it('is not woken once it was stopped', async () => {
    const polls = bench();
    polls.runner.wake();
    await polls.end('done');
    polls.runner.wake();
    await polls.runner.stop();
    polls.runner.wake();
    await sleep(600);
    expect(polls.started).toBe(1);
  });
});
