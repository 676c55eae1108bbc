import { type MapNode, textsIn } from './document.ts';
import { findOption } from './options.ts';

/** Shorter ones are left out: to redact every `a` would make a log unreadable and tell the secret all the same. */
export const SHORTEST_REDACTED = 4;

/**
 * Every secret of a configuration, for redaction: the values of options that are declared secret, and the passwords
 * inside URLs, as written and decoded, because drivers put either into their errors.
 */
export function secretsIn(root: MapNode): string[] {
  const secrets = new Set<string>();
  for (const [path, { text }] of textsIn(root)) {
    if (findOption(path)?.meta.secret !== true) continue;
    for (const secret of [text, ...passwordsIn(text), ...privateKeyIn(text)]) {
      if (secret.length >= SHORTEST_REDACTED) secrets.add(secret);
    }
  }
  return [...secrets];
}

/**
 * Passwords of `scheme://user:password@host/?password=…`, as written and decoded. The expression finds one also where
 * the URL is broken by an `@` or a `/` in it.
 */
function passwordsIn(text: string): string[] {
  const [, userInfo] = /^[a-z]+:\/\/[^:/?#]*:(.*)@/is.exec(text) ?? [];
  const [, parameter] = /[?&]password=([^&#]*)/i.exec(text) ?? [];
  const parsed = URL.canParse(text) ? new URL(text).password : undefined;
  return [parsed, userInfo, parameter].flatMap((written) =>
    written === undefined ? [] : [written, decoded(written)],
  );
}

/** The lines of a private key in the JSON of a service account: what quotes one, quotes it by pieces. */
function privateKeyIn(text: string): string[] {
  if (!text.includes('"private_key"')) return [];
  try {
    const { private_key: key } = Object(JSON.parse(text)) as { private_key?: unknown };
    const lines = typeof key === 'string' ? key.split(/\r?\n/) : [];
    return lines.filter((line) => line !== '' && !line.startsWith('-----'));
  } catch {
    return [];
  }
}

function decoded(written: string): string {
  try {
    return decodeURIComponent(written);
  } catch {
    return written;
  }
}
