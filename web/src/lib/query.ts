// The cache of what the server said, and the questions about the account.
import {
  MutationCache,
  QueryCache,
  QueryClient,
  queryOptions,
  useMutation,
  useQuery,
  useQueryClient,
} from '@tanstack/react-query'
import { ApiError, api } from './api'
import type { Config, User } from './types'

/* what a second try may mend */
function transient(error: unknown): boolean {
  return error instanceof ApiError && ['offline', 'unavailable', 'internal'].includes(error.code)
}

export function createQueryClient(): QueryClient {
  /* a session that ended elsewhere: who is signed in is asked again */
  const onError = (error: unknown) => {
    if (error instanceof ApiError && error.code === 'not_authenticated') {
      void checkSession(client)
    }
  }

  const client = new QueryClient({
    queryCache: new QueryCache({ onError }),
    mutationCache: new MutationCache({ onError }),
    defaultOptions: {
      queries: {
        staleTime: 10_000,
        retry: (count, error) => transient(error) && count < 2,
        networkMode: 'always',
      },
      mutations: { retry: false, networkMode: 'always' },
    },
  })

  return client
}

export const configQuery = queryOptions({
  queryKey: ['config'],
  queryFn: () => api.get<Config>('config'),
  staleTime: 5 * 60_000,
})

export const sessionQuery = queryOptions({
  queryKey: ['session'],
  queryFn: () => api.get<{ user: User | null }>('auth/session'),
  staleTime: 60_000,
})

export function useUser(): User | null {
  return useQuery(sessionQuery).data?.user ?? null
}

type Registration = {
  name: string
  email: string
  password: string
  setup_code?: string
  invite?: string
}

/* another account sees other boards: nothing of the old one may stay */
function forget(client: QueryClient) {
  for (const key of ['rooms', 'room', 'sharing', 'history', 'folders', 'account', 'admin']) client.removeQueries({ queryKey: [key] })
}

/* Asks the server who is signed in. Where a page goes on believing in a session
   that is over, signing in leads straight back to what was refused. */
export async function checkSession(client: QueryClient): Promise<void> {
  const before = client.getQueryData(sessionQuery.queryKey)?.user
  const now = await client.fetchQuery({ ...sessionQuery, staleTime: 0 }).catch(() => null)

  if (before && now?.user === null) forget(client)
}

export function useEnter() {
  const client = useQueryClient()

  return async (user: User | null) => {
    client.setQueryData(sessionQuery.queryKey, { user })
    forget(client)
    await client.invalidateQueries({ queryKey: configQuery.queryKey })
  }
}

export function useRegister() {
  const enter = useEnter()

  return useMutation({
    mutationFn: (r: Registration) => api.post<{ user: User }>('auth/register', r),
    onSuccess: ({ user }) => enter(user),
  })
}

export function useSignIn() {
  const enter = useEnter()

  return useMutation({
    mutationFn: (c: { email: string; password: string }) => api.post<{ user: User }>('auth/login', c),
    onSuccess: ({ user }) => enter(user),
  })
}

export function useSignOut() {
  const enter = useEnter()

  return useMutation({
    mutationFn: () => api.post<void>('auth/logout'),
    onSuccess: () => enter(null),
  })
}
