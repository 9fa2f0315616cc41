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
      void client.invalidateQueries({ queryKey: sessionQuery.queryKey })
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
export function useEnter() {
  const client = useQueryClient()

  return async (user: User | null) => {
    client.setQueryData(sessionQuery.queryKey, { user })
    for (const key of ['rooms', 'room', 'sharing', 'history', 'folders', 'account', 'admin']) client.removeQueries({ queryKey: [key] })
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
