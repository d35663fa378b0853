import type { FactoryProvider } from '@nestjs/common';

/**
 * How a module gets its options: from a function, which may be asynchronous and may ask for providers of global
 * modules. Its arguments are what `inject` names, in that order.
 */
export type OptionsSource<T> = Pick<FactoryProvider<T>, 'inject' | 'useFactory'>;

/** Options that are known beforehand. */
export const given = <T>(options: T): OptionsSource<T> => ({ useFactory: () => options });

/** Options made of other ones. */
export function derived<T, U>({ inject, useFactory }: OptionsSource<T>, make: (options: T) => U): OptionsSource<U> {
  const create = useFactory as (...dependencies: unknown[]) => T | Promise<T>;
  return {
    ...(inject && { inject }),
    useFactory: async (...dependencies: unknown[]): Promise<U> => make(await create(...dependencies)),
  };
}
