import type { Message } from '../message/message.ts';
import type { Verdict } from '../trust/trust.ts';
import type { Directives } from './directives.ts';
import { Facts, type RuleSetting } from './facts.ts';
import type { HeaderMapping } from './header-mapping.ts';
import type { Rules } from './rules.ts';
import { trustedDirectives } from './trusted-directives.ts';

/** What a message asks for under a verdict: its headers, where they are trusted, and then the operator's rules. */
export function directivesOf(
  verdict: Verdict,
  mapping: HeaderMapping,
  rules: Rules,
  message: Message,
  setting: RuleSetting,
): Directives {
  const directives = trustedDirectives(verdict, mapping, message.headers);
  rules.run(new Facts(message, verdict, setting, directives));
  return directives;
}
