/** Something that is being done. */
export interface Doing {
  /** In words, as `fetch 50 messages of INBOX, from UID 7`. */
  readonly what: string;
  /** For how long, in milliseconds. */
  readonly forMs: number;
}

/**
 * What is being done for a mailbox at this moment: several things where one batch is fetched while another one is
 * recorded. For people who ask what the daemon does, and to name what hangs.
 */
export class Progress {
  private readonly under = new Set<{ readonly what: string; readonly since: number }>();

  /** @returns what is to be called when it is done */
  begin(what: string): () => void {
    const activity = { what, since: performance.now() };
    this.under.add(activity);
    return () => void this.under.delete(activity);
  }

  async during<T>(what: string, work: () => Promise<T>): Promise<T> {
    const end = this.begin(what);
    try {
      return await work();
    } finally {
      end();
    }
  }

  /** The longest first. */
  now(): Doing[] {
    const now = performance.now();
    return [...this.under].map(({ what, since }) => ({ what, forMs: Math.round(now - since) }));
  }
}

/** `fetch 50 messages of INBOX, from UID 7 (for 12.3 s); record 50 messages of INBOX (for 0.2 s)` */
export function doingText(doing: readonly Doing[]): string {
  if (doing.length === 0) return 'nothing that it says';
  return doing.map(({ what, forMs }) => `${what} (for ${(forMs / 1000).toFixed(1)} s)`).join('; ');
}
