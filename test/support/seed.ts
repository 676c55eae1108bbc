/**
 * The seed of everything that is made by chance: another one in each run, and in the name of each test that depends on
 * it. FUZZ_SEED=42 runs one again.
 */
export const SEED = Number(process.env.FUZZ_SEED ?? Date.now() % 1_000_000_000);
