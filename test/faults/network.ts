import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import { createDatabase, dropDatabase } from '../support/database.ts';
import type { Dovecot } from '../support/dovecot.ts';
import { SEED } from '../support/seed.ts';
import { disturbing, type Fault, type Scene } from './disturbed.ts';
import { FaultyWire, keyOf, type Moment, NETWORK_FAULTS, type NetworkFault } from './faulty-wire.ts';
import { chance } from './random.ts';
import type { Wire } from './steps.ts';
import { startTapProxy } from './tap-proxy.ts';

/**
 * Ends what hangs, and nothing that is slow: a poll takes half a second, but more than 3 s where another test creates its
 * Postgres at the same time. Slow polls in a row are no recovery, and none of the fault's doing.
 */
const POLL_TIMEOUT_MS = 6_000;

/** Longer than a poll may take: it has to end by itself. */
const SILENT_MS = [6_200, 8_000] as const;
const SLOW_MS = [300, 1_500] as const;

/** A step that has not come by then comes seldom: that of an attachment, say, where no mail has one. */
const MOMENT_MS = 10_000;

/** How many of the planned faults have an occasion, at the least. */
const LEAST_MADE = 0.8;

/** After that the server gives up a transaction whose client says nothing (src/db/connect.ts). */
const IDLE_IN_TRANSACTION_MS = 20_000;

/** Mails for the step to come at. */
const MAILS = 3;

export type Wires = Readonly<Record<Wire, FaultyWire>>;

/** A network fault that is to be made. */
export interface Planned {
  readonly wire: Wire;
  readonly fault: NetworkFault;
  /** A step as `keyOf` names it; or the number of pieces that still pass. */
  readonly at: string | number;
}

/** A daemon with a network of its own to both of its servers, which fails as planned. */
export async function disturbedNetwork(
  label: string,
  dovecot: Dovecot,
  plan: (scene: Scene, wires: Wires) => Promise<readonly Planned[]>,
): Promise<void> {
  const { db, url } = await createDatabase(label);
  await db.destroy();
  const { hostname, port } = new URL(url);
  const luck = chance(SEED);
  const start = async (wire: Wire, target: { host: string; port: number }) =>
    new FaultyWire(wire, await startTapProxy(target), luck);
  const wires = {
    imap: await start('imap', { host: dovecot.host, port: dovecot.imapPort }),
    postgres: await start('postgres', { host: hostname, port: Number(port) }),
  };
  const through = new URL(url);
  through.host = `127.0.0.1:${wires.postgres.port}`;
  try {
    await disturbing(
      {
        ...{ fault: label, dovecot, databaseUrl: through.href, adminUrl: url },
        user: `${label.replaceAll(/\W+/g, '-').toLowerCase()}@example.com`,
        imapPort: wires.imap.port,
        pollTimeoutMs: POLL_TIMEOUT_MS,
      },
      async (scene) => {
        const planned = await plan(scene, wires);
        const missed: Planned[] = [];
        for (const each of planned) if (!(await scene.strike(faultOf(each, wires)))) missed.push(each);
        expect(missed.length, JSON.stringify(missed)).toBeLessThanOrEqual(planned.length * (1 - LEAST_MADE));
      },
    );
  } finally {
    await Promise.all([wires.imap.close(), wires.postgres.close()]);
  }
  await dropDatabase(url);
}

/** The steps that come with each poll, once a daemon has polled for a while. */
export async function stepsOf(wires: Wires, wire: Wire, { arrivals }: Scene): Promise<string[]> {
  const before = new Map(wires[wire].seen);
  for (let time = 0; time < 5; time += 1) {
    arrivals.bring(MAILS);
    await sleep(1_000);
  }
  const isNew = ([key, count]: [string, number]) => count - (before.get(key) ?? 0) > 1;
  const steps = [...wires[wire].seen].filter(isNew).map(([key]) => key);
  // Of a connection that is made once for many polls, more can be had.
  return [...new Set([...steps, `before ${wire} connect`, `after ${wire} connect`])];
}

function faultOf({ wire, fault, at }: Planned, wires: Wires): Fault {
  return {
    name: `${wire}, ${NETWORK_FAULTS[fault]}, ${typeof at === 'number' ? `after ${at} pieces` : at}`,
    isTold: fault === 'cut' || fault === 'reset',
    ...(fault === 'stalled' && wire === 'postgres' && { heldMs: IDLE_IN_TRANSACTION_MS }),
    make: async ({ arrivals, luck }) => {
      const lasting = { silentMs: luck.between(...SILENT_MS), slowMs: luck.between(...SLOW_MS) };
      const over = wires[wire].strike(fault, momentOf(at), lasting, MOMENT_MS);
      if (typeof at === 'string' && at.endsWith('connect')) wires[wire].cutAll();
      arrivals.bring(MAILS);
      return over;
    },
  };
}

function momentOf(at: string | number): Moment {
  if (typeof at === 'string') return (_piece, step) => step !== undefined && keyOf(step) === at;
  let left = at;
  return () => {
    left -= 1;
    return left < 0;
  };
}
