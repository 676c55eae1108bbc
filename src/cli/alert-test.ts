import { deliver, targetText } from '../alert/delivery.ts';
import { testReport } from '../alert/report.ts';
import { MailcaseError } from '../errors.ts';
import { secretMask } from '../observe/log.ts';
import { harmless } from '../terminal/harmless.ts';
import { answer, configFor, EXIT } from './context.ts';

/** `mailcase alert-test` */
export async function alertTestCommand(options: { config?: string; json?: boolean }): Promise<number> {
  const { config, secrets } = await configFor(options.config);
  const { alert } = config;
  if (alert === undefined) {
    throw new MailcaseError(
      'usage',
      'nobody is told of trouble: the configuration has no `alert`; add `alert: {command: /path/of/a/program}` or `alert: {webhook: https://…}`',
    );
  }
  const mask = secretMask(secrets);
  const delivery = await deliver(alert, testReport(new Date()), new AbortController().signal);
  const to = targetText(alert);
  const { hasArrived, outcome } = delivery;
  const cameBack = delivery.answer.trim();
  const told = { ok: hasArrived, to, outcome, answer: cameBack === '' ? null : cameBack };
  answer(options.json, told, () => {
    // Before it is laid out: a line break in the middle would hide a secret from the mask.
    const lines = mask(cameBack)
      .split('\n')
      .map((line) => `  ${harmless(line)}`);
    const verdict = hasArrived ? 'the test alarm was taken' : 'the test alarm was not taken';
    return [`${verdict} by ${to}: ${harmless(mask(outcome))}`, ...(cameBack === '' ? [] : lines)].join('\n');
  });
  return hasArrived ? EXIT.done : EXIT.failed;
}
