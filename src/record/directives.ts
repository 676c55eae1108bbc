import type { Decided, Directives } from '../rules/directives.ts';

/** Moves what a header would have set to what was refused, with the reason. */
export function refuse({ applied, refused }: Directives, field: string, reason: string): void {
  const index = applied.findLastIndex((each) => each.field === field);
  const [header] = index < 0 ? [] : applied.splice(index, 1);
  const { by = field, value = '', how } = header ?? {};
  refused.push({ by, field, value, ...(how && { how }), reason });
}

/** Keeps what was concluded about a message; what is concluded later takes the place of what was before. */
export function conclude({ decided }: Directives, conclusion: Decided): void {
  const index = decided.findIndex(({ what }) => what === conclusion.what);
  if (index >= 0) decided.splice(index, 1);
  decided.push(conclusion);
}
