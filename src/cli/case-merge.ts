import { mergeCases } from '../desk/merge-cases.ts';
import { MailcaseError } from '../errors.ts';
import { type ActOptions, act, readId } from './act.ts';

/** `mailcase case merge A B` */
export async function caseMergeCommand(into: string, from: string, options: ActOptions): Promise<number> {
  const [intoId, fromId] = [readId(into, 'a case'), readId(from, 'a case')];
  if (intoId === fromId) {
    throw new MailcaseError('usage', `case ${intoId} cannot be merged into itself: name two cases`);
  }
  return act(options, (started) => mergeCases(started, intoId, fromId));
}
