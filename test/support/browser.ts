import { PERSON_FIELD, REFUSES_FIELD } from './oauth-consent.ts';

/** Who sits before the browser. */
export interface Person {
  readonly user: string;
  /** Refuses what is asked for. */
  readonly refuses?: boolean;
}

export interface Visit {
  /** Where it ended: a page of the server's, or the first address elsewhere, which was not loaded. */
  readonly url: string;
  /** Of the last page; empty where the address is elsewhere. */
  readonly text: string;
}

/** A sign-in takes a dozen steps; what goes round in circles is ended. */
const MOST_STEPS = 30;

/**
 * Does what a person does with an address of the OAuth2 server in their browser: signs in, allows what is asked for or
 * refuses it, presses the one button of each page. It goes nowhere else: where the browser is sent to another server,
 * such as the redirect that mailcase listens to, the address is given back unopened.
 */
export async function browse(address: string, person: Person): Promise<Visit> {
  const cookies = new Map<string, string>();
  const { origin } = new URL(address);
  let url = address;
  let form: URLSearchParams | undefined;
  for (let step = 0; step < MOST_STEPS; step += 1) {
    const response = await fetch(url, {
      redirect: 'manual',
      headers: {
        cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; '),
        [PERSON_FIELD]: person.user,
        ...(person.refuses ? { [REFUSES_FIELD]: 'yes' } : {}),
        // One of many connections that stay open would keep the server from stopping.
        connection: 'close',
      },
      ...(form ? { method: 'POST', body: form } : {}),
    });
    for (const cookie of response.headers.getSetCookie()) {
      const [pair = ''] = cookie.split(';');
      const name = pair.slice(0, pair.indexOf('='));
      const value = pair.slice(name.length + 1);
      if (value === '') cookies.delete(name);
      else cookies.set(name, value);
    }
    const text = await response.text();
    form = undefined;
    const location = response.headers.get('location');
    if (location !== null) {
      url = new URL(location, url).href;
      if (new URL(url).origin !== origin) return { url, text: '' };
      continue;
    }
    const next = formOf(text);
    if (next === undefined) return { url, text };
    url = new URL(next.action, url).href;
    form = next.fields;
  }
  throw new Error(`the browser goes round in circles at ${url}`);
}

/** The form of a page, filled in; nothing where there is none, or one that the person would have to know more for. */
function formOf(html: string): { action: string; fields: URLSearchParams } | undefined {
  const action = html.match(/<form[^>]* action="([^"]*)"/)?.[1];
  if (action === undefined || /<input[^>]* type="text"/.test(html)) return undefined;
  const fields = new URLSearchParams();
  for (const [, name = '', value = ''] of html.matchAll(/name="([^"]*)" value="([^"]*)"/g))
    fields.append(name, value);
  return { action, fields };
}
