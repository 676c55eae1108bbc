/** How many secrets of one owner are kept: the one in use, and those before it that a late line may still quote. */
const KEPT = 4;

/** Secrets that come up while the program runs, by who uses them; the oldest first. */
const held = new Map<string, string[]>();

/**
 * Has secrets blanked out of every line from now on: tokens, which no configuration knows. Each is found as it is and
 * inside of base64, which is how a login carries it.
 *
 * @param owner who uses them: each one's older secrets are forgotten in time, so that nothing grows
 */
export function holdSecrets(owner: string, secrets: readonly string[]): void {
  const known = held.get(owner) ?? [];
  const fresh = secrets.filter((secret) => !known.includes(secret));
  if (fresh.length > 0) held.set(owner, [...known, ...fresh].slice(-KEPT));
}

/** All that are held. */
export function heldSecrets(): string[] {
  return [...held.values()].flat();
}

/** What base64 makes of a text that stands somewhere in what was encoded: one form for each place modulo three. */
export function insideBase64(text: string): string[] {
  const bytes = Buffer.from(text);
  return [0, 1, 2].map((before) => {
    const encoded = Buffer.concat([Buffer.alloc(before), bytes]).toString('base64');
    // At both ends, a character has bits of the neighbours too.
    return encoded.slice(Math.ceil((before * 8) / 6), Math.floor(((before + bytes.length) * 8) / 6));
  });
}
