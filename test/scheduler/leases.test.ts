import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { type LeaseEvents, Leases } from '../../src/scheduler/leases.ts';
import { until } from '../support/daemon.ts';
import { useDatabase } from '../support/database.ts';
import { rows } from '../support/poll.ts';

const database = useDatabase();

const open: Leases[] = [];
afterEach(async () => {
  for (const each of open.splice(0)) await each.close();
});

let daemons = 0;

function daemon(ms = 60_000) {
  const lost: string[] = [];
  const failed: unknown[] = [];
  const events: LeaseEvents = {
    onLost: (name) => lost.push(name),
    onFailed: (error) => failed.push(error),
    onNotEnded: (_, error) => failed.push(error),
  };
  daemons += 1;
  const leases = new Leases(database.db, ms, events, `desk-${daemons}:${process.pid}:a1b2c3`);
  open.push(leases);
  return { leases, lost, failed };
}

let counter = 0;
const newName = () => {
  counter += 1;
  return `box ${counter}`;
};

const rowOf = async (name: string) =>
  (
    await rows<{ lease_holder: string | null; left_ms: number | null }>(
      database.db,
      `select lease_holder, extract(epoch from leased_until - now())::float8 * 1000 as left_ms from mailboxes where name = ?`,
      [name],
    )
  )[0];

/** As if the holder had not been heard of for so long. */
const lapse = (name: string) =>
  rows(database.db, `update mailboxes set leased_until = now() - interval '1 millisecond' where name = ?`, [
    name,
  ]);

describe('a lease', () => {
  it('is one daemon’s: the other hears whose, and for how long', async () => {
    const name = newName();
    const [one, other] = [daemon(), daemon()];
    expect(await one.leases.claim(name)).toMatchObject({ isOurs: true, takenFrom: undefined });
    expect(await one.leases.claim(name)).toMatchObject({ isOurs: true, takenFrom: undefined });
    const claim = await other.leases.claim(name);
    expect(claim).toMatchObject({ isOurs: false, holder: one.leases.holder });
    const leftMs = claim.isOurs ? 0 : claim.leftMs;
    expect(leftMs).toBeGreaterThan(50_000);
    expect(leftMs).toBeLessThanOrEqual(60_000);
    expect(await rowOf(name)).toMatchObject({ lease_holder: one.leases.holder });
    expect(one.leases.holder).not.toBe(other.leases.holder);
  });

  it('is had by one of twenty who come at once, each time', async () => {
    const daemons = Array.from({ length: 20 }, () => daemon());
    for (let round = 0; round < 10; round += 1) {
      const name = newName();
      const claims = await Promise.all(daemons.map(({ leases }) => leases.claim(name)));
      expect(claims.filter(({ isOurs }) => isOurs)).toHaveLength(1);
    }
  });

  it('that was given back, or lapsed, is free; who takes a lapsed one hears whose it was', async () => {
    const name = newName();
    const [one, other] = [daemon(), daemon()];
    await one.leases.claim(name);
    await one.leases.giveBack(name);
    expect(await rowOf(name)).toEqual({ lease_holder: null, left_ms: null });
    expect(await other.leases.claim(name)).toMatchObject({ isOurs: true, takenFrom: undefined });
    await lapse(name);
    expect(await one.leases.claim(name)).toMatchObject({ isOurs: true, takenFrom: other.leases.holder });
  });

  it('is given back by its holder alone', async () => {
    const name = newName();
    const [one, other] = [daemon(), daemon()];
    await one.leases.claim(name);
    await lapse(name);
    await other.leases.claim(name);
    await one.leases.giveBack(name);
    expect(await rowOf(name)).toMatchObject({ lease_holder: other.leases.holder });
  });

  it('is said anew as long as the daemon lives, and given back at its end', async () => {
    const names = [newName(), newName()];
    const { leases, lost } = daemon(600);
    for (const name of names) await leases.claim(name);
    await sleep(1_500);
    for (const name of names) {
      const row = await rowOf(name);
      expect(row?.lease_holder).toBe(leases.holder);
      expect(row?.left_ms).toBeGreaterThan(0);
    }
    await leases.close();
    for (const name of names) expect(await rowOf(name)).toEqual({ lease_holder: null, left_ms: null });
    expect(lost).toEqual([]);
  });

  it('that another daemon has taken meanwhile is lost, said once, and its poll ends', async () => {
    const name = newName();
    const one = daemon(600);
    const claim = await one.leases.claim(name);
    await rows(database.db, `update mailboxes set lease_holder = 'other:1:x' where name = ?`, [name]);
    await until(() => one.lost.length > 0, 'it is lost');
    await sleep(400);
    expect(one.lost).toEqual([name]);
    const signal = claim.isOurs ? claim.lost : undefined;
    expect(signal?.aborted).toBe(true);
    expect(signal?.reason).toMatchObject({ code: 'lease_lost', temporary: true });
  });

  it('that lapsed while its holder was away, and that nobody took, is still his', async () => {
    const name = newName();
    const one = daemon(900);
    await one.leases.claim(name);
    await lapse(name);
    await until(async () => ((await rowOf(name))?.left_ms ?? 0) > 0, 'it is said anew');
    expect(one.lost).toEqual([]);
  });

  it('goes by the database’s clock alone', async () => {
    const name = newName();
    const [one, other] = [daemon(), daemon()];
    await one.leases.claim(name);
    const realNow = Date.now;
    Date.now = () => realNow() + 86_400_000;
    try {
      expect(await other.leases.claim(name)).toMatchObject({ isOurs: false });
    } finally {
      Date.now = realNow;
    }
  });
});
