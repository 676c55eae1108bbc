import type { Adapter, AdapterPayload } from 'oidc-provider';

interface Stored {
  /** `RefreshToken`, `Grant` …, as oidc-provider names them. */
  readonly model: string;
  readonly id: string;
  readonly payload: AdapterPayload;
}

/** What the OAuth2 server remembers, in memory; tests look into it and take things out. */
export class OAuthStore {
  private readonly all = new Map<string, Stored>();
  private readonly keepsUsed: () => boolean;

  /** @param keepsUsed whether a refresh token that was replaced goes on working */
  constructor(keepsUsed: () => boolean) {
    this.keepsUsed = keepsUsed;
  }

  adapter(model: string): Adapter {
    const key = (id: string) => `${model}:${id}`;
    const find = (matches: (payload: AdapterPayload) => boolean) =>
      [...this.all.values()].find((each) => each.model === model && matches(each.payload))?.payload;
    return {
      upsert: async (id, payload) => {
        this.all.set(key(id), { model, id, payload });
      },
      find: async (id) => this.all.get(key(id))?.payload,
      findByUserCode: async (code) => find((payload) => payload.userCode === code),
      findByUid: async (uid) => find((payload) => payload.uid === uid),
      consume: async (id) => {
        const stored = this.all.get(key(id));
        const isKept = model === 'RefreshToken' && this.keepsUsed();
        if (stored && !isKept) stored.payload.consumed = Math.floor(Date.now() / 1000);
      },
      destroy: async (id) => {
        this.all.delete(key(id));
      },
      revokeByGrantId: async (grantId) => this.removeWhere(({ payload }) => payload.grantId === grantId),
    };
  }

  removeWhere(matches: (stored: Stored) => boolean): void {
    for (const [key, stored] of this.all) if (matches(stored)) this.all.delete(key);
  }

  refreshTokens(): string[] {
    return [...this.all.values()]
      .filter(({ model, payload }) => model === 'RefreshToken' && payload.consumed === undefined)
      .map(({ id }) => id);
  }
}
