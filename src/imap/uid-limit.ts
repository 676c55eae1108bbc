/** How many UIDs a session puts into one command. */
export class UidLimit {
  most: number;
  private readonly say: (fields: { readonly refused: number; readonly uidsPerCommand: number }) => void;

  constructor(configured: number | undefined, say: UidLimit['say']) {
    this.most = configured ?? Number.POSITIVE_INFINITY;
    this.say = say;
  }

  shrinkTo(most: number, refused: number): void {
    this.most = most;
    this.say({ refused, uidsPerCommand: most });
  }
}
