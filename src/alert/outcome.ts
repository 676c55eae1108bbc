/** What became of a report that was handed over. */
export interface Delivery {
  readonly hasArrived: boolean;
  /** Whether it was ended from here, so that nothing is known of it. */
  readonly isCut: boolean;
  /** `it ended with exit code 3`, `it answered 404 Not Found`. */
  readonly outcome: string;
  /** The beginning of what came back. */
  readonly answer: string;
}
