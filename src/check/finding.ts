/** How a finding stands: fine, worth knowing, or something that would keep the daemon from working. */
export type Level = 'ok' | 'warning' | 'problem';

/** One thing that was looked at, as data; nothing in it is harmless or masked yet. */
export interface Finding {
  /** `Configuration`, `Database`, `Mailbox support` … */
  readonly section: string;
  readonly level: Level;
  /** What kind of finding it is, for programs; never changes its meaning. */
  readonly code: string;
  readonly message: string;
  /** What the operator can do about it; null where there is nothing to do. */
  readonly cure: string | null;
  /** What belongs to it, a line each. */
  readonly details: readonly string[];
}

/** Writes the findings of one section. */
export interface Section {
  ok(code: string, message: string, details?: readonly string[]): Finding;
  warning(code: string, message: string, cure: string, details?: readonly string[]): Finding;
  problem(code: string, message: string, cure: string, details?: readonly string[]): Finding;
}

export function sectionOf(section: string): Section {
  return {
    ok: (code, message, details = []) => ({ section, level: 'ok', code, message, cure: null, details }),
    warning: (code, message, cure, details = []) => ({
      ...{ section, level: 'warning', code, message, cure, details },
    }),
    problem: (code, message, cure, details = []) => ({
      ...{ section, level: 'problem', code, message, cure, details },
    }),
  };
}

export function mailboxSectionName(name: string): string {
  return `Mailbox ${name}`;
}

/** Whether nothing would keep the daemon from working. */
export function isGood(findings: readonly Finding[]): boolean {
  return findings.every(({ level }) => level !== 'problem');
}
