import { setTimeout as sleep } from 'node:timers/promises';
import { createDatabase, dropDatabase } from '../support/database.ts';
import type { Dovecot } from '../support/dovecot.ts';
import { SEED } from '../support/seed.ts';
import { disturbing, type Fault, type Scene } from './disturbed.ts';
import { FaultyWire, keyOf, type Moment, NETWORK_FAULTS, type NetworkFault } from './faulty-wire.ts';
import { chance } from './random.ts';
import type { Wire } from './steps.ts';
import { startTapProxy } from './tap-proxy.ts';

const POLL_TIMEOUT_MS = 2_000;

/** Longer than a poll may take: it has to end by itself. */
const SILENT_MS = [2_200, 3_000] as const;
const SLOW_MS = [300, 1_500] as const;

/** With mail coming in all the while, a moment that does not come by then never does. */
const MOMENT_MS = 20_000;

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
        for (const each of await plan(scene, wires)) await scene.strike(faultOf(each, wires));
      },
    );
  } finally {
    await Promise.all([wires.imap.close(), wires.postgres.close()]);
  }
  await dropDatabase(url);
}

/** The steps of a poll that come again and again, once a daemon has polled for a while. */
export async function stepsOf(wires: Wires, wire: Wire, { arrivals }: Scene): Promise<string[]> {
  for (let time = 0; time < 4; time += 1) {
    arrivals.bring(MAILS);
    await sleep(1_000);
  }
  // Of a connection that is made once for many polls, more can be had.
  const recurs = ([key, count]: [string, number]) => count > 1 || key.endsWith('connect');
  return [...wires[wire].seen].filter(recurs).map(([key]) => key);
}

function faultOf({ wire, fault, at }: Planned, wires: Wires): Fault {
  return {
    name: `${wire}, ${NETWORK_FAULTS[fault]}, ${typeof at === 'number' ? `after ${at} pieces` : at}`,
    isTold: fault === 'cut' || fault === 'reset',
    make: async ({ arrivals, luck }) => {
      const lasting = { silentMs: luck.between(...SILENT_MS), slowMs: luck.between(...SLOW_MS) };
      const over = wires[wire].strike(fault, momentOf(at), lasting, MOMENT_MS);
      if (typeof at === 'string' && at.endsWith('connect')) wires[wire].cutAll();
      arrivals.bring(MAILS);
      await over;
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
