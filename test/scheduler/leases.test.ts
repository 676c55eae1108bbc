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
  const renewedAgain: string[] = [];
  const events: LeaseEvents = {
    onLost: (name) => lost.push(name),
    onFailed: (error) => failed.push(error),
    onRenewedAgain: () => renewedAgain.push('again'),
    onNotEnded: (_, error) => failed.push(error),
  };
  daemons += 1;
  const leases = new Leases(database.db, ms, events, `desk-${daemons}:${process.pid}:a1b2c3`);
  open.push(leases);
  return { leases, lost, failed, renewedAgain };
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

  it('that lasts no whole number of renewals is said anew as well', async () => {
    const name = newName();
    // The patience with the database is a third of it.
    const { leases, failed } = daemon(7_000);
    await leases.claim(name);
    await sleep(2_600);
    expect(failed).toEqual([]);
    expect((await rowOf(name))?.left_ms).toBeGreaterThan(6_000);
  });

  it('that cannot be said anew is told once, and once when it can', async () => {
    const name = newName();
    const { leases, failed, renewedAgain, lost } = daemon(600);
    await leases.claim(name);
    await database.db.raw('alter table mailboxes rename to away');
    await until(() => failed.length > 0, 'it fails');
    await sleep(700);
    expect(failed).toHaveLength(1);
    await database.db.raw('alter table away rename to mailboxes');
    await until(() => renewedAgain.length > 0, 'it works again');
    expect([failed.length, renewedAgain.length, lost]).toEqual([1, 1, []]);
  });

  it('that lies in a future that no lease reaches is free: the database’s clock was set back', async () => {
    const name = newName();
    const [one, other] = [daemon(), daemon()];
    await one.leases.claim(name);
    const until = (interval: string) =>
      rows(database.db, `update mailboxes set leased_until = now() + interval '${interval}' where name = ?`, [
        name,
      ]);
    await until('119 minutes');
    expect(await other.leases.claim(name)).toMatchObject({ isOurs: false });
    await until('121 minutes');
    expect(await other.leases.claim(name)).toMatchObject({ isOurs: true, takenFrom: one.leases.holder });
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
