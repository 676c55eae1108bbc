import type { CustomerName } from '../desk/customers.ts';
import { mergeCustomers } from '../desk/merge-customers.ts';
import { MailcaseError } from '../errors.ts';
import { harmless } from '../terminal/harmless.ts';
import { type ActOptions, act } from './act.ts';
import { customerName } from './assignments.ts';

/** `mailcase customer merge A B` */
export async function customerMergeCommand(into: string, from: string, options: ActOptions): Promise<number> {
  const names = [nameIn(into), nameIn(from)] as const;
  return act(options, async (started) => {
    await mergeCustomers(started, ...names);
    return undefined;
  });
}

function nameIn(text: string): CustomerName {
  const name = customerName(text);
  if (name) return name;
  throw new MailcaseError(
    'usage',
    `${JSON.stringify(harmless(text))} is neither the number nor an address of a customer`,
  );
}
