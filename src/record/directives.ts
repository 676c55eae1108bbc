import type { Directives } from '../rules/directives.ts';

/** Moves what a header would have set to what was refused, with the reason. */
export function refuse({ applied, refused }: Directives, field: string, reason: string): void {
  const index = applied.findIndex((each) => each.field === field);
  const [header] = index < 0 ? [] : applied.splice(index, 1);
  refused.push({ by: header?.by ?? field, value: header?.value ?? '', reason });
}
