import type { Verdict } from '../trust/trust.ts';

/** The header fields that count, as they are kept: null where all do, or none. */
export function trustedHeaders({
  trusted,
  covered,
}: Partial<Pick<Verdict, 'trusted' | 'covered'>> = {}): string[] | null {
  return trusted && covered ? [...covered] : null;
}
