/* What comes back from the browser (RFC 6749, section 4.1.2). Pure. */

/** Those of an authorization response. One that is there twice could be read in two ways (RFC 6749, section 3.1). */
const PARAMETERS = ['code', 'state', 'error', 'error_description', 'iss'];

/**
 * Reads an address that the browser was sent to, or that a person pasted: with blanks and line breaks that a terminal
 * or a mail put into it, or in quotes.
 *
 * @param redirectUri where the answer had to go to
 * @param state what this login was begun with: another one's answer must not end it (RFC 6819, section 4.4.1.8)
 * @returns the address, which has a code or an error; or why it is no answer to this login, as the rest of a sentence
 */
export function readRedirect(address: string, redirectUri: string, state: string): URL | string {
  const text = address.replace(/\s+/g, '').replace(/^["'<(]+|["'>)]+$/g, '');
  if (text === '') return 'is empty';
  if (!URL.canParse(text)) return `is no address: it begins with ${redirectUri}`;
  const url = new URL(text);
  const expected = new URL(redirectUri);
  if (url.origin !== expected.origin || url.pathname !== expected.pathname) {
    return `is another address: the one that is meant begins with ${redirectUri}`;
  }
  const query = url.searchParams;
  const twice = PARAMETERS.find((name) => query.getAll(name).length > 1);
  if (twice !== undefined) return `has \`${twice}\` twice`;
  const has = (name: string) => (query.get(name) ?? '') !== '';
  if (!has('code') && !has('error')) return 'has no `code` in it: copy all of it';
  if (!has('state')) return 'has no `state` in it: copy all of it';
  if (query.get('state') !== state) return 'belongs to another login: open the address that is shown here';
  url.hash = '';
  return url;
}
