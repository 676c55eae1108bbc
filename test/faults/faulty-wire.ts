import { setTimeout as sleep } from 'node:timers/promises';
import type { Chance } from './random.ts';
import { type Step, StepWatch, type Wire } from './steps.ts';
import type { Fate, Piece, TapProxy } from './tap-proxy.ts';

/** Each way in which a network fails, as the table calls it. */
export const NETWORK_FAULTS = {
  cut: 'a connection cut',
  reset: 'a connection reset',
  stalled: 'a connection silent for good, and open',
  dead: 'all connections silent, new ones too',
  deaf: 'what the program says vanishes',
  mute: 'what the server says vanishes',
  drip: 'a few bytes at a time',
  delay: 'each piece late',
} as const;

export type NetworkFault = keyof typeof NETWORK_FAULTS;

/** Where a fault begins: at the first piece, from now on, of which this is true. */
export type Moment = (piece: Piece, step: Step | undefined) => boolean;

/** How long a network fails in this way, in milliseconds. */
export interface Lasting {
  readonly silentMs: number;
  readonly slowMs: number;
}

/** A fault from its beginning to its end. */
interface Active {
  readonly fault: NetworkFault;
  /** The connection that it began at. */
  readonly connection: number;
  readonly over: Promise<void>;
  isOver: boolean;
}

interface Armed {
  readonly isAt: Moment;
  begin(connection: number): Active;
}

const DRIP_BYTES = 3;
const DRIP_MS = 5;
const LATEST_MS = 300;

/** A network between the program and one server, which fails when it is told to. */
export class FaultyWire {
  /** How often each step came, by `keyOf`. */
  readonly seen = new Map<string, number>();
  private readonly wire: Wire;
  private readonly proxy: TapProxy;
  private readonly luck: Chance;
  private readonly watch = new StepWatch();
  private armed: Armed | undefined;
  private active: Active | undefined;
  /** Lets go of what is silent for good. */
  private letGo = () => {};
  private readonly forGood = new Set<number>();
  private readonly released: Promise<void>;

  constructor(wire: Wire, proxy: TapProxy, luck: Chance) {
    this.wire = wire;
    this.proxy = proxy;
    this.luck = luck;
    this.released = new Promise((resolve) => {
      this.letGo = resolve;
    });
    proxy.tap((piece) => this.look(piece));
  }

  get port(): number {
    return this.proxy.port;
  }

  /** Makes a fault at a moment. @returns when it is over, with false where the moment does not come in time */
  async strike(fault: NetworkFault, isAt: Moment, lasting: Lasting, patienceMs: number): Promise<boolean> {
    let timer: NodeJS.Timeout | undefined;
    const begun = new Promise<Active | undefined>((resolve) => {
      timer = setTimeout(() => resolve(undefined), patienceMs);
      const begin = (connection: number) => {
        const active = activate(fault, connection, lasting);
        this.armed = undefined;
        this.active = active;
        if (fault === 'stalled') this.forGood.add(connection);
        resolve(active);
        return active;
      };
      this.armed = { isAt, begin };
    });
    try {
      const active = await begun;
      await active?.over;
      return active !== undefined;
    } finally {
      clearTimeout(timer);
      this.armed = undefined;
      this.active = undefined;
    }
  }

  /** Ends the connections there are, so that there will be new ones. */
  cutAll(): void {
    this.proxy.cutAll();
  }

  async close(): Promise<void> {
    this.letGo();
    await this.proxy.close();
  }

  private async look(piece: Piece): Promise<Fate> {
    const step = this.watch.see(this.wire, piece);
    if (step) this.seen.set(keyOf(step), (this.seen.get(keyOf(step)) ?? 0) + 1);
    const active = this.armed?.isAt(piece, step) ? this.armed.begin(piece.connection) : this.active;
    if (this.forGood.has(piece.connection)) {
      await this.released;
      return 'reset';
    }
    return active ? this.treat(piece, active) : 'pass';
  }

  private async treat(piece: Piece, active: Active): Promise<Fate> {
    const { fault, connection, over } = active;
    if (fault !== 'dead' && piece.connection !== connection) return 'pass';
    switch (fault) {
      case 'cut':
      case 'reset':
        return fault;
      case 'drip':
        await drip(piece, active);
        return 'drop';
      case 'delay':
        await Promise.race([sleep(this.luck.between(0, LATEST_MS)), over]);
        return 'pass';
      case 'deaf':
      case 'mute':
        if ((piece.from === 'client') !== (fault === 'deaf')) return 'pass';
    }
    // What is silent is not found again by its other side, once there is a way again.
    await over;
    return 'reset';
  }
}

export function keyOf({ side, name }: Step): string {
  return `${side} ${name}`;
}

function activate(fault: NetworkFault, connection: number, { silentMs, slowMs }: Lasting): Active {
  const lasts: Readonly<Record<NetworkFault, number>> = {
    ...{ cut: 0, reset: 0, stalled: 0, drip: slowMs, delay: slowMs },
    ...{ dead: silentMs, deaf: silentMs, mute: silentMs },
  };
  const over = sleep(lasts[fault]).then(() => {
    active.isOver = true;
  });
  const active: Active = { fault, connection, over, isOver: false };
  return active;
}

async function drip({ bytes, forward }: Piece, active: Active): Promise<void> {
  let sent = 0;
  for (; sent < bytes.length && !active.isOver; sent += DRIP_BYTES) {
    forward(bytes.subarray(sent, sent + DRIP_BYTES));
    await sleep(DRIP_MS);
  }
  if (sent < bytes.length) forward(bytes.subarray(sent));
}
