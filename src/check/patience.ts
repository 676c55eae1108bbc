/** How long a server may say nothing. Each step of the work renews it, so that a long sample is not cut off. */
export class Patience {
  /** Aborted when it is at an end. */
  readonly signal: AbortSignal;
  private readonly controller = new AbortController();
  private readonly ms: number;
  private timer: NodeJS.Timeout;

  constructor(ms: number) {
    this.ms = ms;
    this.signal = this.controller.signal;
    this.timer = this.start();
  }

  /** Something has been answered. */
  renew(): void {
    clearTimeout(this.timer);
    this.timer = this.start();
  }

  /** The work is done. */
  end(): void {
    clearTimeout(this.timer);
  }

  private start(): NodeJS.Timeout {
    return setTimeout(() => this.controller.abort(), this.ms);
  }
}
