/** Whether this is the run that takes minutes (`npm run test:faults`). */
export const IS_LONG = process.env.FAULTS === 'long';

/** What differs between the share of the faults that `npm test` tries, and all of them. */
export function scaled<T>({ short, long }: { readonly short: T; readonly long: T }): T {
  return IS_LONG ? long : short;
}
