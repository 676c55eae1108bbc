import type { IncomingMessage, ServerResponse } from 'node:http';
import type Provider from 'oidc-provider';

/** Request header fields in which the browser of the tests says who sits before it. */
export const PERSON_FIELD = 'x-person';
export const REFUSES_FIELD = 'x-refuses';

/**
 * Where a person would sign in and read what is asked for: signs in who the browser says it is, and allows everything, or
 * nothing.
 */
export async function finishInteraction(
  provider: Provider,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { prompt, params, session, grantId } = await provider.interactionDetails(request, response);
  if (request.headers[REFUSES_FIELD] !== undefined) {
    const result = { error: 'access_denied', error_description: 'The person refused.' };
    await provider.interactionFinished(request, response, result, { mergeWithLastSubmission: false });
    return;
  }
  if (prompt.name === 'login') {
    const accountId = String(request.headers[PERSON_FIELD] ?? '');
    if (accountId === '') throw new Error('nobody sits before the browser');
    const result = { login: { accountId, remember: false } };
    await provider.interactionFinished(request, response, result, { mergeWithLastSubmission: false });
    return;
  }
  const known = grantId === undefined ? undefined : await provider.Grant.find(grantId);
  const accountId = session?.accountId ?? '';
  const grant = known ?? new provider.Grant({ accountId, clientId: String(params.client_id) });
  grant.addOIDCScope(String(params.scope));
  const result = { consent: { grantId: await grant.save() } };
  await provider.interactionFinished(request, response, result, { mergeWithLastSubmission: true });
}
