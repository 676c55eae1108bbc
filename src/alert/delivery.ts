import type { AlertConfig } from '../config/schema.ts';
import { harmless } from '../terminal/harmless.ts';
import { runCommand } from './command.ts';
import type { Delivery } from './outcome.ts';
import type { Report } from './report.ts';
import { postTo } from './webhook.ts';

/** Hands a report over, within the time that is configured. Never throws. @param cut ends it at once */
export async function deliver(
  { command, webhook, timeout }: AlertConfig,
  report: Report,
  cut: AbortSignal,
): Promise<Delivery> {
  if (command !== undefined) return runCommand(command, report, timeout, cut);
  if (webhook !== undefined) return postTo(webhook, report, timeout, cut);
  throw new TypeError('an alert has neither command nor webhook');
}

/** Where alarms go, without what is secret in it: `the command /usr/local/bin/page-me`, `the webhook at hooks.example`. */
export function targetText({ command, webhook }: Pick<AlertConfig, 'command' | 'webhook'>): string {
  if (command !== undefined) return `the command ${harmless(command[0] ?? '')}`;
  return `the webhook at ${webhook === undefined ? 'nowhere' : new URL(webhook.url).host}`;
}
